import { hex, sameBytes } from "@pierhead/lang/bytes";
import {
  type Dhcpv6Message,
  formatDuid,
  type IaLease,
  MESSAGE6,
  messageName6,
  STATUS6,
  statusName6,
} from "@pierhead/lang/dhcpv6";
import { type Grant, grantOf, type SeenMessage } from "@pierhead/lang/leases";
import { duration, type Findings, type Servers, severalServers } from "./complaint.ts";
import { judgeAssociations } from "./timers6.ts";

type Seen6 = SeenMessage & { readonly message: { readonly family: 6 } };

/** A question of a client, with its repetitions. */
interface Transaction {
  readonly type: number;
  readonly first: Seen6;
  last: Seen6;
  times: number;
  answers: number;
  readonly rapidCommit: boolean;
  readonly serverId: Uint8Array | null;
}

/** What one client did, as far as the capture shows it. */
export interface Conversation6 {
  readonly client: string;
  readonly messages: Seen6[];
  /** Grants and the questions after them, for comparing with what clients do. */
  readonly asked: Asked[];
  /** What it accepted; when that is nothing, the last thing it was offered. */
  readonly grants: Grant[];
}

/** A question about a lease the client has: how long after it was granted. */
export interface Asked {
  readonly kind: "renew" | "rebind" | "solicit";
  readonly time: number | null;
  /** When the lease was granted; null when the capture does not show it. */
  readonly granted: number | null;
}

interface State extends Conversation6 {
  readonly transactions: Map<number, Transaction>;
  readonly advertised: string[];
  granted: Seen6 | null;
  offered: Grant | null;
  grantedBy: Uint8Array | null;
  /** Ends of what was granted, by address. */
  readonly held: Map<string, { readonly lease: IaLease; readonly time: number | null; readonly association: string }>;
}

const FROM_CLIENT: ReadonlySet<number> = new Set([
  MESSAGE6.solicit,
  MESSAGE6.request,
  MESSAGE6.confirm,
  MESSAGE6.renew,
  MESSAGE6.rebind,
  MESSAGE6.release,
  MESSAGE6.decline,
  MESSAGE6.informationRequest,
]);

/** RFC 8415 16.4 to 16.9: which of a client's messages name the server, and which must not. */
const NAMES_SERVER: ReadonlySet<number> = new Set([
  MESSAGE6.request,
  MESSAGE6.renew,
  MESSAGE6.release,
  MESSAGE6.decline,
]);
const NAMES_NO_SERVER: ReadonlySet<number> = new Set([MESSAGE6.solicit, MESSAGE6.confirm, MESSAGE6.rebind]);

const KIND: Readonly<Record<number, Asked["kind"]>> = {
  [MESSAGE6.renew]: "renew",
  [MESSAGE6.rebind]: "rebind",
  [MESSAGE6.solicit]: "solicit",
};

/** A question this near to the end of the capture may have been answered after it. */
const PATIENCE_SECONDS = 3;

/** Follows the DHCPv6 messages of a capture, client by client, and says what does not follow RFC 8415 16 and 18. */
export function followDhcpv6(messages: readonly SeenMessage[], into: Findings): Conversation6[] {
  const clients = new Map<string, State>();
  const transactions = new Map<number, State>();
  const servers: Servers = new Map();
  let end: number | null = null;
  for (const seen of messages) {
    if (seen.message.family !== 6) continue;
    const six = seen as Seen6;
    const { dhcp } = six.message;
    if (seen.time !== null) end = end === null ? seen.time : Math.max(end, seen.time);
    if (FROM_CLIENT.has(dhcp.type)) fromClient(six, clients, transactions, into);
    else if (dhcp.type === MESSAGE6.advertise || dhcp.type === MESSAGE6.reply) {
      const name = dhcp.serverId === null ? null : formatDuid(dhcp.serverId);
      if (name !== null && !servers.has(name)) servers.set(name, { span: six.span, from: `${six.source}` });
      fromServer(six, clients, transactions, into);
    } else if (dhcp.type === MESSAGE6.reconfigure) reconfigure(six, clients, into);
    else if (dhcp.type > MESSAGE6.relayReply || dhcp.type === 0) {
      into.add(
        "lease/unknown-message",
        "note",
        `${messageName6(dhcp.type)} is none of RFC 8415's: it was not followed.`,
        seen.span,
        { key: String(dhcp.type) },
      );
    }
  }
  for (const state of clients.values()) {
    for (const transaction of state.transactions.values()) unanswered(transaction, end, into);
  }
  severalServers(servers, into);
  for (const { grants, offered } of clients.values()) if (grants.length === 0 && offered !== null) grants.push(offered);
  return [...clients.values()];
}

function clientOf(seen: Seen6, clients: Map<string, State>): State {
  const { dhcp } = seen.message;
  // Relay agents know the client's address best; the outermost envelope is the nearest to the server.
  const address = dhcp.relays.at(-1)?.peerAddress ?? (FROM_CLIENT.has(dhcp.type) ? seen.source : seen.destination);
  const key = dhcp.clientId === null ? `${address}` : hex(dhcp.clientId, "", 200);
  const known = clients.get(key);
  if (known !== undefined) return known;
  const state: State = {
    client: dhcp.clientId === null ? `${address}` : formatDuid(dhcp.clientId),
    messages: [],
    asked: [],
    transactions: new Map(),
    grants: [],
    advertised: [],
    granted: null,
    offered: null,
    grantedBy: null,
    held: new Map(),
  };
  clients.set(key, state);
  return state;
}

function fromClient(seen: Seen6, clients: Map<string, State>, transactions: Map<number, State>, into: Findings): void {
  const { dhcp } = seen.message;
  const name = messageName6(dhcp.type);
  const state = clientOf(seen, clients);
  state.messages.push(seen);
  const known = state.transactions.get(dhcp.transactionId);
  if (known !== undefined && known.type === dhcp.type) {
    // A relayed message appears on both sides of the relay; that is no repetition.
    if (seen.message.dhcp.relays.length === known.last.message.dhcp.relays.length) known.times++;
    known.last = seen;
    return;
  }
  if (dhcp.clientId === null && dhcp.type !== MESSAGE6.informationRequest) {
    into.add(
      "lease/no-client-id",
      "error",
      `${name} has no Client Identifier: servers drop it (RFC 8415 16).`,
      seen.span,
      {
        key: `${state.client} ${name}`,
      },
    );
  }
  if (dhcp.serverId === null && NAMES_SERVER.has(dhcp.type)) {
    into.add(
      "lease/no-server-id",
      "error",
      `${name} has no Server Identifier: servers drop it (RFC 8415 16).`,
      seen.span,
      {
        key: `${state.client} ${name}`,
      },
    );
  }
  if (dhcp.serverId !== null && NAMES_NO_SERVER.has(dhcp.type)) {
    into.add(
      "lease/out-of-sequence",
      "error",
      `${name} goes to every server and must not name one: servers drop it (RFC 8415 16).`,
      seen.span,
      { key: `${state.client} ${name} names` },
    );
  }
  sequence(seen, state, into);
  const kind = KIND[dhcp.type];
  if (kind !== undefined) state.asked.push({ kind, time: seen.time, granted: state.granted?.time ?? null });
  if (dhcp.type === MESSAGE6.release) state.held.clear();
  state.transactions.set(dhcp.transactionId, {
    type: dhcp.type,
    first: seen,
    last: seen,
    times: 1,
    answers: 0,
    rapidCommit: dhcp.rapidCommit,
    serverId: dhcp.serverId,
  });
  transactions.set(dhcp.transactionId, state);
}

/** Request names a server that has offered; Renew the one that granted; neither comes out of the blue. */
function sequence(seen: Seen6, state: State, into: Findings): void {
  const { dhcp } = seen.message;
  if (dhcp.serverId === null) return;
  const server = hex(dhcp.serverId, "", 200);
  if (dhcp.type === MESSAGE6.request && state.advertised.length > 0 && !state.advertised.includes(server)) {
    into.add(
      "lease/out-of-sequence",
      "warning",
      `The Request names ${formatDuid(dhcp.serverId)}, which has advertised nothing in this capture.`,
      seen.span,
      { key: `${state.client} ${server}` },
    );
  }
  if (dhcp.type === MESSAGE6.renew && state.grantedBy !== null && !sameBytes(state.grantedBy, dhcp.serverId)) {
    into.add(
      "lease/out-of-sequence",
      "warning",
      `The Renew goes to ${formatDuid(dhcp.serverId)}, but the lease was granted by ${formatDuid(state.grantedBy)}: it will not know it.`,
      seen.span,
      { key: `${state.client} renew ${server}` },
    );
  }
}

function fromServer(seen: Seen6, clients: Map<string, State>, transactions: Map<number, State>, into: Findings): void {
  const { dhcp } = seen.message;
  const name = messageName6(dhcp.type);
  if (dhcp.serverId === null) {
    into.add(
      "lease/no-server-id",
      "error",
      `The ${name} has no Server Identifier: every client drops it (RFC 8415 16).`,
      seen.span,
      { key: `${seen.source} ${name}` },
    );
  }
  const asker = transactions.get(dhcp.transactionId);
  if (dhcp.clientId === null) {
    if (asker === undefined || asker.transactions.get(dhcp.transactionId)?.type !== MESSAGE6.informationRequest) {
      into.add(
        "lease/no-client-id",
        "error",
        `The ${name} has no Client Identifier: every client drops it (RFC 8415 16).`,
        seen.span,
        { key: `${seen.source} ${name}` },
      );
    }
  }
  const state = dhcp.clientId === null && asker !== undefined ? asker : clientOf(seen, clients);
  state.messages.push(seen);
  retransmissionTimes(dhcp, seen, into);
  const transaction = state.transactions.get(dhcp.transactionId);
  if (transaction === undefined) {
    if (asker !== undefined) {
      into.add(
        "lease/client-id-mismatch",
        "error",
        `The ${name} answers the question of ${asker.client} with the Client Identifier of ${state.client}: the client drops it.`,
        seen.span,
        { key: `${asker.client} ${state.client}` },
      );
      return;
    }
    // A capture that began in the middle has answers to questions it does not hold.
    if (state.transactions.size > 0) {
      into.add(
        "lease/xid-mismatch",
        "error",
        `No question of this client has the transaction id ${dhcp.transactionId.toString(16).padStart(6, "0")}: it drops the ${name} (RFC 8415 16).`,
        seen.span,
        { key: `${state.client} ${dhcp.transactionId}` },
      );
      return;
    }
  } else if (!answers(dhcp, transaction, seen, state, into)) return;
  else if (transaction.answers++ > 0 && dhcp.type === MESSAGE6.reply && dhcp.relays.length === 0) {
    // A second Reply changes nothing: clients are no longer listening.
    return;
  }
  if (dhcp.status !== null && dhcp.status.code !== STATUS6.success) {
    into.add(
      "lease/refused",
      "warning",
      `The ${name} says ${statusName6(dhcp.status.code)}${dhcp.status.text === "" ? "" : ` ("${dhcp.status.text}")`}.`,
      seen.span,
      { key: `${state.client} ${dhcp.status.code}` },
    );
  }
  if (dhcp.type === MESSAGE6.advertise) {
    if (dhcp.serverId !== null) state.advertised.push(hex(dhcp.serverId, "", 200));
    judgeAssociations(dhcp.associations, seen.message.spans, seen.span, state.client, into);
    state.offered = grantOf(seen) ?? state.offered;
    return;
  }
  judgeAssociations(dhcp.associations, seen.message.spans, seen.span, state.client, into);
  granted(seen, state, transaction?.type ?? null, into);
}

/** Whether an answer is one to this question. */
function answers(dhcp: Dhcpv6Message, transaction: Transaction, seen: Seen6, state: State, into: Findings): boolean {
  const question = messageName6(transaction.type);
  if (dhcp.type === MESSAGE6.advertise && transaction.type !== MESSAGE6.solicit) {
    into.add(
      "lease/out-of-sequence",
      "error",
      `An Advertise answers a ${question}: clients drop it; a Reply is the answer.`,
      seen.span,
      { key: `${state.client} advertise ${question}` },
    );
    return false;
  }
  if (dhcp.type !== MESSAGE6.reply || transaction.type !== MESSAGE6.solicit) return true;
  if (transaction.rapidCommit && dhcp.rapidCommit) {
    into.add(
      "lease/rapid-commit",
      "note",
      "The server answers the Solicit with a Reply at once (Rapid Commit, RFC 8415 18.2.10): two messages instead of four. With more than one server on the link every one of them has now given an address away.",
      seen.span,
      { key: state.client },
    );
    return true;
  }
  into.add(
    "lease/out-of-sequence",
    "error",
    transaction.rapidCommit
      ? "A Reply answers the Solicit without the Rapid Commit option: clients drop it (RFC 8415 18.2.10)."
      : "A Reply answers a Solicit that did not ask for Rapid Commit: clients drop it; an Advertise is the answer.",
    seen.span,
    { key: `${state.client} reply to solicit` },
  );
  return false;
}

function granted(seen: Seen6, state: State, question: number | null, into: Findings): void {
  const { dhcp } = seen.message;
  if (!dhcp.associations.some((one) => one.leases.length > 0)) return;
  const before = state.granted;
  if (
    before !== null &&
    state.grantedBy !== null &&
    dhcp.serverId !== null &&
    !sameBytes(state.grantedBy, dhcp.serverId)
  ) {
    const expected = question === MESSAGE6.rebind || question === MESSAGE6.request || question === MESSAGE6.solicit;
    into.add(
      "lease/server-changed",
      expected ? "note" : "warning",
      `The lease now comes from ${formatDuid(dhcp.serverId)}; before it was ${formatDuid(state.grantedBy)}.${expected ? "" : " Only a Rebind may be answered by another server: either the server has lost its identifier, or there are two."}`,
      seen.span,
      { key: `${state.client} ${formatDuid(dhcp.serverId)}`, related: [into.place(before.span, "the lease before")] },
    );
  }
  if (question === MESSAGE6.renew || question === MESSAGE6.rebind) extended(seen, state, before, into);
  state.held.clear();
  for (const association of dhcp.associations) {
    for (const lease of association.leases) {
      const name = `${association.kind} ${association.id}`;
      state.held.set(`${lease.address}/${lease.length}`, { lease, time: seen.time, association: name });
    }
  }
  const grant = grantOf(seen);
  if (grant !== null) state.grants.push(grant);
  state.granted = seen;
  state.grantedBy = dhcp.serverId ?? state.grantedBy;
}

/** A renewal gives the same addresses, longer than before. */
function extended(seen: Seen6, state: State, before: Seen6 | null, into: Findings): void {
  const related = before === null ? [] : [into.place(before.span, "the lease before")];
  const now = new Map<string, IaLease>();
  for (const { leases } of seen.message.dhcp.associations) {
    for (const lease of leases) now.set(`${lease.address}/${lease.length}`, lease);
  }
  for (const [address, held] of state.held) {
    const renewed = now.get(address);
    const what = address.replace(/\/128$/, "");
    if (renewed === undefined) {
      const others = [...now.keys()].map((one) => one.replace(/\/128$/, "")).join(", ");
      into.add(
        "lease/address-changed",
        "warning",
        `The renewal leaves ${what} out${others === "" ? "" : ` and gives ${others}`}: ${what} is used to its end and then gone. A server that takes an address back sends it with lifetimes of 0 (RFC 8415 18.3.4).`,
        seen.span,
        { key: `${state.client} ${address}`, related },
      );
    } else if (seen.time !== null && held.time !== null && renewed.valid > 0 && renewed.valid !== 0xffff_ffff) {
      const [endNow, endBefore] = [seen.time + renewed.valid, held.time + held.lease.valid];
      if (held.lease.valid !== 0xffff_ffff && endNow <= endBefore + 1 && seen.time - held.time > 2) {
        into.add(
          "lease/not-extended",
          "warning",
          `The renewal does not extend ${what}: it still ends ${duration(renewed.valid)} from here, as it did before. The server counts a lease down instead of renewing it, and the address will end.`,
          seen.span,
          { key: `${state.client} ${address}`, related },
        );
      }
    }
  }
}

/** RFC 8415 21.24 and 21.25 (RFC 7083): 60 to 86,400 seconds, else the option does not count. */
function retransmissionTimes(dhcp: Dhcpv6Message, seen: Seen6, into: Findings): void {
  const values = [
    ["SOL_MAX_RT", dhcp.solicitMaxRt],
    ["INF_MAX_RT", dhcp.informationMaxRt],
  ] as const;
  for (const [name, value] of values) {
    if (value === null) continue;
    if (value < 60 || value > 86_400) {
      into.add(
        "lease/max-rt",
        "warning",
        `${name} is ${duration(value)}; clients follow 60 s to 86,400 s and pass over anything else (RFC 8415 21.24).`,
        seen.span,
        { key: `${name} ${value}` },
      );
    } else if (value > 3_600) {
      into.add(
        "lease/max-rt",
        "note",
        `${name} is ${duration(value)}: a client without an answer asks as seldom as that. After an outage it takes up to ${duration(value)} until it is back.`,
        seen.span,
        { key: `${name} ${value}` },
      );
    }
  }
}

function reconfigure(seen: Seen6, clients: Map<string, State>, into: Findings): void {
  const { dhcp } = seen.message;
  const state = clientOf(seen, clients);
  state.messages.push(seen);
  const what = dhcp.reconfigure === null ? "nothing" : messageName6(dhcp.reconfigure);
  if (!dhcp.authenticated) {
    into.add(
      "lease/reconfigure",
      "error",
      `The Reconfigure (for ${what}) is not authenticated: clients must drop it (RFC 8415 16.11), and a stranger can send it.`,
      seen.span,
      { key: `${state.client} ${seen.source}` },
    );
  } else if (dhcp.reconfigure === null) {
    into.add(
      "lease/reconfigure",
      "error",
      "The Reconfigure does not say what it asks for (option 19): clients drop it (RFC 8415 16.11).",
      seen.span,
      { key: `${state.client} empty` },
    );
  } else {
    into.add(
      "lease/reconfigure",
      "note",
      `The server asks the client for a ${what} out of turn. Of the clients here only dhcpcd, dhcp6c and odhcp6c listen, and only when they were told to accept it.`,
      seen.span,
      { key: `${state.client} ${what}` },
    );
  }
}

function unanswered(transaction: Transaction, end: number | null, into: Findings): void {
  if (transaction.answers > 0) return;
  const { type, times, first, last } = transaction;
  if (type === MESSAGE6.release || type === MESSAGE6.decline) return;
  if (end !== null && last.time !== null && end - last.time < PATIENCE_SECONDS && times < 3) return;
  const name = messageName6(type);
  const lasted = first.time === null || last.time === null ? null : last.time - first.time;
  const often = times === 1 ? "once" : `${times} times${lasted === null ? "" : ` over ${duration(lasted)}`}`;
  into.add(
    "lease/unanswered",
    SEVERITY[type] ?? "warning",
    `${name} was sent ${often} and has no answer${SO[type] ?? ""}.`,
    first.span,
  );
}

const SEVERITY: Readonly<Record<number, "error" | "warning">> = {
  [MESSAGE6.solicit]: "error",
  [MESSAGE6.request]: "error",
  [MESSAGE6.rebind]: "error",
};

const SO: Readonly<Record<number, string>> = {
  [MESSAGE6.solicit]: ": no server is there, or its answers are filtered (UDP 547 to 546, from a link-local address)",
  [MESSAGE6.request]: ": the server that advertised did not reply",
  [MESSAGE6.renew]:
    ": the server that granted the lease is away, or a filter stands between; at T2 the client asks every server",
  [MESSAGE6.rebind]: ": no server extends the lease, and it ends with its valid lifetime",
  [MESSAGE6.confirm]: ": the client goes on with its addresses (RFC 8415 18.2.3)",
};
