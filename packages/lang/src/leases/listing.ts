import { Source, type Span } from "@pierhead/core";

/**
 * A text that stands for octets: line N is packet N, so that a diagnostic's line is the number that tcpdump and
 * Wireshark show. Packets that are not of interest are empty lines.
 */
export class Listing {
  readonly #parts: string[] = [];
  #length = 0;
  #line = 1;

  /** Starts the line of a packet; packets come in ascending order. */
  begin(packet: number): void {
    if (packet > this.#line) {
      this.#put("\n".repeat(packet - this.#line));
      this.#line = packet;
    }
  }

  /** Appends words to the current line; where they are. */
  write(text: string): Span {
    const start = this.#length;
    this.#put(text);
    return { start, end: this.#length };
  }

  get position(): number {
    return this.#length;
  }

  source(name: string): Source {
    return new Source(name, this.#parts.join(""));
  }

  #put(text: string): void {
    this.#parts.push(text);
    this.#length += text.length;
  }
}

/** The time of day in UTC with milliseconds, `12:00:01.250Z`; `?` when it is not known or not a time. */
export function clockTime(seconds: number | null): string {
  const whole = isoTime(seconds);
  return whole === null ? "?" : whole.slice(11);
}

/** ISO 8601 in UTC with milliseconds; null when it is not known or not a time. */
export function isoTime(seconds: number | null): string | null {
  // A Date holds 8.64e15 ms either side of 1970.
  if (seconds === null || !(Math.abs(seconds) < 8e12)) return null;
  return new Date(seconds * 1000).toISOString();
}

/** A lifetime or timer in a listing: seconds, or `infinity`. */
export function secondsWord(value: number): string {
  return value === 0xffff_ffff ? "infinity" : String(value);
}
