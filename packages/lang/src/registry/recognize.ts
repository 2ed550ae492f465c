/** Which language a file is in and where on the host it belongs: by path, by base name, by content. */
import type { SystemFamily } from "@pierhead/core";
import { type Language, matchPath } from "./language.ts";
import { LANGUAGES } from "./registry.ts";

export interface RecognizedFile {
  readonly language: Language;
  /** Where it belongs on the host: `/etc/pf.conf`. */
  readonly path: string;
  /**
   * 0: at its own path below a root. 1: the name is right. 2: the name is a variation (`pf.conf.original`,
   * `openbsd-hostname.vio0`). 3: only the content tells.
   */
  readonly certainty: 0 | 1 | 2 | 3;
  /** System the name speaks of (`freebsd-rc.conf`); null when it speaks of none. */
  readonly family: SystemFamily | null;
}

const FAMILY_PREFIX = /^(openbsd|freebsd|netbsd|linux)(?:-?\d+(?:\.\d+)?)?[-_.]/i;

/** Endings people give to copies. */
const COPY_ENDING =
  /(?:[.~_-](?:orig(?:inal)?|bak|backup|old|new|sample|example|dist|snippet|copy|txt|fixed|test|draft|local|\d+)|~)$/i;

/**
 * Recognizes one file.
 *
 * @param path as the user knows it, with `/`
 * @param family of the system it is for, when known: languages of other systems are left out
 * @returns null when neither name nor content tell
 */
export function recognizeFile(path: string, text: string, family: SystemFamily | null): RecognizedFile | null {
  const candidates = LANGUAGES.filter((language) => family === null || language.families.includes(family));
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const base = parts[parts.length - 1] ?? "";
  const prefix = FAMILY_PREFIX.exec(base);
  const named = prefix === null ? null : (prefix[1]?.toLowerCase() as SystemFamily);
  for (let length = parts.length; length > 1; length--) {
    const tail = `/${parts.slice(-length).join("/")}`;
    const found = byPath(candidates, tail);
    if (found !== null) return { language: found, path: tail, certainty: 0, family: named };
  }
  const exact = byName(candidates, base);
  if (exact !== null) return { ...exact, certainty: 1, family: named };
  let rest = prefix === null ? base : base.slice(prefix[0].length);
  for (let i = 0; i < 3; i++) {
    const found = byName(candidates, rest);
    // Its own system's name on a file of another system's language is no accident: the file is for that system.
    if (found !== null) return { ...found, certainty: 2, family: named };
    const shorter = rest.replace(COPY_ENDING, "");
    if (shorter === rest) break;
    rest = shorter;
  }
  for (const language of candidates) {
    if (language.sniff(text)) return { language, path: pathFor(language, base), certainty: 3, family: named };
  }
  return null;
}

function byPath(languages: readonly Language[], path: string): Language | null {
  for (const language of languages) {
    for (const pattern of language.paths) {
      const part = matchPath(pattern, path);
      if (part !== null && (part === "" || isPart(language, part))) return language;
    }
  }
  return null;
}

function byName(languages: readonly Language[], base: string): { language: Language; path: string } | null {
  for (const language of languages) {
    for (const pattern of language.paths) {
      const slash = pattern.lastIndexOf("/");
      const name = pattern.slice(slash + 1);
      // A name that may start with anything is only known by its folder, or by an ending that nothing else has.
      if (/^\*(\.conf)?$/.test(name)) continue;
      const part = matchPath(name, base);
      if (part === null || (part !== "" && !isPart(language, part))) continue;
      return { language, path: `${pattern.slice(0, slash)}/${base}` };
    }
  }
  return null;
}

/** What may stand for `*`: netstart takes only interface names and link-layer addresses. */
function isPart(language: Language, part: string): boolean {
  if (language.name === "hostname-if") return isInterfaceName(part) || /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(part);
  if (language.name === "netstart") return isInterfaceName(part);
  return true;
}

/** Letters, then digits: what OpenBSD's netstart takes for an interface. */
export function isInterfaceName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9]*\d$/.test(name) && name.length < 16;
}

function pathFor(language: Language, base: string): string {
  const pattern = language.paths[0] as string;
  return pattern.includes("*") ? pattern.replace("*", base.replace(/[^A-Za-z0-9]/g, "") || "if0") : pattern;
}
