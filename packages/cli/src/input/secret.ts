/** A secret for the command line: named, or asked for without showing it; never an argument. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { UsageError } from "../failure.ts";

/**
 * @param reference `env:NAME` or `file:path`; undefined: it is asked for on the terminal, twice
 * @throws UsageError when it cannot be had
 */
export async function readNamedSecret(reference: string | undefined, what: string): Promise<string> {
  if (reference === undefined) return askTwice(what);
  const found = /^(env|file):(.+)$/.exec(reference);
  if (found === null) {
    // Not repeated: it may be the secret itself.
    throw new UsageError(
      "a password is named, not written: --password env:NAME or --password file:path",
      "without --password it is asked for; arguments can be read by everybody on the machine",
    );
  }
  const [, kind, name = ""] = found;
  if (kind === "env") {
    const value = process.env[name];
    if (value === undefined || value === "") throw new UsageError(`the variable ${name} is not set`);
    return value;
  }
  let text: string;
  try {
    text = readFileSync(name, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new UsageError(`${name}: cannot be read (${(error as NodeJS.ErrnoException).code ?? "?"})`);
  }
  if (text === "") throw new UsageError(`${name}: is empty`);
  return text;
}

async function askTwice(what: string): Promise<string> {
  if (process.stdin.isTTY !== true) {
    throw new UsageError(`${what}: there is no terminal to ask at`, "name it: --password env:NAME or file:path");
  }
  const first = await ask(`${what}: `);
  if (first === "") throw new UsageError("an empty password was given; nothing was changed");
  if (first !== (await ask("once more: "))) throw new UsageError("the two are not the same; nothing was changed");
  return first;
}

async function ask(prompt: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  process.stderr.write(prompt);
  const closed = new AbortController();
  lines.on("close", () => closed.abort());
  try {
    return await lines.question("", { signal: closed.signal });
  } catch {
    throw new UsageError("there was no answer; nothing was changed");
  } finally {
    process.stderr.write("\n");
    lines.close();
  }
}
