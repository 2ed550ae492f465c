/** Puts the stanzas of one or more files together: what each interface gets, and which ones come up at boot. */
import { type Diagnostic, diagnostic, type Source, type Span } from "@pierhead/core";
import { fitsPattern } from "../systemd-networkd/index.ts";
import type { Word } from "../text/index.ts";
import { planStanza, type ResolvedStanza } from "./commands.ts";
import type { InterfaceStanza, InterfacesFile } from "./tree.ts";

/** How an interface is started. */
export interface StartedInterface {
  readonly name: string;
  /** The stanzas it is brought up by, in order. */
  readonly stanzas: readonly ResolvedStanza[];
  /** `auto` runs at boot, `hotplug` when the card appears. */
  readonly by: string;
  readonly source: Source;
  readonly span: Span;
}

export interface InterfacesPlan {
  /** In the order they come up. */
  readonly started: readonly StartedInterface[];
  /** Stanzas that nothing starts. */
  readonly unused: readonly ResolvedStanza[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * What boot does with the files, in the order ifup reads them.
 *
 * @param cards names of interfaces that are there, for patterns such as `auto /eth*`
 */
export function planInterfaces(files: readonly InterfacesFile[], cards: readonly string[] = []): InterfacesPlan {
  const diagnostics: Diagnostic[] = [];
  const byName = new Map<string, ResolvedStanza[]>();
  for (const file of files) {
    for (const stanza of file.stanzas) {
      if (stanza.kind !== "iface") continue;
      const resolved = resolveStanza(file.source, stanza, byName);
      if (resolved === null) continue;
      const list = byName.get(stanza.name.text);
      if (list === undefined) byName.set(stanza.name.text, [resolved]);
      else list.push(resolved);
    }
  }
  const mapped = files.flatMap((file) =>
    file.stanzas.flatMap((stanza) => (stanza.kind === "mapping" ? stanza.patterns.map((word) => word.text) : [])),
  );
  const started: StartedInterface[] = [];
  const used = new Set<string>();
  const names = new Set<string>();
  const start = (file: InterfacesFile, by: string, written: Word, name: string, logical: string): void => {
    if (names.has(name)) return;
    const stanzas = byName.get(logical);
    if (stanzas === undefined) {
      if (name === "lo" || mapped.some((pattern) => fitsPattern(pattern, name)) || written.text.startsWith("#")) return;
      const text = `Nothing says how ${name} is set up: there is no \`iface ${name}\`.`;
      diagnostics.push(diagnostic("interfaces/no-iface", "error", text, file.source, written.span));
      return;
    }
    used.add(logical);
    names.add(name);
    started.push({ name, stanzas, by, source: file.source, span: written.span });
  };
  for (const classes of [["auto"], null]) {
    for (const file of files) {
      for (const stanza of file.stanzas) {
        if (stanza.kind !== "selection" || stanza.class === "no-auto-down" || stanza.class === "no-scripts") continue;
        if (classes === null ? stanza.class === "auto" : !classes.includes(stanza.class)) continue;
        for (const word of stanza.names) {
          const [pattern, logical] = splitLogical(word.text);
          const fitting = pattern.startsWith("/") ? matching(pattern, cards, byName) : [pattern];
          for (const name of fitting) start(file, stanza.class, word, name, logical ?? name);
        }
      }
    }
  }
  const inherited = new Set(
    files.flatMap((file) =>
      file.stanzas.flatMap((stanza) => (stanza.kind === "iface" ? stanza.inherits.map((word) => word.text) : [])),
    ),
  );
  const unused = [...byName].filter(([name]) => !used.has(name) && !inherited.has(name) && name !== "lo");
  for (const [name, stanzas] of unused) {
    const first = stanzas[0] as ResolvedStanza;
    if (mapped.length > 0) continue;
    const text = `Nothing brings ${name} up at boot: add \`auto ${name}\`, or start it by hand with \`ifup ${name}\`.`;
    diagnostics.push(diagnostic("interfaces/not-started", "warning", text, first.source, first.stanza.name.span));
  }
  return { started, unused: unused.flatMap(([, stanzas]) => stanzas), diagnostics };
}

/** What each file says on its own, values included. */
export function checkInterfaces(file: InterfacesFile): readonly Diagnostic[] {
  const plan = planInterfaces([file]);
  const values = [...plan.started.flatMap((one) => one.stanzas), ...plan.unused].flatMap(
    (stanza) => planStanza(stanza, stanza.stanza.name.text).diagnostics,
  );
  const sourcing = file.stanzas.some((stanza) => stanza.kind === "source" || stanza.kind === "source-directory");
  // What another file may say is not missed here.
  const missing = sourcing ? [] : plan.diagnostics;
  return [...file.diagnostics, ...missing, ...values];
}

function resolveStanza(
  source: Source,
  stanza: InterfaceStanza,
  before: ReadonlyMap<string, readonly ResolvedStanza[]>,
): ResolvedStanza | null {
  const parents = stanza.inherits.flatMap((word) => before.get(word.text)?.slice(0, 1) ?? []);
  const family = stanza.family ?? parents[parents.length - 1]?.family ?? null;
  const method = stanza.method ?? parents[parents.length - 1]?.method ?? null;
  if (family === null || method === null) return null;
  const own = stanza.options.map((option) => ({ source, option }));
  return { source, stanza, family, method, options: [...parents.flatMap((parent) => parent.options), ...own] };
}

function splitLogical(text: string): [string, string | null] {
  const equals = text.indexOf("=");
  return equals === -1 ? [text, null] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** `/eth*`: names of cards that fit; patterns over other properties fit none here. */
function matching(
  pattern: string,
  cards: readonly string[],
  byName: ReadonlyMap<string, readonly ResolvedStanza[]>,
): readonly string[] {
  const [, glob, number] = /^\/([^/]+)(?:\/(\d+))?$/.exec(pattern) ?? [];
  if (glob === undefined) return [];
  const known = cards.length > 0 ? cards : [...byName.keys()];
  const fitting = known.filter((name) => fitsPattern(glob, name));
  return number === undefined ? fitting : fitting.slice(Number(number) - 1, Number(number));
}
