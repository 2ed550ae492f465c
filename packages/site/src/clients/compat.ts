/** Which platforms get in, with which proposal, or exactly why not and what would have to change. */
import {
  espText,
  type HeadEnd,
  type Ikev1Transform,
  l2tpBinds,
  mainModeWords,
  negotiateIkedEsp,
  negotiateIkev1,
  negotiateIkev2,
  transformText,
  weaknessOfTransform,
} from "@pierhead/engine/vpn";
import { CLIENTS, type ClientPlatform, type Ikev2Client, type L2tpClient, type NoClient } from "./catalogue.ts";
import { freebsdIkev2, freebsdL2tp, freebsdProtocols } from "./compat-freebsd.ts";
import { espOfferText, espOfferWords } from "./esp-text.ts";

export interface Compatibility {
  readonly platform: ClientPlatform;
  readonly protocol: "l2tp-ipsec" | "ikev2";
  readonly verdict: "connects" | "fails" | "not offered" | "unknown";
  /** What was agreed on; null when nothing was. */
  readonly proposal: string | null;
  /** What was agreed on for ESP; null when nothing was, or what the platform offers is not known. */
  readonly phase2: string | null;
  /** Why, or what to know; "" when there is nothing. */
  readonly reason: string;
  /** The smallest change of the head-end that lets it in; null when none is needed, or none would. */
  readonly change: string | null;
  /** What that change costs in strength; "" when nothing. */
  readonly cost: string;
  readonly evidence: string;
  readonly sources: readonly string[];
  readonly note: string;
}

/** All platforms against a head-end, for the protocols it offers. */
export function compatibility(headEnd: HeadEnd): Compatibility[] {
  const freebsd = freebsdProtocols(headEnd);
  const l2tp = freebsd.l2tp || (headEnd.ipsec !== null && headEnd.npppd !== null);
  const ikev2 = freebsd.ikev2 || headEnd.iked !== null;
  return CLIENTS.flatMap((platform) => [
    ...(l2tp ? [l2tpOf(headEnd, platform)] : []),
    ...(ikev2 ? [ikev2Of(headEnd, platform)] : []),
  ]);
}

function known<T extends object>(client: T | NoClient): client is T {
  return !("missing" in client);
}

/** What every answer has before anything is known. */
export function undecided(
  platform: ClientPlatform,
  protocol: Compatibility["protocol"],
): Omit<Compatibility, "verdict" | "reason"> {
  return {
    platform,
    protocol,
    proposal: null,
    phase2: null,
    change: null,
    cost: "",
    evidence: "",
    sources: [],
    note: "",
  };
}

function without(platform: ClientPlatform, protocol: Compatibility["protocol"], client: NoClient): Compatibility {
  return { ...undecided(platform, protocol), verdict: client.missing, reason: client.note };
}

function l2tpOf(headEnd: HeadEnd, platform: ClientPlatform): Compatibility {
  const client: L2tpClient | NoClient = platform.l2tp;
  if (!known<L2tpClient>(client)) return without(platform, "l2tp-ipsec", client);
  const { evidence, sources, note } = client;
  const base = { platform, protocol: "l2tp-ipsec" as const, evidence, sources, note, cost: "", phase2: null };
  if (headEnd.strongswan !== null) return { ...base, ...freebsdL2tp(headEnd, client, preferred(client.phase1)) };
  const peer = headEnd.peers.find((one) => one.peer === null);
  if (peer === undefined) {
    const reason = "ipsec.conf has no rule that takes any address";
    return { ...base, verdict: "fails", proposal: null, reason, change: "a rule without `peer`" };
  }
  if (peer.preSharedKey === null) {
    const reason = "the head-end wants certificates; what this client offers with one is not known here";
    return { ...base, verdict: "unknown", proposal: null, reason, change: null };
  }
  const outcome = negotiateIkev1(peer, client.phase1);
  if (outcome.chosen === null) {
    const best = preferred(client.phase1);
    const wanted = outcome.nearest;
    const reason =
      wanted === null
        ? "isakmpd has no proposal"
        : `phase 1 ends with NO_PROPOSAL_CHOSEN: it offers ${client.phase1.length === 1 ? "only " : ""}${client.phase1.map(transformText).join(", ")}; isakmpd takes ${peer.proposals.map(takes).join(", ")} (nearest: ${wanted.differs.join(" and ")} ${wanted.differs.length === 1 ? "differs" : "differ"})`;
    const change =
      best === undefined ? null : `one more rule like the one there is, with \`main ${mainModeWords(best)}\``;
    return {
      ...base,
      verdict: "fails",
      proposal: null,
      reason,
      change,
      cost: best === undefined ? "" : weaknessOfTransform(best),
    };
  }
  const login = l2tpBinds(headEnd).flatMap((bind) => bind.tunnel.authenticationMethods);
  const proposal = transformText(outcome.chosen);
  if (login.length > 0 && !client.login.some((method) => login.includes(method))) {
    const reason = `npppd takes ${login.join(", ")}, the client has ${client.login.join(", ")}`;
    return {
      ...base,
      verdict: "fails",
      proposal,
      reason,
      change: `\`authentication-method ${client.login[0]}\` in npppd.conf`,
    };
  }
  // isakmpd -K asks no policy in quick mode: it takes the client's first.
  const phase2 = client.phase2?.[0] === undefined ? null : espOfferText(client.phase2[0]);
  return { ...base, verdict: "connects", proposal, phase2, reason: weaknessOfTransform(outcome.chosen), change: null };
}

/**
 * What to allow for a client: nothing weak if it can be, the group every other client has too, SHA-2 before SHA-1.
 *
 * @returns undefined for a client that offers nothing
 */
export function preferred(offer: readonly Ikev1Transform[]): Ikev1Transform | undefined {
  const weight = (one: Ikev1Transform): number =>
    (weaknessOfTransform(one) === "" ? 0 : 8) +
    (one.encryption === "3DES" ? 4 : 0) +
    (one.group === "MODP_2048" ? 0 : 2) +
    (one.hash === "SHA2_256" ? 0 : 1);
  return [...offer].sort((a, b) => weight(a) - weight(b))[0];
}

function takes(one: {
  readonly encryption: string;
  readonly keyLength: { readonly minimum: number; readonly maximum: number } | null;
  readonly hash: string;
  readonly group: string;
}): string {
  const { keyLength } = one;
  const length =
    keyLength === null
      ? ""
      : keyLength.minimum === keyLength.maximum
        ? `-${keyLength.minimum}`
        : `-${keyLength.minimum} to ${keyLength.maximum}`;
  return `${one.encryption.toLowerCase()}${length} ${one.hash.toLowerCase().replace("_", "-").replace(/^sha$/, "sha1")} ${one.group.toLowerCase().replace("_", "")}`;
}

function ikev2Of(headEnd: HeadEnd, platform: ClientPlatform): Compatibility {
  const client: Ikev2Client | NoClient = platform.ikev2;
  if (!known<Ikev2Client>(client)) return without(platform, "ikev2", client);
  const { evidence, sources, note } = client;
  const base = { platform, protocol: "ikev2" as const, evidence, sources, note, cost: "", phase2: null };
  if (headEnd.strongswan !== null) return { ...base, ...freebsdIkev2(headEnd, client) };
  const policy = headEnd.iked?.policies.findLast((one) => !one.active && one.peer.address === null);
  if (policy === undefined) {
    const reason = "iked.conf has no policy that takes any address";
    return { ...base, verdict: "fails", proposal: null, reason, change: "a policy with `peer any`" };
  }
  const outcome = negotiateIkev2(policy, client.offers);
  if (outcome.chosen === null) {
    const reason = `no ${outcome.missing} in common: it offers ${outcome.offers.join(", ")}, iked takes ${outcome.wants.join(", ")}`;
    const change = `an \`ikesa\` with ${outcome.missing} ${outcome.offers[0]?.toLowerCase() ?? ""} in iked.conf`;
    return { ...base, verdict: "fails", proposal: null, reason, change };
  }
  const { encryption, integrity, prf, group } = outcome.chosen;
  const proposal = [encryption, integrity, prf, group].filter((one) => one !== null).join(" ");
  const weak = group === "MODP_1024" ? "a 1024-bit group, which a state can break" : "";
  const agreed = { ...base, verdict: "connects" as const, proposal, reason: weak, change: null };
  if (client.esp === null) return agreed;
  const esp = negotiateIkedEsp(policy, client.esp);
  if (esp.chosen !== null) return { ...agreed, phase2: espText(esp.chosen) };
  const wanted = client.esp[0] === undefined ? null : espOfferWords(client.esp[0]);
  return {
    ...agreed,
    verdict: "fails",
    reason: `the IKE SA is made, ESP is not: no ${esp.missing} in common: it offers ${esp.offers.join(", ")}, iked takes ${esp.wants.join(", ")}`,
    change:
      esp.missing === "sequence numbers"
        ? "`noesn` in its `childsa`"
        : wanted === null
          ? null
          : `a \`childsa\` with ${wanted} in iked.conf`,
  };
}
