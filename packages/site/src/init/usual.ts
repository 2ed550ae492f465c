/** What is usual on a system: names of cards and bridges, and what runs guests. */
import type { System } from "@pierhead/core";
import type { HypervisorKind } from "../schema/index.ts";

export function defaultHypervisor(system: System): { readonly kind: HypervisorKind; readonly bridge: string } | null {
  switch (system.family) {
    case "freebsd":
      return { kind: "bhyve", bridge: "bridge0" };
    case "openbsd":
      return { kind: "vmd", bridge: "bridge0" };
    case "netbsd":
      return { kind: "qemu-nvmm", bridge: "bridge0" };
    case "linux":
      return { kind: "libvirt", bridge: "br0" };
    default:
      return null;
  }
}

/** The first Ethernet card of common hardware. */
export function defaultInterface(system: System): string {
  return { freebsd: "em0", openbsd: "em0", netbsd: "wm0", linux: "eno1", macos: "en0" }[system.family];
}

/** The virtio card inside a guest. */
export function guestInterface(system: System): string {
  return { freebsd: "vtnet0", openbsd: "vio0", netbsd: "vioif0", linux: "enp1s0", macos: "en0" }[system.family];
}
