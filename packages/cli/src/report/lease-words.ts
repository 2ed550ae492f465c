import { type AddressOutlook, duration, type Outlook } from "@pierhead/engine/lease";
import { isoTime } from "@pierhead/lang/leases";

/** Writes moments after a grant as clock times, or as `+500 s` where no clock is known. */
export class Clock {
  readonly #start: number | null;

  constructor(start: number | null) {
    this.#start = start;
  }

  /** `12:00:01Z`; `11-25 12:00Z` when that is another day than the grant's. */
  at(seconds: number): string {
    if (seconds === Number.POSITIVE_INFINITY) return "never";
    const start = this.#start;
    const iso = start === null ? null : isoTime(start + seconds);
    if (iso === null) return `+${duration(seconds)}`;
    const [day, time] = [iso.slice(0, iso.indexOf("T")), iso.slice(iso.indexOf("T") + 1)];
    const first = isoTime(start) ?? "";
    if (first.startsWith(`${day}T`)) return `${time.slice(0, 8)}Z`;
    // Another day: seconds do not matter any more, and the year only when it is another one.
    return `${first.startsWith(day.slice(0, -6)) ? day.slice(-5) : day} ${time.slice(0, 5)}Z`;
  }

  /** A moment with chance in it as `from to`. */
  moment(moment: { readonly earliest: number; readonly latest: number } | null): string {
    if (moment === null) return "never";
    const [from, to] = [this.at(moment.earliest), this.at(moment.latest)];
    return from === to ? from : `${from} to ${to}`;
  }
}

/** What becomes of the worst-off address of a client, in a few words. */
export function verdictWords(outlook: Outlook, clock: Clock): string {
  const { verdict, addresses } = outlook;
  if (verdict === "none") return outlook.refused.length > 0 ? "gets nothing: drops what was sent" : "gets nothing";
  const worst = addresses.find((one) => one.verdict === verdict) as AddressOutlook;
  switch (verdict) {
    case "forever":
      return "kept for ever";
    case "lost": {
      if (worst.asks === null) return `lost at ${clock.at(worst.valid)}: never asks again`;
      const asks = clock.at(worst.asks.latest);
      const end = clock.at(worst.valid);
      return worst.byChance
        ? `may be lost at ${end}: may ask as late as ${asks}`
        : `lost at ${end}: asks only at ${asks}`;
    }
    case "deprecated": {
      const from = `from ${clock.at(worst.preferred)}`;
      if (worst.asks === null) return `kept, but no new connections ${from}`;
      return `kept, but no new connections for up to ${duration(worst.asks.latest - worst.preferred)} ${from}`;
    }
    case "kept": {
      const spare = worst.preferred - (worst.asks?.latest ?? 0);
      return spare === Number.POSITIVE_INFINITY ? "kept" : `kept, with ${duration(spare)} to spare`;
    }
  }
}
