/** What the link monitor does to the world. The daemon has real processes and a clock; tests have neither. */
export interface World {
  /** Seconds on a clock that never goes back, greater than 0. */
  now(): number;
  /**
   * Runs a test. `ended` is called once, later, with its exit status, or null when a signal ended it, unless the run is
   * killed. A run that takes longer than `limit` seconds is killed and ends with null.
   */
  test(run: number, command: string, limit: number, ended: (status: number | null) => void): void;
  /** Runs a command of the file; `ended` is called once, later. */
  command(run: number, command: string, ended: (status: number | null) => void): void;
  /** Ends a test with everything it started; its `ended` is not called any more. */
  kill(run: number): void;
  /** Calls back at this time; null: not at all. The call replaces the one before. */
  wake(at: number | null): void;
}
