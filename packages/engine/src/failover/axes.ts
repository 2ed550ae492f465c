/** The axes of an ifstated configuration: its external tests and the links it asks for. */
import { type Address, type LinkState, parseAddress } from "@pierhead/core";
import type { ProbeDefinition } from "@pierhead/lang/ifstated";
import { asksNobody, type Program, testTiming } from "../ifstated/index.ts";
import type { Machine } from "../machine/machine.ts";
import { parseShell } from "../shell/parse.ts";
import type { Axis, Condition, LeftOut, Line } from "./types.ts";

/** All axes, tests first, in the order of the file. */
export function findAxes(program: Program, machine: Machine, probes: readonly ProbeDefinition[] = []): Axis[] {
  const commands = new Map<string, Set<string>>();
  const byMacro = new Map<string, Set<string>>();
  const links = new Map<string, Set<LinkState>>();
  for (const state of program.states) {
    for (const { command, macros } of state.tests) {
      const names = commands.get(command) ?? new Set();
      for (const macro of macros) {
        names.add(macro);
        byMacro.set(macro, (byMacro.get(macro) ?? new Set()).add(command));
      }
      commands.set(command, names);
    }
    for (const link of state.links) links.set(link.interface, (links.get(link.interface) ?? new Set()).add(link.is));
  }
  // A script of the machine whose outcome follows from the machine is nothing that the world decides.
  const open = [...commands].filter(([command]) => !asksNobody(machine, command));
  const axes: Axis[] = open.map(([command, macros]) => ({
    kind: "test",
    name: [...macros].find((macro) => byMacro.get(macro)?.size === 1) ?? command,
    command,
    line: testLine(command, machine),
    timing: testTiming(command, machine.system),
  }));
  for (const [name, asked] of links) {
    const definition = probes.find((probe) => probe.name === name);
    if (definition !== undefined) axes.push({ kind: "probe", name, definition, line: probeLine(definition, machine) });
    else axes.push({ kind: "link", name, values: asked.has("unknown") ? ["up", "down", "unknown"] : ["up", "down"] });
  }
  return axes;
}

/** What a probe watches. */
function probeLine(definition: ProbeDefinition, machine: Machine): Line {
  const host = definition.target.replace(/^\w+:\/\//, "").replace(/^\[([^\]]*)\].*$|[/:].*$/, "$1");
  const target = parseAddress(definition.target) ?? parseAddress(host) ?? machine.resolve(host)[0] ?? null;
  const source = definition.source === null ? null : parseAddress(definition.source);
  const own = source === null ? null : (machine.ownerOf(source)?.name ?? null);
  const connected = target === null ? null : connectedInterface(machine, target);
  return { target, interface: definition.interface ?? own ?? connected };
}

/**
 * Seconds from a change of the line until a probe tells of it, at most: the first question is asked up to an interval
 * later, as many in a row as the file wants have to be lost or answered, and the last of them is waited for. Once down
 * it stays so for the hold-down.
 */
export function probeDelay({ every, timeout, loss, recover, holdDown }: ProbeDefinition, to: LinkState): number {
  return to === "down" ? loss.lost * every + timeout : Math.max(recover * every + timeout, holdDown);
}

/** What a test's command watches. */
export function testLine(command: string, machine: Machine): Line {
  const words = testWords(command);
  const program = words[0]?.replace(/^.*\//, "");
  if (program === undefined || !/^(?:ping6?|nc|fping|curl|wget|ftp)$/.test(program))
    return { target: null, interface: null };
  let source: Address | null = null;
  let named: string | null = null;
  const plain: string[] = [];
  const valued = program.startsWith("ping") ? "cIilpSsTtVwWGghmMPzE" : program === "nc" ? "eiIMmOPpqsTVwXxZ" : "";
  for (let i = 1; i < words.length; i++) {
    const word = words[i] as string;
    if (!word.startsWith("-")) {
      plain.push(word);
      continue;
    }
    const letter = [...word].findIndex((each, at) => at > 0 && valued.includes(each));
    if (letter === -1) continue;
    const value = letter + 1 < word.length ? word.slice(letter + 1) : (words[++i] ?? "");
    if (!"ISs".includes(word.charAt(letter)) || (word.charAt(letter) === "s" && program !== "nc")) continue;
    source = parseAddress(value) ?? source;
    if (machine.interface(value) !== null) named = value;
  }
  const host = plain
    .map((word) => word.replace(/^\w+:\/\//, "").replace(/[/:].*$/, ""))
    .map((word) => parseAddress(word) ?? machine.resolve(word)[0] ?? null)
    .find((address) => address !== null);
  const target = host ?? null;
  const own = source === null ? null : (machine.ownerOf(source)?.name ?? null);
  return { target, interface: named ?? own ?? (target === null ? null : connectedInterface(machine, target)) };
}

/** Interface whose network holds an address. */
export function connectedInterface(machine: Machine, address: Address): string | null {
  for (const one of machine.interfaces()) {
    for (const own of one.addresses) {
      if (own.peer?.equals(address)) return one.name;
      if (own.length < address.bits && address.isIn(own.address, own.length)) return one.name;
    }
  }
  return null;
}

/** Words of the first command of a line that is one of those that ask the network. */
function testWords(command: string): string[] {
  const found: string[][] = [];
  const visit = (node: { readonly type: string }): void => {
    const any = node as {
      type: string;
      name?: { value?: string };
      args?: readonly { value?: string; text?: string }[];
      commands?: readonly { type: string }[];
      command?: { type: string };
      body?: { type: string };
    };
    if (any.type === "Command") {
      found.push([any.name?.value ?? "", ...(any.args ?? []).map((word) => word.value ?? word.text ?? "")]);
      return;
    }
    for (const inner of any.commands ?? []) visit(inner);
    if (any.command !== undefined) visit(any.command);
    if (any.body !== undefined) visit(any.body);
  };
  visit(parseShell(command));
  return found.find(([name]) => /(?:^|\/)(?:ping6?|nc|fping|curl|wget|ftp)$/.test(name ?? "")) ?? found[0] ?? [];
}

/** Conditions and the changes between them that are looked at. */
export interface Space {
  /** The all-up one first. */
  readonly conditions: readonly Condition[];
  /** Pairs of numbers of {@link conditions}: one change, then two at once. */
  readonly transitions: readonly (readonly [from: number, to: number])[];
  readonly leftOut: LeftOut;
}

/**
 * All combinations, or, when there are more than `most`, those with the fewest things wrong; of the changes between
 * them those of one axis come before those of two at once.
 */
export function findSpace(axes: readonly Axis[], most: number, mostTransitions: number): Space {
  const sizes = axes.map((axis) => (axis.kind === "link" ? axis.values.length : 2));
  const total = sizes.reduce((product, size) => Math.min(product * size, 2 ** 40), 1);
  const chosen: LinkState[][] = [];
  // By the number of axes that are not up, then in counting order.
  for (let wrong = 0; wrong <= axes.length && chosen.length < most; wrong++) {
    combine(axes, 0, wrong, [], chosen, most);
  }
  const conditions = chosen.map((values) => ({ values, name: conditionName(axes, values) }));
  const pairs: [number, number][][] = [[], []];
  for (let from = 0; from < conditions.length; from++) {
    for (let to = 0; to < conditions.length; to++) {
      const changes = countChanges(conditions[from] as Condition, conditions[to] as Condition);
      if (changes === 1 || changes === 2) pairs[changes - 1]?.push([from, to]);
    }
  }
  const all = pairs.flat();
  const transitions = all.slice(0, mostTransitions);
  const leftOut = { conditions: total - conditions.length, transitions: all.length - transitions.length };
  return { conditions, transitions, leftOut };
}

function combine(
  axes: readonly Axis[],
  at: number,
  wrong: number,
  values: LinkState[],
  out: LinkState[][],
  most: number,
): void {
  if (out.length >= most || wrong > axes.length - at) return;
  const axis = axes[at];
  if (axis === undefined) {
    out.push([...values]);
    return;
  }
  combine(axes, at + 1, wrong, [...values, "up"], out, most);
  if (wrong === 0) return;
  for (const value of axis.kind === "link" ? axis.values : (["up", "down"] as const)) {
    if (value !== "up") combine(axes, at + 1, wrong - 1, [...values, value], out, most);
  }
}

export function countChanges(a: Condition, b: Condition): number {
  return a.values.filter((value, i) => value !== b.values[i]).length;
}

export function conditionName(axes: readonly Axis[], values: readonly LinkState[]): string {
  if (axes.length === 0) return "always";
  return axes.map((axis, i) => `${axis.name}${axis.kind === "link" ? ".link" : ""} ${values[i]}`).join(", ");
}
