/** `antispoof for …`: block rules made from the addresses of interfaces. */
import { expandRule } from "../load/expand.ts";
import { expandOldRule } from "../load/expand-old.ts";
import { MODIFIER } from "../load/hosts.ts";
import { Rule } from "../rule.ts";
import { checkLabel, parseFamily, parseLogQuick } from "./clauses.ts";
import { parseRoutingTable } from "./filter-options.ts";
import { checkInterfaceName, modifiersOf, redefined } from "./hosts.ts";
import { parseInterfaceItem } from "./interfaces.ts";
import { dynamicNode, type HostNode, type InterfaceNode } from "./nodes.ts";
import { checkOrder, ORDER } from "./order.ts";
import { parseList } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

/** `antispoof`. */
export function parseAntispoof(reader: Reader): void {
  reader.take("keyword");
  const { log, quick } = parseLogQuick(reader);
  reader.clause("for");
  reader.expect(Token.for, "keyword");
  const interfaces = parseList(reader, parseAntispoofInterface);
  const family = parseFamily(reader);
  let label: string | null = null;
  let rtable = -1;
  for (;;) {
    if (reader.peek() === Token.label) {
      reader.take("keyword");
      const text = reader.string("label");
      if (label !== null) redefined(reader, "label cannot be redefined");
      label = text;
    } else if (reader.peek() === Token.rtable) {
      reader.take("keyword");
      rtable = parseRoutingTable(reader);
    } else break;
  }
  if (reader.peek() !== Token.newline) reader.syntaxError();
  if (reader.environment === null || reader.hosts === null) return;
  checkOrder(reader, ORDER.filter);
  const hosts = reader.hosts;
  for (const item of interfaces) {
    const makeRule = (second: boolean): Rule => {
      const rule = new Rule();
      rule.action = "block";
      rule.direction = "in";
      rule.log = second && log !== null && !reader.dialect.antispoofKeepsLogInterface ? { ...log, interface: 0 } : log;
      rule.quick = quick;
      rule.family = family === 0 ? null : family;
      if (label) rule.labels = [checkLabel(reader, label)];
      rule.rtable = rtable;
      return rule;
    };
    const first = makeRule(false);
    checkInterfaceName(reader, item.name);
    const networks = item.dynamic
      ? [dynamicNode(item.name, modifiersOf(MODIFIER.network), 128)]
      : hosts.lookup(item.name, MODIFIER.network);
    if (networks.length > 0)
      add(reader, first, [{ ...item, negated: true, dynamic: false, routingDomain: -1 }], networks);
    if (item.loopback) continue;
    const own = item.dynamic ? [dynamicNode(item.name, modifiersOf(0), 128)] : hosts.lookup(item.name, 0);
    if (own.length > 0) add(reader, makeRule(true), null, own);
  }
}

function add(reader: Reader, rule: Rule, interfaces: InterfaceNode[] | null, hosts: HostNode[]): void {
  const from = { hosts, ports: null };
  const to = { hosts: null, ports: null };
  const lists = {
    interfaces,
    protocols: null,
    icmp: null,
    from,
    to,
    os: null,
    users: null,
    groups: null,
    ruleSourceTrack: false,
  };
  if (reader.dialect.expandsBySource) expandOldRule(reader, rule, { ...lists, anchor: false }, null);
  else expandRule(reader, rule, { ...lists, receivedOn: null, nat: null, rdr: null, route: null });
}

function parseAntispoofInterface(reader: Reader): InterfaceNode {
  if (!reader.accept(Char.open, "punctuation")) return parseInterfaceItem(reader);
  const item = parseInterfaceItem(reader);
  reader.expect(Char.close);
  item.dynamic = true;
  return item;
}
