/**
 * CoovaChilli's UAM: what a login page does with the challenge it was given, undone (coova-chilli, src/redir.c, REDIR_LOGIN
 * and redir_radius; doc/hotspotlogin.cgi). The page's server and we may share a secret that goes into the challenge.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Credentials } from "../../radius/types.ts";

const LENGTH = 16;
/** Octets of a password (RFC 2865, 5.2). */
const MOST_PASSWORD = 128;
/** Milliseconds until a page gets a new challenge, and until an old one is refused (challengetimeout, challengetimeout2). */
const RENEW = 600_000;
const LIFE = 1_200_000;
const MOST_DEVICES = 65_536;

export function chapChallenge(sent: Uint8Array, secret: string | null): Uint8Array {
  return secret === null || secret === "" ? sent : createHash("md5").update(sent).update(secret).digest();
}

function fromHex(text: string, most: number): Uint8Array | null {
  if (text === "" || text.length % 2 === 1 || text.length > most * 2 || !/^[0-9a-f]+$/i.test(text)) return null;
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** The first that is there of ntresponse, response and password, in CoovaChilli's order; null when none can be read. */
export function logonCredentials(query: ReadonlyMap<string, string>, challenge: Uint8Array): Credentials | null {
  const nt = query.get("ntresponse");
  if (nt !== undefined) {
    const response = fromHex(nt, 24);
    return response?.length === 24 ? { kind: "mschapv2", response, challenge } : null;
  }
  const chap = query.get("response");
  if (chap !== undefined) {
    const response = fromHex(chap, LENGTH);
    const identifier = Number(query.get("ident") || "0");
    if (response?.length !== LENGTH || !Number.isInteger(identifier) || identifier < 0 || identifier > 255) return null;
    return { kind: "chap", identifier, response, challenge };
  }
  const hidden = fromHex(query.get("password") ?? "", MOST_PASSWORD);
  if (hidden === null) return null;
  const clear = Buffer.from(hidden.map((octet, i) => octet ^ (challenge[i % LENGTH] as number)));
  // Pages that fill up with NUL before they XOR: a C string ends there.
  const end = clear.indexOf(0);
  const password = (end === -1 ? clear : clear.subarray(0, end)).toString("utf8");
  return { kind: "password", password };
}

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
    device.challenge = randomBytes(LENGTH);
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
