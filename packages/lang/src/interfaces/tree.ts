import type { Diagnostic, Source, Span } from "@pierhead/core";
import type { Word } from "../text/index.ts";

/** One logical line: those a backslash joins are one. */
export interface InterfacesLine {
  readonly kind: "blank" | "comment" | "stanza" | "option" | "wrong";
  /** With its line end. */
  readonly span: Span;
}

/** One option of an `iface` stanza, or one line of a `mapping`. */
export interface InterfaceOption {
  /** As written; `post-up` is `up` for ifup, `pre-down` is `down`. */
  readonly name: string;
  readonly value: string;
  readonly nameSpan: Span;
  readonly valueSpan: Span;
}

/** `iface NAME FAMILY METHOD` and the options below it. */
export interface InterfaceStanza {
  readonly kind: "iface";
  readonly name: Word;
  /** `inet`, `inet6`, `can`, `link`; null when it is inherited. */
  readonly family: string | null;
  readonly method: string | null;
  /** Names of `inherits`. */
  readonly inherits: readonly Word[];
  readonly options: readonly InterfaceOption[];
  readonly span: Span;
}

/** `auto`, `allow-CLASS`, `no-auto-down`, `no-scripts`: names in a class. */
export interface SelectionStanza {
  readonly kind: "selection";
  /** `auto` and `allow-auto` are one. */
  readonly class: string;
  readonly names: readonly Word[];
  readonly span: Span;
}

/** `source PATTERN` or `source-directory FOLDER`. */
export interface SourceStanza {
  readonly kind: "source" | "source-directory";
  readonly path: Word;
  readonly span: Span;
}

/** `mapping PATTERN…` with its script. */
export interface MappingStanza {
  readonly kind: "mapping";
  readonly patterns: readonly Word[];
  readonly options: readonly InterfaceOption[];
  readonly span: Span;
}

/** `rename OLD=NEW…`. */
export interface RenameStanza {
  readonly kind: "rename";
  readonly pairs: readonly Word[];
  readonly span: Span;
}

export type Stanza = InterfaceStanza | SelectionStanza | SourceStanza | MappingStanza | RenameStanza;

export interface InterfacesFile {
  readonly source: Source;
  readonly lines: readonly InterfacesLine[];
  readonly stanzas: readonly Stanza[];
  readonly diagnostics: readonly Diagnostic[];
  /** Where ifup gives up: it then brings up nothing at all. Null when it takes the file. */
  readonly refused: Span | null;
}
