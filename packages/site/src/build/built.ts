/** What a build gives: the files of every host and guest. */
import type { System } from "@pierhead/core";
import type { BuiltFile } from "./file.ts";

export interface BuiltMachine {
  /** Name of the host or guest. */
  readonly name: string;
  readonly kind: "host" | "guest";
  readonly system: System;
  /** In order of path. */
  readonly files: readonly BuiltFile[];
  /** Files that hold a secret and are put on the host by whoever deploys: never part of what is built. */
  readonly secrets: readonly { readonly path: string; readonly from: string }[];
  /** Scenario files to run on it. */
  readonly scenarios: readonly string[];
  readonly policies: readonly string[];
}

export interface BuiltSite {
  readonly name: string;
  readonly machines: readonly BuiltMachine[];
}
