/** What the schema says of a value, in plain words and at its place. */
import { type Diagnostic, diagnostic } from "@pierhead/core";
import type * as z from "zod";
import { nearest } from "../text/index.ts";
import type { YamlPath, YamlText } from "./document.ts";

type Issue = z.core.$ZodIssue;

/** How a language says it. */
export interface IssueWords {
  readonly unknownKey: string;
  readonly wrongName: string;
  readonly missingKey: string;
  readonly wrongValue: string;
  /** When the file is a text or a list: what it should be. */
  readonly shape: string;
  /** When a value is none of several kinds. */
  readonly union: string;
  /** The JSON Schema, for the keys that there are. */
  schema(): unknown;
  /** Something better to say of a value that a check of its own refused; null: what the check says. */
  special?(path: YamlPath, given: unknown): { readonly code: string; readonly message: string } | null;
}

export function issueDiagnostics(issues: readonly Issue[], document: YamlText, words: IssueWords): Diagnostic[] {
  return issues.flatMap((issue) => one(issue, document, words));
}

function one(issue: Issue, document: YamlText, words: IssueWords): Diagnostic[] {
  const wrong = (message: string, document: YamlText, path: YamlPath): Diagnostic =>
    diagnostic(words.wrongValue, "error", message, document.source, document.place(path));
  const path = issue.path.filter((part): part is string | number => typeof part !== "symbol");
  const { source } = document;
  const shown = path.length === 0 ? "the file" : `\`${String(path[path.length - 1])}\``;
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => {
        const known = keysAt(words.schema(), path);
        const meant = nearest(key, known);
        const hint = meant !== null ? `; did you mean \`${meant}\`?` : `; it may be ${known.join(", ")}.`;
        const span = document.keyPlace([...path, key]);
        return diagnostic(words.unknownKey, "error", `There is no \`${key}\` here${hint}`, source, span);
      });
    case "invalid_key": {
      const why = issue.issues[0]?.message ?? "not a name";
      return [diagnostic(words.wrongName, "error", `${capital(why)}.`, source, document.keyPlace(path))];
    }
    case "invalid_type":
      if (at(document.value, path) === undefined) {
        const key = String(path[path.length - 1] ?? "");
        const message = key === "" ? "The file is empty." : `\`${key}\` is missing here.`;
        return [diagnostic(words.missingKey, "error", message, source, document.place(path.slice(0, -1)))];
      }
      if (path.length === 0) {
        return [diagnostic(words.wrongValue, "error", words.shape, source, document.place(path))];
      }
      return [wrong(`${capital(shown)} must be ${kind(issue.expected)}.`, document, path)];
    case "invalid_value":
      if (path.length > 0 && at(document.value, path) === undefined) {
        const message = `${shown} is missing here: one of ${issue.values.map(String).join(", ")}.`;
        return [diagnostic(words.missingKey, "error", message, source, document.place(path.slice(0, -1)))];
      }
      return [wrong(`${capital(shown)} is one of ${issue.values.map(String).join(", ")}.`, document, path)];
    case "too_small":
      return [
        wrong(
          issue.origin === "number"
            ? `${capital(shown)} is at least ${issue.minimum}.`
            : `${capital(shown)} must not be empty.`,
          document,
          path,
        ),
      ];
    case "too_big":
      return [
        wrong(
          `${capital(shown)} is at most ${issue.maximum}${issue.origin === "string" ? " characters" : ""}.`,
          document,
          path,
        ),
      ];
    case "invalid_union":
      return [wrong(`${capital(shown)} is ${words.union}.`, document, path)];
    case "custom": {
      const special = words.special?.(path, at(document.value, path)) ?? null;
      if (special === null) return [wrong(`${capital(shown)}: ${issue.message}.`, document, path)];
      return [diagnostic(special.code, "error", special.message, source, document.place(path))];
    }
    default:
      return [wrong(`${capital(shown)}: ${issue.message}.`, document, path)];
  }
}

function kind(expected: string): string {
  switch (expected) {
    case "record":
    case "object":
      return "a block of keys";
    case "array":
      return "a list";
    case "boolean":
      return "true or false";
    case "int":
      return "a whole number";
    case "string":
      return "text";
    default:
      return `a ${expected}`;
  }
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function at(value: unknown, path: YamlPath): unknown {
  let now = value;
  for (const part of path) {
    if (typeof now !== "object" || now === null || !Object.hasOwn(now, part)) return undefined;
    now = (now as Record<string | number, unknown>)[part];
  }
  return now;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
}

/** Keys the schema knows at a path. */
function keysAt(whole: unknown, path: YamlPath): string[] {
  let schema = whole as JsonSchema | undefined;
  for (const part of path) {
    if (typeof part === "number") schema = schema?.items;
    else schema = schema?.properties?.[part] ?? (schema?.additionalProperties || undefined);
  }
  return Object.keys(schema?.properties ?? {});
}
