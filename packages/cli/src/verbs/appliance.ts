import { createHash } from "node:crypto";
import { compareDiagnostics, type Diagnostic } from "@pierhead/core";
import type { ApplianceInput, PlacedFile } from "@pierhead/site/appliance";
import type { BuiltSite } from "@pierhead/site/build";
import type { Host, Site } from "@pierhead/site/model";
import { EXIT, UsageError } from "../failure.ts";
import { archive, hashIn, keysIn } from "../input/access.ts";
import type { SiteInput } from "../input/site.ts";
import { jsonDiagnostic, summarize } from "../report/json.ts";
import { prettyDiagnostics, prettySummary } from "../report/pretty.ts";
import { colorsFor, printable } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly output: string;
  readonly host?: string;
  readonly sshKey?: string;
  readonly passwordHash?: string;
  readonly disk?: string;
  readonly url?: string;
  readonly withPierhead?: string;
  readonly withNode?: string;
  readonly json?: boolean;
}

export const appliance: Verb = (program, exit) => {
  program
    .command("appliance")
    .description("what turns a bare machine into a hotspot of a site, without an installer's questions")
    .argument("<site>", "the site file (site.yaml)")
    .requiredOption("-o, --output <folder>", "where to put the files for the stick, the web server or the cloud")
    .option("--host <name>", "which host of the site; needed when several have a hotspot")
    .option("--ssh-key <file>", "public keys of those who may log in as root")
    .option("--password-hash <file>", "root's password, hashed as crypt(3) does; without it nobody has a password")
    .option("--disk <name>", "the disk that is taken: sd0, ada0, /dev/sda; without it the installer's usual one")
    .option("--url <address>", "where you serve the folder over HTTP; without it everything is on the medium")
    .option("--with-pierhead <file>", "the program as a package of npm; without it the one that runs here")
    .option("--with-node <file>", "Linux: Node.js as nodejs.org packs it (.tar.xz); without it it is fetched")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
OpenBSD: answers for autoinstall(8) and a set with install.site(5). FreeBSD: installerconfig and a distribution for
bsdinstall(8). Debian 12 (\`system: linux\`): preseed.cfg, and user-data for cloud-init. README.txt says how each is used.
The machine takes its files, Node.js, the portal, and the packages it needs; its disk is wiped. There is no default
password anywhere: root comes in with an SSH key. The folder holds the secrets of the site and is readable by you only.

Exit status: 0 made; 1 the site or what was built from it has an error; 2 could not run.

Example:
  pierhead appliance site.yaml --ssh-key ~/.ssh/id_ed25519.pub -o stick
  pierhead appliance site.yaml --host west --ssh-key keys.pub --disk sd0 --url http://192.0.2.5/west -o west
`,
    )
    .action(async (path: string, flags: Flags) => {
      const { readSiteFile, readSecret } = await import("../input/site.ts");
      const input = await readSiteFile(path, [], false);
      const { site } = input;
      if (site === null || input.diagnostics.some((one) => one.severity === "error")) {
        report(input.diagnostics, null, flags);
        exit(EXIT.findings);
        return;
      }
      const host = hostOf(site, flags.host);
      const access = accessOf(flags, host);
      const { buildSite } = await import("@pierhead/site/build");
      const built = buildSite(site);
      const findings = await findingsOf(input, site, built, host);
      if (findings.some((one) => one.severity === "error")) {
        report(findings, null, flags);
        exit(EXIT.findings);
        return;
      }
      const { ownPackage, pack } = await import("../input/own-package.ts");
      const secrets = (reference: string): string | null => readSecret(path, reference);
      const machine: ApplianceInput = {
        site: site.name,
        host,
        files: await placedFiles(built, host, secrets),
        ...access,
        disk: flags.disk ?? null,
        url: flags.url?.replace(/\/+$/, "") ?? null,
        pierhead: flags.withPierhead === undefined ? ownPackage() : archive(flags.withPierhead, "gz"),
        node: flags.withNode === undefined ? null : archive(flags.withNode, "xz"),
      };
      const { applianceFiles, appliancePayload } = await import("@pierhead/site/appliance");
      const payload = appliancePayload(machine);
      const packed = pack(payload.tar);
      const sum = createHash("sha256").update(packed).digest("hex");
      const files = new Map<string, Uint8Array | string>([[payload.name, packed]]);
      for (const { name, text } of applianceFiles(machine, sum, await notPut(host))) files.set(name, text);
      const { writeFolder } = await import("../input/write-folder.ts");
      writeFolder(flags.output, files, "README.txt");
      report(findings, { host, files, sum, payload: payload.name }, flags);
      exit(EXIT.fine);
    });
};

function hostOf(site: Site, name: string | undefined): Host {
  const all = site.hosts.filter((host) => host.hotspot !== null);
  const names = all.map((host) => host.name).join(", ");
  const found = name === undefined ? all : all.filter((host) => host.name === name);
  const [host] = found;
  if (host !== undefined && found.length === 1) return host;
  if (all.length === 0)
    throw new UsageError("no host of this site has a `hotspot`", "docs/guides/appliance.md shows one");
  if (name === undefined) throw new UsageError(`which host? There is ${names}`, "--host NAME says it");
  throw new UsageError(`no host called ${name} has a \`hotspot\`; there is ${names}`);
}

/** Who may log in. Without anybody the machine would be nobody's. */
function accessOf(flags: Flags, host: Host): Pick<ApplianceInput, "sshKeys" | "passwordHash"> {
  const sshKeys = flags.sshKey === undefined ? [] : keysIn(flags.sshKey);
  const passwordHash = flags.passwordHash === undefined ? null : hashIn(flags.passwordHash, host);
  if (sshKeys.length === 0 && passwordHash === null) {
    throw new UsageError(
      "nobody could log in to the machine: there is no default password",
      "--ssh-key ~/.ssh/id_ed25519.pub, or --password-hash FILE for the console",
    );
  }
  if (flags.url !== undefined && !/^https?:\/\/[\w.:[\]-]+(?:\/[\w./%~-]*)?$/.test(flags.url)) {
    throw new UsageError(`--url ${flags.url}: an address like http://192.0.2.5/west is wanted`);
  }
  if (flags.disk !== undefined && !/^[\w/.-]+$/.test(flags.disk)) {
    throw new UsageError(`--disk ${flags.disk}: a name like sd0, ada0 or /dev/sda is wanted`);
  }
  return { sshKeys, passwordHash };
}

/** What is wrong with this host: secrets, files, scenarios. */
async function findingsOf(input: SiteInput, site: Site, built: BuiltSite, host: Host): Promise<Diagnostic[]> {
  const { checkSecrets } = await import("@pierhead/site/verify");
  const { readSecret, verifySite } = await import("../input/site.ts");
  const own: BuiltSite = { ...built, machines: built.machines.filter((machine) => machine.name === host.name) };
  const wrong = checkSecrets(own, site, (reference) => readSecret(input.path, reference));
  const verified = await verifySite(input, site, own, (machine, file) => `${machine}${file}`, null);
  const said = input.diagnostics.flatMap((one) =>
    one.code === "site/missing-secret" ? missing(one, site, host) : [one],
  );
  return [...said, ...wrong, ...verified.flatMap((one) => one.diagnostics)].sort(compareDiagnostics);
}

/** A secret of this host has to be had now; those of others are for when theirs is made. */
function missing(found: Diagnostic, site: Site, host: Host): Diagnostic[] {
  const own = host.secrets.some((secret) => site.place(secret.path).start === found.span.start);
  return own ? [{ ...found, severity: "error" }] : [];
}

/** The host's files with their secrets, and the files that are nothing but a secret. */
async function placedFiles(
  built: BuiltSite,
  host: Host,
  secrets: (reference: string) => string | null,
): Promise<PlacedFile[]> {
  const { withSecrets } = await import("@pierhead/site/verify");
  const machine = built.machines.find((one) => one.name === host.name);
  const files = (machine?.files ?? []).map((file) => ({ ...file, text: withSecrets(file, secrets) }));
  const group = host.system.family === "linux" ? "root" : "wheel";
  const portals = new Set(await filesOfPortal(host));
  const { PORTAL_USER } = await import("@pierhead/lang/service-file");
  const kept = host.secrets.map(({ file, reference }) => ({
    path: file,
    text: `${secrets(reference) ?? ""}\n`,
    owner: "root",
    // On Linux the portal is not root.
    ...(host.system.family === "linux" && portals.has(file)
      ? { mode: 0o640, group: PORTAL_USER }
      : { mode: 0o600, group }),
  }));
  return [...files, ...kept];
}

async function notPut(host: Host): Promise<string[]> {
  const put = new Set(host.secrets.map((one) => one.file));
  return (await filesOfPortal(host)).filter((file) => !put.has(file));
}

/** Secrets, certificates and whatever else the portal reads on the host. */
async function filesOfPortal({ hotspot }: Host): Promise<string[]> {
  const { portalFiles, portalSecrets } = await import("@pierhead/site/hotspot");
  if (hotspot === null) return [];
  const named = portalSecrets(hotspot).map(({ reference }) => reference.slice(5));
  return [...new Set([...portalFiles(hotspot).map((one) => one.file), ...named])];
}

interface Made {
  readonly host: Host;
  readonly files: ReadonlyMap<string, Uint8Array | string>;
  readonly sum: string;
  readonly payload: string;
}

function report(diagnostics: readonly Diagnostic[], made: Made | null, flags: Flags): void {
  if (flags.json === true) {
    const facts = {
      ok: made !== null,
      host: made?.host.name ?? null,
      system: made?.host.system.name ?? null,
      output: made === null ? null : flags.output,
      files: made === null ? [] : [...made.files].map(([name, content]) => ({ name, octets: octetsOf(content) })),
      payload: made === null ? null : { name: made.payload, sha256: made.sum },
      diagnostics: diagnostics.map(jsonDiagnostic),
      summary: summarize(diagnostics),
    };
    process.stdout.write(`${JSON.stringify(facts, null, 2)}\n`);
    return;
  }
  const colors = colorsFor(process.stdout);
  const shown = diagnostics.filter((one) => one.severity !== "note");
  if (shown.length > 0) process.stdout.write(`${prettyDiagnostics(shown, colors)}\n`);
  const summary = prettySummary(summarize(shown), colors);
  if (made === null) {
    process.stdout.write(`${summary}; nothing was made\n`);
    return;
  }
  process.stdout.write(`${colors.green("ok  ")} ${made.host.name} ${colors.dim(made.host.system.name)}\n`);
  for (const [name, content] of made.files) {
    process.stdout.write(`     ${name} ${colors.dim(size(octetsOf(content)))}\n`);
  }
  process.stdout.write(`${summary}; made in ${printable(flags.output)}: README.txt says how to use it\n`);
}

function octetsOf(content: Uint8Array | string): number {
  return typeof content === "string" ? Buffer.byteLength(content) : content.length;
}

function size(octets: number): string {
  return octets < 100_000 ? `${octets} octets` : `${(octets / 1e6).toFixed(1)} MB`;
}
