/** npppd-users(5): records of getcap(3), one a user. */

import {
  type Address,
  type Diagnostic,
  diagnostic,
  parseAddress,
  Secret,
  type Severity,
  type Source,
  type Span,
} from "@pierhead/core";

/** One `name=value`; a field without `=` has a null value. */
export interface UserField {
  readonly name: string;
  readonly span: Span;
  readonly valueSpan: Span;
  /** As it is written, escapes not replaced. */
  readonly hasValue: boolean;
}

/** One record. npppd finds a user by any of its names and takes the first record that fits. */
export interface NpppdUser {
  readonly names: readonly { readonly name: string; readonly span: Span }[];
  readonly fields: readonly UserField[];
  /** Null: npppd gets none, and refuses the user. */
  readonly password: Secret | null;
  readonly passwordSpan: Span | null;
  readonly framedAddress: { readonly address: Address; readonly span: Span } | null;
  readonly framedNetmask: { readonly address: Address; readonly span: Span } | null;
  readonly callingNumber: string | null;
  /** Fields are so broken that npppd refuses the user. */
  readonly broken: boolean;
  readonly span: Span;
}

export interface NpppdUsers {
  readonly source: Source;
  readonly users: readonly NpppdUser[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Octets npppd has room for, less the NUL. */
const PASSWORD_LENGTH = 255;
const NUMBER_LENGTH = 32;

const FIELDS: readonly string[] = ["password", "framed-ip-address", "framed-ip-netmask", "calling-number"];

/** Reads npppd-users(5); never throws, whatever the text. */
export function loadNpppdUsers(source: Source): NpppdUsers {
  const diagnostics: Diagnostic[] = [];
  const say = (code: string, severity: Severity, message: string, span: Span): void => {
    diagnostics.push(diagnostic(code, severity, message, source, span));
  };
  const users: NpppdUser[] = [];
  const seen = new Map<string, NpppdUser>();
  for (const record of records(source.text)) {
    if (record.text === "") continue;
    if (record.text.startsWith("#")) {
      if (record.joined) {
        say(
          "npppd/user-comment-continues",
          "warning",
          "This comment ends in a backslash, so the line after it belongs to it and is not read; remove the backslash.",
          record.span,
        );
      }
      continue;
    }
    const user = readUser(record, say);
    if (user === null) continue;
    for (const { name, span } of user.names) {
      if (seen.has(name)) {
        say(
          "npppd/user-twice",
          "warning",
          `User ${name} is there already; the first record counts, this one never.`,
          span,
        );
      } else seen.set(name, user);
    }
    users.push(user);
  }
  return { source, users, diagnostics };
}

/** A record with its lines joined. `places` gives the offset in the file of every character of `text`. */
interface Record {
  readonly text: string;
  readonly places: Uint32Array;
  readonly span: Span;
  /** More than one line. */
  readonly joined: boolean;
}

function* records(text: string): Generator<Record> {
  let start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (start < text.length) {
    const parts: { from: number; to: number }[] = [];
    let line = start;
    for (;;) {
      const end = text.indexOf("\n", line);
      const stop = end === -1 ? text.length : end;
      const continues = end !== -1 && stop > line && text.charCodeAt(stop - 1) === 92;
      parts.push({ from: line, to: continues ? stop - 1 : stop });
      line = stop + 1;
      if (!continues || line >= text.length) break;
    }
    let length = 0;
    for (const { from, to } of parts) length += to - from;
    const places = new Uint32Array(length + 1);
    const pieces: string[] = [];
    let at = 0;
    for (const { from, to } of parts) {
      pieces.push(text.slice(from, to));
      for (let i = from; i < to; i++) places[at++] = i;
    }
    const end = (parts[parts.length - 1] as { to: number }).to;
    places[at] = end;
    yield { text: pieces.join(""), places, span: { start, end }, joined: parts.length > 1 };
    start = line;
  }
}

type Say = (code: string, severity: Severity, message: string, span: Span) => void;

function readUser(record: Record, say: Say): NpppdUser | null {
  const { text, places } = record;
  const spanOf = (from: number, to: number): Span => ({
    start: places[from] as number,
    end: to > from ? (places[to - 1] as number) + 1 : (places[from] as number),
  });
  const colon = text.indexOf(":");
  const head = colon === -1 ? text : text.slice(0, colon);
  if (/^[ \t\r]*$/.test(text)) {
    return null;
  }
  if (head.trim() === "") {
    say(
      "npppd/user-continuation",
      "error",
      "This line has fields but no user: the line before it must end in a backslash for them to belong together.",
      record.span,
    );
    return null;
  }
  const names: { name: string; span: Span }[] = [];
  let from = 0;
  for (const name of head.split("|")) {
    names.push({ name, span: spanOf(from, from + name.length) });
    from += name.length + 1;
  }
  const fields = colon === -1 ? [] : readFields(text, colon + 1, spanOf);
  return judge(record, names, fields, spanOf, say);
}

interface RawField extends UserField {
  readonly value: string;
}

function readFields(text: string, start: number, spanOf: (from: number, to: number) => Span): RawField[] {
  const fields: RawField[] = [];
  let from = start;
  while (from <= text.length) {
    const colon = text.indexOf(":", from);
    const end = colon === -1 ? text.length : colon;
    const field = text.slice(from, end);
    // What stands between fields to make the lines line up is a field of its own, which nobody asks for.
    if (field.trim() !== "") {
      const equals = field.indexOf("=");
      const name = equals === -1 ? field : field.slice(0, equals);
      fields.push({
        name,
        hasValue: equals !== -1,
        value: equals === -1 ? "" : field.slice(equals + 1),
        span: spanOf(from, end),
        valueSpan: equals === -1 ? spanOf(end, end) : spanOf(from + equals + 1, end),
      });
    }
    if (colon === -1) break;
    from = colon + 1;
  }
  return fields;
}

function judge(
  record: Record,
  names: readonly { readonly name: string; readonly span: Span }[],
  fields: readonly RawField[],
  spanOf: (from: number, to: number) => Span,
  say: Say,
): NpppdUser {
  const first = names[0] as { readonly name: string; readonly span: Span };
  let broken = false;
  let password: Secret | null = null;
  let callingNumber: string | null = null;
  const addresses = new Map<string, { address: Address; span: Span }>();
  const seen = new Set<string>();
  for (const field of fields) {
    if (field.name === "tc" && field.hasValue) continue;
    if (!FIELDS.includes(field.name)) {
      say(
        "npppd/user-unknown-field",
        "warning",
        `npppd knows no field "${field.name}"; it knows ${FIELDS.join(", ")}. A colon inside a password is written \\c.`,
        field.span,
      );
      continue;
    }
    if (seen.has(field.name)) {
      say("npppd/user-field-twice", "warning", `${field.name} is given before; the first one counts.`, field.span);
      continue;
    }
    seen.add(field.name);
    if (!field.hasValue || field.value.startsWith("@")) {
      const text = "`@` at the start means that there is no such field; write it as \\100.";
      const missing = `${field.name} has no value; write ${field.name}=VALUE.`;
      say("npppd/user-no-value", "error", field.hasValue ? text : missing, field.span);
      continue;
    }
    const value = decode(field.value);
    if (value.problem !== null) say("npppd/user-escape", "warning", value.problem, field.valueSpan);
    if (field.name === "password") {
      password = new Secret(value.text);
      if (value.text.length > PASSWORD_LENGTH) {
        broken = true;
        say("npppd/user-password-long", "error", `Passwords have at most ${PASSWORD_LENGTH} octets.`, field.valueSpan);
      }
    } else if (field.name === "calling-number") {
      callingNumber = value.text;
      if (value.text.length > NUMBER_LENGTH) {
        broken = true;
        say(
          "npppd/user-number-long",
          "error",
          `Calling numbers have at most ${NUMBER_LENGTH} octets.`,
          field.valueSpan,
        );
      }
    } else {
      const address = parseAddress(value.text);
      if (address === null || address.family !== 4) {
        broken = true;
        say(
          "npppd/user-address",
          "error",
          `"${value.text}" is no IPv4 address, and npppd then refuses the user; correct it.`,
          field.valueSpan,
        );
      } else addresses.set(field.name, { address, span: field.valueSpan });
    }
  }
  const inherits = fields.some((field) => field.name === "tc" && field.hasValue);
  if (password === null && !seen.has("password") && !inherits) {
    say(
      "npppd/user-no-password",
      "warning",
      `User ${first.name} has no password and cannot log in; add one.`,
      first.span,
    );
  }
  if (!record.text.endsWith(":") && fields.length > 0 && !record.text.endsWith("\r")) {
    const end = record.text.length;
    say(
      "npppd/user-open-end",
      "note",
      "The last field should end in a colon, as getcap(3) has it.",
      spanOf(end - 1, end),
    );
  }
  const passwordField = fields.find((field) => field.name === "password");
  return {
    names,
    fields,
    password,
    passwordSpan: passwordField?.valueSpan ?? null,
    framedAddress: addresses.get("framed-ip-address") ?? null,
    framedNetmask: addresses.get("framed-ip-netmask") ?? null,
    callingNumber,
    broken,
    span: record.span,
  };
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["b", "\b"],
  ["t", "\t"],
  ["n", "\n"],
  ["f", "\f"],
  ["r", "\r"],
  ["e", "\x1b"],
  ["c", ":"],
]);

/** cgetstr(3): `^X`, `\ooo`, `\b` and so on; any other character behind `\` is itself. */
function decode(value: string): { readonly text: string; readonly problem: string | null } {
  let text = "";
  let problem: string | null = null;
  for (let i = 0; i < value.length; i++) {
    const character = value[i] as string;
    if (character !== "^" && character !== "\\") {
      text += character;
      continue;
    }
    const next = value[++i];
    if (next === undefined) {
      problem = `The value ends in ${character === "^" ? "`^`" : "a backslash"}, which is dropped; write ${character}${character}, or \\c for a colon.`;
      break;
    }
    if (character === "^") text += String.fromCharCode(next.charCodeAt(0) & 31);
    else if (next >= "0" && next <= "7") {
      const digits = (/^[0-7]{1,3}/.exec(value.slice(i)) as RegExpExecArray)[0];
      text += String.fromCharCode(Number.parseInt(digits, 8) & 255);
      i += digits.length - 1;
    } else {
      const known = ESCAPES.get(next.toLowerCase());
      text += known ?? next;
      if (known === undefined && /[a-z0-9]/i.test(next)) {
        problem = `\\${next} is no escape, it stands for ${next}; see getcap(3).`;
      }
    }
  }
  return { text, problem };
}
