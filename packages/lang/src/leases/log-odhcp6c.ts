import { parsePrefix } from "@pierhead/core";
import type { IaLease, IdentityAssociation } from "../dhcpv6/index.ts";
import type { LogReader } from "./log.ts";
import type { LogLine } from "./log-line.ts";

// Messages of odhcp6c's src/dhcpv6.c (2026): `IA_PD 0001 T1 1000 T2 1600`, its addresses, then the timers it follows.

interface Draft {
  readonly kind: IdentityAssociation["kind"];
  readonly id: number;
  readonly t1: number;
  readonly t2: number;
  readonly line: LogLine;
  readonly leases: { readonly lease: IaLease; readonly line: LogLine }[];
}

export function odhcp6cReader(): LogReader {
  let drafts: Draft[] = [];
  return {
    read(line, into) {
      const { text } = line;
      let match = /^(IA_NA|IA_PD) ([0-9a-f]{4,8}) T1 (-?\d{1,10}) T2 (-?\d{1,10})$/.exec(text);
      if (match !== null) {
        // Printed with %d: from 2^31 on it is negative.
        const [t1, t2] = [Number(match[3]) >>> 0, Number(match[4]) >>> 0];
        const id = Number.parseInt(match[2] as string, 16);
        drafts.push({ kind: match[1] as Draft["kind"], id, t1, t2, line, leases: [] });
        return true;
      }
      match = /^([0-9a-f:.]+(?:\/\d{1,3})?) preferred (-?\d{1,10}) valid (-?\d{1,10})$/i.exec(text);
      if (match !== null) {
        const prefix = parsePrefix(match[1] as string);
        if (prefix?.address.family === 6) {
          const lease = { ...prefix, preferred: Number(match[2]) >>> 0, valid: Number(match[3]) >>> 0, status: null };
          drafts.at(-1)?.leases.push({ lease, line });
        }
        return true;
      }
      match = /^T1 (\d{1,10})s, T2 (\d{1,10})s, T3 (\d{1,10})s$/.exec(text);
      if (match !== null) {
        const [renewIn, rebindIn, expireIn] = match.slice(1).map(Number) as [number, number, number];
        into.note(line, { client: "odhcp6c", family: 6, event: "bound", renewIn, rebindIn, expireIn });
        const done = drafts;
        drafts = [];
        const [first] = done;
        if (first === undefined || !done.some(({ leases }) => leases.length > 0)) return true;
        into.grants.push({
          time: line.time,
          interface: null,
          client: null,
          server: null,
          offer: false,
          span: { start: first.line.start, end: first.line.end },
          terms: {
            family: 6,
            associations: done.map(({ kind, id, t1, t2, leases }) => ({
              kind,
              id,
              t1,
              t2,
              leases: leases.map(({ lease }) => lease),
              status: null,
            })),
            spans: done.map((draft) => ({
              timers: { start: draft.line.start, end: draft.line.end },
              leases: draft.leases.map((one) => ({ start: one.line.start, end: one.line.end })),
            })),
          },
        });
        return true;
      }
      match = /^Starting (SOLICIT|REQUEST|RENEW|REBIND) transaction /.exec(text);
      if (match !== null) {
        drafts = [];
        const event = (match[1] as string).toLowerCase() as "solicit" | "request" | "renew" | "rebind";
        into.note(line, { client: "odhcp6c", family: 6, event });
        return true;
      }
      match = /^Server returned (\S{1,20}) status '(\S{1,40}) (.{0,200})'$/.exec(text);
      if (match !== null) {
        into.note(line, { client: "odhcp6c", family: 6, event: "refused" });
        into.complain(line, "lease/refused", "warning", `The server says ${match[2]} of ${match[1]}.`);
        return true;
      }
      return /^(?:Starting \S+ transaction |Got a valid |Send \S+ message |PD_EXCLUDE |\(re\)starting|Need to respond|entering )/.test(
        text,
      );
    },
    finish() {},
  };
}
