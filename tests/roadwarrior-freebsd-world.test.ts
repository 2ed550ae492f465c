/**
 * The swanctl.conf that is built, in the hands of a real charon: it loads it, and a real client connects to it, in two
 * network namespaces. What the simulator says of the client is compared with what charon says.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { runScenario } from "@pierhead/engine/scenario";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const system = parseSystem("freebsd-14.3") as System;
const tools = ["ip", "swanctl", "charon-systemd", "openssl", "ping"];
const missing = tools.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
const isRoot = process.getuid?.() === 0;
const reason = !isRoot ? "it needs root" : missing.length > 0 ? `there is no ${missing.join(", ")}` : "";
const mayRun = reason === "" || (isRoot && process.env["CI"] === "true");

/** Odd on purpose: the file's quotes and escapes have to carry them. */
const SECRETS = { VPN_PSK: 'Zoh4Eipe1e"Th3Ohs\\Ahx5', ANNA: 'col:on"and\\back-slash', BERT: "ieT5eequoow3EepAh7" };
const HEAD = "198.51.100.2";
const CLIENT = "198.51.100.9";

interface Side {
  readonly name: string;
  readonly namespace: string;
  readonly folder: string;
  charon: ChildProcess | null;
}

function run(command: string, arguments_: readonly string[], environment: Record<string, string> = {}): string {
  const done = spawnSync(command, arguments_, { encoding: "utf8", env: { ...process.env, ...environment } });
  return `${done.stdout}${done.stderr}`;
}

function must(command: string, ...arguments_: string[]): void {
  const done = spawnSync(command, arguments_, { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${command} ${arguments_.join(" ")}: ${done.stderr}`);
}

function swanctl(side: Side, ...arguments_: string[]): string {
  const environment = {
    SWANCTL_DIR: join(side.folder, "swanctl"),
    STRONGSWAN_CONF: join(side.folder, "strongswan.conf"),
  };
  return run("swanctl", [...arguments_, "--uri", `unix://${join(side.folder, "vici")}`], environment);
}

/** A charon of its own: its socket, its log, and ESP in user space where the kernel has none. */
async function start(side: Side, userSpace: boolean): Promise<void> {
  const { folder, namespace } = side;
  const text = `charon-systemd {
	load_modular = yes
	plugins {
		include /etc/strongswan.d/charon/*.conf
		kernel-libipsec { load = ${userSpace ? "yes" : "no"} }
		vici { socket = unix://${folder}/vici }
	}
	filelog { log { path = ${folder}/log
		default = 1
		flush_line = yes } }
}
swanctl { load = pem pkcs1 x509 openssl random }
`;
  writeFileSync(join(folder, "strongswan.conf"), text);
  side.charon = spawn("ip", ["netns", "exec", namespace, "charon-systemd"], {
    env: { ...process.env, STRONGSWAN_CONF: join(folder, "strongswan.conf") },
    stdio: "ignore",
  });
  for (let i = 0; i < 100 && !existsSync(join(folder, "vici")); i++) {
    await new Promise((done) => setTimeout(done, 100));
  }
  if (!existsSync(join(folder, "vici"))) throw new Error("charon did not come up");
}

async function stop(side: Side): Promise<void> {
  const { charon } = side;
  if (charon === null || charon.exitCode !== null) return;
  const gone = new Promise((done) => charon.once("exit", done));
  charon.kill("SIGTERM");
  await Promise.race([gone, new Promise((done) => setTimeout(done, 5000))]);
  if (charon.exitCode === null) charon.kill("SIGKILL");
}

function pierhead(...arguments_: string[]): string {
  const command = resolve(root, "packages/cli/bin/pierhead.mjs");
  const done = spawnSync(process.execPath, [command, ...arguments_], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", ...SECRETS },
  });
  if (done.status !== 0) throw new Error(done.stderr + done.stdout);
  return done.stdout;
}

/** The site as it is built, with secrets. */
function tree(file: string, out: string): string {
  pierhead("build", file, "--system", "freebsd-14.3", "-o", join(out, "tree"), "--json");
  return join(out, "tree/gate");
}

function example(name: string): string {
  return join(root, "examples", name, "site.yaml");
}

function quoted(secret: string): string {
  return secret.replace(/["\\]/g, "\\$&");
}

describe.skipIf(!mayRun)(`a real strongSwan and the files that are built (${reason || "with root"})`, () => {
  const folder = mkdtempSync(join(tmpdir(), "pierhead-charon-"));
  const sides: Side[] = [];
  let head: Side;
  let client: Side;

  beforeAll(() => {
    for (const name of ["h", "c"]) {
      const own = join(folder, name);
      mkdirSync(join(own, "swanctl"), { recursive: true });
      const side = { name, namespace: `ph${process.pid}${name}`, folder: own, charon: null };
      sides.push(side);
      must("ip", "netns", "add", side.namespace);
      must("ip", "-n", side.namespace, "link", "set", "lo", "up");
    }
    [head, client] = sides as [Side, Side];
    must(
      "ip",
      "link",
      "add",
      "wan",
      "netns",
      head.namespace,
      "type",
      "veth",
      "peer",
      "name",
      "wan",
      "netns",
      client.namespace,
    );
    must("ip", "-n", head.namespace, "addr", "add", `${HEAD}/24`, "dev", "wan");
    must("ip", "-n", head.namespace, "addr", "add", "192.168.7.1/32", "dev", "lo");
    must("ip", "-n", client.namespace, "addr", "add", `${CLIENT}/24`, "dev", "wan");
    for (const { namespace } of sides) must("ip", "-n", namespace, "link", "set", "wan", "up");
  });

  afterAll(async () => {
    for (const side of sides) await stop(side);
    for (const { namespace } of sides) run("ip", ["netns", "del", namespace]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function both(userSpace: boolean, built: string, mine: string): Promise<string> {
    for (const side of sides) {
      await stop(side);
      rmSync(join(side.folder, "vici"), { force: true });
      rmSync(join(side.folder, "log"), { force: true });
      await start(side, userSpace);
    }
    cpSync(join(built, "usr/local/etc/swanctl/swanctl.conf"), join(head.folder, "swanctl/swanctl.conf"));
    writeFileSync(join(client.folder, "swanctl/swanctl.conf"), mine);
    const loaded = swanctl(head, "--load-all", "--noprompt");
    swanctl(client, "--load-all", "--noprompt");
    return loaded;
  }

  it("IKEv1: loads it, and agrees on a key and on L2TP with a client that offers what Windows does", async () => {
    const built = tree(example("roadwarrior-vpn"), join(folder, "l2tp"));
    const mine = `connections { head {
	version = 1
	local_addrs = ${CLIENT}
	remote_addrs = ${HEAD}
	proposals = aes256-sha1-modp2048, 3des-sha1-modp2048, 3des-sha1-modp1024
	local { auth = psk }
	remote { auth = psk }
	children { l2tp {
		mode = transport
		local_ts = dynamic[udp/1701]
		remote_ts = dynamic[udp/1701]
		esp_proposals = aes256-sha1, aes128-sha1, 3des-sha1
	} }
} }
secrets { ike { secret = "${quoted(SECRETS.VPN_PSK)}" } }
`;
    const loaded = await both(false, built, mine);
    expect(loaded).toContain("loaded ike secret 'ike-clients'");
    expect(loaded).toContain("successfully loaded 1 connections");
    swanctl(client, "--initiate", "--child", "l2tp", "--timeout", "10");
    // Whether the kernel has ESP or not: both phases were agreed on before it is asked.
    const sas = swanctl(head, "--list-sas");
    expect(sas).toMatch(/l2tp: #\d+, ESTABLISHED, IKEv1/);
    expect(sas).toContain("AES_CBC-256/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048");
    const log = readFileSync(join(head.folder, "log"), "utf8");
    expect(log).toContain("selected proposal: ESP:AES_CBC_256/HMAC_SHA1_96");
  });

  it("IKEv1: a wrong key does not get in", async () => {
    writeFileSync(
      join(client.folder, "swanctl/swanctl.conf"),
      readFileSync(join(client.folder, "swanctl/swanctl.conf"), "utf8").replace("Zoh4", "zoh4"),
    );
    swanctl(client, "--terminate", "--ike", "head", "--force", "--timeout", "2");
    swanctl(client, "--load-all", "--noprompt", "--clear");
    const said = swanctl(client, "--initiate", "--child", "l2tp", "--timeout", "3");
    expect(said).not.toContain("initiate completed");
    expect(swanctl(head, "--list-sas")).not.toContain(`remote '${CLIENT}' @`);
  });

  it.skipIf(!existsSync("/dev/net/tun"))(
    "IKEv2: lets Anna in by EAP-MSCHAPv2, with the address the simulator says, and carries her packets",
    async () => {
      const built = tree(example("roadwarrior-ikev2"), join(folder, "ikev2"));
      certificates();
      const mine = `connections { head {
	version = 2
	local_addrs = ${CLIENT}
	remote_addrs = ${HEAD}
	vips = 0.0.0.0
	proposals = aes256-sha256-modp2048
	local { auth = eap-mschapv2
		eap_id = anna
		id = anna@phone }
	remote { auth = pubkey
		id = vpn.example.org }
	children { all { remote_ts = 0.0.0.0/0
		esp_proposals = aes256-sha256 } }
} }
secrets { eap { id = anna
	secret = "${quoted(SECRETS.ANNA)}" } }
`;
      const loaded = await both(true, built, mine);
      for (const text of ["loaded pool 'clients'", "eap secret 'eap-anna'", "successfully loaded 1 connections"]) {
        expect(loaded).toContain(text);
      }
      expect(swanctl(client, "--initiate", "--child", "all", "--timeout", "10")).toContain("initiate completed");
      const sas = swanctl(head, "--list-sas");
      expect(sas).toMatch(/clients: #\d+, ESTABLISHED, IKEv2/);
      expect(sas).toContain("EAP: 'anna'");
      const real = /\[(10\.87\.44\.\d+)\]/.exec(sas)?.[1];
      expect(real).toBe(simulated(built));
      const ping = run("ip", ["netns", "exec", client.namespace, "ping", "-c", "1", "-W", "3", "192.168.7.1"]);
      expect(ping).toContain("1 received");
    },
  );

  it.skipIf(!existsSync("/dev/net/tun"))(
    "IKEv2 by certificate: lets Anna in with the profile that is written for her, until her certificate is taken back",
    async () => {
      const own = join(folder, "certificate");
      mkdirSync(join(own, "site"), { recursive: true });
      const site = join(own, "site/site.yaml");
      const text = readFileSync(example("roadwarrior-ikev2"), "utf8")
        .replace("system: openbsd-7.8", "system: freebsd-14.3")
        .replace("name: vpn.example.org", "name: vpn.example.org\n        auth: certificate")
        .replace(/\{ password: env:\w+ \}/g, "{}")
        .replace(/ {4}scenarios:.*\n/, "");
      writeFileSync(site, text);
      const ca = join(own, "ca");
      pierhead("vpn", "ca", "init", "--name", "Office", "--dir", ca);
      pierhead("vpn", "ca", "issue", "user", "anna", "--dir", ca);
      const issued = ["--dir", ca, "--for", "strongswan", "-o", join(own, "issued")];
      pierhead("vpn", "ca", "issue", "server", "vpn.example.org", ...issued);
      const swanctlFolder = join(own, "issued/usr/local/etc/swanctl");
      for (const one of ["x509", "private"])
        rmSync(join(head.folder, "swanctl", one), { recursive: true, force: true });
      cpSync(swanctlFolder, join(head.folder, "swanctl"), { recursive: true });
      const built = tree(site, own);
      const words = ["--server", HEAD, "--user", "anna", "--p12-password", "env:ANNA", "--platform", "strongswan"];
      pierhead("vpn", "clients", site, "--ca", ca, ...words, "-o", join(own, "profiles"));
      rmSync(join(client.folder, "swanctl"), { recursive: true });
      cpSync(join(own, "profiles/anna/strongswan/etc/swanctl"), join(client.folder, "swanctl"), { recursive: true });
      const loaded = await both(true, built, "include conf.d/*.conf\n");
      expect(loaded).toContain("loaded certificate from '");
      expect(loaded).toContain("successfully loaded 1 connections");
      const begin = (): string => swanctl(client, "--initiate", "--child", "office-gate", "--timeout", "10");
      expect(begin()).toContain("initiate completed");
      const sas = swanctl(head, "--list-sas");
      expect(sas).toMatch(/clients: #\d+, ESTABLISHED, IKEv2/);
      expect(sas).toContain("remote 'anna' @");
      expect(/\[(10\.87\.44\.\d+)\]/.exec(sas)?.[1]).toBe(simulated(built));
      const ping = run("ip", ["netns", "exec", client.namespace, "ping", "-c", "1", "-W", "3", "192.168.7.1"]);
      expect(ping).toContain("1 received");
      const leave = (): string => swanctl(client, "--terminate", "--ike", "office-gate", "--timeout", "5");

      // Somebody whose certificate says the same, signed by nobody.
      leave();
      const [certificate, key] = ["x509", "private"].map((one) => join(client.folder, "swanctl", one, "anna.pem")) as [
        string,
        string,
      ];
      for (const place of [certificate, key]) cpSync(place, join(own, basename(join(place, ".."))));
      const names = ["-subj", "/CN=anna", "-addext", "subjectAltName=DNS:anna"];
      must("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", ...names, "-keyout", key, "-out", certificate);
      swanctl(client, "--load-all", "--noprompt", "--clear");
      expect(begin()).not.toContain("initiate completed");
      expect(swanctl(head, "--list-sas")).not.toContain("ESTABLISHED");

      // Her own again, and taken back.
      for (const place of [certificate, key]) cpSync(join(own, basename(join(place, ".."))), place);
      swanctl(client, "--load-all", "--noprompt", "--clear");
      expect(begin()).toContain("initiate completed");
      leave();
      pierhead("vpn", "ca", "revoke", "anna", "--dir", ca);
      pierhead("vpn", "ca", "crl", ...issued);
      cpSync(join(swanctlFolder, "x509crl"), join(head.folder, "swanctl/x509crl"), { recursive: true });
      swanctl(head, "--load-creds", "--noprompt");
      // What it had is used on, and she gets in, until that is thrown away too.
      swanctl(head, "--flush-certs");
      expect(begin()).not.toContain("initiate completed");
      expect(readFileSync(join(head.folder, "log"), "utf8")).toContain("certificate was revoked");
    },
    120_000,
  );

  /** A key and a certificate for the head-end, of an authority the client trusts. */
  function certificates(): void {
    for (const part of ["x509", "private"]) mkdirSync(join(head.folder, "swanctl", part), { recursive: true });
    mkdirSync(join(client.folder, "swanctl/x509ca"), { recursive: true });
    const at = (name: string): string => join(folder, name);
    const key = join(head.folder, "swanctl/private/vpn.example.org.key");
    writeFileSync(at("extensions"), "subjectAltName=DNS:vpn.example.org\nextendedKeyUsage=serverAuth\n");
    must("openssl", "genrsa", "-traditional", "-out", at("ca.key"), "2048");
    must(
      "openssl",
      "req",
      "-x509",
      "-new",
      "-key",
      at("ca.key"),
      "-subj",
      "/CN=test",
      "-days",
      "2",
      "-out",
      at("ca.crt"),
    );
    must("openssl", "genrsa", "-traditional", "-out", key, "2048");
    must("openssl", "req", "-new", "-key", key, "-subj", "/CN=vpn.example.org", "-out", at("request"));
    must(
      "openssl",
      ...["x509", "-req", "-in", at("request"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial"],
      ...["-days", "2", "-extfile", at("extensions"), "-out", join(head.folder, "swanctl/x509/vpn.example.org.crt")],
    );
    cpSync(at("ca.crt"), join(client.folder, "swanctl/x509ca/ca.crt"));
  }

  /** The address a first client gets in the simulated machine. */
  function simulated(built: string): string | undefined {
    const files = ["etc/rc.conf", "etc/pf.conf", "etc/sysctl.conf", "usr/local/etc/swanctl/swanctl.conf"];
    const texts = new Map(files.map((path) => [path, readFileSync(join(built, path), "utf8")]));
    const scenario = `name: s\nsystem: freebsd-14.3\ntree: .\nsteps:\n  - connect: { user: anna, from: ${CLIENT}, protocol: ikev2 }\n    expect: { connected: true, address: 192.0.2.1 }\n`;
    const { steps } = runScenario(new Source("s", scenario), { readTree: () => texts, system });
    return steps[0]?.failures.find((one) => one.what === "address")?.got;
  }
});
