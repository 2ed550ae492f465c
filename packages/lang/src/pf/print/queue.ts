import type { Bandwidth, Queue, ServiceCurve } from "../rule.ts";

const UNITS = " KMG";

/** `print_queuespec`: one `queue` statement of OpenBSD since 5.5, without a line end. */
export function formatQueue(queue: Queue): string {
  let text = `queue ${queue.name}`;
  if (queue.parent !== null) text += ` parent ${queue.parent}`;
  else if (queue.interface !== null) text += ` on ${queue.interface}`;
  const flow = queue.flowQueue;
  if (flow !== null) {
    text += ` flows ${flow.flows}`;
    if (flow.quantum > 0) text += ` quantum ${flow.quantum}`;
    if (flow.interval > 0) text += ` interval ${flow.interval}ms`;
    if (flow.target > 0) text += ` target ${flow.target}ms`;
  }
  if (queue.linkShare !== null && hasRate(queue.linkShare)) {
    text += formatCurve(" bandwidth ", queue.linkShare);
    if (queue.realTime !== null) text += formatCurve(", min ", queue.realTime);
    if (queue.upperLimit !== null) text += formatCurve(", max ", queue.upperLimit);
  }
  if (queue.default) text += " default";
  if (queue.limit !== 0) text += ` qlimit ${queue.limit}`;
  return text;
}

// Only absolute rates make the curves print.
function hasRate(curve: ServiceCurve): boolean {
  const { bandwidth, burst } = curve;
  return (!bandwidth.percent && bandwidth.value !== 0) || (burst !== null && !burst.percent && burst.value !== 0);
}

function formatCurve(prefix: string, curve: ServiceCurve): string {
  const text = formatBandwidth(prefix, curve.bandwidth);
  if (curve.milliseconds === 0) return text;
  return `${text} burst ${curve.burst === null ? "" : formatBandwidth("", curve.burst)} for ${curve.milliseconds}ms`;
}

// `print_bwspec`: thousands are taken off while nothing is lost. A rate without unit has a space for one.
function formatBandwidth(prefix: string, bandwidth: Bandwidth): string {
  if (bandwidth.value === 0) return "";
  if (bandwidth.percent) return `${prefix}${bandwidth.value}%`;
  let rate = bandwidth.value;
  let unit = 0;
  while (rate >= 1000 && unit < 3 && rate % 1000 === 0) {
    rate /= 1000;
    unit++;
  }
  return `${prefix}${rate}${UNITS[unit]}`;
}
