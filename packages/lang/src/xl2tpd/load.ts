/** Reads xl2tpd.conf(5) as parse_config() of xl2tpd does. */
import { type Address, type Diagnostic, diagnostic, type Severity, type Source, type Span } from "@pierhead/core";
import { type Origin, SyntaxBuilder, type SyntaxFile } from "../lexer/index.ts";
import { nearest, parseInetAton } from "../text/index.ts";
import { type Context, KEYWORDS, type Keyword } from "./options.ts";

/** A range of addresses; a name that has to be looked up has no addresses here. */
export interface AddressRange {
  /** `no …`: these are left out. */
  readonly denied: boolean;
  readonly first: Address | null;
  readonly last: Address | null;
  readonly origin: Origin;
}

/** One `word = value`, as it was taken. */
export interface Setting {
  /** In lower case. */
  readonly word: string;
  readonly value: string;
  readonly wordOrigin: Origin;
  readonly valueOrigin: Origin;
}

/** One `[global]`, `[lns …]` or `[lac …]`; those of one name are one. */
export interface Xl2tpdSection {
  readonly context: Context;
  /** Null: without a name. */
  readonly name: string | null;
  /** `default`: what the others start from. */
  readonly isDefault: boolean;
  readonly origin: Origin;
  readonly settings: Setting[];
  readonly pool: AddressRange[];
  readonly localPool: AddressRange[];
  /** Peers that may connect. */
  readonly peers: AddressRange[];
  readonly localAddress: Address | null;
  /** Servers that a client connects to, as written. */
  readonly servers: string[];
}

export interface Xl2tpdConfiguration {
  readonly source: Source;
  readonly syntax: SyntaxFile;
  readonly sections: readonly Xl2tpdSection[];
  readonly diagnostics: readonly Diagnostic[];
  /** What xl2tpd logs before it ends, without the line end; null when it takes the file. */
  readonly problem: string | null;
}

/** Characters that one fgets(3) takes; a longer line becomes several. */
const CHUNK = 1023;
/** Room for names and paths. */
const TEXT_LENGTH = 80;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Loads an xl2tpd.conf; never throws, whatever the text. */
export function loadXl2tpd(source: Source): Xl2tpdConfiguration {
  return new Loader(source).run();
}

class Loader {
  readonly #source: Source;
  readonly #builder: SyntaxBuilder;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #sections: Mutable<Xl2tpdSection>[] = [];
  readonly #named = new Map<string, Mutable<Xl2tpdSection>>();
  readonly #words = new Map<Xl2tpdSection, Set<string>>();
  #current: Mutable<Xl2tpdSection> | null = null;
  #problem: string | null = null;
  #line = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#builder = new SyntaxBuilder(source);
  }

  run(): Xl2tpdConfiguration {
    const { text } = this.#source;
    let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
    let inComment = false;
    while (start < text.length) {
      const newline = text.indexOf("\n", start);
      const end = Math.min(newline === -1 ? text.length : newline, start + CHUNK);
      const hasEnd = newline !== -1 && newline === end && end - start < CHUNK;
      if (inComment) inComment = !hasEnd;
      else {
        this.#line++;
        const comment = text.indexOf(";", start);
        const cut = comment !== -1 && comment < end;
        if (cut && !hasEnd) inComment = true;
        this.#take(start, cut ? comment : end, !hasEnd && end < text.length);
      }
      start = hasEnd ? end + 1 : end;
    }
    return {
      source: this.#source,
      syntax: this.#builder.finish(),
      sections: this.#sections,
      diagnostics: this.#diagnostics,
      problem: this.#problem,
    };
  }

  #take(from: number, to: number, isCut: boolean): void {
    const { text } = this.#source;
    let start = from;
    let end = to;
    while (start < end && isBlank(text.charCodeAt(start))) start++;
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
    if (start === end) return;
    if (text.charCodeAt(start) === 91) this.#section(start, end);
    else this.#setting(start, end, isCut);
  }

  /** `[context name]`; what stands behind the bracket is not read. */
  #section(start: number, end: number): void {
    const { text } = this.#source;
    const close = text.indexOf("]", start);
    const origin = this.#origin(start, end);
    if (close === -1 || close >= end) {
      this.#builder.token("word", start, end);
      this.#refuse("xl2tpd/bracket", "No closing bracket", "The section has no `]`; add it.", origin);
      return;
    }
    this.#builder.token("punctuation", start, start + 1);
    this.#builder.token("word", start + 1, close);
    this.#builder.token("punctuation", close, close + 1);
    this.#builder.statement("section", { start, end });
    const inside = text.slice(start + 1, close);
    const blank = inside.indexOf(" ");
    const word = blank === -1 ? inside : inside.slice(0, blank);
    const name = blank === -1 ? null : inside.slice(blank + 1);
    const context = word.toLowerCase();
    if (context !== "global" && context !== "lns" && context !== "lac") {
      this.#current = null;
      const advice = `There is no section [${shorten(inside)}]; there are [global], [lns NAME] and [lac NAME].`;
      this.#refuse("xl2tpd/section", `unknown context '${word}'`, advice, origin);
      return;
    }
    if (end > close + 1) {
      const advice = "What stands behind the bracket is not read; move it to a line of its own.";
      this.#say("xl2tpd/behind-section", "warning", advice, this.#origin(close + 1, end));
    }
    const isDefault = name?.toLowerCase() === "default";
    const key = context === "global" ? "global" : name === null ? null : `${context} ${name.toLowerCase()}`;
    const known = key === null ? undefined : this.#named.get(key);
    if (known !== undefined) {
      this.#current = known;
      if (context !== "global" && !isDefault) {
        const advice = `[${shorten(inside)}] is there before; its lines are added to that.`;
        this.#say("xl2tpd/section-twice", "note", advice, origin);
      }
      return;
    }
    const section: Mutable<Xl2tpdSection> = {
      context,
      name,
      isDefault,
      origin,
      settings: [],
      pool: [],
      localPool: [],
      peers: [],
      localAddress: null,
      servers: [],
    };
    this.#sections.push(section);
    if (key !== null) this.#named.set(key, section);
    this.#current = section;
  }

  #setting(start: number, end: number, isCut: boolean): void {
    const { text } = this.#source;
    const equals = text.indexOf("=", start);
    const whole = this.#origin(start, end);
    const hasEquals = equals !== -1 && equals < end;
    if (!hasEquals) this.#builder.token("word", start, end);
    if (this.#current === null) {
      // Behind a section that is unknown this has been said.
      if (this.#problem === null) {
        const data = text.slice(start, end);
        const advice = "This line is in no section; put [global], [lns default] or [lac NAME] before it.";
        this.#refuse("xl2tpd/no-section", `data '${data}' occurs with no context`, advice, whole);
      }
      return;
    }
    if (!hasEquals) {
      const advice = text.startsWith("#", start)
        ? "Comments begin with `;` here, and xl2tpd refuses the file because of this line."
        : isCut
          ? `Lines have at most ${CHUNK} characters; shorten it.`
          : "Lines are written `word = value`; the `=` is missing.";
      this.#refuse("xl2tpd/no-equals", "line too long or no '=' in data", advice, whole);
      return;
    }
    let wordEnd = equals;
    while (wordEnd > start && isBlank(text.charCodeAt(wordEnd - 1))) wordEnd--;
    let valueStart = equals + 1;
    while (valueStart < end && isBlank(text.charCodeAt(valueStart))) valueStart++;
    this.#builder.token("word", start, wordEnd);
    this.#builder.token("punctuation", equals, equals + 1);
    this.#builder.token("word", valueStart, end);
    this.#builder.statement("setting", { start, end });
    const written = text.slice(start, wordEnd);
    const word = written.toLowerCase();
    const wordOrigin = this.#origin(start, Math.max(wordEnd, start + 1));
    const keyword = KEYWORDS.get(word);
    if (keyword === undefined) {
      const meant = nearest(word, KEYWORDS.keys());
      const advice =
        `xl2tpd knows no "${shorten(written)}"${meant === null ? "" : `; did you mean ${meant}?`}.`.replace("?.", "?");
      this.#refuse("xl2tpd/unknown-word", `Unknown field '${written}'`, advice, wordOrigin);
      return;
    }
    const section = this.#current;
    const setting = {
      word,
      value: text.slice(valueStart, end),
      wordOrigin,
      valueOrigin: this.#origin(valueStart, end),
    };
    if (this.#apply(setting, written, keyword, section)) this.#keep(setting, keyword, section);
  }

  #keep(setting: Setting, keyword: Keyword, section: Xl2tpdSection): void {
    if (!keyword.repeats && this.#wordsOf(section).has(setting.word)) {
      const advice = `"${setting.word}" is given before in this section; the later one counts. Remove one.`;
      this.#say("xl2tpd/word-twice", "warning", advice, setting.wordOrigin);
    }
    this.#wordsOf(section).add(setting.word);
    section.settings.push(setting);
  }

  #wordsOf(section: Xl2tpdSection): Set<string> {
    const known = this.#words.get(section) ?? new Set<string>();
    this.#words.set(section, known);
    return known;
  }

  /** Whether xl2tpd takes the setting. Some values are looked at before the place they stand in, as xl2tpd does. */
  #apply(setting: Setting, written: string, keyword: Keyword, section: Mutable<Xl2tpdSection>): boolean {
    const { word, value } = setting;
    const { kind } = keyword;
    if (isValueFirst(word) && !this.#value(setting, written, keyword)) return false;
    if (!keyword.contexts.includes(section.context)) {
      if (kind === "random")
        return this.#refuse("xl2tpd/misplaced", "", misplacement(word, keyword), setting.wordOrigin);
      const text = `'${written}' not valid in this context`;
      return this.#refuse("xl2tpd/misplaced", text, misplacement(word, keyword), setting.wordOrigin);
    }
    if (!isValueFirst(word) && !this.#value(setting, written, keyword)) return false;
    if (kind === "address") return this.#address(setting, section);
    if (kind === "range") return this.#range(setting, written, section);
    if (kind === "peer") section.servers.push(value);
    const window = written.startsWith("t") && word === "tunnel rws" ? leadingInteger(value) : 1;
    return (
      window >= 1 ||
      this.#refuse("xl2tpd/value", keyword.complaint, "Write a number of at least 1.", setting.valueOrigin)
    );
  }

  #value({ word, value, valueOrigin, wordOrigin }: Setting, written: string, keyword: Keyword): boolean {
    switch (keyword.kind) {
      case "boolean": {
        if (/^(yes|y|true|no|n|false)$/i.test(value)) return true;
        const text = `${written} must be 'yes' or 'no'`;
        return this.#refuse("xl2tpd/value", text, `"${shorten(value)}" is neither yes nor no.`, valueOrigin);
      }
      case "number": {
        const number = leadingInteger(value);
        const window = word === "tunnel rws";
        const least = window ? -1 : keyword.least;
        if (least !== null && number < least) {
          const text = window ? "receive window size must be at least -1" : keyword.complaint;
          return this.#refuse("xl2tpd/value", text, `Write a number of at least ${keyword.least}.`, valueOrigin);
        }
        if (!/^[+-]?\d+$/.test(value) || (number < 0 && least === null)) {
          const text = `"${shorten(value)}" is no number that can stand here; xl2tpd goes on with ${Math.max(0, number)}.`;
          this.#say("xl2tpd/number", "warning", text, valueOrigin);
        }
        return true;
      }
      case "text":
        if (word === "auth file" && value === "") {
          return this.#refuse("xl2tpd/value", "no filename specified for authentication", "Name a file.", wordOrigin);
        }
        if (value.length >= TEXT_LENGTH) {
          const text = `xl2tpd has room for ${TEXT_LENGTH - 1} characters here; shorten it.`;
          this.#say("xl2tpd/too-long", "warning", text, valueOrigin);
        }
        return true;
      case "random": {
        if (/^(dev|sys)/.test(value)) return true;
        const text = value === "" ? "no randomness source specified" : "";
        return this.#refuse("xl2tpd/value", text, "Sources of random numbers are dev and sys.", valueOrigin);
      }
      default:
        return true;
    }
  }

  #address(setting: Setting, section: Mutable<Xl2tpdSection>): boolean {
    const { word, value, valueOrigin } = setting;
    if (word === "local ip" && section.context === "lns" && section.localPool.length > 0)
      return this.#exclusive(setting);
    const address = parseHost(value);
    if (address === null && !isName(value)) {
      const advice = `"${shorten(value)}" is no IPv4 address.`;
      return this.#refuse("xl2tpd/address", `set_ip: host '${value}' not found`, advice, valueOrigin);
    }
    if (address === null) this.#lookup(value, valueOrigin);
    if (word === "local ip") section.localAddress = address;
    return true;
  }

  #lookup(name: string, origin: Origin): void {
    const text = `"${shorten(name)}" is looked up when xl2tpd starts, which ends it when there is no answer; write the address.`;
    this.#say("xl2tpd/lookup", "note", text, origin);
  }

  #exclusive(setting: Setting): boolean {
    const text = "'local ip range' and 'local ip' are mutually exclusive";
    return this.#refuse("xl2tpd/local-address", text, `${text}; remove one of them.`, setting.wordOrigin);
  }

  /** set_range(): `first - last`, where `last` may be the last parts of an address only. */
  #range(setting: Setting, written: string, section: Mutable<Xl2tpdSection>): boolean {
    const { word, value, valueOrigin } = setting;
    if (word === "local ip range" && section.localAddress !== null && !section.localAddress.isUnspecified()) {
      return this.#exclusive(setting);
    }
    const dash = value.indexOf("-");
    const from = dash === -1 ? value : value.slice(0, dash).trimEnd();
    const until = dash === -1 ? from : value.slice(dash + 1).trimStart();
    if (from === "" || until === "") {
      const advice = "A range is `first - last`.";
      return this.#refuse("xl2tpd/range", `format is '${written} <host or ip> - <host or ip>'`, advice, valueOrigin);
    }
    const first = parseHost(from);
    if (first === null && !isName(from)) {
      return this.#refuse(
        "xl2tpd/range",
        `Unknown host ${from}`,
        `"${shorten(from)}" is no IPv4 address.`,
        valueOrigin,
      );
    }
    const full = dash === -1 ? until : completed(from, until);
    const last = parseHost(full);
    if (last === null && !isName(full)) {
      return this.#refuse(
        "xl2tpd/range",
        `Unknown host ${full}`,
        `"${shorten(full)}" is no IPv4 address.`,
        valueOrigin,
      );
    }
    if (first !== null && last !== null && first.compare(last) > 0) {
      const advice = "The range ends before it begins; swap the addresses.";
      return this.#refuse("xl2tpd/range", "start is greater than end!", advice, valueOrigin);
    }
    if (first === null) this.#lookup(from, valueOrigin);
    else if (last === null) this.#lookup(full, valueOrigin);
    const denied = written.startsWith("n");
    if (!denied && word.startsWith("no ")) {
      const text = "Written with a capital letter, `no` is not heeded, and the range is allowed; write it small.";
      this.#say("xl2tpd/capital-no", "warning", text, setting.wordOrigin);
    }
    const range = { denied, first, last, origin: valueOrigin };
    (word.endsWith("lac") ? section.peers : word === "local ip range" ? section.localPool : section.pool).push(range);
    return true;
  }

  #origin(start: number, end: number): Origin {
    return { source: this.#source, span: { start, end } satisfies Span };
  }

  /** xl2tpd ends at the first error; further ones are told to people all the same. */
  #refuse(code: string, text: string, advice: string, origin: Origin): false {
    this.#problem ??= `parse_config: line ${this.#line}: ${text}`;
    this.#say(code, "error", advice, origin);
    return false;
  }

  #say(code: string, severity: Severity, message: string, origin: Origin): void {
    this.#diagnostics.push(diagnostic(code, severity, message, origin.source, origin.span));
  }
}

/** Control characters, blanks, and (char being signed) everything outside ASCII. */
function isBlank(code: number): boolean {
  return code < 33 || code >= 128;
}

/** Words whose values are judged wherever they stand. */
function isValueFirst(word: string): boolean {
  return /^(require|refuse|flow|redial timeout|max redials|call rws|tunnel rws|auth file)|bps$/.test(word);
}

function misplacement(word: string, { contexts }: Keyword): string {
  return `"${word}" belongs to ${contexts.map((context) => `[${context}]`).join(" and ")}, not here; move it.`;
}

/** atoi(3). */
function leadingInteger(text: string): number {
  const match = /^\s*[+-]?\d+/.exec(text);
  return match === null ? 0 : Number(match[0]);
}

/** gethostbyname(3): digits and dots make an address, as inet_aton(3) reads it; all else is a name. */
function parseHost(text: string): Address | null {
  return /^[0-9.]+$/.test(text) ? parseInetAton(text) : null;
}

function isName(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text) && !/^[0-9.-]+$/.test(text);
}

/** `10.0.0.1 - 20` goes up to 10.0.0.20. */
function completed(first: string, last: string): string {
  const given = last.split(".").length;
  const parts = first.split(".");
  return given >= 4 || parts.length <= given ? last : [...parts.slice(0, parts.length - given), last].join(".");
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
