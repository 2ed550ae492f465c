import { parseAddress, parsePrefix } from "@pierhead/core";
import type { LogFacts, LogReader } from "./log.ts";
import type { LogLine } from "./log-line.ts";
import { type Draft, type DraftReply, grantReply } from "./log-reply.ts";

// Messages of client/dhclient.c and client/dhc6.c, ISC DHCP 4.4.3. With `-d -v` a Reply is written out line by line
// (`RCV:  | X-- t1 - renew  +1000`), which is put together here.

export function dhclientReader(): LogReader {
  let reply: DraftReply | null = null;
  const flush = (into: LogFacts): void => {
    grantReply(reply, into);
    reply = null;
  };
  return {
    read(line, into) {
      const { text } = line;
      const note = (event: Parameters<typeof into.note>[1]["event"], family: 4 | 6, extra: object = {}): boolean => {
        into.note(line, { client: "dhclient", event, family, ...extra });
        return true;
      };
      let match = /^RCV: (\w[\w-]{0,30}) message on (\S+) from (\S+?)\.$/.exec(text);
      if (match !== null) {
        flush(into);
        if (match[1] === "Reply") {
          reply = { line, name: match[2] as string, server: match[3] as string, drafts: [] };
          note("reply", 6, { interface: match[2] });
        }
        return true;
      }
      if (text.startsWith("RCV:")) return receive(text, line, reply);
      if (reply !== null && !/^(?:message status|status code)/.test(text)) flush(into);
      match = /^bound to (\S+) -- renewal in (-?\d+) seconds\.$/.exec(text);
      if (match !== null) return note("bound", 4, { renewIn: Number(match[2]) });
      match = /^XMT: (Solicit|Request|Renew|Rebind) on (\S+), interval (\d+)ms\.$/.exec(text);
      if (match !== null) {
        const event = (match[1] as string).toLowerCase() as "solicit" | "request" | "renew" | "rebind";
        return note(event, 6, { interface: match[2] });
      }
      match = /^PRC: Renewal event scheduled in (-?\d+) seconds, to run for (\d+) seconds\.$/.exec(text);
      if (match !== null) {
        const renewIn = Number(match[1]);
        return note("bound", 6, { renewIn, rebindIn: renewIn + Number(match[2]) });
      }
      match = /^PRC: Rebind event scheduled in (-?\d+) seconds/.exec(text);
      if (match !== null) return note("bound", 6, { rebindIn: Number(match[1]) });
      if (/^PRC: (?:Address \S+ expired|Prefix \S+ expired|Bound lease is devoid of active addresses)/.test(text)) {
        return note("expired", 6);
      }
      match = /^DHCP(DISCOVER|REQUEST|ACK|NAK|OFFER|RELEASE|DECLINE)\b(?:.* on (\S+) to)?/.exec(text);
      if (match !== null) {
        const kind = match[1] as string;
        const where = match[2] === undefined ? {} : { interface: match[2] };
        if (kind === "DISCOVER") note("solicit", 4, where);
        else if (kind === "REQUEST") note("request", 4, where);
        else if (kind === "ACK") note("reply", 4);
        else if (kind === "NAK") {
          note("nak", 4);
          into.complain(line, "lease/nak", "warning", NAK);
        }
        return true;
      }
      return /^(?:PRC: |XMT: |No DHCPOFFERS received|No working leases|Internet Systems Consortium|Copyright |All rights reserved|For info, please|Listening on |Sending on |Created duid|Killed old client|Trying recorded lease|bound: |message status code|Removed stale PID)/.test(
        text,
      );
    },
    finish: flush,
  };
}

const NAK =
  "The server said NAK: the client drops its address at once and starts over with DISCOVER. The address is not of this network, or the server has forgotten it.";

function receive(text: string, line: LogLine, reply: { drafts: Draft[] } | null): boolean {
  const drafts = reply?.drafts;
  const last = drafts?.[drafts.length - 1];
  let match = /^RCV: {2}X-- (IA_NA|IA_PD|IA_TA) /.exec(text);
  if (match !== null) {
    drafts?.push({ line, kind: match[1] as Draft["kind"], id: drafts.length, t1: 0, t2: 0, leases: [] });
    return true;
  }
  match = /^RCV: {2}\| X-- t([12]) - (?:renew|rebind) {1,2}\+(\d+)$/.exec(text);
  if (match !== null) {
    if (last !== undefined) last[match[1] === "1" ? "t1" : "t2"] = Number(match[2]);
    return true;
  }
  match = /^RCV: {2}\| \| X-- (IAADDR|IAPREFIX) (\S+)$/.exec(text);
  if (match !== null) {
    const prefix = parsePrefix(match[2] as string) ?? null;
    const address = parseAddress((match[2] as string).replace(/\/.*$/, ""));
    if (prefix !== null && address?.family === 6) {
      last?.leases.push({ lease: { ...prefix, preferred: 0, valid: 0, status: null }, line });
    }
    return true;
  }
  match = /^RCV: {2}\| \| \| X-- (Preferred|Max) lifetime (\d+)\.$/.exec(text);
  if (match !== null) {
    const held = last?.leases[last.leases.length - 1];
    if (held !== undefined) {
      const seconds = Number(match[2]);
      held.lease = match[1] === "Max" ? { ...held.lease, valid: seconds } : { ...held.lease, preferred: seconds };
    }
    return true;
  }
  return true;
}
