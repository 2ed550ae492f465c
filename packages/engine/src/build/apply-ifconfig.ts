/** What an `ifconfig INTERFACE …` command does to a machine. */
import { type InterfaceAddress, parseAddress } from "@pierhead/core";
import type { AddressSetting, IfconfigSettings } from "@pierhead/lang/ifconfig";
import type { Machine } from "../machine/index.ts";

export type IfconfigOutcome =
  | "done"
  /** There is no such interface, and the command does not create it. */
  | "no-interface"
  /** ifconfig stops at a word it cannot read; what came before was done, the address is not set. */
  | "refused";

/** Applies settings; an interface that can be created is created by any command that names it first. */
export function applyIfconfig(machine: Machine, name: string, settings: IfconfigSettings): IfconfigOutcome {
  if (settings.destroy) return machine.removeInterface(name) ? "done" : "no-interface";
  if (machine.interface(name) === null) {
    if (!settings.create) return "no-interface";
    machine.addInterface({ name, up: false });
  }
  for (const change of settings.changes) {
    switch (change.kind) {
      case "up":
      case "down":
        machine.setUp(name, change.kind === "up");
        break;
      case "mac":
        if (change.mac !== null) machine.setMac(name, change.mac.toLowerCase());
        break;
      case "mtu":
        machine.setMtu(name, change.mtu);
        break;
      case "group":
        machine.setGroup(name, change.group, change.add);
        break;
      case "routing-domain":
        machine.setRoutingDomain(name, change.number);
        break;
      case "remove-family": {
        const gone = machine.interface(name)?.addresses.filter((own) => own.address.family === change.family) ?? [];
        for (const own of gone) machine.removeAddress(name, own.address);
        break;
      }
      case "tunnel": {
        const local = parseAddress(change.local);
        const remote = parseAddress(change.remote);
        // gif(4) on OpenBSD: tunnelttl is that of the stack by default.
        const ttl = Number(machine.sysctls.get("net.inet.ip.ttl") ?? 64);
        if (local !== null && remote !== null) machine.setTunnel(name, { local, remote, ttl });
        break;
      }
      case "autoconf":
        if (change.on) machine.setUp(name, true);
        break;
    }
  }
  if (settings.fails) return "refused";
  if (settings.address !== null) applyAddress(machine, name, settings.address);
  return "done";
}

function applyAddress(machine: Machine, name: string, setting: AddressSetting): void {
  const { address, action } = setting;
  if (address === null) return;
  if (action === "remove") {
    machine.removeAddress(name, address);
    return;
  }
  if (action === "replace" && setting.family === 4) {
    // SIOCDIFADDR without an address takes the first one of the family.
    const first = machine.interface(name)?.addresses.find((own) => own.address.family === 4);
    if (first !== undefined) machine.removeAddress(name, first.address);
  }
  machine.addAddress(name, interfaceAddress(setting, address));
  machine.setUp(name, true);
}

function interfaceAddress(setting: AddressSetting, address: NonNullable<AddressSetting["address"]>): InterfaceAddress {
  return {
    address,
    length: setting.length,
    ...(setting.broadcast === null ? {} : { broadcast: setting.broadcast }),
    ...(setting.peer === null ? {} : { peer: setting.peer }),
  };
}
