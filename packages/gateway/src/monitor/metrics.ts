/** The status in Prometheus' text format (version 0.0.4). */
import type { LinkState } from "@pierhead/core";
import { type MetricLabels as Labels, MetricText } from "../metrics/index.ts";
import type { MonitorStatus } from "./status.ts";

export function formatMetrics(status: MonitorStatus): string {
  const text = new MetricText("pierhead_monitor_");
  const family = text.family.bind(text);
  const { links, probes, tests } = status;
  family(
    "state",
    "gauge",
    "1 for the state the machine is in.",
    status.state === null ? [] : [[{ state: status.state }, 1]],
  );
  family("state_changes_total", "counter", "States entered.", [[{}, status.stateChanges]]);
  const link = (name: string, is: LinkState): [Labels, number] => [{ link: name }, is === "down" ? 0 : 1];
  family("link_up", "gauge", "1 while the link counts as up.", [
    ...links.map((one) => link(one.interface, one.link)),
    ...probes.map((one) => link(one.name, one.link)),
  ]);
  family(
    "link_changes_total",
    "counter",
    "Changes of a link.",
    links.map((one) => [{ link: one.interface }, one.changes]),
  );
  const test = (one: (typeof tests)[number]): Labels => ({ test: one.name, every: String(one.every) });
  family(
    "test_ok",
    "gauge",
    "1 when the last run of a test succeeded.",
    tests.map((one) => [test(one), one.status === 0 ? 1 : 0]),
  );
  family(
    "test_runs_total",
    "counter",
    "Runs of a test.",
    tests.map((one) => [test(one), one.runs]),
  );
  family(
    "test_failures_total",
    "counter",
    "Runs that did not succeed.",
    tests.map((one) => [test(one), one.failures]),
  );
  family(
    "test_hung_total",
    "counter",
    "Runs killed at their interval.",
    tests.map((one) => [test(one), one.hung]),
  );
  family(
    "test_seconds",
    "gauge",
    "Duration of the last run.",
    tests.flatMap((one) => (one.seconds === null ? [] : [[test(one), one.seconds] as [Labels, number]])),
  );
  family(
    "probe_sent_total",
    "counter",
    "Questions asked.",
    probes.map((one) => [{ probe: one.name }, one.sent]),
  );
  family(
    "probe_lost_total",
    "counter",
    "Questions without an answer in time.",
    probes.map((one) => [{ probe: one.name }, one.lost]),
  );
  family(
    "probe_loss_ratio",
    "gauge",
    "Share of the window that was lost.",
    probes.map((one) => [{ probe: one.name }, one.loss]),
  );
  family(
    "probe_latency_seconds",
    "gauge",
    "Mean of the window.",
    probes.flatMap((one) => (one.latency === null ? [] : [[{ probe: one.name }, one.latency] as [Labels, number]])),
  );
  family("reloads_total", "counter", "Configurations loaded or refused.", [
    [{ result: "accepted" }, status.reloads.accepted],
    [{ result: "refused" }, status.reloads.refused],
  ]);
  family("failed_commands_total", "counter", "Commands that ended with another status than 0.", [
    [{}, status.failedCommands],
  ]);
  family("children", "gauge", "Processes running.", [[{}, status.children]]);
  family("resident_memory_bytes", "gauge", "Memory in use.", [[{}, status.memory]]);
  return text.toString();
}
