import type { Bandwidth, QueueSpec, ServiceCurve } from "../rule.ts";

// pfctl counts one unit too far: a terabit prints the string's end, a NUL.
const UNITS = " KMG\0";

/** `print_queuespec`: one `queue` statement of OpenBSD since 5.5, without a line end. */
export function formatQueue(queue: QueueSpec): string {
  let text = `queue ${queue.name}`;
  if (queue.parent !== null) text += ` parent ${queue.parent}`;
  else if (queue.interface !== null) text += ` on ${queue.interface}`;
  if (queue.flows > 0) {
    text += ` flows ${queue.flows}`;
    if (queue.quantum > 0) text += ` quantum ${queue.quantum}`;
  }
  if (queue.linkShare !== null && hasRate(queue.linkShare)) {
    text += formatCurve(" bandwidth ", queue.linkShare);
    if (queue.realtime !== null) text += formatCurve(", min ", queue.realtime);
    if (queue.upperLimit !== null) text += formatCurve(", max ", queue.upperLimit);
  }
  if (queue.default) text += " default";
  if (queue.qlimit !== 0) text += ` qlimit ${queue.qlimit}`;
  return text;
}

// Only absolute rates make the curves print.
function hasRate(curve: ServiceCurve): boolean {
  const { rate, burst } = curve;
  return (!rate.percent && rate.value !== 0) || (burst !== null && !burst.percent && burst.value !== 0);
}

function formatCurve(prefix: string, curve: ServiceCurve): string {
  const text = formatBandwidth(prefix, curve.rate);
  if (curve.milliseconds === 0) return text;
  return `${text} burst ${curve.burst === null ? "" : formatBandwidth("", curve.burst)} for ${curve.milliseconds}ms`;
}

// `print_bwspec`: thousands are taken off while nothing is lost. A rate without unit has a space for one.
function formatBandwidth(prefix: string, bandwidth: Bandwidth): string {
  if (bandwidth.value === 0) return "";
  if (bandwidth.percent) return `${prefix}${bandwidth.value}%`;
  let rate = bandwidth.value;
  let unit = 0;
  while (rate >= 1000 && unit <= 3 && rate % 1000 === 0) {
    rate /= 1000;
    unit++;
  }
  return `${prefix}${rate}${UNITS[unit]}`;
}
