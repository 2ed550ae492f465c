import * as freebsd from "./freebsd.ts";
import * as linux from "./linux.ts";
import * as netbsd from "./netbsd.ts";
import * as openbsd from "./openbsd.ts";
import type { Probe, ProbeFamily, ProbeTable } from "./types.ts";

type Name = "talkers" | "drops" | "retransmits" | "latency" | "noroute" | "states" | "queues" | "dns" | "connects";

const systems = { linux, freebsd, openbsd, netbsd };

function probe(name: Name, question: string, ...tables: readonly ProbeTable[]): Probe {
  const on = Object.fromEntries(
    Object.entries(systems).map(([family, scripts]) => [family, scripts[name]]),
  ) as unknown as Record<ProbeFamily, Probe["on"][ProbeFamily]>;
  return { name, question, tables, on };
}

const sum = (name: string, title: string, unit: ProbeTable["unit"], ...keys: readonly string[]): ProbeTable => ({
  name,
  title,
  keys,
  unit,
  shape: "sum",
});

const histogram = (name: string, title: string, ...keys: readonly string[]): ProbeTable => ({
  name,
  title,
  keys,
  unit: "microseconds",
  shape: "histogram",
});

/** What the tool `counters` reads out of `netstat`. */
const counters = sum("counters", "Counters", "events", "counter");

/** The named questions, in the order a person in front of a box asks them. */
export const PROBES: readonly Probe[] = [
  probe(
    "talkers",
    "who is talking most",
    sum("in", "In", "bytes", "interface", "from", "to"),
    sum("out", "Out", "bytes", "interface", "from", "to"),
  ),
  probe(
    "drops",
    "which rule or verdict drops what",
    sum("drops", "Dropped packets", "packets", "reason", "where", "protocol", "from", "to", "port"),
    sum("rules", "Dropped packets by rule", "packets", "number", "what"),
  ),
  probe(
    "retransmits",
    "to whom TCP segments have to be sent again",
    sum("retransmits", "Sent again", "packets", "peer", "port"),
    counters,
  ),
  probe("latency", "how long a packet takes through the box", histogram("latency", "Through the box", "out")),
  probe(
    "noroute",
    "which route lookups fail",
    sum("noroute", "No route", "events", "to", "error", "asked by"),
    counters,
  ),
  probe(
    "states",
    "how fast connections come and go in the state table",
    sum("states", "State table", "events", "event", "protocol"),
    sum("creators", "Who makes states", "events", "from"),
  ),
  probe(
    "queues",
    "where an interface's queue drops packets",
    sum("queues", "Dropped by queues", "packets", "interface", "reason", "where"),
    counters,
  ),
  probe(
    "dns",
    "how long name servers take to answer",
    histogram("dns", "Answers", "server"),
    sum("questions", "Questions", "packets", "server"),
  ),
  probe(
    "connects",
    "which process opens connections",
    sum("connects", "Connections", "events", "pid", "to", "port", "process"),
  ),
];

export function findProbe(name: string): Probe | null {
  return PROBES.find((one) => one.name === name) ?? null;
}
