/**
 * The Linux hotspot of the example in network namespaces: a guest, the gateway with the files that were built, a server in the
 * world. Needs root, iproute2, nft, dnsmasq, dhclient.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { buildExample } from "./support/example-site.ts";

const site = resolve(import.meta.dirname, "../examples/hotspot/site.yaml");
const north = new Map(
  buildExample(site, null)
    .find((one) => one.name === "north")
    ?.files.map((one) => [one.path, one.text]),
);

function has(program: string): boolean {
  return spawnSync(program, ["--version"]).error === undefined;
}

const lacking = [
  ...(process.getuid?.() === 0 ? [] : ["root"]),
  ...["ip", "nft", "dnsmasq", "dhclient"].filter((one) => !has(one)),
];
if (lacking.length > 0) {
  if (process.env.CI === "true" && process.getuid?.() === 0) throw new Error(`lacking: ${lacking.join(", ")}`);
  process.stderr.write(`hotspot-world: skipped, lacking ${lacking.join(", ")}\n`);
}

const id = `phs${process.pid}`;
const [GUEST, GATEWAY, WORLD] = [`${id}g`, `${id}w`, `${id}i`];
const children: ChildProcess[] = [];
let scratch = "";

function run(...words: readonly string[]): string {
  const [program = "", ...rest] = words;
  return execFileSync(program, rest, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function within(namespace: string, ...words: readonly string[]): string {
  return run("ip", "netns", "exec", namespace, ...words);
}

function nft(text: string): void {
  execFileSync("ip", ["netns", "exec", GATEWAY, "nft", "-f", "-"], { input: text });
}

/** Starts a program in a namespace and waits until it has said something. */
async function start(namespace: string, words: readonly string[], said: RegExp): Promise<void> {
  const child = spawn("ip", ["netns", "exec", namespace, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let log = "";
  await new Promise<void>((done, failed) => {
    const hear = (text: Buffer): void => {
      log += text.toString();
      if (said.test(log)) done();
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.on("exit", (code) => failed(new Error(`${words[0]} ended with ${code}: ${log}`)));
  });
}

/** What becomes of a connection from the guest: `open`, or the error it hears. Silence would be `TIMEOUT`. */
function connect(address: string, port: number): string {
  const script = `const s = require("node:net").connect({ host: "${address}", port: ${port} });
s.setTimeout(3000, () => { console.log("TIMEOUT"); process.exit(); });
s.on("connect", () => { console.log("open"); process.exit(); });
s.on("error", (e) => { console.log(e.code); process.exit(); });`;
  return within(GUEST, process.execPath, "-e", script).trim();
}

describe.skipIf(lacking.length > 0)("the hotspot on Linux", () => {
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), `pierhead-hotspot-world-${process.pid}-`));
    for (const one of [GUEST, GATEWAY, WORLD]) {
      run("ip", "netns", "add", one);
      within(one, "ip", "link", "set", "lo", "up");
    }
    run("ip", "link", "add", "name", `${id}a`, "type", "veth", "peer", "name", `${id}b`);
    run("ip", "link", "add", "name", `${id}c`, "type", "veth", "peer", "name", `${id}d`);
    const card = (from: string, namespace: string, name: string, ...addresses: readonly string[]): void => {
      run("ip", "link", "set", from, "netns", namespace, "name", name);
      for (const address of addresses)
        within(namespace, "ip", "address", "add", address, "dev", name, ...(address.includes(":") ? ["nodad"] : []));
      within(namespace, "ip", "link", "set", name, "up");
    };
    card(`${id}a`, GUEST, "eth0");
    card(`${id}b`, GATEWAY, "enp2s0", "10.99.0.1/22", "2001:db8:99::1/64");
    card(`${id}c`, GATEWAY, "enp1s0", "198.51.100.10/24", "2001:db8:1::2/64");
    card(`${id}d`, WORLD, "eth0", "198.51.100.1/24", "2001:db8:1::1/64");
    within(WORLD, "ip", "-6", "route", "add", "2001:db8:99::/64", "via", "2001:db8:1::2");
    writeFileSync(join(scratch, "nftables.conf"), north.get("/etc/nftables.conf") ?? "");
    within(GATEWAY, "nft", "-f", join(scratch, "nftables.conf"));
    for (const line of (north.get("/etc/sysctl.d/60-pierhead.conf") ?? "")
      .split("\n")
      .filter((one) => /^net/.test(one))) {
      within(GATEWAY, "sysctl", "-q", "-w", line.replaceAll(" ", ""));
    }
    const server = `require("node:net").createServer((s) => s.on("error", () => {}).end("hello")).listen(443, "::", () => console.log("listens"))`;
    await start(WORLD, [process.execPath, "-e", server], /listens/);
    writeFileSync(join(scratch, "dnsmasq.conf"), north.get("/etc/dnsmasq.d/pierhead.conf") ?? "");
    const own = ["--pid-file=", `--dhcp-leasefile=${join(scratch, "leases")}`, "--user=root", "--log-facility=-"];
    await start(GATEWAY, ["dnsmasq", "--keep-in-foreground", "-C", join(scratch, "dnsmasq.conf"), ...own], /started/);
  });

  afterAll(() => {
    for (const child of children) child.kill("SIGKILL");
    for (const one of [GUEST, GATEWAY, WORLD]) spawnSync("ip", ["netns", "delete", one]);
    rmSync(scratch, { recursive: true, force: true });
  });

  it("leases an address out of the pool, and tells where the portal's API is", async () => {
    const conf = join(scratch, "dhclient.conf");
    const leases = join(scratch, "dhclient.leases");
    writeFileSync(
      conf,
      "option captive-portal code 114 = text;\nrequest subnet-mask, routers, domain-name-servers, captive-portal;\n",
    );
    writeFileSync(leases, "");
    const files = ["-cf", conf, "-lf", leases, "-pf", join(scratch, "dhclient.pid"), "-sf", "/bin/true"];
    within(GUEST, "dhclient", "-4", "-1", ...files, "eth0");
    const lease = readFileSync(leases, "utf8");
    const address = /fixed-address (10\.99\.[0-3]\.\d+);/.exec(lease)?.[1] ?? "";
    expect(lease).toContain('option captive-portal "https://north.example.org/captive-portal/api";');
    expect(lease).toContain("option routers 10.99.0.1;");
    expect(lease).toContain("option domain-name-servers 10.99.0.1;");
    // It goes into the background, and writes its number only then (detach() in dhclient.c).
    const pid = await vi.waitFor(
      () => {
        const text = readFileSync(join(scratch, "dhclient.pid"), "utf8");
        expect(text).toMatch(/^\d+\n/);
        return Number(text);
      },
      { timeout: 30_000, interval: 50 },
    );
    process.kill(pid, "SIGKILL");
    within(GUEST, "ip", "address", "add", `${address}/22`, "dev", "eth0");
    within(GUEST, "ip", "address", "add", "2001:db8:99::50/64", "dev", "eth0", "nodad");
    within(GUEST, "ip", "route", "replace", "default", "via", "10.99.0.1");
    within(GUEST, "ip", "-6", "route", "replace", "default", "via", "2001:db8:99::1");
  });

  it("announces itself as router, and the guests' network with it", async () => {
    // The kernel of the guest asks when its card comes up, and makes up an address (RFC 4862).
    await vi.waitFor(
      () => {
        const heard = within(GUEST, "ip", "-6", "address", "show", "dev", "eth0", "scope", "global");
        expect(heard).toMatch(/inet6 2001:db8:99:0:[0-9a-f:]+\/64 scope global .*dynamic/);
      },
      { timeout: 30_000, interval: 300 },
    );
  });

  it("gives the gateway's addresses for the portal's name", () => {
    const script = `const r = new (require("node:dns").promises.Resolver)(); r.setServers(["10.99.0.1"]);
Promise.all([r.resolve4("north.example.org"), r.resolve6("north.example.org")]).then((a) => console.log(a.flat().join()));`;
    expect(within(GUEST, process.execPath, "-e", script).trim()).toBe("10.99.0.1,2001:db8:99::1");
  });

  it("forwards nothing while there is no portal, says so at once, and lets nobody in to the gateway", () => {
    expect(connect("198.51.100.1", 443)).toBe("ECONNREFUSED");
    expect(connect("2001:db8:1::1", 443)).toBe("ECONNREFUSED");
    // The portal's ports are open to guests; nobody listens there now.
    expect(connect("10.99.0.1", 443)).toBe("ECONNREFUSED");
    expect(connect("10.99.0.1", 22)).toBe("ECONNREFUSED");
    expect(connect("198.51.100.10", 22)).toBe("ECONNREFUSED");
  });

  it("forwards what the portal's table has marked, and stops when the table is gone", () => {
    nft(`table inet pierhead_portal {
  chain at_forward { type filter hook forward priority filter; iifname "enp2s0" ct mark set 7; }
  chain at_last { type nat hook postrouting priority srcnat; oifname "enp1s0" ip saddr 10.99.0.0/22 masquerade; }
}\n`);
    expect(connect("198.51.100.1", 443)).toBe("open");
    expect(connect("2001:db8:1::1", 443)).toBe("open");
    within(GATEWAY, "nft", "delete", "table", "inet", "pierhead_portal");
    expect(connect("198.51.100.1", 443)).toBe("ECONNREFUSED");
    expect(connect("2001:db8:1::1", 443)).toBe("ECONNREFUSED");
  });

  it("loads its rules again without touching the portal's", () => {
    nft("table inet pierhead_portal { set classes { type mark; }; }\n");
    within(GATEWAY, "nft", "-f", join(scratch, "nftables.conf"));
    expect(within(GATEWAY, "nft", "list", "tables")).toContain("pierhead_portal");
  });
});
