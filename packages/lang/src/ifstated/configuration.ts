import type { ProbeDefinition } from "./extensions.ts";
import type { Action, IfstatedFile, MacroDefinition, SetStateAction, StateBlock } from "./tree.ts";

/** What a state does: `init` on entering it, `body` whenever something changed. */
export interface StateConfiguration {
  readonly name: string;
  /** Actions of all its init blocks. */
  readonly init: readonly Action[];
  /** All other actions. */
  readonly body: readonly Action[];
  readonly block: StateBlock;
}

/** What ifstated(8) runs. */
export interface Configuration {
  /** Every definition in file order; a redefined name appears twice. */
  readonly macros: readonly MacroDefinition[];
  /** Names whose last definition was never used. */
  readonly unusedMacros: readonly string[];
  /** State it starts in: `init-state`, else the first; null without states. The name may belong to no state. */
  readonly startState: string | null;
  /** Actions outside any state. */
  readonly global: readonly Action[];
  /** In file order, one of each name. */
  readonly states: readonly StateConfiguration[];
  /** Probes of `pierhead monitor`; conditions see each as a link of its name. */
  readonly probes: readonly ProbeDefinition[];
}

/** Builds the configuration out of a file; of two states with one name the first counts. */
export function buildConfiguration(file: IfstatedFile, probes: readonly ProbeDefinition[] = []): Configuration {
  const macros: MacroDefinition[] = [];
  const last = new Map<string, MacroDefinition>();
  const global: Action[] = [];
  const states = new Map<string, StateConfiguration>();
  let startState: string | null = null;
  for (const item of file.items) {
    switch (item.kind) {
      case "macro":
        macros.push(item);
        // A new definition goes to the end of the list (symset).
        last.delete(item.name);
        last.set(item.name, item);
        break;
      case "init-state":
        startState = item.name;
        break;
      case "state": {
        if (states.has(item.name)) break;
        const init: Action[] = [];
        const body: Action[] = [];
        for (const part of item.items) {
          if (part.kind === "init") for (const action of part.actions) init.push(action);
          else body.push(part);
        }
        states.set(item.name, { name: item.name, init, body, block: item });
        break;
      }
      default:
        global.push(item);
    }
  }
  return {
    macros,
    unusedMacros: [...last.values()].filter((macro) => !file.usedMacros.has(macro)).map(({ name }) => name),
    startState: startState ?? states.keys().next().value ?? null,
    global,
    states: [...states.values()],
    probes,
  };
}

const statesByName = new WeakMap<Configuration, ReadonlyMap<string, StateConfiguration>>();

/** Whether `set-state` leads somewhere. */
export function targetOf(configuration: Configuration, action: SetStateAction): StateConfiguration | null {
  let states = statesByName.get(configuration);
  if (states === undefined) {
    states = new Map(configuration.states.map((state) => [state.name, state]));
    statesByName.set(configuration, states);
  }
  return states.get(action.name) ?? null;
}
