import { Address } from "@pierhead/core";
import { u16, u32 } from "../bytes/index.ts";
import type { Dhcpv6Message, IaLease, IdentityAssociation, Problem6, Relay6, Status6 } from "./message.ts";
import { MESSAGE6, messageName6, OPTION6 } from "./names.ts";

/** RFC 8415 has a limit of 8 relays (HOP_COUNT_LIMIT), RFC 3315 had 32. */
const MOST_RELAYS = 32;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Mutable<Omit<Dhcpv6Message, "associations" | "relays" | "problems">> & {
  associations: IdentityAssociation[];
  relays: Relay6[];
  problems: Problem6[];
};

/**
 * Reads a DHCPv6 message (RFC 8415 8, 9, 21), out of its relay agents' envelopes. Reads what it can: a broken option
 * costs a problem and the options after it.
 *
 * @returns null when not even a message type and a transaction id are there
 */
export function parseDhcpv6(bytes: Uint8Array): Dhcpv6Message | null {
  const problems: Problem6[] = [];
  const relays: Relay6[] = [];
  let message = bytes;
  while (message[0] === MESSAGE6.relayForward || message[0] === MESSAGE6.relayReply) {
    if (message.length < 34) return null;
    if (relays.length === MOST_RELAYS) {
      problems.push({
        code: "lease/relay-depth",
        message: `More than ${MOST_RELAYS} relay agents stand around the message (RFC 8415 allows 8): it was not opened further.`,
      });
      break;
    }
    relays.push({
      type: message[0],
      hopCount: message[1] as number,
      linkAddress: addressAt(message, 2),
      peerAddress: addressAt(message, 18),
    });
    let inner: Uint8Array | null = null;
    eachOption(message.subarray(34), messageName6(message[0]), problems, (code, body) => {
      if (code === OPTION6.relayMessage) inner ??= body;
    });
    if (inner === null) {
      problems.push({
        code: "lease/malformed",
        message: "A relay agent's message has no Relay Message option (RFC 8415 9): there is nothing in it.",
      });
      break;
    }
    message = inner;
  }
  if (message.length < 4) return null;
  const draft: Draft = {
    type: message[0] as number,
    transactionId: ((message[1] as number) << 16) | u16(message, 2),
    clientId: null,
    serverId: null,
    associations: [],
    status: null,
    rapidCommit: false,
    preference: null,
    elapsed: null,
    authenticated: false,
    unicast: null,
    reconfigure: null,
    acceptsReconfigure: false,
    solicitMaxRt: null,
    informationMaxRt: null,
    informationRefreshTime: null,
    relays,
    problems,
  };
  if (draft.type !== MESSAGE6.relayForward && draft.type !== MESSAGE6.relayReply) {
    eachOption(message.subarray(4), messageName6(draft.type), problems, (code, body) => readOption(code, body, draft));
  }
  return draft;
}

/** Calls `visit` for each option; an option that is longer than what holds it is a problem and ends the walk. */
function eachOption(
  bytes: Uint8Array,
  holder: string,
  problems: Problem6[],
  visit: (code: number, body: Uint8Array) => void,
): void {
  let at = 0;
  while (at + 4 <= bytes.length) {
    const code = u16(bytes, at);
    const length = u16(bytes, at + 2);
    at += 4;
    if (length > bytes.length - at) {
      problems.push({
        code: "lease/option-overflow",
        message: `Option ${code} in ${holder} claims ${length} octets where ${bytes.length - at} are left: clients drop it and what follows, or the whole message.`,
      });
      return;
    }
    visit(code, bytes.subarray(at, at + length));
    at += length;
  }
  if (at < bytes.length) {
    problems.push({
      code: "lease/option-overflow",
      message: `${bytes.length - at} octets at the end of ${holder} are too few for an option.`,
    });
  }
}

function readOption(code: number, body: Uint8Array, into: Draft): void {
  const wants = (name: string, length: number, exact = true): boolean => {
    if (exact ? body.length === length : body.length >= length) return true;
    into.problems.push({
      code: "lease/malformed",
      message: `The ${name} option has ${body.length} octets instead of ${exact ? length : `at least ${length}`}: it was not read.`,
    });
    return false;
  };
  switch (code) {
    case OPTION6.clientId:
      if (wants("Client Identifier", 3, false)) into.clientId ??= body;
      break;
    case OPTION6.serverId:
      if (wants("Server Identifier", 3, false)) into.serverId ??= body;
      break;
    case OPTION6.iaNa:
      if (wants("IA_NA", 12, false)) into.associations.push(readAssociation("IA_NA", body, into.problems));
      break;
    case OPTION6.iaTa:
      if (wants("IA_TA", 4, false)) into.associations.push(readAssociation("IA_TA", body, into.problems));
      break;
    case OPTION6.iaPd:
      if (wants("IA_PD", 12, false)) into.associations.push(readAssociation("IA_PD", body, into.problems));
      break;
    case OPTION6.preference:
      if (wants("Preference", 1)) into.preference = body[0] as number;
      break;
    case OPTION6.elapsedTime:
      if (wants("Elapsed Time", 2)) into.elapsed = u16(body, 0);
      break;
    case OPTION6.authentication:
      into.authenticated = true;
      break;
    case OPTION6.unicast:
      if (wants("Server Unicast", 16)) into.unicast = addressAt(body, 0);
      break;
    case OPTION6.status:
      if (wants("Status Code", 2, false)) into.status ??= readStatus(body);
      break;
    case OPTION6.rapidCommit:
      into.rapidCommit = true;
      break;
    case OPTION6.reconfigureMessage:
      if (wants("Reconfigure Message", 1)) into.reconfigure = body[0] as number;
      break;
    case OPTION6.reconfigureAccept:
      into.acceptsReconfigure = true;
      break;
    case OPTION6.informationRefreshTime:
      if (wants("Information Refresh Time", 4)) into.informationRefreshTime = u32(body, 0);
      break;
    case OPTION6.solicitMaxRt:
      if (wants("SOL_MAX_RT", 4)) into.solicitMaxRt = u32(body, 0);
      break;
    case OPTION6.informationMaxRt:
      if (wants("INF_MAX_RT", 4)) into.informationMaxRt = u32(body, 0);
      break;
    // Names, time servers and the like do not decide how long an address lives.
  }
}

function readAssociation(
  kind: IdentityAssociation["kind"],
  body: Uint8Array,
  problems: Problem6[],
): IdentityAssociation {
  const leases: IaLease[] = [];
  let status: Status6 | null = null;
  const header = kind === "IA_TA" ? 4 : 12;
  const id = u32(body, 0);
  eachOption(body.subarray(header), `${kind} ${id}`, problems, (code, option) => {
    if (code === OPTION6.status) {
      if (option.length >= 2) status ??= readStatus(option);
      return;
    }
    const prefix = code === OPTION6.iaPrefix;
    if (!prefix && code !== OPTION6.iaAddress) return;
    if (prefix !== (kind === "IA_PD")) {
      problems.push({
        code: "lease/malformed",
        message: `${kind} ${id} holds ${prefix ? "a prefix" : "an address"}, which belongs in ${prefix ? "an IA_PD" : "an IA_NA"}: clients do not look for it there.`,
      });
      return;
    }
    if (option.length < (prefix ? 25 : 24)) {
      problems.push({
        code: "lease/malformed",
        message: `${prefix ? "A prefix" : "An address"} in ${kind} ${id} has ${option.length} octets, too few to hold it.`,
      });
      return;
    }
    const length = prefix ? (option[8] as number) : 128;
    if (length > 128) {
      problems.push({
        code: "lease/malformed",
        message: `A prefix in ${kind} ${id} has the length ${length}; the longest is 128.`,
      });
      return;
    }
    leases.push({
      address: addressAt(option, prefix ? 9 : 0),
      length,
      preferred: u32(option, prefix ? 0 : 16),
      valid: u32(option, prefix ? 4 : 20),
      status: statusIn(option.subarray(prefix ? 25 : 24), `${kind} ${id}`, problems),
    });
  });
  const timers = kind !== "IA_TA";
  return { kind, id, t1: timers ? u32(body, 4) : 0, t2: timers ? u32(body, 8) : 0, leases, status };
}

function statusIn(bytes: Uint8Array, holder: string, problems: Problem6[]): Status6 | null {
  let status: Status6 | null = null;
  eachOption(bytes, `an address of ${holder}`, problems, (code, body) => {
    if (code === OPTION6.status && body.length >= 2) status ??= readStatus(body);
  });
  return status;
}

function readStatus(body: Uint8Array): Status6 {
  let text = "";
  // Not for a decoder: what a server writes here goes to a terminal, one octet a character.
  for (const octet of body.subarray(2, 202)) text += octet >= 32 && octet < 127 ? String.fromCharCode(octet) : "?";
  return { code: u16(body, 0), text };
}

function addressAt(bytes: Uint8Array, at: number): Address {
  return new Address(6, u32(bytes, at), u32(bytes, at + 4), u32(bytes, at + 8), u32(bytes, at + 12));
}
