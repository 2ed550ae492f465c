/** What a build gives: the files of every host and guest. */
import type { Address, System } from "@pierhead/core";
import type { SitePath } from "../read/index.ts";
import type { BuiltFile } from "./file.ts";

/** A next hop the machine cannot do without. */
export interface BuiltGateway {
  readonly interface: string;
  readonly own: Address;
  readonly address: Address;
  readonly path: SitePath;
}

export interface BuiltMachine {
  /** Name of the host or guest. */
  readonly name: string;
  readonly kind: "host" | "guest";
  /** Where the site describes it. */
  readonly path: SitePath;
  readonly system: System;
  /** What it must reach: next hops of its default routes, each from one of its own addresses. */
  readonly gateways: readonly BuiltGateway[];
  /** Interfaces whose address a server gives. */
  readonly leased: readonly string[];
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
