import type { Diagnostic, Source, Span } from "@pierhead/core";
import type { IfconfigSettings } from "../ifconfig/index.ts";
import type { Word } from "../text/index.ts";

/** What netstart(8) makes of a line. */
export type HostnameIfLineKind =
  | "blank"
  | "comment"
  | "inet"
  | "inet6"
  | "dest"
  | "dhcp"
  | "rtsol"
  /** `!command` */
  | "command"
  /** Handed to ifconfig(8) as it is. */
  | "ifconfig";

/** One line of the file, together with the lines a trailing backslash joins to it. */
export interface HostnameIfLine {
  readonly kind: HostnameIfLineKind;
  /** With its line end: the spans of all lines follow each other without a gap. */
  readonly span: Span;
  /** Words between blanks, quotes still in them. */
  readonly fields: readonly Word[];
}

/** One command netstart(8) runs for the file, in order. */
export type NetstartCommand =
  | {
      readonly kind: "ifconfig";
      /** Arguments after the interface name. */
      readonly words: readonly Word[];
      readonly settings: IfconfigSettings;
      readonly span: Span;
    }
  | {
      readonly kind: "shell";
      /** The command with `$if` replaced. */
      readonly text: string;
      readonly span: Span;
    };

/** A hostname.if(5) file. */
export interface HostnameIf {
  readonly source: Source;
  /** Interface or link-layer address the file is for; null when its name does not tell. */
  readonly interface: string | null;
  readonly lines: readonly HostnameIfLine[];
  readonly commands: readonly NetstartCommand[];
  readonly diagnostics: readonly Diagnostic[];
}
