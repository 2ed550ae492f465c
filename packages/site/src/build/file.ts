/** A file while it is written: every line with the place in the site it comes from. */
import type { SitePath } from "../read/index.ts";

export interface BuiltFile {
  /** On the host, absolute. */
  readonly path: string;
  readonly text: string;
  /** Octal, as chmod takes it. */
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
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
      lines: this.#origins,
    };
  }
}
