import type { Diagnostic, Secret } from "@pierhead/core";
import type { HeadEnd } from "@pierhead/engine/vpn";
import type { BuiltSite } from "@pierhead/site/build";
import type { Host, Site, VpnService } from "@pierhead/site/model";
import type { Command } from "commander";
import type { Signer } from "../certificates/profile-material.ts";
import { EXIT, UsageError } from "../failure.ts";
import type { SiteInput } from "../input/site.ts";
import { clientsJson, clientsPretty, clientsRefused, type Made } from "../report/vpn-clients.ts";

interface Flags {
  readonly user?: string[];
  readonly platform?: string[];
  readonly host?: string;
  readonly server?: string;
  readonly output?: string;
  readonly ca?: string;
  readonly p12Password?: string;
  readonly signCert?: string;
  readonly signKey?: string;
  readonly signPassword?: string;
  readonly passwords: boolean;
  readonly url?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** A service with the host it is on and its files as they are built. */
interface Offer {
  readonly host: Host;
  readonly service: VpnService;
  readonly headEnd: HeadEnd;
  readonly title: string;
  /** Below the output folder. */
  readonly folder: (user: string) => string;
}

/** `pierhead vpn clients`: ready-made profiles for every user and platform. */
export function vpnClients(group: Command, exit: (status: number) => void): void {
  group
    .command("clients")
    .description("ready-made profiles for users: Apple, Windows, Android, Linux, ChromeOS, and a page of instructions")
    .argument("<site>", "the site file (site.yaml)")
    .option("-u, --user <name>", "this user; may be given again; without it everybody", collect)
    .option("-p, --platform <name>", "for this platform; may be given again; without it all of them", collect)
    .option("-o, --output <folder>", "where to write them, a folder for each user; without it they are only planned")
    .option(
      "--ca <file|folder|system>",
      "IKEv2: who signed the head-end's certificate; the folder of `vpn ca` also says when it ends",
    )
    .option("--server <name>", "what clients connect to, in place of the site's name or address")
    .option("--host <name>", "the head-end on this host only")
    .option("--no-passwords", "leave passwords out; platforms ask for them")
    .option("--p12-password <env:NAME|file:path>", "users with certificates: what protects their keys")
    .option("--sign-cert <file>", "sign Apple's profile with this certificate, its chain behind it")
    .option("--sign-key <file>", "and this key")
    .option("--sign-password <env:NAME|file:path>", "which is protected by this")
    .option("--url <address>", "where the folder will be served: the QR code on each page leads there")
    .option("--force", "replace files that are there")
    .option("--json", "the same facts for machines; no secret is among them")
    .addHelpText(
      "after",
      `
What a profile says is taken from the head-end as it is built, so a profile is written only where it will connect. Files
have mode 0600, folders 0700. Keys and passwords are in the profiles that need them, and in nothing that is printed.

Exit status: 0 done; 1 something stands against it, nothing was written; 2 could not run.

Example:
  pierhead vpn clients examples/roadwarrior-vpn/site.yaml --user anna
  VPN_PSK=… ANNA=… pierhead vpn clients site.yaml --user anna -o profiles
  pierhead vpn clients site.yaml --ca ~/.local/share/pierhead/ca --platform ios --platform windows-11 -o profiles
`,
    )
    .action(async (path: string, flags: Flags) => exit(await run(path, flags)));
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

async function run(path: string, flags: Flags): Promise<number> {
  const refuse = (diagnostics: readonly Diagnostic[]): number => {
    clientsRefused(diagnostics, flags.json === true);
    return EXIT.findings;
  };
  const { readSiteFile } = await import("../input/site.ts");
  await checkFlags(flags);
  const input = await readSiteFile(path, [], false);
  const { site } = input;
  // Whether secrets can be had is said below, for those that are needed.
  const diagnostics = input.diagnostics.filter((one) => one.code !== "site/missing-secret" && one.severity !== "note");
  if (site === null || diagnostics.some((one) => one.severity === "error")) {
    return refuse(diagnostics);
  }
  const { buildSite } = await import("@pierhead/site/build");
  const offers = await offersOf(path, site, buildSite(site), flags);
  const found = [
    ...diagnostics.filter((one) => one.code.startsWith("site/vpn-")),
    ...(await checked(input, site, offers, flags)),
  ];
  if (found.some((one) => one.severity === "error")) return refuse(found);
  const made: Made[] = [];
  for (const offer of offers) made.push(...(await profiles(path, site, offer, flags)));
  if (flags.output !== undefined) await write(made, flags.output, flags);
  const report = { made, diagnostics: found, output: flags.output ?? null };
  if (flags.json === true) clientsJson(report);
  else clientsPretty(report);
  return EXIT.fine;
}

async function checkFlags(flags: Flags): Promise<void> {
  const { TARGETS } = await import("@pierhead/site/profiles");
  for (const name of flags.platform ?? []) {
    if (TARGETS.some((one) => one.name === name)) continue;
    throw new UsageError(`--platform ${name}: there is none of that name`, TARGETS.map((one) => one.name).join(", "));
  }
  if ((flags.signCert === undefined) !== (flags.signKey === undefined)) {
    throw new UsageError("--sign-cert and --sign-key belong together");
  }
  if (flags.server !== undefined && !/^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$/.test(flags.server)) {
    throw new UsageError(`--server ${flags.server}: a host name or an address is wanted`);
  }
  if (flags.url !== undefined && !/^https?:\/\/[\x21-\x7e]+$/.test(flags.url)) {
    throw new UsageError(`--url ${flags.url}: an address that begins with https:// is wanted`);
  }
}

async function offersOf(path: string, site: Site, built: BuiltSite, flags: Flags): Promise<Offer[]> {
  const { buildMachine } = await import("@pierhead/engine/build");
  const { readHeadEnd } = await import("@pierhead/engine/vpn");
  const all = site.hosts.flatMap((host) => host.vpn.map((service) => ({ host, service })));
  if (all.length === 0) {
    throw new UsageError(
      `${path}: no host of the site has a VPN`,
      "write a `vpn:` section; docs/guides/vpn.md has one",
    );
  }
  const wanted = all.filter(({ host }) => flags.host === undefined || host.name === flags.host);
  if (wanted.length === 0) {
    throw new UsageError(
      `--host ${flags.host}: there is no VPN on a host of that name`,
      [...new Set(all.map((one) => one.host.name))].join(", "),
    );
  }
  const seen = new Map<string, string>();
  for (const name of flags.user ?? []) {
    const before = seen.get(name.toLowerCase()) ?? name;
    seen.set(name.toLowerCase(), name);
    if (before !== name) {
      throw new UsageError(
        `--user ${name}: it differs from ${before} in capital letters only`,
        "their files would be the same ones on Windows and macOS",
      );
    }
    if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/.test(name)) {
      throw new UsageError(`--user ${name}: a user name is letters, digits and . _ @ -`);
    }
    if (wanted.some(({ service }) => service.radius !== null || service.users.some((user) => user.name === name)))
      continue;
    const known = [...new Set(wanted.flatMap(({ service }) => service.users.map((user) => user.name)))];
    throw new UsageError(`--user ${name}: the site has no such user`, known.join(", "));
  }
  return wanted.map(({ host, service }) => {
    const machine = built.machines.find((one) => one.name === host.name);
    const files = Object.fromEntries((machine?.files ?? []).map((file) => [file.path.slice(1), file.text]));
    const headEnd = machine === undefined ? null : readHeadEnd(buildMachine(files, machine.system));
    if (headEnd === null) throw new UsageError(`${path}: ${host.name} is built without a head-end`);
    // With several head-ends the site's name alone would be two connections, and one folder for both.
    const alone = all.length === 1;
    const title = alone ? `${site.name} VPN` : `${site.name} VPN (${host.name})`;
    return { host, service, headEnd, title, folder: (user) => (alone ? user : `${user}/${host.name}`) };
  });
}

/** Users of a service that profiles are for. */
function usersOf(service: VpnService, flags: Flags): string[] {
  const known = service.users.map((one) => one.name);
  if (flags.user === undefined) {
    if (service.radius !== null) {
      throw new UsageError("the RADIUS server knows the users, the site does not", "--user NAME, once for each");
    }
    return known;
  }
  const wanted = [...new Set(flags.user)];
  return service.radius === null ? wanted.filter((name) => known.includes(name)) : wanted;
}

async function checked(input: SiteInput, site: Site, offers: readonly Offer[], flags: Flags): Promise<Diagnostic[]> {
  const { checkCertificate, checkProfiles, profileDiagnostic } = await import("@pierhead/site/profiles");
  const { readSecret } = await import("../input/site.ts");
  const found: Diagnostic[] = [];
  const now = Date.now();
  for (const { service } of offers) {
    const users = usersOf(service, flags);
    const read = (reference: string): string | null => readSecret(input.path, reference);
    if (flags.output !== undefined) {
      found.push(...checkProfiles({ site, service, users, read, withPasswords: flags.passwords }));
    }
    if (serverOf(service, flags) === null) {
      const message =
        "The line's address comes with a lease, so clients do not know where to connect to. Give the head-end a name in the DNS, and say `--server NAME`.";
      found.push(profileDiagnostic(site, "vpn/profile-server", message, service.path));
    }
    if (service.protocol !== "ikev2") continue;
    if (flags.ca === undefined) {
      if (flags.output === undefined) continue;
      const message =
        "Clients have to know who signed the head-end's certificate: name it with `--ca FILE`, or the folder of `pierhead vpn ca`; `--ca system` when platforms trust it already.";
      found.push(profileDiagnostic(site, "vpn/profile-certificate", message, [...service.path, "name"]));
      continue;
    }
    if (service.certificates && flags.output !== undefined) {
      const message = whyNoIdentities(flags);
      if (message !== null)
        found.push(profileDiagnostic(site, "vpn/profile-certificate", message, [...service.path, "auth"]));
    }
    if (flags.ca === "system") continue;
    const { certificateFacts, hasIssued } = await import("../certificates/profile-material.ts");
    if (!hasIssued(flags.ca, service.name ?? "")) {
      found.push(notIssued(flags.ca, service.name ?? ""));
    }
    for (const { facts, authority } of certificateFacts(service, users, flags.ca)) {
      found.push(...checkCertificate(facts, now, authority));
    }
  }
  return found;
}

function notIssued(ca: string, name: string): Diagnostic {
  const message = `${ca}: this authority has issued no certificate for ${name}, and clients will trust no other: \`pierhead vpn ca issue server ${name}\`.`;
  return {
    code: "vpn/profile-certificate",
    severity: "warning",
    message,
    source: null,
    span: { start: 0, end: 0 },
    related: [],
    fix: null,
  };
}

function whyNoIdentities({ ca, p12Password }: Flags): string | null {
  if (p12Password === undefined)
    return "Users log in with certificates here: name what protects their keys, `--p12-password env:NAME`.";
  if (ca === undefined || ca === "system")
    return "Users log in with certificates here: `--ca` has to be the folder of `pierhead vpn ca`, which has their keys.";
  return null;
}

function serverOf(service: VpnService, flags: Flags): string | null {
  if (flags.server !== undefined) return flags.server;
  if (service.name !== null) return service.name;
  const address = service.uplink?.address ?? null;
  return address === null ? null : `${address.address}`;
}

function signerOf({ signCert, signKey }: Flags, password: string | null): Signer | null {
  return signCert === undefined || signKey === undefined ? null : { certificate: signCert, key: signKey, password };
}

async function profiles(path: string, site: Site, offer: Offer, flags: Flags): Promise<Made[]> {
  const { Secret } = await import("@pierhead/core");
  const { profilesOf } = await import("@pierhead/site/profiles");
  const { readSecret } = await import("../input/site.ts");
  const { secretOption } = await import("../input/secret-option.ts");
  const { nameUuid } = await import("../input/name-uuid.ts");
  const { service, host, headEnd, title, folder } = offer;
  const real = flags.output !== undefined;
  const secret = (reference: string | null): Secret | null => {
    if (reference === null || !real) return null;
    const value = readSecret(path, reference);
    return value === null ? null : new Secret(value);
  };
  const material = await import("../certificates/profile-material.ts");
  const { ca } = flags;
  const authority =
    service.protocol === "ikev2" && ca !== undefined && ca !== "system" ? material.profileAuthority(ca) : null;
  const keyPassword = secretOption("--p12-password", flags.p12Password);
  const signer = signerOf(flags, secretOption("--sign-password", flags.signPassword));
  const made: Made[] = [];
  for (const user of usersOf(service, flags)) {
    const known = service.users.find((one) => one.name === user);
    const identity =
      service.certificates && real && keyPassword !== null
        ? await material.profileIdentity(user, ca ?? "", keyPassword)
        : null;
    const input = {
      site: site.name,
      host: host.name,
      title,
      service,
      headEnd,
      server: serverOf(service, flags) ?? "",
      user,
      password: flags.passwords ? secret(known?.password ?? null) : null,
      psk: secret(service.psk),
      authority,
      identity: identity === null || flags.passwords ? identity : { ...identity, password: null },
      uuid: (name: string) => nameUuid([site.name, host.name, service.protocol, user, name].join("/")),
    };
    const url = flags.url === undefined ? null : `${flags.url.replace(/\/+$/, "")}/${folder(user)}/guide.html`;
    const one = profilesOf(input, flags.platform ?? null, { url });
    const files = signer === null || !real ? one.files : await material.signProfiles(one.files, signer);
    made.push({ ...one, files, host: host.name, folder: folder(user) });
  }
  return made;
}

async function write(made: readonly Made[], folder: string, flags: Flags): Promise<void> {
  const { writePrivate } = await import("../input/write-private.ts");
  const files = made.flatMap((one) => one.files.map((file) => ({ ...file, path: `${one.folder}/${file.path}` })));
  writePrivate(folder, files, flags.force === true);
}
