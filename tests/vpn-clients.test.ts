/** `pierhead vpn ca` and `pierhead vpn clients` as a user runs them, judged by openssl, plistlib, nmcli and a PowerShell parser. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Source } from "@pierhead/core";
import { buildSite } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Language, type Node, Parser } from "web-tree-sitter";
import { factsOf, readCertificates } from "../packages/cli/src/certificates/read-certificate.ts";
import { UsageError } from "../packages/cli/src/failure.ts";
import { bundlePierhead } from "./support/bundle.ts";

const root = resolve(import.meta.dirname, "..");
const L2TP = join(root, "examples/roadwarrior-vpn/site.yaml");
const IKEV2 = join(root, "examples/roadwarrior-ikev2/site.yaml");
const SECRETS = { VPN_PSK: "Zoh4Eipe1eTh3O'hs; Ahx5", ANNA: "it's-$not`easy; \\#or", BERT: "ieT5eequoow3Eep" };
/** iked.conf(5) holds no quote and no backslash between its quotes. */
const IKED_SECRETS = { ...SECRETS, ANNA: "it's-$not`easy; #or" };
const P12 = "correct horse battery staple";

let scratch = "";
let program = "";

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function pierhead(args: readonly string[], environment: Record<string, string> = {}): Ran {
  return spawnSync(process.execPath, [program, "vpn", ...args], {
    cwd: scratch,
    encoding: "utf8",
    input: "",
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...environment },
  });
}

function openssl(...args: string[]): Ran {
  return spawnSync("openssl", args, { cwd: scratch, encoding: "utf8", input: "" });
}

function has(command: string): boolean {
  return spawnSync(command, ["--version"]).error === undefined;
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), `pierhead-clients-${process.pid}-`));
  program = await bundlePierhead(scratch);
  // The quick kind of keys; RSA has a test of its own.
  expect(pierhead(["ca", "init", "-d", "ca", "-k", "ecdsa", "--name", "Office authority"]).status).toBe(0);
  const issued = pierhead(["ca", "issue", "server", "vpn.example.org", "-d", "ca", "-k", "ecdsa", "-o", "gate"]);
  expect([issued.stderr, issued.status]).toEqual(["", 0]);
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("vpn ca", () => {
  it("issues what Apple, Windows and iked want of a server", () => {
    const iked = join(scratch, "gate/etc/iked");
    const certificate = join(iked, "certs/vpn.example.org.crt");
    expect(openssl("verify", "-purpose", "sslserver", "-CAfile", join(iked, "ca/ca.crt"), certificate).stdout).toMatch(
      /OK$/m,
    );
    const { stdout } = openssl("x509", "-in", certificate, "-noout", "-text");
    expect(stdout).toContain("DNS:vpn.example.org");
    expect(stdout).toContain("TLS Web Server Authentication, 1.3.6.1.5.5.8.2.2");
    expect(stdout).toContain("CA:FALSE");
    // 825 days at most (support.apple.com/103769).
    const days = (name: string): number =>
      Date.parse(new RegExp(`${name}\\s*: (.*)`).exec(stdout)?.[1] ?? "") / 86_400_000;
    expect(days("Not After") - days("Not Before")).toBeLessThanOrEqual(825);
    const own = openssl("pkey", "-in", join(iked, "private/local.key"), "-pubout").stdout;
    expect(own).toBe(openssl("x509", "-in", certificate, "-noout", "-pubkey").stdout);
    expect(readFileSync(join(iked, "local.pub"), "utf8")).toBe(own);
  });

  it("keeps what it has to itself", () => {
    for (const path of ["ca", "ca/private", "ca/certs"]) expect(statSync(join(scratch, path)).mode & 0o777).toBe(0o700);
    const files = [...readdirSync(join(scratch, "ca/private")).map((name) => `ca/private/${name}`), "ca/index.json"];
    expect(files.length).toBeGreaterThan(2);
    for (const path of [...files, "gate/etc/iked/private/local.key"]) {
      expect(statSync(join(scratch, path)).mode & 0o777).toBe(0o600);
    }
  });

  it("is not made where keys get committed or copied, nor over another", () => {
    mkdirSync(join(scratch, "repository/.git"), { recursive: true });
    mkdirSync(join(scratch, "office"));
    writeFileSync(join(scratch, "office/site.yaml"), "");
    expect(pierhead(["ca", "init", "-d", "repository/deep/ca"])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/repository is a git work tree, where keys get committed/),
    });
    expect(pierhead(["ca", "init", "-d", "office/ca"]).stderr).toContain("is a site's folder");
    expect(existsSync(join(scratch, "repository/deep"))).toBe(false);
    const key = readFileSync(join(scratch, "ca/private/ca.key"), "utf8");
    expect(pierhead(["ca", "init", "-d", "ca"]).stderr).toContain("there is an authority in it already");
    expect(readFileSync(join(scratch, "ca/private/ca.key"), "utf8")).toBe(key);
  });

  it("writes PKCS#12 that openssl takes with the password, and only with it", () => {
    const without = pierhead(["ca", "issue", "user", "anna", "-d", "ca", "-k", "ecdsa", "-o", "anna"]);
    expect([without.status, without.stderr]).toEqual([2, expect.stringContaining("--p12-password")]);
    const issue = ["ca", "issue", "user", "anna", "-d", "ca", "-k", "ecdsa", "-o", "anna", "--p12-password", "env:P12"];
    const made = pierhead(issue, { P12 });
    expect([made.stderr, made.status]).toEqual(["", 0]);
    expect(made.stdout).not.toContain(P12);
    const file = join(scratch, "anna/anna.p12");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const read = spawnSync("openssl", ["pkcs12", "-in", file, "-passin", "env:P12", "-nodes"], {
      encoding: "utf8",
      env: { ...process.env, P12 },
    });
    expect(read.status, read.stderr).toBe(0);
    expect(read.stdout).toContain("friendlyName: anna");
    writeFileSync(join(scratch, "anna.pem"), read.stdout);
    expect(openssl("x509", "-in", "anna.pem", "-noout", "-pubkey").stdout).toBe(
      openssl("pkey", "-in", "anna.pem", "-pubout").stdout,
    );
    expect(openssl("verify", "-purpose", "sslclient", "-CAfile", "ca/ca.crt", "anna.pem").stdout).toMatch(/OK$/m);
    const wrong = spawnSync("openssl", ["pkcs12", "-in", file, "-passin", "pass:other", "-nodes"], {
      encoding: "utf8",
    });
    expect(wrong.status).not.toBe(0);
    const again = pierhead(issue, { P12 });
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining("it is there already")]);
  });

  it("names what has ended, and takes back", () => {
    expect(pierhead(["ca", "issue", "user", "old", "-d", "ca", "-k", "ecdsa", "--days", "1"]).status).toBe(0);
    const index = join(scratch, "ca/index.json");
    const list = (): { status: number | null; rows: { name: string; status: string }[] } => {
      const { status, stdout } = pierhead(["ca", "list", "-d", "ca", "--json"]);
      return { status, rows: JSON.parse(stdout).certificates };
    };
    expect(list()).toMatchObject({
      status: 0,
      rows: expect.arrayContaining([expect.objectContaining({ name: "old", status: "expires soon" })]),
    });
    const entries = JSON.parse(readFileSync(index, "utf8")) as { name: string; notAfter: number; serial: string }[];
    const old = entries.find((one) => one.name === "old");
    if (old === undefined) throw new Error("not issued");
    old.notAfter = Date.now() - 1000;
    writeFileSync(index, JSON.stringify(entries));
    expect(list()).toMatchObject({
      status: 1,
      rows: expect.arrayContaining([expect.objectContaining({ name: "old", status: "expired" })]),
    });
    expect(pierhead(["ca", "revoke", "old", "-d", "ca"]).status).toBe(0);
    expect(list().rows.find((one) => one.name === "old")?.status).toBe("revoked");
    expect(pierhead(["ca", "crl", "-d", "ca", "-o", "gate"]).status).toBe(0);
    const crl = openssl("crl", "-in", "gate/etc/iked/crls/ca.crl", "-noout", "-text", "-CAfile", "ca/ca.crt");
    expect(crl.stderr).toContain("verify OK");
    expect(crl.stdout).toContain(old.serial);
  });

  it("makes RSA keys, refuses what no client takes, and survives a broken index", () => {
    expect(pierhead(["ca", "init", "-d", "rsa"]).status).toBe(0);
    expect(openssl("x509", "-in", "rsa/ca.crt", "-noout", "-text").stdout).toContain("Public-Key: (3072 bit)");
    expect(pierhead(["ca", "issue", "server", "vpn.example.org", "-d", "rsa", "--days", "826"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("825"),
    });
    expect(pierhead(["ca", "issue", "server", "192.0.2.1:80", "-d", "rsa"]).status).toBe(2);
    writeFileSync(join(scratch, "rsa/index.json"), '[{"serial":"../../etc/passwd"}]');
    expect(pierhead(["ca", "list", "-d", "rsa"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("index.json"),
    });
  });
});

describe("vpn clients", () => {
  it("writes a folder for each user that only its owner reads, and prints no secret", () => {
    const run = pierhead(["clients", L2TP, "-o", "out"], SECRETS);
    expect([run.stderr, run.status]).toEqual(["", 0]);
    const again = pierhead(["clients", L2TP, "-o", "out", "--json"], SECRETS);
    expect([again.status, again.stderr]).toEqual([
      2,
      expect.stringMatching(/it is there already, nothing was written\n {2}--force/),
    ]);
    const forced = pierhead(["clients", L2TP, "-o", "out", "--json", "--force"], SECRETS);
    expect(forced.status).toBe(0);
    for (const secret of Object.values(SECRETS))
      expect(run.stdout + forced.stdout + again.stderr).not.toContain(secret);
    expect(readdirSync(join(scratch, "out")).sort()).toEqual(["anna", "bert"]);
    const names = readdirSync(join(scratch, "out"), { recursive: true }) as string[];
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      const stat = statSync(join(scratch, "out", name));
      expect([name, (stat.mode & 0o777).toString(8)]).toEqual([
        name,
        stat.isDirectory() || name.endsWith("ip-up.d/office-gate") ? "700" : "600",
      ]);
    }
    const { profiles } = JSON.parse(forced.stdout);
    expect(profiles[0].files).toContainEqual({ path: "office-gate.mobileconfig", secret: true });
  });

  it("plans without secrets, and writes nothing, without -o", () => {
    const run = pierhead(["clients", L2TP, "--user", "anna", "--platform", "ios"], { VPN_PSK: "", ANNA: "", BERT: "" });
    expect([run.stderr, run.status]).toEqual(["", 0]);
    expect(run.stdout).toMatchInlineSnapshot(`
      "gate: anna
        profile  iOS and iPadOS 14 and later  office-gate.mobileconfig
      nothing written (-o FOLDER writes)
      "
    `);
  });

  it("asks for the secrets it needs and no others", () => {
    const bert = pierhead(["clients", L2TP, "--user", "bert", "-o", "only-bert"], { ...SECRETS, ANNA: "" });
    expect([bert.stderr, bert.status]).toEqual(["", 0]);
    const none = pierhead(["clients", L2TP, "--user", "anna", "-o", "never"], { ...SECRETS, ANNA: "" });
    expect(none.status).toBe(1);
    expect(none.stdout).toMatch(/site\.yaml:26:\d+: error \[site\/missing-secret\]/);
    expect(existsSync(join(scratch, "never"))).toBe(false);
    const left = pierhead(["clients", L2TP, "--user", "anna", "--no-passwords", "-o", "asking"], {
      ...SECRETS,
      ANNA: "",
    });
    expect([left.stderr, left.status]).toEqual(["", 0]);
  });

  it.each<[string, string[], number, RegExp]>([
    [
      "a user the site has not",
      [L2TP, "--user", "carol"],
      2,
      /--user carol: the site has no such user\n {2}anna, bert/,
    ],
    ["a user name that is a path", [L2TP, "--user", "../anna"], 2, /a user name is letters/],
    ["a site without a VPN", [join(root, "examples/dedicated-server/site.yaml")], 2, /no host of the site has a VPN/],
    ["a platform nobody knows", [L2TP, "--platform", "beos"], 2, /windows-10/],
    ["IKEv2 without an authority", [IKEV2, "-o", "never"], 1, /vpn\/profile-certificate.*\n.*--ca FILE/],
    ["a file that is no certificate", [IKEV2, "--ca", IKEV2, "-o", "never"], 2, /there is no certificate in it/],
    [
      "an authority that is none",
      [IKEV2, "--ca", "gate/etc/iked/certs/vpn.example.org.crt", "-o", "never"],
      1,
      /CA:FALSE/,
    ],
    [
      "users of names that are one on some systems",
      [L2TP, "--user", "anna", "--user", "Anna"],
      2,
      /capital letters only/,
    ],
    ["half a signature", [L2TP, "--sign-cert", "x.pem", "-o", "never"], 2, /belong together/],
    [
      "a secret on the command line",
      [IKEV2, "--ca", "ca", "--p12-password", "hunter2", "-o", "never"],
      2,
      /a secret is named, not written/,
    ],
  ])("refuses %s", (_, args, status, message) => {
    const run = pierhead(["clients", ...args], args.includes(IKEV2) ? IKED_SECRETS : SECRETS);
    expect([run.status, run.stdout + run.stderr]).toEqual([status, expect.stringMatching(message)]);
    expect(run.stdout + run.stderr).not.toMatch(/hunter2| {4}at /);
    expect(existsSync(join(scratch, "never"))).toBe(false);
  });

  it("keeps two head-ends apart, and says when an authority has signed for none of them", () => {
    const site = join(scratch, "two.yaml");
    const [top = "", host = ""] = readFileSync(IKEV2, "utf8")
      .replace(/ +scenarios:.*\n/, "")
      .split(/(?<=hosts:\n)/);
    const second = host
      .replace("gate:", "back:")
      .replaceAll("198.51.100", "203.0.113")
      .replace("vpn.example.org", "back.example.org");
    writeFileSync(
      site,
      top +
        host +
        second
          .replaceAll("192.168.7", "192.168.17")
          .replaceAll("172.23.5", "172.23.15")
          .replace("10.87.44", "10.87.45"),
    );
    const run = pierhead(
      ["clients", site, "--ca", "ca", "--user", "anna", "--platform", "ios", "-o", "two"],
      IKED_SECRETS,
    );
    expect([run.stderr, run.status]).toEqual(["", 0]);
    expect(run.stdout).toMatch(/warning \[vpn\/profile-certificate\]\n.*no certificate for\n? *back\.example\.org/);
    expect(readdirSync(join(scratch, "two/anna")).sort()).toEqual(["back", "gate"]);
    expect(readFileSync(join(scratch, "two/anna/back/office-back.mobileconfig"), "utf8")).toContain(
      "office VPN (back)",
    );
  });

  it("has an answer to every file that is called a certificate", () => {
    const good = readFileSync(join(scratch, "ca/ca.crt"));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.uint8Array({ maxLength: 40 }), fc.boolean(), (at, bytes, whole) => {
        const file = join(scratch, "mutated");
        writeFileSync(file, whole ? bytes : Buffer.concat([good.subarray(0, at), bytes, good.subarray(at + 5)]));
        try {
          for (const one of readCertificates(file)) factsOf(one, file);
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
        }
      }),
      { numRuns: 150 },
    );
  });

  it("says that the head-end's certificate has ended, before anybody notices", () => {
    const index = join(scratch, "ca/index.json");
    const before = readFileSync(index, "utf8");
    const entries = JSON.parse(before) as { kind: string; notAfter: number }[];
    writeFileSync(
      index,
      JSON.stringify(entries.map((one) => (one.kind === "server" ? { ...one, notAfter: Date.now() - 1 } : one))),
    );
    const run = pierhead(["clients", IKEV2, "--ca", "ca", "-o", "never"], SECRETS);
    writeFileSync(index, before);
    expect(run.status).toBe(1);
    expect(run.stdout).toMatch(/the certificate of vpn\.example\.org expired on/);
  });

  it("signs Apple's profile so that openssl verifies it", () => {
    openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "30",
      "-subj",
      "/CN=Signer",
      "-keyout",
      "sign.key",
      "-out",
      "sign.crt",
    );
    const args = ["clients", IKEV2, "--ca", "ca", "--user", "bert", "--platform", "ios", "-o"];
    expect(pierhead([...args, "plain"], SECRETS).status).toBe(0);
    const run = pierhead([...args, "signed", "--sign-cert", "sign.crt", "--sign-key", "sign.key"], SECRETS);
    expect([run.stderr, run.status]).toEqual(["", 0]);
    const verified = openssl(
      "cms",
      "-verify",
      "-inform",
      "DER",
      "-in",
      "signed/bert/office-gate.mobileconfig",
      "-CAfile",
      "sign.crt",
      "-binary",
      "-purpose",
      "any",
    );
    expect(verified.status, verified.stderr).toBe(0);
    expect(verified.stdout).toBe(readFileSync(join(scratch, "plain/bert/office-gate.mobileconfig"), "utf8"));
    const text = readFileSync(join(scratch, "signed/bert/office-gate.mobileconfig"));
    text[text.indexOf("vpn.example.org")] = 0x77;
    writeFileSync(join(scratch, "changed.mobileconfig"), text);
    expect(
      openssl(
        "cms",
        "-verify",
        "-inform",
        "DER",
        "-in",
        "changed.mobileconfig",
        "-CAfile",
        "sign.crt",
        "-purpose",
        "any",
      ).status,
    ).not.toBe(0);
  });

  it.skipIf(!has("python3"))("is a property list for Apple's own reading of them (skipped without python3)", () => {
    const code =
      "import plistlib,json,sys; d=plistlib.load(open(sys.argv[1],'rb')); v=d['PayloadContent'][-1]; print(json.dumps([v['PPP'], v['IPSec']['SharedSecret'].decode()]))";
    const run = spawnSync("python3", ["-c", code, join(scratch, "out/anna/office-gate.mobileconfig")], {
      encoding: "utf8",
    });
    expect(run.status, run.stderr).toBe(0);
    const [ppp, key] = JSON.parse(run.stdout);
    expect([ppp.AuthName, ppp.AuthPassword, key]).toEqual(["anna", SECRETS.ANNA, SECRETS.VPN_PSK]);
  });

  // nmcli without its daemon: from 1.40 on.
  const offline = spawnSync("nmcli", ["--offline", "connection", "add", "type", "dummy", "ifname", "x"], {
    encoding: "utf8",
  });
  it.skipIf(offline.status !== 0 && !(process.env.CI === "true" && process.getuid?.() === 0))(
    "is read and written again by NetworkManager (skipped without nmcli 1.40)",
    () => {
      expect(
        pierhead(["clients", IKEV2, "--ca", "ca", "--user", "anna", "-o", "nm"], {
          ...SECRETS,
          ANNA: " lead;and#trail ",
        }).status,
      ).toBe(0);
      for (const file of ["out/anna/office-gate.nmconnection", "nm/anna/office-gate.nmconnection"]) {
        const input = readFileSync(join(scratch, file), "utf8");
        const run = spawnSync("nmcli", ["--offline", "connection", "modify", "connection.autoconnect", "no"], {
          encoding: "utf8",
          input,
        });
        expect([run.stderr, run.status]).toEqual(["", 0]);
        const sections = (text: string): Record<string, string> =>
          Object.fromEntries(
            [...text.matchAll(/^(?!\[)([^=\n]+)=(.*)$/gm)].map(([, key = "", value = ""]) => [
              key,
              value.replaceAll("\\s", " "),
            ]),
          );
        const { "addr-gen-mode": _, ...written } = sections(run.stdout);
        expect(written).toEqual(sections(input));
      }
    },
  );
});

/** Parameters as Microsoft documents them: github.com/MicrosoftDocs/windows-powershell-docs, docset/winserver2022-ps/vpnclient. */
const CMDLETS: Readonly<Record<string, readonly string[]>> = {
  "Add-VpnConnection":
    "Name ServerAddress TunnelType AllUserConnection RememberCredential SplitTunneling Force PassThru L2tpPsk EapConfigXmlStream AuthenticationMethod EncryptionLevel".split(
      " ",
    ),
  "Set-VpnConnectionIPsecConfiguration":
    "ConnectionName AuthenticationTransformConstants CipherTransformConstants EncryptionMethod IntegrityCheckMethod PfsGroup DHGroup PassThru Force AllUserConnection".split(
      " ",
    ),
  "Add-VpnConnectionRoute": ["ConnectionName", "DestinationPrefix", "RouteMetric", "AllUserConnection"],
  "Get-VpnConnection": ["Name", "AllUserConnection", "ErrorAction"],
  "Remove-VpnConnection": ["Name", "AllUserConnection", "Force"],
  "New-EapConfiguration": [],
  "Import-PfxCertificate": ["FilePath", "CertStoreLocation", "Password"],
  "New-ItemProperty": ["Path", "Name", "Value", "PropertyType", "Force"],
  "New-Object": ["TypeName", "ArgumentList"],
  "Join-Path": ["Path", "ChildPath"],
  "Test-Path": ["LiteralPath"],
  "Read-Host": ["Prompt", "AsSecureString"],
  "Write-Output": [],
  "Set-StrictMode": ["Version"],
};
const VALUES: Readonly<Record<string, readonly string[]>> = {
  TunnelType: ["L2tp", "Ikev2"],
  AuthenticationMethod: ["MSChapv2", "Eap", "MachineCertificate"],
  EncryptionLevel: ["NoEncryption", "Optional", "Required", "Maximum", "Custom"],
  EncryptionMethod: ["DES", "DES3", "AES128", "AES192", "AES256", "GCMAES128", "GCMAES256"],
  IntegrityCheckMethod: ["MD5", "SHA1", "SHA256", "SHA384"],
  DHGroup: ["None", "Group1", "Group2", "Group14", "ECP256", "ECP384", "Group24"],
  CipherTransformConstants: [
    "DES",
    "DES3",
    "AES128",
    "AES192",
    "AES256",
    "GCMAES128",
    "GCMAES192",
    "GCMAES256",
    "None",
  ],
  AuthenticationTransformConstants: ["MD596", "SHA196", "SHA256128", "GCMAES128", "GCMAES192", "GCMAES256", "None"],
  PfsGroup: ["None", "PFS1", "PFS2", "PFS2048", "ECP256", "ECP384", "PFSMM", "PFS24"],
};

describe("the script for Windows", () => {
  let parser: Parser;
  beforeAll(async () => {
    await Parser.init();
    const wasm = createRequire(import.meta.url).resolve("tree-sitter-powershell/tree-sitter-powershell.wasm");
    parser = new Parser();
    parser.setLanguage(await Language.load(wasm));
  });

  function all(node: Node, type: string): Node[] {
    return node.descendantsOfType(type).filter((one) => one !== null);
  }

  /** Commands with their parameters, those of a hash table that is splatted among them. */
  function lint(script: string): { errors: string[]; commands: string[] } {
    const tree = parser.parse(script);
    if (tree === null) throw new Error("not parsed");
    const errors = tree.rootNode.hasError ? [`does not parse: ${tree.rootNode.toString().slice(0, 2000)}`] : [];
    const tables = new Map<string, [string, string][]>();
    for (const one of all(tree.rootNode, "assignment_expression")) {
      const match = /^(\$\w+)\s*=\s*@\{([\s\S]*)\}$/.exec(one.text);
      if (match === null) continue;
      const entries = [...(match[2] as string).matchAll(/^\s*(\w+) = (.+?)\r?$/gm)].map(
        ([, key = "", value = ""]): [string, string] => [key, value],
      );
      tables.set((match[1] as string).slice(1), entries);
    }
    const commands: string[] = [];
    for (const command of all(tree.rootNode, "command")) {
      const name = command.childForFieldName("command_name")?.text ?? "";
      commands.push(name);
      const known = CMDLETS[name];
      if (known === undefined) {
        errors.push(`${name}: not a command that is looked for`);
        continue;
      }
      const given: [string, string][] = all(command, "command_parameter").map((one) => [one.text.slice(1), ""]);
      for (const [, splat = ""] of command.text.matchAll(/@(\w+)/g))
        given.push(...(tables.get(splat) ?? [["missing", ""]]));
      for (const [parameter, value] of given) {
        // Parameters of commands in parentheses are looked at there.
        if (!known.includes(parameter) && !command.text.includes(`(`))
          errors.push(`${name} -${parameter}: not documented`);
        const allowed = VALUES[parameter];
        const literal = /^'(.*)'$/.exec(value)?.[1];
        if (allowed !== undefined && literal !== undefined && !allowed.includes(literal))
          errors.push(`${parameter} ${literal}`);
      }
    }
    return { errors, commands };
  }

  it("parses, and has documented parameters and values only", () => {
    expect(
      pierhead(
        ["clients", IKEV2, "--ca", "ca", "--user", "anna", "--platform", "windows-11", "-o", "win"],
        IKED_SECRETS,
      ).status,
    ).toBe(0);
    const split = join(scratch, "split.yaml");
    writeFileSync(
      split,
      readFileSync(IKEV2, "utf8")
        .replace("reach: [lan, internet]", "reach: [lan]")
        .replace(/ +scenarios:.*\n/, ""),
    );
    expect(
      pierhead(
        ["clients", split, "--ca", "ca", "--user", "anna", "--platform", "windows-11", "-o", "split"],
        IKED_SECRETS,
      ).status,
    ).toBe(0);
    const wanted: [string, string[]][] = [
      ["out/anna/office-gate.ps1", ["Add-VpnConnection", "Read-Host", "New-ItemProperty"]],
      [
        "win/anna/office-gate.ps1",
        ["Add-VpnConnection", "New-EapConfiguration", "Set-VpnConnectionIPsecConfiguration"],
      ],
      ["split/anna/office-gate.ps1", ["Add-VpnConnectionRoute"]],
    ];
    for (const [file, commands] of wanted) {
      const script = readFileSync(join(scratch, file), "utf8");
      // PowerShell 5.1 reads a file without a mark as the machine's old code page.
      expect(script).toMatch(/^[\t\r\n -~]*$/);
      const found = lint(script);
      expect([file, found.errors]).toEqual([file, []]);
      expect(found.commands).toEqual(expect.arrayContaining(commands));
      for (const secret of Object.values(SECRETS)) expect(script).not.toContain(secret);
    }
    expect(readFileSync(join(scratch, "out/anna/office-gate.key.txt"), "utf8")).toBe(SECRETS.VPN_PSK);
  });

  it("is found wrong when it is", () => {
    expect(lint("Add-VpnConnection -Name 'a").errors.length).toBeGreaterThan(0);
    expect(lint("Add-VpnConnection -Nome 'a'\n").errors).toEqual(["Add-VpnConnection -Nome: not documented"]);
    expect(lint("$T = @{\n  TunnelType = 'Pigeon'\n}\nAdd-VpnConnection @T\n").errors).toEqual(["TunnelType Pigeon"]);
  });
});

describe("users with certificates", () => {
  it("get profiles with their own, and a head-end that asks for it", () => {
    const site = join(scratch, "certificates.yaml");
    const text = readFileSync(IKEV2, "utf8")
      .replace("name: vpn.example.org", "name: vpn.example.org\n        auth: certificate")
      .replace(/\{ password: env:\w+ \}/g, "{}")
      .replace(/ +scenarios:.*\n/, "");
    writeFileSync(site, text);
    const args = ["clients", site, "--ca", "ca", "-o", "cert", "--p12-password", "env:P12"];
    const without = pierhead(args, { P12 });
    expect([without.status, without.stderr]).toEqual([2, expect.stringContaining("pierhead vpn ca issue user bert")]);
    expect(pierhead(["ca", "issue", "user", "bert", "-d", "ca", "-k", "ecdsa"]).status).toBe(0);
    const run = pierhead(args, { P12 });
    expect([run.stderr, run.status]).toEqual(["", 0]);
    expect(run.stdout).not.toContain(P12);
    const sswan = JSON.parse(readFileSync(join(scratch, "cert/bert/office-gate.sswan"), "utf8"));
    writeFileSync(join(scratch, "bert.p12"), Buffer.from(sswan.local.p12, "base64"));
    const read = spawnSync("openssl", ["pkcs12", "-in", join(scratch, "bert.p12"), "-passin", "env:P12", "-nokeys"], {
      encoding: "utf8",
      env: { ...process.env, P12 },
    });
    expect([read.status, read.stdout]).toEqual([0, expect.stringContaining("CN = bert")]);
    const reading = readSite(new Source("certificates.yaml", text));
    const machine = reading.site === null ? undefined : buildSite(reading.site).machines[0];
    const iked = machine?.files.find((one) => one.path === "/etc/iked.conf")?.text ?? "";
    expect(iked).toContain("config address");
    expect(iked).not.toMatch(/eap|user "/);
    if (spawnSync("iked", ["-V"]).error === undefined) {
      writeFileSync(join(scratch, "iked.conf"), iked, { mode: 0o600 });
      const check = spawnSync("iked", ["-n", "-f", join(scratch, "iked.conf")], { encoding: "utf8" });
      expect([check.stderr.trim(), check.status]).toEqual(["configuration OK", 0]);
    }
  });
});
