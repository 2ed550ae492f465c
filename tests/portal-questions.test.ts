/** What RADIUS asks besides the password (Access-Challenge): the engine's part of it, over a kernel and a store in memory. */
import type { AccessAnswer, AccessRequest } from "@pierhead/gateway/radius";
import { describe, expect, it } from "vitest";
import { portalConfig } from "./support/portal/config.ts";
import { ACCEPT, addressOf, PortalWorld } from "./support/portal/world.ts";

const STATE = Uint8Array.of(7, 0, 255);
const CODE: AccessAnswer = { kind: "challenge", message: "Code?", state: STATE, echo: false, patience: null };
const WRONG: AccessAnswer = { kind: "reject", message: "" };

/** A password of `secret` is asked for the code 42. */
function twoSteps({ credentials, state }: AccessRequest): AccessAnswer {
  const said = credentials.kind === "password" ? credentials.password : "";
  if (state === undefined) return said === "secret" ? CODE : WRONG;
  return said === "42" ? ACCEPT : WRONG;
}

async function started(
  answer: (request: AccessRequest) => AccessAnswer = twoSteps,
  config = portalConfig(),
): Promise<PortalWorld> {
  const world = new PortalWorld({ answer, config });
  world.chance.immediate = true;
  await world.boot().start();
  return world;
}

function password(world: PortalWorld, device = 1, dialogue = true) {
  const credentials = { kind: "password", password: "secret" } as const;
  return world.engine.signIn(addressOf(device), { method: "password", user: "anna", credentials, dialogue });
}

function tell(world: PortalWorld, key: string, answer: string, device = 1) {
  return world.engine.signIn(addressOf(device), { method: "answer", key, answer });
}

async function keyOf(asked: ReturnType<typeof password>): Promise<string> {
  const answer = await asked;
  expect(answer).toMatchObject({ kind: "question", message: "Code?", echo: false });
  return answer.kind === "question" ? answer.key : "";
}

const STALE = { kind: "refused", why: "stale-question", message: "" };

describe("a question of RADIUS", () => {
  it("is answered with its State, and the session is the one that was asked for", async () => {
    const world = await started();
    const key = await keyOf(password(world));
    expect(key).not.toContain(Buffer.from(STATE).toString("base64url"));
    expect(world.database.sessions.size).toBe(0);
    const answer = await tell(world, key, "42");
    expect(answer).toMatchObject({ kind: "in", session: { user: "anna", method: "password", radius: true } });
    const [first, second] = world.asked;
    expect(second).toMatchObject({ user: "anna", state: STATE, credentials: { kind: "password", password: "42" } });
    expect(first?.state).toBe(undefined);
    expect(second?.station.sessionId).toBe(first?.station.sessionId);
    expect(world.log.join()).toContain("asks 02:00:00:00:00:01 a question (Access-Challenge)");
    expect(await tell(world, key, "42")).toEqual(STALE);
  });

  it("is good for one answer of one device, and not for long", async () => {
    const world = await started();
    const key = await keyOf(password(world));
    expect(await tell(world, key, "42", 2)).toEqual(STALE);
    expect(await tell(world, "", "42")).toEqual(STALE);
    expect(await tell(world, key, "41")).toMatchObject({ kind: "refused", why: "wrong-credentials" });
    expect(await tell(world, key, "42")).toEqual(STALE);
    const late = await keyOf(password(world));
    world.clock.advance(300);
    expect(await tell(world, late, "42")).toEqual(STALE);
    expect(world.asked.filter(({ state }) => state !== undefined)).toHaveLength(1);
    world.answer = (request) => (request.state === undefined ? { ...CODE, patience: 10 } : ACCEPT);
    const short = await keyOf(password(world, 3));
    world.clock.advance(10);
    expect(await tell(world, short, "42", 3)).toEqual(STALE);
  });

  it("may be followed by another, but not for ever", async () => {
    const world = await started(() => CODE);
    let answer = await password(world);
    let rounds = 0;
    for (; answer.kind === "question"; rounds++) answer = await tell(world, answer.key, String(rounds));
    expect(rounds).toBe(8);
    expect(answer).toEqual({ kind: "refused", why: "wrong-credentials", message: "Code?" });
    expect(world.log.join("\n")).toContain("taken as a refusal: again and again");
  });

  it("is a refusal, with its words and a line in the log, where nobody can answer", async () => {
    const world = await started(() => CODE);
    const refused = { kind: "refused", why: "wrong-credentials", message: "Code?" };
    expect(await password(world, 1, false)).toEqual(refused);
    expect(world.log.join("\n")).toContain("wants more of 02:00:00:00:00:01 (Access-Challenge), taken as a refusal");
    const config = portalConfig();
    const radius = config.radius === null ? null : { ...config.radius, protocol: "chap" as const };
    const chap = await started(() => CODE, { ...config, radius });
    expect(await password(chap)).toEqual(refused);
    expect(chap.log.join("\n")).toContain("`protocol` is not pap");
  });

  it("that nobody answers costs time, as guessing does; wrong answers too", async () => {
    const world = await started();
    for (let times = 0; times < 3; times++) await keyOf(password(world));
    expect(await password(world)).toEqual({ kind: "slow-down", seconds: 1 });
    world.clock.advance(1);
    const key = await keyOf(password(world));
    expect(await tell(world, key, "42")).toEqual({ kind: "slow-down", seconds: 2 });
    // It was not listened to, so the question is still there.
    world.clock.advance(2);
    expect(await tell(world, key, "42")).toMatchObject({ kind: "in" });
  });
});
