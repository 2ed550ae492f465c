import type { LogFacts, LogReader } from "./log.ts";
import type { LogLine } from "./log-line.ts";

// Messages of src/dhcp6.c and src/dhcp.c, dhcpcd 9.4.1 to 10.3.2: `INTERFACE: text`.

type Handler = (match: RegExpExecArray, line: LogLine, into: LogFacts, name: string) => void;

const seconds = (text: string | undefined): number => Number(text ?? 0);

const MESSAGES: readonly (readonly [RegExp, Handler | null])[] = [
  [
    /^renew in (\d+), rebind in (\d+), expire in (\d+) seconds$/,
    (match, line, into, name) =>
      into.note(line, {
        client: "dhcpcd",
        family: 6,
        event: "bound",
        interface: name,
        renewIn: seconds(match[1]),
        rebindIn: seconds(match[2]),
        expireIn: seconds(match[3]),
      }),
  ],
  [
    /^(?:expire in (\d+) seconds|will expire)$/,
    (match, line, into, name) =>
      into.note(line, {
        client: "dhcpcd",
        family: 6,
        event: "bound",
        interface: name,
        expireIn: seconds(match[1]),
      }),
  ],
  [
    /^leased for infinity$/,
    (_, line, into, name) => into.note(line, { client: "dhcpcd", family: 6, event: "bound", interface: name }),
  ],
  [
    /^leased \S+ for (?:(\d+) seconds|infinity)$/,
    (match, line, into, name) =>
      into.note(line, {
        client: "dhcpcd",
        family: 4,
        event: "bound",
        interface: name,
        expireIn: match[1] === undefined ? null : seconds(match[1]),
      }),
  ],
  [
    /^renew in (\d+) seconds, rebind in (\d+) seconds$/,
    (match, line, into, name) =>
      into.note(line, {
        client: "dhcpcd",
        family: 4,
        event: "bound",
        interface: name,
        renewIn: seconds(match[1]),
        rebindIn: seconds(match[2]),
      }),
  ],
  [
    /^(?:broadcasting|multicasting|unicasting|delaying|sending) (SOLICIT|REQUEST|RENEW|REBIND)6 \(xid/,
    (match, line, into, name) =>
      into.note(line, {
        client: "dhcpcd",
        family: 6,
        event: (match[1] as string).toLowerCase() as "solicit" | "request" | "renew" | "rebind",
        interface: name,
      }),
  ],
  [
    /^sending (DISCOVER|REQUEST) \(xid/,
    (match, line, into, name) =>
      into.note(line, {
        client: "dhcpcd",
        family: 4,
        event: match[1] === "DISCOVER" ? "solicit" : "request",
        interface: name,
      }),
  ],
  [
    /^REPLY6? received from \S+$/,
    (_, line, into, name) => into.note(line, { client: "dhcpcd", family: 6, event: "reply", interface: name }),
  ],
  [
    /^soliciting a (DHCPv6|DHCP|BOOTP) lease/,
    (match, line, into, name) =>
      into.note(line, {
        client: "dhcpcd",
        family: match[1] === "DHCPv6" ? 6 : 4,
        event: "solicit",
        interface: name,
      }),
  ],
  [
    /^renewing lease of /,
    (_, line, into, name) => into.note(line, { client: "dhcpcd", family: 4, event: "renew", interface: name }),
  ],
  [
    /^(?:rebinding prior DHCPv6 lease|failed to renew DHCPv6, rebinding)$/,
    (_, line, into, name) => into.note(line, { client: "dhcpcd", family: 6, event: "rebind", interface: name }),
  ],
  [
    /^failed to renew DHCP, rebinding$/,
    (_, line, into, name) => into.note(line, { client: "dhcpcd", family: 4, event: "rebind", interface: name }),
  ],
  [
    /^(DHCPv6|DHCP) lease expired$/,
    (match, line, into, name) =>
      into.note(line, {
        client: "dhcpcd",
        family: match[1] === "DHCPv6" ? 6 : 4,
        event: "expired",
        interface: name,
      }),
  ],
  [
    /^failed to rebind prior DHCPv6 delegation$/,
    (_, line, into, name) => into.note(line, { client: "dhcpcd", family: 6, event: "expired", interface: name }),
  ],
  [
    /^IAID \S+ T1\s?\((-?\d+)\) > T2\s?\((-?\d+)\) from \S+$/,
    (match, line, into, name) => {
      // Printed with %d: from 2^31 on it is negative.
      const [t1, t2] = [Number(match[1]) >>> 0, Number(match[2]) >>> 0];
      into.note(line, { client: "dhcpcd", family: 6, event: "refused", interface: name });
      into.complain(
        line,
        "lease/t1-after-t2",
        "error",
        `The server sent T1 ${t1} s after T2 ${t2} s, and dhcpcd dropped the whole association (RFC 8415 21.4): ${name} gets no address from it. The server's T1 must not be larger than its T2.`,
      );
    },
  ],
  [
    /^ignoring T1 (\d+) due to address expiry$/,
    (match, line, into) =>
      into.complain(
        line,
        "lease/t1-after-valid",
        "error",
        `The server sent T1 ${match[1]} s, after every address has expired. dhcpcd does not follow it and renews at half of the preferred lifetime; other clients lose the address.`,
      ),
  ],
  [
    /^(\S+) will expire before renewal$/,
    (match, line, into) =>
      into.complain(
        line,
        "lease/t1-after-valid",
        "warning",
        `${match[1]} expires before T1: it is gone before it is asked for again.`,
      ),
  ],
  [
    /^IA (?:Address|Prefix) pltime (\d+) > vltime (\d+)/,
    (match, line, into) =>
      into.complain(
        line,
        "lease/preferred-after-valid",
        "error",
        `The server sent a preferred lifetime of ${match[1]} s and a valid one of ${match[2]} s: dhcpcd drops the address (RFC 8415 21.6).`,
      ),
  ],
  [
    /^(?:invalid (?:SOL|INF)_MAX_RT (\d+))$/,
    (match, line, into) =>
      into.complain(
        line,
        "lease/max-rt",
        "warning",
        `The server sent a maximum retransmission time of ${match[1]} s, outside 60 to 86,400 (RFC 8415 21.24): dhcpcd does not follow it.`,
      ),
  ],
  [
    /^option overflow$/,
    (_, line, into) =>
      into.complain(
        line,
        "lease/option-overflow",
        "error",
        "An option of the server reached past the end of its message.",
      ),
  ],
  [
    /^no DHCPv6 server ID from (\S+)$/,
    (match, line, into) =>
      into.complain(
        line,
        "lease/no-server-id",
        "error",
        `A message from ${match[1]} had no Server Identifier: dhcpcd dropped it (RFC 8415 16).`,
      ),
  ],
  [
    /^DHCPv6 REPLY: (.{1,200})$/,
    (match, line, into, name) => {
      into.note(line, { client: "dhcpcd", family: 6, event: "refused", interface: name });
      into.complain(line, "lease/refused", "warning", `The server refused: ${match[1]}.`);
    },
  ],
  [
    /^NAK(?::|\s)/,
    (_, line, into, name) => into.note(line, { client: "dhcpcd", family: 4, event: "nak", interface: name }),
  ],
  // Said on the way, of no weight for how long an address lives.
  [
    /^(?:ADV |pltime \d|adding address|deleting address|sending (?:Router|RELEASE)|IA type |carrier |no carrier|offered |probing |adding |deleting |IAID |soliciting an IPv6 router|Router Advertisement|writing lease|reading lease|no IPv6 Routers|confirming prior|DHCPv6 DAD|executing:|waiting for|requesting DHCPv6|activating for delegation|delegated prefix|using ClientID|wrong xid|discarding expired lease|acknowledged |refresh in |accepted reconfigure|pid \d|removing |changing |checking for |delaying |sent \d+ times|old hardware|new hardware|using hwaddr|rebinding lease of|spawned|received approval)/,
    null,
  ],
];

export function dhcpcdReader(): LogReader {
  return {
    read(line, into) {
      const match = /^([\w.:-]{1,31}): (.*)$/.exec(line.text);
      if (match === null) {
        return /^(?:DUID |dhcpcd-\d|spawned |read_config: |no interfaces have a carrier|dev: |dhcpcd exited|timed out|received SIG|main: )/.test(
          line.text,
        );
      }
      const text = match[2] as string;
      for (const [pattern, handler] of MESSAGES) {
        const found = pattern.exec(text);
        if (found === null) continue;
        handler?.(found, line, into, match[1] as string);
        return true;
      }
      return false;
    },
    finish() {},
  };
}
