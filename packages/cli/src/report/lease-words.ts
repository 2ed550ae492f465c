import { type AddressOutlook, duration, type Outlook } from "@pierhead/engine/lease";
import { isoTime } from "@pierhead/lang/leases";

/** Writes moments after a grant as clock times, or as `+500 s` where no clock is known. */
export class Clock {
  readonly #start: number | null;

  constructor(start: number | null) {
    this.#start = start;
  }

  /** `12:00:01Z`; with its date when that is another day than the grant's. */
  at(seconds: number): string {
    if (seconds === Number.POSITIVE_INFINITY) return "never";
    const start = this.#start;
    const iso = start === null ? null : isoTime(start + seconds);
    if (iso === null) return `+${duration(seconds)}`;
    const day = iso.slice(0, iso.indexOf("T"));
    const time = `${iso.slice(iso.indexOf("T") + 1, -5)}Z`;
    return day === isoTime(start)?.slice(0, day.length) ? time : `${day} ${time}`;
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
      const until = worst.asks === null ? "for ever" : `until ${clock.at(worst.asks.latest)}`;
      return `kept, but no new connections from ${clock.at(worst.preferred)} ${until}`;
    }
    case "kept": {
      const spare = worst.preferred - (worst.asks?.latest ?? 0);
      return spare === Number.POSITIVE_INFINITY ? "kept" : `kept, with ${duration(spare)} to spare`;
    }
  }
}
