/** What the readers of all three kinds of files share: places, messages, and `[Match]`. */
import { type Diagnostic, diagnostic, type Severity } from "@pierhead/core";
import type { MatchSettings, NamePatterns, Place } from "./configuration.ts";
import type { Assignment, Section } from "./ini.ts";
import type { NetworkdFile } from "./parse.ts";
import { parseBoolean, parseMac, parseSize, parseUnsigned } from "./values.ts";

/** One assignment with the file it stands in. */
export interface Entry extends Assignment {
  readonly file: NetworkdFile;
  readonly section: Section;
}

/** Reads the values of some files that belong together, and collects what is wrong with them. */
export class ValueReader {
  readonly diagnostics: Diagnostic[] = [];
  /** Sections of all files in the order systemd reads them: the file itself, then its drop-ins. */
  readonly sections: readonly { readonly file: NetworkdFile; readonly section: Section }[];

  constructor(files: readonly NetworkdFile[]) {
    this.sections = files.flatMap((file) =>
      file.ini.refused ? [] : file.ini.sections.map((section) => ({ file, section })),
    );
  }

  /** Assignments of all sections of a name. */
  entries(name: string): Entry[] {
    return this.sections
      .filter(({ section }) => section.name === name)
      .flatMap(({ file, section }) => section.assignments.map((one) => ({ ...one, file, section })));
  }

  say(code: string, severity: Severity, message: string, place: Place, extra: { fix?: Diagnostic["fix"] } = {}): void {
    this.diagnostics.push(diagnostic(code, severity, message, place.source, place.span, extra));
  }

  boolean(entry: Entry): boolean | null {
    const value = parseBoolean(entry.value);
    if (value === null && entry.value !== "") {
      const text = `${entry.key}= is yes or no; "${shown(entry.value)}" is neither, and the line is ignored.`;
      this.say("systemd-networkd/bad-boolean", "error", text, placeOf(entry));
    }
    return value;
  }

  number(entry: Entry, limit = 4294967295): number | null {
    const value = parseUnsigned(entry.value, limit);
    if (value === null && entry.value !== "") {
      const text = `${entry.key}= is a number up to ${limit}; "${shown(entry.value)}" is not, and the line is ignored.`;
      this.say("systemd-networkd/bad-number", "error", text, placeOf(entry));
    }
    return value;
  }

  size(entry: Entry): number | null {
    const value = parseSize(entry.value);
    if ((value === null || value < 68) && entry.value !== "") {
      const text = `${entry.key}= is a number of octets from 68 on (K and M may follow); "${shown(entry.value)}" is not.`;
      this.say("systemd-networkd/bad-number", "error", text, placeOf(entry));
      return null;
    }
    return value;
  }

  mac(entry: Entry, text: string = entry.value): string | null {
    const mac = parseMac(text);
    if (mac === null && text !== "") {
      const message = `"${shown(text)}" is no link-layer address: six groups of two hexadecimal digits.`;
      this.say("systemd-networkd/bad-mac", "error", message, placeOf(entry));
    }
    return mac;
  }

  /** `[Match]`. Lists add up; an empty value begins anew. */
  match(): MatchSettings {
    let names: NamePatterns | null = null;
    let macs: { mac: string; place: Place }[] | null = null;
    const others = new Set<string>();
    for (const entry of this.entries("Match")) {
      const place = placeOf(entry);
      switch (entry.key) {
        case "Name":
        case "OriginalName": {
          if (entry.value === "") {
            names = null;
            break;
          }
          const negated = entry.value.startsWith("!");
          const words = (negated ? entry.value.slice(1) : entry.value).split(/\s+/).filter((word) => word !== "");
          const before: NamePatterns | null = names;
          names =
            before === null
              ? { patterns: words, negated, place }
              : { ...(before as NamePatterns), patterns: [...(before as NamePatterns).patterns, ...words] };
          break;
        }
        case "MACAddress":
        case "PermanentMACAddress": {
          if (entry.value === "") {
            macs = null;
            break;
          }
          for (const word of entry.value.split(/\s+/)) {
            const mac = this.mac(entry, word);
            if (mac !== null) macs = [...(macs ?? []), { mac, place }];
          }
          break;
        }
        default:
          if (entry.value !== "") others.add(entry.key);
      }
    }
    const first = this.sections.find(({ section }) => section.name === "Match");
    const place = first === undefined ? null : { source: first.file.source, span: first.section.span };
    return { names, macs, others: [...others], place };
  }
}

/** Where a value stands; where its key does when it has none. */
export function placeOf(entry: Entry): Place {
  const { start, end } = entry.valueSpan;
  return { source: entry.file.source, span: start < end ? entry.valueSpan : entry.keySpan };
}

/** A value as a message may show it. */
export function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
