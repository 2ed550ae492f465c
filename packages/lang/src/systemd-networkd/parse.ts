/** Reads one file: its syntax, and which of its sections and keys systemd knows. */
import { type Diagnostic, diagnostic, type Source } from "@pierhead/core";
import { nearest } from "../text/index.ts";
import { type IniFile, type IniProblem, parseIni } from "./ini.ts";
import { LINK_KEYS, NETDEV_KEYS, NETWORK_KEYS, OLD_KEYS, OLD_SECTIONS } from "./keys.ts";

export type NetworkdKind = "network" | "netdev" | "link";

/** One `.network`, `.netdev` or `.link` file, or a drop-in of one. */
export interface NetworkdFile {
  readonly source: Source;
  readonly kind: NetworkdKind;
  /** A file below `NAME.network.d/`: it adds to another one. */
  readonly dropIn: boolean;
  readonly ini: IniFile;
  readonly diagnostics: readonly Diagnostic[];
}

/** What a path below systemd's folders holds; null when it is none of these files. */
export function networkdPath(path: string): { readonly kind: NetworkdKind; readonly dropInOf: string | null } | null {
  const match = /\/([^/]+\.(network|netdev|link))(?:\.d\/[^/]+\.conf)?$/.exec(path);
  if (match === null) return null;
  return { kind: match[2] as NetworkdKind, dropInOf: path.endsWith(".conf") ? (match[1] as string) : null };
}

const KEYS: Readonly<Record<NetworkdKind, Readonly<Record<string, readonly string[]>>>> = {
  network: NETWORK_KEYS,
  netdev: NETDEV_KEYS,
  link: LINK_KEYS,
};

const PROBLEMS: Readonly<Record<IniProblem["kind"], { code: string; severity: Diagnostic["severity"]; text: string }>> =
  {
    "bad-header": {
      code: "systemd-networkd/bad-section-header",
      severity: "error",
      text: "A section header is `[Name]` alone on its line; systemd gives up here and takes nothing from this file.",
    },
    "outside-section": {
      code: "systemd-networkd/outside-section",
      severity: "error",
      text: "This line stands before any section and is ignored; put `[Match]`, `[Network]` or the like above it.",
    },
    "no-equals": {
      code: "systemd-networkd/no-equals",
      severity: "error",
      text: "Lines are written `Key=Value`; this one has no `=` and is ignored.",
    },
    "no-key": {
      code: "systemd-networkd/no-key",
      severity: "error",
      text: "There is no key before the `=`; the line is ignored.",
    },
  };

/** Reads a file; never throws, whatever the text. */
export function parseNetworkd(source: Source, kind: NetworkdKind, dropIn = false): NetworkdFile {
  const ini = parseIni(source);
  const diagnostics: Diagnostic[] = ini.problems.map((problem) => {
    const { code, severity, text } = PROBLEMS[problem.kind];
    return diagnostic(code, severity, text, source, problem.span);
  });
  for (const section of ini.sections) {
    const known = Object.hasOwn(KEYS[kind], section.name) ? KEYS[kind][section.name] : undefined;
    // Names that begin with X- are for others.
    if (section.name.startsWith("X-")) continue;
    if (known === undefined) {
      diagnostics.push(unknownSection(source, kind, section.name, section.span));
      continue;
    }
    const renamed = kind === "network" ? OLD_SECTIONS.get(section.name) : undefined;
    if (renamed !== undefined) {
      const text = `[${section.name}] is the old name of [${renamed}].`;
      diagnostics.push(diagnostic("systemd-networkd/old-name", "note", text, source, section.span));
    }
    for (const { key, keySpan, value, valueSpan } of section.assignments) {
      if (key.startsWith("X-") || key.startsWith("-")) continue;
      if (!known.includes(key)) {
        diagnostics.push(unknownKey(source, kind, section.name, key, keySpan));
        continue;
      }
      const old = OLD_KEYS.get(`${section.name}.${key}`);
      if (old !== undefined && kind === "network") {
        diagnostics.push(
          diagnostic("systemd-networkd/old-name", "note", `${key}= is the old name of ${old}=.`, source, keySpan, {
            fix: { title: `write ${old}`, edits: [{ source, span: keySpan, text: old }] },
          }),
        );
      }
      const comment = /(^|\s)[#;]/.exec(value);
      if (comment !== null && !/^(Description|SSID|User|Password|APN)$/.test(key)) {
        const text =
          "A comment must stand on a line of its own; here it is part of the value, and the value is then wrong.";
        diagnostics.push(diagnostic("systemd-networkd/comment-in-value", "error", text, source, valueSpan));
      }
    }
  }
  return { source, kind, dropIn, ini, diagnostics };
}

function unknownSection(source: Source, kind: NetworkdKind, name: string, span: Diagnostic["span"]): Diagnostic {
  const meant = nearest(name, Object.keys(KEYS[kind]));
  const elsewhere = (["network", "netdev", "link"] as const).find(
    (other) => other !== kind && Object.hasOwn(KEYS[other], name),
  );
  const hint =
    elsewhere !== undefined ? ` It belongs into a .${elsewhere} file.` : meant === null ? "" : ` Is [${meant}] meant?`;
  const text = `A .${kind} file has no section [${shorten(name)}]; all of it is ignored.${hint}`;
  return diagnostic("systemd-networkd/unknown-section", "error", text, source, span);
}

function unknownKey(
  source: Source,
  kind: NetworkdKind,
  section: string,
  key: string,
  span: Diagnostic["span"],
): Diagnostic {
  const known = KEYS[kind][section] as readonly string[];
  const lower = key.toLowerCase();
  const meant = known.find((one) => one.toLowerCase() === lower) ?? nearest(key, known);
  const home = Object.entries(KEYS[kind]).find(([other, keys]) => other !== section && keys.includes(key))?.[0];
  const hint = meant !== null ? `. Is ${meant} meant?` : home !== undefined ? `; it belongs into [${home}].` : ".";
  return diagnostic(
    "systemd-networkd/unknown-key",
    "warning",
    `[${section}] has no key ${shorten(key)}, and the line is ignored${hint}`,
    source,
    span,
    meant === null ? {} : { fix: { title: `write ${meant}`, edits: [{ source, span, text: meant }] } },
  );
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
