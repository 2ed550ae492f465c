/** OpenBSD and FreeBSD: `arp -an` and `ndp -an` every few seconds, and at once for an address that is not known. */
import type { Run } from "../firewall/command.ts";
import { readBsdNeighbours } from "./formats.ts";
import type { NeighbourChange, Neighbours } from "./neighbours.ts";
import { NeighbourTable } from "./table.ts";

export class BsdNeighbours implements Neighbours {
  readonly #run: Run;
  readonly #device: string;
  readonly #table: NeighbourTable = new NeighbourTable();
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | null = null;

  private constructor(run: Run, device: string, seconds: number) {
    this.#run = run;
    this.#device = device;
    this.#timer = setInterval(() => void this.#look().catch(() => undefined), seconds * 1000);
  }

  static async open(run: Run, device: string, seconds: number): Promise<BsdNeighbours> {
    const neighbours = new BsdNeighbours(run, device, seconds);
    await neighbours.#look();
    return neighbours;
  }

  async macOf(address: string): Promise<string | null> {
    if (this.#table.macOf(address) === null) await this.#look();
    return this.#table.macOf(address);
  }

  addressesOf(mac: string): readonly string[] {
    return this.#table.addressesOf(mac);
  }

  watch(listener: (change: NeighbourChange) => void): void {
    this.#table.watch(listener);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }

  /** One look serves all who ask meanwhile. */
  #look(): Promise<void> {
    this.#looking ??= this.#read().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #read(): Promise<void> {
    const [arp, ndp] = await Promise.all([this.#run(["arp", "-an"]), this.#run(["ndp", "-an"])]);
    const found = [arp, ndp].flatMap(({ stdout }) => readBsdNeighbours(stdout, this.#device));
    const present = new Set(found.map((one) => one.address));
    for (const address of this.#table.known()) if (!present.has(address)) this.#table.remove(address);
    for (const { address, mac } of found) if (mac !== null) this.#table.put(address, mac);
  }
}
