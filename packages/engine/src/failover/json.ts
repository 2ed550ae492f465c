/** A failover report as plain data. */
import type { Axis, ConditionReport, Exit, FailoverReport, Fate, TransitionReport } from "./types.ts";

/** What `pierhead failover --json` prints. */
export function failoverToJson(report: FailoverReport): object {
  return {
    axes: report.axes.map(axis),
    inside: report.insideInterfaces,
    outside: report.outsideInterfaces,
    conditions: report.conditions.map((one) => condition(one, report.axes)),
    transitions: report.transitions.map((one) => transition(one)),
    worst: report.worst === null ? null : transition(report.worst),
    opaque: report.opaque.map(({ text, reason }) => ({ command: text, reason })),
    leftOut: report.leftOut,
  };
}

function axis(one: Axis): object {
  if (one.kind === "link") return { kind: one.kind, name: one.name, values: one.values };
  if (one.kind === "probe") {
    const { method, target, every, timeout, loss, recover, holdDown } = one.definition;
    const asks = { method, target, every, timeout, loss, recover, holdDown };
    return { kind: one.kind, name: one.name, ...asks, interface: one.line.interface };
  }
  return {
    kind: one.kind,
    name: one.name,
    command: one.command,
    target: text(one.line.target),
    interface: one.line.interface,
    secondsToFail: one.timing.fails,
  };
}

function condition(one: ConditionReport, axes: readonly Axis[]): object {
  const route = one.defaultRoute;
  return {
    name: one.condition.name,
    values: Object.fromEntries(axes.map((each, i) => [each.name, one.condition.values[i]])),
    state: one.state,
    settled: one.settled,
    flapping: one.flapping,
    atBoot: one.atBoot ?? one.state,
    defaultRoute: route === null ? null : { ...route, gateway: text(route.gateway) },
    anchors: one.anchors.map(({ path, rules }) => ({ path, rules })),
    commands: one.commands.map(({ state, action, exit, error }) => ({ state, command: action.command, exit, error })),
    packets: one.fates.map(fate),
  };
}

function fate(one: Fate): object {
  return {
    ...one.probe,
    verdict: one.verdict,
    exits: one.exits.map(exit),
    answer: one.answer === null ? null : exit(one.answer),
    sentence: one.sentence,
  };
}

function exit(one: Exit): object {
  return { interface: one.interface, nextHop: text(one.nextHop), source: text(one.source), dead: one.dead };
}

function transition(one: TransitionReport): object {
  return {
    from: one.from.name,
    to: one.to.name,
    changes: one.changes,
    stateFrom: one.stateFrom,
    stateTo: one.stateTo,
    path: one.path,
    elsewhere: one.elsewhere,
    settled: one.settled,
    flapping: one.flapping,
    reaction: one.reaction,
    interrupted: one.interrupted.map(({ name }) => name),
    lost: one.lost.map(({ name }) => name),
    connections: one.connections.map(({ probe, before, after, fate: fateOfIt }) => ({
      name: probe.name,
      fate: fateOfIt,
      before: exit(before),
      after: after === null ? null : exit(after),
    })),
    passedOver: one.passedOver,
  };
}

function text(value: { toString(): string } | null): string | null {
  return value === null ? null : `${value}`;
}
