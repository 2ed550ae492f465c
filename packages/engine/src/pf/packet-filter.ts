import type { Packet, System } from "@pierhead/core";
import type { Anchor, Direction, PfConfiguration, PfOptions } from "@pierhead/lang/pf";
import { FilterCore } from "./core.ts";
import type { EtherFrame, EtherResult } from "./ether.ts";
import { testPacket } from "./filter-test.ts";
import { clearSourceNodes, clearStates, type KillSelection, killSourceNodes, killStates } from "./killing.ts";
import { flushRules, type LoadSelection, loadAnchorTree, loadConfiguration, resetOptions } from "./loading.ts";
import { sourceNodeLines } from "./source-node-print.ts";
import type { State } from "./state.ts";
import { purge, removeState } from "./state-life.ts";
import { stateLines } from "./state-print.ts";
import { rotateSyncookies } from "./syncookie.ts";
import type { FilterHost, FilterResult, PacketContext } from "./types.ts";

export { createContext } from "./context.ts";
export type { KillHost, KillSelection } from "./killing.ts";
export type { LoadSelection } from "./loading.ts";

/** Words of `pfctl -F`. */
export type FlushWhat =
  | "rules"
  | "nat"
  | "states"
  | "Sources"
  | "info"
  | "Tables"
  | "Reset"
  | "osfp"
  | "all"
  | "ethernet";

const NO_OPTIONS: PfOptions = { skip: [], timeouts: new Map(), limits: new Map() };

/**
 * The packet filter of one machine: rules, tables, states and source nodes, and the decision about every packet.
 * Time and randomness come from the host; the caller moves its clock and calls {@link PacketFilter.tick} once for
 * every whole second that passed.
 */
export class PacketFilter {
  readonly host: FilterHost;
  readonly system: System;
  /** The parts, for those who show them. */
  readonly core: FilterCore;

  constructor(host: FilterHost, system: System) {
    this.host = host;
    this.system = system;
    this.core = new FilterCore(host, system);
    this.core.states.onReplaced = (state) => removeState(this.core, state);
  }

  /** `pfctl -e` and `-d`. A filter that is off passes everything. */
  get enabled(): boolean {
    return this.core.running;
  }

  set enabled(on: boolean) {
    this.core.running = on;
  }

  /** Long rulesets are looked up instead of walked. The verdicts are the same; evaluations are then not counted in full. */
  get indexed(): boolean {
    return this.core.indexed;
  }

  set indexed(on: boolean) {
    this.core.indexed = on;
  }

  /** `pfctl -f`: replaces the rules of the main ruleset and of every anchor the configuration fills. */
  load(configuration: PfConfiguration, selection: LoadSelection = {}): void {
    loadConfiguration(this.core, configuration, selection);
  }

  /**
   * `pfctl -a PATH -f`: replaces the rules (and tables) of one anchor and of the anchors inside it.
   *
   * @param options of the same pfctl run: `set` statements that rules take their defaults from
   */
  loadAnchor(path: string, anchor: Anchor, selection: LoadSelection = {}, options: PfOptions = NO_OPTIONS): void {
    loadAnchorTree(this.core, anchor, path, options, selection);
  }

  /** `pfctl -F`. @returns how many things were removed, as pfctl counts them */
  flush(what: FlushWhat, anchorPath = "", interfaceName: string | null = null): number {
    const { core } = this;
    switch (what) {
      case "rules":
        flushRules(core, anchorPath, core.kernel.separateTranslation ? ["filter", "scrub"] : ["filter"]);
        return 0;
      case "nat":
        flushRules(core, anchorPath, ["nat", "binat", "rdr"]);
        return 0;
      case "states":
        return clearStates(core, interfaceName);
      case "Sources":
        clearSourceNodes(core);
        return 0;
      case "Tables":
        return core.tables.killAll(anchorPath);
      case "info":
        this.#clearStatistics(interfaceName);
        return 0;
      case "osfp":
        core.fingerprints.load("");
        return 0;
      case "Reset":
        resetOptions(core);
        return 0;
      case "ethernet":
        core.ether.clear();
        return 0;
      case "all":
        core.tables.killAll(anchorPath);
        flushRules(core, anchorPath, ["filter", "scrub", "nat", "binat", "rdr"]);
        if (anchorPath === "") {
          clearStates(core, null);
          clearSourceNodes(core);
          this.#clearStatistics(null);
          resetOptions(core);
        }
        return 0;
    }
  }

  /** `pf_test()`: what happens to one packet on its way in or out of one interface. Rewrites `packet` in place. */
  test(
    packet: Packet,
    direction: Direction,
    interfaceName: string,
    context: PacketContext,
    trace = false,
  ): FilterResult {
    const { core } = this;
    core.interfaces.refresh(core.host.interfaces());
    return testPacket(core, packet, direction, core.interfaces.get(interfaceName), context, trace);
  }

  /**
   * What FreeBSD's `ether` rules say to a frame; null when there are none, or pf is off. A tag goes on to the IP rules
   * through `context`.
   */
  testFrame(frame: EtherFrame, direction: Direction, name: string, context: PacketContext): EtherResult | null {
    const { core } = this;
    if (!core.ether.active || !core.running) return null;
    core.interfaces.refresh(core.host.interfaces());
    const kif = core.interfaces.find(name);
    if (kif === null || kif.skip) return null;
    const result = core.ether.test(core, frame, direction, kif, context.tag, context.rtable);
    if (result.tag !== null) context.tag = result.tag;
    return result;
  }

  /** One second of pf's own timers, at the host's present time: states, source nodes, fragments, syncookies. */
  tick(): void {
    purge(this.core);
    rotateSyncookies(this.core);
  }

  /** Addresses or routes of interfaces changed: dynamic addresses are read again. Cheap when nothing did. */
  interfacesChanged(): void {
    this.core.interfaces.refresh(this.core.host.interfaces(), true);
  }

  /** `pfctl -ss`, one line a state, oldest first; `verbosity` 1 is `-vss`, 2 is `-vvss`. */
  stateLines(verbosity = 0): string[] {
    const lines: string[] = [];
    for (const state of this.core.states) lines.push(...stateLines(this.core, state, verbosity));
    return lines;
  }

  /** One state in the lines of `pfctl -ss`. */
  describeState(state: State, verbosity = 0): string[] {
    return stateLines(this.core, state, verbosity);
  }

  /** `pfctl -sS`. */
  sourceNodeLines(verbosity = 0): string[] {
    return this.core.sourceNodes.list().flatMap((node) => sourceNodeLines(this.core, node, verbosity));
  }

  /** States in force. */
  get stateCount(): number {
    let count = 0;
    for (const _ of this.core.states) count++;
    return count;
  }

  /** `pfctl -k`. @returns how many states were killed */
  killStates(selection: KillSelection): number {
    return killStates(this.core, selection);
  }

  /** `pfctl -K`. @returns how many source nodes were killed */
  killSourceNodes(selection: KillSelection): number {
    return killSourceNodes(this.core, selection);
  }

  #clearStatistics(interfaceName: string | null): void {
    const { core } = this;
    if (interfaceName !== null) {
      const kif = core.interfaces.find(interfaceName);
      kif?.packets.fill(0);
      kif?.bytes.fill(0);
      return;
    }
    core.counters.reasons.clear();
    core.states.searches = 0;
    core.states.inserts = 0;
    core.states.removals = 0;
    core.sourceNodes.searches = 0;
    core.sourceNodes.inserts = 0;
    core.sourceNodes.removals = 0;
    core.since = core.seconds();
  }
}
