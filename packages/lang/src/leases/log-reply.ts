import type { IaLease, IdentityAssociation } from "../dhcpv6/index.ts";
import type { LogFacts } from "./log.ts";
import type { LogLine } from "./log-line.ts";

/** An identity association as a log writes it out, line by line. */
export interface Draft {
  readonly kind: IdentityAssociation["kind"];
  readonly id: number;
  t1: number;
  t2: number;
  readonly line: LogLine;
  readonly leases: { lease: IaLease; readonly line: LogLine }[];
}

/** A DHCPv6 Reply that is being put together. */
export interface DraftReply {
  readonly line: LogLine;
  readonly name: string;
  readonly server: string;
  readonly drafts: Draft[];
}

/** Makes a grant of it; one without leases is none. */
export function grantReply(reply: DraftReply | null, into: LogFacts): void {
  if (reply === null || !reply.drafts.some(({ leases }) => leases.length > 0)) return;
  into.grants.push({
    time: reply.line.time,
    interface: reply.name,
    client: null,
    server: reply.server,
    offer: false,
    span: spanOf(reply.line),
    terms: {
      family: 6,
      associations: reply.drafts.map(({ kind, id, t1, t2, leases }) => ({
        kind,
        id,
        t1,
        t2,
        leases: leases.map(({ lease }) => lease),
        status: null,
      })),
      spans: reply.drafts.map(({ line, leases }) => ({
        timers: spanOf(line),
        leases: leases.map((one) => spanOf(one.line)),
      })),
    },
  });
}

function spanOf({ start, end }: LogLine): { start: number; end: number } {
  return { start, end };
}
