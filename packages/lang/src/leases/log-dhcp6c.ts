import { parsePrefix } from "@pierhead/core";
import type { LogFacts, LogReader } from "./log.ts";
import { type Draft, type DraftReply, grantReply } from "./log-reply.ts";

// Messages of WIDE-DHCPv6 20080615 (dhcp6c.c, dhcp6c_ia.c, common.c) and of OPNsense's dhcp6c after it. A line begins
// with the C function's name. With `-D` a message's options are written out, which is put together here.

export function dhcp6cReader(): LogReader {
  let reply: DraftReply | null = null;
  const flush = (into: LogFacts): void => {
    grantReply(reply, into);
    reply = null;
  };
  return {
    read(line, into) {
      const text = line.text.replace(/^[a-z_0-9]{1,40}: /, "");
      const note = (event: Parameters<typeof into.note>[1]["event"], extra: object = {}): boolean => {
        into.note(line, { client: "dhcp6c", family: 6, event, ...extra });
        return true;
      };
      let match = /^receive (\w[\w -]{0,30}) from (\S+?)(?:%\S+)? on (\S+)$/.exec(text);
      if (match !== null) {
        flush(into);
        if (match[1] === "reply") {
          reply = { line, name: match[3] as string, server: match[2] as string, drafts: [] };
          note("reply", { interface: match[3] });
        }
        return true;
      }
      match = /^\s*(IA_PD|IA_NA): ID=(\d+), T1=(\d+), T2=(\d+)$/.exec(text);
      if (match !== null) {
        const [kind, id, t1, t2] = [match[1] as Draft["kind"], Number(match[2]), Number(match[3]), Number(match[4])];
        reply?.drafts.push({ kind, id, t1, t2, line, leases: [] });
        return true;
      }
      match = /^\s*IA_(?:PD prefix|NA address): (\S+) pltime=(\d+) vltime=(\d+)$/.exec(text);
      if (match !== null) {
        const prefix = parsePrefix(match[1] as string);
        const [preferred, valid] = [Number(match[2]), Number(match[3])];
        if (prefix?.address.family === 6 && preferred <= 0xffff_ffff && valid <= 0xffff_ffff) {
          reply?.drafts.at(-1)?.leases.push({ lease: { ...prefix, preferred, valid, status: null }, line });
        }
        return true;
      }
      match = /^invalid IA: T1\((\d+)\) > T2\((\d+)\)$/.exec(text);
      if (match !== null) {
        note("refused");
        into.complain(
          line,
          "lease/t1-after-t2",
          "error",
          `The server sent T1 ${match[1]} s after T2 ${match[2]} s, and dhcp6c dropped the whole association (RFC 8415 21.4): no address comes from it. The server's T1 must not be larger than its T2.`,
        );
        return true;
      }
      match = /^invalid (?:prefix|address) (\S+): pltime \((\d+)\) is larger than vltime \((\d+)\)$/.exec(text);
      if (match !== null) {
        into.complain(
          line,
          "lease/preferred-after-valid",
          "error",
          `${match[1]} came with a preferred lifetime of ${match[2]} s and a valid one of ${match[3]} s: dhcp6c drops it (RFC 8415 21.6).`,
        );
        return true;
      }
      match =
        /^T1\s?\((\d+)\) (?:and\/)?or T2\s?\((\d+)\) is locally determined$/.exec(text) ??
        /^\s*adjusted to (\d+) and (\d+)$/.exec(text);
      if (match !== null) return note("bound", { renewIn: Number(match[1]), rebindIn: Number(match[2]) });
      match = /^(?:send|Sending) (solicit|request|renew|rebind)\b/i.exec(text);
      if (match !== null) {
        return note((match[1] as string).toLowerCase() as "solicit" | "request" | "renew" | "rebind");
      }
      if (/^send release to /.test(text)) return true;
      if (/^(?:prefix|address) timeout for \S+$/.test(text)) return note("expired");
      if (/^(?:status code(?: for \S+)?: |unhandled status code)/.test(text)) return true;
      return /^\s*(?:get DHCP option|T1 \(\d+\) or T2 \(\d+\) is too small$|<\d+>|found an interface|generated a new DUID|saved generated DUID|failed to open \S*key|reset timer for|removing an event|update an IA: |release an IA: |remove an IA: |IA \S+ is invalidated$|no responses were received|exiting$|set \S|copy |picked a server|a new XID|reset a timer|(?:create|update) an? (?:prefix|address) |got an expected reply|IA timeout for|make an IA|add an address|remove an address|Received |extracted an existing DUID|dhcp6c Received|DUID: |server ID: |unknown or unexpected|nameserver|XID mismatch|skip |executes |DNS |adjusted to|add a prefix|remove a (?:site )?prefix|status code: |called|failed initialize control message|removing server|script )/.test(
        text,
      );
    },
    finish: flush,
  };
}
