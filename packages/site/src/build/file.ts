/** A file while it is written: every line with the place in the site it comes from. */
import type { SitePath } from "../read/index.ts";
import { type BuiltSecret, type SecretForm, secretMark } from "./secret.ts";

export interface BuiltFile {
  /** On the host, absolute. */
  readonly path: string;
  readonly text: string;
  /** Octal, as chmod takes it. */
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  /** Secrets whose marks stand in the text. */
  readonly secrets: readonly BuiltSecret[];
  /** For each line the parts of the site it follows from; empty for what is always so. */
  readonly lines: readonly (readonly SitePath[])[];
}

export interface FileOptions {
  readonly mode?: number;
  readonly group?: string;
}

export class FileWriter {
  readonly #path: string;
  readonly #options: FileOptions;
  readonly #lines: string[] = [];
  readonly #origins: (readonly SitePath[])[] = [];
  readonly #secrets: BuiltSecret[] = [];

  constructor(path: string, options: FileOptions = {}) {
    this.#path = path;
    this.#options = options;
  }

  /** One line, or several with the same origin. */
  line(text: string, ...from: readonly SitePath[]): this {
    for (const one of text.split("\n")) {
      this.#lines.push(one);
      this.#origins.push(from);
    }
    return this;
  }

  /** @returns the mark of a secret, to be put into a line */
  secret(reference: string, form: SecretForm): string {
    const known = this.#secrets.find((one) => one.reference === reference && one.form === form);
    if (known !== undefined) return known.mark;
    const mark = secretMark(this.#secrets.length + 1);
    this.#secrets.push({ mark, reference, form });
    return mark;
  }

  blank(): this {
    if (this.#lines.length > 0 && this.#lines.at(-1) !== "") this.line("");
    return this;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  finish(): BuiltFile {
    return {
      path: this.#path,
      text: `${this.#lines.join("\n")}\n`,
      mode: this.#options.mode ?? 0o644,
      owner: "root",
      group: this.#options.group ?? "wheel",
      secrets: this.#secrets,
      lines: this.#origins,
    };
  }
}
