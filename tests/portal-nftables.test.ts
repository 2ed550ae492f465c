/** The nftables driver against a kernel: guests, gateway and internet in network namespaces. */
import {
  createFirewall,
  FirewallError,
  type FirewallPlan,
  type Opening,
  type WatchfulFirewall,
} from "@pierhead/gateway/firewall";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PORTAL, PortalWorld, portalWorldIsMissing } from "./support/portal-world.ts";

const missing = portalWorldIsMissing();
if (missing !== null) console.log(`portal's firewall on Linux: skipped, ${missing}`);

const PLAN: FirewallPlan = {
  guests: { interface: "guest0", addresses: [`${PORTAL.gateway[4]}/24`, `${PORTAL.gateway[6]}/64`], isolate: true },
  uplink: { interface: "wan0", nat: true },
  resolvers: [PORTAL.gateway[4], PORTAL.gateway[6]],
  redirectPort: 8080,
  portalPorts: [8443],
  openPorts: [2222],
};

const OPENING: Opening = {
  number: 7,
  mac: PORTAL.guest.mac,
  addresses: [PORTAL.guest[4]],
  rateUp: null,
  rateDown: null,
};

/** Name, kind, host by family, port, then the answer before signing in and after. */
type Case = readonly [string, "tcp" | "udp", { 4: string; 6: string }, number, string, string];
const { server, gateway, garden, resolver, uplink, lan, other } = PORTAL;
const REFUSED = "refused";
const CASES: readonly Case[] = [
  ["HTTP", "tcp", server, 80, "port 8080", "port 80"],
  ["HTTPS", "tcp", server, 443, REFUSED, "port 443"],
  ["SSH", "tcp", server, 22, REFUSED, "port 22"],
  ["QUIC", "udp", server, 443, REFUSED, "echo question"],
  ["DNS over TLS", "tcp", resolver, 853, REFUSED, "port 853"],
  ["our resolver", "udp", gateway, 53, "echo question", "echo question"],
  ["our resolver by TCP", "tcp", gateway, 53, "port 53", "port 53"],
  ["another resolver by TCP is ours", "tcp", resolver, 53, "port 53", "port 53 abroad"],
  ["the portal", "tcp", gateway, 8443, "port 8443", "port 8443"],
  ["the redirected port itself", "tcp", gateway, 8080, "port 8080", "port 8080"],
  ["an open port of the gateway", "tcp", gateway, 2222, REFUSED, "port 2222"],
  ["the admin page", "tcp", gateway, 9000, REFUSED, REFUSED],
  ["the admin page by the outer address", "tcp", uplink, 9000, REFUSED, REFUSED],
  ["the portal's port at the outer address", "tcp", uplink, 8443, REFUSED, REFUSED],
  ["UDP of the gateway", "udp", gateway, 123, REFUSED, REFUSED],
  ["the walled garden", "tcp", garden, 443, "port 443", "port 443"],
  ["the walled garden by HTTP", "tcp", garden, 80, "port 80", "port 80"],
  ["another port beside the garden's", "tcp", resolver, 443, "port 443", "port 443"],
  ["and not that one", "tcp", resolver, 22, REFUSED, "port 22"],
  ["another network behind the gateway", "tcp", lan, 443, REFUSED, REFUSED],
  ["another guest through the gateway", "tcp", other, 443, REFUSED, REFUSED],
];

describe.skipIf(missing !== null)("the portal's nftables", () => {
  let world: PortalWorld;
  let firewall: WatchfulFirewall;
  const open = (changes: Partial<Opening> = {}): Promise<unknown> =>
    firewall.apply([{ kind: "open", opening: { ...OPENING, ...changes } }]);
  const close = (number = OPENING.number) => firewall.apply([{ kind: "close", number }]);

  beforeAll(async () => {
    world = new PortalWorld();
    // Bridged neighbours talk directly; here they ask the gateway.
    for (const family of [4, 6] as const) {
      world.run("guest", ["ip", `-${family}`, "route", "add", other[family], "via", gateway[family]]);
    }
    await Promise.all([
      world.serve("internet", {
        tcp: [80, 443, 22, 853, 53],
        udp: [53, 443, 9],
        addresses: [server, resolver].flatMap((one) => [one[4], one[6]]),
        stream: [8000],
        sink: [8001],
      }),
      world.serve("gateway", {
        tcp: [53, 8080, 8443, 2222, 9000],
        udp: [53, 68, 123],
        addresses: [gateway[4], gateway[6]],
      }),
      world.serve("other", { tcp: [443] }),
    ]);
    world.run(
      "gateway",
      ["nft", "-f", "-"],
      "table inet theirs { set s { type ipv4_addr; elements = { 198.51.100.1 } }; chain c { }\n}",
    );
    firewall = createFirewall({ kind: "nftables", prefix: world.prefix("gateway") });
    await firewall.start(PLAN);
    await firewall.garden([
      { prefix: garden[4], protocol: null, port: null, timeout: null },
      { prefix: `${garden[6]}/128`, protocol: "tcp", port: null, timeout: null },
      { prefix: `${resolver[4]}/32`, protocol: "tcp", port: 443, timeout: 600 },
      { prefix: resolver[6], protocol: null, port: 443, timeout: null },
    ]);
  });
  afterAll(async () => {
    await firewall?.stop();
    world?.destroy();
  });

  async function answers(column: 4 | 5): Promise<void> {
    const tries = CASES.flatMap(([, kind, host, port]) =>
      ([4, 6] as const).map((family) => ({ kind, host: host[family], port })),
    );
    const found = await world.try("guest", tries);
    const got = CASES.flatMap((one, index) =>
      ([4, 6] as const).map((family, offset) => `${one[0]} v${family}: ${plain(found[index * 2 + offset])}`),
    );
    const expected = CASES.flatMap((one) =>
      [4, 6].map((family) => `${one[0]} v${family}: ${one[column].replace(" abroad", "")}`),
    );
    expect(got).toEqual(expected);
  }

  /** RST, or ICMP's administratively prohibited as each family's socket reports it. */
  function plain(answer: unknown): string {
    return ["ECONNREFUSED", "EHOSTUNREACH", "EACCES"].includes(String(answer)) ? REFUSED : String(answer);
  }

  it("lets who has not signed in do what the plan says, and answers the rest at once", () => answers(4));

  it("lets who has signed in out, and not after the end", async () => {
    await open();
    await answers(5);
    await close();
    await answers(4);
  });

  it("asks our resolver when another is asked before signing in", async () => {
    const tries = ([4, 6] as const).map((family) => ({ kind: "udp", host: resolver[family], port: 53 }));
    world.run("gateway", ["nft", "reset", "counters"]);
    expect(await world.try("guest", tries)).toEqual(["echo question", "echo question"]);
    // Nothing of it left by the uplink: the answers were the gateway's own.
    expect(world.run("gateway", ["nft", "list", "set", "inet", "pierhead_portal", "questions"])).toContain(
      PORTAL.guest.mac,
    );
    const conntrack = world.run("gateway", ["conntrack", "-L", "-p", "udp", "--orig-dst", resolver[4]]);
    expect(conntrack).toContain(`src=${gateway[4]} dst=${PORTAL.guest[4]} sport=53`);
  });

  it("lets no tunnel through the resolver be quick", async () => {
    const found = await world.try("guest", [{ kind: "echoes", host: gateway[4], port: 53, count: 600, size: 100 }]);
    expect(found[0]).toBeGreaterThan(20);
    expect(found[0]).toBeLessThan(200);
    await open();
    expect(await world.try("guest", [{ kind: "echoes", host: gateway[4], port: 53, count: 300, size: 100 }])).toEqual([
      300,
    ]);
    await close();
  });

  it("follows a privacy address without being told", async () => {
    await open();
    const private6 = "2001:db8:77::dead:beef";
    world.run("guest", ["ip", "addr", "add", `${private6}/64`, "dev", "eth0", "nodad"]);
    expect(await world.try("guest", [{ kind: "tcp", host: server[6], port: 443, source: private6 }])).toEqual([
      "port 443",
    ]);
    const [session] = await firewall.read();
    expect(session?.inputPackets).toBeGreaterThan(3n);
    await close();
  });

  it("refuses an IPv4 address that is not the device's, and says so", async () => {
    await open();
    world.run("guest", ["ip", "addr", "add", "10.77.0.99/24", "dev", "eth0"]);
    const borrowed = { kind: "tcp", host: server[4], port: 443, source: "10.77.0.99" };
    expect(await world.try("guest", [borrowed])).toEqual(["ECONNREFUSED"]);
    expect(await firewall.spoofing()).toEqual([
      { mac: PORTAL.guest.mac, address: "10.77.0.99", packets: expect.any(BigInt) },
    ]);
    // It was a new lease: the neighbour table tells, and the session goes on with its counters.
    const before = await firewall.read();
    await firewall.apply([{ kind: "alter", opening: { ...OPENING, addresses: [PORTAL.guest[4], "10.77.0.99"] } }]);
    expect(await world.try("guest", [borrowed])).toEqual(["port 443"]);
    const after = await firewall.read();
    expect(after[0]?.inputOctets).toBeGreaterThan(before[0]?.inputOctets ?? 0n);
    await firewall.apply([{ kind: "alter", opening: OPENING }]);
    expect(await world.try("guest", [borrowed])).toEqual(["ECONNREFUSED"]);
    await close();
  });

  it("refuses another device with the address of one that is in, and drops what is not of the link", async () => {
    await open();
    world.run("other", ["ip", "addr", "add", `${PORTAL.guest[4]}/24`, "dev", "eth0"]);
    world.run("gateway", ["ip", "neigh", "replace", PORTAL.guest[4], "lladdr", PORTAL.other.mac, "dev", "guest0"]);
    const stolen = { kind: "tcp", host: server[4], port: 443, source: PORTAL.guest[4] };
    expect(await world.try("other", [stolen])).toEqual(["ECONNREFUSED"]);
    world.run("other", ["ip", "addr", "del", `${PORTAL.guest[4]}/24`, "dev", "eth0"]);
    world.run("gateway", ["ip", "neigh", "del", PORTAL.guest[4], "dev", "guest0"]);
    world.run("other", ["ip", "addr", "add", "203.0.113.9/32", "dev", "lo"]);
    await world.try("other", [{ kind: "udp", host: server[4], port: 443, source: "203.0.113.9" }]);
    expect(counter("foreign")).toBeGreaterThan(0);
    await close();
  });

  it("drops guests' own DHCP answers and router advertisements", async () => {
    const before = counter("rogue");
    await world.try("guest", [{ kind: "udp", host: gateway[4], port: 68, sourcePort: 67 }]);
    expect(counter("rogue")).toBe(before + 1);
    world.run("guest", ["python3", "-c", ADVERTISE]);
    expect(counter("rogue")).toBe(before + 2);
  });

  it("counts what was forwarded to the octet", async () => {
    await open();
    const [before] = await firewall.read();
    expect(before).toMatchObject({ number: 7, mac: PORTAL.guest.mac, addresses: [PORTAL.guest[4]] });
    const [count, size] = [500, 1_000];
    expect(await world.try("guest", [{ kind: "echoes", host: server[4], port: 9, count, size }])).toEqual([count]);
    const [after] = await firewall.read();
    expect(after?.inputOctets).toBe((before?.inputOctets ?? 0n) + BigInt(count * (size + 28)));
    expect(after?.outputOctets).toBe((before?.outputOctets ?? 0n) + BigInt(count * (size + 28)));
    expect(after?.outputPackets).toBe((before?.outputPackets ?? 0n) + BigInt(count));
    const octets = 30_000_000;
    const [bulk] = (await world.try("guest", [{ kind: "bulk", host: server[6], port: 8000, octets, seconds: 20 }])) as [
      Bulk,
    ];
    const last = (await close()).get(7);
    const received = Number((last?.outputOctets ?? 0n) - (after?.outputOctets ?? 0n));
    // What was on the way when the client had enough was forwarded, too: at most its receive buffer.
    expect(received).toBeGreaterThan(bulk.total);
    expect(received).toBeLessThan(bulk.received * 1.01 + 8_000_000);
  });

  it("keeps what is open, with counters, when a new process starts", async () => {
    await open({ rateDown: 50_000_000 });
    await world.try("guest", [{ kind: "tcp", host: server[4], port: 443 }]);
    const before = await firewall.read();
    const next = createFirewall({ kind: "nftables", prefix: world.prefix("gateway") });
    await next.start({ ...PLAN, isolate: false, openPorts: [] } as FirewallPlan);
    expect(await next.read()).toEqual(before);
    expect(await world.try("guest", [{ kind: "tcp", host: server[4], port: 443 }])).toEqual(["port 443"]);
    expect(await world.try("guest", [{ kind: "tcp", host: gateway[4], port: 2222 }])).toEqual(["ECONNREFUSED"]);
    // A rate it does not know any more is set anew; the last counters are those of before and since.
    await next.apply([{ kind: "alter", opening: { ...OPENING, rateUp: 40_000_000 } }]);
    const classes = world.run("gateway", ["tc", "class", "show", "dev", "wan0"]);
    expect(classes).toMatch(/rate 40Mbit/);
    expect(world.run("gateway", ["tc", "class", "show", "dev", "guest0"])).not.toMatch(/rate 50Mbit/);
    const last = (await next.apply([{ kind: "close", number: 7 }])).get(7);
    expect(last?.inputOctets).toBeGreaterThan(before[0]?.inputOctets ?? 0n);
    expect(await next.apply([{ kind: "close", number: 7 }])).toEqual(new Map());
    await next.stop();
    await firewall.stop();
    firewall = createFirewall({ kind: "nftables", prefix: world.prefix("gateway") });
    await firewall.start(PLAN);
  });

  it("cuts what runs when the session ends", async () => {
    await open();
    const running = world.try("guest", [
      { kind: "bulk", host: server[4], port: 8000, seconds: 20, talks: true },
      { kind: "bulk", host: server[6], port: 8001, seconds: 20, send: true },
    ]) as Promise<Bulk[]>;
    await flows(3_000_000n);
    const last = (await close()).get(7);
    expect((await running).map(({ cut }) => cut)).toEqual([true, true]);
    expect(Number(last?.outputOctets)).toBeGreaterThan(3_000_000);
  });

  it("does all of a call or nothing, and blames the right call", async () => {
    await open();
    const second = { ...OPENING, number: 8, mac: PORTAL.other.mac, addresses: [PORTAL.other[4]] };
    const bad = firewall.apply([
      { kind: "open", opening: second },
      { kind: "open", opening: { ...OPENING, number: 9 } },
    ]);
    const good = firewall.apply([{ kind: "open", opening: { ...second, number: 10 } }]);
    await expect(bad).rejects.toThrow(FirewallError);
    await good;
    expect((await firewall.read()).map((one) => one.number).sort()).toEqual([10, 7]);
    expect(
      [
        ...(
          await firewall.apply([
            { kind: "close", number: 10 },
            { kind: "close", number: 7 },
            { kind: "close", number: 99 },
          ])
        ).keys(),
      ].sort(),
    ).toEqual([10, 7]);
    await expect(firewall.apply([{ kind: "alter", opening: OPENING }])).rejects.toThrow("session 7 is not open");
    await expect(firewall.apply([{ kind: "open", opening: { ...OPENING, mac: "02:77; drop" } }])).rejects.toThrow(
      "no MAC address",
    );
    expect(await firewall.read()).toEqual([]);
  });

  it("loses nobody who comes in while the rules are read anew", async () => {
    // Lists arrive late, so that there is time between what they say and what is made of it.
    const late = 'case "$*" in *" list "*) said=$("$@"); sleep 0.5; printf %s "$said";; *) exec "$@";; esac';
    const slow = createFirewall({
      kind: "nftables",
      prefix: [...world.prefix("gateway"), "sh", "-c", late, "sh"],
    });
    await slow.start(PLAN);
    const again = slow.start(PLAN);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await Promise.all([again, slow.apply([{ kind: "open", opening: OPENING }])]);
    expect((await slow.read()).map(({ number }) => number)).toEqual([OPENING.number]);
    await slow.apply([{ kind: "close", number: OPENING.number }]);
    expect(world.run("gateway", ["nft", "list", "map", "inet", "pierhead_portal", "macs"])).not.toContain(OPENING.mac);
    slow.release();
  });

  it("says how slow it can be, and is never slower", async () => {
    // WISPr's rates are bits per second; servers that were told kilobits send 512.
    await open({ rateUp: 512, rateDown: 1 });
    expect(world.run("gateway", ["tc", "class", "show", "dev", "wan0"])).toMatch(/rate 8Kbit/);
    await firewall.apply([{ kind: "alter", opening: { ...OPENING, rateUp: 4_294_967_295_000, rateDown: 1e30 } }]);
    await close();
  });

  it("says what nft said when the table is gone, and stands up again", async () => {
    world.run("gateway", ["nft", "delete", "table", "inet", "pierhead_portal"]);
    await expect(open()).rejects.toThrow(/No such file or directory/);
    await firewall.start(PLAN);
    await open();
    expect([...(await close()).keys()]).toEqual([7]);
  });

  it("keeps rates within a tenth, both ways, and changes them while it runs", async () => {
    const million = 1_000_000;
    await open({ rateDown: 10 * million, rateUp: 6 * million });
    const down = { kind: "bulk", host: server[4], port: 8000, seconds: 4 };
    const up = { kind: "bulk", host: server[4], port: 8001, seconds: 4, send: true };
    await keeps(down, 10 * million);
    await keeps(up, 6 * million);
    const [before] = await firewall.read();
    await firewall.apply([{ kind: "alter", opening: { ...OPENING, rateDown: 20 * million, rateUp: null } }]);
    await keeps(down, 20 * million);
    const [after] = await firewall.read();
    expect(after?.outputOctets).toBeGreaterThan(before?.outputOctets ?? 0n);
    await close();
    expect(world.run("gateway", ["tc", "class", "show", "dev", "guest0"])).not.toMatch(/20Mbit/);
  });

  it("takes away what is its own and nothing else", async () => {
    await firewall.stop();
    expect(world.run("gateway", ["nft", "list", "ruleset"])).toBe(THEIRS);
    for (const name of ["guest0", "wan0"])
      expect(world.run("gateway", ["tc", "qdisc", "show", "dev", name])).not.toContain("htb");
    world.run("gateway", ["tc", "qdisc", "add", "dev", "wan0", "root", "handle", "5:", "htb"]);
    await firewall.start(PLAN);
    await expect(open({ rateUp: 1_000_000 })).rejects.toThrow("tc qdisc del dev");
    await open();
    expect(world.run("gateway", ["tc", "qdisc", "show", "dev", "wan0"])).toContain("htb 5:");
    await firewall.stop();
    expect(world.run("gateway", ["tc", "qdisc", "show", "dev", "wan0"])).toContain("htb 5:");
  });

  it("says which switch is off, and turns it on when told", async () => {
    world.shell("gateway", "echo 0 > /proc/sys/net/ipv6/conf/all/forwarding");
    await expect(firewall.start(PLAN)).rejects.toThrow("net.ipv6.conf.all.forwarding is 0");
    const able = createFirewall({ kind: "nftables", prefix: world.prefix("gateway"), enableForwarding: true });
    await able.start(PLAN);
    expect(world.shell("gateway", "cat /proc/sys/net/ipv6/conf/all/forwarding")).toBe("1\n");
    await able.stop();
  });

  /** On a busy machine the stopwatch itself is late: it gets three chances. */
  async function keeps(what: object, rate: number): Promise<void> {
    const found: number[] = [];
    while (found.length < 3) {
      const [bulk] = (await world.try("guest", [what])) as Bulk[];
      found.push((bulk?.rate ?? 0) / rate);
      if (Math.abs((found.at(-1) ?? 0) - 1) < 0.1) return;
    }
    expect.fail(`measured ${found.map((share) => share.toFixed(2)).join(", ")} of the rate`);
  }

  function counter(name: string): number {
    const text = world.run("gateway", ["nft", "list", "counter", "inet", "pierhead_portal", name]);
    return Number(/packets (\d+)/.exec(text)?.[1]);
  }

  /** Until so many octets went to the guest. */
  async function flows(octets: bigint): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const [session] = await firewall.read();
      if ((session?.outputOctets ?? 0n) > octets && (session?.inputOctets ?? 0n) > octets) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("nothing flows");
  }
});

interface Bulk {
  readonly total: number;
  readonly rate: number | null;
  readonly cut: boolean;
  readonly received: number;
}

/** What nft prints of the table that is not ours. */
const THEIRS = `table inet theirs {
	set s {
		type ipv4_addr
		elements = { 198.51.100.1 }
	}

	chain c {
	}
}
`;

/** An ICMPv6 router advertisement; Node has no raw sockets. */
const ADVERTISE = `
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex("eth0"))
s.sendto(bytes([134, 0, 0, 0, 64, 0, 7, 8]) + bytes(8), ("ff02::1", 0))
`;
