import type { Source, Span } from "@pierhead/core";

/** `interface NAME`, `ssid NAME`, `profile NAME`: it reaches to the next of these, or to the end of the file. */
export interface DhcpcdBlock {
  readonly kind: "interface" | "ssid" | "profile";
  /** For interfaces a pattern of fnmatch(3); null when none is written. */
  readonly name: string | null;
  readonly span: Span;
}

/** One option. */
export interface DhcpcdStatement {
  readonly name: string;
  readonly nameSpan: Span;
  /** All that follows, blanks and comment cut off; null when nothing does. */
  readonly argument: string | null;
  /** Of the argument, or behind the name. */
  readonly argumentSpan: Span;
  /** Null: above all blocks. */
  readonly block: DhcpcdBlock | null;
}

/** One line of the file, its end included; `statement` and `block` are null for comments and empty lines. */
export interface DhcpcdLine {
  readonly span: Span;
  readonly statement: DhcpcdStatement | null;
  readonly block: DhcpcdBlock | null;
}

export interface DhcpcdFile {
  readonly source: Source;
  /** What is before the first line: a byte order mark. */
  readonly head: Span;
  readonly lines: readonly DhcpcdLine[];
}
