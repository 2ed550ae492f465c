/**
 * Rates by tc: HTB on the guests' interface for what goes to them, on the uplink for what comes from them (tc-htb(8)). The
 * firewall writes the class into the packet's priority, which HTB takes directly, so no filter is walked. Nothing is
 * installed before a session has a rate.
 */

import { must, type Run } from "./command.ts";
import { FirewallError } from "./driver.ts";

/** Our root handle, "ph" in ASCII; other roots are somebody else's. */
const HANDLE = "7068";
const MAJOR = 0x7068;
/** The class of everybody without a rate. */
const REST = "1";
const FIRST = 0x10;
const LAST = 0xfffe;

export interface Rates {
  readonly rateUp: number | null;
  readonly rateDown: number | null;
}

export function isLimited(rates: Rates): boolean {
  return rates.rateUp !== null || rates.rateDown !== null;
}

/** A class as nft writes it; 0 is no class. */
export function classText(slot: number): string {
  return slot === 0 ? "0:0" : `${HANDLE}:${slot.toString(16)}`;
}

export class Shaping {
  readonly #run: Run;
  readonly #guests: string;
  readonly #uplink: string;
  #installed = false;
  /** The kernel has fq_codel; without, a queue of a tenth of a second, as HTB's own of 1,000 packets may be of 64 kB each. */
  #fair = true;
  readonly #free: number[] = [];
  #next = FIRST;
  readonly #used: Set<number> = new Set();

  constructor(run: Run, guests: string, uplink: string) {
    this.#run = run;
    this.#guests = guests;
    this.#uplink = uplink;
  }

  /** Finds what an earlier process of ours left; classes of nobody are removed. */
  async recover(slots: readonly number[]): Promise<void> {
    for (const slot of slots) this.#used.add(slot);
    const found = await Promise.all([this.#guests, this.#uplink].map((name) => this.#isOurs(name)));
    this.#installed = found[0] === true && found[1] === true;
    if (!this.#installed) return;
    await this.#findLeaf();
    const stale: string[] = [];
    for (const name of [this.#guests, this.#uplink]) {
      const listing = await must(this.#run, ["tc", "class", "show", "dev", name]);
      for (const [, minor] of listing.matchAll(/^class htb 7068:([0-9a-f]+) /gm)) {
        const slot = Number.parseInt(minor as string, 16);
        if (minor !== REST && !this.#used.has(slot)) stale.push(`class del dev ${name} classid ${HANDLE}:${minor}`);
      }
    }
    await this.remove(stale);
  }

  /** @throws FirewallError when all 65,518 are taken */
  take(): number {
    for (;;) {
      const slot = this.#free.pop() ?? this.#next++;
      if (slot > LAST) throw new FirewallError("more than 65,000 sessions with rates");
      // Handles of leaves are numbered like classes, and the root has one of them.
      if (slot === MAJOR || this.#used.has(slot)) continue;
      this.#used.add(slot);
      return slot;
    }
  }

  give(slot: number): void {
    if (this.#used.delete(slot)) this.#free.push(slot);
  }

  /** Lines of tc that make a session's classes what `rates` says, having been what `before` says. */
  lines(slot: number, rates: Rates, before: Rates | null): string[] {
    return [
      ...direction(this.#guests, slot, rates.rateDown, before?.rateDown ?? null, this.#fair),
      ...direction(this.#uplink, slot, rates.rateUp, before?.rateUp ?? null, this.#fair),
    ];
  }

  /** The lines that take them away. */
  removal(slot: number, rates: Rates): string[] {
    return this.lines(slot, { rateUp: null, rateDown: null }, rates);
  }

  async apply(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    await must(this.#run, ["tc", "-batch", "-"], `${lines.join("\n")}\n`);
  }

  /** Takes classes away; what is not there any more is no error. */
  async remove(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.#run(["tc", "-force", "-batch", "-"], `${lines.join("\n")}\n`);
  }

  async stop(): Promise<void> {
    for (const name of [this.#guests, this.#uplink]) {
      if (await this.#isOurs(name)) await must(this.#run, ["tc", "qdisc", "del", "dev", name, "root"]);
    }
    this.#installed = false;
  }

  async #isOurs(name: string): Promise<boolean> {
    const { stdout } = await this.#run(["tc", "qdisc", "show", "dev", name, "root"]);
    return stdout.startsWith(`qdisc htb ${HANDLE}: root`);
  }

  /** Before the first lines of a rate. */
  async install(): Promise<void> {
    if (this.#installed) return;
    const lines: string[] = [];
    for (const name of [this.#guests, this.#uplink]) {
      if (await this.#isOurs(name)) continue;
      lines.push(
        // `add` does not take the place of a root somebody set up.
        `qdisc add dev ${name} root handle ${HANDLE}: htb default ${REST}`,
        `class add dev ${name} parent ${HANDLE}: classid ${HANDLE}:${REST} htb rate 100gbit burst 16mb cburst 16mb quantum 60000`,
      );
    }
    try {
      if (lines.length > 0) await must(this.#run, ["tc", "-batch", "-"], `${lines.join("\n")}\n`);
    } catch (error) {
      await this.stop();
      const reason = error instanceof Error ? error.message : String(error);
      throw new FirewallError(
        `rates need the root queueing discipline of ${this.#guests} and ${this.#uplink}: remove yours (tc qdisc del dev … root), or leave rates out (${reason})`,
      );
    }
    await this.#findLeaf();
    this.#installed = true;
  }

  /** Gives the class of everybody else its leaf, where the kernel has that kind. */
  async #findLeaf(): Promise<void> {
    const devices = [this.#guests, this.#uplink];
    const leaf = (name: string): string =>
      `qdisc replace dev ${name} parent ${HANDLE}:${REST} handle ${REST}: fq_codel\n`;
    this.#fair = (await this.#run(["tc", "-batch", "-"], devices.map(leaf).join(""))).status === 0;
  }
}

function direction(device: string, slot: number, rate: number | null, before: number | null, fair: boolean): string[] {
  const name = slot.toString(16);
  if (rate === before) return [];
  if (rate === null) return [`class del dev ${device} classid ${HANDLE}:${name}`];
  // 20 ms at the rate: what a timer of HTB needs, and less than a player notices.
  const burst = Math.min(1_000_000, Math.max(6_000, Math.round(rate / 8 / 50)));
  const settings = `htb rate ${rate}bit ceil ${rate}bit burst ${burst} cburst ${burst} quantum 1514`;
  const changed = `class replace dev ${device} parent ${HANDLE}: classid ${HANDLE}:${name} ${settings}`;
  if (before !== null) return [changed];
  // 64 flows are 4 kB a session where fq_codel's own 1,024 would be 68.
  const leaf = fair
    ? "fq_codel limit 1024 flows 64 memory_limit 4mb"
    : `bfifo limit ${Math.max(200_000, Math.round(rate / 80))}`;
  return [changed, `qdisc add dev ${device} parent ${HANDLE}:${name} handle ${name}: ${leaf}`];
}
