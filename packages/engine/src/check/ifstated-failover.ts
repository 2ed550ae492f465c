/** What a failover analysis finds wrong, each finding at the state or command that is to blame. */
import { type Diagnostic, diagnostic, type RelatedPlace, type Source, type Span } from "@pierhead/core";
import type { Configuration, Ifstated } from "@pierhead/lang/ifstated";
import { walkActions } from "@pierhead/lang/ifstated";
import type { MachineBuild } from "../build/index.ts";
import type { Axis, Condition, ConditionReport, FailoverReport, TransitionReport } from "../failover/index.ts";
import type { Effect } from "../shell/index.ts";
import type { TriedCommand } from "./ifstated-commands.ts";

export function checkFailover(
  build: MachineBuild,
  report: FailoverReport,
  tried: readonly TriedCommand[],
): Diagnostic[] {
  const { ifstated } = build;
  if (ifstated === null) return [];
  const source = ifstated.file.source;
  // A configuration that only tells people about dead lines has nothing to leave behind.
  const steers = tried.some(({ result }) => result.effects.some(({ kind }) => kind === "route" || kind === "pfctl"));
  const routes = tried.some(({ result }) => result.effects.some(({ kind }) => kind === "route"));
  return [
    ...flapping(source, ifstated, report),
    ...(routes ? deadDefaultRoutes(source, ifstated, report) : []),
    ...(steers ? deadTraffic(source, ifstated, report) : []),
    ...(steers ? statesNotKilled(source, build, ifstated, report, tried) : []),
    ...dependsOnTheWay(source, ifstated, report),
    ...passedOver(source, ifstated, report),
  ];
}

function placeOfState(configuration: Configuration, name: string | null): Span {
  return configuration.states.find((state) => state.name === name)?.block.nameSpan ?? { start: 0, end: 0 };
}

/** `isp1 down, isp2 up` without what is up, which is the rule. */
function short(condition: Condition, axes: readonly Axis[]): string {
  const wrong = axes.flatMap((axis, i) =>
    condition.values[i] === "up" ? [] : [`${axis.name}${axis.kind === "link" ? ".link" : ""} ${condition.values[i]}`],
  );
  return wrong.length === 0 ? "all is up" : wrong.join(" and ");
}

function isBroken(condition: Condition): boolean {
  return condition.values.some((value) => value === "down");
}

/** Something is down, and something else is not. */
function hasAlternative(condition: Condition, axes: readonly Axis[]): boolean {
  const tests = condition.values.filter((_, i) => axes[i]?.kind === "test");
  return tests.includes("down") && tests.includes("up");
}

function flapping(source: Source, { configuration }: Ifstated, report: FailoverReport): Diagnostic[] {
  const found: Diagnostic[] = [];
  const said = new Set<string>();
  for (const { condition, flapping: loop } of report.conditions) {
    if (loop === null) continue;
    const key = [...new Set(loop)].sort().join(" ");
    if (said.has(key)) continue;
    said.add(key);
    const names = configuration.states.map(({ name }) => name).filter((name) => loop.includes(name));
    const related: RelatedPlace[] = names
      .slice(1)
      .map((name) => ({ source, span: placeOfState(configuration, name), message: "and back here" }));
    const message = `While ${short(condition, report.axes)}, ifstated goes round for ever: ${loop.join(" → ")}. Each round runs all their commands.`;
    found.push(
      diagnostic("ifstated/flapping", "error", message, source, placeOfState(configuration, names[0] ?? null), {
        related,
      }),
    );
  }
  return found;
}

/** The default route points at a line that is known to be dead. */
function deadDefaultRoutes(source: Source, { configuration }: Ifstated, report: FailoverReport): Diagnostic[] {
  const byState = new Map<string, ConditionReport[]>();
  for (const one of report.conditions) {
    if (one.defaultRoute?.dead !== true || one.flapping !== null || one.state === null) continue;
    byState.set(one.state, [...(byState.get(one.state) ?? []), one]);
  }
  const found: Diagnostic[] = [];
  for (const [state, reports] of byState) {
    const route = reports[0]?.defaultRoute;
    const when = reports.map(({ condition }) => short(condition, report.axes)).join("; ");
    const allDown = reports.every(({ condition }) => !hasAlternative(condition, report.axes));
    const advice = allDown
      ? "delete it, so that programs are told at once instead of waiting"
      : "change it to the line that is alive";
    const message = `In \`${state}\` (${when}) the default route still leads to ${route?.gateway ?? "the link"} by ${route?.interface ?? "?"}, a dead line; ${advice}.`;
    found.push(
      diagnostic("ifstated/dead-default-route", "warning", message, source, placeOfState(configuration, state)),
    );
  }
  return found;
}

/** LAN traffic goes to a dead line though another is alive. */
function deadTraffic(source: Source, { configuration }: Ifstated, report: FailoverReport): Diagnostic[] {
  const found: Diagnostic[] = [];
  const said = new Set<string>();
  for (const { condition, state, fates, flapping: loop } of report.conditions) {
    if (loop !== null || state === null || !hasAlternative(condition, report.axes)) continue;
    const lost = fates.filter(({ probe, exits }) => probe.from === "lan" && exits.some(({ dead }) => dead === true));
    if (lost.length === 0 || said.has(state)) continue;
    said.add(state);
    const exit = lost[0]?.exits.find(({ dead }) => dead === true);
    const names = lost.map(({ probe }) => probe.name).join(", ");
    const message = `In \`${state}\` (${short(condition, report.axes)}) ${names} from the LAN still ${lost.length === 1 ? "leaves" : "leave"} by ${exit?.interface}, a dead line.`;
    found.push(
      diagnostic("ifstated/traffic-on-dead-line", "warning", message, source, placeOfState(configuration, state)),
    );
  }
  return found;
}

/** Whether a command kills states. */
function kills(effect: Effect): boolean {
  if (effect.kind !== "pfctl") return false;
  return effect.words.some(
    (word, i) =>
      /^-[a-zA-Z]*k/.test(word) ||
      (/^-[a-zA-Z]*F$/.test(word) && /^(?:s|a|R|S)/.test(effect.words[i + 1] ?? "")) ||
      /^-F(?:s|a|R)/.test(word),
  );
}

/**
 * States that pf keeps send their packets where they went before, whatever the new rules say. Seen on connections
 * where there were any; without them (the LAN is blocked for another reason), by there being no command that kills.
 */
function statesNotKilled(
  source: Source,
  build: MachineBuild,
  { configuration }: Ifstated,
  report: FailoverReport,
  tried: readonly TriedCommand[],
): Diagnostic[] {
  if (build.pf === null) return [];
  const failures = report.transitions.filter(
    ({ from, to, flapping: loop, path }) =>
      loop === null && path.length > 0 && isBroken(to) && hasAlternative(to, report.axes) && !worse(to, from),
  );
  const blamed = new Map<string, TransitionReport>();
  const killers = new Set(tried.filter(({ result }) => result.effects.some(kills)).map(({ action }) => action.command));
  for (const one of failures) {
    const state = one.stateTo;
    if (state === null || blamed.has(state)) continue;
    const seen = one.connections.length > 0;
    const stranded = one.connections.some(({ fate }) => fate === "stranded");
    if (seen ? stranded : !stateKills(configuration, state, killers)) blamed.set(state, one);
  }
  if (blamed.size === 0) return [];
  const names = [...blamed.keys()];
  const [first, example] = [...blamed][0] as [string, TransitionReport];
  const exit = example.connections.find(({ fate }) => fate === "stranded")?.before ?? null;
  const line = exit === null ? "the line that died" : `${exit.interface}, the line that died`;
  const related: RelatedPlace[] = names
    .slice(1)
    .map((name) => ({ source, span: placeOfState(configuration, name), message: "here too" }));
  const what = stateKills(configuration, first, killers) ? "does not kill their states" : "kills no states";
  const message = `Entering \`${first}\` ${what}: connections that were open stay on ${line}. They hang until they time out, for pf sends them where their state says. Kill them after the new rules are in, such as by label: \`pfctl -k label -k NAME\`.`;
  return [
    diagnostic("ifstated/states-not-killed", "warning", message, source, placeOfState(configuration, first), {
      related,
    }),
  ];
}

/** The change only repairs something. */
function worse(to: Condition, from: Condition): boolean {
  return !to.values.some((value, i) => value === "down" && from.values[i] !== "down");
}

function stateKills(configuration: Configuration, name: string, killers: ReadonlySet<string>): boolean {
  const state = configuration.states.find((one) => one.name === name);
  if (state === undefined) return false;
  for (const action of walkActions([...state.init, ...state.body])) {
    if (action.kind === "run" && killers.has(action.command)) return true;
  }
  return false;
}

/** The same condition ends in different states, depending on what was before. */
function dependsOnTheWay(source: Source, { configuration }: Ifstated, report: FailoverReport): Diagnostic[] {
  const found: Diagnostic[] = [];
  const said = new Set<string>();
  for (const one of report.transitions) {
    if (!one.elsewhere || one.flapping !== null || one.stateTo === null) continue;
    // Where nothing leads out, that is said already.
    if (one.path.length === 0 && !leadsOut(configuration, one.stateFrom)) continue;
    const usual = report.conditions.find(({ condition }) => condition === one.to);
    const before = report.conditions.find(({ condition }) => condition === one.from);
    if (usual === undefined || usual.flapping !== null || before?.flapping != null) continue;
    const key = `${one.stateFrom} ${one.to.name}`;
    if (said.has(key)) continue;
    said.add(key);
    const stays = one.path.length === 0 ? `\`${one.stateFrom}\` takes no notice` : `it ends in \`${one.stateTo}\``;
    const message = `When ${short(one.to, report.axes)} comes about in \`${one.stateFrom}\` (${short(one.from, report.axes)}), ${stays}; reached from the start the state is \`${usual.state}\`.`;
    found.push(
      diagnostic("ifstated/depends-on-the-way", "warning", message, source, placeOfState(configuration, one.stateFrom)),
    );
  }
  return found;
}

function leadsOut(configuration: Configuration, name: string | null): boolean {
  const state = configuration.states.find((one) => one.name === name);
  for (const action of walkActions([...(state?.init ?? []), ...(state?.body ?? [])])) {
    if (action.kind === "set-state" && action.name !== name) return true;
  }
  return false;
}

/** A quirk of the daemon that most configurations with two tests meet: worth knowing once. */
function passedOver(source: Source, { configuration }: Ifstated, report: FailoverReport): Diagnostic[] {
  const seen = report.transitions.filter((one) => one.passedOver !== null);
  const first = seen[0];
  if (first === undefined) return [];
  const message = `On a second visit to \`${first.stateFrom}\` ifstated passes over a change within its first interval (${short(first.to, report.axes)}), and stays until the next one: it looks only when every test has ended once since it came.`;
  const names = [...new Set(seen.map(({ stateFrom }) => stateFrom))].filter((name) => name !== first.stateFrom);
  const related: RelatedPlace[] = names.map((name) => ({
    source,
    span: placeOfState(configuration, name),
    message: "here too",
  }));
  return [
    diagnostic("ifstated/change-passed-over", "note", message, source, placeOfState(configuration, first.stateFrom), {
      related,
    }),
  ];
}
