/** The session engine: a `Portal` over a packet filter, a store, RADIUS, the neighbour table and a clock. */
import { isIP, isIPv4 } from "node:net";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { NeighbourChange } from "../../neighbours/neighbours.ts";
import { readMac } from "../../radius/dynamic-request.ts";
import type { DynamicAnswer, DynamicRequest } from "../../radius/types.ts";
import type { StoredSession } from "../../store/store.ts";
import { coveredName, coveredSession } from "../covered.ts";
import type { Admission, Client, Doorkeeper, Portal, PortalStatus, SignIn, SignInAnswer } from "../service.ts";
import { Throttle } from "../throttle.ts";
import { Turns } from "../turns.ts";
import { GuestNetworks, withAddress } from "./addresses.ts";
import { Batch } from "./batch.ts";
import { clickAllowance } from "./click.ts";
import { JumpWatch } from "./clock.ts";
import { endSession } from "./closing.ts";
import { type Engine, type EngineParts, failed, inStore } from "./context.ts";
import { watchEnd } from "./deadline.ts";
import { dynamic } from "./dynamic.ts";
import { GoneWatch } from "./gone.ts";
import { moved } from "./judge.ts";
import { kernelBatch } from "./kernel.ts";
import { ownLimits } from "./limits.ts";
import { MacAttempts } from "./mac-attempts.ts";
import { NumberPool } from "./numbers.ts";
import { firewallPlan, gardenAddresses } from "./plan.ts";
import { Questions } from "./questions.ts";
import { reconcile } from "./reconcile.ts";
import { nasRecord, recordOf } from "./record.ts";
import { type Attempt, attempt } from "./sign-in.ts";
import { SpoofingWatch } from "./spoofing.ts";
import { SessionTable } from "./table.ts";
import { alterNow, tick, writeAll } from "./tick.ts";
import { Troubles } from "./troubles.ts";
import { VoucherBudgets } from "./vouchers.ts";

/** What is asked for before it is known whether an answer belongs to a question. */
type Asked = SignIn | Exclude<Attempt, { method: "answer" }>;

/** Rows of one transaction of the store. */
const MOST_ROWS = 500;
/** Sign-ins of one device that may wait for each other. */
const MOST_WAITING = 4;
/** Seconds a device, and a name, may have to wait: a name less, since whoever guesses it must not keep its owner out. */
const LONGEST_DEVICE_WAIT = 300;
const LONGEST_NAME_WAIT = 30;
/** Milliseconds between points of the traffic graph, and between questions about vouchers and names. */
const EVERY_MINUTE = 60_000;
/**
 * Questions about MACs at a time: whoever invents one with every packet shall not fill the way to the RADIUS servers. Others
 * are asked about when they next show themselves.
 */
const MOST_MAC_QUESTIONS = 256;
/** Milliseconds the first page waits for an answer about the device's MAC. */
const MAC_PATIENCE = 1_500;

export class SessionEngine implements Portal, Doorkeeper {
  readonly #engine: Engine;
  readonly #devices: Throttle = new Throttle(LONGEST_DEVICE_WAIT);
  readonly #names: Throttle = new Throttle(LONGEST_NAME_WAIT);
  readonly #turns: Turns = new Turns(MOST_WAITING);
  readonly #macAttempts: MacAttempts = new MacAttempts();
  readonly #spoofing: SpoofingWatch = new SpoofingWatch();
  readonly #gone: GoneWatch = new GoneWatch();
  readonly #started: number;
  #ticking: Promise<void> | null = null;
  /** Questions about MACs that are under way. */
  #asking = 0;
  #minute = Number.NEGATIVE_INFINITY;
  #stopping = false;

  constructor(parts: EngineParts) {
    const { config, store, firewall, clock, log } = parts;
    const table = new SessionTable();
    const troubles = new Troubles(log);
    const jumps = new JumpWatch(clock);
    const engine: Engine = {
      parts,
      config,
      networks: new GuestNetworks(config.guests.addresses),
      table,
      numbers: new NumberPool(),
      troubles,
      budgets: new VoucherBudgets(table),
      kernel: kernelBatch(firewall, troubles),
      beginnings: new Batch(async (closings) => {
        await inStore(engine.troubles, store.beginClose(closings));
        return closings.map((): true => true);
      }, MOST_ROWS),
      endings: new Batch(async (items) => {
        engine.writes++;
        try {
          await inStore(
            engine.troubles,
            store.endClose(
              items.map(({ session, stop }) => ({
                session,
                stop: stop ? recordOf(session, "Stop", session.ended ?? engine.now()) : null,
              })),
            ),
          );
        } finally {
          engine.writes++;
        }
        return items.map((): true => true);
      }, MOST_ROWS),
      doubtful: new Map(),
      writing: Promise.resolve(),
      writes: 0,
      traffic: { input: 0n, output: 0n },
      localNames: new Set(),
      questions: new Questions(),
      now: () => {
        const jump = jumps.look();
        if (jump !== 0) this.#jumped(jump);
        return clock.now();
      },
    };
    this.#engine = engine;
    this.#started = clock.now();
  }

  /**
   * Puts the rules in place and makes store and kernel one. Nobody is served before.
   * @throws FirewallError or StoreError
   */
  async start(): Promise<void> {
    const engine = this.#engine;
    const { firewall, store, neighbours, log } = engine.parts;
    await firewall.start(firewallPlan(engine.config));
    await firewall.garden(gardenAddresses(engine.config));
    const open = await reconcile(engine);
    log.info("reconciled", `sessions that go on: ${open}`, { sessions: open });
    // Back ends end all sessions of a NAS that says On: only one that has none may say it.
    if (open === 0 && engine.parts.radius !== null) {
      const at = engine.now();
      const record = nasRecord("Accounting-On", `on-${Math.floor(at / 1000).toString(16)}`, at);
      await inStore(engine.troubles, store.queueAccounting(engine.config.gateway, record.station.sessionId, record));
      engine.parts.accountingWaits();
    }
    await this.#everyMinute();
    neighbours.watch((change) => this.#neighbour(change));
  }

  /** One look at everything; two are never under way at the same time. */
  tick(): Promise<void> {
    this.#ticking ??= this.#tick().finally(() => {
      this.#ticking = null;
    });
    return this.#ticking;
  }

  async #tick(): Promise<void> {
    const steady = this.#engine.parts.clock.monotonic();
    const minute = steady - this.#minute >= EVERY_MINUTE;
    await tick(this.#engine);
    await this.#endAsked();
    if (!this.#stopping) await this.#gone.look(this.#engine);
    // Whether the store works again is only known by asking it.
    if (minute || this.#engine.troubles.has("store")) await this.#everyMinute();
    await this.#lookForSpoofing();
  }

  async #lookForSpoofing(): Promise<void> {
    const signs = await this.#spoofing.look(this.#engine, async (mac, address) => {
      if ((await this.#macOf(address)) !== mac) return false;
      this.#addAddress(mac, address);
      return true;
    });
    for (const { mac, address, packets } of signs) {
      const owner = this.#engine.table.address(address)?.now.mac ?? "nobody who is in";
      this.#audit(mac, "spoofing", `sent from ${address}, which belongs to ${owner}; packets refused: ${packets}`);
    }
  }

  /** A new configuration: how it looks, the garden, and limits of sessions that begin from now on. */
  async reload(config: PortalConfig): Promise<void> {
    const engine = this.#engine;
    await engine.parts.firewall.start(firewallPlan(config));
    await engine.parts.firewall.garden(gardenAddresses(config));
    engine.config = config;
    engine.networks = new GuestNetworks(config.guests.addresses);
  }

  /**
   * Ends the engine's work. Sessions stay open in the kernel and in the store, unless they are to be closed.
   * @returns sessions that could not be closed; the next start does it
   */
  async stop(closeSessions: boolean): Promise<number> {
    const engine = this.#engine;
    this.#stopping = true;
    await this.tick().catch(() => {});
    for (const entry of engine.table.all()) entry.callOff();
    if (!closeSessions) {
      await writeAll(engine);
      return 0;
    }
    const open = [...engine.table.all()].filter(({ phase }) => phase === "open");
    await Promise.all(open.map((entry) => endSession(engine, entry, "Admin-Reboot")));
    const left = engine.table.size;
    if (left === 0 && engine.parts.radius !== null) {
      const at = engine.now();
      const record = nasRecord("Accounting-Off", `off-${Math.floor(at / 1000).toString(16)}`, at);
      await inStore(
        engine.troubles,
        engine.parts.store.queueAccounting(engine.config.gateway, record.station.sessionId, record),
      ).catch((error) => failed(engine, error));
      engine.parts.accountingWaits();
    }
    return left;
  }

  async client(address: string): Promise<Client> {
    const mac = await this.#macOf(address);
    if (mac === null) return { address, mac: null, session: null };
    if (this.#openOf(mac) === null) await this.#tryMac(mac, address, MAC_PATIENCE);
    const session = this.#openOf(mac);
    if (session !== null) this.#addAddress(mac, address);
    return { address, mac, session };
  }

  async pause(mac: string): Promise<number | null> {
    const engine = this.#engine;
    if (!engine.config.signIn.includes("click")) return null;
    const { limits } = engine.config;
    try {
      const allowance = await clickAllowance(engine, mac, ownLimits(limits, null, engine.now()));
      return allowance.kind === "pause" ? allowance.until : null;
    } catch (error) {
      // Whoever tries is told that it does not work.
      failed(engine, error);
      return null;
    }
  }

  async signIn(address: string, how: SignIn): Promise<SignInAnswer> {
    const engine = this.#engine;
    if (this.#stopping) return { kind: "unavailable", reason: "the portal is ending" };
    if (!engine.config.signIn.includes(how.method === "answer" ? "password" : how.method)) {
      return { kind: "refused", why: "method-not-offered", message: "" };
    }
    const mac = await this.#macOf(address);
    if (mac === null) return { kind: "refused", why: "unknown-device", message: "" };
    const answer = await this.#turns.take(mac, () => this.#inTurn(mac, address, how));
    return answer ?? { kind: "slow-down", seconds: 1 };
  }

  async #inTurn(mac: string, address: string | null, asked: Asked): Promise<SignInAnswer> {
    const engine = this.#engine;
    const steady = engine.parts.clock.monotonic();
    const how = this.#attemptOf(mac, asked, steady);
    if (how === null) return { kind: "refused", why: "stale-question", message: "" };
    const user = how.method === "password" ? how.user : how.method === "answer" ? how.question.user : null;
    const name = user?.toLowerCase() ?? null;
    const wait = Math.max(this.#devices.wait(mac, steady), name === null ? 0 : this.#names.wait(name, steady));
    if (wait > 0 && how.method !== "mac" && how.method !== "operator") return { kind: "slow-down", seconds: wait };
    const before = engine.table.mac(mac);
    if (before !== null) {
      if (before.phase === "open") return { kind: "refused", why: "already-in", message: "" };
      await before.ending;
      if (engine.table.mac(mac) !== null) return { kind: "unavailable", reason: "the last session is not closed yet" };
    }
    if (how.method === "answer") engine.questions.answered(mac);
    const answer = await attempt(engine, mac, address, how);
    if (answer.kind === "in") {
      // The device keeps its count: one voucher that is good must not buy a thousand guesses.
      if (name !== null) this.#names.succeeded(name);
      engine.parts.log.info("sign-in", `${mac} came in (${how.method})`, {
        mac,
        session: answer.session.id,
        user: coveredSession(answer.session).user,
        method: how.method,
      });
    } else if (answer.kind === "question" && how.method === "password") {
      // Each may send somebody a message: asking for many costs time as guessing does.
      this.#devices.failed(mac, steady);
    } else if (answer.kind === "refused" && how.method !== "mac") this.#wrong(mac, name, how.method, answer.why);
    return answer;
  }

  /** Null for the answer to a question that is over. */
  #attemptOf(mac: string, asked: Asked, steady: number): Attempt | null {
    if (asked.method !== "answer") return asked;
    const question = this.#engine.questions.find(mac, asked.key, steady);
    return question === null ? null : { method: "answer", question, answer: asked.answer };
  }

  /** A wrong guess costs time; what is no guess does not. */
  #wrong(mac: string, name: string | null, method: string, why: string): void {
    if (why !== "wrong-credentials" && why !== "unknown-voucher") return;
    const steady = this.#engine.parts.clock.monotonic();
    const times = this.#devices.failed(mac, steady);
    if (name !== null) this.#names.failed(name, steady);
    const wait = this.#devices.wait(mac, steady);
    // The first ones are people; what is slowed down is worth a line.
    if (wait > 0) this.#audit(mac, "login-failed", `${method}, ${times} times; next try in ${wait} s`);
  }

  async signOut(address: string): Promise<boolean> {
    const mac = await this.#macOf(address);
    const entry = mac === null ? null : this.#engine.table.mac(mac);
    if (entry === null || entry.phase !== "open") return false;
    this.#macAttempts.signedOut(entry.now.mac, this.#engine.parts.clock.monotonic());
    // What cannot be finished now is finished later; for the guest it is over.
    await endSession(this.#engine, entry, "User-Request");
    return true;
  }

  async admit({ device, user, limits }: Admission, who: string): Promise<SignInAnswer> {
    if (this.#stopping) return { kind: "unavailable", reason: "the portal is ending" };
    const known = readMac(device);
    const mac = known ?? (isIP(device) === 0 ? null : await this.#macOf(device));
    if (mac === null) return { kind: "refused", why: "unknown-device", message: "" };
    const before = this.#openOf(mac);
    if (before !== null) {
      const { kind } = await dynamic(this.#engine, { kind: "coa", selector: { sessionId: before.id }, limits });
      this.#audit(who, "limits", `${before.id} ${mac}${kind === "done" ? "" : " failed"}`);
      const session = this.#openOf(mac);
      return kind === "done" && session !== null
        ? { kind: "in", session, redirect: null, message: "" }
        : { kind: "unavailable", reason: "the limits could not be changed" };
    }
    const address = known === null ? device : null;
    const how = { method: "operator", user, limits } as const;
    const answer = await this.#turns.take(mac, () => this.#inTurn(mac, address, how));
    this.#audit(who, "admit", `${mac} ${user} ${answer?.kind ?? "slow-down"}`);
    return answer ?? { kind: "slow-down", seconds: 1 };
  }

  async kick(id: string, who: string): Promise<boolean> {
    const entry = this.#engine.table.id(id);
    if (entry === null || entry.phase !== "open") return false;
    const { mac, user } = coveredSession(entry.now);
    this.#macAttempts.signedOut(mac, this.#engine.parts.clock.monotonic());
    await endSession(this.#engine, entry, "Admin-Reset");
    this.#audit(who, "kick", `${id} ${mac}${user === "" ? "" : ` ${user}`}`);
    return true;
  }

  sessions(): readonly StoredSession[] {
    const found: StoredSession[] = [];
    for (const entry of this.#engine.table.all()) if (entry.phase === "open") found.push(entry.now);
    return found;
  }

  async dynamic(request: DynamicRequest, from: string): Promise<DynamicAnswer> {
    const answer = await dynamic(this.#engine, request);
    const what = Object.entries(request.selector)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name} ${name === "user" ? coveredName(String(value)) : value}`)
      .join(", ");
    const how = answer.kind === "done" ? "" : ` refused (${answer.errorCause})`;
    this.#audit(`radius ${from}`, request.kind, `${what}${how}`);
    return answer;
  }

  status(): PortalStatus {
    const { parts, config, troubles } = this.#engine;
    const radius = parts.radius?.status() ?? [];
    const dead = radius.length > 0 && radius.every(({ alive }) => !alive);
    return {
      gateway: config.gateway,
      version: parts.version,
      started: this.#started,
      sessions: this.#engine.table.size - this.#engine.table.ending.size,
      pendingAccounting: parts.pendingAccounting(),
      radius,
      troubles: [...troubles.sentences, ...(dead ? ["No RADIUS server is alive."] : []), ...parts.troublesBeside()],
    };
  }

  /** Null when the kernel does not know, or cannot say: then it is nobody. */
  async #macOf(address: string): Promise<string | null> {
    try {
      return await this.#engine.parts.neighbours.macOf(address);
    } catch (error) {
      this.#engine.parts.log.warning("neighbours", `who ${address} is: ${(error as Error).message}`);
      return null;
    }
  }

  #openOf(mac: string): StoredSession | null {
    const entry = this.#engine.table.mac(mac);
    return entry !== null && entry.phase === "open" ? entry.now : null;
  }

  #neighbour({ mac, address, present }: NeighbourChange): void {
    // An address that went to sleep is not given up: its first packet after that must pass.
    if (!present || this.#stopping) return;
    const entry = this.#engine.table.mac(mac);
    if (entry !== null) this.#gone.seen(entry, this.#engine.parts.clock.monotonic());
    if (this.#openOf(mac) !== null) this.#addAddress(mac, address);
    else if (this.#engine.networks.has(address)) void this.#tryMac(mac, address, 0);
  }

  #addAddress(mac: string, address: string): void {
    const engine = this.#engine;
    const entry = engine.table.mac(mac);
    if (entry === null || entry.phase !== "open" || !engine.networks.has(address)) return;
    const addresses = withAddress(entry.now.addresses, address);
    if (addresses === entry.now.addresses) return;
    const other = engine.table.address(address);
    if (other !== null && other !== entry && other.phase === "open") {
      engine.parts.log.warning("address", `${address} of ${other.now.mac} is used by ${mac} too`, { mac, address });
    }
    const four = engine.parts.neighbours.addressesOf(mac).filter((one) => isIPv4(one) && engine.networks.has(one));
    if (isIPv4(address) && four.length > 1) {
      // A lease that changed looks like this for a minute; two devices with one MAC look like this for good.
      engine.parts.log.warning("address", `${mac} has several IPv4 addresses at a time: ${four.join(", ")}`, { mac });
    }
    engine.table.readdress(entry, { ...entry.now, addresses });
    entry.written = Number.NEGATIVE_INFINITY;
    void alterNow(engine, entry);
  }

  /** MAC authentication, where it is offered and the device was not asked about lately. */
  async #tryMac(mac: string, address: string, patience: number): Promise<void> {
    const engine = this.#engine;
    if (this.#stopping || !engine.config.signIn.includes("mac")) return;
    if (this.#asking >= MOST_MAC_QUESTIONS) return;
    if (!this.#macAttempts.begin(mac, engine.parts.clock.monotonic())) return;
    this.#asking++;
    const done = this.#turns
      .take(mac, () => this.#inTurn(mac, address, { method: "mac" }))
      .then(() => {})
      .finally(() => {
        this.#asking--;
      });
    await Promise.race([done, new Promise<void>((resolve) => engine.parts.clock.later(patience, resolve))]);
  }

  #jumped(jump: number): void {
    const engine = this.#engine;
    const seconds = Math.round(jump / 1000);
    engine.parts.log.warning("clock", `the clock was set by ${seconds} s; sessions last as long as before`, {
      seconds,
    });
    for (const entry of engine.table.all()) {
      entry.now = moved(entry.now, jump, entry.fixedUntil);
      entry.written = Number.NEGATIVE_INFINITY;
    }
    for (const entry of engine.table.all()) watchEnd(engine, entry);
  }

  /** What is looked after once a minute; none of it is worth more than a line when it fails. */
  async #everyMinute(): Promise<void> {
    const engine = this.#engine;
    const { store, clock } = engine.parts;
    this.#minute = clock.monotonic();
    // Said anew when it goes on.
    engine.troubles.over("passwords");
    try {
      for (const code of engine.budgets.unsure()) {
        const { writes } = engine;
        const [voucher] = await inStore(engine.troubles, store.vouchers({ code, limit: 1 }));
        if (voucher !== undefined && engine.writes === writes) engine.budgets.learn(voucher);
      }
      engine.budgets.tidy();
      await this.#endRevoked();
      const { signIn } = engine.config;
      if (signIn.includes(engine.parts.radius === null ? "mac" : "password")) {
        engine.localNames = new Set((await inStore(engine.troubles, store.users())).map(({ name }) => name));
      }
      const { input, output } = engine.traffic;
      const sessions = engine.table.size - engine.table.ending.size;
      const point = { at: engine.now(), sessions, inputOctets: input, outputOctets: output };
      await inStore(engine.troubles, store.recordTraffic(engine.config.gateway, point));
      engine.traffic.input -= input;
      engine.traffic.output -= output;
    } catch (error) {
      failed(engine, error);
    }
  }

  /** Another gateway of the store may have begun to close ours: see elsewhere.ts. */
  async #endAsked(): Promise<void> {
    const engine = this.#engine;
    const { parts, config, table, troubles } = engine;
    if (table.size === 0) return;
    try {
      const asked = await inStore(troubles, parts.store.sessions({ gateway: config.gateway, states: ["closing"] }));
      const ends = asked.map(async ({ id, mac, cause }) => {
        const entry = table.id(id);
        if (entry === null || entry.phase !== "open") return;
        // Not let in again at once for its MAC.
        this.#macAttempts.signedOut(mac, parts.clock.monotonic());
        await endSession(engine, entry, cause ?? "Admin-Reset");
      });
      await Promise.all(ends);
    } catch (error) {
      failed(engine, error);
    }
  }

  /** Vouchers may be revoked at another gateway of the store. */
  async #endRevoked(): Promise<void> {
    const { table, parts, troubles } = this.#engine;
    const used = [...table.vouchers()];
    if (used.length === 0) return;
    const revoked = await inStore(troubles, parts.store.revokedAmong(used));
    const entries = revoked.flatMap((id) => [...table.voucher(id)]).filter(({ phase }) => phase === "open");
    await Promise.all(entries.map((entry) => endSession(this.#engine, entry, "Admin-Reset")));
  }

  #audit(who: string, what: string, detail: string): void {
    const engine = this.#engine;
    const entry = { at: engine.now(), gateway: engine.config.gateway, who, what, detail };
    engine.parts.log.info(what, `${who}: ${what} ${detail}`, { who });
    inStore(engine.troubles, engine.parts.store.audit(entry)).catch((error) => failed(engine, error));
  }
}
