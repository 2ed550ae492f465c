import type { AddressOutlook, Moment, Outlook } from "@pierhead/engine/lease";
import type { Clock } from "./lease-words.ts";

/** Columns of the names to the left of the bars. */
const NAME = 26;

interface Bar {
  readonly name: string;
  readonly address: AddressOutlook | null;
  readonly renew: Moment | null;
  readonly rebind: Moment | null;
}

/**
 * What happens to the first address that ends, client by client, if no server answers after the grant: `=` preferred,
 * `-` deprecated (used by old connections only), blank when it is gone, `R` the first Renew, `B` the first Rebind.
 * Empty when nothing ever ends.
 *
 * @param width columns there are
 */
export function leasePicture(outlooks: readonly Outlook[], clock: Clock, width: number): string[] {
  const bars = outlooks.map((outlook): Bar => {
    const address = outlook.addresses.reduce<AddressOutlook | null>(
      (first, one) => (first === null || one.silentUntil < first.silentUntil ? one : first),
      null,
    );
    const { renew, rebind } = outlook;
    return { name: `${outlook.client} ${outlook.version}`, address, renew, rebind };
  });
  const ends = bars.flatMap(({ address, renew, rebind }) => [
    address?.silentUntil ?? 0,
    address?.valid ?? 0,
    renew?.latest ?? 0,
    rebind?.latest ?? 0,
  ]);
  const lasts = bars.map(({ address }) => address?.silentUntil ?? 0).filter((end) => end !== Number.POSITIVE_INFINITY);
  const longest = Math.max(0, ...lasts);
  if (longest === 0) return [];
  // Far timers would squeeze everything else into one column: they stand at the right edge as an arrow.
  const horizon = Math.min(Math.max(...ends.filter((end) => end !== Number.POSITIVE_INFINITY)) * 1.02, longest * 3);
  const room = Math.max(30, Math.min(width, 110) - NAME - 4);
  const column = (seconds: number): number => Math.min(room, Math.floor((seconds / horizon) * room));
  const lines = [axis(clock, horizon, room)];
  for (const bar of bars)
    lines.push(`  ${bar.name.slice(0, NAME - 1).padEnd(NAME)}${drawn(bar, room, horizon, column)}`);
  return lines;
}

function axis(clock: Clock, horizon: number, room: number): string {
  const marks = [0, 0.5, 1].map((part) => clock.at(Math.round(horizon * part)));
  const cells = new Array<string>(room + 2).fill(" ");
  const put = (text: string, at: number): void => {
    [...text].forEach((letter, index) => {
      if (at + index >= 0 && at + index < cells.length) cells[at + index] = letter;
    });
  };
  put(marks[0] as string, 0);
  const [, middle, end] = marks as [string, string, string];
  const half = Math.floor(room / 2 - middle.length / 2);
  const last = room + 2 - end.length;
  if (half > (marks[0] as string).length && half + middle.length < last) put(middle, half);
  put(end, last);
  return `  ${" ".repeat(NAME)}${cells.join("").trimEnd()}`;
}

function drawn(bar: Bar, room: number, horizon: number, column: (seconds: number) => number): string {
  const { address } = bar;
  if (address === null) return "(no address)";
  const cells: string[] = [];
  const preferredEnd = column(Math.min(address.preferred, address.silentUntil));
  const end = column(address.silentUntil);
  for (let at = 0; at <= room; at++) {
    const alive = at < end || address.silentUntil >= horizon;
    cells.push(!alive ? " " : at < preferredEnd || address.preferred >= horizon ? "=" : "-");
  }
  const mark = (moment: Moment | null, letter: string): void => {
    if (moment === null) return;
    const at = column(moment.latest);
    if (moment.latest > horizon) cells[room] = "→";
    else cells[at] = cells[at] === "R" ? "R" : letter;
  };
  mark(bar.renew, "R");
  mark(bar.rebind, "B");
  // An end that is on the picture is shown, also when a question stands in its column.
  if (address.silentUntil < horizon) cells[cells[end] === "R" || cells[end] === "B" ? end + 1 : end] = "|";
  return cells.join("").trimEnd();
}
