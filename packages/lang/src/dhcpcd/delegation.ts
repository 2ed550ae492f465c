/** `ia_pd [iaid[/prefix/length]] [interface[/sla_id[/length[/suffix]]] …]`: what is asked for, and who gets what of it. */
import { type Address, parseAddress, type Span } from "@pierhead/core";
import { blankSeparated } from "../text/index.ts";
import type { DhcpcdStatement } from "./tree.ts";

export interface DelegationPart {
  readonly interface: string;
  /** Null: dhcpcd counts. */
  readonly number: number | null;
  readonly length: number | null;
  readonly span: Span;
}

export interface DelegationRequest {
  readonly iaid: string | null;
  readonly prefix: { readonly address: Address; readonly length: number | null } | null;
  readonly parts: readonly DelegationPart[];
}

export interface DelegationProblem {
  readonly code: "dhcpcd/iaid" | "dhcpcd/prefix" | "dhcpcd/delegated-part";
  readonly message: string;
  readonly span: Span;
}

/** @param text of the file */
export function readDelegation(
  text: string,
  statement: DhcpcdStatement,
): { readonly request: DelegationRequest; readonly problems: readonly DelegationProblem[] } {
  const problems: DelegationProblem[] = [];
  const [first, ...rest] = blankSeparated(text, statement.argumentSpan.start, statement.argumentSpan.end);
  const [iaid, address, length] = first?.text.split("/") ?? [];
  if (first !== undefined && iaid !== undefined) checkIaid(iaid, first.span, problems);
  let prefix: DelegationRequest["prefix"] = null;
  if (first !== undefined && address !== undefined) {
    const parsed = parseAddress(address);
    const bits = length === undefined ? null : wholeNumber(length, 8, 120);
    if (parsed?.family !== 6) {
      problems.push({ code: "dhcpcd/prefix", message: `\`${address}\` is no IPv6 network.`, span: first.span });
    } else if (length !== undefined && bits === null) {
      const message = "The length of a prefix that is asked for is 8 to 120.";
      problems.push({ code: "dhcpcd/prefix", message, span: first.span });
    } else prefix = { address: parsed, length: bits };
  }
  const parts: DelegationPart[] = [];
  for (const word of rest) {
    const part = readPart(word.text, word.span, problems);
    if (part !== null) parts.push(part);
  }
  checkParts(parts, prefix?.length ?? null, problems);
  return { request: { iaid: iaid ?? null, prefix, parts }, problems };
}

/** A number, or up to four characters (parse_iaid1). */
export function checkIaid(text: string, span: Span, problems: DelegationProblem[]): void {
  if (wholeNumber(text, 0, 0xffffffff) !== null || (text.length > 0 && text.length <= 4)) return;
  if (/^([0-9a-fA-F]{1,2}:){1,3}[0-9a-fA-F]{1,2}$/.test(text)) return;
  const message = `An IAID is a number of 32 bits or four octets, and \`${text}\` is neither.`;
  problems.push({ code: "dhcpcd/iaid", message, span });
}

function readPart(text: string, span: Span, problems: DelegationProblem[]): DelegationPart | null {
  const [name = "", number, length, suffix] = text.split("/");
  const say = (message: string): null => {
    problems.push({ code: "dhcpcd/delegated-part", message, span });
    return null;
  };
  if (name.length > 15) return say(`\`${name}\` is too long for an interface.`);
  const given = (value: string | undefined): value is string => value !== undefined && value !== "";
  if (given(number) && wholeNumber(number, 0, 0xffffffff) === null) {
    return say(`\`${number}\` is no number of a network: what follows an interface is \`/number/length/suffix\`.`);
  }
  if (given(length) && wholeNumber(length, 0, 120) === null) return say(`\`${length}\` is no length: 0 to 120.`);
  if (given(suffix) && !/^(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(suffix)) return say(`\`${suffix}\` is no suffix.`);
  return {
    interface: name,
    number: given(number) ? wholeNumber(number, 0, 0xffffffff) : null,
    length: given(length) ? wholeNumber(length, 0, 120) : null,
    span,
  };
}

/** The sanity checks at the end of ia_pd; what fails them is not delegated. */
function checkParts(parts: readonly DelegationPart[], whole: number | null, problems: DelegationProblem[]): void {
  const say = (message: string, span: Span): void => {
    problems.push({ code: "dhcpcd/delegated-part", message, span });
  };
  const numbers = new Set<number>();
  const counted = new Set<string>();
  for (const [index, part] of parts.entries()) {
    if (index > 0 && (parts[0]?.number === null) !== (part.number === null)) {
      say("Either every interface has a number, or dhcpcd counts for all of them.", part.span);
    }
    if (part.number === null && counted.has(part.interface)) {
      say(`${part.interface} is here twice, and dhcpcd would count the same number for it.`, part.span);
    }
    if (part.number !== null && numbers.has(part.number)) {
      say(`The network ${part.number} is given to two interfaces.`, part.span);
    }
    const room = whole === null ? null : (part.length ?? 64) - whole;
    if (part.number !== null && room !== null && (room < 0 || (room < 32 && part.number >= 2 ** room))) {
      say(`A /${whole} has no network ${part.number} of length ${part.length ?? 64}.`, part.span);
    }
    if (part.number === null) counted.add(part.interface);
    else numbers.add(part.number);
  }
}

/** strtou(3) with base 0: decimal, 0x, 0. */
export function wholeNumber(text: string, least: number, most: number): number | null {
  if (!/^(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text)) return null;
  const value = /^0\d/.test(text) ? Number.parseInt(text, 8) : Number(text);
  return Number.isNaN(value) || value < least || value > most ? null : value;
}
