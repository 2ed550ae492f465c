/**
 * The files of one host, each at the place where that host has it. What the user points at may be a whole root, its
 * `etc` folder, a flat folder with copies of the files, or one file.
 */
import { Source, type System } from "@pierhead/core";
import { type Language, matchPath, recognizeFile } from "@pierhead/lang/registry";

/** One file of a tree. */
export interface TreeFile {
  /** Absolute on the host: `/etc/pf.conf`. */
  readonly path: string;
  /** Named as the user named it. */
  readonly source: Source;
  /** Null: no language of this system, or none we read. */
  readonly language: Language | null;
  /**
   * The host would read it. False for copies beside the real file (`pf.conf.original`) and for files of another
   * system.
   */
  readonly live: boolean;
}

/** Path → text; what the command line, a scenario and a build hand over. */
export type TreeTexts = ReadonlyMap<string, string> | Readonly<Record<string, string>>;

export class ConfigTree {
  /** In order of path. */
  readonly files: readonly TreeFile[];
  readonly #byPath: Map<string, TreeFile>;

  constructor(files: readonly TreeFile[]) {
    this.files = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    this.#byPath = new Map(this.files.filter((file) => file.live).map((file) => [file.path, file]));
  }

  /** The file the host reads at this path; null without one. */
  file(path: string): TreeFile | null {
    return this.#byPath.get(path) ?? null;
  }

  source(path: string): Source | null {
    return this.file(path)?.source ?? null;
  }

  text(path: string): string | null {
    return this.file(path)?.source.text ?? null;
  }

  /** Live files of a language at the places the host reads them from, in order of path. */
  of(language: string): readonly TreeFile[] {
    return this.speaking(language).filter((file) =>
      file.language?.paths.some((pattern) => matchPath(pattern, file.path) !== null),
    );
  }

  /** Live files of a language, wherever they are: rules that a command loads may be in any file. */
  speaking(language: string): readonly TreeFile[] {
    return this.files.filter((file) => file.live && file.language?.name === language);
  }

  /** How the user named all live files, by path. */
  names(): Map<string, string> {
    return new Map(this.files.filter((file) => file.live).map((file) => [file.path, file.source.name]));
  }

  /** Texts of all live files by path: what `include`, tables and commands can read. */
  texts(): Map<string, string> {
    return new Map(this.files.filter((file) => file.live).map((file) => [file.path, file.source.text]));
  }
}

/** Puts the files of a host in their places. */
export function configTree(texts: TreeTexts, system: System): ConfigTree {
  const entries = texts instanceof Map ? [...texts] : Object.entries(texts as Record<string, string>);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const root = commonRoot(entries.map(([path]) => path));
  const best = new Map<string, { certainty: number; index: number }>();
  const sniffed = new Set<number>();
  const files = entries.map(([path, text], index): TreeFile => {
    const known = recognizeFile(path, text, system.family);
    const foreign = known?.family != null && known.family !== system.family;
    // Below a real root the host reads only the very names; a copy there is nothing but a copy, and what looks like
    // a language is a file that others name.
    const rooted = /(^|\/)(etc|usr|var)\//.test(path);
    const copy = rooted && known?.certainty === 2;
    const aside = rooted && known?.certainty === 3;
    if (known?.certainty === 3) sniffed.add(index);
    const place = known === null || aside ? hostPath(path, root) : known.path;
    if (known !== null && !foreign && !copy && !aside) {
      const before = best.get(place);
      if (before === undefined || known.certainty < before.certainty) {
        best.set(place, { certainty: known.certainty, index });
      }
    }
    return {
      path: place,
      source: new Source(path, text),
      language: foreign ? null : (known?.language ?? null),
      live: !foreign && (known === null || aside),
    };
  });
  // A copy under another name belongs where its original is, but only one of them is read by the host.
  const originals = new Map<string, { certainty: number; index: number }>();
  for (const [path, found] of best) {
    const file = files[found.index] as TreeFile;
    const place = file.language === null ? path : originalPath(path, file.language);
    const before = originals.get(place);
    if (before === undefined || found.certainty < before.certainty) originals.set(place, found);
  }
  const chosen = new Set([...originals.values()].map((one) => one.index));
  return new ConfigTree(
    files.map((file, index) => {
      if (file.language === null || file.live) return file;
      if (chosen.has(index)) return { ...file, path: originalPath(file.path, file.language), live: true };
      // Only its content told: beside a file with the right name it is one that others load.
      return sniffed.has(index) ? { ...file, path: hostPath(file.source.name, root), live: true } : file;
    }),
  );
}

/** `/etc/pf.conf` for `/etc/pf.conf.original` of the same language; a pattern's own part stays. */
function originalPath(path: string, language: Language): string {
  // `interfaces.d/lan` is no copy of `interfaces`.
  if (language.paths.some((pattern) => matchPath(pattern, path) !== null)) return path;
  for (const pattern of language.paths) {
    // Below a folder of that name it is another file: /etc/rc.conf.d/pf.
    if (!pattern.includes("*") && path.startsWith(pattern) && !path.slice(pattern.length).includes("/")) return pattern;
  }
  return path;
}

/** What all paths have before the first folder a root has (`etc`, `usr`, `var`). */
function commonRoot(paths: readonly string[]): string {
  for (const path of paths) {
    const match = /^(.*?)\/?(?:etc|usr|var|root|boot)\//.exec(`${path}`);
    if (match !== null) return match[1] === "" ? "" : (match[1] as string);
  }
  return "";
}

/** Where a file nobody recognized is on the host: below the root, or in `/etc` when it stands alone. */
function hostPath(path: string, root: string): string {
  if (path.startsWith("/")) return root !== "" && path.startsWith(`${root}/`) ? path.slice(root.length) : path;
  const rest = root !== "" && path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
  return /^(etc|usr|var|root|boot|home|tmp)\//.test(rest) ? `/${rest}` : `/etc/${rest}`;
}
