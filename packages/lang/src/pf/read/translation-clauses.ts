/** Clauses that `nat`, `rdr` and `binat` rules share, whatever the system: `natpasslog`, `tag tagged rtable`. */
import type { LogOptions, Rule } from "../rule.ts";
import { checkTag, parseLog } from "./clauses.ts";
import { parseRoutingTable } from "./filter-options.ts";
import { parseStrings } from "./hosts.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

export interface PassLog {
  readonly pass: boolean;
  readonly log: LogOptions | null;
}

export interface TranslationTags {
  readonly tag: string | null;
  readonly tagged: string | null;
  readonly taggedNegated: boolean;
  readonly rtable: number;
}

/** `natpasslog`. */
export function parsePassLog(reader: Reader): PassLog {
  if (reader.peek() === Token.pass) {
    reader.clause("pass");
    reader.take("keyword");
    reader.follow(reader.lookahead.translationPass);
    return { pass: true, log: reader.peek() === Token.log ? parseLog(reader) : null };
  }
  return { pass: false, log: reader.peek() === Token.log ? parseLog(reader) : null };
}

/** `tag tagged rtable`. */
export function parseTags(reader: Reader): TranslationTags {
  let tag: string | null = null;
  let tagged: string | null = null;
  let taggedNegated = false;
  let rtable = -1;
  if (reader.peek() === Token.tag) {
    reader.clause("tag");
    reader.take("keyword");
    tag = reader.string("tag");
  }
  if (reader.peek() === Char.exclamation || reader.peek() === Token.tagged) {
    reader.clause("tagged");
    taggedNegated = reader.accept(Char.exclamation, "operator");
    reader.expect(Token.tagged, "keyword");
    tagged = parseStrings(reader, "tag");
  }
  if (reader.peek() === Token.rtable) {
    reader.clause("rtable");
    reader.take("keyword");
    rtable = parseRoutingTable(reader);
  }
  return { tag, tagged, taggedNegated, rtable };
}

export function applyTags(reader: Reader, rule: Rule, tags: TranslationTags): void {
  if (tags.tag) rule.tag = checkTag(reader, tags.tag);
  if (tags.tagged) rule.tagged = checkTag(reader, tags.tagged);
  rule.taggedNegated = tags.taggedNegated;
  rule.rtable = tags.rtable;
}

export function passWithNo(reader: Reader): never {
  return reader.fail(
    '"pass" not valid with "no"',
    "pf/translation-target",
    "A rule with `no` translates nothing, so it has nothing to pass.",
  );
}
