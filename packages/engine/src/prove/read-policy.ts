/** Policy files: what must hold for all packets, in a few lines each. */
import { type Diagnostic, type Prefix, parsePrefix, type Source, type Span, type System } from "@pierhead/core";
import { parseDocument } from "yaml";
import { portOf, protocolOf, serviceProtocol } from "../scenario/packet-spec.ts";
import { type Entry, Reader, type YamlNode } from "../scenario/reader.ts";

/** One end of the packets: hosts, the machine itself, or the networks of an interface. */
export type PolicyEnd =
  | { readonly kind: "any" }
  | { readonly kind: "self" }
  /** Hosts that are on none of the machine's networks. */
  | { readonly kind: "internet" }
  | { readonly kind: "prefix"; readonly prefix: Prefix }
  | { readonly kind: "network"; readonly interface: string };

export const OUTCOMES = ["pass", "block", "return-rst", "return-icmp", "synproxy", "no-route", "arp-failed"] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Policy {
  readonly name: string;
  readonly source: Source;
  readonly span: Span;
  /** Null: any. */
  readonly from: readonly PolicyEnd[] | null;
  readonly to: readonly PolicyEnd[] | null;
  /** Interfaces packets arrive on; null: all. */
  readonly in: readonly string[] | null;
  /** Protocol numbers; null: any. */
  readonly protocols: readonly number[] | null;
  /** Destination ports; null: any. */
  readonly ports: readonly (readonly [low: number, high: number])[] | null;
  readonly rule: "always" | "never";
  readonly outcome: Outcome;
  /** Interface it leaves by; null: does not matter. */
  readonly via: string | null;
  /** Source it leaves with. */
  readonly as: Prefix | null;
  /** Conditions it is for: name of a test or an interface, and how it stands; null: all of them. */
  readonly when: readonly { readonly name: string; readonly value: "up" | "down" }[] | null;
}

const KEYS = ["name", "from", "to", "in", "proto", "port", "always", "never", "via", "as", "when"] as const;

/** Reads a list of policies; diagnostics of level error mean that some are not as they were meant. */
export function readPolicies(source: Source, system: System): { policies: Policy[]; diagnostics: Diagnostic[] } {
  const reader = new Reader(source);
  const document = parseDocument(source.text, { prettyErrors: false, uniqueKeys: true });
  for (const error of document.errors) {
    const message = `This is not YAML: ${error.message.split("\n")[0]}`;
    reader.error("scenario/yaml", message, { start: error.pos[0], end: error.pos[1] });
  }
  if (document.errors.length > 0) return { policies: [], diagnostics: reader.diagnostics };
  const whole = { start: 0, end: Math.min(1, source.text.length) };
  const list = reader.list(document.contents as YamlNode, "a policy file", whole) ?? [];
  const policies = list.flatMap((node) => {
    const policy = readPolicy(reader, system, node, reader.span(node, whole));
    return policy === null ? [] : [policy];
  });
  return { policies, diagnostics: reader.diagnostics };
}

function readPolicy(reader: Reader, system: System, node: YamlNode, span: Span): Policy | null {
  const fields = reader.fields(node, "a policy", KEYS, span);
  if (fields === null) return null;
  const errors = reader.diagnostics.length;
  const always = fields.get("always");
  const never = fields.get("never");
  const rule = always ?? never;
  if (rule === undefined || (always !== undefined && never !== undefined)) {
    reader.error(
      "policy/always-or-never",
      "A policy says either `always:` or `never:`, and what: `never: pass`.",
      span,
    );
    return null;
  }
  const outcome = reader.text(rule, `\`${rule.key}\``);
  if (outcome !== null && !(OUTCOMES as readonly string[]).includes(outcome)) {
    reader.error(
      "policy/bad-value",
      `\`${outcome}\` is no fate of a packet; there are ${OUTCOMES.join(", ")}.`,
      rule.span,
    );
  }
  const text = (key: string): string | null => {
    const entry = fields.get(key);
    return entry === undefined ? null : reader.text(entry, `\`${key}\``);
  };
  const texts = (key: string): { text: string; span: Span }[] | null => {
    const entry = fields.get(key);
    return entry === undefined ? null : textsOf(reader, entry);
  };
  const protocols = texts("proto")?.flatMap(({ text: name, span: at }) => {
    const number = protocolOf(system, name);
    if (number === null) reader.error("policy/bad-value", `\`${name}\` is no protocol this system knows.`, at);
    return number === null ? [] : [number];
  });
  const ports = texts("port")?.flatMap(({ text: value, span: at }) => {
    const range = portRange(system, value, protocols?.[0] ?? null);
    if (range === null) reader.error("policy/bad-value", `\`${value}\` is no port: 80, "1000:2000", https.`, at);
    return range === null ? [] : [range];
  });
  const as = fields.get("as");
  const policy: Policy = {
    name: text("name") ?? "policy",
    source: reader.source,
    span,
    from: ends(reader, texts("from")),
    to: ends(reader, texts("to")),
    in: texts("in")?.map((one) => one.text) ?? null,
    protocols: protocols ?? null,
    ports: ports ?? null,
    rule: always === undefined ? "never" : "always",
    outcome: outcome as Outcome,
    via: text("via"),
    as: as === undefined ? null : reader.prefix(as, "`as`"),
    when: conditions(reader, texts("when")),
  };
  return reader.diagnostics.length > errors ? null : policy;
}

function textsOf(reader: Reader, entry: Entry): { text: string; span: Span }[] {
  return reader.oneOrMore(entry.value).flatMap((value) => {
    const span = reader.span(value, entry.span);
    const text = reader.text({ value, span }, `\`${entry.key}\``);
    return text === null ? [] : [{ text, span }];
  });
}

function ends(reader: Reader, list: { text: string; span: Span }[] | null): PolicyEnd[] | null {
  return (
    list?.flatMap(({ text, span }): PolicyEnd[] => {
      if (text === "any") return [{ kind: "any" }];
      if (text === "self" || text === "internet") return [{ kind: text }];
      const network = /^([A-Za-z][\w.]*):network$/.exec(text)?.[1];
      if (network !== undefined) return [{ kind: "network", interface: network }];
      const prefix = parsePrefix(text);
      if (prefix !== null) return [{ kind: "prefix", prefix }];
      reader.error(
        "policy/bad-value",
        `\`${text}\` is no end of a packet: 192.0.2.0/24, any, internet, self, em0:network.`,
        span,
      );
      return [];
    }) ?? null
  );
}

function portRange(system: System, text: string, protocol: number | null): readonly [number, number] | null {
  const colon = text.indexOf(":");
  const service = serviceProtocol(protocol);
  const low = portOf(system, colon === -1 ? text : text.slice(0, colon), service);
  const high = colon === -1 ? low : portOf(system, text.slice(colon + 1), service);
  return low === null || high === null || high < low ? null : [low, high];
}

function conditions(reader: Reader, list: { text: string; span: Span }[] | null): Policy["when"] {
  return (
    list?.flatMap(({ text, span }) =>
      text.split(",").flatMap((one) => {
        const match = /^\s*(.+?)\s*=\s*(up|down)\s*$/.exec(one);
        if (match === null) {
          reader.error("policy/bad-value", `\`${one.trim()}\` is no condition: isp1=down, vr0=up.`, span);
          return [];
        }
        return [{ name: match[1] as string, value: match[2] as "up" | "down" }];
      }),
    ) ?? null
  );
}
