/** What the schema says of a value, in plain words and at its place. */
import { type Diagnostic, diagnostic, KNOWN_SYSTEMS } from "@pierhead/core";
import { nearest } from "@pierhead/lang/text";
import type * as z from "zod";
import { siteJsonSchema } from "../schema/index.ts";
import type { SiteDocument, SitePath } from "./document.ts";

type Issue = z.core.$ZodIssue;

export function issueDiagnostics(issues: readonly Issue[], document: SiteDocument): Diagnostic[] {
  return issues.flatMap((issue) => one(issue, document));
}

function one(issue: Issue, document: SiteDocument): Diagnostic[] {
  const path = issue.path.filter((part): part is string | number => typeof part !== "symbol");
  const { source } = document;
  const shown = path.length === 0 ? "the file" : `\`${String(path[path.length - 1])}\``;
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => {
        const known = keysAt(path);
        const meant = nearest(key, known);
        const hint = meant !== null ? `; did you mean \`${meant}\`?` : `; it may be ${known.join(", ")}.`;
        const span = document.keyPlace([...path, key]);
        return diagnostic("site/unknown-key", "error", `There is no \`${key}\` here${hint}`, source, span);
      });
    case "invalid_key": {
      const why = issue.issues[0]?.message ?? "not a name";
      return [diagnostic("site/wrong-name", "error", `${capital(why)}.`, source, document.keyPlace(path))];
    }
    case "invalid_type":
      if (at(document.value, path) === undefined) {
        const key = String(path[path.length - 1] ?? "");
        const message = key === "" ? "The file is empty." : `\`${key}\` is missing here.`;
        return [diagnostic("site/missing-key", "error", message, source, document.place(path.slice(0, -1)))];
      }
      if (path.length === 0) {
        const message = "A site file is a list of keys: `site:`, `hosts:`, `guests:`.";
        return [diagnostic("site/wrong-value", "error", message, source, document.place(path))];
      }
      return [wrong(`${capital(shown)} must be ${kind(issue.expected)}.`, document, path)];
    case "invalid_value":
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
      return [wrong(`${capital(shown)} is a service name like https, or a number from 1 to 65535.`, document, path)];
    case "custom":
      if (path[path.length - 1] === "system") {
        const given = String(at(document.value, path));
        const message = `There is no system \`${given}\`; systems are written like ${KNOWN_SYSTEMS.join(", ")}.`;
        return [diagnostic("site/unknown-system", "error", message, source, document.place(path))];
      }
      return [wrong(`${capital(shown)}: ${issue.message}.`, document, path)];
    default:
      return [wrong(`${capital(shown)}: ${issue.message}.`, document, path)];
  }
}

function wrong(message: string, document: SiteDocument, path: SitePath): Diagnostic {
  return diagnostic("site/wrong-value", "error", message, document.source, document.place(path));
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

function at(value: unknown, path: SitePath): unknown {
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
function keysAt(path: SitePath): string[] {
  let schema: JsonSchema | undefined = siteJsonSchema() as JsonSchema;
  for (const part of path) {
    if (typeof part === "number") schema = schema?.items;
    else schema = schema?.properties?.[part] ?? (schema?.additionalProperties || undefined);
  }
  return Object.keys(schema?.properties ?? {});
}
