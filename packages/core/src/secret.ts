/**
 * A password or key out of a configuration. It goes through the program without showing: as text, in JSON and in
 * templates it is `[secret]`; only {@link Secret.reveal} gives it, where a file is written or a tool is imitated.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret itself. Never put it into a message. */
  reveal(): string {
    return this.#text;
  }

  /** Length in UTF-16 units. */
  get length(): number {
    return this.#text.length;
  }

  equals(other: Secret): boolean {
    return this.#text === other.#text;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }
}
