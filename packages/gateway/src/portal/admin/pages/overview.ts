import { html } from "hono/html";
import type { TrafficPoint } from "../../../store/store.ts";
import type { PortalStatus } from "../../service.ts";
import { trafficGraph } from "../graph.ts";
import { spanWords } from "../words.ts";
import type { Html } from "./layout.ts";

export interface OverviewFacts {
  readonly status: PortalStatus;
  readonly points: readonly TrafficPoint[];
  readonly from: number;
  readonly now: number;
  /** Hours the graph shows. */
  readonly hours: number;
}

export const GRAPH_HOURS: readonly (readonly [hours: number, title: string])[] = [
  [1, "hour"],
  [6, "6 hours"],
  [24, "day"],
  [168, "week"],
  [720, "30 days"],
];

export function overview({ status, points, from, now, hours }: OverviewFacts): Html {
  const spans = GRAPH_HOURS.map(([value, title]) =>
    value === hours
      ? html`<span class="button" aria-current="true">${title}</span>`
      : html`<a class="button quiet" href="/?hours=${value}">${title}</a>`,
  );
  return html`${status.troubles.map((text) => html`<p class="trouble" role="alert">${text}</p>`)}
<div class="cards">
<div class="card"><b>${status.sessions}</b><span>sessions</span></div>
<div class="card"><b>${status.pendingAccounting}</b><span>accounting records waiting</span></div>
<div class="card"><b>${spanWords((now - status.started) / 1000)}</b><span>since the start</span></div>
<div class="card"><b>${status.version}</b><span>pierhead</span></div></div>
<h2>Traffic</h2><p class="row">${spans}</p>${trafficGraph(points, from, now)}
${status.radius.length === 0 ? "" : radius(status)}`;
}

function radius(status: PortalStatus): Html {
  return html`<h2>RADIUS</h2><div class="scroll" tabindex="0" role="region" aria-label="RADIUS servers"><table><thead><tr><th>Server</th><th>State</th><th class="number">Round trip</th><th class="number">Requests</th><th class="number">Not answered</th><th class="number">Not believed</th></tr></thead>
<tbody>${status.radius.map(
    (one) =>
      html`<tr><td>${one.host}</td><td>${one.alive ? "answers" : "silent"}</td><td class="number">${one.roundTrip === null ? "" : `${Math.round(one.roundTrip)} ms`}</td><td class="number">${one.requests}</td><td class="number">${one.timeouts}</td><td class="number">${one.discarded}</td></tr>`,
  )}</tbody></table></div>`;
}
