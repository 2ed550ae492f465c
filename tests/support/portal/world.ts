/** The engine over a kernel and a database in memory, in a time that is moved by hand. */

import type { SpoofingSign } from "@pierhead/gateway/firewall";
import { Log } from "@pierhead/gateway/monitor";
import type { NeighbourChange } from "@pierhead/gateway/neighbours";
import { type Clock, type EmailSignIn, SessionEngine } from "@pierhead/gateway/portal";
import type { AccessAnswer, AccessRequest, RadiusClient } from "@pierhead/gateway/radius";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import { randomSource } from "../random-rules.ts";
import { Chance, type Life } from "./chance.ts";
import { portalConfig } from "./config.ts";
import { MemoryKernel, memoryFirewall } from "./memory-firewall.ts";
import { MemoryDatabase, memoryStore } from "./memory-store.ts";

/** Wall and monotonic time, moved apart when somebody sets the clock. */
export class HandClock implements Clock {
  #steady = 1_000_000;
  #offset = 1_760_000_000_000;
  #timers: { at: number; action: () => void }[] = [];

  now(): number {
    return this.#offset + this.#steady;
  }

  monotonic(): number {
    return this.#steady;
  }

  later(milliseconds: number, action: () => void): () => void {
    const timer = { at: this.#steady + milliseconds, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  advance(seconds: number): void {
    this.#steady += seconds * 1000;
    const due = this.#timers.filter(({ at }) => at <= this.#steady);
    this.#timers = this.#timers.filter(({ at }) => at > this.#steady);
    for (const { action } of due) action();
  }

  set(seconds: number): void {
    this.#offset += seconds * 1000;
  }

  /** A process ended; its timers with it. */
  clear(): void {
    this.#timers = [];
  }
}

export interface WorldOptions {
  readonly seed?: number;
  readonly config?: PortalConfig;
  readonly answer?: (request: AccessRequest) => AccessAnswer;
  readonly radius?: boolean;
  readonly email?: EmailSignIn;
}

export const ACCEPT: AccessAnswer = {
  kind: "accept",
  limits: {},
  user: null,
  classes: [Uint8Array.of(1, 2, 3)],
  message: "",
  redirect: null,
  filter: null,
  vlan: null,
};

export function macOf(device: number): string {
  return `02:00:00:00:${hex(device >> 8)}:${hex(device & 255)}`;
}

export function addressOf(device: number): string {
  return `10.99.${(device >> 8) + 1}.${device & 255}`;
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, "0");
}

export class PortalWorld {
  readonly chance: Chance;
  readonly kernel = new MemoryKernel();
  readonly database = new MemoryDatabase();
  readonly clock = new HandClock();
  readonly asked: AccessRequest[] = [];
  readonly log: string[] = [];
  config: PortalConfig;
  life: Life = { alive: false };
  batches: number[] = [];
  /** What the kernel has seen of borrowed addresses. */
  signs: readonly SpoofingSign[] = [];
  answer: (request: AccessRequest) => AccessAnswer;
  #engine: SessionEngine | null = null;
  readonly #radius: boolean;
  readonly #email: EmailSignIn | null;
  #listeners: ((change: NeighbourChange) => void)[] = [];
  /** Address → MAC of the devices that answer when they are asked for; null: nobody can be asked. */
  there: ReadonlyMap<string, string> | null = new Map();
  /** Addresses that were asked for, a list for each time. */
  readonly questions: (readonly string[])[] = [];
  readonly known: Map<string, Set<string>> = new Map();

  constructor({ seed = 1, config = portalConfig(), answer, radius = true, email }: WorldOptions = {}) {
    this.chance = new Chance(randomSource(seed));
    this.config = radius ? config : { ...config, radius: null };
    this.answer = answer ?? (() => ACCEPT);
    this.#radius = radius;
    this.#email = email ?? null;
  }

  get engine(): SessionEngine {
    if (this.#engine === null) throw new Error("no engine runs");
    return this.#engine;
  }

  /** A new process over the same kernel and database. */
  boot(): SessionEngine {
    const life: Life = { alive: true };
    this.life.alive = false;
    this.life = life;
    this.clock.clear();
    this.chance.forget();
    this.#listeners = [];
    const parts = this.parts(life);
    this.#engine = new SessionEngine({
      ...parts,
      config: this.config,
      email: this.#email,
      accountingWaits: () => {},
      pendingAccounting: () => this.database.queue.length,
      troublesBeside: () => [],
      version: "test",
    });
    return this.#engine;
  }

  /** Everything around an engine. */
  parts(life: Life) {
    const firewall = memoryFirewall(this.kernel, this.chance, life);
    this.batches = firewall.batches;
    const radius: RadiusClient = {
      authenticate: (request) =>
        this.chance.call(
          life,
          () => {
            this.asked.push(request);
            return this.answer(request);
          },
          null,
        ),
      account: () => Promise.resolve(true),
      status: () => [],
      close: () => Promise.resolve(),
    };
    return {
      firewall: { ...firewall, spoofing: () => Promise.resolve(this.signs) },
      store: memoryStore(this.database, this.chance, life),
      radius: this.#radius ? radius : null,
      neighbours: {
        macOf: (address: string) => this.chance.call(life, () => this.#macOf(address), null),
        addressesOf: (mac: string) => [...(this.known.get(mac) ?? [])],
        ask: async (addresses: readonly string[]) => {
          this.questions.push(addresses);
          return this.there;
        },
        watch: (listener: (change: NeighbourChange) => void) => {
          this.#listeners.push(listener);
        },
        close: () => Promise.resolve(),
      },
      clock: this.clock,
      log: new Log({ format: "text", verbose: 0, write: (line) => this.log.push(line) }),
    };
  }

  neighbour(change: NeighbourChange): void {
    const there = this.known.get(change.mac) ?? new Set();
    if (change.present) there.add(change.address);
    this.known.set(change.mac, there);
    for (const listener of this.#listeners) listener(change);
  }

  #macOf(address: string): string | null {
    for (const [mac, addresses] of this.known) if (addresses.has(address)) return mac;
    const [a, b, c, d] = address.split(".").map(Number);
    return a === 10 && b === 99 && c !== undefined && c > 0 && d !== undefined ? macOf(((c - 1) << 8) + d) : null;
  }

  /** Waits for what the engine promised, while the world goes on. Undefined when the process died before. */
  async done<Result>(promise: Promise<Result>): Promise<Result | undefined> {
    let result: Result | undefined;
    let error: unknown;
    let over = false;
    promise.then(
      (value) => {
        result = value;
        over = true;
      },
      (reason) => {
        error = reason;
        over = true;
      },
    );
    await this.chance.run(() => over || !this.life.alive);
    if (error !== undefined) throw error;
    return result;
  }

  signIn(device: number, user = `user${device}`) {
    return this.engine.signIn(addressOf(device), {
      method: "password",
      user,
      credentials: { kind: "password", password: "secret" },
    });
  }

  records(session: string): string[] {
    return this.database.queue.filter((one) => one.session === session).map(({ record }) => record.kind);
  }
}
