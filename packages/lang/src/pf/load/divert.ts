import type { DivertNode } from "../read/nodes.ts";
import type { Reader } from "../read/reader.ts";
import type { Rule } from "../rule.ts";

/** `expand_divertspec`: puts a divert option into the rule. Returns false after a complaint. */
export function applyDivert(reader: Reader, rule: Rule, divert: DivertNode | null): boolean {
  if (divert === null) return true;
  if (reader.dialect.divertByDirection) return divertByDirection(reader, rule, divert);
  switch (divert.kind) {
    case "divert-to": {
      if (rule.direction === "out") {
        reader.complain(
          "divert-to used with outgoing rule",
          "pf/wrong-direction",
          "`divert-to` takes packets that come in: use it with `pass in`.",
        );
        return false;
      }
      const family = rule.family;
      const host = family === null ? divert.hosts[0] : divert.hosts.find((it) => it.family === family);
      if (host === undefined) {
        reader.complain(
          "divert-to address family mismatch",
          "pf/family-mismatch",
          "The address of divert-to is not of the rule's address family.",
        );
        return false;
      }
      rule.family = host.family === 0 ? null : host.family;
      rule.divert = {
        kind: "divert-to",
        address: host.wrap.kind === "prefix" ? host.wrap.address : null,
        port: divert.port,
      };
      return true;
    }
    case "divert-reply":
      if (rule.direction === "in") {
        reader.complain(
          "divert-reply used with incoming rule",
          "pf/wrong-direction",
          "`divert-reply` is for connections that go out: use it with `pass out`.",
        );
        return false;
      }
      rule.divert = { kind: "divert-reply" };
      return true;
    case "divert-packet":
      rule.divert = { kind: "divert-packet", port: divert.port };
      return true;
  }
}

// Before OpenBSD 6.2: an address for packets that come in, none for those that go out.
function divertByDirection(reader: Reader, rule: Rule, divert: DivertNode): boolean {
  if (divert.kind === "divert-packet") {
    rule.divert = { kind: "divert-packet", port: divert.port };
    return true;
  }
  const host = divert.hosts[0];
  const wrong = (tool: string, code: string, message: string): false => {
    reader.complain(tool, code, message);
    return false;
  };
  if (rule.direction === "out") {
    if (host !== undefined) {
      return wrong(
        "address specified for outgoing divert",
        "pf/wrong-direction",
        "`divert-to` takes packets that come in: use it with `pass in`.",
      );
    }
    rule.divert = { kind: "divert-reply" };
    return true;
  }
  if (host === undefined) {
    return wrong(
      "no address specified for incoming divert",
      "pf/wrong-direction",
      "`divert-reply` is for connections that go out: use it with `pass out`.",
    );
  }
  // From OpenBSD 4.7 the first address of the rule's family counts, and a rule without a family takes the address's.
  const isSearched = reader.dialect.family === "openbsd";
  const found =
    isSearched && rule.family !== null
      ? divert.hosts.find((it) => it.family === rule.family)
      : isSearched || host.family === (rule.family ?? 0)
        ? host
        : undefined;
  if (found === undefined) {
    return wrong(
      "address family mismatch for divert",
      "pf/family-mismatch",
      "The rule must have the address family of the divert address: write `inet` or `inet6`.",
    );
  }
  rule.family = found.family === 0 ? null : found.family;
  const address = found.wrap.kind === "prefix" ? found.wrap.address : null;
  rule.divert = { kind: "divert-to", address, port: divert.port };
  return true;
}
