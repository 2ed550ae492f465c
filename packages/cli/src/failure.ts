/** Pierhead could not do what was asked (usage, unreadable file): one clear line and exit status 2. */
export class UsageError extends Error {
  /** What to do about it, printed on a second line. */
  readonly hint: string | null;

  constructor(message: string, hint: string | null = null) {
    super(message);
    this.hint = hint;
  }
}

/** Exit statuses (DESIGN: 0 fine, 1 findings, 2 could not run). */
export const EXIT = { fine: 0, findings: 1, failed: 2 } as const;
