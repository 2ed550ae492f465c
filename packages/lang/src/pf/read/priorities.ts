/** `prio`: 0 (lowest) to 7 (IFQ_MAXPRIO). */
import type { Reader } from "./reader.ts";
import { Char } from "./tokens.ts";

const PRIORITY_MAXIMUM = 7;

/** `set prio N` or `set prio (N, N)`: for plain packets, and for those that ask for low delay or only acknowledge. */
export function parsePriorities(reader: Reader): readonly [number, number] {
  if (!reader.accept(Char.open, "punctuation")) {
    const priority = checkPriority(reader, reader.number());
    return [priority, priority];
  }
  const first = reader.number();
  reader.optionalComma();
  const second = reader.number();
  reader.expect(Char.close);
  return [checkPriority(reader, first), checkPriority(reader, second)];
}

export function checkPriority(reader: Reader, priority: number): number {
  if (priority < 0 || priority > PRIORITY_MAXIMUM) {
    reader.fail(
      `prio must be 0 - ${PRIORITY_MAXIMUM}`,
      "pf/out-of-range",
      `A priority is 0 (lowest) to ${PRIORITY_MAXIMUM}.`,
    );
  }
  return priority;
}
