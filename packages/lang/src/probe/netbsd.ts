/**
 * NetBSD: D where its DTrace has a provider that does not depend on how the kernel was compiled (syscall), and counters
 * elsewhere. FreeBSD's ip, tcp, udp and pf providers do not exist there.
 */

import { NO_ROUTE } from "./openbsd.ts";
import { impossible, lines, script } from "./script.ts";
import type { ProbeImpossible, ProbeScript } from "./types.ts";

export const connects: ProbeScript = script("dtrace", {
  needs: [
    "dtrace, run as root",
    "the modules of DTrace: `modload dtrace && modload dtrace_syscall && modload dtrace_profile`",
    "a kernel with KDTRACE_HOOKS, as GENERIC of amd64 is",
  ],
  runsPer: "event",
  limits: ["by process only: where to is behind a pointer", "every kind of socket, local ones too"],
  lines: (facts) =>
    lines(
      ["#pragma D option quiet", "nothing but what is printed below"],
      ["#pragma D option aggsize=4m", "bounds of the memory that sums may take"],
      ["syscall::connect:entry", "a process calls connect(2)"],
      ["{"],
      ["\t@connects[pid, execname] = count();", "by process"],
      ["}"],
      ["profile:::tick-1s", "every second"],
      ["{"],
      ['\tprinta("connects\\t%d\\t-\\t0\\t%s\\t%@d\\n", @connects);', "the totals so far"],
      ["}"],
      [`profile:::tick-${facts.seconds}s`, "the bound: it ends by itself"],
      ["{"],
      ["\texit(0);"],
      ["}"],
    ),
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

export const noroute: ProbeScript = netstat(["-s", "-p", "ip"], NO_ROUTE, ["how many, not whereto"]);

export const retransmits: ProbeScript = netstat(["-s", "-p", "tcp"], ["retransmit"], ["how many, not by peer"]);

export const queues: ProbeScript = netstat(["-i", "-n", "-d"], ["drop"], ["drops of the output queue only"]);

export const drops: ProbeScript = script("counters", {
  command: ["pfctl", "-v", "-s", "rules"],
  reads: "pf-rules",
  needs: ["pf(4) as the packet filter (npf has no counters of this kind), pfctl run as root"],
  limits: ["rules of the main ruleset; the packets of a rule are those it decided, also as the rule of a state"],
  runsPer: "second",
});

export const states: ProbeScript = script("counters", {
  command: ["pfctl", "-s", "info"],
  reads: "pf-info",
  needs: ["pf(4) as the packet filter, pfctl run as root"],
  limits: ["how many, not whose"],
  runsPer: "second",
});

const NO_PROVIDER =
  "NetBSD's DTrace has no ip, tcp or udp provider, and its fbt probes change with how the kernel was compiled";

export const talkers: ProbeImpossible = impossible(
  NO_PROVIDER,
  "an exporter of flows, such as softflowd, and `pierhead flows`",
);
export const latency: ProbeImpossible = impossible(NO_PROVIDER);
export const dns: ProbeImpossible = impossible(NO_PROVIDER);
