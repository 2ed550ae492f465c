/** Runs the commands of mpd.conf as mpd does at its start, as far as they set up links and bundles. */
import { type Diagnostic, diagnostic, type parsePrefix, Secret, type Severity, type Source } from "@pierhead/core";
import { type Origin, SyntaxBuilder } from "../lexer/index.ts";
import { nearest } from "../text/index.ts";
import {
  commandsFor,
  LINK_TYPES,
  LOGINS,
  type MpdCommand,
  type MpdContext,
  SET_MENUS,
  TOP_COMMANDS,
} from "./commands.ts";
import type { MpdConfiguration, MpdSide } from "./configuration.ts";
import { type MpdLine, type MpdWord, readMpdLines } from "./lines.ts";
import { type BundleDraft, type LinkDraft, MpdState } from "./state.ts";
import { parseIp, parseRange } from "./values.ts";

/** Labels a section may have, with the commands below it. */
interface Section {
  readonly name: string;
  readonly origin: Origin;
  readonly lines: readonly MpdLine[];
}

/** `load` within `load`: LoadCommand gives up at this depth. */
const MAX_DEPTH = 20;
/** Commands a file may come to; a loop of `load` grows without end otherwise. */
const MAX_COMMANDS = 20_000;

/**
 * Loads an mpd.conf; never throws, whatever the text.
 *
 * @param label what the daemon is told to run besides `startup`; `default` when it is told nothing
 */
export function loadMpd(source: Source, label = "default"): MpdConfiguration {
  return new Loader(source).run(label);
}

class Loader {
  readonly #source: Source;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #said = new Set<string>();
  readonly #sections = new Map<string, Section>();
  readonly #state = new MpdState();
  #complete = true;
  #count = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  run(label: string): MpdConfiguration {
    const lines = readMpdLines(this.#source.text);
    const builder = new SyntaxBuilder(this.#source);
    for (const line of lines) {
      line.words.forEach((word, index) => {
        builder.token(index === 0 ? "keyword" : "word", word.span.start, word.span.end);
      });
      builder.statement(line.indented ? "command" : "label", line.span);
    }
    this.#divide(lines);
    const used = new Set<string>();
    if (this.#sections.has("startup")) this.#load("startup", used, 1);
    if (this.#sections.has(label)) this.#load(label, used, 1);
    this.#judgeUnused(used);
    return {
      source: this.#source,
      syntax: builder.finish(),
      labels: new Map([...this.#sections.values()].map((one) => [one.name, one.origin])),
      ...this.#state.finish(),
      diagnostics: this.#diagnostics,
      complete: this.#complete,
    };
  }

  /** A line at the first column is a label; `SeekToLabel` finds the first of a name. */
  #divide(lines: readonly MpdLine[]): void {
    let open: { lines: MpdLine[] } | null = null;
    for (const line of lines) {
      if (line.indented) {
        if (open === null) {
          this.#say(
            "mpd/no-label",
            "warning",
            "This command stands before the first label, so nothing runs it; move it below `default:`.",
            line.span,
          );
        } else open.lines.push(line);
        continue;
      }
      const raw = this.#source.text.slice(line.span.start, line.span.end);
      const name = /^[^\s:]+/.exec(raw)?.[0] ?? "";
      const origin = this.#origin({ start: line.span.start, end: line.span.start + name.length });
      const section = { name, origin, lines: [] as MpdLine[] };
      open = section;
      if (!raw.slice(name.length).startsWith(":")) {
        const text =
          TOP_COMMANDS.has(name) && line.words.length > 1
            ? "This begins at the first column, so it is a label, and ends the section above; indent it, if it is a command."
            : `A label ends in a colon: write \`${shorten(name)}:\`. What stands behind it is not read.`;
        this.#say("mpd/label", "warning", text, line.span);
      }
      if (name === "") continue;
      const before = this.#sections.get(name);
      if (before === undefined) this.#sections.set(name, section);
      else
        this.#say(
          "mpd/label-twice",
          "warning",
          `Label ${shorten(name)} is there before, and the first one is read.`,
          origin.span,
        );
    }
  }

  #load(name: string, used: Set<string>, depth: number): void {
    const section = this.#sections.get(name);
    if (section === undefined) return;
    used.add(name);
    for (const line of section.lines) {
      if (++this.#count > MAX_COMMANDS) return;
      this.#command(line, used, depth);
    }
  }

  /** Commands in sections that nothing loads are looked at as well: they are somebody's next try. */
  #judgeUnused(used: ReadonlySet<string>): void {
    if (!this.#complete) return;
    for (const { name, origin } of this.#sections.values()) {
      if (used.has(name) || name === "startup" || name === "default") continue;
      this.#say(
        "mpd/label-unused",
        "note",
        `Nothing loads ${shorten(name)}: its commands run only when mpd is told to by hand.`,
        origin.span,
      );
    }
  }

  #command(line: MpdLine, used: Set<string>, depth: number): void {
    const { words } = line;
    for (const word of words) {
      if (word.open) {
        this.#say(
          "mpd/open-quote",
          "warning",
          "This quote is not closed, and everything up to the line end belongs to it; close it.",
          word.span,
        );
      }
    }
    const hash = words.findIndex((word, index) => index > 0 && this.#raw(word).startsWith("#"));
    if (hash !== -1) {
      const word = words[hash] as MpdWord;
      this.#say(
        "mpd/trailing-comment",
        "warning",
        "Comments have lines of their own: behind a command this is one more argument, and mpd refuses the command. Move it up.",
        { start: word.span.start, end: line.span.end },
      );
    }
    const [first, ...rest] = words;
    if (first === undefined) return;
    const name = this.#find(first, TOP_COMMANDS.keys(), "");
    if (name === null) return;
    const command = TOP_COMMANDS.get(name);
    if (command === "create") this.#create(line, rest);
    else if (command === "set") this.#set(line, rest);
    else if (command !== undefined) {
      if (!this.#fits(line, command, rest)) return;
      if (name === "load") this.#loads(rest, used, depth);
      else if (name === "link" || name === "bundle") this.#choose(name, rest);
    }
  }

  #loads(rest: readonly MpdWord[], used: Set<string>, depth: number): void {
    if (rest.length > 1) {
      this.#complete = false;
      return;
    }
    const [label] = rest;
    if (label === undefined) return;
    if (!this.#sections.has(label.text)) {
      const meant = nearest(label.text, this.#sections.keys());
      const hint = meant === null ? "add it" : `did you mean ${meant}?`;
      this.#say("mpd/label-missing", "error", `There is no label ${shorten(label.text)} to load; ${hint}`, label.span);
    } else if (depth > MAX_DEPTH) {
      this.#say("mpd/recursion", "error", "Labels load each other in a circle; mpd gives up here.", label.span);
    } else this.#load(label.text, used, depth + 1);
  }

  #choose(kind: "link" | "bundle", rest: readonly MpdWord[]): void {
    const [name] = rest;
    if (name === undefined) return;
    if (!this.#state.choose(kind, name.text)) this.#missing(kind, name);
  }

  #missing(kind: "link" | "bundle", name: MpdWord): void {
    this.#say(`mpd/unknown-${kind}`, "error", `There is no ${kind} ${shorten(name.text)} at this point.`, name.span);
  }

  #create(line: MpdLine, rest: readonly MpdWord[]): void {
    const [what, ...more] = rest;
    if (what === undefined) {
      this.#arguments(line, "create link template NAME l2tp");
      return;
    }
    const kind = this.#find(what, ["link", "bundle"], "create ");
    if (kind === null) return;
    const isTemplate = more[0]?.text === "template";
    const words = isTemplate || more[0]?.text === "static" ? more.slice(1) : more;
    const [name, type] = words;
    const wanted = kind === "link" ? 2 : isTemplate ? [1, 2] : more.length === words.length ? 2 : [1, 2];
    const counts = Array.isArray(wanted) ? wanted : [wanted];
    if (name === undefined || !counts.includes(words.length)) {
      this.#arguments(line, `create ${kind} template NAME${kind === "link" ? " l2tp" : ""}`);
      return;
    }
    if (this.#state.has(kind as "link" | "bundle", name.text)) {
      this.#say("mpd/name-twice", "error", `There is a ${kind} ${shorten(name.text)} already.`, name.span);
      return;
    }
    const origin = this.#origin(line.span);
    if (kind === "bundle") {
      if (!this.#state.createBundle(name.text, isTemplate, type?.text ?? null, origin) && type !== undefined) {
        this.#missing("bundle", type);
      }
      return;
    }
    if (type === undefined) return;
    const known = LINK_TYPES.includes(type.text);
    if (!this.#state.createLink(name.text, isTemplate, known ? type.text : null, type.text, origin)) {
      const meant = nearest(type.text, LINK_TYPES);
      const hint = meant === null ? `types are ${LINK_TYPES.join(", ")}` : `did you mean ${meant}?`;
      this.#say(
        "mpd/unknown-link",
        "error",
        `${shorten(type.text)} is neither a type of link nor a template of one; ${hint}`,
        type.span,
      );
    }
  }

  #set(line: MpdLine, rest: readonly MpdWord[]): void {
    const [first, second, ...words] = rest;
    if (first === undefined) {
      this.#arguments(line, "set link …");
      return;
    }
    const name = this.#find(first, SET_MENUS.keys(), "set ");
    const menu = name === null ? undefined : SET_MENUS.get(name);
    if (name === null || menu === undefined) return;
    if (!this.#admits(line, menu.context) || menu.commands === null) return;
    if (second === undefined) {
      this.#arguments(line, `set ${name} …`);
      return;
    }
    const verb = this.#find(second, menu.commands.keys(), `set ${name} `);
    const command = verb === null ? undefined : menu.commands.get(verb);
    if (verb === null || command === undefined || !this.#fits(line, command, words)) return;
    if (command.options !== null) this.#options(name, verb, words, command.options, line);
    else this.#assign(name, verb, words, line);
  }

  /** `AdmitBund()`, `AdmitLink()`. */
  #admits(line: MpdLine, context: MpdContext): boolean {
    if (context === null) return true;
    if ((context === "bundle" ? this.#state.bundle : this.#state.link) !== null) return true;
    const other = context === "bundle" ? this.#state.link : this.#state.bundle;
    const text =
      other === null
        ? `mpd does not know which ${context} this is for; write \`create ${context} …\` above it.`
        : `This is about a ${context}, and \`create ${context === "bundle" ? "link" : "bundle"}\` above ended that; move it up.`;
    this.#say("mpd/context", "error", text, line.span);
    return false;
  }

  #options(menu: string, verb: string, words: readonly MpdWord[], known: readonly string[], line: MpdLine): void {
    const on = verb === "enable" || verb === "yes";
    const off = verb === "disable" || verb === "no";
    for (const word of words) {
      const option = word.text.toLowerCase();
      if (!known.includes(option)) {
        const meant = nearest(option, known);
        const hint = meant === null ? `there are ${known.join(", ")}` : `did you mean ${meant}?`;
        this.#say("mpd/unknown-option", "warning", `mpd has no option ${shorten(word.text)} here; ${hint}`, word.span);
        continue;
      }
      if (!on && !off) continue;
      const all = option === "chap" ? LOGINS.filter((one) => one.startsWith("chap")) : [option];
      for (const one of all) this.#state.option(menu, one, on, this.#origin(word.span));
    }
    if (words.length === 0) this.#arguments(line, `set ${menu} ${verb} OPTION`);
  }

  #assign(menu: string, verb: string, words: readonly MpdWord[], line: MpdLine): void {
    const { bundle, link } = this.#state;
    const origin = this.#origin(line.span);
    const [first, second, third] = words;
    switch (`${menu} ${verb}`) {
      case "ippool add":
        this.#pool(words, origin);
        return;
      case "ipcp ranges":
        if (bundle !== null) this.#ranges(bundle, words, line);
        return;
      case "ipcp dns": {
        const found = words.map((word) => this.#address(word));
        if (bundle !== null) bundle.dns = found.filter((one) => one !== null);
        return;
      }
      case "iface group":
        if (/\d$/.test(first?.text ?? "")) {
          this.#say("mpd/group", "error", "The name of a group must not end in a digit.", (first as MpdWord).span);
        } else if (bundle !== null) bundle.group = first?.text ?? null;
        return;
      case "link action":
        if (link !== null && first !== undefined) this.#action(link, first, second, third, line);
        return;
      case "link mru":
        if (link !== null) link.mru = Number.parseInt(first?.text ?? "", 10) || link.mru;
        return;
      case "l2tp self": {
        const address = first === undefined ? null : this.#address(first);
        if (link === null || address === null) return;
        // 0.0.0.0 stands for all addresses.
        const port = Number.parseInt(second?.text ?? "", 10) || 0;
        link.self = address.isUnspecified() ? null : { address, port, origin };
        return;
      }
      case "l2tp peer":
        if (link !== null && first !== undefined) link.peer = this.#range(first);
        return;
      case "radius server":
        if (link === null || first === undefined || second === undefined) return;
        link.radius.push({
          name: first.text,
          secret: new Secret(second.text),
          authPort: Number.parseInt(third?.text ?? "", 10) || 1812,
          acctPort: Number.parseInt(words[3]?.text ?? "", 10) || 1813,
          origin: this.#origin(second.span),
        });
        return;
      default:
    }
  }

  /** More than 65,536 addresses are refused; `IPPoolAdd` counts what a range has, so that a reversed one is too big. */
  #pool(words: readonly MpdWord[], origin: Origin): void {
    const [name, from, to] = words;
    if (name === undefined || from === undefined || to === undefined) return;
    const first = this.#address(from);
    const last = this.#address(to);
    if (first === null || last === null) return;
    if (first.compare(last) > 0 || last.w0 - first.w0 >= 65_536) {
      const text =
        first.compare(last) > 0
          ? "The range ends before it begins; swap the addresses."
          : "A range has at most 65,536 addresses; make it smaller.";
      this.#say("mpd/pool-range", "error", text, { start: from.span.start, end: to.span.end });
      return;
    }
    this.#state.addToPool(name.text, { first, last, origin });
  }

  /** `ranges SELF PEER`, each an address with a width or `ippool NAME`. */
  #ranges(bundle: BundleDraft, words: readonly MpdWord[], line: MpdLine): void {
    const sides: (MpdSide | null)[] = [];
    for (let index = 0; index < words.length; index++) {
      const word = words[index] as MpdWord;
      const pool = words[index + 1];
      if (word.text === "ippool" && pool !== undefined) {
        index++;
        sides.push({ pool: pool.text, range: null, origin: this.#origin(pool.span) });
        continue;
      }
      const range = this.#range(word);
      sides.push(range === null ? null : { pool: null, range, origin: this.#origin(word.span) });
    }
    if (sides.length !== 2) {
      this.#arguments(line, "set ipcp ranges OWN/32 ippool POOL");
      return;
    }
    // `0.0.0.0/0`: anything.
    const open = (side: MpdSide | null | undefined): MpdSide | null =>
      side?.range?.length === 0 ? null : (side ?? null);
    bundle.self = open(sides[0]);
    bundle.peer = open(sides[1]);
  }

  #action(
    link: LinkDraft,
    first: MpdWord,
    target: MpdWord | undefined,
    pattern: MpdWord | undefined,
    line: MpdLine,
  ): void {
    const kind = this.#find(first, ["bundle", "forward", "drop", "clear"], "set link action ");
    if (kind === null) return;
    if (kind === "clear") {
      link.actions = [];
      return;
    }
    if (kind !== "drop" && target === undefined) {
      this.#arguments(line, `set link action ${kind} NAME`);
      return;
    }
    link.actions.push({
      kind: kind as "bundle" | "forward" | "drop",
      target: kind === "drop" ? "" : (target?.text ?? ""),
      pattern: (kind === "drop" ? target?.text : pattern?.text) ?? "",
      origin: this.#origin((target ?? first).span),
    });
  }

  #address(word: MpdWord): ReturnType<typeof parseIp> {
    const address = parseIp(word.text);
    if (address === null) {
      this.#say("mpd/address", "error", `"${shorten(word.text)}" is no IPv4 address.`, word.span);
    }
    return address;
  }

  #range(word: MpdWord): ReturnType<typeof parsePrefix> {
    const range = parseRange(word.text);
    if (range === null) {
      this.#say(
        "mpd/address",
        "error",
        `"${shorten(word.text)}" is no address with a width, as 10.0.0.1/32.`,
        word.span,
      );
    }
    return range;
  }

  #find(word: MpdWord, names: Iterable<string>, path: string): string | null {
    const all = [...names];
    const found = commandsFor(word.text, all);
    if (found.length === 1) return found[0] as string;
    if (found.length > 1) {
      // Nothing to look at in an empty word.
      const text = `\`${path}${shorten(word.text)}\` may be ${found.slice(0, 6).join(", ")}: mpd refuses it. Write it out.`;
      this.#say("mpd/ambiguous-command", "error", text, word.span);
      return null;
    }
    const meant = nearest(word.text, all);
    const hint = meant === null ? "mpd refuses the line" : `did you mean ${meant}?`;
    this.#say(
      "mpd/unknown-command",
      "error",
      `There is no command \`${path}${shorten(word.text)}\`; ${hint}`,
      word.span,
    );
    return null;
  }

  #fits(line: MpdLine, command: MpdCommand, words: readonly MpdWord[]): boolean {
    if (words.length >= command.least && words.length <= command.most) return true;
    const many = words.length > command.most;
    const word = many ? (words[command.most] as MpdWord) : null;
    const text = many
      ? "There is one word too many, and mpd refuses the line."
      : "A word is missing, and mpd refuses the line.";
    this.#say("mpd/arguments", "error", text, word?.span ?? line.span);
    return false;
  }

  #arguments(line: MpdLine, form: string): void {
    this.#say("mpd/arguments", "error", `mpd refuses this; it is \`${form}\`.`, line.span);
  }

  #raw(word: MpdWord): string {
    return this.#source.text.slice(word.span.start, word.span.end);
  }

  #origin(span: Origin["span"]): Origin {
    return { source: this.#source, span };
  }

  /** A section that is loaded twice says everything once. */
  #say(code: string, severity: Severity, message: string, span: Origin["span"]): void {
    const key = `${code} ${span.start}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    const text = /[.?]$/.test(message) ? message : `${message}.`;
    this.#diagnostics.push(diagnostic(code, severity, text, this.#source, span));
  }
}

function shorten(text: string): string {
  const shown = text.replace(/[^\x20-\x7e]/g, "?");
  return shown.length > 40 ? `${shown.slice(0, 40)}…` : shown;
}
