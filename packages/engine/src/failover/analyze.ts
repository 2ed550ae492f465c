/**
 * What a gateway does under every combination of test outcomes and link states, and on the way from one to another.
 * Every number comes out of running the daemon's own machine on the simulated host.
 */
import { type LinkState, parseAddress } from "@pierhead/core";
import type { Configuration } from "@pierhead/lang/ifstated";
import { compile, type MonitorLogEntry, type Settling, SimulatedMonitor } from "../ifstated/index.ts";
import type { Machine } from "../machine/machine.ts";
import type { Effect, OpaqueCommand } from "../shell/index.ts";
import { countChanges, findAxes, findSpace, probeDelay, type Space } from "./axes.ts";
import { type ProbePlan, planProbes } from "./packets.ts";
import { isDead, Ports, Prober } from "./probe.ts";
import { type Notice, reactionOf } from "./reaction.ts";
import type {
  AnchorContent,
  Axis,
  CommandReport,
  Condition,
  ConditionReport,
  DefaultRoute,
  FailoverReport,
  TransitionReport,
} from "./types.ts";

export interface FailoverOptions {
  /** Most conditions that are looked at; 32 when absent. */
  readonly conditions?: number;
  /** Most changes between them; 128 when absent. */
  readonly transitions?: number;
  /** Leave out what only the full report shows: what happens at boot, and all but the worst changes of one thing. */
  readonly quick?: boolean;
  /** Interfaces that lead inside; found by the routes and tests when absent. */
  readonly inside?: readonly string[];
}

/** Seconds a world is left alone before something changes in it, at most. */
const MOST_REST = 7_200;

/** @param build makes the machine as it is after boot, before ifstated starts; called once for every run */
export function analyzeFailover(
  build: () => Machine,
  configuration: Configuration,
  options: FailoverOptions = {},
): FailoverReport {
  return new Analysis(build, configuration, options).run();
}

interface World {
  readonly machine: Machine;
  readonly monitor: SimulatedMonitor;
  condition: Condition;
  /** Verdicts that probes come to when the time has passed. */
  verdicts: Verdict[];
}

interface Verdict extends Notice {
  readonly probe: string;
  readonly link: LinkState;
}

class Analysis {
  readonly #build: () => Machine;
  readonly #configuration: Configuration;
  readonly #options: FailoverOptions;
  readonly #axes: Axis[];
  readonly #space: Space;
  readonly #ports = new Ports();
  readonly #opaque: OpaqueCommand[] = [];
  #inside: readonly string[] = [];
  #outside: readonly string[] = [];
  #plans: readonly ProbePlan[] = [];
  #passedOverOnce = false;
  /** The world that was used last, to go on with. */
  #world: World | null = null;
  /** State the all-up condition leads to from boot. */
  #firstState: string | null = null;
  readonly #quick: boolean;
  /** Longest interval of a test. */
  readonly #slowest: number;
  /** Seconds after which every test of a state has ended in the background. */
  readonly #round: number;

  constructor(build: () => Machine, configuration: Configuration, options: FailoverOptions) {
    this.#build = build;
    this.#configuration = configuration;
    this.#options = options;
    const program = compile(configuration);
    this.#axes = findAxes(program, build(), configuration.probes);
    this.#space = findSpace(this.#axes, options.conditions ?? 32, options.transitions ?? 128);
    this.#quick = options.quick ?? false;
    this.#slowest = Math.max(1, ...program.states.flatMap(({ tests }) => tests.map(({ every }) => every)));
    const failures = this.#axes.map((axis) => {
      if (axis.kind === "probe") return probeDelay(axis.definition, "up");
      return axis.kind === "test" ? (axis.timing.fails ?? 10) : 0;
    });
    this.#round = this.#slowest + 2 * failures.reduce((sum, seconds) => sum + seconds, 0) + 1;
  }

  run(): FailoverReport {
    const { conditions, leftOut } = this.#space;
    const quick = this.#quick;
    const transitions = this.#space.transitions.filter(
      ([from, to]) => !quick || countChanges(conditions[from] as Condition, conditions[to] as Condition) === 1,
    );
    this.#findSides();
    const reports = conditions.map((condition) => this.#condition(condition));
    const changes = transitions.map(([from, to]) =>
      this.#transition(reports[from] as ConditionReport, reports[to] as ConditionReport),
    );
    let worst: TransitionReport | null = null;
    for (const change of changes) {
      if (change.interrupted.length === 0 || change.reaction === null) continue;
      if (worst === null || change.reaction.seconds > (worst.reaction?.seconds ?? 0)) worst = change;
    }
    return {
      axes: this.#axes,
      insideInterfaces: this.#inside,
      outsideInterfaces: this.#outside,
      conditions: reports,
      transitions: changes,
      leftOut,
      worst,
      opaque: this.#opaque,
    };
  }

  /** Outside is where the tests look and where default routes lead; inside are the other interfaces with addresses. */
  #findSides(): void {
    const outside = new Set<string>();
    for (const axis of this.#axes) {
      if (axis.kind !== "link" && axis.line.interface !== null) outside.add(axis.line.interface);
    }
    const { machine } = this.#from(this.#space.conditions[0] as Condition, null);
    const note = (): void => {
      for (const route of machine.routes.list()) {
        if (route.length === 0 && route.interface !== null && route.family === 4) outside.add(route.interface);
      }
      for (const one of machine.interfaces()) if (one.groups.includes("egress")) outside.add(one.name);
    };
    note();
    for (const condition of this.#quick ? [] : this.#space.conditions.slice(1)) {
      // Wherever a default route leads in some condition, there is the outside.
      this.#moveTo(this.#world as World, condition);
      note();
    }
    const inside =
      this.#options.inside ??
      machine
        .interfaces()
        .filter((one) => one.kind === "broadcast" && !outside.has(one.name) && one.up)
        .filter((one) => one.addresses.some(({ address }) => address.family === 4))
        .map(({ name }) => name);
    this.#inside = inside;
    this.#outside = machine
      .interfaces()
      .map(({ name }) => name)
      .filter((name) => outside.has(name) && !inside.includes(name));
    const plans = planProbes(machine, this.#inside, this.#outside);
    this.#plans = this.#quick ? plans.filter(({ probe }) => probe.from === "lan" && /^http/.test(probe.name)) : plans;
  }

  /** A world that has come to rest under a condition, from boot. */
  #boot(condition: Condition): World {
    const machine = this.#build();
    const probes = new Map<string, LinkState>();
    this.#axes.forEach((axis, i) => {
      if (axis.kind === "probe") probes.set(axis.name, condition.values[i] ?? "up");
    });
    const tests = this.#truths(condition);
    // Only the monitor has probes, and it enters states in its own manner.
    const manner = this.#configuration.probes.length > 0 ? "live" : "daemon";
    const monitor = new SimulatedMonitor(machine, this.#configuration, { tests, probes, manner });
    this.#axes.forEach((axis, i) => {
      if (axis.kind === "link") machine.setLink(axis.name, condition.values[i] ?? "up");
    });
    monitor.start();
    monitor.settle();
    return { machine, monitor, condition, verdicts: [] };
  }

  #truths(condition: Condition): Map<string, boolean> {
    const truths = new Map<string, boolean>();
    this.#axes.forEach((axis, i) => {
      if (axis.kind === "test") truths.set(axis.command, condition.values[i] === "up");
    });
    return truths;
  }

  /** The world becomes another, all at once; nothing has been done about it yet but for links. */
  #change(world: World, to: Condition): void {
    world.monitor.setTests(this.#truths(to));
    this.#axes.forEach((axis, i) => {
      const value = to.values[i] ?? "up";
      if (world.condition.values[i] === value) return;
      if (axis.kind === "link") world.monitor.setLink(axis.name, value);
      if (axis.kind === "probe") {
        const { every, timeout, loss, recover } = axis.definition;
        const count = value === "down" ? `${loss.lost} of ${loss.of} lost` : `${recover} answered`;
        const why = `until the probe ${axis.name} is ${value}: ${count}, one every ${every} s, ${timeout} s for each`;
        const time = world.machine.now() + probeDelay(axis.definition, value);
        world.verdicts.push({ time, probe: axis.name, link: value, why });
      }
    });
    world.condition = to;
  }

  /** Lets the probes come to their verdicts, then waits until nothing more comes of it. @returns the verdicts, too */
  #settle(world: World): { settling: Settling; notices: readonly Notice[] } {
    const { machine, monitor } = world;
    const notices = world.verdicts.sort((a, b) => a.time - b.time);
    world.verdicts = [];
    for (const { time, probe, link } of notices) {
      monitor.advance(Math.max(0, time - machine.now()));
      monitor.setProbe(probe, link);
    }
    return { settling: monitor.settle(), notices };
  }

  /** Long enough for every test to have run in the background. */
  #rest(world: World): void {
    world.monitor.advance(Math.min(MOST_REST, this.#round));
  }

  #moveTo(world: World, to: Condition): Settling {
    this.#rest(world);
    this.#change(world, to);
    return this.#settle(world).settling;
  }

  /**
   * A world that has come to rest under `condition` in `state` (null: whatever it is). Goes on with the world of before
   * where that is in the condition already, or gets there by way of the all-up one; else starts a new one.
   */
  #from(condition: Condition, state: string | null): World {
    const first = this.#space.conditions[0] as Condition;
    let world = this.#world;
    if (world !== null && world.condition === condition && (state === null || world.monitor.state === state))
      return world;
    if (world !== null && world.condition !== first) this.#moveTo(world, first);
    // The way back may have ended elsewhere than the boot did: then nothing can be said about it from there.
    if (world === null || world.monitor.state !== this.#firstState) {
      world = this.#boot(first);
      this.#firstState = world.monitor.state;
    }
    if (condition !== first) this.#moveTo(world, condition);
    this.#world = world;
    return world;
  }

  #condition(condition: Condition): ConditionReport {
    const first = this.#space.conditions[0] as Condition;
    this.#world = condition === first ? null : this.#from(first, null);
    const world = this.#world ?? this.#boot(first);
    this.#world = world;
    this.#firstState = condition === first ? world.monitor.state : this.#firstState;
    const since = condition === first ? 0 : world.monitor.log.length;
    const settling = condition === first ? world.monitor.settle() : this.#moveTo(world, condition);
    const { machine, monitor } = world;
    const commands = monitor.log
      .slice(since)
      .flatMap((entry) => (entry.kind === "command" ? [commandReport(entry)] : []));
    for (const command of commands) {
      for (const one of command.opaque) {
        if (!this.#opaque.some((other) => other.text === one.text)) this.#opaque.push(one);
      }
    }
    const atBoot = this.#quick ? monitor.state : this.#boot(condition).monitor.state;
    const prober = new Prober(machine, this.#axes, this.#ports);
    return {
      condition,
      state: monitor.state,
      settled: settling.settled,
      flapping: settling.flapping,
      atBoot: atBoot === monitor.state ? null : atBoot,
      commands,
      anchors: anchorsOf(monitor.log, machine),
      defaultRoute: this.#defaultRoute(machine, condition),
      fates: this.#plans.map((plan) => prober.fate(plan, condition)),
    };
  }

  #defaultRoute(machine: Machine, condition: Condition): DefaultRoute | null {
    const any = parseAddress("0.0.0.0");
    const route = any === null ? undefined : machine.routes.exact(0, any, 0)[0];
    if (route === undefined) return null;
    const dead = isDead(this.#axes, condition, { interface: route.interface, nextHop: route.gateway });
    return { gateway: route.gateway, interface: route.interface, dead };
  }

  #transition(from: ConditionReport, to: ConditionReport): TransitionReport {
    const changing = this.#axes.filter((_, i) => from.condition.values[i] !== to.condition.values[i]);
    // The worst moment is just after a test has asked: which of them, nobody knows beforehand.
    const moments: (string | null)[] = changing.flatMap((axis) => (axis.kind === "test" ? [axis.command] : []));
    if (moments.length === 0) moments.push(null);
    let worst: TransitionReport | null = null;
    for (const moment of this.#quick ? moments.slice(0, 1) : moments) {
      const report = this.#run(from, to, moment);
      if (worst === null || (report.reaction?.seconds ?? -1) > (worst.reaction?.seconds ?? -1)) worst = report;
    }
    return worst as TransitionReport;
  }

  #run(from: ConditionReport, to: ConditionReport, moment: string | null): TransitionReport {
    const world = this.#from(from.condition, from.state);
    const { machine, monitor } = world;
    this.#rest(world);
    if (moment !== null) {
      const polled = (entry: MonitorLogEntry): boolean =>
        entry.kind === "test" && !entry.blocking && entry.test.command === moment;
      monitor.advanceUntil(polled, this.#slowest * 2 + 60);
    }
    const prober = new Prober(machine, this.#axes, this.#ports);
    const lan = this.#plans.filter(({ probe }) => probe.from === "lan");
    const connections = lan
      .filter(({ probe }) => !/^(?:dns|icmp)\b/.test(probe.name))
      .flatMap((plan) => [plan, plan])
      .map((plan) => prober.connect(plan, from.condition))
      .filter((connection) => connection !== null);
    const start = machine.now();
    const since = monitor.log.length;
    const before = monitor.state;
    this.#change(world, to.condition);
    const works = (plan: ProbePlan): boolean => {
      const { verdict, exits } = prober.fate(plan, to.condition);
      return verdict === "pass" && exits.length > 0 && exits.every(({ dead }) => dead !== true);
    };
    const broken = lan.filter((plan) => !works(plan));
    const { settling, notices } = this.#settle(world);
    const again = broken.filter(works);
    const log = monitor.log.slice(since);
    const reaction = reactionOf(log, start, (command, macros) => this.#nameOf(command, macros), notices);
    return {
      from: from.condition,
      to: to.condition,
      changes: countChanges(from.condition, to.condition),
      stateFrom: before,
      stateTo: monitor.state,
      path: log.flatMap((entry) => (entry.kind === "enter" ? [entry.state] : [])),
      elsewhere: monitor.state !== to.state,
      settled: settling.settled,
      flapping: settling.flapping,
      reaction,
      interrupted: again.map(({ probe }) => probe),
      lost: broken.filter((plan) => !again.includes(plan)).map(({ probe }) => probe),
      connections: connections.map((connection) => prober.proceed(connection, to.condition)),
      passedOver: this.#passedOver(from, to, monitor.state),
    };
  }

  /** Goes away and comes back, so that the state is visited a second time, and changes before its tests have run. */
  #passedOver(from: ConditionReport, to: ConditionReport, expected: string | null): string | null {
    if (this.#quick && this.#passedOverOnce) return null;
    if (countChanges(from.condition, to.condition) !== 1 || from.flapping !== null || to.flapping !== null) return null;
    const world = this.#from(from.condition, from.state);
    const state = world.monitor.state;
    this.#moveTo(world, to.condition);
    this.#moveTo(world, from.condition);
    if (world.monitor.state !== state) return null;
    this.#change(world, to.condition);
    this.#settle(world);
    this.#rest(world);
    if (world.monitor.state === expected) return null;
    this.#passedOverOnce = true;
    return world.monitor.state;
  }

  #nameOf(command: string, macros: readonly string[]): string {
    return this.#axes.find((axis) => axis.kind === "test" && axis.command === command)?.name ?? macros[0] ?? command;
  }
}

function commandReport(entry: MonitorLogEntry & { kind: "command" }): CommandReport {
  const { state, action, result } = entry;
  const error = result.stderr.split("\n")[0] ?? "";
  return { state, action, exit: result.exit, error: error === "" ? null : error, opaque: result.opaque };
}

/** Every anchor a command loaded or flushed, with what it holds now. */
function anchorsOf(log: readonly MonitorLogEntry[], machine: Machine): AnchorContent[] {
  const paths = new Set<string>();
  for (const entry of log) {
    if (entry.kind !== "command") continue;
    for (const effect of entry.result.effects) {
      const path = anchorOf(effect);
      if (path !== null) paths.add(path);
    }
  }
  return [...paths].map((path) => ({
    path,
    rules: machine
      .pfctl(["-a", path, "-sr"])
      .output.split("\n")
      .filter((line) => line !== ""),
  }));
}

/** Argument of `pfctl -a`; null for other effects. */
export function anchorOf(effect: Effect): string | null {
  if (effect.kind !== "pfctl") return null;
  for (let i = 0; i < effect.words.length; i++) {
    const word = effect.words[i] as string;
    if (word === "-a") return effect.words[i + 1] ?? null;
    if (word.startsWith("-a")) return word.slice(2);
  }
  return null;
}
