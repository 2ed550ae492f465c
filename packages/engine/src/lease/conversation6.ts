import { hex, sameBytes } from "@pierhead/lang/bytes";
import { type Dhcpv6Message, formatDuid, MESSAGE6, messageName6, STATUS6, statusName6 } from "@pierhead/lang/dhcpv6";
import { grantOf, type SeenMessage } from "@pierhead/lang/leases";
import type { Asked, Conversation6, Seen6, State6, Transaction } from "./client6.ts";
import { duration, type Findings, type Servers, severalServers } from "./complaint.ts";
import { granted } from "./renewal6.ts";
import { judgeAssociations } from "./timers6.ts";
import { unanswered } from "./unanswered6.ts";

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

/** Follows the DHCPv6 messages of a capture, client by client, and says what does not follow RFC 8415 16 and 18. */
export function followDhcpv6(messages: readonly SeenMessage[], into: Findings): Conversation6[] {
  const clients = new Map<string, State6>();
  const transactions = new Map<number, State6>();
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

function clientOf(seen: Seen6, clients: Map<string, State6>): State6 {
  const { dhcp } = seen.message;
  // Relay agents know the client's address best; the outermost envelope is the nearest to the server.
  const address = dhcp.relays.at(-1)?.peerAddress ?? (FROM_CLIENT.has(dhcp.type) ? seen.source : seen.destination);
  const key = dhcp.clientId === null ? `${address}` : hex(dhcp.clientId, "", 200);
  const known = clients.get(key);
  if (known !== undefined) return known;
  const state: State6 = {
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

function fromClient(
  seen: Seen6,
  clients: Map<string, State6>,
  transactions: Map<number, State6>,
  into: Findings,
): void {
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
function sequence(seen: Seen6, state: State6, into: Findings): void {
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

function fromServer(
  seen: Seen6,
  clients: Map<string, State6>,
  transactions: Map<number, State6>,
  into: Findings,
): void {
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
function answers(dhcp: Dhcpv6Message, transaction: Transaction, seen: Seen6, state: State6, into: Findings): boolean {
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

function reconfigure(seen: Seen6, clients: Map<string, State6>, into: Findings): void {
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
