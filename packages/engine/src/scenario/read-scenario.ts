/** Reading a scenario file. */
import {
  type Address,
  type InterfaceAddress,
  KNOWN_SYSTEMS,
  type LinkState,
  parsePrefix,
  parseSystem,
  type Source,
  type Span,
  type System,
} from "@pierhead/core";
import { isScalar, parseDocument } from "yaml";
import type { Lease } from "../build/index.ts";
import { parseDuration } from "./duration.ts";
import { PACKET_KEYS, packetSpecOf, readPacketSpec } from "./packet-spec.ts";
import { readConnect } from "./read-connect.ts";
import { readExpectation } from "./read-expectation.ts";
import { type Entry, Reader, withoutScope, type YamlNode } from "./reader.ts";
import type {
  ReadScenario,
  ReplySpec,
  Scenario,
  ScenarioInterface,
  ScenarioRoute,
  ScenarioStep,
  StepAction,
} from "./types.ts";

const FILE_KEYS = [
  "name",
  "system",
  "source",
  "tree",
  "files",
  "interfaces",
  "routes",
  "forwarding",
  "leases",
  "tests",
  "steps",
] as const;

/** Reads a scenario; diagnostics of level error mean that it cannot be run as it was meant. */
export function readScenario(source: Source): ReadScenario {
  const reader = new Reader(source);
  const document = parseDocument(source.text, { prettyErrors: false, uniqueKeys: true });
  for (const error of document.errors) {
    reader.error("scenario/yaml", `This is not YAML: ${firstSentence(error.message)}`, {
      start: error.pos[0],
      end: error.pos[1],
    });
  }
  if (document.errors.length > 0) return { scenario: null, diagnostics: reader.diagnostics };
  const whole: Span = { start: 0, end: Math.min(1, source.text.length) };
  const fields = reader.fields(document.contents as YamlNode, "a scenario", FILE_KEYS, whole);
  if (fields === null) return { scenario: null, diagnostics: reader.diagnostics };
  const system = readSystem(reader, fields.get("system"), whole);
  const steps = fields.get("steps");
  if (steps === undefined) {
    reader.error(
      "scenario/missing-key",
      "A scenario needs `steps`, a list of what happens and what is expected.",
      whole,
    );
  }
  if (system === null) return { scenario: null, diagnostics: reader.diagnostics };
  const name = fields.get("name");
  const tree = fields.get("tree");
  const forwarding = fields.get("forwarding");
  const scenario: Scenario = {
    source,
    name: (name === undefined ? null : reader.text(name, "`name`")) ?? source.name,
    system,
    tree: tree === undefined ? null : reader.text(tree, "`tree`"),
    files: readFiles(reader, fields.get("files")),
    interfaces: readInterfaces(reader, fields.get("interfaces")),
    routes: readRoutes(reader, fields.get("routes")),
    forwarding: forwarding === undefined ? null : reader.boolean(forwarding, "`forwarding`"),
    leases: initialLeases(reader, fields.get("leases")),
    tests: readTests(reader, fields.get("tests")),
    steps: steps === undefined ? [] : readSteps(reader, system, steps),
  };
  return { scenario, diagnostics: reader.diagnostics };
}

function firstSentence(message: string): string {
  const end = message.indexOf("\n");
  return end === -1 ? message : message.slice(0, end);
}

function readSystem(reader: Reader, entry: Entry | undefined, at: Span): System | null {
  if (entry === undefined) {
    reader.error("scenario/missing-key", "A scenario needs `system`, such as openbsd-7.8 or freebsd-15.0.", at);
    return null;
  }
  const text = reader.text(entry, "`system`");
  if (text === null) return null;
  const system = parseSystem(text);
  if (system === null) {
    reader.error(
      "scenario/unknown-system",
      `\`${text}\` is no system we know; there are ${KNOWN_SYSTEMS.join(", ")}.`,
      entry.span,
    );
  }
  return system;
}

function readFiles(reader: Reader, entry: Entry | undefined): Map<string, string> {
  const files = new Map<string, string>();
  if (entry === undefined) return files;
  for (const file of reader.entries(entry.value, "`files`", entry.span) ?? []) {
    const text = reader.text(file, `the text of ${file.key}`);
    if (text !== null) files.set(file.key.startsWith("/") ? file.key : `/${file.key}`, text);
  }
  return files;
}

const INTERFACE_KEYS = ["addresses", "groups", "link", "mtu", "rtable"];

function readInterfaces(reader: Reader, entry: Entry | undefined): ScenarioInterface[] {
  const interfaces: ScenarioInterface[] = [];
  if (entry === undefined) return interfaces;
  for (const one of reader.entries(entry.value, "`interfaces`", entry.span) ?? []) {
    const fields = reader.fields(one.value, "an interface", INTERFACE_KEYS, one.span);
    if (fields === null) continue;
    const addresses = fields.get("addresses");
    const groups = fields.get("groups");
    const link = fields.get("link");
    const mtu = fields.get("mtu");
    const rtable = fields.get("rtable");
    interfaces.push({
      name: one.key,
      span: one.keySpan,
      addresses: addresses === undefined ? null : readAddresses(reader, addresses),
      groups: groups === undefined ? null : readWords(reader, groups, "a group"),
      link: link === undefined ? null : readLink(reader, link),
      mtu: mtu === undefined ? null : reader.number(mtu, "`mtu`", 68, 65536),
      rtable: rtable === undefined ? null : reader.number(rtable, "`rtable`", 0, 65535),
    });
  }
  return interfaces;
}

function readAddresses(reader: Reader, entry: Entry): InterfaceAddress[] {
  const addresses: InterfaceAddress[] = [];
  for (const node of reader.oneOrMore(entry.value)) {
    const span = reader.span(node, entry.span);
    const text = reader.text({ value: node, span }, "an address");
    if (text === null) continue;
    const [first, word, second] = text.trim().split(/\s+/);
    const prefix = parsePrefix(withoutScopeInPrefix(first ?? ""));
    const peer = word === "peer" ? parsePrefix(second ?? "") : null;
    if (prefix === null || (word !== undefined && peer === null)) {
      reader.error(
        "scenario/bad-address",
        `\`${text}\` is not an address with a prefix length, like 192.0.2.1/24.`,
        span,
      );
      continue;
    }
    const { address, length } = prefix;
    addresses.push(peer === null ? { address, length } : { address, length, peer: peer.address });
  }
  return addresses;
}

function withoutScopeInPrefix(text: string): string {
  return text.replace(/%[^/]*/, "");
}

function readWords(reader: Reader, entry: Entry, what: string): string[] {
  const words: string[] = [];
  for (const node of reader.oneOrMore(entry.value)) {
    const text = reader.text({ value: node, span: reader.span(node, entry.span) }, what);
    if (text !== null) words.push(text);
  }
  return words;
}

function readLink(reader: Reader, entry: Entry): LinkState | null {
  const text = reader.text(entry, "a link state");
  if (text === null || text === "up" || text === "down" || text === "unknown") return text;
  reader.error("scenario/unknown-value", `A link is up, down or unknown, not \`${text}\`.`, entry.span);
  return null;
}

const ROUTE_KEYS = ["to", "via", "interface", "table", "reject", "blackhole", "label"];

function readRoutes(reader: Reader, entry: Entry | undefined): ScenarioRoute[] {
  const routes: ScenarioRoute[] = [];
  if (entry === undefined) return routes;
  for (const node of reader.list(entry.value, "`routes`", entry.span) ?? []) {
    const span = reader.span(node, entry.span);
    const route = readRoute(reader, node, span);
    if (route !== null) routes.push(route);
  }
  return routes;
}

function readRoute(reader: Reader, node: YamlNode, span: Span): ScenarioRoute | null {
  const fields = reader.fields(node, "a route", ROUTE_KEYS, span);
  if (fields === null) return null;
  const text = (key: string): string | null => {
    const found = fields.get(key);
    return found === undefined ? null : reader.text(found, `\`${key}\``);
  };
  const flag = (key: string): boolean => {
    const found = fields.get(key);
    return found !== undefined && reader.boolean(found, `\`${key}\``) === true;
  };
  const via = fields.get("via");
  const gateway = via === undefined ? null : reader.address(via, "`via`");
  const to = text("to");
  const table = fields.get("table");
  if (to === null) {
    if (!fields.has("to")) reader.error("scenario/missing-key", "A route needs `to`: a network or `default`.", span);
    return null;
  }
  const prefix = parsePrefix(to === "default" ? (gateway?.family === 6 ? "::/0" : "0.0.0.0/0") : to);
  if (prefix === null) {
    reader.error(
      "scenario/bad-address",
      `\`${to}\` is not a network like 192.0.2.0/24, nor \`default\`.`,
      fields.get("to")?.span ?? span,
    );
    return null;
  }
  const scope = gateway === null ? null : scopeOf(text("via") ?? "");
  const discard = flag("reject") ? "reject" : flag("blackhole") ? "blackhole" : null;
  const by = text("interface") ?? scope;
  if (gateway === null && by === null && discard === null) {
    reader.error(
      "scenario/missing-key",
      "A route needs `via` (a next hop), `interface` (its link) or `reject: true`.",
      span,
    );
    return null;
  }
  return {
    span,
    destination: prefix.address,
    length: prefix.length,
    via: gateway,
    interface: by,
    table: table === undefined ? 0 : (reader.number(table, "`table`", 0, 65535) ?? 0),
    discard,
    label: text("label"),
  };
}

function scopeOf(text: string): string | null {
  const bare = withoutScope(text);
  return bare.length === text.length ? null : text.slice(bare.length + 1);
}

/** Interface → `address` and `gateway`, or `none` where leases may end. */
function readLeases(reader: Reader, entry: Entry, mayEnd: boolean): Map<string, Lease | null> {
  const leases = new Map<string, Lease | null>();
  for (const one of reader.entries(entry.value, "leases", entry.span) ?? []) {
    if (mayEnd && isScalar(one.value) && one.value.value === "none") {
      leases.set(one.key, null);
      continue;
    }
    const fields = reader.fields(one.value, "a lease", ["address", "gateway"], one.span);
    if (fields === null) continue;
    const address = fields.get("address");
    const gateway = fields.get("gateway");
    const text = address === undefined ? null : reader.text(address, "`address`");
    const prefix = text === null ? null : parsePrefix(text);
    if (prefix === null || prefix.address.family !== 4) {
      const message = "A lease has an IPv4 `address` with its length, like 192.0.2.10/24, and mostly a `gateway`.";
      reader.error("scenario/bad-address", message, address?.span ?? one.span);
      continue;
    }
    leases.set(one.key, {
      address: prefix,
      gateway: gateway === undefined ? null : reader.address(gateway, "`gateway`"),
    });
  }
  return leases;
}

function initialLeases(reader: Reader, entry: Entry | undefined): Map<string, Lease> {
  const leases = new Map<string, Lease>();
  if (entry === undefined) return leases;
  for (const [name, lease] of readLeases(reader, entry, false)) if (lease !== null) leases.set(name, lease);
  return leases;
}

function readTests(reader: Reader, entry: Entry | undefined): Map<string, boolean> {
  const tests = new Map<string, boolean>();
  if (entry === undefined) return tests;
  for (const one of reader.entries(entry.value, "`tests`", entry.span) ?? []) {
    const truth = reader.boolean(one, `test ${one.key}`);
    if (truth !== null) tests.set(one.key, truth);
  }
  return tests;
}

const ACTION_KEYS = ["packet", "reply", "set", "lease", "link", "connect", "disconnect", "advance", "run"] as const;
const STEP_KEYS = [...ACTION_KEYS, "stdin", "expect", "times", "save"];

function readSteps(reader: Reader, system: System, entry: Entry): ScenarioStep[] {
  const steps: ScenarioStep[] = [];
  for (const node of reader.list(entry.value, "`steps`", entry.span) ?? []) {
    const span = reader.span(node, entry.span);
    const fields = reader.fields(node, "a step", STEP_KEYS, span);
    if (fields === null) continue;
    const action = readAction(reader, system, fields, span);
    const expect = fields.get("expect");
    const times = fields.get("times");
    const save = fields.get("save");
    if (action === null) continue;
    steps.push({
      span,
      action,
      expect: expect === undefined ? null : readExpectation(reader, system, expect),
      times: times === undefined ? 1 : (reader.number(times, "`times`", 1, 100_000) ?? 1),
      save: save === undefined ? null : reader.text(save, "`save`"),
    });
  }
  return steps;
}

function readAction(reader: Reader, system: System, fields: ReadonlyMap<string, Entry>, span: Span): StepAction | null {
  const present = ACTION_KEYS.filter((key) => fields.has(key));
  if (present.length !== 1) {
    const found = present.length === 0 ? "none" : present.join(" and ");
    reader.error(
      "scenario/step-action",
      `A step does exactly one of ${ACTION_KEYS.join(", ")}; this one has ${found}.`,
      span,
    );
    return null;
  }
  const key = present[0] as (typeof ACTION_KEYS)[number];
  const entry = fields.get(key) as Entry;
  const stdin = fields.get("stdin");
  if (stdin !== undefined && key !== "run") {
    reader.error("scenario/unknown-key", "`stdin` belongs to a `run` step.", stdin.keySpan);
  }
  switch (key) {
    case "packet": {
      const packet = readPacketSpec(reader, system, entry.value, entry.span, "a packet");
      if (packet === null) return null;
      if (packet.client === null && (packet.in === null) === (packet.out === null)) {
        reader.error(
          "scenario/missing-key",
          "A packet has either `in: INTERFACE` (it arrives) or `out: INTERFACE` (the host sends it).",
          entry.span,
        );
      }
      return { kind: "packet", packet };
    }
    case "reply": {
      const reply = readReply(reader, system, entry);
      return reply === null ? null : { kind: "reply", reply };
    }
    case "set": {
      const set = reader.fields(entry.value, "`set`", ["tests"], entry.span);
      return set === null ? null : { kind: "set", tests: readTests(reader, set.get("tests")) };
    }
    case "lease":
      return { kind: "lease", leases: readLeases(reader, entry, true) };
    case "link": {
      const links = new Map<string, LinkState>();
      for (const one of reader.entries(entry.value, "`link`", entry.span) ?? []) {
        const state = readLink(reader, one);
        if (state !== null) links.set(one.key, state);
      }
      return { kind: "link", links };
    }
    case "advance": {
      const text = reader.text(entry, "`advance`");
      const seconds = text === null ? null : parseDuration(text);
      if (text !== null && seconds === null) {
        reader.error("scenario/bad-duration", `\`${text}\` is no time span, like 30s, 5m or 1h30m.`, entry.span);
      }
      return seconds === null ? null : { kind: "advance", seconds };
    }
    case "connect": {
      const client = readConnect(reader, entry);
      return client === null ? null : { kind: "connect", client };
    }
    case "disconnect": {
      const user = reader.text(entry, "`disconnect`");
      return user === null ? null : { kind: "disconnect", user };
    }
    case "run": {
      const command = reader.text(entry, "`run`");
      if (command === null) return null;
      return { kind: "run", command, stdin: stdin === undefined ? null : reader.text(stdin, "`stdin`") };
    }
  }
}

function readReply(reader: Reader, system: System, entry: Entry): ReplySpec | null {
  const fields = reader.fields(entry.value, "a reply", [...PACKET_KEYS, "error", "by"], entry.span);
  if (fields === null) return null;
  const error = fields.get("error");
  const by = fields.get("by");
  const code = fields.get("code");
  // The code of an error is named by the error's own type, which is known only when the packet is.
  const own = new Map(fields);
  if (error !== undefined) own.delete("code");
  const packet = packetSpecOf(reader, system, own, entry.span);
  const source: Address | null = by === undefined ? null : reader.address(by, "`by`");
  return {
    span: entry.span,
    packet,
    error: error === undefined ? null : reader.text(error, "`error`"),
    code: error === undefined || code === undefined ? null : reader.text(code, "`code`"),
    mtu: packet.mtu,
    by: source,
  };
}
