/** Asks the target of a probe again and again. */
export interface Asker {
  /** Process number of its tool; null when it has none. */
  readonly pid: number | null;
  stop(): void;
}
