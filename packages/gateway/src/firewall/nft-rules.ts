/**
 * The rules of `inet pierhead_portal`, as text for `nft -f` (nft(8)).
 *
 * Upload is decided by the device's MAC, which gives the connection its mark, the number of the session; download by that
 * mark. So a session is one element in each of four sets and maps whatever it has of addresses, and a packet costs the
 * same with one session as with ten thousand. The map of priorities is the gate: a number that is not in it passes
 * nothing, in either direction, whatever connections there are.
 */
import type { FamilyGround, Ground } from "./ground.ts";

/** Our table; nothing outside it is touched. */
export const TABLE = "inet pierhead_portal";

/** Mark of connections that need no session: to the walled garden and to resolvers. Numbers end below it. */
export const FREE = "0x80000000";

/** Refusals of one device each second, and of all devices: an answer is never larger than twice the question. */
const OWN_REFUSALS = "200/second burst 400";
const ALL_REFUSALS = "5000/second burst 5000";

/** Questions of one device that has not signed in: a phone's burst passes, a tunnel through the resolver does not pay. */
const QUESTIONS = "10/second burst 100";

/** One transaction: rules are replaced, sets keep their elements and counters. */
export function rulesText(ground: Ground): string {
  return `add table ${TABLE}
flush table ${TABLE}
table ${TABLE} {
${SETS}
${chains(ground)
  .map(([name, lines]) => `  chain ${name} {\n${lines.map((line) => `    ${line}\n`).join("")}  }`)
  .join("\n")}
}
`;
}

/**
 * `macs`: device → number. `bound`: IPv4 addresses of a device. `classes`: number → tc class, the gate. `up`, `down`:
 * what was forwarded from and to the device. `strange`: open devices with an address not theirs.
 */
const SETS = `  map macs { type ether_addr : mark; size 65536; }
  set bound { type ether_addr . ipv4_addr; size 131072; }
  map classes { type mark : classid; size 65536; }
  set up { type mark; size 65536; counter; }
  set down { type mark; size 65536; counter; }
  set strange { type ether_addr . ipv4_addr; size 1024; flags dynamic,timeout; timeout 10m; counter; }
  set questions { type ether_addr; size 65535; flags dynamic,timeout; timeout 1m; }
  set refusals { type ether_addr; size 65535; flags dynamic,timeout; timeout 1m; }
  set probe { type mark; }
${([4, 6] as const)
  .map(
    (family) => `  set garden${family} { type ipv${family}_addr; flags interval; auto-merge; }
  set garden${family}_ports { type ipv${family}_addr . inet_proto . inet_service; flags interval; }
  set garden${family}_names { type ipv${family}_addr; size 65535; flags timeout; }
  set garden${family}_name_ports { type ipv${family}_addr . inet_proto . inet_service; size 65535; flags timeout; }`,
  )
  .join("\n")}
  counter unanswered { }
  counter rogue { }
  counter foreign { }`;

type Chain = readonly [name: string, lines: readonly string[]];

function chains(ground: Ground): Chain[] {
  const { guests, uplink, families, isolate } = ground;
  const each = (lines: (family: FamilyGround, ip: string) => string[]): string[] =>
    families.flatMap((one) => lines(one, one.family === 4 ? "ip" : "ip6"));
  const dns = (verdict: string): string[] =>
    each((one, ip) =>
      one.resolvers.length === 0
        ? []
        : [`meta l4proto { tcp, udp } th dport 53 ${ip} daddr ${set(one.resolvers)} ${verdict}`],
    );
  const ports = (list: readonly number[], verdict: string): string[] =>
    list.length === 0
      ? []
      : [
          ...each((one, ip) => [`${ip} daddr ${set(one.own)} tcp dport ${set(list)} ${verdict}`]),
          `ip6 daddr fe80::/10 tcp dport ${set(list)} ${verdict}`,
        ];
  const garden = (verdict: string): string[] =>
    each(({ family }, ip) => [
      `${ip} daddr @garden${family} ${verdict}`,
      `${ip} daddr @garden${family}_names ${verdict}`,
      `${ip} daddr . meta l4proto . th dport @garden${family}_ports ${verdict}`,
      `${ip} daddr . meta l4proto . th dport @garden${family}_name_ports ${verdict}`,
    ]);
  const bound = "meta nfproto ipv4 ether saddr . ip saddr != @bound goto stranger";

  return [
    // Jumps name chains above them.
    [
      "refuse",
      [
        // Nobody can be answered on these.
        "meta pkttype { broadcast, multicast } counter name unanswered drop",
        `update @refusals { ether saddr limit rate over ${OWN_REFUSALS} packets } counter name unanswered drop`,
        `limit rate over ${ALL_REFUSALS} packets counter name unanswered drop`,
        "meta l4proto tcp reject with tcp reset",
        "reject with icmpx admin-prohibited",
      ],
    ],
    ["stranger", ["update @strange { ether saddr . ip saddr }", "goto refuse"]],
    [
      "question",
      [
        `update @questions { ether saddr limit rate over ${QUESTIONS} packets } goto refuse`,
        `ct mark set ${FREE} accept`,
      ],
    ],
    // What guests may not even say: RFC 6105 for advertisements, DHCP's answers, sources that are not of their link.
    [
      "speech",
      [
        "icmpv6 type { nd-router-advert, nd-redirect } counter name rogue drop",
        "icmp type { redirect, router-advertisement } counter name rogue drop",
        "udp sport 67 udp dport 68 counter name rogue drop",
        "udp sport 547 udp dport 546 counter name rogue drop",
        ...each((one, ip) => [`${ip} saddr ${set(one.own)} counter name foreign drop`]),
        ...each((one, ip) => [`${ip} saddr ${set(one.networks.map((net) => `${net.address}/${net.length}`))} accept`]),
        "ip6 saddr fe80::/10 accept",
        "ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept",
        `ip6 saddr :: icmpv6 type { ${NEIGHBOUR_TALK} } accept`,
        // RFC 2827: the source is forged, an answer would go to somebody else.
        "counter name foreign drop",
      ],
    ],
    [
      "at_first",
      [
        "type filter hook prerouting priority mangle; policy accept;",
        `iifname "${guests}" ct state != established goto speech`,
      ],
    ],
    [
      "astray",
      [
        "ct mark set ether saddr map @macs accept",
        ...garden("accept"),
        ...each((one, ip) => [`${ip} daddr ${set(one.own)} tcp dport ${set(ground.portalPorts)} accept`]),
        ...each((one, ip) => [`tcp dport 80 dnat ${ip} to ${socket(one, ground.redirectPort)}`]),
        // A device with 8.8.8.8 written into it could never find the portal; and no tunnel's server is asked this way.
        ...each((one, ip) =>
          one.resolvers.length === 0
            ? []
            : [
                `meta l4proto { tcp, udp } th dport 53 ${ip} daddr != ${set(one.resolvers)} dnat ${ip} to ${one.resolvers[0]}`,
              ],
        ),
      ],
    ],
    ["at_nat", ["type nat hook prerouting priority dstnat; policy accept;", `iifname "${guests}" goto astray`]],
    [
      "known",
      [
        isolate ? `oifname "${guests}" goto refuse` : `oifname != { "${uplink}", "${guests}" } goto refuse`,
        ...(isolate ? [`oifname != "${uplink}" goto refuse`] : []),
        bound,
        "meta priority set ct mark map @classes ct mark @up accept",
        "goto refuse",
      ],
    ],
    [
      "outward",
      [
        "ct mark set ether saddr map @macs goto known",
        `oifname "${guests}" goto refuse`,
        ...dns("goto question"),
        ...garden(`ct mark set ${FREE} accept`),
        "goto refuse",
      ],
    ],
    [
      "inward",
      [
        "meta priority set ct mark map @classes ct mark @down accept",
        `ct mark ${FREE} ct direction reply accept`,
        `ct mark ${FREE} ct state related accept`,
        "goto refuse",
      ],
    ],
    [
      "at_forward",
      [
        "type filter hook forward priority filter; policy accept;",
        `iifname "${guests}" goto outward`,
        `oifname "${guests}" goto inward`,
      ],
    ],
    ["at_home", [bound, ...ports(ground.openPorts, "accept"), ...dns("accept"), "goto refuse"]],
    [
      "gateway",
      [
        "udp sport 68 udp dport 67 accept",
        "ip6 saddr fe80::/10 udp sport 546 udp dport 547 accept",
        `icmpv6 type { ${NEIGHBOUR_TALK} } accept`,
        // Answers to what the gateway asked, and errors about what it sent; not what a guest began.
        "ct direction reply ct state established,related accept",
        "meta l4proto { icmp, icmpv6 } ct state related accept",
        ...ports(ground.portalPorts, "accept"),
        "ct mark set ether saddr map @macs goto at_home",
        ...dns("goto question"),
        "goto refuse",
      ],
    ],
    ["at_input", ["type filter hook input priority filter; policy accept;", `iifname "${guests}" goto gateway`]],
    ...(ground.nat ? [nat(ground)] : []),
  ];
}

/** RFC 4861 and RFC 2710/3810: what a host says to find its link. */
const NEIGHBOUR_TALK =
  "nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-report, mld-listener-done, mld2-listener-report";

/** Global IPv6 prefixes are routed to the gateway and need no translation; RFC 4193 ones go nowhere without. */
function nat(ground: Ground): Chain {
  const lines = ground.families.flatMap(({ family, networks }) =>
    networks
      .filter((one) => family === 4 || one.address.w0 >>> 25 === 0x7e)
      .map(
        (one) =>
          `oifname "${ground.uplink}" ${family === 4 ? "ip" : "ip6"} saddr ${one.address}/${one.length} masquerade`,
      ),
  );
  return ["at_last", ["type nat hook postrouting priority srcnat; policy accept;", ...lines]];
}

/** One value is compared, which is quicker than being looked up. */
function set(values: readonly unknown[]): string {
  return values.length === 1 ? `${values[0]}` : `{ ${values.join(", ")} }`;
}

function socket(one: FamilyGround, port: number): string {
  return one.family === 4 ? `${one.own[0]}:${port}` : `[${one.own[0]}]:${port}`;
}
