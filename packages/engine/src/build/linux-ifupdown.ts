/** ifup(8) at boot: /etc/network/interfaces and what it sources, stanza by stanza, stopping where ifup stops. */
import type { RelatedPlace } from "@pierhead/core";
import {
  type IfupStep,
  type InterfacesFile,
  parseInterfaces,
  planInterfaces,
  planStanza,
  type ResolvedStanza,
} from "@pierhead/lang/interfaces";
import { parseIp } from "@pierhead/lang/ip-command";
import { fitsPattern } from "@pierhead/lang/systemd-networkd";
import { blankSeparated } from "@pierhead/lang/text";
import { applyIp } from "./apply-ip.ts";
import type { BuildContext } from "./context.ts";
import { ipOutcome } from "./ip-outcome.ts";
import { haveCard } from "./linux-cards.ts";
import { runScript } from "./run-script.ts";

const MAIN = "/etc/network/interfaces";

/** Brings up what is started at boot. @returns the interfaces, with where each is started */
export function bootIfupdown(context: BuildContext): Map<string, RelatedPlace> {
  const handled = new Map<string, RelatedPlace>();
  const files = readFiles(context);
  if (files.some((file) => file.refused !== null)) return handled;
  const cards = (context.options.interfaces ?? []).map((one) => one.name);
  const plan = planInterfaces(files, cards);
  context.diagnostics.push(...plan.diagnostics);
  for (const one of plan.started) {
    const place = { source: one.source, span: one.span, message: `${one.name} is started here` };
    handled.set(one.name, place);
    for (const stanza of one.stanzas) if (!bringUp(context, stanza, one.name, place)) break;
  }
  // They are not brought up, but what they say must be readable.
  for (const stanza of plan.unused) {
    context.diagnostics.push(...planStanza(stanza, stanza.stanza.name.text).diagnostics);
  }
  return handled;
}

/** The file with those it names put in their places; a stanza list each, in the order ifup meets them. */
function readFiles(context: BuildContext): InterfacesFile[] {
  const main = context.tree.source(MAIN);
  const found: InterfacesFile[] = [];
  const read = new Set<string>();
  const add = (path: string, depth: number): void => {
    const source = context.tree.source(path);
    if (source === null || read.has(path) || depth > 8) return;
    read.add(path);
    const file = parseInterfaces(source);
    let from = 0;
    file.stanzas.forEach((stanza, index) => {
      if (stanza.kind !== "source" && stanza.kind !== "source-directory") return;
      found.push({ ...file, stanzas: file.stanzas.slice(from, index) });
      from = index + 1;
      for (const other of matchingPaths(context, stanza.path.text, stanza.kind)) add(other, depth + 1);
    });
    found.push({ ...file, stanzas: file.stanzas.slice(from) });
  };
  if (main !== null) add(MAIN, 0);
  for (const file of context.tree.of("interfaces")) {
    if (read.has(file.path) || file.path === MAIN) continue;
    if (main === null) {
      add(file.path, 0);
      continue;
    }
    context.say(
      "machine/not-sourced",
      "warning",
      `${MAIN} does not name this file, so ifup never reads it: add \`source ${file.path}\` there.`,
      file.source,
      { start: 0, end: 0 },
    );
  }
  return found;
}

/** Files of the tree that a `source` line names, in order. */
function matchingPaths(context: BuildContext, written: string, kind: "source" | "source-directory"): string[] {
  const absolute = written.startsWith("/") ? written : `/etc/network/${written}`;
  const pattern = kind === "source" ? absolute : `${absolute.replace(/\/$/, "")}/*`;
  const cut = pattern.lastIndexOf("/");
  return context.tree.files
    .filter((file) => file.live && fitsPattern(pattern, file.path))
    .map((file) => file.path)
    .filter((path) => path.lastIndexOf("/") === cut || pattern.slice(0, cut).includes("*"))
    .filter((path) => kind === "source" || /^[A-Za-z0-9_-]+$/.test(path.slice(path.lastIndexOf("/") + 1)));
}

/** One stanza. @returns whether ifup goes on with the next */
function bringUp(context: BuildContext, stanza: ResolvedStanza, name: string, place: RelatedPlace): boolean {
  const base = name.split(":")[0] as string;
  const parent = /^(.+)\.\d+$/.exec(base)?.[1];
  // ifup makes a VLAN of its own accord when its card is there.
  if (parent !== undefined && context.machine.interface(base) === null) {
    if (haveCard(context, parent, place)) {
      context.machine.setUp(parent, true);
      context.declare(base, place);
    }
  } else if (base !== "lo") haveCard(context, base, place);
  const plan = planStanza(stanza, name);
  context.diagnostics.push(...plan.diagnostics);
  for (const [index, step] of plan.steps.entries()) {
    if (runStep(context, step, base, stanza)) continue;
    for (const missed of plan.steps.slice(index + 1)) notReached(context, missed, base);
    return false;
  }
  return true;
}

/** A route to the link in a command that ifup does not come to: it shows that only the order is wrong. */
function notReached(context: BuildContext, step: IfupStep, name: string): void {
  if (step.kind !== "shell") return;
  const text = step.text.replaceAll(/\$\{?IFACE\}?/g, name).replace(/^\S*\/ip\b/, "ip");
  const words = blankSeparated(text, 0, text.length);
  if (words[0]?.text !== "ip") return;
  const { command } = parseIp(step.source, words.slice(1), step.span);
  if (command?.object !== "route" || command.gateway !== null || command.device === null) return;
  context.order.onLink(command.destination, command.length, step.source, step.span, context.diagnostics.length);
}

function runStep(context: BuildContext, step: IfupStep, name: string, stanza: ResolvedStanza): boolean {
  const { source, span } = step;
  switch (step.kind) {
    case "ip": {
      const { command, diagnostics } = parseIp(source, step.words, span);
      context.diagnostics.push(...diagnostics);
      if (command === null) return false;
      const outcome = applyIp(context.machine, command);
      if (outcome === "not-followed") context.leave(step.words.map((word) => word.text).join(" "), source, span);
      else ipOutcome(context, command, outcome, source, span);
      return outcome === null || outcome === "not-followed";
    }
    case "shell": {
      const variables = new Map([
        ["IFACE", name],
        ["LOGICAL", stanza.stanza.name.text],
        ["ADDRFAM", stanza.family],
        ["METHOD", stanza.method],
        ["MODE", "start"],
      ]);
      for (const { option } of stanza.options) {
        variables.set(`IF_${option.name.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`, option.value);
      }
      const exit = runScript(context, step.text, source, span, variables);
      return exit === null || exit === 0;
    }
    case "fails":
      return false;
    case "dynamic":
      if (step.family === 4) {
        const message = `${name} gets its address from a server`;
        context.dynamic.set(name, { source, span, message });
      }
      context.machine.setUp(name, true);
      return true;
    default:
      context.leave(step.text, source, span);
      return true;
  }
}
