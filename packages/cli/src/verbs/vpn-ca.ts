import type { Command } from "commander";
import type { Authority, CertificateKind, Issued } from "../certificates/authority.ts";
import { daemonOf, type HeadEndDaemon, PLACES } from "../certificates/head-end-files.ts";
import type { KeyKind } from "../certificates/keys.ts";
import { EXIT, UsageError } from "../failure.ts";
import { colorsFor, printable } from "../terminal.ts";

interface Flags {
  readonly dir?: string;
  readonly name?: string;
  readonly key?: string;
  readonly days?: string;
  readonly anyway?: boolean;
  readonly output?: string;
  readonly p12Password?: string;
  readonly renew?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly for?: string;
}

const DAY = 24 * 60 * 60 * 1000;
/** Warned about this long before. */
const SOON = 30 * DAY;

/** `pierhead vpn ca`: certificates for an IKEv2 head-end and its users. */
export function vpnCa(group: Command, exit: (status: number) => void): void {
  const ca = group
    .command("ca")
    .description("a small certificate authority for an IKEv2 head-end: keys stay in a folder of yours")
    .addHelpText(
      "after",
      `
The folder is ~/.local/share/pierhead/ca unless --dir names another: never inside a git work tree or a site's folder.
Folders have mode 0700, files 0600; nothing in it is ever overwritten, and no key or password is printed.

Example:
  pierhead vpn ca init --name "Office VPN"
  pierhead vpn ca issue server vpn.example.org -o out/gate
  pierhead vpn ca list
`,
    );
  const common = (command: Command): Command =>
    command.option("-d, --dir <folder>", "the authority's folder, in place of ~/.local/share/pierhead/ca");

  common(ca.command("init"))
    .description("make an authority")
    .option("-n, --name <name>", "what it is called on the users' machines", "VPN authority")
    .option("-k, --key <kind>", "rsa (every client has it) or ecdsa (P-256)", "rsa")
    .option("--days <number>", "how long it is good for", "3650")
    .option("--anyway", "even inside a git work tree or a site's folder")
    .addHelpText("after", help("0 made; 2 could not run", 'pierhead vpn ca init --name "Office VPN"'))
    .action(async (flags: Flags) => {
      const { createAuthority, unsafePlace } = await import("../certificates/authority.ts");
      const folder = await folderOf(flags);
      const name = flags.name ?? "";
      if (!/^[\x20-\x7e]{1,64}$/.test(name) || name.trim() !== name) {
        throw new UsageError("--name: 1 to 64 letters, digits, spaces and the like (ASCII)");
      }
      const unsafe = unsafePlace(folder);
      if (unsafe !== null && flags.anyway !== true) {
        throw new UsageError(`${folder}: ${unsafe}`, "--dir with another folder, or --anyway");
      }
      const made = await createAuthority(folder, name, keyKind(flags), days(flags, 7300), Date.now());
      say(`made ${printable(name)} in ${printable(folder)}, good until ${day(made.certificate.notAfter.getTime())}`);
      say("keep private/ca.key safe: whoever has it can pretend to be your head-end");
    });

  const issue = ca.command("issue").description("issue a certificate for a head-end or a user");
  common(issue.command("server"))
    .description("for a head-end; -o writes the files where iked, or strongSwan, looks for them")
    .argument("<name>", "the head-end's host name, as the site's `ikev2.name` has it")
    .option("-k, --key <kind>", "rsa or ecdsa", "rsa")
    .option("--days <number>", "how long it is good for, at most 825", "820")
    .option("--renew", "although it has one that is still good")
    .option("-o, --output <folder>", "where to write etc/iked/… of the head-end")
    .option(...FOR)
    .option("--force", "replace files that are in the output folder")
    .addHelpText("after", help("0 issued; 2 could not run", "pierhead vpn ca issue server vpn.example.org -o out/gate"))
    .action(async (name: string, flags: Flags) => {
      if (!/^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/.test(name)) {
        throw new UsageError(`${name}: a host name is wanted, like vpn.example.org`);
      }
      const { exportKey, exportPublicKey } = await import("../certificates/keys.ts");
      const { MOST_SERVER_DAYS, openAuthority, revocationList } = await import("../certificates/authority.ts");
      const places = placesOf(flags);
      const publicKey = places.publicKey === null ? [] : [places.publicKey];
      await roomFor(flags, [places.certificate(name), places.key(name), ...publicKey]);
      const issued = await make("server", name, flags, MOST_SERVER_DAYS);
      if (flags.output !== undefined) {
        const { writePrivate } = await import("../input/write-private.ts");
        const authority = openAuthority(await folderOf(flags));
        const files = [
          { path: places.authority, content: `${authority.certificate.toString("pem")}\n` },
          { path: places.certificate(name), content: `${issued.certificate.toString("pem")}\n` },
          { path: places.key(name), content: await exportKey(issued.keys.privateKey) },
          { path: places.revoked, content: await revocationList(authority, 90, Date.now()) },
        ];
        for (const path of publicKey) files.push({ path, content: await exportPublicKey(issued.keys.publicKey) });
        writePrivate(flags.output, files, true);
        say(`wrote ${files.length} files below ${printable(flags.output)}: copy them to the head-end, owner root`);
      }
      report(issued.entry);
    });
  common(issue.command("user"))
    .description("for a user who logs in with a certificate; -o writes it as PKCS#12")
    .argument("<name>", "the user, as the site has it")
    .option("-k, --key <kind>", "rsa or ecdsa", "rsa")
    .option("--days <number>", "how long it is good for, at most 825", "820")
    .option("--renew", "although there is one that is still good")
    .option("-o, --output <folder>", "where to write NAME.p12 and ca.crt")
    .option("--p12-password <env:NAME|file:path>", "what protects the PKCS#12 file; needed for -o")
    .option("--force", "replace files that are in the output folder")
    .addHelpText(
      "after",
      help("0 issued; 2 could not run", "P12=… pierhead vpn ca issue user anna -o anna --p12-password env:P12"),
    )
    .action(async (name: string, flags: Flags) => {
      if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/.test(name)) {
        throw new UsageError(`${name}: a user name is letters, digits and . _ @ -`);
      }
      const { secretOption } = await import("../input/secret-option.ts");
      const { MOST_SERVER_DAYS, openAuthority } = await import("../certificates/authority.ts");
      const password = secretOption("--p12-password", flags.p12Password);
      if (flags.output !== undefined && password === null) {
        throw new UsageError("-o writes the user's key: it needs --p12-password", "--p12-password env:NAME");
      }
      await roomFor(flags, [`${name}.p12`, "ca.crt"]);
      const issued = await make("user", name, flags, MOST_SERVER_DAYS);
      if (flags.output !== undefined && password !== null) {
        const { pkcs12, privateOctets } = await import("../certificates/pkcs12.ts");
        const { writePrivate } = await import("../input/write-private.ts");
        const authority = openAuthority(await folderOf(flags)).certificate;
        const key = await privateOctets(issued.keys.privateKey);
        const container = await pkcs12({ name, key, certificate: issued.certificate, authority, password });
        const files = [
          { path: `${name}.p12`, content: container },
          { path: "ca.crt", content: `${authority.toString("pem")}\n` },
        ];
        writePrivate(flags.output, files, true);
        say(`wrote ${name}.p12 and ca.crt into ${printable(flags.output)}`);
      }
      report(issued.entry);
    });

  common(ca.command("list"))
    .description("what was issued, and what ends soon")
    .option("--json", "the same facts for machines")
    .addHelpText("after", help("0 all are good; 1 one has expired; 2 could not run", "pierhead vpn ca list"))
    .action(async (flags: Flags) => {
      const { openAuthority } = await import("../certificates/authority.ts");
      const authority = openAuthority(await folderOf(flags));
      const now = Date.now();
      const rows = rowsOf(authority, now);
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ certificates: rows }, null, 2)}\n`);
      else table(rows);
      exit(rows.some((one) => one.status === "expired") ? EXIT.findings : EXIT.fine);
    });

  common(ca.command("revoke"))
    .description("take a name's certificates back")
    .argument("<name>", "the user or head-end")
    .addHelpText(
      "after",
      help("0 done; 2 could not run", "pierhead vpn ca revoke anna && pierhead vpn ca crl -o out/gate"),
    )
    .action(async (name: string, flags: Flags) => {
      const { openAuthority, revoke } = await import("../certificates/authority.ts");
      const authority = openAuthority(await folderOf(flags));
      const found = authority.issued.filter((one) => one.name === name && one.revoked === null);
      if (found.length === 0)
        throw new UsageError(`${name}: there is no certificate of that name to take back`, names(authority));
      revoke(
        authority,
        found.map((one) => one.serial),
        Date.now(),
      );
      say(`took back ${found.length === 1 ? "the certificate" : `${found.length} certificates`} of ${printable(name)}`);
      say("the head-end learns of it from the list: pierhead vpn ca crl -o FOLDER, copy it, ikectl reload");
      say(`FreeBSD: --for strongswan, and \`${PLACES.strongswan.reload}\``);
    });

  common(ca.command("crl"))
    .description("the list of what was taken back, for the head-end")
    .option("--days <number>", "when the next one is due at the latest", "90")
    .option("-o, --output <folder>", "where to write etc/iked/crls/ca.crl; without it the list is printed")
    .option(...FOR)
    .addHelpText("after", help("0 written; 2 could not run", "pierhead vpn ca crl -o out/gate"))
    .action(async (flags: Flags) => {
      const { revoked, reload } = placesOf(flags);
      const { openAuthority, revocationList } = await import("../certificates/authority.ts");
      const list = await revocationList(openAuthority(await folderOf(flags)), days(flags, 3650), Date.now());
      if (flags.output === undefined) {
        process.stdout.write(list);
        return;
      }
      const { writePrivate } = await import("../input/write-private.ts");
      // A list is made to take the place of the last one.
      writePrivate(flags.output, [{ path: revoked, content: list }], true);
      say(`wrote ${revoked} below ${printable(flags.output)}: copy it, then \`${reload}\``);
    });
}

const FOR = ["--for <daemon>", "who reads them: iked, or strongswan (FreeBSD)", "iked"] as const;

function placesOf({ for: text = "iked" }: Flags): (typeof PLACES)[HeadEndDaemon] {
  const daemon = daemonOf(text);
  if (daemon === null) throw new UsageError(`--for ${printable(text)}: there are iked and strongswan`);
  return PLACES[daemon];
}

function help(statuses: string, example: string): string {
  return `\nExit status: ${statuses}.\n\nExample:\n  ${example}\n`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function folderOf(flags: Flags): Promise<string> {
  const { authorityFolder } = await import("../input/authority-folder.ts");
  return authorityFolder(flags.dir);
}

function keyKind({ key }: Flags): KeyKind {
  if (key === "rsa" || key === "ecdsa") return key;
  throw new UsageError(`--key ${key}: rsa or ecdsa`);
}

function days({ days: given }: Flags, most: number): number {
  const found = Number(given);
  if (Number.isInteger(found) && found >= 1 && found <= most) return found;
  throw new UsageError(
    `--days ${given}: a whole number from 1 to ${most} is wanted`,
    most === 825 ? "Apple's systems refuse certificates that are good for longer than 825 days" : null,
  );
}

async function make(kind: CertificateKind, name: string, flags: Flags, most: number) {
  const { currentOf, issue, openAuthority } = await import("../certificates/authority.ts");
  const authority = openAuthority(await folderOf(flags));
  const now = Date.now();
  const [current] = currentOf(authority, kind, name);
  if (current !== undefined && current.notAfter - now > SOON && flags.renew !== true) {
    throw new UsageError(
      `${name}: there is a certificate that is good until ${day(current.notAfter)}`,
      "--renew issues another; `revoke` takes the old one back",
    );
  }
  return issue(authority, { kind, name, key: keyKind(flags), days: days(flags, most), now });
}

/** Before anything is issued that then has no place to go to. */
async function roomFor(flags: Flags, paths: readonly string[]): Promise<void> {
  if (flags.output === undefined || flags.force === true) return;
  const { refuseExisting } = await import("../input/write-private.ts");
  refuseExisting(flags.output, paths);
}

function report({ kind, name, serial, notAfter }: Issued): void {
  say(`issued ${kind} ${printable(name)}, serial ${serial}, good until ${day(notAfter)}`);
}

interface Row {
  readonly name: string;
  readonly kind: "authority" | CertificateKind;
  readonly serial: string;
  readonly notAfter: string;
  readonly status: "good" | "expires soon" | "expired" | "renewed" | "revoked";
}

function rowsOf(authority: Authority, now: number): Row[] {
  const statusOf = (notAfter: number): Row["status"] =>
    notAfter <= now ? "expired" : notAfter - now < SOON ? "expires soon" : "good";
  const { certificate, issued } = authority;
  const own: Row = {
    name: certificate.subjectName.getField("CN")[0] ?? certificate.subject,
    kind: "authority",
    serial: certificate.serialNumber.toUpperCase(),
    notAfter: day(certificate.notAfter.getTime()),
    status: statusOf(certificate.notAfter.getTime()),
  };
  const newest = (one: Issued): boolean =>
    !issued.some(
      (other) =>
        other.kind === one.kind && other.name === one.name && other.revoked === null && other.notBefore > one.notBefore,
    );
  return [
    own,
    ...issued.map(({ name, kind, serial, notAfter, revoked }, index): Row => {
      const status = revoked !== null ? "revoked" : newest(issued[index] as Issued) ? statusOf(notAfter) : "renewed";
      return { name, kind, serial, notAfter: day(notAfter), status };
    }),
  ];
}

function table(rows: readonly Row[]): void {
  const colors = colorsFor(process.stdout);
  const width = Math.max(...rows.map((one) => one.name.length));
  const paint = {
    good: colors.green,
    "expires soon": colors.yellow,
    expired: colors.red,
    renewed: colors.dim,
    revoked: colors.dim,
  };
  for (const { name, kind, serial, notAfter, status } of rows) {
    say(
      `${paint[status](status.padEnd(12))}  ${printable(name).padEnd(width)}  ${kind.padEnd(9)}  ${notAfter}  ${colors.dim(serial)}`,
    );
  }
}

function names({ issued }: Authority): string | null {
  const good = [...new Set(issued.filter((one) => one.revoked === null).map((one) => one.name))];
  return good.length === 0 ? null : `there is ${good.join(", ")}`;
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
