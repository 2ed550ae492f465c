/** `pierhead migrate` for chilli.conf: the hotspot in the words of portal.yaml, its secrets in files of their own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { System } from "@pierhead/core";
import { migrateChilli } from "@pierhead/lang/chilli-conf";
import { EXIT, UsageError } from "../failure.ts";
import { readChilli } from "../input/chilli.ts";
import { jsonDiagnostic } from "../report/json.ts";
import { prettyDiagnostics } from "../report/pretty.ts";
import { colorsFor, plural } from "../terminal.ts";

export interface ChilliFlags {
  readonly to: System | null;
  readonly uplink?: string | undefined;
  readonly output?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Where secrets are looked for when nothing is written: the usual place. */
const SECRET_FOLDER = "/etc/pierhead";

export function migrateChilliFile(path: string, flags: ChilliFlags): number {
  const { settings, diagnostics } = readChilli(path);
  const isPf = flags.to !== null && flags.to.family !== "linux";
  const { text, secrets, notes } = migrateChilli(settings, {
    firewall: isPf ? "pf" : "nftables",
    uplink: flags.uplink ?? null,
    secretFolder: flags.output === undefined ? SECRET_FOLDER : dirname(flags.output),
  });
  const all = [...diagnostics, ...notes];
  if (flags.output !== undefined) {
    mkdirSync(dirname(flags.output), { recursive: true });
    // Never over a file that is there: a secret lost is lost.
    for (const [name, secret] of secrets) writeNew(join(dirname(flags.output), name), `${secret.reveal()}\n`, 0o600);
    writeNew(flags.output, text, 0o644);
  }
  const failed = all.some(({ severity }) => severity === "error");
  if (flags.json === true) {
    const files = [...secrets.keys()].map((name) =>
      join(flags.output === undefined ? SECRET_FOLDER : dirname(flags.output), name),
    );
    process.stdout.write(
      `${JSON.stringify({ text, secrets: files, diagnostics: all.map(jsonDiagnostic) }, null, 2)}\n`,
    );
    return failed ? EXIT.findings : EXIT.fine;
  }
  if (flags.output === undefined) process.stdout.write(text);
  const colors = colorsFor(process.stderr);
  if (all.length > 0) process.stderr.write(`${prettyDiagnostics(all, colors)}\n`);
  const where =
    flags.output === undefined
      ? `belong into ${SECRET_FOLDER}; -o writes them`
      : `are in ${dirname(flags.output)}, mode 0600`;
  if (secrets.size > 0)
    process.stderr.write(`${plural(secrets.size, "secret")} (${[...secrets.keys()].join(", ")}) ${where}\n`);
  return failed ? EXIT.findings : EXIT.fine;
}

function writeNew(path: string, text: string, mode: number): void {
  try {
    writeFileSync(path, text, { mode, flag: "wx" });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST")
      throw new UsageError(
        `${path}: is there already, and stays as it is`,
        "name another file with -o, or move this one away",
      );
    throw new UsageError(`${path}: cannot be written (${code ?? "unknown"})`);
  }
}
