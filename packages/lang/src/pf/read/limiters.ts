/**
 * `state limiter` and `source limiter`: their definitions and their use by rules. FreeBSD has them in its branch 15 and
 * in 16. A limiter is known to the kernel by its number; pfctl prints that.
 */
import type { Limiter, LimiterUse } from "../rule.ts";
import type { FilterOptions } from "./nodes.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

/** Options of a definition while they are read; 0 is "not given". */
interface Draft {
  id: number;
  limit: number;
  rate: Limiter["rate"];
  entries: number;
  length4: number;
  length6: number;
  table: Limiter["table"];
}

/** `state limiter "name" id N limit N [rate N/S]`, and the same with `source`. */
export function parseLimiter(reader: Reader): void {
  const kind = reader.take("keyword") === Token.state ? "state" : "source";
  reader.expect(Token.limiter, "keyword");
  reader.clause("limiter");
  const name = reader.string("string");
  const draft: Draft = { id: 0, limit: 0, rate: null, entries: 0, length4: 32, length6: 128, table: null };
  while (parseOption(reader, kind, draft)) {
    // Each option stores itself.
  }
  if (reader.peek() !== Token.newline) reader.syntaxError();
  if (reader.environment === null) return;
  const missing = (what: string): void => {
    reader.fail(
      `${kind} limiter ${what} not specified`,
      "pf/limiter-incomplete",
      `A ${kind} limiter needs \`${what}\`.`,
    );
  };
  if (draft.id === 0) missing("id");
  if (kind === "source" && draft.entries === 0) missing("entries");
  if (draft.limit === 0) missing("limit");
  const { limiters } = reader.configuration;
  if (limiters.some((one) => one.kind === kind && (one.name === name || one.id === draft.id))) {
    reader.fail(
      `${kind} limiter ${name} already exists`,
      "pf/given-twice",
      `Another ${kind} limiter has this name or this id.`,
    );
  }
  const limiter: Limiter = { kind, name, ...draft, origin: reader.origin() };
  limiters.push(limiter);
  reader.text(limiterText(limiter));
}

function parseOption(reader: Reader, kind: Limiter["kind"], draft: Draft): boolean {
  switch (reader.peek()) {
    case Token.limit:
      reader.take("keyword");
      draft.limit = positive(reader);
      return true;
    case Token.rate: {
      reader.take("keyword");
      const limit = positive(reader);
      reader.expect(Char.slash);
      draft.rate = { limit, seconds: positive(reader) };
      return true;
    }
    case Token.inet:
    case Token.inet6: {
      if (kind !== "source") return reader.syntaxError();
      const four = reader.take("keyword") === Token.inet;
      word(reader, "mask");
      const length = reader.number();
      if (length < 0 || length > (four ? 32 : 128)) {
        reader.fail(`invalid ${four ? "inet" : "inet6"} mask length`, "pf/bad-netmask", "This mask is too long.");
      }
      if (four) draft.length4 = length;
      else draft.length6 = length;
      return true;
    }
    case Token.table: {
      if (kind !== "source") return reader.syntaxError();
      reader.take("keyword");
      reader.expect(Char.less);
      const name = reader.string("table");
      reader.expect(Char.greater);
      word(reader, "above");
      const above = reader.number();
      let below = 0;
      if (reader.peek() === Token.string) {
        word(reader, "below");
        below = reader.number();
      }
      draft.table = { name, above, below };
      return true;
    }
    case Token.string: {
      const name = reader.string("option");
      if (name === "id") draft.id = positive(reader);
      else if (name === "entries" && kind === "source") draft.entries = positive(reader);
      else reader.syntaxError();
      return true;
    }
    default:
      return false;
  }
}

/** On a rule: `state limiter "name" [(block | no-match)]`. */
export function parseLimiterUse(reader: Reader, options: FilterOptions): void {
  const kind = reader.take("keyword") === Token.state ? "state" : "source";
  reader.expect(Token.limiter, "keyword");
  reader.clause("limiter");
  let name = reader.string("string");
  // By name, or by number as pfctl prints it.
  const number = name === "id" && reader.peek() === Token.number ? reader.number() : null;
  if (number !== null) name = `id ${number}`;
  let whenFull: LimiterUse["whenFull"] = "no-match";
  if (reader.accept(Char.open, "punctuation")) {
    if (reader.accept(Token.block)) whenFull = "block";
    else word(reader, "no-match");
    reader.expect(Char.close);
  }
  const limiter = reader.configuration.limiters.find(
    (one) => one.kind === kind && (number === null ? one.name === name : one.id === number),
  );
  const id = limiter?.id ?? null;
  if (id === null && reader.environment !== null) {
    reader.fail(
      `${kind} limiter ${name} not found`,
      "pf/unknown-limiter",
      `No ${kind} limiter is named \`${name}\`: define it above this rule.`,
    );
  }
  const use: LimiterUse = { name: limiter?.name ?? name, id: id ?? 0, whenFull };
  const before = options.limiters ?? { state: null, source: null };
  if (before[kind] !== null) {
    reader.fail(`${kind} limiter already set`, "pf/given-twice", `A rule has one ${kind} limiter.`);
  }
  options.limiters = { ...before, [kind]: use };
}

export function limiterText({ kind, name, id, entries, limit, rate, table, length4, length6 }: Limiter): string {
  let text = `${kind} limiter ${name} id ${id}`;
  if (kind === "source") text += ` entries ${entries}`;
  text += ` limit ${limit}`;
  if (rate !== null) text += ` rate ${rate.limit}/${rate.seconds}`;
  if (table !== null) {
    text += ` table <${table.name}> above ${table.above}`;
    if (table.below !== 0) text += ` below ${table.below}`;
  }
  if (length4 !== 32) text += ` inet mask ${length4}`;
  if (length6 !== 128) text += ` inet6 mask ${length6}`;
  return text;
}

function word(reader: Reader, wanted: string): void {
  if (reader.string("option") !== wanted) reader.syntaxError();
}

function positive(reader: Reader): number {
  const value = reader.number();
  if (value < 1 || value > 0xffffffff) {
    reader.fail("only positive values permitted", "pf/out-of-range", "This number is 1 or more.");
  }
  return value;
}
