import { type Diagnostic, diagnostic, type Source, type Span } from "@pierhead/core";
import { buildConfiguration, type Configuration } from "./configuration.ts";
import { type DaemonResult, readAsDaemon } from "./daemon.ts";
import { parse, type Reading } from "./parse.ts";
import { Suggestions } from "./suggestions.ts";
import { type Action, type IfstatedFile, postorder, walkActions } from "./tree.ts";

export interface ReadOptions {
  /** Interfaces of the machine; null when it is not known: then every name may be one. */
  readonly interfaces?: ReadonlySet<string> | null;
  /** Macros given on the command line (`-D name=value`); they win over those of the file. */
  readonly macros?: ReadonlyMap<string, string>;
  /** Read what `pierhead monitor` takes beyond ifstated.conf(5): probes, and intervals below a second. */
  readonly extensions?: boolean;
}

/** A file, read: for people (`file`, `diagnostics`), for the engine (`configuration`), and as the daemon takes it. */
export interface Ifstated {
  readonly file: IfstatedFile;
  readonly configuration: Configuration;
  /** What ifstated(8) itself says: whether it takes the file, and its exact messages when it does not. */
  readonly daemon: DaemonResult;
  readonly diagnostics: readonly Diagnostic[];
  /** Where an extension is used; always empty without {@link ReadOptions.extensions}. */
  readonly extended: readonly Span[];
}

const NONE: ReadonlyMap<string, string> = new Map();

/** What was made of a source without macros of the command line: it depends on nothing else. */
const known = new WeakMap<Source, Reading>();

function parseOnce(source: Source, macros: ReadonlyMap<string, string>, extensions: boolean): Reading {
  if (macros.size > 0 || extensions) return parse(source, macros, extensions);
  let reading = known.get(source);
  if (reading === undefined) {
    reading = parse(source, macros);
    known.set(source, reading);
  }
  return reading;
}

/** What was read of a source already, by the interfaces it was read for: nothing else decides. */
const read = new WeakMap<Source, Map<string, Ifstated>>();

/** Reads an ifstated.conf. Whatever is in it, there is a result; what is wrong is in its diagnostics. */
export function readIfstated(source: Source, options: ReadOptions = {}): Ifstated {
  if ((options.macros?.size ?? 0) > 0 || options.extensions === true) return readAnew(source, options);
  const key = options.interfaces == null ? "any" : [...options.interfaces].sort().join(" ");
  const known = read.get(source) ?? new Map<string, Ifstated>();
  read.set(source, known);
  let found = known.get(key);
  if (found === undefined) {
    found = readAnew(source, options);
    known.set(key, found);
  }
  return found;
}

function readAnew(source: Source, options: ReadOptions): Ifstated {
  const interfaces = options.interfaces ?? null;
  const macros = options.macros ?? NONE;
  const reading = parseOnce(source, macros, options.extensions ?? false);
  const { file, diagnostics: syntax, suspectTargets, probes, extended } = reading;
  const diagnostics = [...syntax];
  const configuration = buildConfiguration(file, probes);
  const daemon = readAsDaemon(source, { interfaces, macros });
  const links = interfaces === null ? null : new Set([...interfaces, ...probes.map((probe) => probe.name)]);
  checkNames(file, configuration, links, suspectTargets, diagnostics);
  if (extended.length === 0 && !daemon.accepted && !diagnostics.some(({ severity }) => severity === "error")) {
    // The daemon is the judge, even where we see nothing wrong.
    const first = daemon.errors[0];
    const start = source.lineStart(Math.max(1, first?.line ?? 1));
    const span = { start, end: start + source.line(Math.max(1, first?.line ?? 1)).length };
    const message = `ifstated does not take this file: ${first?.text ?? "syntax error"}`;
    diagnostics.push(diagnostic("ifstated/daemon-rejects", "error", message, source, span));
  }
  return { file, configuration, daemon, diagnostics, extended };
}

/** Names that have to exist: interfaces, states. */
function checkNames(
  file: IfstatedFile,
  configuration: Configuration,
  interfaces: ReadonlySet<string> | null,
  suspect: ReadonlySet<Action>,
  diagnostics: Diagnostic[],
): void {
  const { source } = file;
  const states = new Map(configuration.states.map((state) => [state.name, state]));
  const suggestions = new Suggestions();
  const lists: (readonly Action[])[] = [configuration.global];
  for (const item of file.items) {
    if (item.kind === "state") {
      const first = states.get(item.name);
      if (first !== undefined && first.block !== item) {
        const related = [{ source, span: first.block.nameSpan, message: "the first one" }];
        const message = `there is a state \`${item.name}\` already; ifstated does not take a second one`;
        diagnostics.push(diagnostic("ifstated/duplicate-state", "error", message, source, item.nameSpan, { related }));
      }
      for (const part of item.items) lists.push(part.kind === "init" ? part.actions : [part]);
    } else if (item.kind === "init-state" && !states.has(item.name)) {
      const near = suggestions.nearest(item.name, states.keys());
      const message = `the start state \`${item.name}\` is not declared${near === null ? "" : `; did you mean \`${near}\`?`}`;
      const fix = near === null ? null : replace(source, `write \`${name(near)}\``, item.nameSpan, name(near));
      diagnostics.push(diagnostic("ifstated/invalid-start-state", "error", message, source, item.nameSpan, { fix }));
    }
  }
  for (const list of lists) {
    for (const action of walkActions(list)) {
      if (action.kind === "set-state" && !states.has(action.name) && !suspect.has(action)) {
        const near = suggestions.nearest(action.name, states.keys());
        const message = `state \`${action.name}\` is not declared${near === null ? "" : `; did you mean \`${near}\`?`}`;
        const fix = near === null ? null : replace(source, `write \`${name(near)}\``, action.nameSpan, name(near));
        diagnostics.push(diagnostic("ifstated/undeclared-state", "error", message, source, action.nameSpan, { fix }));
      }
      if (action.kind !== "if" || action.condition === null || interfaces === null) continue;
      for (const node of postorder(action.condition)) {
        if (node.kind !== "link" || interfaces.has(node.interface)) continue;
        const message = `the machine has no interface \`${node.interface}\`; ifstated does not start with it`;
        diagnostics.push(diagnostic("ifstated/unknown-interface", "error", message, source, node.interfaceSpan));
      }
    }
  }
}

/** A state's name as it has to be written. */
function name(state: string): string {
  return /^[a-z0-9:_&|][^(){}!=#,.\s]*$/i.test(state) ? state : `"${state}"`;
}

function replace(source: Source, title: string, span: Diagnostic["span"], text: string): Diagnostic["fix"] {
  return { title, edits: [{ source, span, text }] };
}
