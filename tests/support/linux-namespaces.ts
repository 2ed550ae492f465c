/**
 * A provider's wire in network namespaces: a router that answers for its own addresses only, ports on which frames from
 * other link-layer addresses and packets from other addresses are dropped, and one guest that is set up by the system's
 * own programs. Needs root, iproute2, nft, ping; ifup and systemd-networkd for what they set up.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const NETWORKD = "/lib/systemd/systemd-networkd";

/** Addresses of the world every case happens in. */
export const WORLD = {
  gateway: { 4: "192.0.2.1", 6: "2001:db8:ffff::1" },
  linkLocal: "fe80::1",
  remote: { 4: "203.0.113.99", 6: "2001:db8:9::9" },
  guest: { mac: "02:00:00:00:00:10", 4: "198.51.100.10", 6: "2001:db8:1::10" },
  neighbour: { mac: "02:00:00:00:00:20", 4: "198.51.100.20", 6: "2001:db8:1::20" },
} as const;

/** What was agreed on with the provider. */
export interface Guest {
  readonly mac: string;
  readonly 4: string;
  readonly 6: string;
}

export interface WorldOptions {
  /** Guests hear the router only; true when absent. */
  readonly isolated?: boolean;
  /** The router answers for the neighbour as well. */
  readonly proxies?: boolean;
  /** One packet is sent before the others. */
  readonly warm?: boolean;
  /** Who the guest is for the provider; {@link WORLD} when absent. */
  readonly guest?: Guest;
  /** Its card; eth0 when absent. */
  readonly card?: string;
}

export interface Setup extends WorldOptions {
  /** Path → text: `/etc/systemd/network/…` or `/etc/network/…`. */
  readonly files: Readonly<Record<string, string>>;
  readonly family: 4 | 6;
}

/** What became of a setup. */
export interface Observation {
  /** What ifup or networkd said. */
  readonly log: string;
  /** networkd's word for the link: `configured`, `configuring`, `failed`, `unmanaged`; empty for ifup. */
  readonly state: string;
  /** `ip -j route`, both families. */
  readonly routes: readonly KernelRoute[];
  readonly pings: Readonly<Record<PingTarget, boolean>>;
}

export type PingTarget = "gateway" | "remote" | "neighbour" | "big";

export interface KernelRoute {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly metric?: number;
  readonly type?: string;
  readonly flags?: readonly string[];
  readonly nexthops?: readonly {
    readonly gateway?: string;
    readonly dev?: string;
    readonly flags?: readonly string[];
  }[];
}

/** Why the tests cannot run here; null when they can. */
export function whyNotNamespaces(): string | null {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root, for network namespaces";
  for (const [program, name] of [
    ["ip", "iproute2"],
    ["nft", "nftables"],
    ["ping", "iputils-ping"],
    ["ifup", "ifupdown"],
    ["unshare", "util-linux"],
  ] as const) {
    if (!inPath(program)) return `needs ${program} (package ${name})`;
  }
  if (!existsSync(NETWORKD)) return "needs systemd-networkd (package systemd)";
  try {
    execFileSync("unshare", [
      "-n",
      "-m",
      "sh",
      "-c",
      "ip link add ph0 type veth peer name ph1 && ip link add ph2 type bridge",
    ]);
  } catch {
    return "may not make network namespaces with bridges in them";
  }
  return null;
}

function inPath(program: string): boolean {
  const folders = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin:/usr/bin:/bin`.split(":");
  return folders.some((folder) => folder !== "" && existsSync(join(folder, program)));
}

let number = 0;

/** A router and a neighbour that wait for a guest. */
export interface World {
  readonly id: string;
  readonly options: WorldOptions;
}

/** Makes the router and the neighbour. Many guests can come, one after the other. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const id = `${process.pid % 100000}x${number++}`;
  const output = await run("bash", ["-c", worldScript(options, id)]);
  if (!output.includes("ready")) throw new Error(`the namespaces could not be made:\n${output}`);
  return { id, options };
}

export async function closeWorld(world: World): Promise<void> {
  await run("bash", ["-c", `for n in ${namespaces(world.id).join(" ")}; do ip netns del $n; done`]);
}

/** Sets a guest up in a world, looks, and takes the guest away again. */
export async function observe(world: World, setup: Setup): Promise<Observation> {
  const folder = mkdtempSync(join(tmpdir(), "pierhead-truth-"));
  try {
    writeFileSync(join(folder, "run.sh"), guestScript(setup, folder, world.id));
    for (const [path, text] of Object.entries(setup.files)) writeFileSync(join(folder, flat(path)), text);
    const output = await run("bash", [join(folder, "run.sh")]);
    const read = (name: string): string => {
      const path = join(folder, name);
      return existsSync(path) ? readFileSync(path, "utf8") : "";
    };
    if (read("ready").trim() !== "yes") throw new Error(`the guest could not be made:\n${output}`);
    const routes = [...parse(read("routes4")), ...parse(read("routes6"))];
    const pings = Object.fromEntries(
      (["gateway", "remote", "neighbour", "big"] as const).map((target) => [
        target,
        read(`ping-${target}`).trim() === "0",
      ]),
    ) as Record<PingTarget, boolean>;
    return { log: read("log"), state: read("state").trim(), routes, pings };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Router, guest, neighbour. */
function namespaces(id: string): readonly [string, string, string] {
  return [`phr${id}`, `phg${id}`, `phn${id}`];
}

function parse(text: string): KernelRoute[] {
  return text.trim() === "" ? [] : (JSON.parse(text) as KernelRoute[]);
}

function flat(path: string): string {
  return `file${path.replaceAll("/", "%")}`;
}

function run(program: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, [...words], { timeout: 30_000 }, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`));
  });
}

/**
 * No duplicate detection, no advertisements, no reverse path filter: nothing to wait for. No redirects either: Linux as
 * a router sends them for IPv6 whatever it is told, and guests would then ask each other in vain.
 */
const QUIET = `for f in all default; do
  echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/$f/accept_ra
  echo 0 > /proc/sys/net/ipv4/conf/$f/accept_redirects; echo 0 > /proc/sys/net/ipv6/conf/$f/accept_redirects
  echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter; echo 0 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; done; ip link set lo up`;

function worldScript(options: WorldOptions, id: string): string {
  const { gateway, linkLocal, neighbour, remote } = WORLD;
  const guest: Guest = options.guest ?? WORLD.guest;
  const [router, , other] = namespaces(id);
  const port = (name: string, who: Guest): string => `
    iifname ${name} ether saddr != ${who.mac} drop
    iifname ${name} arp saddr ip != ${who[4]} drop
    iifname ${name} ip saddr != ${who[4]} drop
    iifname ${name} ip6 saddr != { ${who[6]}, fe80::/10, :: } drop`;
  const between = "iifname gport oifname nport drop; iifname nport oifname gport drop";
  return `
export PATH=$PATH:/usr/sbin:/sbin
set -e
ip netns add ${router}; ip netns add ${other}
ip netns exec ${other} sh -c '${QUIET}'
ip netns exec ${router} sh -c '${QUIET}; echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
  echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore; echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects; echo 0 > /proc/sys/net/ipv4/conf/default/send_redirects'
ip link add nport netns ${router} type veth peer name eth0 netns ${other} address ${neighbour.mac}
ip -n ${router} -batch - <<END
link add br0 address 02:00:00:00:00:fe type bridge mcast_snooping 0 forward_delay 0
link set br0 addrgenmode none
link set nport master br0
link set nport up
link set br0 up
addr add ${gateway[4]}/32 dev br0
addr add ${remote[4]}/32 dev lo
route add ${guest[4]} dev br0 src ${gateway[4]}
route add ${neighbour[4]} dev br0 src ${gateway[4]}
neigh add ${guest[4]} lladdr ${guest.mac} dev br0 nud permanent
neigh add ${neighbour[4]} lladdr ${neighbour.mac} dev br0 nud permanent
END
ip -n ${router} -6 -batch - <<END
addr add ${linkLocal}/64 dev br0 nodad
addr add ${gateway[6]}/128 dev br0 nodad
addr add ${remote[6]}/128 dev lo nodad
route add ${guest[6]} dev br0
route add ${neighbour[6]} dev br0
neigh add ${guest[6]} lladdr ${guest.mac} dev br0 nud permanent
neigh add ${neighbour[6]} lladdr ${neighbour.mac} dev br0 nud permanent
END
${options.proxies === true ? `ip netns exec ${router} sh -c 'echo 1 > /proc/sys/net/ipv4/conf/br0/proxy_arp_pvlan; echo 0 > /proc/sys/net/ipv4/neigh/br0/proxy_delay'` : ""}
ip netns exec ${router} nft -f - <<END
table bridge provider {
  chain in {
    type filter hook prerouting priority -300;${port("gport", guest)}${port("nport", neighbour)}
  }
  chain between {
    type filter hook forward priority 0;
    ${(options.isolated ?? true) ? between : ""}
  }
}
END
ip -n ${other} -batch - <<END
link set eth0 up
addr add ${neighbour[4]}/32 dev eth0
route add default via ${gateway[4]} dev eth0 onlink
END
ip -n ${other} -6 -batch - <<END
addr add ${neighbour[6]}/128 dev eth0 nodad
route add default via ${linkLocal} dev eth0
END
echo ready
`;
}

/** A guest from its card to its pings in one shell, which cleans up after itself. */
function guestScript(setup: Setup, folder: string, id: string): string {
  const { gateway, neighbour, remote } = WORLD;
  const guest: Guest = setup.guest ?? WORLD.guest;
  const card = setup.card ?? "eth0";
  const [router, inside] = namespaces(id);
  const { family } = setup;
  const isNetworkd = Object.keys(setup.files).some((path) => path.startsWith("/etc/systemd/"));
  return `
cd ${folder}
export PATH=$PATH:/usr/sbin:/sbin
cleanup() { ip -n ${router} link del gport 2>/dev/null; ip netns del ${inside} 2>/dev/null; }
trap cleanup EXIT
set -e
ip netns add ${inside}
ip netns exec ${inside} sh -c '${QUIET}'
ip link add gport netns ${router} type veth peer name ${card} netns ${inside} address ${guest.mac}
ip -n ${router} link set gport master br0 up
echo yes > ready
set +e
${isNetworkd ? applyNetworkd(setup, inside) : applyIfup(inside)}
cat > look.sh <<'INNER'
ip -j route show table main > routes4
ip -j -6 route show table main > routes6
# The first packet finds out which of several gateways answers.
${setup.warm === true ? `ping -${family} -n -c 1 -W 1 ${remote[family]} > /dev/null 2>&1` : ""}
look() { ping -${family} -n -c 1 -W 2 $2 $3 > /dev/null 2>&1; echo $? > ping-$1; }
look gateway "" ${gateway[family]} & look remote "" ${remote[family]} & look neighbour "" ${neighbour[family]} & look big "-M do -s 1400" ${remote[family]} &
wait
INNER
ip netns exec ${inside} bash look.sh
`;
}

/** The real ifup, with a state folder of its own and without the hooks of other packages. */
function applyIfup(inside: string): string {
  return `mkdir ifstate
ip netns exec ${inside} ifup -a -v --no-scripts -i '${flat("/etc/network/interfaces")}' --state-dir ifstate > log 2>&1
echo "status $?" >> log`;
}

/** The real systemd-networkd, without a bus and without udev: it takes a read-only /sys for "no udev here". */
function applyNetworkd(setup: Setup, inside: string): string {
  const copies = Object.keys(setup.files).map((path) => {
    const target = path.replace("/etc/systemd/network", "/run/systemd/network");
    return `mkdir -p '${target.slice(0, target.lastIndexOf("/"))}'; cp '${flat(path)}' '${target}'`;
  });
  return `cat > networkd.sh <<'INNER'
mount --make-rprivate /
mount -o remount,bind,ro /sys
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
${copies.join("\n")}
chown -R systemd-network:systemd-network /run/systemd/netif
chmod -R go+rX /run/systemd/network
SYSTEMD_LOG_LEVEL=info SYSTEMD_LOG_TARGET=console ${NETWORKD} > log 2>&1 &
daemon=$!
index=$(cat /sys/class/net/${setup.card ?? "eth0"}/ifindex)
# A state that stands for a second and more is the last one, unless networkd is still at work.
before=""; same=0
for i in $(seq 80); do
  sleep 0.1
  now=$(sed -n 's/^ADMIN_STATE=//p' /run/systemd/netif/links/$index 2>/dev/null)
  table=$(ip route; ip -6 route)
  if [ "$now$table" = "$before" ] && [ -n "$now" ]; then same=$((same + 1)); else same=0; fi
  before="$now$table"
  case $now in
    configured|failed|unmanaged) [ $same -ge 2 ] && break;;
    *) [ $same -ge 12 ] && break;;
  esac
done
echo "$now" > state
kill -9 $daemon
INNER
ip netns exec ${inside} unshare -m bash networkd.sh`;
}
