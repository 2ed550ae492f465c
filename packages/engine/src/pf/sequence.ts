/** Comparisons in TCP sequence space (tcp_seq.h): 32-bit numbers that wrap. */

export function sequenceAtLeast(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0;
}

export function sequenceAtMost(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0;
}

export function sequenceAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0;
}

export function sequenceBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
