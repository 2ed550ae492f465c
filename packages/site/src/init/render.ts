/** A first site file from a few answers: commented, so that the next change needs no manual. */
import { parseSystem, type System } from "@pierhead/core";
import { stringify } from "yaml";
import type { ProviderName } from "../schema/index.ts";
import { defaultHypervisor, guestInterface } from "./usual.ts";

export interface LineAnswer {
  readonly interface: string;
  /** With its length; null for a line that gets it from a server. */
  readonly address: string | null;
  readonly gateway: string | null;
}

export interface GuestAnswer {
  readonly name: string;
  readonly system: string;
  readonly address: string;
  readonly mac: string;
  /** Null: that of the host. */
  readonly gateway: string | null;
}

export interface Answers {
  readonly site: string;
  readonly host: string;
  readonly system: string;
  readonly provider: ProviderName;
  readonly lines: readonly LineAnswer[];
  /** The network behind the host; null without one. */
  readonly lan: { readonly interface: string; readonly address: string } | null;
  /** The host runs guests. */
  readonly runsGuests: boolean;
  readonly guests: readonly GuestAnswer[];
}

/** The text of `site.yaml`. Answers are taken as they are: whoever asked checks them, and the reader does anyway. */
export function renderSite(answers: Answers): string {
  const out: string[] = [
    "# yaml-language-server: $schema=./site.schema.json",
    "# (`pierhead site schema > site.schema.json` makes your editor complete and check this file)",
    "#",
    "#   pierhead check site.yaml           what is wrong with it, and with what would be built from it",
    "#   pierhead build site.yaml -o out    the files of every machine below",
    `site: ${scalar(answers.site)}`,
    "",
    "hosts:",
    `  ${answers.host}:`,
    `    system: ${answers.system}`,
  ];
  if (answers.provider !== "generic" || answers.runsGuests) {
    out.push("    # Whose network it is: decides which MAC addresses and gateways are right for guests.");
    out.push(`    provider: ${answers.provider}`);
  }
  out.push("    uplinks:");
  answers.lines.forEach((line, index) => {
    const name = answers.lines.length === 1 ? "wan" : `isp${index + 1}`;
    const how =
      line.address === null ? "dhcp: true" : `address: ${scalar(line.address)}, gateway: ${scalar(line.gateway ?? "")}`;
    out.push(`      ${name}: { interface: ${line.interface}, ${how} }`);
  });
  if (answers.lines.length > 1) {
    out.push("      # `weight: 2` gives a line twice the new connections of another, `weight: 0` keeps it in reserve;");
    out.push("      # `probe: 192.0.2.1` pings that address, and not the gateway, to know whether a line works.");
  }
  if (answers.lan !== null) {
    out.push("    lans:");
    out.push(`      lan: { interface: ${answers.lan.interface}, addresses: [${scalar(answers.lan.address)}] }`);
  }
  const system = parseSystem(answers.system);
  const hypervisor = answers.runsGuests && system !== null ? defaultHypervisor(system) : null;
  if (hypervisor !== null) {
    out.push("    # The card of the first line is put into the bridge, and guests hang on it.");
    out.push(`    hypervisor: { kind: ${hypervisor.kind}, bridge: ${hypervisor.bridge}, disks: /vm }`);
  }
  if (system?.family !== "linux") {
    out.push("    # What the host itself lets in; add `from: [198.51.100.0/24]` to narrow it.");
    out.push("    services:");
    out.push("      ssh: { port: ssh }");
  }
  if (hypervisor !== null) guests(out, answers);
  return `${out.join("\n")}\n`;
}

function guests(out: string[], answers: Answers): void {
  out.push("");
  if (answers.guests.length === 0) {
    out.push("# A guest has an address of its own, and the MAC that the provider's console shows for it:");
    out.push("# guests:");
    out.push(`#   web: { on: ${answers.host}, system: freebsd-14.3, interface: vtnet0, address: 198.51.100.10,`);
    out.push('#          mac: "00:50:56:00:01:aa", cpus: 2, memory: 2048, disk: 20 }');
    return;
  }
  out.push("guests:");
  for (const guest of answers.guests) {
    const system = parseSystem(guest.system) as System;
    out.push(`  ${guest.name}:`);
    out.push(`    on: ${answers.host}`);
    out.push(`    system: ${guest.system}`);
    out.push(`    interface: ${guestInterface(system)}`);
    out.push(`    address: ${scalar(guest.address)}`);
    out.push(`    mac: "${guest.mac}"`);
    if (guest.gateway !== null) out.push(`    gateway: ${scalar(guest.gateway)}`);
    out.push("    cpus: 1");
    out.push("    memory: 1024 # megabytes");
    out.push("    disk: 20 # gigabytes");
  }
}

/** A value as YAML writes it, quoted where it must be. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd();
}
