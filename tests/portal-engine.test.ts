/** What the engine does, over a kernel and a store in memory. */
import type { AccessAnswer } from "@pierhead/gateway/radius";
import { StoreError, type Voucher } from "@pierhead/gateway/store";
import { describe, expect, it } from "vitest";
import { portalConfig } from "./support/portal/config.ts";
import { ACCEPT, addressOf, macOf, PortalWorld, type WorldOptions } from "./support/portal/world.ts";

const NO_LIMITS = portalConfig().limits;

async function started(options: WorldOptions = {}): Promise<PortalWorld> {
  const world = new PortalWorld(options);
  world.chance.immediate = true;
  await world.boot().start();
  return world;
}

function settle(): Promise<void> {
  return new Promise((done) => setTimeout(done, 5));
}

function accept(limits: Extract<AccessAnswer, { kind: "accept" }>["limits"]): () => AccessAnswer {
  return () => ({ ...ACCEPT, limits }) as AccessAnswer;
}

function voucher(world: PortalWorld, more: Partial<Voucher> = {}): Voucher {
  const made: Voucher = {
    id: "v1",
    code: "7K4M-Q2XP",
    batch: "b",
    created: 0,
    expires: null,
    duration: null,
    octets: null,
    devices: 1,
    rateUp: null,
    rateDown: null,
    note: "",
    firstUse: null,
    usedOctets: 0n,
    usedBy: [],
    revoked: false,
    ...more,
  };
  world.database.vouchers.set(made.id, made);
  return made;
}

describe("signing in", () => {
  it("by RADIUS: the store has it, the kernel opens, and the limits are the answer's", async () => {
    const world = await started({ answer: accept({ session: 3600, rateDown: 5_000_000 }) });
    const answer = await world.signIn(1);
    expect(answer).toMatchObject({
      kind: "in",
      session: {
        user: "user1",
        mac: macOf(1),
        addresses: [addressOf(1)],
        radius: true,
        limits: { rateDown: 5_000_000 },
      },
    });
    expect(world.kernel.open.size).toBe(1);
    if (answer.kind !== "in") return;
    expect(world.records(answer.session.id)).toEqual(["Start"]);
    expect(world.asked[0]).toMatchObject({ station: { sessionId: answer.session.id, number: answer.session.number } });
    expect(await world.signIn(1)).toMatchObject({ kind: "refused", why: "already-in" });
    expect(await world.engine.client(addressOf(1))).toMatchObject({
      mac: macOf(1),
      session: { id: answer.session.id },
    });
  });

  it("twice at once: one session", async () => {
    const world = await started();
    const answers = await Promise.all([world.signIn(1), world.signIn(1), world.signIn(1)]);
    expect(answers.filter(({ kind }) => kind === "in")).toHaveLength(1);
    expect(world.kernel.open.size).toBe(1);
  });

  it("refuses what is wrong, offered nowhere, or nobody's", async () => {
    const world = await started({ answer: () => ({ kind: "reject", message: "no such user" }) });
    expect(await world.signIn(1)).toEqual({ kind: "refused", why: "wrong-credentials", message: "no such user" });
    expect(await world.engine.signIn(addressOf(1), { method: "email", token: "x" })).toMatchObject({
      why: "method-not-offered",
    });
    expect(await world.engine.signIn("192.0.2.1", { method: "click" })).toMatchObject({ why: "unknown-device" });
    expect(world.database.sessions.size).toBe(0);
  });

  it("says that it is not the guest's fault when no RADIUS server answers", async () => {
    const world = await started({ answer: () => ({ kind: "silence", reason: "timeout" }) });
    expect(await world.signIn(1)).toMatchObject({ kind: "unavailable" });
    expect(world.engine.status().troubles).toEqual(["No RADIUS server answers: timeout"]);
    world.answer = () => ACCEPT;
    expect(await world.signIn(1)).toMatchObject({ kind: "in" });
    expect(world.engine.status().troubles).toEqual([]);
  });

  it("by the store's own users, as many devices as they may have, on all gateways", async () => {
    const world = await started({ radius: false });
    const user = { name: "anna", disabled: false, limits: { rateUp: 1_000_000 }, devices: 2, note: "", created: 0 };
    world.database.users.set("anna", { user, password: "secret" });
    expect(await world.signIn(1, "anna")).toMatchObject({
      kind: "in",
      session: { radius: false, limits: { rateUp: 1_000_000 } },
    });
    expect(await world.signIn(2, "anna")).toMatchObject({ kind: "in" });
    expect(await world.signIn(3, "anna")).toMatchObject({ kind: "refused", why: "too-many-devices" });
    expect(await world.signIn(4, "berta")).toMatchObject({ kind: "refused", why: "wrong-credentials" });
    expect(world.database.queue).toEqual([]);
  });

  it("by a local user's last free place: of two devices at the same moment one", async () => {
    const world = await started({ radius: false });
    const user = { name: "anna", disabled: false, limits: {}, devices: 1, note: "", created: 0 };
    world.database.users.set("anna", { user, password: "secret" });
    const answers = await Promise.all([world.signIn(1, "anna"), world.signIn(2, "anna"), world.signIn(3, "anna")]);
    expect(answers.map(({ kind }) => kind)).toEqual(["in", "refused", "refused"]);
  });

  it("by a local user called like the device's MAC; nobody's MAC costs no hashing", async () => {
    const world = new PortalWorld({ radius: false, config: portalConfig({ signIn: ["mac"] }) });
    world.chance.immediate = true;
    const name = "02-00-00-00-00-01";
    const user = { name, disabled: false, limits: {}, devices: 1, note: "", created: 0 };
    const { users } = world.database;
    users.set(name, { user, password: name });
    const hashed: string[] = [];
    users.get = (key) => {
      hashed.push(key);
      return Map.prototype.get.call(users, key);
    };
    await world.boot().start();
    expect((await world.engine.client(addressOf(1))).session).toMatchObject({ method: "mac", user: name });
    for (let device = 2; device < 50; device++) {
      world.neighbour({ mac: macOf(device), address: addressOf(device), present: true });
    }
    await settle();
    expect(world.engine.sessions()).toHaveLength(1);
    expect(hashed).toEqual([name]);
  });

  it("by MAC asks RADIUS about so many at a time, whatever somebody invents", async () => {
    const config = portalConfig({ signIn: ["mac"] });
    const world = await started({ config, answer: () => ({ kind: "reject", message: "" }) });
    world.chance.immediate = false;
    for (let device = 1; device <= 2_000; device++) {
      world.neighbour({ mac: macOf(device), address: addressOf(device), present: true });
    }
    await world.chance.run(() => false);
    expect(world.asked.length).toBe(256);
    world.neighbour({ mac: macOf(2_000), address: addressOf(2_000), present: true });
    await world.chance.run(() => false);
    expect(world.asked.at(-1)?.station.mac).toBe(macOf(2_000));
  });

  it("by a local user where RADIUS does not know the name", async () => {
    const world = new PortalWorld({ answer: () => ({ kind: "reject", message: "" }) });
    world.chance.immediate = true;
    const user = { name: "anna", disabled: false, limits: {}, devices: 1, note: "", created: 0 };
    world.database.users.set("anna", { user, password: "secret" });
    await world.boot().start();
    expect(await world.signIn(1, "anna")).toMatchObject({ kind: "in", session: { radius: false } });
    expect(await world.signIn(2, "berta")).toMatchObject({ kind: "refused" });
  });

  it("by MAC, when a device is seen for the first time, once", async () => {
    const config = portalConfig({ signIn: ["mac", "click"] });
    const world = await started({
      config,
      answer: ({ user }) => (user.endsWith("-01") ? ACCEPT : { kind: "reject", message: "" }),
    });
    expect((await world.engine.client(addressOf(1))).session).toMatchObject({
      method: "mac",
      user: "02-00-00-00-00-01",
    });
    world.neighbour({ mac: macOf(257), address: addressOf(257), present: true });
    await settle();
    expect(world.engine.sessions()).toHaveLength(2);
    for (let i = 0; i < 5; i++) expect((await world.engine.client(addressOf(2))).session).toBeNull();
    expect(world.asked.map(({ user, service }) => `${user} ${service}`)).toEqual([
      "02-00-00-00-00-01 mac",
      "02-00-00-00-01-01 mac",
      "02-00-00-00-00-02 mac",
    ]);
    // Whoever signs out stays out.
    expect(await world.engine.signOut(addressOf(1))).toBe(true);
    expect((await world.engine.client(addressOf(1))).session).toBeNull();
    world.clock.advance(301);
    expect((await world.engine.client(addressOf(1))).session).not.toBeNull();
  });

  it("not by its MAC alone where RADIUS wants it to see the page (ChilliSpot-Config)", async () => {
    const world = await started({
      config: portalConfig({ signIn: ["mac", "password"] }),
      answer: () => ({ ...ACCEPT, mustAsk: true }),
    });
    expect((await world.engine.client(addressOf(1))).session).toBeNull();
    expect(world.asked.map(({ service }) => service)).toEqual(["mac"]);
    expect(await world.signIn(1, "anna")).toMatchObject({ kind: "in" });
  });

  it("hands on where RADIUS sends whom it rejects", async () => {
    const redirect = "https://pay.example/";
    const world = await started({ answer: () => ({ kind: "reject", message: "No credit", redirect }) });
    expect(await world.signIn(1, "anna")).toMatchObject({ kind: "refused", message: "No credit", redirect });
  });

  it("by a token of whoever sends mail", async () => {
    const config = portalConfig({ signIn: ["email"] });
    const email = { check: async (token: string) => (token === "good" ? { user: "a@example.org" } : null) };
    const world = await started({ config, email });
    const by = (token: string) => world.engine.signIn(addressOf(1), { method: "email", token });
    expect(await by("bad")).toMatchObject({ why: "wrong-credentials" });
    expect(await by("good")).toMatchObject({ kind: "in", session: { user: "a@example.org", method: "email" } });
  });

  it("slows down who guesses, and not the others", async () => {
    const world = await started({ answer: ({ user }) => (user === "good" ? ACCEPT : { kind: "reject", message: "" }) });
    const kinds: string[] = [];
    for (let i = 0; i < 5; i++) kinds.push((await world.signIn(1, `guess${i}`)).kind);
    expect(kinds).toEqual(["refused", "refused", "refused", "slow-down", "slow-down"]);
    expect(await world.signIn(2, "good")).toMatchObject({ kind: "in" });
    world.clock.advance(2);
    expect((await world.signIn(1, "guess9")).kind).toBe("refused");
    expect(await world.signIn(1, "good")).toEqual({ kind: "slow-down", seconds: 2 });
    // One name from many devices.
    for (let i = 10; i < 13; i++) await world.signIn(i, "victim");
    expect((await world.signIn(14, "Victim")).kind).toBe("slow-down");
    expect(world.database.audit.some((line) => line.includes("login-failed"))).toBe(true);
  });
});

describe("a voucher's code", () => {
  it("is in no line of the log and of the audit log, for others may read those and use it", async () => {
    const world = await started({ config: portalConfig({ signIn: ["voucher"] }) });
    const { code } = voucher(world);
    const answer = await world.engine.signIn(addressOf(1), { method: "voucher", code });
    expect(answer).toMatchObject({ kind: "in", session: { user: code } });
    await world.engine.dynamic({ kind: "disconnect", selector: { user: "ABCD-EFGH" } }, "192.0.2.1");
    await world.engine.dynamic({ kind: "disconnect", selector: { user: "anna" } }, "192.0.2.1");
    if (answer.kind === "in") expect(await world.engine.kick(answer.session.id, "ann")).toBe(true);
    await settle();
    const lines = [...world.log, ...world.database.audit].join("\n");
    expect(lines).not.toContain(code.slice(5));
    expect(lines).not.toContain("EFGH");
    expect(lines).toMatch(/ann kick [0-9a-f]+ 02:00:00:00:00:01 7K••-••••/);
    expect(lines).toContain("disconnect user AB••-••••");
    expect(lines).toContain("disconnect user anna");
  });
});

describe("what fails", () => {
  it("so many passwords at once that they cannot be checked: nobody's fault, and not the store's", async () => {
    const world = await started({ radius: false });
    const user = { name: "anna", disabled: false, limits: {}, devices: 1, note: "", created: 0 };
    world.database.users.set("anna", { user, password: "secret" });
    const { get } = world.database.users;
    world.database.users.get = () => {
      throw new StoreError("Too many passwords are being checked at the moment: try again soon.", "crowded");
    };
    for (let tries = 0; tries < 10; tries++) expect(await world.signIn(1, "anna")).toEqual({ kind: "busy" });
    expect(world.engine.status().troubles).toEqual([expect.stringMatching(/^Too many passwords/)]);
    world.database.users.get = get;
    // Whoever was turned away has guessed nothing, and waits for nothing.
    expect(await world.signIn(1, "anna")).toMatchObject({ kind: "in" });
    world.clock.advance(61);
    await world.engine.tick();
    expect(world.engine.status().troubles).toEqual([]);
  });

  it("the store: nobody comes in, nothing is open, and it is said", async () => {
    const world = await started();
    world.chance.odds = { fail: 1000, die: 0 };
    expect(await world.signIn(1)).toEqual({ kind: "unavailable", reason: "the store does not work" });
    expect(world.kernel.open.size).toBe(0);
    expect(world.engine.status().troubles[0]).toContain("database or disk is full");
    world.chance.odds = { fail: 0, die: 0 };
    await world.engine.tick();
    expect(await world.signIn(1)).toMatchObject({ kind: "in" });
    expect(world.engine.status().troubles).toEqual([]);
  });

  it("the packet filter: the session is ended in the store with Start and Stop, and the guest may try again", async () => {
    const world = await started();
    const apply = world.kernel.apply.bind(world.kernel);
    world.kernel.apply = () => {
      throw new Error("netlink: Resource temporarily unavailable");
    };
    expect(await world.signIn(1)).toEqual({ kind: "unavailable", reason: "the packet filter does not work" });
    const [session] = [...world.database.sessions.values()];
    expect(session?.state).toBe("closing");
    world.kernel.apply = apply;
    await world.engine.tick();
    expect(world.records(session?.id ?? "")).toEqual(["Start", "Stop"]);
    expect(await world.signIn(1)).toMatchObject({ kind: "in" });
    expect(world.engine.status().troubles).toEqual([]);
  });

  it("a close: it is tried again, with one Stop in the end, and the guest is out for the page at once", async () => {
    const world = await started();
    const answer = await world.signIn(1);
    world.chance.odds = { fail: 1000, die: 0 };
    expect(await world.engine.signOut(addressOf(1))).toBe(true);
    expect(await world.engine.client(addressOf(1))).toMatchObject({ session: null });
    expect(world.engine.status().sessions).toBe(0);
    world.chance.odds = { fail: 0, die: 0 };
    await world.engine.tick();
    if (answer.kind !== "in") throw new Error("not in");
    expect(world.records(answer.session.id)).toEqual(["Start", "Stop"]);
    expect(world.database.sessions.get(answer.session.id)).toMatchObject({ state: "closed", cause: "User-Request" });
  });

  it("one change the kernel refuses does not refuse those that came with it", async () => {
    const world = await started();
    const apply = world.kernel.apply.bind(world.kernel);
    world.kernel.apply = (changes) => {
      if (changes.some((one) => one.kind === "open" && one.opening.mac === macOf(3))) throw new Error("File exists");
      return apply(changes);
    };
    const answers = await Promise.all([1, 2, 3, 4].map((device) => world.signIn(device)));
    expect(answers.map(({ kind }) => kind)).toEqual(["in", "in", "unavailable", "in"]);
  });

  it("somebody flushes all rules: what is in is open again after the next look, octets and all", async () => {
    const world = await started();
    const answer = await world.signIn(1);
    if (answer.kind !== "in") throw new Error("not in");
    world.clock.advance(10);
    world.kernel.traffic(answer.session.number, 1_000n, 2_000n);
    await world.engine.tick();
    world.kernel.open.clear();
    world.clock.advance(10);
    await world.engine.tick();
    world.kernel.traffic(answer.session.number, 5_000n, 0n);
    world.clock.advance(10);
    await world.engine.tick();
    expect(world.engine.sessions()).toMatchObject([{ inputOctets: 6_000n, outputOctets: 2_000n }]);
  });

  it.each(["while it runs", "at a start"])(
    "a listing of the kernel that leaves one out, %s, counts nothing twice",
    async (when) => {
      const world = await started();
      const answer = await world.signIn(1);
      if (answer.kind !== "in") throw new Error("not in");
      world.clock.advance(40);
      world.kernel.traffic(answer.session.number, 1_000n, 2_000n);
      await world.engine.tick();
      const read = world.kernel.read.bind(world.kernel);
      world.kernel.read = () => {
        world.kernel.read = read;
        return [];
      };
      world.clock.advance(10);
      if (when === "at a start") await world.boot().start();
      else await world.engine.tick();
      world.kernel.traffic(answer.session.number, 500n, 0n);
      world.clock.advance(10);
      await world.engine.tick();
      expect(world.engine.sessions()).toMatchObject([{ inputOctets: 1_500n, outputOctets: 2_000n }]);
      expect(world.engine.status().troubles).toEqual([]);
    },
  );

  it("a number is not given to somebody else soon, not after a restart either: connections may still carry it", async () => {
    const world = await started();
    const numbers: number[] = [];
    for (let device = 1; device <= 4; device++) {
      const answer = await world.signIn(device);
      if (answer.kind === "in") numbers.push(answer.session.number);
      world.clock.advance(1);
    }
    for (const device of [2, 3, 4]) await world.engine.signOut(addressOf(device));
    await world.boot().start();
    const answer = await world.signIn(5);
    expect(answer.kind === "in" && answer.session.number).toBeGreaterThan(Math.max(...numbers));
  });

  it("an address that is idle stays bound; one that another device uses is told of", async () => {
    const world = await started();
    await world.signIn(1);
    world.neighbour({ mac: macOf(1), address: addressOf(1), present: false });
    await world.engine.tick();
    expect(world.engine.sessions()).toMatchObject([{ addresses: [addressOf(1)] }]);
    await world.signIn(2);
    world.neighbour({ mac: macOf(2), address: addressOf(1), present: true });
    await settle();
    expect(world.log.join("\n")).toContain(`${addressOf(1)} of ${macOf(1)} is used by ${macOf(2)} too`);
  });

  it("who sends from addresses not theirs is in the status and in the audit log", async () => {
    const world = await started();
    await world.signIn(1);
    await world.signIn(2);
    const sign = { mac: macOf(2), address: addressOf(1), packets: 7n };
    world.signs = [sign];
    world.clock.advance(61);
    await world.engine.tick();
    expect(world.engine.status().troubles).toEqual([
      `Devices send from addresses that are not theirs, which is refused: ${macOf(2)} from ${addressOf(1)}`,
    ]);
    await settle();
    expect(world.database.audit).toContain(
      `${macOf(2)} spoofing sent from ${addressOf(1)}, which belongs to ${macOf(1)}; packets refused: 7`,
    );
    // No more of it: it is over.
    world.clock.advance(61);
    await world.engine.tick();
    expect(world.engine.status().troubles).toEqual([]);
  });

  it("what is open in the kernel and nobody's is closed", async () => {
    const world = await started();
    const opening = { number: 77, mac: macOf(9), addresses: [], rateUp: null, rateDown: null };
    world.kernel.opened = () => {};
    world.kernel.apply([{ kind: "open", opening }]);
    await world.engine.tick();
    expect(world.kernel.open.size).toBe(0);
  });
});

describe("limits", () => {
  it("time: to the second, not to the look", async () => {
    const world = await started({ answer: accept({ session: 7 }) });
    await world.signIn(1);
    world.clock.advance(6);
    await settle();
    expect(world.kernel.open.size).toBe(1);
    world.clock.advance(1);
    await settle();
    expect(world.kernel.open.size).toBe(0);
    expect([...world.database.sessions.values()]).toMatchObject([{ cause: "Session-Timeout" }]);
    expect(world.database.queue.at(-1)?.record).toMatchObject({
      kind: "Stop",
      sessionTime: 7,
      cause: "Session-Timeout",
    });
  });

  it("idle: nothing from the device, whatever comes for it", async () => {
    const world = await started({ answer: accept({ idle: 60 }) });
    await world.signIn(1);
    const [session] = world.engine.sessions();
    for (let i = 0; i < 5; i++) {
      world.clock.advance(10);
      world.kernel.traffic(session?.number ?? 0, 0n, 500n);
      await world.engine.tick();
    }
    expect(world.engine.sessions()).toHaveLength(1);
    world.clock.advance(10);
    await world.engine.tick();
    expect([...world.database.sessions.values()]).toMatchObject([{ cause: "Idle-Timeout", outputOctets: 2_500n }]);
  });

  it("volume: within one look", async () => {
    const world = await started({ answer: accept({ octetsTotal: 1_000 }) });
    await world.signIn(1);
    const [session] = world.engine.sessions();
    world.kernel.traffic(session?.number ?? 0, 500n, 499n);
    await world.engine.tick();
    expect(world.kernel.open.size).toBe(1);
    world.kernel.traffic(session?.number ?? 0, 1n, 0n);
    await world.engine.tick();
    expect(world.kernel.open.size).toBe(0);
    expect(world.database.queue.at(-1)?.record).toMatchObject({ kind: "Stop", inputOctets: 501n, outputOctets: 499n });
  });

  it("a voucher's volume is shared by its devices, its time counts from the first use, and both survive a restart", async () => {
    const world = await started();
    const { code } = voucher(world, { devices: 2, octets: 10_000n, duration: 3_600 });
    const by = (device: number) => world.engine.signIn(addressOf(device), { method: "voucher", code });
    const first = await by(1);
    world.clock.advance(60);
    const second = await by(2);
    expect(await by(3)).toMatchObject({ kind: "refused", why: "too-many-devices" });
    if (first.kind !== "in" || second.kind !== "in") throw new Error("not in");
    expect(second.session.limits.until).toBe(first.session.limits.until);
    world.kernel.traffic(first.session.number, 3_000n, 3_000n);
    world.kernel.traffic(second.session.number, 3_000n, 0n);
    await world.engine.tick();
    expect(world.engine.sessions()).toHaveLength(2);
    await world.boot().start();
    world.clock.advance(10);
    await world.engine.tick();
    expect(world.engine.sessions()).toHaveLength(2);
    world.kernel.traffic(second.session.number, 1_000n, 0n);
    world.clock.advance(10);
    await world.engine.tick();
    expect(world.engine.sessions()).toEqual([]);
    expect(world.database.vouchers.get("v1")?.usedOctets).toBe(10_000n);
    expect(await by(1)).toMatchObject({ kind: "refused", why: "used-up" });
  });

  it("a voucher's time and volume take the place of what everybody gets; what it says nothing of stays", async () => {
    const world = await started({
      config: portalConfig({ limits: { ...NO_LIMITS, session: 600, idle: 300, octetsTotal: 1_000 } }),
    });
    const by = async (device: number, more: Partial<Voucher>) => {
      const { code } = voucher(world, { id: `v${device}`, code: `CODE-${device}`, ...more });
      const answer = await world.engine.signIn(addressOf(device), { method: "voucher", code });
      if (answer.kind !== "in") throw new Error(answer.kind);
      const { until, idle, octetsTotal } = answer.session.limits;
      return [until === null ? null : (until - world.clock.now()) / 1000, idle, octetsTotal];
    };
    expect(await by(1, { duration: 7_200, octets: 50_000n })).toEqual([7_200, 300, 50_000n]);
    expect(await by(2, { expires: world.clock.now() + 60_000 })).toEqual([60, 300, 1_000n]);
    expect(await by(3, {})).toEqual([600, 300, 1_000n]);
  });

  it("setting the clock ends nobody's session and gives nobody time", async () => {
    const world = await started({ answer: accept({ session: 3_600, idle: 600 }) });
    for (let device = 1; device <= 20; device++) await world.signIn(device);
    world.clock.advance(100);
    world.clock.set(30 * 86_400);
    await world.engine.tick();
    expect(world.engine.sessions()).toHaveLength(20);
    world.clock.set(-60 * 86_400);
    await world.engine.tick();
    expect(world.engine.sessions()).toHaveLength(20);
    await world.engine.signOut(addressOf(1));
    expect(world.database.queue.at(-1)?.record).toMatchObject({ kind: "Stop", sessionTime: 100 });
    world.clock.advance(499);
    await world.engine.tick();
    expect(world.engine.sessions()).toHaveLength(19);
    world.clock.advance(2);
    await world.engine.tick();
    expect(world.engine.sessions()).toEqual([]);
  });
});

describe("RADIUS from the other side", () => {
  it("CoA: the limits replace, the kernel and the store know", async () => {
    const world = await started({ answer: accept({ rateUp: 1_000_000, session: 3_600 }) });
    await world.signIn(1);
    const [session] = world.engine.sessions();
    const coa = (selector: object, limits: object) =>
      world.engine.dynamic({ kind: "coa", selector, limits }, "192.0.2.20");
    expect(await coa({ sessionId: session?.id }, { rateUp: 2_000_000 })).toEqual({ kind: "done" });
    expect([...world.kernel.open.values()]).toMatchObject([{ rateUp: 2_000_000 }]);
    expect(world.database.sessions.get(session?.id ?? "")).toMatchObject({
      limits: { rateUp: 2_000_000, until: session?.limits.until },
    });
    // All that is given must agree (RFC 5176, 3).
    expect(await coa({ sessionId: session?.id, user: "other" }, { rateUp: 1 })).toEqual({
      kind: "refused",
      errorCause: 503,
    });
    expect(await coa({}, { rateUp: 1 })).toEqual({ kind: "refused", errorCause: 402 });
    expect(await coa({ user: "user1" }, { session: 5 })).toEqual({ kind: "done" });
    world.clock.advance(5);
    await settle();
    expect(world.engine.sessions()).toEqual([]);
  });

  it("CoA that the store does not take changes nothing", async () => {
    const world = await started();
    await world.signIn(1);
    world.chance.odds = { fail: 1000, die: 0 };
    const request = { kind: "coa", selector: { mac: macOf(1) }, limits: { rateUp: 9_000 } } as const;
    expect(await world.engine.dynamic(request, "192.0.2.20")).toEqual({ kind: "refused", errorCause: 506 });
    expect(world.engine.sessions()).toMatchObject([{ limits: { rateUp: null } }]);
  });

  it("Disconnect ends all sessions that are meant", async () => {
    const world = await started();
    await world.signIn(1, "anna");
    await world.signIn(2, "anna");
    await world.signIn(3, "berta");
    const request = { kind: "disconnect", selector: { user: "anna" } } as const;
    expect(await world.engine.dynamic(request, "192.0.2.20")).toEqual({ kind: "done" });
    expect(world.engine.sessions().map(({ user }) => user)).toEqual(["berta"]);
    expect(await world.engine.dynamic(request, "192.0.2.20")).toEqual({ kind: "refused", errorCause: 503 });
    expect(world.database.audit.at(-1)).toContain("radius 192.0.2.20 disconnect user anna refused (503)");
  });
});

describe("accounting", () => {
  it("On is said by a gateway without sessions only, and restarts send no second Start", async () => {
    const world = await started();
    expect(world.database.queue.map(({ record }) => record.kind)).toEqual(["Accounting-On"]);
    await world.signIn(1);
    await world.engine.stop(false);
    expect(world.kernel.open.size).toBe(1);
    await world.boot().start();
    expect(world.database.queue.map(({ record }) => record.kind)).toEqual(["Accounting-On", "Start"]);
    expect(await world.engine.client(addressOf(1))).toMatchObject({ session: { user: "user1" } });
    expect(await world.engine.stop(true)).toBe(0);
    expect(world.kernel.open.size).toBe(0);
    expect(world.database.queue.slice(2).map(({ record }) => `${record.kind} ${record.cause}`)).toEqual([
      "Stop Admin-Reboot",
      "Accounting-Off Admin-Reboot",
    ]);
    expect(await world.signIn(2)).toMatchObject({ kind: "unavailable" });
  });

  it("Interim-Updates come when they are due, with what was counted, and after an outage not all at once", async () => {
    const world = await started({ answer: accept({ interim: 60 }) });
    for (let device = 1; device <= 300; device++) await world.signIn(device);
    const interims = () => world.database.queue.filter(({ record }) => record.kind === "Interim-Update").length;
    for (let i = 0; i < 5; i++) {
      world.clock.advance(10);
      await world.engine.tick();
    }
    expect(interims()).toBe(0);
    const counts: number[] = [];
    for (let i = 0; i < 6; i++) {
      const before = interims();
      world.clock.advance(10);
      await world.engine.tick();
      counts.push(interims() - before);
    }
    expect(counts).toEqual([100, 100, 100, 0, 0, 0]);
  });

  it("the traffic graph has every octet once", async () => {
    const world = await started();
    for (let device = 1; device <= 4; device++) await world.signIn(device);
    for (let round = 0; round < 20; round++) {
      for (const number of world.kernel.open.keys()) world.kernel.traffic(number, 10n, 100n);
      if (round === 10) await world.engine.signOut(addressOf(1));
      world.clock.advance(10);
      await world.engine.tick();
    }
    world.clock.advance(60);
    await world.engine.tick();
    const sum = world.database.traffic.reduce((total, { input }) => total + input, 0n);
    const all = [...world.database.sessions.values()].reduce((total, one) => total + one.inputOctets, 0n);
    expect(sum).toBe(710n);
    expect(all).toBe(710n);
  });
});

describe("devices and gateways", () => {
  it("addresses follow the device, bounded, and sleep does not lose them", async () => {
    const world = await started();
    await world.signIn(1);
    for (let i = 1; i <= 40; i++) {
      world.neighbour({ mac: macOf(1), address: `2001:db8:99::${i}`, present: true });
      world.neighbour({ mac: macOf(1), address: `2001:db8:99::${i}`, present: false });
    }
    world.neighbour({ mac: macOf(1), address: "fe80::1", present: true });
    await settle();
    const [open] = [...world.kernel.open.values()];
    expect(open?.addresses).toHaveLength(16);
    expect(open?.addresses).toContain(addressOf(1));
    expect(open?.addresses.at(-1)).toBe("2001:db8:99::40");
    await world.engine.tick();
    expect([...world.database.sessions.values()][0]?.addresses).toEqual(open?.addresses);
    expect(world.engine.sessions()).toHaveLength(1);
  });

  it("a voucher that is revoked at another gateway ends here within a minute", async () => {
    const world = await started();
    const { id, code } = voucher(world);
    expect(await world.engine.signIn(addressOf(1), { method: "voucher", code })).toMatchObject({ kind: "in" });
    await world.signIn(2);
    world.database.vouchers.set(id, { ...voucher(world), revoked: true });
    world.clock.advance(61);
    await world.engine.tick();
    expect(world.engine.sessions().map(({ mac }) => mac)).toEqual([macOf(2)]);
  });

  it("a session that another gateway has begun to close ends with the next look, once, for the reason it was given", async () => {
    const world = await started();
    const answer = await world.signIn(1);
    await world.signIn(2);
    if (answer.kind !== "in") throw new Error("not in");
    const { id } = answer.session;
    const stored = world.database.sessions.get(id);
    if (stored === undefined) throw new Error("not stored");
    world.database.sessions.set(id, { ...stored, state: "closing", cause: "Admin-Reset", ended: world.clock.now() });
    await world.engine.tick();
    expect(world.engine.sessions().map(({ mac }) => mac)).toEqual([macOf(2)]);
    expect(world.kernel.open.size).toBe(1);
    expect(world.database.sessions.get(id)).toMatchObject({ state: "closed", cause: "Admin-Reset" });
    expect(world.records(id)).toEqual(["Start", "Stop"]);
    await world.engine.tick();
    expect(world.records(id)).toEqual(["Start", "Stop"]);
  });

  it("two gateways in one store do not touch each other's sessions", async () => {
    const one = await started();
    const other = new PortalWorld({ config: portalConfig({ gateway: "pier-2" }) });
    other.chance.immediate = true;
    Object.assign(other, { database: one.database });
    await other.boot().start();
    await one.signIn(1);
    await other.signIn(2);
    await one.boot().start();
    await other.boot().start();
    expect(one.engine.sessions().map(({ mac }) => mac)).toEqual([macOf(1)]);
    expect(other.engine.sessions().map(({ mac }) => mac)).toEqual([macOf(2)]);
    expect([one.kernel.open.size, other.kernel.open.size]).toEqual([1, 1]);
  });

  it("sign-ins that come together share changes of the kernel", async () => {
    const world = await started();
    world.chance.immediate = false;
    const all = Promise.all(Array.from({ length: 400 }, (_, device) => world.signIn(device)));
    const answers = await world.done(all);
    expect(answers?.every(({ kind }) => kind === "in")).toBe(true);
    expect(world.batches.reduce((sum, size) => sum + size, 0)).toBe(400);
    expect(world.batches.length).toBeLessThan(300);
  });

  it("limits of new sessions only change with the configuration", async () => {
    const world = await started();
    await world.signIn(1);
    await world.engine.reload(portalConfig({ limits: { ...NO_LIMITS, idle: 60 } }));
    await world.signIn(2);
    expect(world.engine.sessions().map(({ limits }) => limits.idle)).toEqual([null, 60]);
  });
});
