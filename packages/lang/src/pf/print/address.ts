import { type Family, PROTOCOL, type System } from "@pierhead/core";
import { serviceByPort } from "../../names/index.ts";
import type { AddressWrap, Operator, OperatorRange, Rule, RuleAddress } from "../rule.ts";
import type { PrintDialect } from "./dialect.ts";
import type { FormatOptions } from "./options.ts";

/**
 * `print_addr`: an address as rules and pools hold it.
 *
 * @param family the rule's, null when it has none; FreeBSD then prints no netmask of `(interface)`
 */
export function formatAddress(
  address: AddressWrap,
  family: Family | null,
  dialect: PrintDialect | null,
  options: FormatOptions,
): string {
  switch (address.kind) {
    case "any":
      return "any";
    case "prefix": {
      const text = address.address.toString();
      if (address.length === address.address.bits) return text;
      // 4.6 prints a mask that is too long for its address, as a next hop may have one.
      if (address.length > address.address.bits && dialect?.family !== "4.6") return text;
      if (address.length === 0 && address.address.isUnspecified()) return "any";
      return `${text}/${address.length}`;
    }
    case "range":
      return `${address.first} - ${address.last}`;
    case "dynamic": {
      const modifiers = address.modifiers;
      let text = `(${address.interface}`;
      if (modifiers.network) text += ":network";
      if (modifiers.broadcast) text += ":broadcast";
      if (modifiers.peer) text += ":peer";
      if (modifiers.noAlias) text += ":0";
      if (options.counts) {
        const count = options.dynamicCount?.(address, family) ?? 0;
        text += count <= 0 ? ":*" : `:${count}`;
      }
      text += ")";
      // One netmask serves both families; it is printed when it is shorter than a host of the rule's family.
      if (family === 4) return address.length4 !== 32 ? `${text}/${address.length4}` : text;
      if (family === null && dialect?.family === "freebsd") return text;
      return address.length6 < 128 ? `${text}/${address.length6}` : text;
    }
    case "table": {
      if (!options.counts) return `<${address.name}>`;
      const count = options.tableCount === undefined ? 0 : options.tableCount(address.name);
      return `<${address.name}:${count ?? "*"}>`;
    }
    case "route-label":
      return `route "${address.label}"`;
    case "no-route":
      return "no-route";
    case "urpf-failed":
      return "urpf-failed";
  }
}

/** `print_op`: the operator with its values, from a leading space on. */
export function formatOperator(operator: Operator, first: string, last: string): string {
  switch (operator) {
    case "><":
    case "<>":
      return ` ${first} ${operator} ${last}`;
    case ":":
      return ` ${first}:${last}`;
    default:
      return ` ${operator} ${first}`;
  }
}

/** `print_port`: ` port = ssh`; services are looked up for TCP rules as TCP, for all others as UDP. */
function formatPort(port: OperatorRange, protocol: number, names: System | null): string {
  const operator = port.operator;
  if (names !== null && (operator === "=" || operator === "!=")) {
    const name = serviceByPort(names, port.first, protocol === PROTOCOL.tcp ? "tcp" : "udp");
    if (name !== null) return ` port ${operator} ${name}`;
  }
  return ` port${formatOperator(operator, `${port.first}`, `${port.last}`)}`;
}

/** Whether both ends are `any`, which prints as `all`. */
function isAny(address: RuleAddress): boolean {
  if (address.port !== null || address.negated) return false;
  const wrap = address.address;
  return wrap.kind === "any" || (wrap.kind === "prefix" && wrap.length === 0 && wrap.address.isUnspecified());
}

/** `print_fromto`: from a leading space on. */
export function formatFromTo(
  from: RuleAddress,
  os: string | null,
  to: RuleAddress,
  family: Family | null,
  protocol: number,
  dialect: PrintDialect,
  options: FormatOptions,
): string {
  if (os === null && isAny(from) && isAny(to)) return " all";
  const names = dialect.portNames !== (options.portNames ?? false) ? dialect.system : null;
  let text = from.negated ? " from ! " : " from ";
  text += formatAddress(from.address, family, dialect, options);
  if (from.port !== null) text += formatPort(from.port, protocol, names);
  if (os !== null) text += ` os "${os}"`;
  text += to.negated ? " to ! " : " to ";
  text += formatAddress(to.address, family, dialect, options);
  if (to.port !== null) text += formatPort(to.port, protocol, names);
  return text;
}

/** `from … to …` of a rule, from a leading space on. */
export function formatRuleFromTo(rule: Rule, dialect: PrintDialect, options: FormatOptions): string {
  return formatFromTo(rule.from, rule.os, rule.to, rule.family, rule.protocol, dialect, options);
}
