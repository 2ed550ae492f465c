/** Reading a pf.conf: its syntax alone ({@link parsePf}), or all it means on a machine ({@link loadPf}). */
import { Source } from "@pierhead/core";
import type { FingerprintNames } from "../pf-os/index.ts";
import { dialectOf, type PfDialect } from "./dialect.ts";
import type { PfEnvironment } from "./environment.ts";
import { FINGERPRINTS_FILE, fingerprintNames } from "./load/fingerprints.ts";
import { HostResolver } from "./load/hosts.ts";
import { expandRuleNames } from "./load/label.ts";
import { numberRules } from "./load/number.ts";
import { optimizeAnchors } from "./load/optimize-anchors.ts";
import { buildQueues } from "./load/queue-tree.ts";
import { Ruleset } from "./load/ruleset.ts";
import { explain } from "./read/explain.ts";
import { FATAL, Reader, type ReaderOptions } from "./read/reader.ts";
import { Recorder } from "./read/recorder.ts";
import { readRuleset } from "./read/statements.ts";
import type { PfEvent, PfLoad, RuleList } from "./result.ts";
import { Anchor, type LoadAnchor, type PfConfiguration } from "./rule.ts";
import type { PfSyntax } from "./syntax.ts";

/** What to load and how: pfctl's command line. Every field may be left out. */
export interface LoadOptions {
  /** `-D name=value`. */
  readonly defines?: readonly { readonly name: string; readonly value: string }[];
  /** `-a anchor`: where the rules go; "" is the main ruleset. */
  readonly anchor?: string;
  /** `-O -N -R -A -T load`: only these statements count. All of them when left out. */
  readonly only?: {
    readonly options?: boolean;
    readonly nat?: boolean;
    readonly filter?: boolean;
    readonly altq?: boolean;
    readonly tables?: boolean;
  };
  /** `-N` of OpenBSD from 4.7: host names are not looked up. */
  readonly noDns?: boolean;
  /**
   * `-o none|basic|profile`: overrides `set ruleset-optimization`. The optimizer runs only when this asks for it: left
   * out, rules stay as they are written, in number and order.
   */
  readonly optimize?: "none" | "basic" | "profile";
  /** How many `-v`: with none, events are not collected. Default 1. */
  readonly verbose?: 0 | 1 | 2;
  /**
   * Lose the lines that pfctl loses after an error, so that standard error is the same to the byte. By default every
   * line is read, and one wrong line costs one diagnostic.
   */
  readonly strict?: boolean;
  /** Leave rules numbered as pfctl counts them while it reads, across lists; by default as the kernel counts them. */
  readonly keepNumbers?: boolean;
  /**
   * Leave `$nr` in labels and tags: for a caller that has the rules optimized before they are loaded, and numbers them
   * then with `numbered`. FreeBSD's pfctl checks the length of what comes out, so there it is always put in.
   */
  readonly leaveNumbers?: boolean;
  /** Keep the syntax tree of the outermost file. */
  readonly syntax?: boolean;
}

const ALL = { options: true, nat: true, filter: true, altq: true, tables: true, ether: true };
const NONE = { options: false, nat: false, filter: false, altq: false, tables: false, ether: false };

/** Reads the syntax of one file. Nothing is looked up: not hosts, not interfaces, not included files. */
export function parsePf(source: Source, dialect: PfDialect): PfSyntax {
  const recorder = new Recorder(source);
  const main = new Ruleset(new Anchor("", ""), "", "");
  const options: ReaderOptions = { strict: false, anchor: "", load: ALL, noDns: true, verbose: 0 };
  const reader = new Reader(source, dialect, null, null, main, options, recorder, null);
  reader.describe = (kind) => explain(reader, kind);
  readRuleset(reader);
  return { source, statements: recorder.statements, diagnostics: reader.diagnostics };
}

/** Loads a file as pfctl would on the machine of `environment`, and the files that `load anchor` names. Never throws. */
export function loadPf(source: Source, environment: PfEnvironment, options: LoadOptions = {}): PfLoad {
  const run = new Run(environment, options);
  const anchorPath = options.anchor ?? "";
  const recorder = options.syntax ? new Recorder(source) : null;
  const reader = run.read(source, anchorPath, recorder);
  let good = run.good;
  // 4.6 loads the files of anchors for the main ruleset only.
  const loadsAnchors = run.dialect.family !== "4.6" || anchorPath === "";
  if (loadsAnchors && (good || options.strict !== true)) {
    // The list grows while it is walked: an anchor's file may name further ones.
    const loads = reader.configuration.loads;
    for (let i = 0; i < loads.length && i < LOAD_LIMIT; i++) {
      if (!run.loadAnchor(loads[i] as LoadAnchor)) {
        good = false;
        if (options.strict === true) {
          reader.stderr.push("pfctl: load anchors");
          break;
        }
      }
    }
  }
  return {
    configuration: reader.configuration,
    events: reader.events,
    diagnostics: reader.diagnostics,
    stderr: reader.stderr,
    exit: good ? 0 : 1,
    syntax: recorder === null ? null : { source, statements: recorder.statements, diagnostics: reader.diagnostics },
    optimize: reader.optimize,
    fingerprints: run.fingerprints,
    optimizerTables: run.optimizerTables,
  };
}

/** More files than anyone loads: one that loads itself again and again ends here. */
const LOAD_LIMIT = 1000;

/** One run of pfctl: the main file, then the files of anchors, with what they share. */
class Run {
  readonly environment: PfEnvironment;
  readonly options: LoadOptions;
  readonly dialect: PfDialect;
  readonly hosts: HostResolver;
  readonly optimizerTables: Map<string, readonly PfEvent[]> = new Map();
  #last: Reader | null = null;
  fingerprints = 0;
  /** Whether the file that was read last is accepted. */
  good = true;

  constructor(environment: PfEnvironment, options: LoadOptions) {
    this.environment = environment;
    this.options = options;
    this.dialect = dialectOf(environment.system);
    this.hosts = new HostResolver(environment, this.dialect);
  }

  /** `pfctl_rules`: reads one file into an anchor. */
  read(source: Source, anchorPath: string, recorder: Recorder | null): Reader {
    const { options, environment, dialect } = this;
    const readerOptions: ReaderOptions = {
      strict: options.strict ?? false,
      anchor: anchorPath,
      load: this.#statements(anchorPath),
      noDns: options.noDns ?? false,
      verbose: options.verbose ?? 1,
    };
    const root = new Anchor(anchorPath.slice(anchorPath.lastIndexOf("/") + 1), anchorPath);
    const main = new Ruleset(root, anchorPath, "");
    const reader = new Reader(source, dialect, environment, this.hosts, main, readerOptions, recorder, this.#last);
    reader.describe = (kind) => explain(reader, kind);
    reader.fingerprints = this.#fingerprints(readerOptions);
    if (options.optimize !== undefined) {
      reader.optimizeGiven = true;
      reader.optimize = options.optimize;
    }
    // pfctl forgets all macros after the first file, those of its command line too.
    if (this.#last === null) {
      for (const { name, value } of options.defines ?? []) reader.lexer.define(name, value, true, null);
    }
    const complete = readRuleset(reader);
    place(reader.configuration, root, anchorPath);
    if (complete) warnUnusedMacros(reader);
    this.good = complete && reader.errors === 0;
    if (this.good && anchorPath === "" && dialect.newQueues) this.good = finishQueues(reader);
    if (this.good && readerOptions.verbose > 0) {
      for (const list of listsOf(dialect, readerOptions)) {
        if (list === "ether") reader.events.push({ kind: "ether", path: anchorPath });
        else reader.events.push({ kind: "ruleset", path: anchorPath, list });
      }
    }
    this.#finish(reader, root, anchorPath);
    if (this.good && reader.altq !== null && !reader.altq.check()) {
      reader.toolLine("pfctl: errors in altq config");
      reader.report("pf/altq-refused", "error", "The queues of an interface are not complete.", 0, 0, { source });
      this.good = false;
    }
    for (const altq of reader.altq?.altqs ?? []) reader.configuration.altqs.push(altq);
    this.#last = reader;
    return reader;
  }

  // Which statements of a file count. With `-a`, and in the files of anchors, some do not.
  #statements(anchorPath: string): ReaderOptions["load"] {
    const { anchor = "", only } = this.options;
    const load = only === undefined ? ALL : { ...NONE, ...only };
    if (!this.dialect.oldTranslation) return load;
    return { ...load, options: load.options && anchor === "", altq: load.altq && anchorPath === "" };
  }

  // The names of pf.os(5) that are known before the first line is read, and then from file to file.
  #fingerprints({ load }: ReaderOptions): FingerprintNames | null {
    if (this.#last !== null) return this.#last.fingerprints;
    if (!this.dialect.readsFingerprints || (this.options.anchor ?? "") !== "" || !load.options) return null;
    const names = fingerprintNames(this.environment, FINGERPRINTS_FILE);
    this.fingerprints = names?.count ?? 0;
    return names;
  }

  #finish(reader: Reader, root: Anchor, anchorPath: string): void {
    const { optimize, keepNumbers, leaveNumbers } = this.options;
    const { filter, tables: hasTables } = reader.options.load;
    if (filter && (optimize === "basic" || optimize === "profile")) {
      const names = { next: reader.automaticTables };
      const isGroup = (name: string): boolean => this.hosts.isGroup(name);
      const refuse = (): void => {
        if (this.good) reader.toolLine("pfctl: Must enable table loading for optimizations");
      };
      const withoutTables = hasTables || !this.dialect.oldTranslation ? null : refuse;
      const tables = optimizeAnchors(root, this.environment.system, names, isGroup, withoutTables);
      for (const [path, events] of tables) this.optimizerTables.set(path, events);
      reader.automaticTables = names.next;
      place(reader.configuration, root, anchorPath);
    }
    if (this.dialect.family !== "freebsd") {
      numberRules(root, keepNumbers, leaveNumbers === true ? () => {} : null);
      return;
    }
    const { system, labelMaximum, tagMaximum } = this.dialect;
    let fits = true;
    numberRules(root, keepNumbers, (rule) => {
      if (expandRuleNames(rule, system, labelMaximum, tagMaximum) || !fits) return;
      fits = false;
      reader.toolLine("pfctl: expand_label_str: label too long");
      const { span, source } = rule.origin ?? { span: { start: 0, end: 0 }, source: reader.takenSource };
      const message = `With its macros expanded a label or tag of this rule is longer than ${labelMaximum} characters; pfctl exits.`;
      reader.report("pf/name-too-long", "error", message, span.start, span.end, { source });
    });
    if (!fits) this.good = false;
  }

  /** One `load anchor`. Returns whether its file was accepted. */
  loadAnchor({ anchor, file, origin }: LoadAnchor): boolean {
    const reader = this.#last as Reader;
    if (reader.options.verbose > 0) reader.stderr.push("", `Loading anchor ${anchor} from ${file}`);
    const text = this.environment.readFile(file);
    if (text === null) {
      const where = this.dialect.lexer.fakeLastNewline ? "pushfile: " : "";
      reader.toolLine(`pfctl: ${where}${file}: No such file or directory`);
      reader.toolLine("pfctl: cannot open the main config file!: No such file or directory");
      const { start, end } = origin.span;
      const { source } = origin;
      reader.report("pf/unreadable-file", "error", `The file ${file} cannot be read.`, start, end, { source });
      return false;
    }
    this.read(new Source(this.environment.fileName?.(file) ?? file, text), anchor, null);
    return this.good;
  }
}

/** The lists in the order in which they are loaded and printed. */
function listsOf(dialect: PfDialect, { load }: ReaderOptions): readonly (RuleList | "ether")[] {
  if (!dialect.oldTranslation) return ["filter"];
  const lists: (RuleList | "ether")[] = [];
  if (load.filter) lists.push("scrub");
  if (load.ether && dialect.etherRules) lists.push("ether");
  if (load.nat) lists.push("nat", "rdr", "binat");
  if (load.filter) lists.push("filter");
  return lists;
}

function finishQueues(reader: Reader): boolean {
  try {
    return buildQueues(reader);
  } catch (thrown) {
    if (thrown === FATAL) return false;
    throw thrown;
  }
}

/** Puts what was read where `-a` says. */
function place(configuration: PfConfiguration, root: Anchor, path: string): void {
  const place = configuration.anchor(path);
  place.scrub = root.scrub;
  place.nat = root.nat;
  place.binat = root.binat;
  place.rdr = root.rdr;
  place.filter = root.filter;
  place.ether = root.ether;
  place.tables = root.tables;
  place.children = root.children;
}

function warnUnusedMacros(reader: Reader): void {
  if (reader.options.verbose < 2) return;
  for (const macro of reader.lexer.macros.values()) {
    if (!macro.used) reader.stderr.push(`warning: macro '${macro.name}' not used`);
  }
}
