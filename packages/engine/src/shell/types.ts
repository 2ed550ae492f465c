import type { Diagnostic, Span } from "@pierhead/core";
import type { IfconfigSettings } from "@pierhead/lang/ifconfig";
import type { IpCommand } from "@pierhead/lang/ip-command";
import type { RouteCommand } from "@pierhead/lang/route";
import type { RouteError } from "../machine/routing.ts";

interface Placed {
  /** Where the command stands in the text, or in the script it called. */
  readonly span: Span;
  /** Path of the script it stands in; null for the text itself. */
  readonly script: string | null;
  /** Exit status of the command. */
  readonly exit: number;
}

/** One thing a command did to the machine, in order. */
export type Effect =
  | (Placed & {
      readonly kind: "pfctl";
      /** Arguments after `pfctl`. */
      readonly words: readonly string[];
      /** What it read from standard input; null when it did not. */
      readonly stdin: string | null;
      /** Offset in the text of each character of `stdin`, -1 where there is none. */
      readonly stdinOffsets: readonly number[];
      readonly output: string;
      readonly errors: string;
    })
  | (Placed & { readonly kind: "route"; readonly command: RouteCommand; readonly error: RouteError | null })
  /** Linux; without a command ip refused its words. */
  | (Placed & {
      readonly kind: "ip";
      readonly command: IpCommand | null;
      readonly wrong: Diagnostic | null;
      readonly error: RouteError | null;
    })
  | (Placed & { readonly kind: "ifconfig"; readonly interface: string; readonly settings: IfconfigSettings })
  | (Placed & { readonly kind: "sysctl"; readonly name: string; readonly value: string })
  /** A file was written; null: it was removed. */
  | (Placed & { readonly kind: "file"; readonly path: string; readonly text: string | null })
  /** A message for people: logger, mail, wall. */
  | (Placed & { readonly kind: "message"; readonly program: string; readonly text: string })
  | (Placed & { readonly kind: "sleep"; readonly seconds: number });

/** A command, or a part of one, whose effect nobody knows. */
export interface OpaqueCommand {
  readonly span: Span;
  readonly script: string | null;
  /** As it is written. */
  readonly text: string;
  /** Program by its last name; "" when the part is not one command. */
  readonly program: string;
  /** Why it is not known, in plain words. */
  readonly reason: string;
}

/** What became of a command line. */
export interface ShellResult {
  /** Exit status; null when it depends on something unknown. */
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** False: {@link stdout} has gaps. */
  readonly stdoutKnown: boolean;
  readonly effects: readonly Effect[];
  readonly opaque: readonly OpaqueCommand[];
  /** Seconds it waits by itself (`sleep`). */
  readonly seconds: number;
}

export interface ShellOptions {
  /** Standard input; empty when absent. */
  readonly stdin?: string;
  /** Outcome of a program that is not simulated (`ping`): its exit status, or null when that is not known. */
  readonly outcome?: (words: readonly string[]) => number | null;
  /** Environment; `PATH`, `HOME` and the like have usual values. */
  readonly variables?: ReadonlyMap<string, string>;
}
