/** `on …`: `interface`, `if_list`, `if_item` of parse.y. */
import { checkInterfaceName } from "./hosts.ts";
import type { InterfaceNode } from "./nodes.ts";
import { parseList } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

/** `interface`: null when there is none. */
export function parseOnInterfaces(reader: Reader): InterfaceNode[] | null {
  if (reader.peek() !== Token.on) return null;
  reader.clause("on");
  reader.take("keyword");
  return parseList(reader, parseNegatableInterface);
}

function parseNegatableInterface(reader: Reader): InterfaceNode {
  const negated = reader.accept(Char.exclamation, "operator");
  const item = parseInterfaceItem(reader);
  item.negated = negated;
  return item;
}

/** `if_item`. */
export function parseInterfaceItem(reader: Reader): InterfaceNode {
  if (reader.dialect.anyInterface && reader.accept(Token.any)) return node("any", false, -1);
  if (reader.dialect.onRoutingDomain && reader.accept(Token.rdomain)) {
    const domain = reader.number();
    if (domain < 0 || domain > reader.dialect.rtableMaximum) {
      reader.complain(
        `rdomain ${reader.lexer.numberText} outside range`,
        "pf/out-of-range",
        `A routing domain is 0 to ${reader.dialect.rtableMaximum}.`,
      );
    }
    return node("", false, domain);
  }
  const name = reader.string("interface");
  checkInterfaceName(reader, name);
  return node(name, reader.hosts?.isLoopback(name) ?? false, -1);
}

function node(name: string, loopback: boolean, routingDomain: number): InterfaceNode {
  return { name, negated: false, dynamic: false, loopback, routingDomain };
}
