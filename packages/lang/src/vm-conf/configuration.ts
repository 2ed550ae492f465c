/** What vm.conf(5) says. */
import type { Diagnostic, Prefix, Source } from "@pierhead/core";
import type { Macro, Origin, SyntaxFile } from "../lexer/index.ts";

/** A virtual switch: ports of one bridge(4) or veb(4). */
export interface VmSwitch {
  readonly name: string;
  /** `veb0`; null when the block does not say, which vmd refuses. */
  interface: string | null;
  group: string | null;
  /** `locked lladdr`: guests cannot send from other addresses. */
  locked: boolean;
  rdomain: number | null;
  up: boolean;
  enabled: boolean;
  readonly nameOrigin: Origin;
  origin: Origin;
}

/** One network card of a guest. */
export interface VmInterface {
  /** `tap3`; null takes the next free one. */
  name: string | null;
  /** `local interface`: vmd itself is router and DHCP server. */
  local: boolean;
  switch: { readonly name: string; readonly origin: Origin } | null;
  group: string | null;
  /** Of the guest's card, lower case; null: vmd makes one up at each start. */
  lladdr: { readonly mac: string; readonly origin: Origin } | null;
  locked: boolean;
  rdomain: number | null;
  up: boolean;
  origin: Origin;
}

export interface VmDisk {
  readonly path: string;
  readonly format: string | null;
  readonly origin: Origin;
}

/** One `vm NAME { … }`. */
export interface VirtualMachine {
  readonly name: string;
  /** `vm PARENT instance NAME`. */
  readonly parent: string | null;
  enabled: boolean;
  boot: string | null;
  bootDevice: string | null;
  cdrom: string | null;
  /** Octets; null: 512M. */
  memory: number | null;
  /** `interfaces N`: at least so many cards. */
  interfaceCount: number | null;
  readonly interfaces: VmInterface[];
  readonly disks: VmDisk[];
  owner: string | null;
  readonly nameOrigin: Origin;
  origin: Origin;
}

export interface VmSettings {
  readonly switches: VmSwitch[];
  readonly machines: VirtualMachine[];
  localPrefix: Prefix | null;
  localPrefix6: Prefix | null;
  /** `local inet6`. */
  localInet6: boolean;
  staggered: { readonly parallel: number; readonly delay: number } | null;
}

export interface VmConfiguration extends Readonly<VmSettings> {
  readonly source: Source;
  readonly syntax: SyntaxFile;
  readonly macros: readonly Macro[];
  readonly diagnostics: readonly Diagnostic[];
  /** vmd takes the file. */
  readonly accepted: boolean;
}
