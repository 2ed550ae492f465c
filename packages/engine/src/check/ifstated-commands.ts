/** What the commands of an ifstated.conf do to a machine: rules that do not load, anchors nobody calls. */
import { type Diagnostic, diagnostic, Source, type Span } from "@pierhead/core";
import { type RunAction, walkActions } from "@pierhead/lang/ifstated";
import { type Anchor, loadPf } from "@pierhead/lang/pf";
import { nearest } from "@pierhead/lang/text";
import type { MachineBuild } from "../build/index.ts";
import { anchorOf } from "../failover/index.ts";
import type { Machine } from "../machine/machine.ts";
import { type Effect, runCommand, type ShellResult } from "../shell/index.ts";
import { actionLists } from "./ifstated-file.ts";

/** One command with what it did to a machine fresh from boot. */
export interface TriedCommand {
  readonly action: RunAction;
  readonly result: ShellResult;
}

type PfctlEffect = Effect & { readonly kind: "pfctl" };

/** Runs every command once, one after the other, to see what each does. */
export function tryCommands(build: MachineBuild, machine: Machine): TriedCommand[] {
  const tried: TriedCommand[] = [];
  const seen = new Set<string>();
  for (const list of build.ifstated === null ? [] : actionLists(build.ifstated.configuration)) {
    for (const action of walkActions(list)) {
      if (action.kind !== "run" || (action.macro !== null && seen.has(action.command))) continue;
      seen.add(action.command);
      tried.push({ action, result: runCommand(machine, action.command) });
    }
  }
  return tried;
}

export function checkIfstatedCommands(
  build: MachineBuild,
  machine: Machine,
  tried: readonly TriedCommand[],
): Diagnostic[] {
  const source = build.ifstated?.file.source;
  if (source === undefined) return [];
  return [...checkRules(source, machine, tried), ...checkAnchors(source, build, tried), ...checkOpaque(source, tried)];
}

/** Place of a range of a command in the file. */
export function placeOf(action: RunAction, span: Span): Span {
  const { offsets, commandSpan, macro } = action;
  const start = offsets?.[span.start];
  const end = offsets?.[Math.max(span.start, span.end - 1)];
  if (start === undefined || end === undefined) return macro?.definition?.valueSpan ?? commandSpan;
  return { start, end: end + 1 };
}

/** Rules that pfctl would not load. */
function checkRules(source: Source, machine: Machine, tried: readonly TriedCommand[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  const said = new Set<string>();
  for (const { action, result } of tried) {
    for (const effect of result.effects) {
      if (effect.kind !== "pfctl" || effect.exit === 0 || !effect.words.some((word) => word.startsWith("-"))) continue;
      const first = effect.errors.split("\n")[0] ?? "";
      const key = `${effect.script ?? action.command} ${first}`;
      if (said.has(key) || first === "") continue;
      said.add(key);
      found.push(
        effect.stdin === null
          ? failedPfctl(source, action, effect, first)
          : failedRules(source, machine, action, effect, first),
      );
    }
  }
  return found;
}

function failedPfctl(source: Source, action: RunAction, effect: PfctlEffect, said: string): Diagnostic {
  const span = effect.script === null ? placeOf(action, effect.span) : action.commandSpan;
  const missing = /No such file or directory/.test(said);
  if (missing) {
    const message = `The file that pfctl is to load is not among the files: ${said.replace(/^pfctl: /, "")}`;
    return diagnostic("ifstated/file-not-here", "note", message, source, span);
  }
  return diagnostic("ifstated/command-fails", "error", `pfctl refuses this: ${said}`, source, span);
}

function failedRules(
  source: Source,
  machine: Machine,
  action: RunAction,
  effect: PfctlEffect,
  said: string,
): Diagnostic {
  const text = effect.stdin ?? "";
  const anchor = anchorOf(effect);
  const load = loadPf(new Source("stdin", text), machine.environment(), anchor === null ? {} : { anchor });
  const wrong = load.diagnostics.find(({ severity }) => severity === "error");
  let span = effect.script === null ? placeOf(action, effect.span) : action.commandSpan;
  if (wrong !== undefined && effect.script === null) {
    // From the rules to the command, from the command to the file.
    const start = effect.stdinOffsets[wrong.span.start] ?? -1;
    const end = effect.stdinOffsets[Math.max(wrong.span.start, wrong.span.end - 1)] ?? -1;
    if (start >= 0 && end >= start) span = placeOf(action, { start, end: end + 1 });
  }
  const why = wrong === undefined ? said : `${wrong.message} (pfctl: ${said})`;
  const where = anchor === null ? "" : ` into anchor \`${anchor}\``;
  const message = `pfctl does not load these rules${where}: ${why}`;
  return diagnostic("ifstated/rules-do-not-load", "error", message, source, span);
}

interface AnchorPoint {
  readonly path: string;
  readonly wildcard: boolean;
}

/** Anchors a ruleset calls, inside inline ones too. */
function anchorPoints(anchor: Anchor, out: AnchorPoint[] = [], seen: Set<Anchor> = new Set()): AnchorPoint[] {
  if (seen.has(anchor)) return out;
  seen.add(anchor);
  for (const list of [anchor.scrub, anchor.nat, anchor.binat, anchor.rdr, anchor.filter]) {
    for (const rule of list) {
      if (rule.anchor !== null && !rule.anchor.inline) {
        out.push({ path: rule.anchor.path, wildcard: rule.anchor.wildcard });
      }
    }
  }
  for (const child of anchor.children.values()) anchorPoints(child, out, seen);
  return out;
}

function evaluates(point: AnchorPoint, path: string): boolean {
  if (point.path === path) return true;
  return point.wildcard && (point.path === "" || path.startsWith(`${point.path}/`));
}

/** Whether a pfctl command puts rules somewhere. */
function loads(effect: PfctlEffect): boolean {
  return effect.words.some((word) => /^-[a-zA-Z]*f/.test(word));
}

function checkAnchors(source: Source, build: MachineBuild, tried: readonly TriedCommand[]): Diagnostic[] {
  const { pf } = build;
  if (pf === null) return [];
  const found: Diagnostic[] = [];
  const points = anchorPoints(pf.load.configuration.main);
  // An anchor that is loaded may call others.
  const called = (path: string): boolean => points.some((point) => evaluates(point, path));
  const loaded = new Map<string, { readonly action: RunAction; readonly effect: PfctlEffect }>();
  for (const { action, result } of tried) {
    for (const effect of result.effects) {
      if (effect.kind !== "pfctl") continue;
      const path = anchorOf(effect);
      if (path !== null && loads(effect) && !loaded.has(path)) loaded.set(path, { action, effect });
    }
  }
  for (const [path, { action, effect }] of loaded) {
    if (called(path) || path.endsWith("*")) continue;
    const names = points.map((point) => point.path);
    const near = nearest(path, names);
    const span = effect.script === null ? anchorPlace(action, effect, path) : action.commandSpan;
    const hint =
      near === null ? `add \`anchor ${quoted(path)}\` where its rules are to count` : `did you mean \`${near}\`?`;
    const message = `${pf.source.name} does not call anchor \`${path}\`: what is loaded into it decides nothing; ${hint}`;
    const fix =
      near === null || action.offsets === null
        ? null
        : { title: `write \`${near}\``, edits: [{ source, span, text: near }] };
    found.push(diagnostic("ifstated/anchor-not-called", "warning", message, source, span, { fix }));
  }
  return found;
}

/** The name after `-a` in the command. */
function anchorPlace(action: RunAction, effect: PfctlEffect, path: string): Span {
  const text = action.command.slice(effect.span.start, effect.span.end);
  const at = new RegExp(`-a\\s*["']?(${path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")})`).exec(text);
  if (at === null) return placeOf(action, effect.span);
  const start = effect.span.start + at.index + at[0].length - path.length;
  return placeOf(action, { start, end: start + path.length });
}

function quoted(path: string): string {
  return /^[\w-]+$/.test(path) ? path : `"${path}"`;
}

/** Commands whose effect is not known: what follows is a guess without them. */
function checkOpaque(source: Source, tried: readonly TriedCommand[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  const said = new Set<string>();
  for (const { action, result } of tried) {
    for (const one of result.opaque) {
      if (said.has(one.text)) continue;
      said.add(one.text);
      const span = one.script === null ? placeOf(action, one.span) : action.commandSpan;
      const message = `\`${one.text}\` is not followed: ${one.reason}. Failover is worked out as if it did nothing.`;
      found.push(diagnostic("ifstated/opaque-command", "note", message, source, span));
    }
  }
  return found;
}
