/**
 * Devices that are in and send from addresses that are not theirs. Such packets are refused; who sends them is worth
 * knowing. Whoever takes a device's MAC and its address at once is that device, as far as a link without keys can tell.
 */
import type { SpoofingSign } from "../../firewall/driver.ts";
import { type Engine, failed } from "./context.ts";

/** Signs spoken of at once; a hostile device can make as many as it likes. */
const MOST = 5;
/** Milliseconds without a new one after which it is over. */
const OVER = 60_000;

export class SpoofingWatch {
  /** Packets when last looked, by device and address. */
  #seen: ReadonlyMap<string, bigint> = new Map();
  #last = Number.NEGATIVE_INFINITY;

  /**
   * @param own the address belongs to the device after all, of which nobody had heard yet
   * @returns what is new since the last look
   */
  async look(
    engine: Engine,
    own: (mac: string, address: string) => Promise<boolean>,
  ): Promise<readonly SpoofingSign[]> {
    const { firewall } = engine.parts;
    if (firewall.spoofing === undefined) return [];
    let signs: readonly SpoofingSign[];
    try {
      signs = await firewall.spoofing();
    } catch (error) {
      failed(engine, error);
      return [];
    }
    const seen = this.#seen;
    this.#seen = new Map(signs.map((sign) => [nameOf(sign), sign.packets]));
    const fresh: SpoofingSign[] = [];
    for (const sign of signs) {
      if ((seen.get(nameOf(sign)) ?? 0n) >= sign.packets || fresh.length >= MOST) continue;
      if (!(await own(sign.mac, sign.address))) fresh.push(sign);
    }
    const steady = engine.parts.clock.monotonic();
    if (fresh.length === 0) {
      if (steady - this.#last >= OVER) engine.troubles.over("spoofing");
    } else {
      this.#last = steady;
      const list = fresh.map(({ mac, address }) => `${mac} from ${address}`).join(", ");
      engine.troubles.begin("spoofing", `Devices send from addresses that are not theirs, which is refused: ${list}`);
    }
    return fresh;
  }
}

function nameOf({ mac, address }: SpoofingSign): string {
  return `${mac} ${address}`;
}
