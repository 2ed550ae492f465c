/** Questions on a terminal: one line each, with what is taken when the answer is empty. */
import { createInterface, type Interface } from "node:readline/promises";
import { UsageError } from "../failure.ts";
import { colorsFor, printable } from "../terminal.ts";

export interface Question {
  readonly text: string;
  /** Taken for an empty answer; null: an answer is needed. */
  readonly usual: string | null;
  /** @returns what is wrong with an answer, or null */
  readonly check: (answer: string) => string | null;
}

export class Asker {
  readonly #lines: Interface;
  readonly #colors = colorsFor(process.stderr);

  constructor() {
    // Questions go to standard error, so that standard output stays what was asked for.
    this.#lines = createInterface({ input: process.stdin, output: process.stderr });
    this.#lines.on("close", () => this.#closed.abort());
  }

  readonly #closed = new AbortController();

  async ask({ text, usual, check }: Question): Promise<string> {
    for (;;) {
      const shown = usual === null || usual === "" ? "" : ` ${this.#colors.dim(`[${printable(usual)}]`)}`;
      const given = await this.#read(`${text}${shown}: `);
      const answer = given === "" && usual !== null ? usual : given;
      const wrong = check(answer);
      if (wrong === null) return answer;
      process.stderr.write(`  ${this.#colors.red(printable(wrong))}\n`);
    }
  }

  async #read(prompt: string): Promise<string> {
    try {
      return (await this.#lines.question(prompt, { signal: this.#closed.signal })).trim();
    } catch {
      // The terminal went away, or the user pressed ^D.
      throw new UsageError("there was no more answer; nothing was written");
    }
  }

  close(): void {
    this.#lines.close();
  }
}
