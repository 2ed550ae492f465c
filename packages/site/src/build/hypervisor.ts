/** What runs the guests of a host: one file for each guest, and what starts them in order at boot. */
import type { Guest, Host } from "../model/site.ts";
import { bhyveFiles } from "./bhyve.ts";
import type { BuiltFile, FileWriter } from "./file.ts";
import { libvirtFiles } from "./libvirt.ts";
import { nvmmFiles } from "./nvmm.ts";
import { vmBhyveFiles } from "./vm-bhyve.ts";
import { vmdFiles } from "./vmd.ts";

/**
 * @param guests in the order in which they start
 * @param rc switches of boot are added to it
 */
export function guestRunner(host: Host, guests: readonly Guest[], site: string, rc: FileWriter): BuiltFile[] {
  const { hypervisor } = host;
  if (hypervisor === null || guests.length === 0) return [];
  const input = { host, hypervisor, guests: guests.map((guest, index) => ({ guest, tap: `tap${index}` })), site, rc };
  switch (hypervisor.kind) {
    case "bhyve":
      return bhyveFiles(input);
    case "vm-bhyve":
      return vmBhyveFiles(input);
    case "vmd":
      return vmdFiles(input);
    case "qemu-nvmm":
      return nvmmFiles(input);
    case "libvirt":
      return libvirtFiles(input);
  }
}
