/** The portal for Prometheus. */
import { MetricText } from "../../metrics/index.ts";
import type { Portal } from "../service.ts";

export function portalMetrics(portal: Portal): string {
  const status = portal.status();
  const sessions = portal.sessions();
  const methods = new Map<string, number>();
  let [input, output] = [0n, 0n];
  for (const session of sessions) {
    methods.set(session.method, (methods.get(session.method) ?? 0) + 1);
    input += session.inputOctets;
    output += session.outputOctets;
  }
  const servers = status.radius.map((one) => [{ server: one.host }, one] as const);
  return new MetricText("pierhead_portal_")
    .family("info", "gauge", "What runs.", [[{ gateway: status.gateway, version: status.version }, 1]])
    .family("start_time_seconds", "gauge", "When it started.", [[{}, status.started / 1000]])
    .family(
      "sessions",
      "gauge",
      "Open sessions by how they were opened.",
      [...methods].map(([method, count]) => [{ method }, count]),
    )
    .family("open_session_octets", "gauge", "Octets of the sessions that are open.", [
      [{ direction: "from_client" }, input],
      [{ direction: "to_client" }, output],
    ])
    .family("accounting_pending", "gauge", "Accounting records no server has acknowledged.", [
      [{}, status.pendingAccounting],
    ])
    .family("troubles", "gauge", "Things that do not work right now.", [[{}, status.troubles.length]])
    .family(
      "radius_up",
      "gauge",
      "1 while the server answers.",
      servers.map(([key, one]) => [key, one.alive ? 1 : 0]),
    )
    .family(
      "radius_requests_total",
      "counter",
      "Requests.",
      servers.map(([key, one]) => [key, one.requests]),
    )
    .family(
      "radius_timeouts_total",
      "counter",
      "Requests without an answer.",
      servers.map(([key, one]) => [key, one.timeouts]),
    )
    .family(
      "radius_discarded_total",
      "counter",
      "Answers that could not be believed.",
      servers.map(([key, one]) => [key, one.discarded]),
    )
    .family("resident_memory_bytes", "gauge", "Memory in use.", [[{}, process.memoryUsage.rss()]])
    .toString();
}
