/**
 * bpftrace scripts for Linux. They use tracepoints only: those are kept stable, need no kprobes in the kernel, and cost
 * less. Structures are read by the kernel's own type information (BTF). Written for bpftrace 0.17 and newer.
 */
import { lines, ROWS, script } from "./script.ts";
import type { ProbeFacts, ProbeScript, ScriptLine } from "./types.ts";

/** What every bpftrace script needs. */
const NEEDS = [
  "bpftrace 0.17 or newer, run as root (CAP_BPF, CAP_PERFMON and CAP_SYS_RESOURCE)",
  "a kernel with CONFIG_DEBUG_INFO_BTF (/sys/kernel/btf/vmlinux) and tracefs mounted on /sys/kernel/tracing",
  "a little-endian machine",
];

type Pair = readonly [code: string, why?: string];

/** `if` that keeps to one network namespace; nothing to compare with when all are wanted. */
function inNamespace(facts: ProbeFacts, expression: string, body: readonly Pair[], indent = "  "): Pair[] {
  if (facts.namespace === null) return [...body];
  return [
    [`${indent}if (${expression} == ${facts.namespace}) {`, "only the network namespace the question was asked in"],
    ...body.map(([code, why]): Pair => [`  ${code}`, why ?? ""]),
    [`${indent}}`],
  ];
}

const OF_DEVICE = "$skb->dev->nd_net.net->ns.inum";
const OF_SOCKET = "$sk->__sk_common.skc_net.net->ns.inum";

/** Prints the tables every second, and ends the script in time. */
function clock(facts: ProbeFacts, tables: readonly string[], hidden: readonly string[] = []): Pair[] {
  return [
    ["interval:s:1 {", "every second"],
    ...tables.map((name): Pair => [`  print(@${name});`, "the totals so far"]),
    ["}"],
    [`interval:s:${facts.seconds} {`, "the bound: it ends by itself"],
    ["  exit();"],
    ["}"],
    ...(hidden.length === 0
      ? []
      : ([
          ["END {", "what only served the calculation is not shown"],
          ...hidden.map((name): Pair => [`  clear(@${name});`]),
          ["}"],
        ] as Pair[])),
  ];
}

function bpftrace(
  make: (facts: ProbeFacts) => readonly Pair[],
  parts: Pick<ProbeScript, "tracepoints" | "limits" | "runsPer"> & Partial<ProbeScript>,
): ProbeScript {
  return script("bpftrace", {
    needs: NEEDS,
    ...parts,
    lines: (facts): ScriptLine[] => lines(...make(facts)),
  });
}

/** Counts the bytes of IP packets: `at` is where the IP header starts. */
function addBytes(table: string, at: string): Pair[] {
  return [
    ["  if ($skb->protocol == 0x0008) {", "IPv4 (0x0800, as it lies in the memory of a little-endian machine)"],
    [`    $ip = (struct iphdr *)(${at});`],
    [
      "    $len = ($ip->tot_len >> 8) + (($ip->tot_len & 255) << 8);",
      "the length the header tells: no Ethernet padding",
    ],
    ["    if ($len == 0) { $len = $skb->len; }", "packets that the kernel joined beyond 64 KB tell none"],
    [`    @${table}4[$skb->dev->name, ntop($ip->saddr), ntop($ip->daddr)] = sum($len);`, "bytes by interface and pair"],
    ["  }"],
    ["  if ($skb->protocol == 0xdd86) {", "IPv6"],
    [`    $ip6 = (struct ipv6hdr *)(${at});`],
    ["    $len = ($ip6->payload_len >> 8) + (($ip6->payload_len & 255) << 8) + 40;", "what it carries and the header"],
    ["    if ($len == 40) { $len = $skb->len; }", "packets that the kernel joined beyond 64 KB"],
    [
      `    @${table}6[$skb->dev->name, ntop($ip6->saddr.in6_u.u6_addr8), ntop($ip6->daddr.in6_u.u6_addr8)] = sum($len);`,
    ],
    ["  }"],
  ];
}

export const talkers: ProbeScript = bpftrace(
  (facts) => [
    ["tracepoint:net:netif_receive_skb {", "every packet that an interface hands to the network stack"],
    ["  $skb = (struct sk_buff *)args->skbaddr;"],
    ...inNamespace(facts, OF_DEVICE, addBytes("in", "$skb->data")),
    ["}"],
    ["tracepoint:net:net_dev_queue {", "every packet that goes to the queue of an interface"],
    ["  $skb = (struct sk_buff *)args->skbaddr;"],
    ...inNamespace(facts, OF_DEVICE, addBytes("out", "$skb->head + $skb->network_header")),
    ["}"],
    ...clock(facts, ["in4", "in6", "out4", "out6"]),
  ],
  {
    tracepoints: ["net:netif_receive_skb", "net:net_dev_queue"],
    limits: [
      "packets with a VLAN tag that the interface did not take off are counted on the VLAN's own interface only",
      "segments that the kernel joined (GRO) or has not split yet (TSO) count one IP header for all of them",
    ],
    runsPer: "packet",
  },
);

/** Where the IP header and the ports of a packet are, which may stand anywhere on its way. */
const HEADERS: readonly Pair[] = [
  ["  $nh = $skb->head + $skb->network_header;", "where the IP header starts"],
  ["  if ($skb->protocol == 0x0008) {", "IPv4"],
  ["    $ip = (struct iphdr *)$nh;"],
  ["    $l4 = $nh + (*(uint8 *)$nh & 15) * 4;", "behind the header and its options"],
];

function dropRows(): Pair[] {
  const port = "($port >> 8) + (($port & 255) << 8)";
  return [
    ...HEADERS,
    ["    $port = *(uint16 *)($l4 + 2);"],
    ["    if ($ip->protocol != 6 && $ip->protocol != 17) { $port = (uint16)0; }", "only TCP and UDP have ports"],
    [
      `    @drops4[args->reason, ksym(args->location), $ip->protocol, ntop($ip->saddr), ntop($ip->daddr), ${port}] = count();`,
      "why, where in the kernel, and which packet",
    ],
    ["  }"],
    ["  if ($skb->protocol == 0xdd86) {", "IPv6: the port is right when no extension headers come before it"],
    ["    $ip6 = (struct ipv6hdr *)$nh;"],
    ["    $port = *(uint16 *)($nh + 42);"],
    ["    if ($ip6->nexthdr != 6 && $ip6->nexthdr != 17) { $port = (uint16)0; }"],
    [
      `    @drops6[args->reason, ksym(args->location), $ip6->nexthdr, ntop($ip6->saddr.in6_u.u6_addr8), ntop($ip6->daddr.in6_u.u6_addr8), ${port}] = count();`,
    ],
    ["  }"],
  ];
}

const WHOSE: readonly Pair[] = [["  $skb = (struct sk_buff *)args->skbaddr;"]];

/** The namespace of a packet that may be on no interface yet. */
function ofPacket(facts: ProbeFacts): Pair[] {
  if (facts.namespace === null) return [];
  return [
    ["  $sk = $skb->sk;"],
    [`  $ns = ${OF_DEVICE};`, "a packet on its way in, or on its way out of an interface"],
    [`  if ($ns == 0) { $ns = ${OF_SOCKET}; }`, "a packet that has only a socket yet"],
  ];
}

export const drops: ProbeScript = bpftrace(
  (facts) => [
    ["tracepoint:skb:kfree_skb {", "every packet that the kernel throws away, as against one it is done with"],
    ...WHOSE,
    ...ofPacket(facts),
    ...inNamespace(facts, "$ns", dropRows()),
    ["}"],
    ...clock(facts, ["drops4", "drops6"]),
  ],
  {
    tracepoints: ["skb:kfree_skb"],
    needs: [...NEEDS, "Linux 5.17 or newer, which tells the reason of a drop"],
    limits: [
      "the kernel tells that netfilter dropped a packet, not which rule: put `counter` or `meta nftrace set 1` there",
    ],
    runsPer: "event",
  },
);

export const retransmits: ProbeScript = bpftrace(
  (facts) => {
    const count = (condition: string): Pair[] => [
      [
        `  if (args->family == 2${condition}) { @retransmits4[ntop(args->daddr), args->dport] = count(); }`,
        "IPv4, by peer",
      ],
      [`  if (args->family == 10${condition}) { @retransmits6[ntop(args->daddr_v6), args->dport] = count(); }`, "IPv6"],
    ];
    return [
      ["tracepoint:tcp:tcp_retransmit_skb {", "a TCP segment goes out again"],
      ["  $sk = (struct sock *)args->skaddr;"],
      ...inNamespace(facts, OF_SOCKET, count(facts.retransmitError ? " && args->err == 0" : "")),
      ["}"],
      ["tracepoint:tcp:tcp_retransmit_synack {", "the answer to a SYN goes out again"],
      ["  $sk = (struct sock *)args->skaddr;"],
      ...inNamespace(facts, OF_SOCKET, count("")),
      ["}"],
      ...clock(facts, ["retransmits4", "retransmits6"]),
    ];
  },
  {
    tracepoints: ["tcp:tcp_retransmit_skb", "tcp:tcp_retransmit_synack"],
    limits: ["connections of this machine itself; those that it only forwards are not its to send again"],
    runsPer: "event",
  },
);

export const latency: ProbeScript = bpftrace(
  (facts) => [
    ["tracepoint:net:netif_receive_skb {", "a packet comes in"],
    ["  $skb = (struct sk_buff *)args->skbaddr;"],
    ...inNamespace(facts, OF_DEVICE, [["  @start[args->skbaddr] = nsecs;", "remember when"]]),
    ["}"],
    ["tracepoint:net:net_dev_queue / @start[args->skbaddr] / {", "the same packet goes to the queue of an interface"],
    ["  $skb = (struct sk_buff *)args->skbaddr;"],
    [
      "  if ($skb->sk == 0 && $skb->skb_iif != 0) {",
      "forwarded: it came by an interface and no socket of ours sent it",
    ],
    ["    @latency[$skb->dev->name] = hist((nsecs - @start[args->skbaddr]) / 1000);", "microseconds, in powers of two"],
    ["  }"],
    ["  delete(@start[args->skbaddr]);"],
    ["}"],
    ["tracepoint:skb:consume_skb / @start[args->skbaddr] / {", "a packet for this machine itself"],
    ["  delete(@start[args->skbaddr]);"],
    ["}"],
    ["tracepoint:skb:kfree_skb / @start[args->skbaddr] / {", "a packet that was dropped"],
    ["  delete(@start[args->skbaddr]);"],
    ["}"],
    ...clock(facts, ["latency"], ["start"]),
  ],
  {
    tracepoints: ["net:netif_receive_skb", "net:net_dev_queue", "skb:consume_skb", "skb:kfree_skb"],
    limits: [
      "from the network stack's entrance to the queue of the outgoing interface: time in a queue or in the hardware is not in it",
      `at most ${ROWS} packets at a time are followed`,
    ],
    runsPer: "packet",
  },
);

export const noroute: ProbeScript = bpftrace(
  (facts) => [
    [
      "tracepoint:fib:fib_table_lookup / args->err != 0 && (args->err != -11 || args->tb_id == 254) / {",
      "an IPv4 lookup",
    ],
    [
      "  @noroute4[ntop(args->dst), args->err, args->iif] = count();",
      "that failed: -11 in table main (254) is `nothing matches`",
    ],
    ["}"],
    [
      "tracepoint:fib6:fib6_table_lookup / args->err != 0 && args->tb_id != 255 / {",
      "an IPv6 lookup, local table (255) aside",
    ],
    ["  @noroute6[ntop(args->dst), args->err, args->iif] = count();", "that failed"],
    ["}"],
    ...clock(facts, ["noroute4", "noroute6"]),
  ],
  {
    tracepoints: ["fib:fib_table_lookup", "fib6:fib6_table_lookup"],
    limits: [
      "lookups of all network namespaces: the tracepoint does not tell which one asked",
      "when the machine makes an ICMP error about a packet, it may ask once more by itself",
      "with policy routing, a lookup that fails in table main may still succeed in a table that is asked later",
    ],
    runsPer: "packet",
  },
);

/** Drops on the way into or through the queues of an interface, by the names the kernel gives them. */
export const QUEUE_REASONS: readonly string[] = [
  "QDISC_DROP",
  "QDISC_OVERLIMIT",
  "QDISC_CONGESTED",
  "CAKE_FLOOD",
  "FQ_BAND_LIMIT",
  "FQ_HORIZON_LIMIT",
  "FQ_FLOW_LIMIT",
  "CPU_BACKLOG",
  "FULL_RING",
  "DEV_READY",
];

export const queues: ProbeScript = bpftrace(
  (facts) => {
    const numbers = QUEUE_REASONS.flatMap((name) => facts.dropReasons.get(name) ?? []);
    const filter = numbers.map((number) => `args->reason == ${number}`).join(" || ");
    return [
      [
        `tracepoint:skb:kfree_skb ${filter === "" ? "" : `/ ${filter} / `}{`,
        "every packet dropped for a reason that is a queue's; the numbers are looked up in the running kernel",
      ],
      ...WHOSE,
      ...inNamespace(facts, OF_DEVICE, [
        ["  @queues[$skb->dev->name, args->reason, ksym(args->location)] = count();", "by interface, reason and place"],
      ]),
      ["}"],
      ...clock(facts, ["queues"]),
    ];
  },
  {
    tracepoints: ["skb:kfree_skb"],
    needs: [...NEEDS, "Linux 5.18 or newer, which tells drops of a queue from others"],
    limits: ["drops inside the network hardware are not the kernel's to see: `ethtool -S` counts them"],
    runsPer: "event",
  },
);

/** A name server's packets, wherever they pass: its own, those it forwards, those of a program on this machine. */
function dnsPacket(at: string): Pair[] {
  return [
    [`    $nh = ${at};`],
    ["    $ip = (struct iphdr *)$nh;"],
    ["    $l4 = $nh + (*(uint8 *)$nh & 15) * 4;", "UDP starts behind the IP header and its options"],
    ["    $sport = *(uint16 *)$l4;"],
    ["    $dport = *(uint16 *)($l4 + 2);"],
    ["    $id = *(uint16 *)($l4 + 8);", "the number that joins question and answer (RFC 1035 section 4.1.1)"],
    [
      "    if ($ip->protocol == 17 && $dport == 0x3500 && @asked[$ip->daddr, $ip->saddr, $sport, $id] == 0) {",
      "a question to port 53; the first sight of it counts",
    ],
    ["      @asked[$ip->daddr, $ip->saddr, $sport, $id] = nsecs;"],
    ["      @questions[ntop($ip->daddr)] = count();"],
    ["    }"],
    [
      "    if ($ip->protocol == 17 && $sport == 0x3500 && @asked[$ip->saddr, $ip->daddr, $dport, $id] != 0) {",
      "its answer: server, client, port and number are those of the question",
    ],
    ["      @dns[ntop($ip->saddr)] = hist((nsecs - @asked[$ip->saddr, $ip->daddr, $dport, $id]) / 1000);"],
    ["      delete(@asked[$ip->saddr, $ip->daddr, $dport, $id]);"],
    ["    }"],
  ];
}

export const dns: ProbeScript = bpftrace(
  (facts) => {
    const at = (where: string): Pair[] => [["  if ($skb->protocol == 0x0008) {", "IPv4"], ...dnsPacket(where), ["  }"]];
    return [
      ["tracepoint:net:netif_receive_skb {", "packets that come in"],
      ["  $skb = (struct sk_buff *)args->skbaddr;"],
      ...inNamespace(facts, OF_DEVICE, at("$skb->data")),
      ["}"],
      ["tracepoint:net:net_dev_queue {", "packets that go out"],
      ["  $skb = (struct sk_buff *)args->skbaddr;"],
      ...inNamespace(facts, OF_DEVICE, at("$skb->head + $skb->network_header")),
      ["}"],
      ...clock(facts, ["dns", "questions"], ["asked"]),
    ];
  },
  {
    tracepoints: ["net:netif_receive_skb", "net:net_dev_queue"],
    limits: [
      "UDP over IPv4 to port 53; DNS over TCP, TLS or HTTPS is not seen",
      "where the address of the client is rewritten (NAT), the clock runs from the rewritten question on",
      `at most ${ROWS} questions wait for an answer at a time`,
    ],
    runsPer: "packet",
  },
);

export const connects: ProbeScript = bpftrace(
  (facts) => [
    ["tracepoint:sock:inet_sock_set_state / args->newstate == 2 / {", "a TCP connection begins (state SYN-SENT)"],
    ["  $sk = (struct sock *)args->skaddr;"],
    ...inNamespace(facts, OF_SOCKET, [
      [
        "  if (args->family == 2) { @connects4[pid, ntop(args->daddr), args->dport, comm] = count(); }",
        "in the process that asked for it",
      ],
      ["  if (args->family == 10) { @connects6[pid, ntop(args->daddr_v6), args->dport, comm] = count(); }"],
    ]),
    ["}"],
    ...clock(facts, ["connects4", "connects6"]),
  ],
  {
    tracepoints: ["sock:inet_sock_set_state"],
    limits: ["TCP only: a UDP socket opens no connection"],
    runsPer: "event",
  },
);

export const states: ProbeScript = script("conntrack", {
  command: ["conntrack", "-E", "-e", "NEW,DESTROY", "-o", "id"],
  needs: [
    "conntrack of conntrack-tools, run as root (CAP_NET_ADMIN)",
    "a kernel with CONFIG_NF_CONNTRACK_EVENTS, and rules that track connections",
  ],
  limits: [
    "the table of one network namespace, the one it runs in",
    "when connections come faster than events can be read, the kernel drops events and the answer says so",
  ],
  runsPer: "event",
});
