/**
 * The driver of OpenBSD and FreeBSD: the anchor `pierhead`, with a table of addresses that are in. pf knows no MAC here and
 * has no queue that a rule could choose for one session, so {@link PfFirewall.abilities} says no to both: bind MACs where
 * the system can (static ARP entries; FreeBSD 14's `ether` rules), give one rate to all with `queue` or dnctl.
 */
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
import { type Carried, type Noted, noted, readJournal, writeJournal } from "./pf-journal.ts";
import { NOTHING, readTable, sum } from "./pf-listing.ts";
import { ANCHOR, checkAnchors, type PfSystem, pfGarden, pfRules } from "./pf-rules.ts";
import { ipAddress, macAddress, sessionNumber } from "./words.ts";

export interface PfOptions {
  readonly system: PfSystem;
  /** Sessions and their addresses, gone with a reboot as pf's tables are: `/var/run/pierhead-portal.json`. */
  readonly journal: string;
  readonly run: Run;
}

const NO_COUNTS: Carried = { inputOctets: "0", outputOctets: "0", inputPackets: "0", outputPackets: "0" };

export class PfFirewall implements WatchfulFirewall {
  readonly abilities: FirewallAbilities = { macBinding: false, newAddresses: false, rates: false };
  readonly #options: PfOptions;
  readonly #run: Run;
  readonly #exclusive: Exclusive = new Exclusive();
  readonly #batch: Batch<readonly FirewallChange[], ReadonlyMap<number, Counters>>;
  #sessions: Map<number, Noted> = new Map();
  #guests: string | null = null;
  #garden: readonly GardenAddress[] = [];
  /** Addresses with a timeout, by what they open, with the end in milliseconds. */
  readonly #passing: Map<string, { readonly address: GardenAddress; readonly end: number }> = new Map();
  #sweep: NodeJS.Timeout | null = null;

  constructor(options: PfOptions) {
    this.#options = options;
    this.#run = options.run;
    this.#batch = new Batch(256, async (calls) => {
      const results: (ReadonlyMap<number, Counters> | Error)[] = [];
      for (const changes of calls) {
        results.push(
          await this.#exclusive
            .run(() => this.#change(changes))
            .catch((error: unknown) => (error instanceof Error ? error : new FirewallError(String(error)))),
        );
      }
      return results;
    });
  }

  start(plan: FirewallPlan): Promise<void> {
    return this.#exclusive.run(() => this.#start(plan));
  }

  async #start(plan: FirewallPlan): Promise<void> {
    const here = ground(plan);
    const { system, journal } = this.#options;
    const rules = await must(this.#run, ["pfctl", "-s", "rules"]);
    checkAnchors(system === "freebsd" ? `${rules}\n${await must(this.#run, ["pfctl", "-s", "nat"])}` : rules, system);
    for (const name of [
      "net.inet.ip.forwarding",
      ...(here.families.some((one) => one.family === 6) ? ["net.inet6.ip6.forwarding"] : []),
    ]) {
      if ((await must(this.#run, ["sysctl", "-n", name])).trim() !== "0") continue;
      throw new FirewallError(
        `this machine forwards nothing: ${name} is 0. Set it to 1 in /etc/sysctl.conf and with sysctl`,
      );
    }
    await must(this.#run, ["pfctl", "-a", ANCHOR, "-f", "-"], pfRules(here, system));
    this.#guests = here.guests;
    // The journal is written before the table: what it has and the table has not was never open.
    const open = await this.#table();
    const known = (await readJournal(journal)).filter((one) => one.addresses.some((address) => open.has(address)));
    const spoken = new Set(known.flatMap((one) => one.addresses));
    await this.#shut([...open.keys()].filter((address) => !spoken.has(address)));
    this.#sessions = new Map(known.map((one) => [one.number, one]));
    await this.#pfctl(
      "signed",
      "add",
      known.flatMap((one) => one.addresses),
    );
    await writeJournal(journal, known);
    await this.#loadGarden();
  }

  /** A call's openings are in force together; pf has no transaction over tables, so a failure is taken back step by step. */
  apply(changes: readonly FirewallChange[]): Promise<ReadonlyMap<number, Counters>> {
    return this.#batch.add(changes);
  }

  async garden(addresses: readonly GardenAddress[]): Promise<void> {
    this.#garden = addresses.filter((one) => one.timeout === null);
    for (const one of addresses) {
      if (one.timeout !== null)
        this.#passing.set(`${one.prefix} ${one.protocol} ${one.port}`, {
          address: one,
          end: Date.now() + one.timeout * 1000,
        });
    }
    await this.#loadGarden();
  }

  async read(): Promise<readonly OpenEntry[]> {
    const table = await this.#table();
    return [...this.#sessions.values()].map((one) => ({
      number: one.number,
      mac: one.mac,
      addresses: one.addresses,
      ...total(one, table),
    }));
  }

  async spoofing(): Promise<readonly SpoofingSign[]> {
    return [];
  }

  release(): void {
    if (this.#sweep !== null) clearTimeout(this.#sweep);
  }

  async stop(): Promise<void> {
    this.release();
    const addresses = [...this.#sessions.values()].flatMap((one) => one.addresses);
    // Rules of the anchor within first; -F all of an anchor leaves those inside it.
    await must(this.#run, ["pfctl", "-a", `${ANCHOR}/garden`, "-F", "rules"]);
    await must(this.#run, ["pfctl", "-a", ANCHOR, "-F", "rules"]);
    if (this.#options.system === "freebsd") {
      await must(this.#run, ["pfctl", "-a", `${ANCHOR}/garden`, "-F", "nat"]);
      await must(this.#run, ["pfctl", "-a", ANCHOR, "-F", "nat"]);
    }
    await must(this.#run, ["pfctl", "-a", ANCHOR, "-F", "Tables"]);
    await this.#kill(addresses);
    this.#sessions.clear();
    await writeJournal(this.#options.journal, []);
  }

  async #change(changes: readonly FirewallChange[]): Promise<Map<number, Counters>> {
    if (this.#guests === null) throw new FirewallError("the firewall was not started");
    const after = new Map(this.#sessions);
    const closed: Noted[] = [];
    const replaced: Noted[] = [];
    for (const change of changes) {
      const number = sessionNumber(change.kind === "close" ? change.number : change.opening.number);
      const before = after.get(number);
      if (change.kind === "close") {
        if (before !== undefined) closed.push(before);
        after.delete(number);
        continue;
      }
      if (before === undefined && change.kind === "alter") throw new FirewallError(`session ${number} is not open`);
      const opening = checked(change.opening);
      if (before !== undefined && before.mac !== opening.mac)
        throw new FirewallError(`session ${number} is of ${before.mac}, not of ${opening.mac}`);
      for (const other of after.values()) {
        const shared =
          other.number !== number &&
          (other.mac === opening.mac ? opening.mac : opening.addresses.find((one) => other.addresses.includes(one)));
        if (typeof shared === "string")
          throw new FirewallError(`${shared} is open already, as session ${other.number}`);
      }
      if (before !== undefined) replaced.push(before);
      after.set(number, noted(opening, before?.carried ?? NO_COUNTS));
    }
    const now = new Set([...after.values()].flatMap((one) => one.addresses));
    const then = new Set([...this.#sessions.values()].flatMap((one) => one.addresses));
    const [coming, going] = [[...now].filter((one) => !then.has(one)), [...then].filter((one) => !now.has(one))];

    await writeJournal(this.#options.journal, [...after.values(), ...closed]);
    try {
      await this.#pfctl("signed", "add", coming);
    } catch (error) {
      await writeJournal(this.#options.journal, this.#sessions.values());
      throw error;
    }
    const table = going.length === 0 ? new Map<string, Counters>() : await this.#shut(going);
    for (const before of replaced) {
      const session = after.get(before.number);
      if (session === undefined) continue;
      const lost = before.addresses.filter((one) => !now.has(one)).map((one) => table.get(one) ?? NOTHING);
      after.set(session.number, { ...session, carried: carry(sum([uncarry(session.carried), ...lost])) });
    }
    this.#sessions = after;
    await writeJournal(this.#options.journal, after.values());
    return new Map(closed.map((one) => [one.number, total(one, table)]));
  }

  /** Refuses addresses, ends their connections, then reads counters that move no more. Nothing is lost between. */
  async #shut(addresses: readonly string[]): Promise<Map<string, Counters>> {
    if (addresses.length === 0) return new Map();
    await this.#pfctl("closing", "add", addresses);
    await this.#kill(addresses);
    const table = await this.#table();
    await this.#pfctl("signed", "delete", addresses);
    await this.#pfctl("closing", "delete", addresses);
    return table;
  }

  /** pfctl ends the states of one host in a run (pfctl(8), -k). */
  async #kill(addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      await must(this.#run, ["pfctl", "-k", address]);
      await must(this.#run, ["pfctl", "-k", address.includes(":") ? "::/0" : "0.0.0.0/0", "-k", address]);
    }
  }

  async #table(): Promise<Map<string, Counters>> {
    return readTable(await must(this.#run, ["pfctl", "-a", ANCHOR, "-t", "signed", "-vT", "show"]));
  }

  async #pfctl(table: string, command: "add" | "delete", addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return;
    await must(this.#run, ["pfctl", "-a", ANCHOR, "-t", table, "-T", command, "-f", "-"], `${addresses.join("\n")}\n`);
  }

  /** pf's tables forget nothing by themselves: the anchor is written anew when something is over. */
  async #loadGarden(): Promise<void> {
    if (this.#guests === null) return;
    const now = Date.now();
    for (const [key, { end }] of this.#passing) if (end <= now) this.#passing.delete(key);
    const text = pfGarden(
      this.#guests,
      [...this.#garden, ...[...this.#passing.values()].map((one) => one.address)],
      this.#options.system,
    );
    await must(this.#run, ["pfctl", "-a", `${ANCHOR}/garden`, "-f", "-"], text);
    if (this.#sweep !== null) clearTimeout(this.#sweep);
    const next = Math.min(...[...this.#passing.values()].map((one) => one.end));
    this.#sweep =
      this.#passing.size === 0
        ? null
        : setTimeout(() => void this.#loadGarden().catch(() => undefined), Math.max(1_000, next - now)).unref();
  }
}

function checked(opening: Opening): Opening {
  return {
    ...opening,
    mac: macAddress(opening.mac),
    addresses: [...new Set(opening.addresses.map((one) => ipAddress(one).toString()))],
  };
}

function total(session: Noted, table: ReadonlyMap<string, Counters>): Counters {
  return sum([uncarry(session.carried), ...session.addresses.map((one) => table.get(one) ?? NOTHING)]);
}

function carry(counters: Counters): Carried {
  const { inputOctets, outputOctets, inputPackets, outputPackets } = counters;
  return {
    inputOctets: `${inputOctets}`,
    outputOctets: `${outputOctets}`,
    inputPackets: `${inputPackets}`,
    outputPackets: `${outputPackets}`,
  };
}

function uncarry(carried: Carried): Counters {
  return {
    inputOctets: BigInt(carried.inputOctets),
    outputOctets: BigInt(carried.outputOctets),
    inputPackets: BigInt(carried.inputPackets),
    outputPackets: BigInt(carried.outputPackets),
  };
}
