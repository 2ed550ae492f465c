/** mpd.secret: one user a line, `NAME PASSWORD [ADDRESS[/WIDTH]]` (auth.c, `AuthGetData`). */
import {
  type Diagnostic,
  diagnostic,
  type Prefix,
  Secret,
  type Severity,
  type Source,
  type Span,
} from "@pierhead/core";
import { type Origin, SyntaxBuilder, type SyntaxFile } from "../lexer/index.ts";
import { readMpdLines } from "./lines.ts";
import { parseRange } from "./values.ts";

export interface MpdUser {
  /** `*` stands for everybody, with a program that knows the password. */
  readonly name: string;
  readonly origin: Origin;
  /** Null: a program is asked (`!/path`). */
  readonly password: Secret | null;
  readonly passwordOrigin: Origin;
  /** What the user may have; null: whatever the bundle gives. */
  readonly range: Prefix | null;
  readonly rangeOrigin: Origin | null;
}

export interface MpdSecrets {
  readonly source: Source;
  readonly syntax: SyntaxFile;
  readonly users: readonly MpdUser[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Loads an mpd.secret; never throws, whatever the text. */
export function loadMpdSecret(source: Source): MpdSecrets {
  const builder = new SyntaxBuilder(source);
  const diagnostics: Diagnostic[] = [];
  const users: MpdUser[] = [];
  const seen = new Set<string>();
  const say = (code: string, severity: Severity, message: string, span: Span): void => {
    diagnostics.push(diagnostic(code, severity, message, source, span));
  };
  const at = (span: Span): Origin => ({ source, span });
  for (const line of readMpdLines(source.text)) {
    for (const { span } of line.words) builder.token("word", span.start, span.end);
    builder.statement("user", line.span);
    const [name, password, range, ...more] = line.words;
    const open = line.words.find((word) => word.open);
    if (open !== undefined) {
      say("mpd/open-quote", "warning", "This quote is not closed; what follows on the line belongs to it.", open.span);
    }
    if (name === undefined || password === undefined) {
      say("mpd/user-password", "error", "A user has a name and a password; this line is passed over.", line.span);
      continue;
    }
    const parsed = range === undefined ? null : parseRange(range.text);
    if (range !== undefined && parsed === null) {
      say(
        "mpd/user-address",
        "error",
        "Behind the password stands an address, or an address with a width, and nothing else; a password with blanks is quoted.",
        range.span,
      );
    }
    if (more[0] !== undefined) {
      say(
        "mpd/user-words",
        "warning",
        "Nothing is read behind the address; a password with blanks is quoted, a comment has its own line.",
        more[0].span,
      );
    }
    if (seen.has(name.text)) {
      say("mpd/user-twice", "warning", "This user is there already; the first line counts, this one never.", name.span);
    }
    seen.add(name.text);
    users.push({
      name: name.text,
      origin: at(name.span),
      password: password.text.startsWith("!") ? null : new Secret(password.text),
      passwordOrigin: at(password.span),
      range: parsed,
      rangeOrigin: parsed === null || range === undefined ? null : at(range.span),
    });
  }
  return { source, syntax: builder.finish(), users, diagnostics };
}

/** The line that counts for a name: the first that has it, or the first program that is asked for everybody. */
export function findMpdUser(secrets: MpdSecrets, name: string): MpdUser | null {
  return secrets.users.find((one) => one.name === name || (one.name === "*" && one.password === null)) ?? null;
}
