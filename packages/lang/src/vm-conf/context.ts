import { parsePrefix } from "@pierhead/core";
import { FAIL, type Origin, type ParseReport, type Reduction } from "../lexer/index.ts";
import type { VirtualMachine, VmInterface, VmSettings, VmSwitch } from "./configuration.ts";

/** VM_MAX_NICS_PER_VM, VM_MAX_DISKS_PER_VM. */
const CARDS = 4;
const DISKS = 4;
/** IF_NAMESIZE and VM_NAME_MAX less the NUL. */
const INTERFACE_NAME = 15;
const MACHINE_NAME = 63;
/** RT_TABLEID_MAX. */
const LAST_TABLE = 255;

/** What the actions of the grammar work on. */
export class VmContext {
  readonly report: ParseReport;
  readonly settings: VmSettings = {
    switches: [],
    machines: [],
    localPrefix: null,
    localPrefix6: null,
    localInet6: false,
    staggered: null,
  };
  switch: VmSwitch | null = null;
  machine: VirtualMachine | null = null;
  /** The card whose options are read; vmd fills the next one before it counts it. */
  card: VmInterface = newCard();
  /** Files that `include` names. */
  readonly included: Origin[] = [];

  constructor(report: ParseReport) {
    this.report = report;
  }

  /** Says what vmd says, in our words too; the statement fails. */
  refuse(code: string, text: string, origin: Origin, advice: string): typeof FAIL {
    this.report.error(code, text, origin, advice);
    return FAIL;
  }

  beginSwitch(name: string, origin: Origin): void {
    this.switch = {
      name,
      interface: null,
      group: null,
      locked: false,
      rdomain: null,
      up: true,
      enabled: true,
      nameOrigin: origin,
      origin,
    };
  }

  endSwitch(at: Reduction): unknown {
    const found = this.switch;
    this.switch = null;
    if (found === null) return null;
    found.origin = at.whole;
    if (found.interface === null) {
      const advice = `The switch "${shown(found.name)}" needs an \`interface\`: the bridge(4) or veb(4) that its ports are on.`;
      return this.refuse(
        "vm-conf/switch-without-interface",
        `switch "${found.name}" is missing interface name`,
        found.nameOrigin,
        advice,
      );
    }
    const twin = this.settings.switches.find((one) => one.name === found.name);
    if (twin !== undefined) {
      const advice = `There is a switch "${shown(found.name)}" above; guests are put on that one.`;
      this.report.warn("vm-conf/switch-twice", advice, found.nameOrigin, advice);
    }
    this.settings.switches.push(found);
    return null;
  }

  switchInterface(name: string, origin: Origin): unknown {
    if (!/^(bridge|veb)\d+$/.test(name)) {
      const advice = `"${shown(name)}" cannot be the interface of a switch; it is a bridge(4) or a veb(4) with its number.`;
      return this.refuse("vm-conf/switch-interface", `invalid switch interface: ${name}`, origin, advice);
    }
    if (this.switch !== null) this.switch.interface = name;
    return null;
  }

  group(name: string, origin: Origin): string | typeof FAIL {
    if (name.length <= INTERFACE_NAME && !/\d$/.test(name)) return name;
    const advice = `"${shown(name)}" cannot be the name of a group: at most ${INTERFACE_NAME} characters, and no digit at the end.`;
    return this.refuse("vm-conf/group", `invalid group name: ${name}`, origin, advice);
  }

  rdomain(number: bigint, origin: Origin): number | typeof FAIL {
    if (number >= 0n && number <= BigInt(LAST_TABLE)) return Number(number);
    const advice = `Routing domains have numbers from 0 to ${LAST_TABLE}.`;
    return this.refuse("vm-conf/rdomain", `invalid rdomain: ${number}`, origin, advice);
  }

  beginMachine(first: string, firstOrigin: Origin, second: string | null, secondOrigin: Origin): unknown {
    const name = second ?? first;
    const nameOrigin = second === null ? firstOrigin : secondOrigin;
    this.card = newCard();
    if (name.length > MACHINE_NAME) {
      this.machine = null;
      const advice = `The name has more than ${MACHINE_NAME} characters; shorten it.`;
      return this.refuse("vm-conf/name", "vm name too long", nameOrigin, advice);
    }
    this.machine = {
      name,
      parent: second === null ? null : first,
      enabled: true,
      boot: null,
      bootDevice: null,
      cdrom: null,
      memory: null,
      interfaceCount: null,
      interfaces: [],
      disks: [],
      owner: null,
      nameOrigin,
      origin: nameOrigin,
    };
    return null;
  }

  /** vm_register(): what only shows when vmd loads the file and not with `-n`. */
  endMachine(at: Reduction): unknown {
    const found = this.machine;
    this.machine = null;
    if (found === null) return null;
    found.origin = at.whole;
    const fail = (code: string, text: string, advice: string): typeof FAIL =>
      this.refuse(code, `vm "${found.name}" failed: ${text}`, found.nameOrigin, advice);
    if (this.settings.machines.some((one) => one.name === found.name)) {
      const advice = `There is a vm "${shown(found.name)}" above, and this one is passed over; give it another name.`;
      this.report.warn("vm-conf/name-twice", advice, found.nameOrigin, advice);
      return null;
    }
    this.settings.machines.push(found);
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(found.name)) {
      const advice = `"${shown(found.name)}" cannot be the name of a vm: letters, digits, ".", "-" and "_", with a letter or digit first.`;
      return fail("vm-conf/name", "Invalid argument", advice);
    }
    const empty = found.disks.length === 0 && found.cdrom === null && found.boot === null;
    if (empty && found.parent === null) {
      const advice = `The vm "${shown(found.name)}" has nothing to start from: add \`disk\`, \`cdrom\` or \`boot\`.`;
      return fail("vm-conf/nothing-to-boot", "Invalid argument", advice);
    }
    return null;
  }

  /** The card before the word that ends it. */
  endCard(local: boolean, name: string | null, nameOrigin: Origin, at: Reduction): unknown {
    const card = this.card;
    this.card = newCard();
    const { machine } = this;
    if (machine === null) return null;
    if (machine.interfaces.length >= CARDS) {
      const advice = `A vm has at most ${CARDS} network cards.`;
      return this.refuse("vm-conf/too-many", `too many interfaces: ${CARDS + 1}`, at.whole, advice);
    }
    card.local = local;
    card.origin = at.whole;
    if (name !== null && !/^tap\d*$/.test(name)) {
      const advice = `"${shown(name)}" cannot be the host's end of a card; it is \`tap\`, or a tap(4) with its number.`;
      return this.refuse("vm-conf/tap", `invalid interface: ${name}`, nameOrigin, advice);
    }
    card.name = name === "tap" ? null : name;
    machine.interfaces.push(card);
    return null;
  }

  lladdr(locked: boolean, mac: string | null, at: Reduction): void {
    this.card.locked ||= locked;
    // Nothing, and all zeros, is made up by vmd.
    this.card.lladdr = mac === null || /^[0:]+$/.test(mac) ? null : { mac, origin: at.origin(3) };
  }

  disk(path: string, format: string | null, at: Reduction): unknown {
    const { machine } = this;
    if (machine === null) return null;
    if (machine.disks.length >= DISKS) {
      const advice = `A vm has at most ${DISKS} disks.`;
      return this.refuse("vm-conf/too-many", `failed to parse disks: ${path}`, at.whole, advice);
    }
    machine.disks.push({ path, format, origin: at.whole });
    return null;
  }

  /** A setting that a vm takes once. */
  once(field: "boot" | "cdrom", value: string, text: string, at: Reduction): unknown {
    const { machine } = this;
    if (machine === null) return null;
    if (machine[field] !== null) {
      return this.refuse("vm-conf/twice", text, at.whole, `\`${field}\` is given before; remove one.`);
    }
    machine[field] = value;
    return null;
  }

  /** `memory`, in octets or with a unit (scan_scaled(3)). */
  memory(value: string | bigint, text: string, at: Reduction): unknown {
    const { machine } = this;
    if (machine === null) return null;
    if (machine.memory !== null) {
      return this.refuse("vm-conf/twice", text, at.whole, "`memory` is given before; remove one.");
    }
    const octets = typeof value === "bigint" ? Number(value) : scaled(value);
    if (octets === null || octets < 1024 * 1024) {
      const advice = "`memory` is at least 1M: a number of octets, or one with K, M, G or T behind it.";
      return this.refuse("vm-conf/memory", `failed to parse size: ${value}`, at.origin(2), advice);
    }
    machine.memory = Math.floor(octets / 2 ** 20) * 2 ** 20;
    return null;
  }

  localPrefix(text: string, family: 4 | 6, at: Reduction, index: number): unknown {
    const prefix = parsePrefix(text.includes("/") ? text : `${text}/${family === 4 ? 16 : 64}`);
    const limit = family === 4 ? 16 : 64;
    const fits = prefix !== null && prefix.address.family === family && prefix.length <= limit;
    if (!fits || !prefix.address.masked(prefix.length).equals(prefix.address)) {
      const advice = `The prefix of local interfaces is a network of at most /${limit}, for one part of it goes to each card.`;
      const what = family === 4 ? "local" : "local inet6";
      return this.refuse("vm-conf/prefix", `invalid ${what} prefix: ${text}`, at.origin(index), advice);
    }
    if (family === 4) this.settings.localPrefix = prefix;
    else this.settings.localPrefix6 = prefix;
    return null;
  }
}

function newCard(): VmInterface {
  return {
    name: null,
    local: false,
    switch: null,
    group: null,
    lladdr: null,
    locked: false,
    rdomain: null,
    up: true,
    origin: null as unknown as Origin,
  };
}

/** scan_scaled(3): a number, with a fraction, and a unit of 1024 each. */
function scaled(text: string): number | null {
  const match = /^(\d{1,15})(?:\.(\d{1,15}))?([BKMGTPE]?)$/i.exec(text);
  if (match === null) return null;
  const unit = 1024 ** Math.max(0, "BKMGTPE".indexOf((match[3] as string).toUpperCase() || "B"));
  return Math.floor(Number(`${match[1]}.${match[2] ?? 0}`) * unit);
}

function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
