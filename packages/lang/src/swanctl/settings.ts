/** strongSwan's settings files as a tree of sections (strongswan.conf(5), settings_parser.y). */
import { type Diagnostic, diagnostic, Secret, type Severity, type Source } from "@pierhead/core";
import { type Origin, SyntaxBuilder, type SyntaxFile } from "../lexer/index.ts";
import { type ReadIncluded, SettingsLexer, type SettingsToken } from "./tokens.ts";

/** `key = value`. */
export interface Setting {
  readonly key: string;
  readonly keyOrigin: Origin;
  /** Null: the key is there without a value, which takes the value of a referenced section away. `[secret]` for secrets. */
  readonly value: string | null;
  /** The value, where it must not show. */
  readonly secret: Secret | null;
  readonly valueOrigin: Origin;
  /** An unquoted word of the value with `=` or `{`: most likely a line end is missing before it. */
  readonly swallowed: Origin | null;
}

/** `name { … }`; sections of one name in one place are one. */
export interface Section {
  readonly name: string;
  readonly origin: Origin;
  readonly settings: Map<string, Setting>;
  readonly sections: Map<string, Section>;
  /** Sections whose settings and sections count where this one has none, by their full names. */
  readonly references: Reference[];
}

export interface Reference {
  readonly name: string;
  readonly origin: Origin;
}

export interface SettingsFile {
  readonly source: Source;
  readonly syntax: SyntaxFile;
  readonly root: Section;
  readonly diagnostics: readonly Diagnostic[];
  /** strongSwan refuses the whole file otherwise. */
  readonly accepted: boolean;
  /** Every file that is included has been read. */
  readonly complete: boolean;
}

/** Keys whose values are secrets. */
const SECRET_KEYS: ReadonlySet<string> = new Set(["secret", "pin"]);

/** Reads a file of settings; never throws, whatever the text. */
export function readSettings(source: Source, read: ReadIncluded | null = null): SettingsFile {
  return new Reader(source, read).run();
}

class Reader {
  readonly #source: Source;
  readonly #builder: SyntaxBuilder;
  readonly #lexer: SettingsLexer;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #root: Section;
  readonly #open: { readonly section: Section; readonly origin: Origin }[] = [];
  #accepted = true;
  #complete = true;

  constructor(source: Source, read: ReadIncluded | null) {
    this.#source = source;
    this.#builder = new SyntaxBuilder(source);
    this.#root = newSection("", { source, span: { start: 0, end: 0 } });
    this.#lexer = new SettingsLexer(source, read, {
      token: (kind, file, start, end) => {
        if (file === source) this.#builder.token(kind, start, end);
      },
      include: (pattern, origin, outcome) => this.#included(pattern, origin, outcome),
    });
  }

  run(): SettingsFile {
    let token = this.#lexer.next();
    while (token.kind !== "end") token = this.#statement(token);
    for (const { section, origin } of this.#open) {
      this.#refuse(
        "swanctl/section-open",
        `Section "${section.name}" is not closed; add a \`}\` where it ends.`,
        origin,
      );
    }
    return {
      source: this.#source,
      syntax: this.#builder.finish(),
      root: this.#root,
      diagnostics: this.#diagnostics,
      accepted: this.#accepted,
      complete: this.#complete,
    };
  }

  /** Reads a statement from its first token, and gives the token behind it. */
  #statement(token: SettingsToken): SettingsToken {
    if (token.kind === "line-end") return this.#lexer.next();
    if (token.kind === "}") {
      const closed = this.#open.pop();
      if (closed === undefined) {
        this.#refuse("swanctl/syntax-error", "No section is open that this `}` could close; remove it.", token.origin);
      } else this.#note("section", closed.origin, token.origin);
      return this.#lexer.next();
    }
    if (token.kind !== "name") {
      this.#unexpected(token, "a section or a key");
      return this.#skipValue(token.kind === "=" ? token : this.#lexer.next());
    }
    const next = this.#lexer.next();
    if (next.kind === "=") return this.#setting(token, next);
    if (next.kind === "{") {
      this.#push(token, []);
      return this.#lexer.next();
    }
    if (next.kind === ":") return this.#references(token);
    this.#unexpected(next, `\`{\` or \`=\` behind "${shown(token)}"`);
    return next.kind === "." || next.kind === "," ? this.#lexer.next() : next;
  }

  /** Passes over `= value` behind what was reported already. */
  #skipValue(token: SettingsToken): SettingsToken {
    if (token.kind !== "=") return token;
    let next = this.#lexer.next();
    while (next.kind === "name" || next.kind === "string" || next.kind === "open-quote") next = this.#lexer.next();
    return next;
  }

  #setting(name: SettingsToken, equals: SettingsToken): SettingsToken {
    const parts: string[] = [];
    let first: Origin | null = null;
    let last: Origin = equals.origin;
    let swallowed: Origin | null = null;
    let token = this.#lexer.next();
    for (
      ;
      token.kind === "name" || token.kind === "string" || token.kind === "open-quote";
      token = this.#lexer.next()
    ) {
      if (token.kind === "open-quote") {
        const text = "This string is not closed before the file ends; add the missing quote.";
        this.#refuse("swanctl/unterminated-string", text, token.origin);
      }
      parts.push(token.text);
      if (token.kind === "name" && swallowed === null && first !== null && /^[=]$|^[A-Za-z_]+=|[{]/.test(token.text)) {
        swallowed = token.origin;
      }
      first ??= token.origin;
      last = token.origin;
    }
    const at = { source: equals.origin.source, span: { start: equals.origin.span.end, end: equals.origin.span.end } };
    const valueOrigin = first === null ? at : join(first, last);
    this.#note("setting", name.origin, last);
    const value = first === null ? null : parts.join(" ");
    const hidden = value !== null && SECRET_KEYS.has(name.text);
    const { settings } = this.#current();
    const before = settings.get(name.text);
    if (before !== undefined && before.keyOrigin.source === name.origin.source) {
      const text = `"${name.text}" is given in line ${line(before.keyOrigin)} as well; the later one counts. Remove one of them.`;
      this.#say("swanctl/key-twice", "warning", text, name.origin);
    }
    settings.set(name.text, {
      key: name.text,
      keyOrigin: name.origin,
      value: hidden ? "[secret]" : value,
      secret: hidden ? new Secret(value) : null,
      valueOrigin,
      swallowed,
    });
    return token;
  }

  /** `name : a, b {`. */
  #references(name: SettingsToken): SettingsToken {
    const found: Reference[] = [];
    let token = this.#lexer.next();
    for (;;) {
      if (token.kind !== "name") {
        this.#unexpected(token, "the name of a section");
        return token;
      }
      found.push({ name: token.text, origin: token.origin });
      token = this.#lexer.next();
      if (token.kind !== ",") break;
      token = this.#lexer.next();
    }
    if (token.kind !== "{") {
      this.#unexpected(token, "`,` or `{`");
      return token;
    }
    this.#push(name, found);
    return this.#lexer.next();
  }

  #push(name: SettingsToken, references: readonly Reference[]): void {
    const { sections } = this.#current();
    let section = sections.get(name.text);
    if (section === undefined) {
      section = newSection(name.text, name.origin);
      sections.set(name.text, section);
    }
    section.references.push(...references);
    this.#open.push({ section, origin: name.origin });
  }

  #current(): Section {
    return this.#open[this.#open.length - 1]?.section ?? this.#root;
  }

  #note(kind: string, from: Origin, to: Origin): void {
    if (from.source !== this.#source || to.source !== this.#source) return;
    this.#builder.statement(kind, { start: from.span.start, end: Math.max(from.span.end, to.span.end) });
  }

  #included(pattern: string, origin: Origin, outcome: "read" | "unread" | "empty" | "too-deep"): void {
    if (outcome === "read") return;
    this.#complete &&= outcome === "empty";
    if (outcome === "empty") {
      this.#say("swanctl/include-empty", "warning", "`include` without a file is passed over; name one.", origin);
    } else if (outcome === "too-deep") {
      const text = `${pattern} is not read: too many files include each other. Remove the circle.`;
      this.#refuse("swanctl/include-depth", text, origin);
    }
  }

  #unexpected(token: SettingsToken, expected: string): void {
    if (token.kind === "stray-quote") {
      const text = "Only values and include patterns can be quoted; names cannot. Remove the quotes.";
      this.#refuse("swanctl/unexpected-string", text, token.origin);
      return;
    }
    if (token.kind === "open-quote") {
      this.#refuse("swanctl/unterminated-string", "This string is not closed; add the missing quote.", token.origin);
      return;
    }
    const found =
      token.kind === "end"
        ? "the end of the file"
        : token.kind === "line-end"
          ? "the end of the line"
          : `"${shown(token)}"`;
    this.#refuse("swanctl/syntax-error", `Unexpected ${found}; expected ${expected}.`, token.origin);
  }

  #refuse(code: string, message: string, origin: Origin): void {
    this.#accepted = false;
    this.#say(code, "error", message, origin);
  }

  #say(code: string, severity: Severity, message: string, origin: Origin): void {
    this.#diagnostics.push(diagnostic(code, severity, message, origin.source, origin.span));
  }
}

function newSection(name: string, origin: Origin): Section {
  return { name, origin, settings: new Map(), sections: new Map(), references: [] };
}

function join(first: Origin, last: Origin): Origin {
  if (first.source !== last.source) return first;
  return { source: first.source, span: { start: first.span.start, end: last.span.end } };
}

function line(origin: Origin): number {
  return origin.source.position(origin.span.start).line;
}

function shown({ kind, text }: SettingsToken): string {
  const word = kind === "name" ? text : kind;
  return word.length > 40 ? `${word.slice(0, 40)}…` : word;
}

/** How many sections one may be made up from by references; strongSwan has no limit. */
const MAX_REFERENCED = 256;

/** A section with those it refers to: what strongSwan sees when it looks for a setting. */
export class SectionView {
  readonly name: string;
  readonly origin: Origin;
  readonly #root: Section;
  readonly #sections: readonly Section[];

  private constructor(root: Section, name: string, origin: Origin, sections: readonly Section[]) {
    this.#root = root;
    this.name = name;
    this.origin = origin;
    this.#sections = sections;
  }

  static of(root: Section): SectionView {
    return new SectionView(root, "", root.origin, [root]);
  }

  /** Settings in the order of their first appearance; a value here goes before one of a referenced section. */
  settings(): readonly Setting[] {
    if (this.#sections.length === 1) return [...(this.#sections[0] as Section).settings.values()].filter(hasValue);
    const found = new Map<string, Setting>();
    for (const { settings } of this.#sections) {
      for (const [key, setting] of settings) if (!found.has(key)) found.set(key, setting);
    }
    return [...found.values()].filter(hasValue);
  }

  get(key: string): Setting | null {
    for (const { settings } of this.#sections) {
      const setting = settings.get(key);
      if (setting !== undefined) return setting.value === null ? null : setting;
    }
    return null;
  }

  sections(): readonly SectionView[] {
    const names = new Map<string, Origin>();
    for (const { sections } of this.#sections) {
      for (const [name, { origin }] of sections) if (!names.has(name)) names.set(name, origin);
    }
    return [...names].map(([name, origin]) => this.#child(name, origin));
  }

  section(name: string): SectionView | null {
    const found = this.#sections.find(({ sections }) => sections.has(name))?.sections.get(name);
    return found === undefined ? null : this.#child(name, found.origin);
  }

  #child(name: string, origin: Origin): SectionView {
    const found: Section[] = [];
    const seen = new Set<Section>();
    const pending: Section[] = [];
    for (let i = this.#sections.length - 1; i >= 0; i--) {
      const section = (this.#sections[i] as Section).sections.get(name);
      if (section !== undefined) pending.push(section);
    }
    while (pending.length > 0 && found.length < MAX_REFERENCED) {
      const section = pending.pop() as Section;
      if (seen.has(section)) continue;
      seen.add(section);
      found.push(section);
      const { references } = section;
      for (let i = references.length - 1; i >= 0; i--) {
        const target = findSection(this.#root, (references[i] as Reference).name);
        if (target !== null) pending.push(target);
      }
    }
    return new SectionView(this.#root, name, origin, found);
  }
}

function hasValue(setting: Setting): boolean {
  return setting.value !== null;
}

/** The section of that full name, as `connections.base`. */
export function findSection(root: Section, path: string): Section | null {
  let section: Section | undefined = root;
  for (const part of path.split(".")) {
    section = section.sections.get(part);
    if (section === undefined) return null;
  }
  return section;
}
