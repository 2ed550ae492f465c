/** What reading and writing of messages and of their payloads share. */

export interface IkeProblem {
  /** Octets from the start of the message. */
  readonly offset: number;
  readonly message: string;
}

export function push16(out: number[], value: number): void {
  out.push((value >>> 8) & 255, value & 255);
}

export function push32(out: number[], value: number): void {
  push16(out, value >>> 16);
  push16(out, value & 0xffff);
}

export function append(out: number[], bytes: Iterable<number>): void {
  for (const octet of bytes) out.push(octet);
}
