/** A failover report as lines of text, a terminal or a page wide. */
import type { Exit, FailoverReport, Fate, Probe, Reaction, TransitionReport } from "./types.ts";

/** Lines of the whole report; `width` is only a wish. */
export function renderFailover(report: FailoverReport): string[] {
  const lines: string[] = [];
  if (report.axes.length === 0) lines.push("ifstated.conf asks nothing of the world: there is one condition.", "");
  lines.push(...renderConditions(report), "", ...renderTransitions(report), "", ...renderSummary(report));
  return lines;
}

/** One row for each condition: state, default route, where LAN traffic goes. */
export function renderConditions(report: FailoverReport): string[] {
  const probes = report.conditions[0]?.fates.map(({ probe }) => probe) ?? [];
  const shown = probes.filter(({ from }) => from === "lan");
  const rows = [["condition", "state", "default route", ...shown.map(({ name }) => name)]];
  for (const one of report.conditions) {
    const route = one.defaultRoute;
    const where =
      route === null
        ? "none"
        : `${route.gateway ?? "on link"} (${route.interface ?? "?"})${route.dead === true ? " DEAD" : ""}`;
    const state = one.flapping !== null ? `flaps: ${one.flapping.join(" → ")}` : (one.state ?? "-");
    const boot = one.atBoot === null ? "" : ` (at boot: ${one.atBoot})`;
    const fates = shown.map((probe) =>
      fateCell(one.fates.find((fate) => fate.probe === probe || sameProbe(fate.probe, probe))),
    );
    rows.push([one.condition.name, state + boot, where, ...fates]);
  }
  const lines = ["Conditions", ...table(rows)];
  const anchors = anchorRows(report);
  if (anchors.length > 1) lines.push("", "Anchors", ...table(anchors));
  const others = otherPackets(report);
  if (others.length > 1) lines.push("", "Other packets", ...table(others));
  return lines;
}

/** What each anchor holds, conditions under which it is the same in one row. */
function anchorRows(report: FailoverReport): string[][] {
  const rows: string[][] = [["anchor", "under", "rules"]];
  const paths = new Set(report.conditions.flatMap(({ anchors }) => anchors.map(({ path }) => path)));
  for (const path of paths) {
    const byRules = new Map<string, string[]>();
    for (const { condition, anchors } of report.conditions) {
      const rules = anchors.find((anchor) => anchor.path === path)?.rules ?? [];
      const text = rules.length === 0 ? "none" : rules.join("\n");
      byRules.set(text, [...(byRules.get(text) ?? []), condition.name]);
    }
    for (const [text, conditions] of byRules) {
      text.split("\n").forEach((rule, i) => {
        rows.push(i === 0 ? [path, underText(conditions, report), rule] : ["", "", rule]);
      });
    }
  }
  return rows;
}

function underText(names: readonly string[], report: FailoverReport): string {
  return names.length === report.conditions.length && names.length > 1 ? "every condition" : names.join("; ");
}

/** What becomes of packets that are not the LAN's own, conditions with the same fate in one row. */
function otherPackets(report: FailoverReport): string[][] {
  const rows: string[][] = [["packet", "under", "what becomes of it"]];
  const probes = report.conditions[0]?.fates.map(({ probe }) => probe) ?? [];
  for (const probe of probes) {
    if (probe.from === "lan") continue;
    const byFate = new Map<string, string[]>();
    for (const one of report.conditions) {
      const fate = one.fates.find((each) => sameProbe(each.probe, probe));
      if (fate === undefined) continue;
      const text = `${fate.sentence}${answerText(fate)}`;
      byFate.set(text, [...(byFate.get(text) ?? []), one.condition.name]);
    }
    for (const [text, names] of byFate) {
      rows.push([probeName(probe), underText(names, report), text]);
    }
  }
  return rows;
}

/** One row for each change: how long it takes and what becomes of connections. */
export function renderTransitions(report: FailoverReport): string[] {
  if (report.transitions.length === 0) return [];
  const rows = [["from", "to", "state", "takes", "blackout", "connections that were open"]];
  for (const one of report.transitions) {
    const state =
      one.flapping !== null
        ? `flaps: ${one.flapping.join(" → ")}`
        : one.path.length === 0
          ? `stays ${one.stateTo ?? "-"}`
          : one.path.join(" → ");
    rows.push([
      one.from.name,
      one.to.name,
      `${state}${one.elsewhere ? " (other than from all up)" : ""}`,
      one.reaction === null ? "-" : secondsText(one.reaction),
      blackoutText(one),
      connectionText(one),
    ]);
  }
  return ["Changes", ...table(rows)];
}

/** The worst case with its arithmetic, and what deserves a second look. */
export function renderSummary(report: FailoverReport): string[] {
  const lines: string[] = [];
  const { worst, leftOut } = report;
  if (worst !== null && worst.reaction !== null) {
    lines.push(`Worst blackout: ${secondsText(worst.reaction)}, when ${worst.from.name} becomes ${worst.to.name}:`);
    for (const { seconds, why } of worst.reaction.parts) lines.push(`  ${`${seconds}`.padStart(6)} s  ${why}`);
    if (worst.reaction.parts.length === 0) lines.push("       0 s  at once");
  } else lines.push("No blackout: after no change does LAN traffic wait for ifstated.");
  for (const one of report.conditions) {
    if (one.flapping !== null)
      lines.push(`Under ${one.condition.name} ifstated never comes to rest: ${one.flapping.join(" → ")}.`);
    else if (!one.settled) lines.push(`Under ${one.condition.name} some test never gets its result in time.`);
    if (one.defaultRoute?.dead === true) {
      lines.push(`Under ${one.condition.name} the default route stays on a dead line (${one.defaultRoute.gateway}).`);
    }
  }
  for (const one of report.transitions) {
    if (one.reaction !== null || one.lost.length === 0 || one.flapping !== null) continue;
    lines.push(
      `When ${one.from.name} becomes ${one.to.name} nothing is done, and ${names(one.lost)} are lost until it ends.`,
    );
  }
  const passed = [...new Set(report.transitions.filter((one) => one.passedOver !== null).map((one) => one.stateFrom))];
  if (passed.length > 0) {
    lines.push(
      `On a second visit to ${passed.join(", ")} a change within the first interval can pass unnoticed until the next change: ifstated looks only when every test has ended once since it came.`,
    );
  }
  for (const text of failures(report)) lines.push(text);
  const stranded = report.transitions.filter(({ connections }) =>
    connections.some(({ fate }) => fate === "stranded"),
  ).length;
  if (stranded > 0) {
    lines.push(
      `After ${stranded} of ${report.transitions.length} changes open connections stay on a dead line: their states are not killed.`,
    );
  }
  for (const one of report.opaque) lines.push(`Not known: \`${one.text}\` (${one.reason}).`);
  if (leftOut.conditions > 0) lines.push(`Left out: ${leftOut.conditions} conditions with more things wrong at once.`);
  if (leftOut.transitions > 0) lines.push(`Left out: ${leftOut.transitions} changes between them.`);
  return lines;
}

/** Commands that fail on the way into a condition, each once. */
function failures(report: FailoverReport): string[] {
  const said = new Set<string>();
  for (const { commands } of report.conditions) {
    for (const { state, action, exit, error } of commands) {
      if (exit === 0 || exit === null) continue;
      const why = error === null ? `exit status ${exit}` : error;
      said.add(`In ${state ?? "no state"} the command \`${action.command}\` fails: ${why}.`);
    }
  }
  return [...said];
}

function fateCell(fate: Fate | undefined): string {
  if (fate === undefined) return "";
  if (fate.verdict !== "pass") return fate.verdict;
  if (fate.exits.length === 0) return "to the machine";
  return fate.exits.map((exit) => `${exit.interface}${exit.dead === true ? " DEAD" : ""}`).join(" or ");
}

function answerText({ probe, verdict, answer, exits }: Fate): string {
  if (verdict !== "pass") return "";
  if (probe.from !== "inbound") return exits.some(({ dead }) => dead === true) ? "; the line is dead" : "";
  if (answer === null) return "; its answer does not get out";
  return `; the answer leaves ${answer.interface} for ${answer.nextHop}${answer.interface === probe.interface ? "" : ", another line than it came by"}`;
}

function sameProbe(a: Probe, b: Probe): boolean {
  return a.name === b.name && a.from === b.from && a.interface === b.interface;
}

export function probeName(probe: Probe): string {
  switch (probe.from) {
    case "lan":
      return `LAN ${probe.name}`;
    case "lan-to-gateway":
      return `LAN ${probe.name} to the gateway`;
    case "gateway":
      return `the gateway's own ${probe.name}`;
    case "inbound":
      return `inbound ${probe.name}`;
  }
}

export function exitText(exit: Exit): string {
  return `${exit.interface} for ${exit.nextHop} as ${exit.source}`;
}

function secondsText(reaction: Reaction): string {
  return `${reaction.atLeast ? "at least " : ""}${reaction.seconds} s`;
}

function blackoutText({ interrupted, lost }: TransitionReport): string {
  const parts = interrupted.length === 0 ? [] : [names(interrupted)];
  if (lost.length > 0) parts.push(`${names(lost)} stay lost`);
  return parts.length === 0 ? "none" : parts.join("; ");
}

function names(probes: readonly Probe[]): string {
  return probes.map(({ name }) => name).join(", ");
}

function connectionText(one: TransitionReport): string {
  if (one.connections.length === 0) return "-";
  const counts = new Map<string, number>();
  for (const { fate } of one.connections) counts.set(fate, (counts.get(fate) ?? 0) + 1);
  return [...counts].map(([fate, count]) => `${count} ${fate}`).join(", ");
}

/** Rows of equal columns; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  return rows.map((row) =>
    `  ${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] as number))).join("  ")}`.trimEnd(),
  );
}
