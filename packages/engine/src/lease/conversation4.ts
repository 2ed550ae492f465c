import { hex } from "@pierhead/lang/bytes";
import { MESSAGE4, messageName4 } from "@pierhead/lang/dhcpv4";
import { type Grant, grantOf, type SeenMessage } from "@pierhead/lang/leases";
import type { Asked } from "./client6.ts";
import { duration, type Findings, type Servers, severalServers } from "./complaint.ts";
import { judgeLease4 } from "./timers4.ts";

type Seen4 = SeenMessage & { readonly message: { readonly family: 4 } };

interface Exchange {
  readonly type: number;
  readonly first: Seen4;
  last: Seen4;
  times: number;
  answers: number;
}

/** What one client did, as far as the capture shows it. */
export interface Conversation4 {
  readonly client: string;
  readonly messages: Seen4[];
  readonly asked: Asked[];
  readonly grants: Grant[];
}

interface State extends Conversation4 {
  /** By transaction id and message type: DISCOVER and REQUEST may share an id. */
  readonly exchanges: Map<string, Exchange>;
  readonly ids: Set<number>;
  granted: Seen4 | null;
  offered: Grant | null;
}

const PATIENCE_SECONDS = 3;

/** Follows the DHCPv4 messages of a capture, client by client (RFC 2131 3.1, 4.3, 4.4). */
export function followDhcpv4(messages: readonly SeenMessage[], into: Findings): Conversation4[] {
  const clients = new Map<string, State>();
  const servers: Servers = new Map();
  let end: number | null = null;
  for (const seen of messages) {
    if (seen.message.family !== 4) continue;
    const four = seen as Seen4;
    if (seen.time !== null) end = end === null ? seen.time : Math.max(end, seen.time);
    const { dhcp } = four.message;
    const key = hex(dhcp.hardwareAddress, ":");
    let state = clients.get(key);
    if (state === undefined) {
      state = {
        client: key,
        messages: [],
        asked: [],
        grants: [],
        exchanges: new Map(),
        ids: new Set(),
        granted: null,
        offered: null,
      };
      clients.set(key, state);
    }
    state.messages.push(four);
    if (dhcp.operation === 1) question(four, state);
    else {
      const { server } = dhcp.lease;
      if (server !== null && !servers.has(`${server}`)) {
        servers.set(`${server}`, { span: four.span, from: `${four.source}` });
      }
      answer(four, state, into);
    }
  }
  for (const state of clients.values()) {
    for (const exchange of state.exchanges.values()) unanswered(exchange, end, into);
  }
  severalServers(servers, into);
  for (const { grants, offered } of clients.values()) if (grants.length === 0 && offered !== null) grants.push(offered);
  return [...clients.values()];
}

function question(seen: Seen4, state: State): void {
  const { dhcp } = seen.message;
  state.ids.add(dhcp.transactionId);
  if (dhcp.type !== MESSAGE4.discover && dhcp.type !== MESSAGE4.request && dhcp.type !== MESSAGE4.inform) return;
  const key = `${dhcp.transactionId} ${dhcp.type}`;
  const known = state.exchanges.get(key);
  // Many clients renew with the transaction id of the first exchange: what was answered is over.
  if (known !== undefined && known.answers === 0) {
    known.last = seen;
    known.times++;
    return;
  }
  state.exchanges.set(key, { type: dhcp.type, first: seen, last: seen, times: 1, answers: 0 });
  // RFC 2131 table 4: a REQUEST with ciaddr and without a server identifier renews or rebinds.
  if (dhcp.type === MESSAGE4.request && !dhcp.clientAddress.isUnspecified()) {
    // Renewing asks the server that gave the lease, rebinding asks all (RFC 2131 4.3.2).
    const kind = seen.destination.w0 === 0xffff_ffff ? "rebind" : "renew";
    state.asked.push({ kind, time: seen.time, granted: state.granted?.time ?? null });
  }
}

function answer(seen: Seen4, state: State, into: Findings): void {
  const { dhcp } = seen.message;
  const name = messageName4(dhcp.type);
  const to =
    dhcp.type === MESSAGE4.offer ? [MESSAGE4.discover] : [MESSAGE4.request, MESSAGE4.inform, MESSAGE4.discover];
  const exchange = to
    .map((type) => state.exchanges.get(`${dhcp.transactionId} ${type}`))
    .find((found) => found !== undefined);
  if (exchange === undefined) {
    if (state.ids.size > 0 && !state.ids.has(dhcp.transactionId)) {
      into.add(
        "lease/xid-mismatch",
        "error",
        `No question of this client has the transaction id ${dhcp.transactionId.toString(16).padStart(8, "0")}: it drops the ${name} (RFC 2131 4.4.1).`,
        seen.span,
        { key: `${state.client} ${dhcp.transactionId}` },
      );
      return;
    }
  } else exchange.answers++;
  if (dhcp.type === MESSAGE4.nak) {
    into.add(
      "lease/nak",
      "warning",
      `The server says NAK${dhcp.text === null ? "" : ` ("${dhcp.text}")`}: the client drops its address at once and starts over with DISCOVER. The address is not of this network, or the server has forgotten it.`,
      seen.span,
    );
    state.granted = null;
    return;
  }
  if (dhcp.type !== MESSAGE4.offer && dhcp.type !== MESSAGE4.ack) return;
  // An ACK to INFORM gives options and no address.
  if (exchange?.type === MESSAGE4.inform || dhcp.yourAddress.isUnspecified()) return;
  judgeLease4(dhcp.lease, seen.span, state.client, into);
  const grant = grantOf(seen);
  if (dhcp.type !== MESSAGE4.ack) {
    state.offered = grant ?? state.offered;
    return;
  }
  if (grant !== null) state.grants.push(grant);
  const before = state.granted?.message.dhcp.lease;
  if (before !== undefined && state.granted !== null && !before.address.equals(dhcp.lease.address)) {
    into.add(
      "lease/address-changed",
      "warning",
      `The address is now ${dhcp.lease.address}; before it was ${before.address}: connections of the old one end.`,
      seen.span,
      { key: state.client, related: [into.place(state.granted.span, "the lease before")] },
    );
  }
  state.granted = seen;
}

function unanswered({ type, first, last, times, answers }: Exchange, end: number | null, into: Findings): void {
  if (answers > 0 || (end !== null && last.time !== null && end - last.time < PATIENCE_SECONDS && times < 3)) return;
  const lasted = first.time === null || last.time === null ? null : last.time - first.time;
  const often = times === 1 ? "once" : `${times} times${lasted === null ? "" : ` over ${duration(lasted)}`}`;
  const renewal = type === MESSAGE4.request && !first.message.dhcp.clientAddress.isUnspecified();
  const so = renewal
    ? ": the lease is not extended and ends with its time"
    : type === MESSAGE4.discover
      ? ": no server is there, or its answers are filtered (UDP 67 to 68)"
      : "";
  into.add(
    "lease/unanswered",
    renewal ? "warning" : "error",
    `${renewal ? "A renewal (REQUEST)" : messageName4(type)} was sent ${often} and has no answer${so}.`,
    first.span,
  );
}
