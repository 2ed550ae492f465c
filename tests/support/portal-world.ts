/** Two guests, a gateway and an internet with IPv4 and IPv6 in network namespaces, for the portal's firewall. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";

export type PortalPlace = "guest" | "other" | "gateway" | "internet";

export const PORTAL = {
  guest: { 4: "10.77.0.10", 6: "2001:db8:77::10", mac: "02:77:00:00:00:10" },
  other: { 4: "10.77.0.11", 6: "2001:db8:77::11", mac: "02:77:00:00:00:11" },
  gateway: { 4: "10.77.0.1", 6: "2001:db8:77::1" },
  uplink: { 4: "192.0.2.1", 6: "2001:db8:80::1" },
  server: { 4: "192.0.2.80", 6: "2001:db8:80::80" },
  garden: { 4: "192.0.2.90", 6: "2001:db8:80::90" },
  resolver: { 4: "192.0.2.53", 6: "2001:db8:80::53" },
  lan: { 4: "10.99.0.5", 6: "2001:db8:99::5" },
} as const;

/** Ends of a test run that are no `exit`. */
const SIGNALS = ["SIGTERM", "SIGINT"] as const;
const PLACES: readonly PortalPlace[] = ["guest", "other", "gateway", "internet"];

/** Why it cannot be tried here; null when it can. */
export function portalWorldIsMissing(): string | null {
  if (process.getuid?.() !== 0) return "needs root";
  for (const [tool, words] of [
    ["nft", ["--version"]],
    ["tc", ["-V"]],
    ["ip", ["-V"]],
  ] as const) {
    if (spawnSync(tool, words).status !== 0) return `needs ${tool}`;
  }
  const name = `pwt${process.pid}`;
  const tried = spawnSync("ip", ["netns", "add", name]);
  spawnSync("ip", ["netns", "del", name]);
  return tried.status === 0 ? null : "cannot make network namespaces";
}

let worlds = 0;

export class PortalWorld {
  readonly #id = `pw${process.pid}x${worlds++}`;
  readonly #children: Set<ChildProcess> = new Set();
  readonly #atExit = (): void => this.destroy();
  readonly #atSignal = (): void => {
    this.destroy();
    process.exit(143);
  };

  constructor() {
    process.once("exit", this.#atExit);
    for (const signal of SIGNALS) process.once(signal, this.#atSignal);
    try {
      for (const place of PLACES) {
        command(["ip", "netns", "add", this.name(place)]);
        this.shell(place, QUIET);
      }
      this.shell("gateway", FORWARD);
      const [guest, other, gateway, internet] = PLACES.map((place) => this.name(place));
      command(["ip", "-batch", "-"], `${links(guest, other, gateway, internet)}\n`);
      for (const place of PLACES) this.run(place, ["ip", "-batch", "-"], `${ADDRESSES[place]}\n`);
      // A link carries nothing until the kernel has noticed its carrier, up to a second later.
      const hosts = [PORTAL.guest, PORTAL.other, PORTAL.server].flatMap((one) => [one[4], one[6]]);
      this.shell("gateway", hosts.map((host) => `ping -q -c 1 -w 10 -i 0.1 ${host}`).join(" && "));
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  name(place: PortalPlace): string {
    return `${this.#id}-${place}`;
  }

  prefix(place: PortalPlace): readonly string[] {
    return ["ip", "netns", "exec", this.name(place)];
  }

  run(place: PortalPlace, argv: readonly string[], input = ""): string {
    return command([...this.prefix(place), ...argv], input);
  }

  shell(place: PortalPlace, script: string): string {
    return this.run(place, ["sh", "-c", script]);
  }

  /** Servers of `portal-servers.mjs`. */
  async serve(place: PortalPlace, servers: Record<string, unknown>): Promise<ChildProcess> {
    const script = join(import.meta.dirname, "portal-servers.mjs");
    const child = this.spawn(place, [process.execPath, script, JSON.stringify(servers)]);
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once("data", () => resolve());
      child.once("exit", (status) => reject(new Error(`the servers of ${place} ended with ${status}`)));
    });
    return child;
  }

  /** What `portal-client.mjs` found, in order. */
  async try(place: PortalPlace, tries: readonly object[]): Promise<unknown[]> {
    const child = this.spawn(place, [process.execPath, join(import.meta.dirname, "portal-client.mjs")]);
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    child.stdin?.end(JSON.stringify(tries));
    await new Promise((resolve) => child.once("close", resolve));
    return JSON.parse(text) as unknown[];
  }

  spawn(place: PortalPlace, argv: readonly string[]): ChildProcess {
    const [tool = "", ...words] = [...this.prefix(place), ...argv];
    const child = spawn(tool, words, { stdio: ["pipe", "pipe", "inherit"] });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  destroy(): void {
    process.off("exit", this.#atExit);
    for (const signal of SIGNALS) process.off(signal, this.#atSignal);
    for (const child of this.#children) child.kill("SIGKILL");
    for (const place of PLACES) spawnSync("ip", ["netns", "del", this.name(place)]);
  }
}

function command(argv: readonly string[], input = ""): string {
  const [tool = "", ...words] = argv;
  const { status, stdout, stderr } = spawnSync(tool, words, { encoding: "utf8", input, maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${argv.join(" ")}: ${stderr.slice(0, 1_000)}`);
  return stdout;
}

/** Nothing to wait for; and at most 4 MB that was forwarded lie unread before a program, whatever the machine allows. */
const QUIET = `echo "4096 131072 4194304" > /proc/sys/net/ipv4/tcp_rmem
for f in all default; do
  echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/$f/accept_ra
  echo 0 > /proc/sys/net/ipv4/conf/$f/accept_redirects; echo 0 > /proc/sys/net/ipv6/conf/$f/accept_redirects
  echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter; echo 0 > /proc/sys/net/ipv4/conf/$f/send_redirects
  echo 0 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; done
echo 0 > /proc/sys/net/ipv4/icmp_ratelimit; echo 0 > /proc/sys/net/ipv6/icmp/ratelimit
ip link set lo up`;

const FORWARD = "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding";

function links(guest = "", other = "", gateway = "", internet = ""): string {
  return [
    `link add eth0 netns ${guest} address ${PORTAL.guest.mac} type veth peer name port1 netns ${gateway}`,
    `link add eth0 netns ${other} address ${PORTAL.other.mac} type veth peer name port2 netns ${gateway}`,
    `link add wan0 netns ${gateway} type veth peer name eth0 netns ${internet}`,
  ].join("\n");
}

function guestAddresses(who: { 4: string; 6: string }): string {
  return [
    "link set eth0 up",
    `addr add ${who[4]}/24 dev eth0`,
    `addr add ${who[6]}/64 dev eth0 nodad`,
    `route add default via ${PORTAL.gateway[4]}`,
    `route add ::/0 via ${PORTAL.gateway[6]}`,
  ].join("\n");
}

const ADDRESSES: Record<PortalPlace, string> = {
  guest: guestAddresses(PORTAL.guest),
  other: guestAddresses(PORTAL.other),
  gateway: `link add guest0 address 02:77:00:00:00:01 type bridge forward_delay 0 mcast_snooping 0
link set port1 master guest0 up
link set port2 master guest0 up
link set guest0 up
addr add ${PORTAL.gateway[4]}/24 dev guest0
addr add ${PORTAL.gateway[6]}/64 dev guest0 nodad
link set wan0 up
addr add ${PORTAL.uplink[4]}/24 dev wan0
addr add ${PORTAL.uplink[6]}/64 dev wan0 nodad
link add lan0 type veth peer name lan1
link set lan1 up
link set lan0 up
addr add 10.99.0.1/24 dev lan0
addr add 2001:db8:99::1/64 dev lan0 nodad`,
  internet: `link set eth0 up
${[PORTAL.server, PORTAL.garden, PORTAL.resolver].map((one) => `addr add ${one[4]}/24 dev eth0\naddr add ${one[6]}/64 dev eth0 nodad`).join("\n")}
route add 2001:db8:77::/64 via ${PORTAL.uplink[6]}`,
};
