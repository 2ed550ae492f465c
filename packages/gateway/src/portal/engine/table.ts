/** The sessions of this gateway in memory, found by whatever they are asked for by; nothing here looks through all of them. */
import type { SessionSelector } from "../../radius/types.ts";
import type { StoredSession } from "../../store/store.ts";

/**
 * `opening`: in the store, the kernel is being told. `open`. Then what is left to do of its end: `begin` (the store learns
 * of it), `cut` (the kernel closes it), `end` (the store takes the last counters).
 */
export type Phase = "opening" | "open" | "begin" | "cut" | "end";

export interface Entry {
  now: StoredSession;
  /** As the store has it. */
  stored: StoredSession;
  phase: Phase;
  /** Monotonic milliseconds of the last write, and of the opening in the kernel. */
  written: number;
  opened: number;
  /** Its end is a wall-clock time that was named, not a duration: setting the clock does not move it. */
  fixedUntil: boolean;
  /** The kernel has other addresses or rates than it should. */
  alter: boolean;
  /** Calls off the timer of its end. */
  callOff: () => void;
  /** The end that is under way. */
  ending: Promise<boolean> | null;
}

export class SessionTable {
  readonly #byId: Map<string, Entry> = new Map();
  readonly #byNumber: Map<number, Entry> = new Map();
  readonly #byMac: Map<string, Entry> = new Map();
  readonly #byAddress: Map<string, Entry> = new Map();
  readonly #byUser: Map<string, Set<Entry>> = new Map();
  readonly #byVoucher: Map<string, Set<Entry>> = new Map();
  readonly #closing: Set<Entry> = new Set();

  add(entry: Entry): void {
    const { id, number, mac, user, voucher, addresses } = entry.now;
    this.#byId.set(id, entry);
    this.#byNumber.set(number, entry);
    this.#byMac.set(mac, entry);
    for (const address of addresses) this.#byAddress.set(address, entry);
    if (user !== "") put(this.#byUser, user, entry);
    if (voucher !== null) put(this.#byVoucher, voucher, entry);
  }

  /** Its addresses have changed to those of `session`. */
  readdress(entry: Entry, session: StoredSession): void {
    for (const address of entry.now.addresses) {
      if (this.#byAddress.get(address) === entry) this.#byAddress.delete(address);
    }
    entry.now = session;
    for (const address of session.addresses) this.#byAddress.set(address, entry);
  }

  closing(entry: Entry): void {
    this.#closing.add(entry);
  }

  remove(entry: Entry): void {
    const { id, number, mac, user, voucher, addresses } = entry.now;
    this.#closing.delete(entry);
    this.#byId.delete(id);
    if (this.#byNumber.get(number) === entry) this.#byNumber.delete(number);
    if (this.#byMac.get(mac) === entry) this.#byMac.delete(mac);
    for (const address of addresses) {
      if (this.#byAddress.get(address) === entry) this.#byAddress.delete(address);
    }
    take(this.#byUser, user, entry);
    if (voucher !== null) take(this.#byVoucher, voucher, entry);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** All that are not gone yet. */
  all(): IterableIterator<Entry> {
    return this.#byId.values();
  }

  get ending(): ReadonlySet<Entry> {
    return this.#closing;
  }

  id(id: string): Entry | null {
    return this.#byId.get(id) ?? null;
  }

  number(number: number): Entry | null {
    return this.#byNumber.get(number) ?? null;
  }

  mac(mac: string): Entry | null {
    return this.#byMac.get(mac) ?? null;
  }

  address(address: string): Entry | null {
    return this.#byAddress.get(address) ?? null;
  }

  user(user: string): ReadonlySet<Entry> {
    return this.#byUser.get(user) ?? NONE;
  }

  voucher(id: string): ReadonlySet<Entry> {
    return this.#byVoucher.get(id) ?? NONE;
  }

  vouchers(): IterableIterator<string> {
    return this.#byVoucher.keys();
  }

  /** Open sessions that everything given agrees with (RFC 5176, 3). */
  select(selector: SessionSelector): readonly Entry[] {
    const { sessionId, user, mac, address, number } = selector;
    const candidates: Iterable<Entry | null> =
      sessionId !== undefined
        ? [this.id(sessionId)]
        : number !== undefined
          ? [this.number(number)]
          : mac !== undefined
            ? [this.mac(mac)]
            : address !== undefined
              ? [this.address(address)]
              : user !== undefined
                ? this.user(user)
                : [];
    return [...candidates].filter(
      (entry) =>
        entry !== null &&
        entry.phase === "open" &&
        (user === undefined || entry.now.user === user) &&
        (mac === undefined || entry.now.mac === mac) &&
        (number === undefined || entry.now.number === number) &&
        (address === undefined || entry.now.addresses.includes(address)),
    ) as Entry[];
  }
}

const NONE: ReadonlySet<Entry> = new Set();

function put(map: Map<string, Set<Entry>>, name: string, entry: Entry): void {
  const there = map.get(name);
  if (there === undefined) map.set(name, new Set([entry]));
  else there.add(entry);
}

function take(map: Map<string, Set<Entry>>, name: string, entry: Entry): void {
  const there = map.get(name);
  if (there === undefined) return;
  there.delete(entry);
  if (there.size === 0) map.delete(name);
}
