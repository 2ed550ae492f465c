/** The driver of Linux: one nftables table, HTB for rates. Needs CAP_NET_ADMIN, inherited by what it starts, nft 1.0 or newer, tc, and a kernel since 5.7. */
import { Batch } from "./batch.ts";
import { must, type Run } from "./command.ts";
import {
  type Counters,
  type FirewallAbilities,
  type FirewallChange,
  FirewallError,
  type FirewallPlan,
  type GardenAddress,
  type OpenEntry,
  type Opening,
  type SpoofingSign,
  type WatchfulFirewall,
} from "./driver.ts";
import { Exclusive } from "./exclusive.ts";
import { ground } from "./ground.ts";
import { type Entry, Ledger } from "./ledger.ts";
import { Farewell, type LastCounts } from "./nft-farewell.ts";
import { gardenText } from "./nft-garden.ts";
import { type Count, elements, readBound, readClasses, readCounts, readMacs, readStrange } from "./nft-listing.ts";
import { rulesText, TABLE } from "./nft-rules.ts";
import { classText, isLimited, Shaping } from "./shaping.ts";
import { threadRunner } from "./tool-thread.ts";
import { ipAddress, macAddress, rate, sessionNumber } from "./words.ts";

export interface NftablesOptions {
  /** Goes before every command, as `["ip", "netns", "exec", "gateway"]`. */
  readonly prefix?: readonly string[];
  /** Turn forwarding on where it is off; otherwise {@link NftablesFirewall.start} says what to do. */
  readonly enableForwarding?: boolean;
}

/** Calls of `apply` that one transaction takes at most. */
const TOGETHER = 512;
/** Milliseconds from the beginning of one transaction to that of the next. */
const PACE = 40;
const ABILITIES: FirewallAbilities = { macBinding: true, newAddresses: true, rates: true };

/** Classes in both directions, whether they exist or not. */
const EVERY_RATE = { rateUp: 1, rateDown: 1 };

/** What one call of `apply` comes to. */
interface Step {
  readonly nft: string[];
  readonly tc: string[];
  readonly tcAfter: string[];
  readonly closed: number[];
  readonly taken: number[];
  readonly given: number[];
}

export class NftablesFirewall implements WatchfulFirewall {
  readonly abilities: FirewallAbilities = ABILITIES;
  readonly #run: Run;
  readonly #options: NftablesOptions;
  readonly #ledger: Ledger = new Ledger();
  readonly #farewell: Farewell;
  readonly #batch: Batch<readonly FirewallChange[], ReadonlyMap<number, Counters>>;
  /** As last read: what is returned of a session whose farewell was lost. */
  #last: ReadonlyMap<number, Counters> = new Map();
  #shaping: Shaping | null = null;
  readonly #exclusive: Exclusive = new Exclusive();

  constructor(options: NftablesOptions = {}) {
    this.#options = options;
    this.#run = threadRunner(options.prefix);
    this.#farewell = new Farewell(options.prefix ?? [], async (number) => {
      await this.#nft(`add element ${TABLE} probe { ${number} }\n`);
      await this.#nft(`delete element ${TABLE} probe { ${number} }\n`);
    });
    this.#batch = new Batch(TOGETHER, (calls) => this.#exclusive.run(() => this.#together(calls)), PACE);
  }

  start(plan: FirewallPlan): Promise<void> {
    return this.#exclusive.run(() => this.#start(plan));
  }

  async #start(plan: FirewallPlan): Promise<void> {
    const here = ground(plan);
    await this.#checkForwarding(here.families.some((one) => one.family === 6));
    await this.#nft(rulesText(here));
    const [macs, bound, gates] = await Promise.all([
      this.#list("map", "macs"),
      this.#list("set", "bound"),
      this.#list("map", "classes"),
    ]);
    const classes = new Map(readClasses(gates));
    const addresses = new Map<string, string[]>();
    for (const [mac, address] of readBound(bound)) {
      const known = addresses.get(mac);
      if (known === undefined) addresses.set(mac, [address]);
      else known.push(address);
    }
    this.#ledger.clear();
    for (const [mac, number] of readMacs(macs)) {
      const slot = classes.get(number) ?? 0;
      this.#ledger.put({ number, mac, addresses: addresses.get(mac) ?? [], rateUp: null, rateDown: null, slot });
    }
    this.#ledger.commit();
    this.#shaping = new Shaping(this.#run, here.guests, here.uplink);
    await this.#shaping.recover([...classes.values()].filter((slot) => slot !== 0));
    await this.#farewell.ready();
  }

  apply(changes: readonly FirewallChange[]): Promise<ReadonlyMap<number, Counters>> {
    return this.#batch.add(changes);
  }

  async garden(addresses: readonly GardenAddress[]): Promise<void> {
    await this.#nft(gardenText(addresses));
  }

  /** A session that the kernel did not list this time is left out: 0 would be taken for counters that began anew. */
  async read(): Promise<readonly OpenEntry[]> {
    const [up, down] = (await Promise.all([this.#list("set", "up"), this.#list("set", "down")])).map(readCounts) as [
      Map<number, Count>,
      Map<number, Count>,
    ];
    const entries: OpenEntry[] = [];
    const last = new Map<number, Counters>();
    for (const { number, mac, addresses } of this.#ledger.entries()) {
      const [input, output] = [up.get(number), down.get(number)];
      if (input === undefined || output === undefined) continue;
      const counters = countersOf(input, output);
      last.set(number, counters);
      entries.push({ number, mac, addresses, ...counters });
    }
    this.#last = last;
    return entries;
  }

  async spoofing(): Promise<readonly SpoofingSign[]> {
    return readStrange(await this.#list("set", "strange"));
  }

  release(): void {
    this.#farewell.stop();
  }

  stop(): Promise<void> {
    return this.#exclusive.run(() => this.#stop());
  }

  async #stop(): Promise<void> {
    this.release();
    await this.#nft(`add table ${TABLE}\ndelete table ${TABLE}\n`);
    this.#ledger.clear();
    await this.#shaping?.stop();
    this.#shaping = null;
  }

  /** All calls in one transaction; when that fails, each by itself, so that the fault stays with whose it is. */
  async #together(
    calls: readonly (readonly FirewallChange[])[],
  ): Promise<readonly (ReadonlyMap<number, Counters> | Error)[]> {
    if (this.#shaping === null) return calls.map(() => new FirewallError("the firewall was not started"));
    if (calls.length > 1) {
      try {
        const all = await this.#transaction(calls.flat());
        return calls.map((changes) => {
          const own = changes
            .filter((one) => one.kind === "close" && all.has(one.number))
            .map((one) => (one as { number: number }).number);
          return new Map(own.map((number) => [number, all.get(number) as Counters]));
        });
      } catch {}
    }
    const results: (ReadonlyMap<number, Counters> | Error)[] = [];
    for (const changes of calls) {
      results.push(await this.#transaction(changes).catch((error: unknown) => asError(error)));
    }
    return results;
  }

  async #transaction(changes: readonly FirewallChange[]): Promise<Map<number, Counters>> {
    const shaping = this.#shaping as Shaping;
    const step: Step = { nft: [], tc: [], tcAfter: [], closed: [], taken: [], given: [] };
    let undo: string[] = [];
    let farewell: ReturnType<Farewell["expect"]> | null = null;
    try {
      if (changes.some((one) => one.kind !== "close" && isLimited(one.opening))) await shaping.install();
      for (const change of changes) this.#plan(change, step, shaping);
      undo = step.taken.flatMap((slot) => shaping.removal(slot, EVERY_RATE));
      if (step.closed.length > 0) {
        await this.#farewell.ready();
        farewell = this.#farewell.expect(step.closed);
      }
      await shaping.apply(step.tc);
      if (step.nft.length > 0) await this.#nft(`${step.nft.join("\n")}\n`);
    } catch (error) {
      farewell?.forget();
      this.#ledger.rollback();
      await shaping.remove(undo);
      for (const slot of step.taken) shaping.give(slot);
      throw error;
    }
    this.#ledger.commit();
    await shaping.remove(step.tcAfter);
    for (const slot of step.given) shaping.give(slot);
    return farewell === null ? new Map() : this.#countersOfClosed(step.closed, await farewell.ended());
  }

  #countersOfClosed(numbers: readonly number[], counts: ReadonlyMap<number, LastCounts>): Map<number, Counters> {
    const found = new Map<number, Counters>();
    for (const number of numbers) {
      const heard = counts.get(number);
      const counters = heard === undefined ? this.#last.get(number) : countersOf(heard.up, heard.down);
      if (counters !== undefined) found.set(number, counters);
    }
    return found;
  }

  #plan(change: FirewallChange, step: Step, shaping: Shaping): void {
    if (change.kind === "close") {
      this.#close(sessionNumber(change.number), step, shaping);
      return;
    }
    const opening = checked(change.opening);
    const before = this.#ledger.entry(opening.number);
    if (before === undefined) {
      if (change.kind === "alter") throw new FirewallError(`session ${opening.number} is not open`);
      const other = this.#ledger.withMac(opening.mac);
      if (other !== undefined) throw new FirewallError(`${opening.mac} is open already, as session ${other.number}`);
    } else if (before.mac !== opening.mac) {
      throw new FirewallError(`session ${opening.number} is of ${before.mac}, not of ${opening.mac}`);
    }
    const slot = this.#shape(opening, before, step, shaping);
    const { number, mac } = opening;
    if (before === undefined) {
      step.nft.push(
        `add element ${TABLE} macs { ${mac} : ${number} }`,
        `add element ${TABLE} up { ${number} }`,
        `add element ${TABLE} down { ${number} }`,
      );
    }
    if (before?.slot !== slot) {
      if (before !== undefined) step.nft.push(`delete element ${TABLE} classes { ${number} }`);
      step.nft.push(`add element ${TABLE} classes { ${number} : ${classText(slot)} }`);
    }
    const [was, is] = [bindings(before), bindings(opening)];
    for (const one of was) if (!is.has(one)) step.nft.push(`delete element ${TABLE} bound { ${one} }`);
    for (const one of is) if (!was.has(one)) step.nft.push(`add element ${TABLE} bound { ${one} }`);
    this.#ledger.put({ ...opening, slot });
  }

  /** The class of an opening; its rates may be unknown after a restart, when there is a class but no rate. */
  #shape(opening: Opening, before: Entry | undefined, step: Step, shaping: Shaping): number {
    const had = before !== undefined && before.slot !== 0;
    if (!isLimited(opening)) {
      if (before !== undefined && had) this.#unshape(before, step, shaping);
      return 0;
    }
    if (before !== undefined && had && isLimited(before)) {
      for (const line of shaping.lines(before.slot, opening, before)) {
        (line.startsWith("class del") ? step.tcAfter : step.tc).push(line);
      }
      return before.slot;
    }
    // A class whose rate we do not know is left for a new one.
    if (before !== undefined && had) this.#unshape(before, step, shaping);
    const slot = shaping.take();
    step.taken.push(slot);
    step.tc.push(...shaping.lines(slot, opening, null));
    return slot;
  }

  #unshape(entry: Entry, step: Step, shaping: Shaping): void {
    if (entry.slot === 0) return;
    const rates = isLimited(entry) ? entry : EVERY_RATE;
    step.tcAfter.push(...shaping.removal(entry.slot, rates));
    step.given.push(entry.slot);
  }

  #close(number: number, step: Step, shaping: Shaping): void {
    const entry = this.#ledger.entry(number);
    if (entry === undefined) return;
    step.nft.push(`delete element ${TABLE} macs { ${entry.mac} }`);
    for (const name of ["classes", "up", "down"]) step.nft.push(`delete element ${TABLE} ${name} { ${number} }`);
    for (const one of bindings(entry)) step.nft.push(`delete element ${TABLE} bound { ${one} }`);
    this.#unshape(entry, step, shaping);
    step.closed.push(number);
    this.#ledger.remove(number);
  }

  /** The elements of one set; nft 1.0.6 lists only the last of several in one input. */
  async #list(kind: "set" | "map", name: string): Promise<string> {
    return elements(await must(this.#run, ["nft", "list", kind, ...TABLE.split(" "), name]));
  }

  #nft(text: string): Promise<string> {
    return must(this.#run, ["nft", "-f", "-"], text);
  }

  async #checkForwarding(six: boolean): Promise<void> {
    const wanted = ["ipv4/ip_forward", ...(six ? ["ipv6/conf/all/forwarding"] : [])];
    for (const name of wanted) {
      const path = `/proc/sys/net/${name}`;
      if ((await must(this.#run, ["cat", path])).trim() !== "0") continue;
      // Whoever runs us may have made it read-only for us (systemd's ProtectKernelTunables=).
      if (this.#options.enableForwarding === true && (await this.#run(["tee", path], "1\n")).status === 0) continue;
      throw new FirewallError(
        `this machine forwards nothing: net.${name.replaceAll("/", ".")} is 0. Set it to 1 in /etc/sysctl.d and run sysctl --system`,
      );
    }
  }
}

function checked(opening: Opening): Opening {
  return {
    number: sessionNumber(opening.number),
    mac: macAddress(opening.mac),
    addresses: [...new Set(opening.addresses.map((one) => ipAddress(one).toString()))],
    rateUp: rate(opening.rateUp),
    rateDown: rate(opening.rateDown),
  };
}

/** Elements of `bound`: IPv6 is not among them, whose addresses change as the device likes. */
function bindings(opening: Opening | undefined): Set<string> {
  if (opening === undefined) return new Set();
  return new Set(opening.addresses.filter((one) => !one.includes(":")).map((one) => `${opening.mac} . ${one}`));
}

function countersOf(up: Count, down: Count): Counters {
  return {
    inputOctets: up.octets,
    inputPackets: up.packets,
    outputOctets: down.octets,
    outputPackets: down.packets,
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new FirewallError(String(error));
}
