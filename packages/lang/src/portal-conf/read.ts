/** Reads portal.yaml: text in, configuration and diagnostics out. */
import { compareDiagnostics, type Diagnostic, diagnostic, type Source, type Span } from "@pierhead/core";
import { type IssueWords, issueDiagnostics, type YamlPath, YamlText } from "../yaml-text/index.ts";
import { checkPortal } from "./check.ts";
import type { PortalConfig } from "./config.ts";
import { resolvePortal, type SecretSource } from "./resolve.ts";
import { portalJsonSchema, portalSchema } from "./schema.ts";

export interface ReadPortalOptions {
  /** Gives the secret of `env:NAME` or `file:path`, or null. Absent: secrets are not looked at, and are empty. */
  readonly secret?: SecretSource;
  /** A secret that cannot be had keeps the portal from starting (the usual), or is only worth knowing. */
  readonly needsSecrets?: boolean;
  /** Name of the machine, for a gateway that has no other. */
  readonly hostName?: string;
}

export interface PortalReading {
  /** Null when the file cannot be run; with errors in the diagnostics it must not be. */
  readonly config: PortalConfig | null;
  readonly diagnostics: readonly Diagnostic[];
}

let schema: Record<string, unknown> | null = null;

/** Made once, and only when a key is unknown. */
function schemaOnce(): Record<string, unknown> {
  schema ??= portalJsonSchema();
  return schema;
}

const WORDS: IssueWords = {
  unknownKey: "portal/unknown-key",
  wrongName: "portal/wrong-value",
  missingKey: "portal/missing-key",
  wrongValue: "portal/wrong-value",
  shape: "A portal file is a list of keys: `guests:`, `uplink:`, `firewall:`, `signIn:`.",
  union: "none of the shapes it may have; see docs/guides/portal.md",
  schema: schemaOnce,
};

/** Reads a portal file. Never throws. */
export function readPortalConf(source: Source, options: ReadPortalOptions = {}): PortalReading {
  const document = new YamlText(source, { syntax: "portal/syntax", duplicateKey: "portal/duplicate-key" });
  if (document.diagnostics.length > 0) return { config: null, diagnostics: document.diagnostics };
  const parsed = portalSchema.safeParse(document.value);
  if (!parsed.success) {
    const diagnostics = issueDiagnostics(parsed.error.issues, document, WORDS).sort(compareDiagnostics);
    return { config: null, diagnostics };
  }
  const missing: Diagnostic[] = [];
  const secretOf = options.secret ?? (() => "");
  const places = placesOf(document);
  const config = resolvePortal(parsed.data, secretOf, options.hostName ?? "portal");
  for (const { path, reference } of secretsIn(document.value, [])) {
    if (secretOf(reference) !== null) continue;
    const what = reference.startsWith("env:")
      ? `the variable ${reference.slice(4)} is not set`
      : `the file ${reference.slice(5)} is not there, is empty, or may not be read`;
    const severity = options.needsSecrets === false ? "warning" : "error";
    const message = `This secret cannot be had: ${what}.`;
    missing.push(diagnostic("portal/missing-secret", severity, message, source, document.place(path)));
  }
  const diagnostics = [...checkPortal(parsed.data, config, document), ...missing].sort(compareDiagnostics);
  return { config: { ...config, places }, diagnostics };
}

/** `secret`, `macPassword` and `store` are the keys that may name one. */
function secretsIn(value: unknown, path: YamlPath): { path: YamlPath; reference: string }[] {
  if (typeof value === "string") {
    const key = path.at(-1);
    const named = key === "secret" || key === "macPassword" || key === "store";
    return named && /^(?:env|file):/.test(value) ? [{ path, reference: value }] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => secretsIn(item, [...path, index]));
  return Object.entries(value).flatMap(([key, item]) => secretsIn(item, [...path, key]));
}

function placesOf(document: YamlText): ReadonlyMap<string, Span> {
  const places = new Map<string, Span>();
  const walk = (value: unknown, path: YamlPath): void => {
    if (path.length > 0) places.set(path.join("."), document.place(path));
    if (typeof value !== "object" || value === null || path.length > 8) return;
    for (const [key, item] of Object.entries(value)) walk(item, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  walk(document.value, []);
  return places;
}
