/**
 * D scripts for FreeBSD's DTrace. Providers: ip, tcp, udp (dtrace_ip(4), dtrace_tcp(4), dtrace_udp(4)), pf (SDT probes of
 * pf.c), and fbt (dtrace_fbt(4)) where no stable provider tells. Lines come out as tab-separated fields, which
 * `probe-output` reads.
 */
import { lines, script } from "./script.ts";
import type { ProbeFacts, ProbeScript, ScriptLine } from "./types.ts";

type Pair = readonly [code: string, why?: string];

const NEEDS = [
  "dtrace, run as root",
  "the modules of DTrace: `kldload dtraceall`",
  "a kernel with KDTRACE_HOOKS, as GENERIC is",
];

function dtrace(
  make: readonly Pair[],
  prints: readonly Pair[],
  parts: Pick<ProbeScript, "limits" | "runsPer"> & Partial<ProbeScript>,
): ProbeScript {
  return script("dtrace", {
    needs: NEEDS,
    ...parts,
    lines: (facts: ProbeFacts): ScriptLine[] =>
      lines(
        ["#pragma D option quiet", "nothing but what is printed below"],
        ["#pragma D option aggsize=4m", "bounds of the memory that sums may take"],
        ["#pragma D option dynvarsize=4m", "and that what is remembered for a while may take"],
        ...make,
        ["profile:::tick-1s", "every second"],
        ["{"],
        ...prints,
        ["}"],
        [`profile:::tick-${facts.seconds}s`, "the bound: it ends by itself"],
        ["{"],
        ["\texit(0);"],
        ["}"],
      ),
  });
}

const totals = (table: string, formats: string): Pair => [
  `\tprinta("${table}\\t${formats}\\t%@d\\n", @${table});`,
  "the totals so far",
];

const histogram = (table: string, formats: string): Pair => [
  `\tprinta("histogram\\t${table}\\t${formats}\\n%@d\\n", @${table});`,
  "the totals so far, in powers of two",
];

function addBytes(probe: string, table: string, why: string): Pair[] {
  return [
    [`ip:::${probe}`, why],
    ["/args[2]->ip_ver == 4/", "IPv4"],
    ["{"],
    [
      `\t@${table}[args[3]->if_name, args[2]->ip_saddr, args[2]->ip_daddr] = sum(args[4]->ipv4_length);`,
      "bytes by interface and pair, the header's own length",
    ],
    ["}"],
    [`ip:::${probe}`],
    ["/args[2]->ip_ver == 6/", "IPv6: the header is 40 octets more than what it carries"],
    ["{"],
    [`\t@${table}[args[3]->if_name, args[2]->ip_saddr, args[2]->ip_daddr] = sum(args[2]->ip_plength + 40);`],
    ["}"],
  ];
}

export const talkers: ProbeScript = dtrace(
  [
    ...addBytes("receive", "in", "every IP packet that comes in"),
    ...addBytes("send", "out", "every IP packet that goes out, forwarded ones too"),
  ],
  [totals("in", "%s\\t%s\\t%s"), totals("out", "%s\\t%s\\t%s")],
  {
    limits: ["packets that the network card joined (LRO) or will split (TSO) count one IP header for all of them"],
    runsPer: "packet",
  },
);

export const drops: ProbeScript = dtrace(
  [
    ["pf:ip:test:done", "pf has decided about a packet"],
    ["/args[0] == 1 && args[2] != NULL/", "PF_DROP, and a rule is to blame"],
    ["{"],
    [
      "\t@rules[args[2]->nr, args[1]] = count();",
      "the rule's number in its ruleset, and the reason (pfvar.h, PFRES_…)",
    ],
    ["}"],
  ],
  [totals("rules", "%d\\t%d")],
  {
    needs: [...NEEDS, "pf loaded"],
    limits: [
      "rules in anchors are numbered anew in each: `pfctl -vvs rules -a ANCHOR` tells them apart",
      "IPv6 too, and only what pf drops: a full socket or queue is not a verdict",
    ],
    runsPer: "packet",
  },
);

export const retransmits: ProbeScript = dtrace(
  [
    ["tcp:::send", "a TCP segment goes out"],
    ["/args[3]->tcps_retransmit == 1/", "while the retransmission timer has run out"],
    ["{"],
    ["\t@retransmits[args[2]->ip_daddr, args[4]->tcp_dport] = count();", "by peer"],
    ["}"],
  ],
  [totals("retransmits", "%s\\t%d")],
  {
    limits: [
      "connections of this machine itself",
      "after a timeout only: what SACK repairs within a round trip is not told by the provider",
    ],
    runsPer: "packet",
  },
);

export const latency: ProbeScript = dtrace(
  [
    ["ip:::receive", "a packet comes in"],
    ["/args[2]->ip_ver == 4/"],
    ["{"],
    ["\tself->start = timestamp;", "remembered by the thread that forwards it without a pause"],
    ["\tself->id = args[4]->ipv4_ident;", "which packet it is"],
    ["}"],
    ["ip:::send", "the same packet goes out"],
    ["/self->start != 0 && args[2]->ip_ver == 4 && args[4]->ipv4_ident == self->id/"],
    ["{"],
    [
      "\t@latency[args[3]->if_name] = quantize((timestamp - self->start) / 1000);",
      "microseconds, by outgoing interface",
    ],
    ["\tself->start = 0;"],
    ["}"],
  ],
  [histogram("latency", "%s")],
  {
    limits: [
      "IPv4; packets that wait in a queue between the two are not counted",
      "with `scrub random-id` pf changes the number that tells packets apart, and nothing is counted",
    ],
    runsPer: "packet",
  },
);

export const noroute: ProbeScript = dtrace(
  [
    ["fbt::fib4_lookup:entry", "an IPv4 route is looked up"],
    ["{"],
    ["\tself->dst = arg1;", "the destination, as it stands in the packet"],
    ["\tself->asked = 1;"],
    ["}"],
    ["fbt::fib4_lookup:return", "and found or not"],
    ["/self->asked && arg1 == 0/", "a null next hop: nothing matches"],
    ["{"],
    [
      "\t@noroute4[self->dst & 255, (self->dst >> 8) & 255, (self->dst >> 16) & 255, (self->dst >> 24) & 255] = count();",
      "the four octets of the address",
    ],
    ["}"],
    ["fbt::fib4_lookup:return"],
    ["{"],
    ["\tself->asked = 0;"],
    ["\tself->dst = 0;"],
    ["}"],
  ],
  [['\tprinta("noroute\\t%d.%d.%d.%d\\t0\\t-\\t%@d\\n", @noroute4);', "the totals so far"]],
  {
    limits: ["IPv4", "fbt follows functions of the kernel, which a later release may rename", "little-endian machines"],
    runsPer: "packet",
  },
);

export const states: ProbeScript = dtrace(
  [
    ["fbt::pf_state_insert:return", "a state goes into pf's table"],
    ["/arg1 == 0/", "and was accepted"],
    ["{"],
    ['\t@states["NEW"] = count();'],
    ["}"],
    ["fbt::pf_remove_state:entry", "a state leaves it"],
    ["{"],
    ['\t@states["DESTROY"] = count();'],
    ["}"],
  ],
  [['\tprinta("states\\t%s\\t-\\t%@d\\n", @states);', "the totals so far"]],
  {
    needs: [...NEEDS, "pf loaded"],
    limits: [
      "fbt follows functions of the kernel, which a later release may rename (pf_remove_state was pf_unlink_state)",
    ],
    runsPer: "event",
  },
);

export const queues: ProbeScript = dtrace(
  [
    ["fbt::if_inc_counter:entry", "a counter of an interface grows"],
    ["/arg1 == 9 || arg1 == 10/", "IFCOUNTER_IQDROPS and IFCOUNTER_OQDROPS (if_var.h)"],
    ["{"],
    [
      '\t@queues[stringof(args[0]->if_xname), arg1 == 9 ? "input queue" : "output queue"] = sum(arg2);',
      "by interface and direction",
    ],
    ["}"],
  ],
  [['\tprinta("queues\\t%s\\t%s\\t-\\t%@d\\n", @queues);', "the totals so far"]],
  {
    limits: ["drivers that keep their own counters do not come by here: `netstat -i -d` has those"],
    runsPer: "packet",
  },
);

export const dns: ProbeScript = dtrace(
  [
    ["udp:::send", "a datagram leaves a socket of this machine"],
    ["/args[4]->udp_dport == 53/", "a question"],
    ["{"],
    ["\tasked[args[2]->ip_daddr, args[4]->udp_sport] = timestamp;"],
    ["\t@questions[args[2]->ip_daddr] = count();"],
    ["}"],
    ["udp:::receive", "a datagram reaches a socket of this machine"],
    ["/args[4]->udp_sport == 53 && asked[args[2]->ip_saddr, args[4]->udp_dport] != 0/", "the answer to it"],
    ["{"],
    [
      "\t@dns[args[2]->ip_saddr] = quantize((timestamp - asked[args[2]->ip_saddr, args[4]->udp_dport]) / 1000);",
      "microseconds, by name server",
    ],
    ["\tasked[args[2]->ip_saddr, args[4]->udp_dport] = 0;"],
    ["}"],
  ],
  [histogram("dns", "%s"), totals("questions", "%s")],
  {
    limits: [
      "questions of this machine (of the resolver that runs on it), not those it only forwards",
      "one question at a time for each port; DNS over TCP, TLS or HTTPS is not seen",
    ],
    runsPer: "event",
  },
);

export const connects: ProbeScript = dtrace(
  [
    ["tcp:::connect-request", "the first SYN of a connection, in the process that asked for it"],
    ["{"],
    ["\t@connects[pid, args[2]->ip_daddr, args[4]->tcp_dport, execname] = count();"],
    ["}"],
  ],
  [totals("connects", "%d\\t%s\\t%d\\t%s")],
  { limits: ["TCP only: a UDP socket opens no connection"], runsPer: "event" },
);
