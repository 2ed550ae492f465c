/** Traffic over time as a picture: SVG made on the server, so that it needs no script and prints. */
import { html, raw } from "hono/html";
import type { TrafficPoint } from "../../store/store.ts";
import { rateWords, timeWords } from "./words.ts";

const WIDTH = 720;
const HEIGHT = 210;
/** On a phone letters are three times as large, in proportion: rates stand on their lines, not beside them. */
const PAD = { left: 4, right: 4, top: 30, bottom: 30 };

interface Rates {
  readonly from: number;
  readonly to: number;
  /** Bits per second. */
  readonly input: number;
  readonly output: number;
}

const HOUR = 3_600_000;

/**
 * Points of minutes hold what passed since the one before, however late it was noted. Points of hours hold the hour that
 * began then; the last is not over.
 */
function ratesOf(points: readonly TrafficPoint[], byHours: boolean, now: number): Rates[] {
  if (byHours) {
    return points.map(({ at, inputOctets, outputOctets }) => {
      const to = Math.min(at + HOUR, now);
      const seconds = Math.max(60, (to - at) / 1000);
      return { from: at, to, input: (Number(inputOctets) * 8) / seconds, output: (Number(outputOctets) * 8) / seconds };
    });
  }
  const rates: Rates[] = [];
  for (let i = 1; i < points.length; i++) {
    const [before, point] = [points[i - 1] as TrafficPoint, points[i] as TrafficPoint];
    const seconds = Math.max(1, (point.at - before.at) / 1000);
    rates.push({
      from: before.at,
      to: point.at,
      input: (Number(point.inputOctets) * 8) / seconds,
      output: (Number(point.outputOctets) * 8) / seconds,
    });
  }
  return rates;
}

export function trafficGraph(points: readonly TrafficPoint[], from: number, to: number): ReturnType<typeof html> {
  const byHours = to - from > 2 * 86_400_000;
  const rates = ratesOf(points, byHours, to).filter((one) => one.to > from);
  const most = niceCeiling(Math.max(1000, ...rates.map(({ input, output }) => Math.max(input, output))));
  const x = (at: number): number => PAD.left + (Math.max(0, at - from) / (to - from)) * (WIDTH - PAD.left - PAD.right);
  const y = (rate: number): number => HEIGHT - PAD.bottom - (rate / most) * (HEIGHT - PAD.top - PAD.bottom);
  // Each is a mean of its time, so it is drawn over that time: a single minute is seen, too.
  const line = (which: "input" | "output"): string =>
    rates
      .map((one, index) => {
        const level = y(one[which]).toFixed(1);
        return `${index === 0 ? "M" : "L"}${x(one.from).toFixed(1)} ${level}H${x(one.to).toFixed(1)}`;
      })
      .join("");
  const [first, last] = [rates[0], rates.at(-1)];
  const area =
    first === undefined || last === undefined
      ? ""
      : `<path class="area" d="${line("output")}V${y(0)}H${x(first.from).toFixed(1)}Z"/>`;
  const steps = [0, most / 2, most];
  const grid = steps
    .map(
      (rate) =>
        `<path class="grid" d="M${PAD.left} ${y(rate)}H${WIDTH - PAD.right}"/>${rate === 0 ? "" : `<text x="${PAD.left}" y="${y(rate) - 4}">${rateWords(rate)}</text>`}`,
    )
    .join("");
  const ticks = [0, 0.25, 0.5, 0.75, 1]
    .map((part) => {
      const at = from + (to - from) * part;
      const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
      const text = byHours ? timeWords(at).slice(5, 10) : timeWords(at).slice(11, 16);
      // Five have no room on a phone.
      const rank = part === 0.25 || part === 0.75 ? ' class="between"' : "";
      return `<text${rank} x="${x(at)}" y="${HEIGHT - 6}" text-anchor="${anchor}">${text}</text>`;
    })
    .join("");
  const peak = Math.max(0, ...rates.map(({ output }) => output));
  const said = peak === 0 ? "No traffic in this time." : `To guests at most ${rateWords(peak)}.`;
  return html`<div class="panel">
<svg class="graph" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${`Traffic. ${said}`}">${raw(
    `${grid}${ticks}${area}<path class="out" d="${line("input")}"/><path class="in" d="${line("output")}"/>`,
  )}</svg>
<div class="key"><span><i></i>to guests</span><span><i class="out"></i>from guests</span><span>${said}</span></div></div>`;
}

/** 1, 2 or 5 times a power of ten, not below the value. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}
