/** `antispoof for …`: block rules made from the addresses of interfaces. */
import { expandPlainRule } from "../load/expand-plain.ts";
import { MODIFIER } from "../load/hosts.ts";
import { untilEmpty } from "../load/label.ts";
import { Rule } from "../rule.ts";
import { checkLabel, parseFamily, parseLogQuick } from "./clauses.ts";
import { parseRoutingTable } from "./filter-options.ts";
import { addLabel } from "./freebsd-options.ts";
import { checkInterfaceName, modifiersOf, redefined } from "./hosts.ts";
import { parseInterfaceItem } from "./interfaces.ts";
import { dynamicNode, type HostNode, type InterfaceNode } from "./nodes.ts";
import { checkOrder, ORDER } from "./order.ts";
import { parseList, parseNumber } from "./ports.ts";
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
  const isFreebsd = reader.dialect.family === "freebsd";
  const many: { labels: string[] | null } = { labels: null };
  let label: string | null = null;
  let identifier = 0;
  let rtable = -1;
  for (;;) {
    if (reader.peek() === Token.label) {
      reader.take("keyword");
      if (isFreebsd) {
        addLabel(reader, many);
        continue;
      }
      const text = reader.string("label");
      if (label !== null) redefined(reader, "label cannot be redefined");
      label = text;
    } else if (reader.peek() === Token.rtable) {
      reader.take("keyword");
      rtable = parseRoutingTable(reader);
    } else if (isFreebsd && reader.peek() === Token.ridentifier) {
      reader.take("keyword");
      identifier = parseNumber(reader) >>> 0;
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
      const labels = label === null ? (many.labels ?? []) : [label];
      rule.labels = untilEmpty(labels.map((text) => checkLabel(reader, text)));
      rule.identifier = identifier;
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
  const lists = {
    interfaces,
    protocols: null,
    icmp: null,
    from: { hosts, ports: null },
    to: { hosts: null, ports: null },
    os: null,
    users: null,
    groups: null,
    receivedOn: null,
    ruleSourceTrack: false,
  };
  expandPlainRule(reader, rule, lists, false);
}

function parseAntispoofInterface(reader: Reader): InterfaceNode {
  if (!reader.accept(Char.open, "punctuation")) return parseInterfaceItem(reader);
  const item = parseInterfaceItem(reader);
  reader.expect(Char.close);
  item.dynamic = true;
  return item;
}
