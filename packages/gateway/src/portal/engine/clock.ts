/** Time as the engine sees it: passed in, so that a test can be years long. */
export interface Clock {
  /** Unix milliseconds; may jump when somebody sets the clock. */
  now(): number;
  /** Milliseconds that only ever go on, at one pace. */
  monotonic(): number;
  /** @returns what calls it off */
  later(milliseconds: number, action: () => void): () => void;
}

/** A timer further away would overflow Node's 32 bits and fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  later: (milliseconds, action) => {
    const timer = setTimeout(action, Math.min(Math.max(0, milliseconds), LONGEST_TIMER));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Milliseconds by which the wall clock may leave the monotonic one between two looks: slewing stays well below. */
const JUMP = 2_000;

/** Notices that somebody set the wall clock. */
export class JumpWatch {
  readonly #clock: Clock;
  #wall: number;
  #steady: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wall = clock.now();
    this.#steady = clock.monotonic();
  }

  /** Milliseconds the wall clock was set forward (or back, negative) since the last look; 0 when it only went on. */
  look(): number {
    const wall = this.#clock.now();
    const steady = this.#clock.monotonic();
    const jump = Math.round(wall - this.#wall - (steady - this.#steady));
    this.#wall = wall;
    this.#steady = steady;
    return Math.abs(jump) < JUMP ? 0 : jump;
  }
}
