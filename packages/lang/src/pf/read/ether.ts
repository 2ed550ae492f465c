/** FreeBSD's `ether` rules and their anchors: `etherrule`, `etheranchorrule` of its parse.y. */
import { anchorCall } from "../load/anchor-path.ts";
import { untilEmpty } from "../load/label.ts";
import type { Ruleset } from "../load/ruleset.ts";
import type { AnchorCall, EtherAddress, EtherRule, RuleAddress } from "../rule.ts";
import { ANY_ADDRESS } from "../rule.ts";
import { type BodyParser, checkReserved, parseAnchorName, parseBraces } from "./anchors.ts";
import { checkLabel, checkTag, parseDirection, parseFromTo, takeQuick } from "./clauses.ts";
import { addLabel } from "./freebsd-options.ts";
import { parseStrings, redefined } from "./hosts.ts";
import { parseOnInterfaces } from "./interfaces.ts";
import { ANY_HOST, ANY_PORT, type HostNode, type InterfaceNode } from "./nodes.ts";
import { checkOrder, ORDER } from "./order.ts";
import { parseList, parseNumber } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { parseAction } from "./rules.ts";
import { Char, Token } from "./tokens.ts";

const ETHERTYPE_IP = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ALL_OCTETS = "ffffffffffff";
const ANY_MAC: EtherAddress = { address: null, mask: "000000000000", negated: false };
const ANY_INTERFACES: readonly InterfaceNode[] = [
  { name: "", negated: false, dynamic: false, loopback: false, routingDomain: -1 },
];

interface Macs {
  readonly from: readonly EtherAddress[];
  readonly to: readonly EtherAddress[];
}

interface Layer3 {
  readonly from: readonly HostNode[];
  readonly to: readonly HostNode[];
}

/** What is left of a rule when its lists are taken away. */
type EtherBase = Omit<
  EtherRule,
  "number" | "interface" | "interfaceNegated" | "protocol" | "from" | "to" | "l3From" | "l3To"
>;

/** `etherrule` after its first keyword. */
export function parseEtherRule(reader: Reader): void {
  // `block return` is taken, and drops.
  const action = parseAction(reader).action as EtherRule["action"];
  const direction = parseDirection(reader);
  const quick = reader.peek() === Token.quick ? takeQuick(reader) : false;
  const interfaces = parseOnInterfaces(reader);
  let bridgeTo: string | null = null;
  if (reader.peek() === Token.bridgeTo) {
    reader.clause("bridge-to");
    reader.take("keyword");
    bridgeTo = reader.string("interface");
  }
  const protocols = parseEtherProtocols(reader);
  const macs = parseMacs(reader);
  const layer3 = parseLayer3(reader);
  const options = parseEtherOptions(reader);
  if (reader.peek() !== Token.newline) reader.syntaxError();
  if (reader.environment === null) return;
  checkOrder(reader, ORDER.ether);
  expand(reader, interfaces, protocols, macs, layer3, {
    action,
    direction,
    quick,
    bridgeTo,
    anchor: null,
    body: null,
    tag: options.tag === null || options.tag === "" ? null : options.tag.slice(0, reader.dialect.tagMaximum),
    tagged: options.tagged ? checkTag(reader, options.tagged) : null,
    taggedNegated: options.taggedNegated,
    labels: untilEmpty((options.labels ?? []).map((label) => checkLabel(reader, label))),
    identifier: options.identifier,
    queue: options.queue,
    dummynet: options.dummynet,
    origin: reader.origin(),
  });
}

/** `etheranchorrule`, after `ether`. */
export function parseEtherAnchor(reader: Reader, parseBody: BodyParser): void {
  reader.clause("anchor");
  reader.take("keyword");
  const name = parseAnchorName(reader);
  const direction = parseDirection(reader);
  const quick = reader.peek() === Token.quick ? takeQuick(reader) : false;
  const interfaces = parseOnInterfaces(reader);
  const protocols = parseEtherProtocols(reader);
  const macs = parseMacs(reader);
  const layer3 = parseLayer3(reader);
  const statementStart = reader.statementStart;
  const origin = reader.origin();
  const inside = reader.anchorDepth + 1;
  const hasBody = reader.peek() === Char.openBrace;
  if (hasBody) readBody(reader, name, parseBody);
  reader.restoreStatement(statementStart, origin);
  if ((!hasBody || !reader.options.strict) && reader.peek() !== Token.newline) reader.syntaxError();
  if (reader.environment === null) return;
  checkOrder(reader, ORDER.ether);
  if (name !== null && !reader.dialect.checksAnchorNamesEarly) checkReserved(reader, name);
  const body = reader.etherBodies[inside] ?? null;
  const anchor = body === null ? called(reader, name) : placed(reader, body, name);
  expand(reader, interfaces, protocols, macs, layer3, {
    action: "pass",
    direction,
    quick,
    bridgeTo: null,
    anchor,
    body: body?.anchor ?? null,
    tag: null,
    tagged: null,
    taggedNegated: false,
    labels: [],
    identifier: 0,
    queue: null,
    dummynet: null,
    origin,
  });
  reader.etherBodies[inside] = null;
}

/** The rules in braces. One stack of anchors is for both kinds of rules, but what it holds is apart. */
function readBody(reader: Reader, name: string | null, parseBody: BodyParser): void {
  const inside = reader.anchorDepth + 1;
  const held = reader.anchorStack[inside] ?? null;
  reader.etherBodies[inside] = parseBraces(reader, name, parseBody);
  reader.anchorStack[inside] = held;
}

function called(reader: Reader, name: string | null): AnchorCall {
  if (name === null) {
    return reader.fail(
      "anchors without explicit rules must specify a name",
      "pf/invalid-anchor-name",
      "An anchor has a name, or its rules in braces, or both.",
    );
  }
  return anchorCall(reader.current.anchor.path, name);
}

/** Hangs the rules of the braces into their anchor; rules of other kinds that it has stay. */
function placed(reader: Reader, body: Ruleset, name: string | null): AnchorCall {
  if (name?.includes("/")) {
    reader.fail(
      "anchor paths containing '/' cannot be used for inline anchors.",
      "pf/invalid-anchor-name",
      "An anchor with its rules in place has a simple name: nest anchors instead of writing a path.",
    );
  }
  // pfctl looks for no other anchor of this name: the last one loaded is what the kernel has.
  const { children } = reader.current.anchor;
  const own = body.anchor.name;
  const existing = children.get(own);
  if (existing !== undefined && existing !== body.anchor) existing.ether = body.anchor.ether;
  else children.set(own, body.anchor);
  return { name: own, path: body.anchor.path, wildcard: false, inline: true };
}

/** `etherproto`: EtherTypes by number. */
function parseEtherProtocols(reader: Reader): number[] | null {
  if (reader.peek() !== Token.proto) return null;
  reader.clause("proto");
  reader.take("keyword");
  return parseList(reader, parseEtherType);
}

function parseEtherType(reader: Reader): number {
  let type = 0;
  if (reader.peek() === Token.number) {
    type = reader.number();
    // pfctl's limit is a slip of the pen for 65535; what is above wraps.
    if (type < 0 || type > 65565) {
      reader.fail("protocol outside range", "pf/out-of-range", "An EtherType is 1 to 65535.");
    }
    type &= 0xffff;
  } else {
    const text = reader.string("protocol");
    if (text.startsWith("0x")) {
      const digits = /^0x(?:0[xX])?([0-9a-fA-F]{1,4})/.exec(text);
      if (digits === null) {
        reader.fail("invalid EtherType hex", "pf/invalid-ether-type", `\`${text}\` is not a hexadecimal number.`);
      } else type = Number.parseInt(digits[1] as string, 16);
    } else {
      reader.complain(
        "Symbolic EtherType not yet supported",
        "pf/invalid-ether-type",
        "Write the EtherType as a number: 0x0800 is IPv4, 0x86dd IPv6, 0x0806 ARP.",
      );
      return 1;
    }
  }
  if (type === 0) reader.fail("proto 0 cannot be used", "pf/out-of-range", "EtherType 0 cannot be matched.");
  return type;
}

/** `etherfromto` */
function parseMacs(reader: Reader): Macs {
  if (reader.peek() === Token.all) {
    reader.clause("all");
    reader.take("keyword");
    return { from: [ANY_MAC], to: [ANY_MAC] };
  }
  let from: readonly EtherAddress[] = [ANY_MAC];
  let to: readonly EtherAddress[] = [ANY_MAC];
  if (reader.peek() === Token.from) {
    reader.clause("from");
    reader.take("keyword");
    from = parseList(reader, parseMac);
  }
  if (reader.peek() === Token.to) {
    reader.clause("to");
    reader.take("keyword");
    to = parseList(reader, parseMac);
  }
  return { from, to };
}

/** `xmac`: `[!] mac`, `mac/length` or `mac&mask`. */
function parseMac(reader: Reader): EtherAddress {
  const negated = reader.accept(Char.exclamation, "operator");
  const text = parseStrings(reader, "string");
  if (reader.accept(Char.slash, "punctuation")) {
    const length = reader.number() | 0;
    if (length < 0 || length > 48) {
      reader.fail("invalid MAC mask length", "pf/bad-netmask", "The mask of a MAC address has 0 to 48 bits.");
    }
    return { address: parseOctets(reader, text, "address"), mask: maskOfLength(length), negated };
  }
  reader.follow(reader.lookahead.mac);
  const [address = "", mask] = text.split("&").filter((part) => part !== "");
  if (!text.includes("&")) return { address: parseOctets(reader, text, "address"), mask: ALL_OCTETS, negated };
  return {
    address: parseOctets(reader, address, "address"),
    mask: parseOctets(reader, mask ?? "", "mask"),
    negated,
  };
}

// sscanf(3) takes one or two digits an octet, blanks before each, and leaves what follows alone.
function parseOctets(reader: Reader, text: string, what: "address" | "mask"): string {
  const octet = "\\s*([+-]?[0-9a-fA-F]{1,2})";
  const match = new RegExp(`^${octet}:${octet}:${octet}:${octet}:${octet}:${octet}`).exec(text);
  if (match === null) {
    return reader.fail(
      `invalid MAC ${what}`,
      "pf/invalid-mac",
      "A MAC address is six octets with colons between: 00:11:22:33:44:55.",
    );
  }
  return match
    .slice(1)
    .map((digits) => (Number.parseInt(digits, 16) & 0xff).toString(16).padStart(2, "0"))
    .join("");
}

// pfctl fills each octet from its low end.
function maskOfLength(length: number): string {
  let mask = "";
  for (let octet = 0; octet < 6; octet++) {
    const bits = Math.max(0, Math.min(8, length - octet * 8));
    mask += ((1 << bits) - 1).toString(16).padStart(2, "0");
  }
  return mask;
}

/** `l3fromto` */
function parseLayer3(reader: Reader): Layer3 {
  const any = [ANY_HOST];
  if (reader.peek() !== Token.l3) return { from: any, to: any };
  reader.clause("l3");
  reader.take("keyword");
  const fromTo = parseFromTo(reader);
  const check = (hosts: readonly HostNode[] | null, what: string): void => {
    const kind = hosts?.[0]?.wrap.kind;
    if (kind === undefined || kind === "prefix" || kind === "any" || kind === "table") return;
    reader.fail(
      `${what} must be an address or table`,
      "pf/wrong-address",
      "After `l3` stand addresses, networks and tables.",
    );
  };
  check(fromTo.from.hosts, "from");
  check(fromTo.to.hosts, "to");
  return { from: fromTo.from.hosts ?? any, to: fromTo.to.hosts ?? any };
}

interface EtherOptions {
  labels: string[] | null;
  identifier: number;
  queue: string | null;
  tag: string | null;
  tagged: string | null;
  taggedNegated: boolean;
  dummynet: { readonly kind: "pipe" | "queue"; readonly number: number } | null;
}

/** `etherfilter_opts` */
function parseEtherOptions(reader: Reader): EtherOptions {
  const options: EtherOptions = {
    labels: null,
    identifier: 0,
    queue: null,
    tag: null,
    tagged: null,
    taggedNegated: false,
    dummynet: null,
  };
  for (;;) {
    switch (reader.peek()) {
      case Token.queue: {
        reader.clause("queue");
        reader.take("keyword");
        const open = reader.accept(Char.open, "punctuation");
        const name = reader.string("queue");
        if (open) reader.expect(Char.close);
        if (options.queue !== null) redefined(reader, "queue cannot be redefined");
        options.queue = name;
        continue;
      }
      case Token.ridentifier:
        reader.clause("ridentifier");
        reader.take("keyword");
        options.identifier = parseNumber(reader) >>> 0;
        continue;
      case Token.label:
        reader.clause("label");
        reader.take("keyword");
        addLabel(reader, options);
        continue;
      case Token.tag:
        reader.clause("tag");
        reader.take("keyword");
        options.tag = parseStrings(reader, "tag");
        continue;
      case Token.tagged:
      case Char.exclamation:
        reader.clause("tagged");
        options.taggedNegated = reader.accept(Char.exclamation, "operator");
        reader.expect(Token.tagged, "keyword");
        options.tagged = parseStrings(reader, "tag");
        continue;
      case Token.dnpipe:
      case Token.dnqueue: {
        reader.clause("dummynet");
        const kind = reader.take("keyword") === Token.dnpipe ? "pipe" : "queue";
        const number = parseNumber(reader) & 0xffff;
        options.dummynet = { kind: options.dummynet?.kind === "pipe" ? "pipe" : kind, number };
        continue;
      }
      default:
        if (options.dummynet?.number === 0) options.dummynet = null;
        return options;
    }
  }
}

/** `expand_eth_rule` */
function expand(
  reader: Reader,
  interfaces: readonly InterfaceNode[] | null,
  protocols: readonly number[] | null,
  macs: Macs,
  layer3: Layer3,
  base: EtherBase,
): void {
  // The protocol that an address implies stays for the combinations after it, as in the structure pfctl reuses:
  // it is set anew from the list each time, so nothing is left over.
  for (const item of interfaces ?? ANY_INTERFACES)
    for (const listed of protocols ?? [0])
      for (const from of macs.from)
        for (const to of macs.to)
          for (const ipFrom of layer3.from)
            for (const ipTo of layer3.to) {
              reader.countCombination();
              const implied = ipFrom.family || ipTo.family;
              const protocol = listed || (implied === 4 ? ETHERTYPE_IP : implied === 6 ? ETHERTYPE_IPV6 : 0);
              const rules = reader.current.anchor.ether;
              rules.push({
                number: rules.length,
                action: base.action,
                direction: base.direction,
                quick: base.quick,
                interface: item.name === "" ? null : item.name,
                interfaceNegated: item.negated,
                bridgeTo: base.bridgeTo,
                protocol,
                from,
                to,
                l3From: layer3Address(ipFrom),
                l3To: layer3Address(ipTo),
                anchor: base.anchor,
                body: base.body,
                tag: base.tag,
                tagged: base.tagged,
                taggedNegated: base.taggedNegated,
                labels: base.labels,
                identifier: base.identifier,
                queue: base.queue,
                dummynet: base.dummynet,
                origin: base.origin,
              });
            }
}

function layer3Address(host: HostNode): RuleAddress {
  return host === ANY_HOST ? ANY_ADDRESS : host.ruleAddress(ANY_PORT);
}
