import type { LinkState } from "@pierhead/core";
import type { MonitorStatus } from "@pierhead/gateway/monitor";
import { type Colors, printable } from "../terminal.ts";
import { table } from "./table.ts";

function since(iso: string | null, now: string): string {
  if (iso === null) return "";
  const seconds = Math.max(0, (Date.parse(now) - Date.parse(iso)) / 1000);
  if (seconds < 100) return `${Math.floor(seconds)} s`;
  if (seconds < 6_000) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

function milliseconds(seconds: number | null): string {
  return seconds === null ? "-" : `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0)} ms`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** The status of a running monitor, for people. */
export function monitorStatus(status: MonitorStatus, colors: Colors): string {
  const { links, tests, probes, history, now } = status;
  const clean = (text: string): string => printable(text.length > 60 ? `${text.slice(0, 57)}...` : text);
  const shade = (link: LinkState | "ok" | "fails" | "-", text: string): string =>
    link === "down" || link === "fails" ? colors.red(text) : link === "up" || link === "ok" ? colors.green(text) : text;
  const lines: string[] = [];
  const state = status.state === null ? "no state" : clean(status.state);
  const compat = status.compat ? ", as ifstated (--compat)" : "";
  lines.push(
    `${colors.bold(state)}  for ${since(status.stateSince, now)}; ${status.stateChanges} entered since ${status.started.slice(0, 19)}Z`,
    colors.dim(
      `${clean(status.file)}, process ${status.pid}${compat}, ${Math.round(status.memory / 1_048_576)} MB, ${status.children} running`,
    ),
  );
  if (status.command !== null) lines.push(`${colors.yellow("running")} ${clean(status.command)}`);
  const section = (
    title: string,
    rows: string[][],
    column: number,
    of: (row: number) => LinkState | "ok" | "fails" | "-",
  ): void => {
    if (rows.length < 2) return;
    lines.push("", colors.bold(title));
    lines.push(
      ...table(rows, (cell, row, at) =>
        row === 0 ? colors.dim(cell) : at === column ? shade(of(row - 1), cell) : cell,
      ),
    );
  };
  section(
    "Links",
    [["interface", "link", "changes"], ...links.map((one) => [clean(one.interface), one.link, String(one.changes)])],
    1,
    (row) => links[row]?.link ?? "unknown",
  );
  section(
    "Probes",
    [
      ["probe", "link", "loss", "latency", "lost/asked", "asks"],
      ...probes.map((one) => [
        clean(one.name),
        one.link,
        percent(one.loss),
        milliseconds(one.latency),
        `${one.lost}/${one.sent}`,
        clean(`${one.method} ${one.target}`),
      ]),
    ],
    1,
    (row) => probes[row]?.link ?? "unknown",
  );
  const verdict = (row: number): "ok" | "fails" | "-" => {
    const test = tests[row];
    return test === undefined || test.runs === 0 ? "-" : test.status === 0 ? "ok" : "fails";
  };
  section(
    "Tests",
    [
      ["test", "now", "loss", "took", "runs", "hung", "every"],
      ...tests.map((one, row) => [
        clean(one.name),
        verdict(row),
        percent(one.loss),
        milliseconds(one.seconds),
        String(one.runs),
        String(one.hung),
        `${one.every} s`,
      ]),
    ],
    1,
    verdict,
  );
  if (history.length > 0) {
    lines.push("", colors.bold("History"));
    for (const { time, kind, text } of history.slice(-12)) {
      lines.push(`  ${colors.dim(time.slice(11, 23))}  ${kind.padEnd(8)} ${clean(text)}`);
    }
  }
  const { accepted, refused } = status.reloads;
  if (accepted + refused > 0) lines.push("", `Reloads: ${accepted} accepted, ${refused} refused`);
  return `${lines.join("\n")}\n`;
}
