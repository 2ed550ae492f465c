/** Which platforms get into a FreeBSD head-end: strongSwan's proposals, and what mpd5 wants them to log in with. */
import {
  type EspOffer,
  espText,
  espWords,
  type HeadEnd,
  type Ikev1Transform,
  ikev1Words,
  ikev2Words,
  l2tpLinks,
  negotiateStrongswanEsp,
  negotiateStrongswanIkev1,
  negotiateStrongswanIkev2,
  type ProposalNames,
  proposalNames,
  type StrongswanOutcome,
  servesRoadWarriors,
  transformText,
  weaknessOfTransform,
} from "@pierhead/engine/vpn";
import type { Ikev2Client, L2tpClient, PppMethod } from "./catalogue.ts";

/** What is said of one platform; the words are those of `Compatibility`. */
export interface FreebsdVerdict {
  readonly verdict: "connects" | "fails" | "unknown";
  readonly proposal: string | null;
  readonly phase2: string | null;
  readonly reason: string;
  readonly change: string | null;
  readonly cost: string;
}

type Connection = NonNullable<HeadEnd["strongswan"]>["connections"][number];

/** Whether the head-end has strongSwan with mpd5, and strongSwan for IKEv2. */
export function freebsdProtocols({ strongswan, mpd }: HeadEnd): { readonly l2tp: boolean; readonly ikev2: boolean } {
  return {
    l2tp: strongswan !== null && l2tpLinks(mpd).length > 0,
    ikev2: strongswan?.connections.some(servesRoadWarriors) === true,
  };
}

/** @param best what should be allowed for the client when nothing it offers is */
export function freebsdL2tp(headEnd: HeadEnd, client: L2tpClient, best: Ikev1Transform | undefined): FreebsdVerdict {
  const base = { cost: "", phase2: null };
  const connection = headEnd.strongswan?.connections.find(takesL2tp);
  if (connection === undefined) {
    const reason = "swanctl.conf has no IKEv1 connection in transport mode that takes any address";
    return { ...base, verdict: "fails", proposal: null, reason, change: "a connection without `remote_addrs`" };
  }
  if (connection.remote[0]?.method !== "psk") {
    const reason = "the head-end wants certificates; what this client offers with one is not known here";
    return { ...base, verdict: "unknown", proposal: null, reason, change: null };
  }
  const outcome = negotiateStrongswanIkev1(connection.proposals, client.phase1);
  if (outcome.chosen === null) {
    const offers = client.phase1.map(transformText).join(", ");
    const only = client.phase1.length === 1 ? "only " : "";
    return {
      ...base,
      verdict: "fails",
      proposal: null,
      reason: `phase 1 ends with NO_PROPOSAL_CHOSEN: it offers ${only}${offers}; strongSwan takes ${takes(connection)} (nearest: ${differ(outcome.missing)})`,
      change: best === undefined ? null : `\`${ikev1Words(best)}\` among the proposals`,
      cost: best === undefined ? "" : weaknessOfTransform(best),
    };
  }
  const chosen = client.phase1.find((one) => isSame(outcome, one)) ?? client.phase1[0];
  const proposal = chosen === undefined ? null : transformText(chosen);
  const wanted = l2tpLinks(headEnd.mpd).map((link) => link.logins.map((login) => METHODS[login]));
  const asked = wanted.find((all) => all.length > 0);
  if (asked !== undefined && !client.login.some((method) => asked.includes(method))) {
    const reason = `mpd5 takes ${asked.join(", ")}, the client has ${client.login.join(", ")}`;
    return {
      ...base,
      verdict: "fails",
      proposal,
      reason,
      change: `\`set link enable ${client.login[0] === "mschapv2" ? "chap-msv2" : client.login[0]}\` in mpd.conf`,
    };
  }
  const agreed = {
    ...base,
    verdict: "connects" as const,
    proposal,
    reason: chosen === undefined ? "" : weaknessOfTransform(chosen),
    change: null,
  };
  const child = connection.children.find((one) => one.mode === "transport");
  return { ...agreed, ...phase2(child, client.phase2, true) };
}

/** mpd's names of ways to log in, by those of the catalogue. */
const METHODS: Readonly<Record<string, PppMethod | string>> = {
  pap: "pap",
  "chap-md5": "chap",
  "chap-msv1": "mschap",
  "chap-msv2": "mschapv2",
  eap: "eap",
};

/** IKEv1 in transport mode for anybody who comes. */
export function takesL2tp(connection: Connection): boolean {
  const anybody = connection.remoteAddresses.some((one) => one.startsWith("%any"));
  return connection.version !== 2 && anybody && connection.children.some((one) => one.mode === "transport");
}

export function freebsdIkev2(headEnd: HeadEnd, client: Ikev2Client): FreebsdVerdict {
  const base = { cost: "", phase2: null };
  const connection = headEnd.strongswan?.connections.find(servesRoadWarriors);
  if (connection === undefined) {
    const reason = "swanctl.conf has no IKEv2 connection that takes any address";
    return { ...base, verdict: "fails", proposal: null, reason, change: "a connection without `remote_addrs`" };
  }
  const outcome = negotiateStrongswanIkev2(connection.proposals, client.offers);
  if (outcome.chosen === null) {
    const [first] = client.offers;
    const words = first === undefined ? null : ikev2Words(first);
    return {
      ...base,
      verdict: "fails",
      proposal: null,
      reason: `no ${outcome.missing.join(" and ")} in common: it offers ${client.offers.map(ikev2Words).join(", ")}, strongSwan takes ${takes(connection)}`,
      change: words === null ? null : `\`${words}\` among the proposals`,
      cost: words?.includes("modp1024") === true ? WEAK_GROUP : "",
    };
  }
  const { encryption, integrity, prf, group } = namesOf(outcome);
  const proposal = [encryption, integrity, prf, group].filter((one) => one !== "").join(" ");
  const agreed = {
    ...base,
    verdict: "connects" as const,
    proposal,
    reason: group === "MODP_1024" ? WEAK_GROUP : "",
    change: null,
  };
  const child = connection.children.find((one) => one.mode === "tunnel");
  return { ...agreed, ...phase2(child, client.esp, false) };
}

/** What ESP changes about a verdict. */
function phase2(
  child: Connection["children"][number] | undefined,
  offers: readonly EspOffer[] | null,
  isOne: boolean,
): Partial<FreebsdVerdict> {
  if (child === undefined || offers === null) return {};
  const outcome = negotiateStrongswanEsp(child.proposals, offers, isOne);
  if (outcome.chosen !== null) return { phase2: espText(outcome.chosen) };
  const has = child.proposals.map(({ transforms }) =>
    transforms.flatMap(({ type, word }) => (type === "esn" || word === "" ? [] : [word])),
  );
  return {
    verdict: "fails",
    reason: `phase 1 is agreed on, ESP is not: no ${outcome.missing.join(" and ")} in common: it offers ${offers.map(espWords).join(", ")}, strongSwan takes ${has.map((one) => one.join("-")).join(", ")}`,
    change: offers[0] === undefined ? null : `\`${espWords(offers[0])}\` among esp_proposals`,
    cost: offers[0]?.group === "MODP_1024" ? WEAK_GROUP : "",
  };
}

const WEAK_GROUP = "a 1024-bit group, which a state can break";

function namesOf(outcome: StrongswanOutcome): ProposalNames {
  return proposalNames(outcome.chosen ?? []);
}

/** Whether what was agreed on is this transform of the client. */
function isSame(outcome: StrongswanOutcome, transform: L2tpClient["phase1"][number]): boolean {
  const { encryption, prf, group } = namesOf(outcome);
  const cipher = transform.encryption === "3DES" ? "3DES" : `AES_CBC_${transform.keyLength ?? 128}`;
  const hash = { MD5: "HMAC_MD5", SHA: "HMAC_SHA1" }[transform.hash as string] ?? `HMAC_${transform.hash}`;
  return encryption === cipher && prf === hash && group === transform.group;
}

function takes({ proposals }: Connection): string {
  if (proposals.some((one) => one.isDefault)) return "what it takes by default";
  return proposals
    .map(({ transforms }) =>
      transforms
        .map((one) => one.word)
        .filter((word) => !word.startsWith("prf"))
        .join("-"),
    )
    .join(", ");
}

function differ(missing: readonly string[]): string {
  // In IKEv1 hash and PRF are one.
  const shown = [...new Set(missing.map((one) => (one === "integrity" || one === "prf" ? "hash" : one)))];
  return `${shown.join(" and ")} ${shown.length === 1 ? "differs" : "differ"}`;
}
