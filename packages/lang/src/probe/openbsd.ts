/**
 * OpenBSD: btrace(8) where dt(4) can answer, and the counters that the system keeps where it cannot. dt(4) has no
 * tracepoint on the way of a packet (sys/dev/dt/dt_prov_static.c), kprobes need a kernel with `option DDBPROF`, which
 * GENERIC is not, and a kprobe's arguments cannot be relied on (dt_prov_kprobe.c).
 */
import { impossible, lines, script } from "./script.ts";
import type { ProbeImpossible, ProbeScript } from "./types.ts";

const DT_NEEDS = [
  "btrace, run as root",
  "kern.allowdt=1, set in /etc/sysctl.conf and active since the last boot",
  "OpenBSD 7.3 or newer",
];

export const connects: ProbeScript = script("btrace", {
  needs: DT_NEEDS,
  runsPer: "event",
  limits: [
    "by process only: btrace(8) cannot read the address that connect(2) is given",
    "every kind of socket: connections to syslogd(8) or to a database's local socket count too",
  ],
  lines: (facts) =>
    lines(
      ["BEGIN {"],
      ["\t@ticks = 0;", "seconds so far"],
      ["}"],
      ["syscall:connect:entry {", "a process calls connect(2)"],
      ["\t@connects[pid, comm] = count();", "by process"],
      ["}"],
      ["interval:hz:1 {", "every second; btrace takes one interval in a program"],
      ["\tprint(@connects);", "the totals so far"],
      ["\t@ticks = @ticks + 1;"],
      [`\tif (@ticks >= ${facts.seconds}) {`, "the bound: it ends by itself"],
      ["\t\texit();"],
      ["\t}"],
      ["}"],
    ),
});

export const drops: ProbeScript = script("counters", {
  command: ["pfctl", "-v", "-s", "rules"],
  reads: "pf-rules",
  needs: ["pfctl, run as root (it reads /dev/pf)"],
  limits: ["rules of the main ruleset; the packets of a rule are those it decided, also as the rule of a state"],
  runsPer: "second",
});

export const states: ProbeScript = script("counters", {
  command: ["pfctl", "-s", "info"],
  reads: "pf-info",
  needs: ["pfctl, run as root (it reads /dev/pf)"],
  limits: ["how many, not whose: `pfctl -s states` lists those that live now"],
  runsPer: "second",
});

function netstat(words: readonly string[], wanted: readonly string[], limits: readonly string[]): ProbeScript {
  return script("counters", {
    command: ["netstat", ...words],
    reads: "netstat",
    wanted,
    needs: ["netstat"],
    limits,
    runsPer: "second",
  });
}

/** The lines of `netstat -s` that tell of routes that were not found (netstat(1), usr.bin/netstat/inet.c). */
export const NO_ROUTE: readonly string[] = ["no route", "not forwardable", "unreachable"];

export const noroute: ProbeScript = netstat(["-s", "-p", "ip"], NO_ROUTE, ["how many, not whereto"]);

export const retransmits: ProbeScript = netstat(
  ["-s", "-p", "tcp"],
  ["retransmit"],
  [
    "how many, not by peer",
    "connections of this machine itself; those that it only forwards are not its to send again",
  ],
);

export const queues: ProbeScript = script("counters", {
  command: ["netstat", "-i", "-n", "-d"],
  reads: "netstat",
  wanted: ["drop"],
  needs: ["netstat"],
  limits: ["`pfctl -v -s queue` tells the drops of each queue of pf.conf"],
  runsPer: "second",
});

const NO_PACKETS =
  "dt(4) has no tracepoint on the way of a packet, kprobes need a kernel with `option DDBPROF`, and btrace(8) cannot read a packet";

export const talkers: ProbeImpossible = impossible(
  NO_PACKETS,
  "`set state-defaults pflow` in pf.conf, a pflow(4) interface, and `pierhead flows`",
);
export const latency: ProbeImpossible = impossible(NO_PACKETS);
export const dns: ProbeImpossible = impossible(NO_PACKETS, "unbound-control stats, where unbound(8) resolves");
