import type { Span } from "@pierhead/core";
import type { Lease4 } from "@pierhead/lang/dhcpv4";
import { INFINITE } from "@pierhead/lang/dhcpv6";
import { duration, type Findings } from "./complaint.ts";

/** Shorter leases leave no room for a lost packet; dhcpcd takes at least 20 s, FreeBSD's dhclient 60 s. */
const SHORT = 60;

/** Judges the times of an IPv4 lease against RFC 2131 4.3.1 and 4.4.5. */
export function judgeLease4(lease: Lease4, span: Span, whose: string, into: Findings): void {
  const add = (code: string, severity: "error" | "warning" | "note", message: string): void => {
    into.add(code, severity, message, span, {
      key: `${whose} ${lease.address} ${lease.t1} ${lease.t2} ${lease.leaseTime}`,
    });
  };
  if (lease.server === null) {
    add(
      "lease/no-server-id",
      "error",
      "The server did not say who it is (option 54, RFC 2131 table 3): systemd-networkd drops such an answer, and no client can renew with the server itself.",
    );
  }
  if (lease.mask === null) {
    add(
      "lease/no-mask",
      "warning",
      "The server sent no subnet mask (option 1): OpenBSD's dhcpleased takes no address without one, others guess one from the address.",
    );
  }
  const time = lease.leaseTime;
  if (time === null || time === 0) {
    add(
      "lease/no-lease-time",
      "error",
      "The server sent no lease time (option 51, RFC 2131 table 3): dhclient and dhcpleased refuse the answer, dhcpcd takes it for ever.",
    );
    return;
  }
  if (time === INFINITE) {
    add(
      "lease/infinite",
      "note",
      `${lease.address} is leased for ever: it is never renewed, and the server cannot take it back.`,
    );
    return;
  }
  // RFC 2131 4.4.5: the defaults.
  const t1 = lease.t1 ?? Math.floor(time * 0.5);
  const t2 = lease.t2 ?? Math.floor(time * 0.875);
  const timers = `T1 is ${duration(t1)}${lease.t1 === null ? " (the default, half)" : ""}, T2 ${duration(t2)}${lease.t2 === null ? " (the default, 0.875)" : ""} and the lease ${duration(time)}`;
  if (t1 >= time) {
    add(
      "lease/t1-after-valid",
      "error",
      `${timers}: by these times the address is gone before it is renewed. Clients correct it, each in its own way. T1 must be before T2 and both before the end (RFC 2131 4.4.5).`,
    );
  } else if (t1 > t2) {
    add(
      "lease/t1-after-t2",
      "error",
      `${timers}: T1 must be before T2 (RFC 2131 4.4.5). Clients correct it, each in its own way.`,
    );
  } else if (t2 >= time) {
    add(
      "lease/t2-after-valid",
      "warning",
      `${timers}: if the server is away at T1, no other server is asked before the end. T2 must be before the end (RFC 2131 4.4.5).`,
    );
  }
  if (time < SHORT) {
    add(
      "lease/short-timers",
      "note",
      `${timers}: one lost packet can cost the address. dhcpcd takes at least 20 s, FreeBSD's dhclient 60 s.`,
    );
  }
}
