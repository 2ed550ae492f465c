import type { Diagnostic, Source, System, SystemFamily } from "@pierhead/core";

/** What any language says about a file on its own. */
export interface LanguageResult {
  readonly diagnostics: readonly Diagnostic[];
  /** The file again from its tree, byte for byte. */
  print(): string;
}

/** One configuration language. */
export interface Language {
  /** As in diagnostic codes: `pf`, `hostname-if`. */
  readonly name: string;
  /** As people call the file: `pf.conf`, `hostname.if`. */
  readonly title: string;
  /** Systems that have it. */
  readonly families: readonly SystemFamily[];
  /** Files it is read from, absolute; `*` stands for one part of a name. */
  readonly paths: readonly string[];
  /** Whether a text is clearly of this language, for files whose name does not tell. */
  sniff(text: string): boolean;
  /** Reads and checks a file. `path` is absolute as on the host. */
  read(source: Source, system: System, path: string): LanguageResult;
}

/**
 * The part of a path that `*` stands for in `/etc/hostname.*`; null when the path is not of that shape. Of two stars
 * it is the part of the first.
 */
export function matchPath(pattern: string, path: string): string | null {
  const star = pattern.indexOf("*");
  if (star === -1) return pattern === path ? "" : null;
  const second = pattern.indexOf("*", star + 1);
  if (second !== -1) {
    // Between the stars stands a folder's end: `/etc/systemd/network/*.network.d/*.conf`.
    const slash = pattern.lastIndexOf("/", second);
    const cut = path.lastIndexOf("/");
    if (slash < star || cut === -1) return null;
    const first = matchPath(pattern.slice(0, slash), path.slice(0, cut));
    return first !== null && matchPath(pattern.slice(slash), path.slice(cut)) !== null ? first : null;
  }
  const head = pattern.slice(0, star);
  const tail = pattern.slice(star + 1);
  if (!path.startsWith(head) || !path.endsWith(tail) || path.length <= head.length + tail.length) return null;
  const part = path.slice(head.length, path.length - tail.length);
  return part.includes("/") ? null : part;
}
