/** Who may come in: terms agreed to, a voucher, a password, a device that is known, a link that was sent by mail. */
import { randomBytes } from "node:crypto";
import { macLogin } from "../../radius/request.ts";
import type { AccessAnswer, Credentials, RadiusLimits } from "../../radius/types.ts";
import { StoreError } from "../../store/store.ts";
import type { SignIn, SignInAnswer } from "../service.ts";
import { withAddress } from "./addresses.ts";
import { clickAllowance } from "./click.ts";
import { type Engine, failed, inStore } from "./context.ts";
import { earliest, ownLimits, withRadius, withUser } from "./limits.ts";
import { type Grant, namesATime, openSession } from "./opening.ts";
import { MOST_ROUNDS, type Question } from "./questions.ts";
import { stationOf } from "./record.ts";

/** Who asks to come in, with what their session will be called. */
export interface Candidate {
  readonly id: string;
  readonly number: number;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly started: number;
}

export type Attempt =
  | Exclude<SignIn, { method: "answer" }>
  | { readonly method: "answer"; readonly question: Question; readonly answer: string }
  | { readonly method: "mac" }
  | { readonly method: "operator"; readonly user: string; readonly limits: RadiusLimits };

/** One attempt of one device, whose turn it is. A number that came to nothing is free again. */
export async function attempt(
  engine: Engine,
  mac: string,
  address: string | null,
  how: Attempt,
): Promise<SignInAnswer> {
  const started = engine.now();
  const candidate: Candidate = {
    // The same one as before: the server may know it by that.
    id: how.method === "answer" ? how.question.id : sessionId(started),
    number: engine.numbers.take(),
    mac,
    addresses: addressesOf(engine, mac, address),
    started,
  };
  let answer: Grant | SignInAnswer;
  try {
    answer = await decide(engine, candidate, how);
  } catch (error) {
    answer = isCrowded(error) ? crowded(engine, error) : { kind: "unavailable", reason: failed(engine, error) };
  }
  if (!("kind" in answer)) return openSession(engine, answer);
  engine.numbers.free(candidate.number);
  return answer;
}

function isCrowded(error: unknown): error is StoreError {
  return error instanceof StoreError && error.trouble === "crowded";
}

/** Not the store's trouble. The operator is told all the same: so many passwords at once are most likely an attack. */
function crowded(engine: Engine, { message }: StoreError): SignInAnswer {
  engine.troubles.begin("passwords", message);
  return { kind: "busy" };
}

/** Acct-Session-Id: seconds and chance, so that no reboot and no other gateway makes it again. */
function sessionId(now: number): string {
  return (
    Math.floor(Math.max(0, now) / 1000)
      .toString(16)
      .padStart(8, "0")
      .slice(-8) + randomBytes(6).toString("hex")
  );
}

function addressesOf(engine: Engine, mac: string, address: string | null): readonly string[] {
  const { neighbours } = engine.parts;
  const all = [...neighbours.addressesOf(mac), ...(address === null ? [] : [address])];
  return all
    .filter((one) => engine.networks.has(one))
    .reduce<readonly string[]>((found, one) => withAddress(found, one), []);
}

function decide(engine: Engine, candidate: Candidate, how: Attempt): Promise<Grant | SignInAnswer> {
  switch (how.method) {
    case "click":
      return byClick(engine, candidate);
    case "voucher":
      return byVoucher(engine, candidate, how.code);
    case "password":
      return byPassword(engine, candidate, how);
    case "answer":
      return byQuestion(engine, candidate, how.question, how.answer);
    case "mac":
      return byMac(engine, candidate);
    case "email":
      return byEmail(engine, candidate, how.token);
    case "operator": {
      const usual = grant(engine, candidate, { method: "operator", user: how.user });
      const limits = withRadius(usual.limits, how.limits, candidate.started);
      return Promise.resolve({ ...usual, limits, fixedUntil: namesATime(how.limits) });
    }
  }
}

function grant(engine: Engine, candidate: Candidate, more: Partial<Grant> & Pick<Grant, "method">): Grant {
  const { config } = engine;
  return {
    ...candidate,
    user: "",
    voucher: null,
    radius: false,
    classes: [],
    limits: ownLimits(config.limits, config.radius?.interim ?? null, candidate.started),
    fixedUntil: false,
    redirect: null,
    message: "",
    ...more,
  };
}

async function byClick(engine: Engine, candidate: Candidate): Promise<Grant | SignInAnswer> {
  const usual = grant(engine, candidate, { method: "click" });
  const allowance = await clickAllowance(engine, candidate.mac, usual.limits);
  return allowance.kind === "pause" ? allowance : { ...usual, limits: allowance.limits };
}

async function byVoucher(engine: Engine, candidate: Candidate, code: string): Promise<Grant | SignInAnswer> {
  const verdict = await inStore(
    engine.troubles,
    engine.parts.store.checkVoucher(code, candidate.mac, candidate.started),
  );
  if (verdict.kind === "bad") {
    return { kind: "refused", why: verdict.why === "unknown" ? "unknown-voucher" : verdict.why, message: "" };
  }
  const { voucher, until, octetsLeft } = verdict;
  const usual = grant(engine, candidate, { method: "voucher" });
  return {
    ...usual,
    user: voucher.code,
    voucher,
    limits: {
      ...usual.limits,
      // What was paid for takes the place of what everybody gets; an end of validity alone pays for no time.
      until: voucher.duration === null ? earliest(usual.limits.until, until) : until,
      octetsTotal: octetsLeft ?? usual.limits.octetsTotal,
      rateUp: voucher.rateUp ?? usual.limits.rateUp,
      rateDown: voucher.rateDown ?? usual.limits.rateDown,
    },
  };
}

const WRONG: Extract<SignInAnswer, { kind: "refused" }> = { kind: "refused", why: "wrong-credentials", message: "" };

async function byPassword(
  engine: Engine,
  candidate: Candidate,
  { user, credentials, dialogue }: Extract<SignIn, { method: "password" }>,
): Promise<Grant | SignInAnswer> {
  const { radius } = engine.parts;
  if (radius === null) return byLocalUser(engine, candidate, user, credentials, "password");
  const answer = await radius.authenticate({ user, credentials, station: stationOf(candidate), service: "login" });
  if (answer.kind === "reject" && engine.localNames.has(user) && credentials.kind === "password") {
    const own = await byLocalUser(engine, candidate, user, credentials, "password");
    if (!("kind" in own) || own.kind !== "refused" || own.why !== "wrong-credentials") return own;
  }
  return byAnswer(engine, candidate, user, answer, "password", dialogue === true ? 0 : null);
}

/** The answer takes the password's place, and State comes back as it was (RFC 2865, 4.4 and 5.24). */
async function byQuestion(
  engine: Engine,
  candidate: Candidate,
  { user, state, rounds }: Question,
  password: string,
): Promise<Grant | SignInAnswer> {
  const { radius } = engine.parts;
  if (radius === null) return WRONG;
  const credentials = { kind: "password", password } as const;
  const station = stationOf(candidate);
  const answer = await radius.authenticate({ user, credentials, station, service: "login", state });
  return byAnswer(engine, candidate, user, answer, "password", rounds + 1);
}

/** @param rounds questions that were answered before; null: nobody is there who could be asked */
function byAnswer(
  engine: Engine,
  candidate: Candidate,
  user: string,
  answer: AccessAnswer,
  method: "password" | "mac",
  rounds: number | null,
): Grant | SignInAnswer {
  if (answer.kind === "silence") {
    engine.troubles.begin("radius", `No RADIUS server answers: ${answer.reason}`);
    return { kind: "unavailable", reason: "no RADIUS server answers" };
  }
  engine.troubles.over("radius");
  if (answer.kind === "reject")
    return { ...WRONG, message: answer.message, ...(answer.redirect ? { redirect: answer.redirect } : {}) };
  if (answer.kind === "challenge") return challenged(engine, candidate, user, answer, rounds);
  const { limits, classes, redirect, message } = answer;
  const usual = grant(engine, candidate, { method });
  return {
    ...usual,
    user: answer.user ?? user,
    radius: true,
    classes,
    limits: withRadius(usual.limits, limits, candidate.started),
    fixedUntil: namesATime(limits),
    redirect,
    message,
  };
}

/** Who cannot answer an Access-Challenge takes it as a Reject (RFC 2865, 2.1). */
function challenged(
  engine: Engine,
  { id, mac }: Candidate,
  user: string,
  { message, state, echo, patience }: Extract<AccessAnswer, { kind: "challenge" }>,
  rounds: number | null,
): SignInAnswer {
  const { log, clock } = engine.parts;
  // What people answer is no secret to reckon a CHAP response from: servers read it as PAP.
  if (rounds === null || rounds >= MOST_ROUNDS || engine.config.radius?.protocol !== "pap") {
    const why = rounds === null ? "nobody can be asked here" : rounds > 0 ? "again and again" : "`protocol` is not pap";
    log.warning("challenge", `RADIUS wants more of ${mac} (Access-Challenge), taken as a refusal: ${why}`, {
      mac,
      user,
    });
    return { ...WRONG, message };
  }
  log.info("challenge", `RADIUS asks ${mac} a question (Access-Challenge)`, { mac, user });
  const key = engine.questions.ask(mac, { user, state, id, rounds }, patience, clock.monotonic());
  return { kind: "question", message, key, echo };
}

async function byLocalUser(
  engine: Engine,
  candidate: Candidate,
  name: string,
  credentials: Credentials,
  method: "password" | "mac",
): Promise<Grant | SignInAnswer> {
  // The store keeps hashes; a response to a challenge can only be checked against the password itself.
  if (credentials.kind !== "password") return { kind: "refused", why: "method-not-offered", message: "" };
  const user = await inStore(engine.troubles, engine.parts.store.checkUser(name, credentials.password));
  if (user === null || user.disabled) return WRONG;
  const usual = grant(engine, candidate, { method });
  return { ...usual, user: user.name, limits: withUser(usual.limits, user.limits) };
}

async function byMac(engine: Engine, candidate: Candidate): Promise<Grant | SignInAnswer> {
  const { radius } = engine.parts;
  const { user, credentials } = macLogin(candidate.mac, engine.config.radius ?? { macPassword: null });
  // Checking a password is slow on purpose, and MACs cost whoever invents them nothing.
  if (radius === null && !engine.localNames.has(user)) return WRONG;
  if (radius === null) return byLocalUser(engine, candidate, user, credentials, "mac");
  const answer = await radius.authenticate({ user, credentials, station: stationOf(candidate), service: "mac" });
  if (answer.kind === "accept" && answer.mustAsk === true) return WRONG;
  return byAnswer(engine, candidate, user, answer, "mac", null);
}

async function byEmail(engine: Engine, candidate: Candidate, token: string): Promise<Grant | SignInAnswer> {
  const { email } = engine.parts;
  if (email === null) return { kind: "refused", why: "method-not-offered", message: "" };
  const found = await email.check(token, candidate.mac);
  if (found === null) return WRONG;
  return grant(engine, candidate, { method: "email", user: found.user });
}
