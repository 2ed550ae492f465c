/**
 * A DHCPv6 client and a server in network namespaces of their own: a client against Kea, or against a responder whose
 * timers are wrong. Nothing outside is contacted; files of the programs go to file systems that end with them.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { PATIENCE, until, wait } from "./two-isp-world.ts";

/** What the server is to send; times in seconds. */
export interface Timers {
  /** An address, a prefix, or an IPv4 address, whose times may be left out and which has no preferred lifetime. */
  readonly kind: "na" | "pd" | "v4";
  readonly t1: number | null;
  readonly t2: number | null;
  readonly preferred: number;
  readonly valid: number;
  /** Answers until it has granted, and never again. */
  readonly silent?: boolean;
}

/** What the client's interface had, when somebody looked. */
export interface Look {
  /** Seconds since 1970. */
  readonly time: number;
  readonly state: "none" | "preferred" | "deprecated";
}

export interface Outcome {
  readonly capture: Uint8Array;
  /** The client's lines with the time at which each came, as `journalctl -o short-unix` has them. */
  readonly log: string;
  readonly looks: readonly Look[];
  /** The lease file that the client keeps, and its name; null when it keeps none. */
  readonly leaseFile: { readonly name: string; readonly bytes: Uint8Array } | null;
}

export type Client = "dhcpcd" | "dhclient" | "dhcp6c" | "systemd-networkd";

const NETWORKD = ["/usr/lib/systemd/systemd-networkd", "/lib/systemd/systemd-networkd"];

/** Why a client cannot be run here; null when it can. */
export function clientIsMissing(client: Client): string | null {
  if (client !== "systemd-networkd") {
    return spawnSync("which", [client]).status === 0 ? null : `needs ${client}`;
  }
  if (!NETWORKD.some((path) => existsSync(path))) return "needs systemd-networkd";
  if (spawnSync("id", ["systemd-network"]).status !== 0) return "needs the user systemd-network";
  // Its DUID is made of it.
  const identity = existsSync("/etc/machine-id") ? readFileSync("/etc/machine-id", "utf8").trim() : "";
  return /^[0-9a-f]{32}$/.test(identity) ? null : "needs /etc/machine-id";
}

/** Why there can be no such world here; null when there can. */
export function leaseWorldIsMissing(): string | null {
  if (process.platform !== "linux") return "network namespaces are Linux only";
  if (process.getuid?.() !== 0) return "needs root for network namespaces";
  if (!existsSync("/proc/net/if_inet6")) return "needs IPv6";
  for (const [tool, flag] of [
    ["ip", "-V"],
    ["tcpdump", "--version"],
  ] as const) {
    if (spawnSync(tool, [flag]).status !== 0) return `needs ${tool}`;
  }
  const name = `phl${process.pid}-try`;
  const made = spawnSync("ip", ["netns", "add", name]);
  // The programs' own folders are hidden below file systems in memory.
  const mounted = spawnSync("ip", ["netns", "exec", name, "mount", "-t", "tmpfs", "tmpfs", "/run"]);
  spawnSync("ip", ["netns", "del", name]);
  return made.status === 0 && mounted.status === 0 ? null : "network namespaces are not allowed here";
}

/** Why Kea cannot be run here; null when it can. */
export function keaIsMissing(): string | null {
  return spawnSync("kea-dhcp6", ["-V"]).status === 0 ? null : "needs kea-dhcp6";
}

/** `9.4.1` */
export function dhcpcdVersion(): string {
  return /dhcpcd (\S+)/.exec(spawnSync("dhcpcd", ["--version"], { encoding: "utf8" }).stdout)?.[1] ?? "";
}

const DHCLIENT_SCRIPT = `#!/bin/sh
case $reason in
BOUND6|RENEW6|REBIND6)
  ip -6 address replace $new_ip6_address/128 dev $interface \\
    valid_lft $new_max_life preferred_lft $new_preferred_life ;;
EXPIRE6|RELEASE6|STOP6) ip -6 address del $old_ip6_address/128 dev $interface ;;
BOUND|RENEW|REBIND|REBOOT) ip address replace $new_ip_address/24 dev $interface ;;
EXPIRE|RELEASE|STOP) ip address del $old_ip_address/24 dev $interface ;;
esac
exit 0
`;

const NETWORK = `[Match]
Name=eth0
[Network]
DHCP=ipv6
IPv6AcceptRA=no
[DHCPv6]
WithoutRA=solicit
`;

let worlds = 0;

/** Runs the client against a server for so many seconds after it was started. */
export async function runClient(
  client: Client,
  server: "kea" | "responder",
  timers: Timers,
  seconds: number,
): Promise<Outcome> {
  const world = new LeaseWorld();
  try {
    return await world.run(client, server, timers, seconds);
  } finally {
    world.destroy();
  }
}

/** Taken down when the tests end in the middle. */
const open = new Set<{ destroy(): void }>();
process.once("exit", () => {
  for (const world of open) world.destroy();
});

class LeaseWorld {
  readonly #folder = mkdtempSync(join(tmpdir(), "pierhead-lease-"));
  readonly #prefix = `phl${process.pid}-${worlds++}`;
  readonly #children = new Set<ChildProcess>();

  constructor() {
    open.add(this);
    const [server, client] = [this.#name("s"), this.#name("c")];
    this.#ip("netns", "add", server);
    this.#ip("netns", "add", client);
    this.#ip("link", "add", "eth0", "netns", server, "type", "veth", "peer", "name", "eth0", "netns", client);
    for (const name of [server, client]) {
      // Duplicate address detection would take a second of a lease that has few; where this is not allowed, it does.
      const settings = "/proc/sys/net/ipv6/conf/eth0";
      spawnSync("ip", [
        "netns",
        "exec",
        name,
        "sh",
        "-c",
        `echo 0 > ${settings}/disable_ipv6; echo 0 > ${settings}/accept_dad`,
      ]);
      this.#ip("-n", name, "link", "set", "lo", "up");
      this.#ip("-n", name, "link", "set", "eth0", "up");
    }
    this.#ip("-n", server, "-6", "address", "add", "2001:db8:1::1/64", "dev", "eth0", "nodad");
    this.#ip("-n", server, "address", "add", "192.0.2.1/24", "broadcast", "192.0.2.255", "dev", "eth0");
    // Answers to 255.255.255.255 need a way out.
    this.#ip("-n", server, "route", "add", "default", "dev", "eth0");
  }

  #name(place: "s" | "c"): string {
    return `${this.#prefix}-${place}`;
  }

  #ip(...words: string[]): string {
    const { status, stdout, stderr } = spawnSync("ip", words, { encoding: "utf8" });
    if (status !== 0) throw new Error(`ip ${words.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** Starts a shell line in a place, with folders in memory over those that its programs write to. */
  #start(place: "s" | "c", hidden: readonly string[], line: string): ChildProcess {
    const mounts = hidden.map((folder) => `mount -t tmpfs tmpfs ${folder}`);
    const script = [...mounts, `exec ${line}`].join(" && ");
    const child = spawn("ip", ["netns", "exec", this.#name(place), "sh", "-c", script], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  async run(name: Client, server: "kea" | "responder", timers: Timers, seconds: number): Promise<Outcome> {
    const linkLocal = (): boolean =>
      ["s", "c"].every((place) =>
        /fe80/.test(
          this.#ip("-n", this.#name(place as "s" | "c"), "-6", "address", "show", "dev", "eth0", "-tentative"),
        ),
      );
    await until(linkLocal, PATIENCE, "link-local addresses");
    await (server === "kea" ? this.#kea(timers) : this.#responder(timers));
    const capture = join(this.#folder, "lease.pcap");
    this.#start(
      "c",
      [],
      `tcpdump -i eth0 -U --immediate-mode -Z root -w ${capture} 'udp portrange 67-68 or udp portrange 546-547'`,
    );
    await until(() => existsSync(capture) && statSync(capture).size >= 24, PATIENCE, "tcpdump");
    const looks: Look[] = [await this.#look(timers.kind)];
    const client = this.#client(name, timers);
    let log = "";
    const stamp = (chunk: Buffer): void => {
      const now = (Date.now() / 1000).toFixed(3);
      for (const line of chunk.toString().split("\n")) if (line !== "") log += `${now} ${line}\n`;
    };
    client.stdout?.on("data", stamp);
    client.stderr?.on("data", stamp);
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      looks.push(await this.#look(timers.kind));
      await wait(250);
    }
    return { capture: readFileSync(capture), log, looks, leaseFile: this.#leaseFile(name, timers) };
  }

  #file(name: string, text: string, mode = 0o644): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text, { mode });
    return path;
  }

  #client(name: Client, { kind }: Timers): ChildProcess {
    if (name === "dhcpcd") {
      const six = `ipv6only\nnoipv6rs\ninterface eth0\n  ${kind === "na" ? "ia_na 1" : "ia_pd 1/::/56 -"}\n`;
      const four = "ipv4only\nnoarp\nnoipv4ll\ninterface eth0\n";
      // Without the vendor class, which tells the kernel of the machine.
      const config = this.#file("dhcpcd.conf", `duid ll\nnooption dhcp6_vivco\n${kind === "v4" ? four : six}`);
      return this.#start("c", ["/run", "/var/lib/dhcpcd"], `dhcpcd -B -d -f ${config} -c /bin/true eth0`);
    }
    if (name === "dhclient") {
      // Its own script would write to the machine's resolv.conf.
      const script = this.#file("script", DHCLIENT_SCRIPT, 0o755);
      const files = `-lf ${join(this.#folder, "leases")} -pf ${join(this.#folder, "pid")}`;
      const family = kind === "v4" ? "-4" : "-6 -D LL";
      return this.#start("c", ["/run"], `dhclient ${family} -d -v -cf /dev/null ${files} -sf ${script} eth0`);
    }
    if (name === "dhcp6c") {
      const config = this.#file("dhcp6c.conf", "interface eth0 { send ia-na 1; };\nid-assoc na 1 { };\n");
      const line = `dhcp6c -f -D -c ${config} -p ${join(this.#folder, "pid")} eth0`;
      return this.#start("c", ["/run", "/var/lib"], `sh -c 'mkdir -p /var/lib/dhcpv6 && exec ${line}'`);
    }
    const network = this.#file("eth0.network", kind === "v4" ? NETWORK.replace("DHCP=ipv6", "DHCP=ipv4") : NETWORK);
    const program = NETWORKD.find((path) => existsSync(path)) as string;
    // Without a udev it would wait for one, unless /sys cannot be written to.
    const steps = [
      "mount -o remount,bind,ro /sys",
      "mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp",
      `cp ${network} /run/systemd/network/eth0.network`,
      "chmod -R a+rwX /run/systemd",
      `SYSTEMD_LOG_LEVEL=debug exec ${program}`,
    ];
    return this.#start("c", ["/run", "/etc/systemd/network"], `sh -c '${steps.join(" && ")}'`);
  }

  /** What the client has written, seen through one of its processes: its folders are its own. */
  #leaseFile(name: Client, { kind }: Timers): Outcome["leaseFile"] {
    const paths =
      name === "dhclient"
        ? [join(this.#folder, "leases")]
        : spawnSync("ip", ["netns", "pids", this.#name("c")], { encoding: "utf8" })
            .stdout.split(/\s+/)
            .filter((pid) => pid !== "")
            .flatMap((pid) => {
              const seen = (path: string): string => join("/proc", pid, "root", path);
              if (name === "dhcpcd") return [seen(`var/lib/dhcpcd/eth0.lease${kind === "v4" ? "" : "6"}`)];
              const folder = seen("run/systemd/netif/leases");
              return name === "systemd-networkd" && existsSync(folder)
                ? readdirSync(folder).map((index) => join(folder, index))
                : [];
            });
    const path = paths.find((one) => existsSync(one));
    return path === undefined ? null : { name: path, bytes: readFileSync(path) };
  }

  /** Not spawnSync: while one world waits for ip(8) the others would read their clients' lines late. */
  async #look(kind: Timers["kind"]): Promise<Look> {
    const words = ["-n", this.#name("c"), kind === "v4" ? "-4" : "-6", "address", "show", "dev", "eth0"];
    const time = Date.now() / 1000;
    const { stdout } = await promisify(execFile)("ip", [...words, "scope", "global"]);
    if (!stdout.includes("inet")) return { time, state: "none" };
    return { time, state: stdout.includes("deprecated") ? "deprecated" : "preferred" };
  }

  async #kea({ t1, t2, preferred, valid }: Timers): Promise<void> {
    const config = join(this.#folder, "kea.json");
    const subnet = {
      subnet: "2001:db8:1::/64",
      interface: "eth0",
      pools: [{ pool: "2001:db8:1::100-2001:db8:1::1ff" }],
      "pd-pools": [{ prefix: "2001:db8:8000::", "prefix-len": 40, "delegated-len": 56 }],
    };
    const settings = {
      "interfaces-config": { interfaces: ["eth0"] },
      "lease-database": { type: "memfile", persist: false },
      "renew-timer": t1,
      "rebind-timer": t2,
      "preferred-lifetime": preferred,
      "valid-lifetime": valid,
      subnet6: [subnet],
      loggers: [{ name: "kea-dhcp6", severity: "INFO", output_options: [{ output: "stdout", flush: true }] }],
    };
    writeFileSync(config, JSON.stringify({ Dhcp6: settings }));
    // Kea keeps its DUID below /var/lib, whether or not its folder is there.
    const line = `env KEA_PIDFILE_DIR=/run KEA_LOCKFILE_DIR=/run kea-dhcp6 -c ${config}`;
    const kea = this.#start("s", ["/run", "/var/lib"], `sh -c 'mkdir -p /var/lib/kea && exec ${line}'`);
    await said(kea, "DHCP6_STARTED", "Kea");
  }

  async #responder(timers: Timers): Promise<void> {
    const script = resolve(import.meta.dirname, `dhcpv${timers.kind === "v4" ? 4 : 6}-responder.mjs`);
    const responder = this.#start("s", [], `${process.execPath} ${script} eth0 '${JSON.stringify(timers)}'`);
    await said(responder, "ready", "the responder");
  }

  destroy(): void {
    open.delete(this);
    for (const child of this.#children) child.kill("SIGTERM");
    for (const place of ["s", "c"] as const) {
      // dhcpcd's helpers are not our children.
      const pids = spawnSync("ip", ["netns", "pids", this.#name(place)], { encoding: "utf8" }).stdout.split(/\s+/);
      for (const pid of pids) if (pid !== "") spawnSync("kill", ["-9", pid]);
      spawnSync("ip", ["netns", "del", this.#name(place)]);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Waits until a program says something. */
async function said(child: ChildProcess, word: string, what: string): Promise<void> {
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await until(() => output.includes(word) || child.exitCode !== null, PATIENCE, what).catch(() => {});
  if (!output.includes(word)) throw new Error(`${what} did not start:\n${output.slice(-2_000)}`);
}
