import { compareDiagnostics, type Diagnostic } from "@pierhead/core";
import type { Evidence, Grant } from "@pierhead/lang/leases";
import type { Conversation6 } from "./client6.ts";
import { CLIENTS, type Moment } from "./clients/index.ts";
import { duration, Findings } from "./complaint.ts";
import { type Conversation4, followDhcpv4 } from "./conversation4.ts";
import { followDhcpv6 } from "./conversation6.ts";
import { type Outlook, outlookOf } from "./outlook.ts";
import { followNotes, type OwnWords } from "./own-words.ts";
import { judgeLease4 } from "./timers4.ts";
import { judgeAssociations } from "./timers6.ts";

/** What a client was seen to do with a grant. */
export interface Observed {
  /** Seconds from the grant to the first Renew (REQUEST), Rebind, Solicit after it; null when none was seen. */
  readonly renewAfter: number | null;
  readonly rebindAfter: number | null;
  readonly startedOverAfter: number | null;
  /** Models that would have done the same: `dhcpcd 9.4.1`. */
  readonly fits: readonly string[];
}

/** One lease of one client: what was granted, and what every client makes of it. */
export interface LeaseReport {
  readonly grant: Grant;
  /** How many grants this client had in the evidence; this is the last. */
  readonly grants: number;
  readonly outlooks: readonly Outlook[];
  readonly observed: Observed | null;
}

/** What one file says. */
export interface FileReport {
  readonly evidence: Evidence;
  readonly leases: readonly LeaseReport[];
  readonly conversations: readonly (Conversation4 | Conversation6)[];
  readonly ownWords: readonly OwnWords[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface AssessOptions {
  /** Seconds since 1970: leases of files that have ended by then are said to. */
  readonly now?: number;
}

/** Seconds by which a capture's clock and a client's timer may differ. */
const TOLERANCE = 1.5;

/** Judges one file: its messages, its grants, and what clients do with the last grant of each client in it. */
export function assess(evidence: Evidence, options: AssessOptions = {}): FileReport {
  const into = new Findings(evidence.source);
  for (const finding of evidence.diagnostics) into.take(finding);
  const conversations = [...followDhcpv6(evidence.messages, into), ...followDhcpv4(evidence.messages, into)];
  const latest = new Map<string, { grant: Grant; grants: number }>();
  // Of a capture, what clients accepted; of other files, what they hold.
  const grants =
    evidence.messages.length > 0 ? conversations.flatMap((conversation) => conversation.grants) : evidence.grants;
  for (const grant of grants) {
    const key = `${grant.terms.family} ${grant.client ?? ""} ${grant.interface ?? ""}`;
    latest.set(key, { grant, grants: (latest.get(key)?.grants ?? 0) + 1 });
  }
  const leases: LeaseReport[] = [];
  for (const [key, { grant, grants: count }] of latest) {
    // Messages were judged where they were followed.
    if (evidence.messages.length === 0) judgeGrant(grant, key, into);
    // A log tells what was; a lease file is to be in force.
    const file = evidence.messages.length === 0 && evidence.kind !== "log";
    if (file && options.now !== undefined) ended(grant, options.now, into);
    leases.push({ grant, grants: count, outlooks: outlooksOf(grant), observed: observe(grant, conversations) });
  }
  const ownWords = followNotes(evidence.notes, into);
  const diagnostics = into.finish().sort(compareDiagnostics);
  return { evidence, leases, conversations, ownWords, diagnostics };
}

/** What every client of the family makes of a grant. */
export function outlooksOf(grant: Grant): Outlook[] {
  const outlooks: Outlook[] = [];
  for (const model of CLIENTS) {
    const { terms } = grant;
    const plan = terms.family === 6 ? model.plan6?.(terms.associations) : model.plan4?.(terms.lease);
    if (plan === undefined) continue;
    // A client for prefixes has no opinion on addresses.
    if (plan.groups.length === 0 && terms.family === 6 && model.name === "dhcp6leased") {
      if (!terms.associations.some(({ kind }) => kind === "IA_PD")) continue;
    }
    outlooks.push(outlookOf(model, plan));
  }
  return outlooks;
}

function judgeGrant(grant: Grant, key: string, into: Findings): void {
  const { terms, span } = grant;
  if (terms.family === 6) judgeAssociations(terms.associations, terms.spans, span, key, into);
  else judgeLease4(terms.lease, span, key, into);
}

function ended(grant: Grant, now: number, into: Findings): void {
  const { terms, time } = grant;
  if (time === null) return;
  const lifetimes =
    terms.family === 6
      ? terms.associations.flatMap(({ leases }) => leases.map(({ valid }) => valid))
      : [terms.lease.leaseTime ?? 0xffff_ffff];
  if (lifetimes.length === 0 || lifetimes.some((valid) => valid === 0xffff_ffff)) return;
  const end = time + Math.max(...lifetimes);
  if (end > now) return;
  into.add(
    "lease/ended",
    "warning",
    `This lease ended ${duration(now - end)} ago and was not renewed in this file: the client is not running, or has lost it.`,
    grant.span,
  );
}

/** What the client of a grant did next, and the models that would have done it. */
function observe(last: Grant, conversations: readonly (Conversation4 | Conversation6)[]): Observed | null {
  const conversation = conversations.find(({ client }) => client === last.client);
  if (conversation === undefined) return null;
  const after: { renew: number | null; rebind: number | null; solicit: number | null } = {
    renew: null,
    rebind: null,
    solicit: null,
  };
  // The last question of each kind is the one about the timers in force.
  for (const { kind, time, granted } of conversation.asked) {
    if (time !== null && granted !== null) after[kind] = time - granted;
  }
  if (after.renew === null && after.rebind === null && after.solicit === null) return null;
  const fits = outlooksOf(last)
    .filter(({ systems, renew, rebind }) => systems !== "" && near(after.renew, renew) && near(after.rebind, rebind))
    .filter(({ addresses }) => near(after.solicit, lastOf(addresses)))
    .map(({ client, version }) => `${client} ${version}`);
  return {
    renewAfter: after.renew,
    rebindAfter: after.rebind,
    startedOverAfter: after.solicit,
    fits: after.renew === null && after.rebind === null ? [] : fits,
  };
}

/** When a client has nothing left and starts over. */
function lastOf(addresses: Outlook["addresses"]): Moment | null {
  const ends = addresses.map(({ silentUntil }) => silentUntil).filter((end) => end !== Number.POSITIVE_INFINITY);
  return ends.length === 0 ? null : { earliest: Math.min(...ends), latest: Math.max(...ends) };
}

/** Whether something seen after so many seconds is what was to come; what was not seen fits everything. */
function near(seen: number | null, expected: Moment | null): boolean {
  if (seen === null) return true;
  return expected !== null && seen >= expected.earliest - TOLERANCE && seen <= expected.latest + TOLERANCE;
}
