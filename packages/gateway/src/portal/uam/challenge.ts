/** The challenges CoovaChilli's login pages answer to. What they do with one is reckoned in radius/uam.ts. */
import { randomBytes } from "node:crypto";
import { CHALLENGE_LENGTH } from "../../radius/uam.ts";

/** Milliseconds until a page gets a new challenge, and until an old one is refused (challengetimeout, challengetimeout2). */
const RENEW = 600_000;
const LIFE = 1_200_000;
const MOST_DEVICES = 65_536;

interface Device {
  challenge: Uint8Array | null;
  issued: number;
  /** What the device asked for when it was redirected. */
  userUrl: string | null;
}

/** The challenge each device was given. One is good for one logon: a replay finds it gone. */
export class Challenges {
  readonly #devices: Map<string, Device> = new Map();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  #device(mac: string): Device {
    const known = this.#devices.get(mac);
    if (known !== undefined) return known;
    if (this.#devices.size >= MOST_DEVICES) this.#makeRoom();
    const device: Device = { challenge: null, issued: 0, userUrl: null };
    this.#devices.set(mac, device);
    return device;
  }

  /** Those that are too old go, and when there are none the one that came first. */
  #makeRoom(): void {
    for (const [mac, device] of this.#devices) if (this.#now() - device.issued > LIFE) this.#devices.delete(mac);
    const first = this.#devices.keys().next().value;
    if (this.#devices.size >= MOST_DEVICES && first !== undefined) this.#devices.delete(first);
  }

  /** The challenge to show, in hexadecimal: the same for ten minutes, since a device's background requests ask as well. */
  show(mac: string): string {
    const device = this.#device(mac);
    const age = this.#now() - device.issued;
    if (device.challenge === null || age >= RENEW || age < 0) return this.renew(mac);
    return Buffer.from(device.challenge).toString("hex");
  }

  renew(mac: string): string {
    const device = this.#device(mac);
    device.challenge = randomBytes(CHALLENGE_LENGTH);
    device.issued = this.#now();
    return Buffer.from(device.challenge).toString("hex");
  }

  /** The challenge a logon answers to; it is gone afterwards. Null when there is none or it is too old. */
  take(mac: string): Uint8Array | null {
    const device = this.#devices.get(mac);
    if (device === undefined || device.challenge === null) return null;
    const { challenge, issued } = device;
    device.challenge = null;
    const age = this.#now() - issued;
    return age <= LIFE && age >= 0 ? challenge : null;
  }

  userUrl(mac: string): string | null {
    return this.#devices.get(mac)?.userUrl ?? null;
  }

  remember(mac: string, userUrl: string): void {
    this.#device(mac).userUrl = userUrl;
  }
}
