import type { LogReader } from "./log.ts";

// Messages of src/libsystemd-network/sd-dhcp6-client.c, sd-dhcp-client.c and dhcp6-option.c, systemd 252: `INTERFACE:
// DHCPv6 client: text`. Timers are there with SYSTEMD_LOG_LEVEL=debug, each on a line of its own.

const UNITS: Readonly<Record<string, number>> = {
  us: 1e-6,
  ms: 1e-3,
  s: 1,
  min: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
  month: 2_629_800,
  y: 31_557_600,
};

/** Seconds of a span as format_timespan() writes it: `1h 30min`, `9.5s`; null when it is none. */
export function timespan(text: string): number | null {
  let sum = 0;
  for (const part of text.split(" ")) {
    const match = /^(\d{1,12}(?:\.\d{1,6})?)(us|ms|s|min|h|d|w|month|y)$/.exec(part);
    if (match === null) return null;
    sum += Number(match[1]) * (UNITS[match[2] as string] as number);
  }
  return sum;
}

export function networkdReader(): LogReader {
  return {
    read(line, into) {
      const match = /^([\w.:-]{1,31}): DHCPv([46]) (?:client: )?(.*)$/.exec(line.text);
      if (match === null) return null;
      const name = match[1] as string;
      const family = match[2] === "4" ? 4 : 6;
      const text = match[3] as string;
      const note = (event: Parameters<typeof into.note>[1]["event"], extra: object = {}): boolean => {
        into.note(line, { client: "systemd-networkd", family, event, interface: name, ...extra });
        return true;
      };
      let found = /^(T1|T2|Valid lifetime|lease) expires in (.{1,60})$/.exec(text);
      if (found !== null) {
        const key = found[1] === "T1" ? "renewIn" : found[1] === "T2" ? "rebindIn" : "expireIn";
        return note("bound", { [key]: timespan(found[2] as string) });
      }
      found = /^Sent (Solicit|Request|Renew|Rebind)$/.exec(text);
      if (found !== null) {
        return note((found[1] as string).toLowerCase() as "solicit" | "request" | "renew" | "rebind");
      }
      if (text === "Processed Reply message" || text === "ACK") return note("reply");
      if (text === "DISCOVER") return note("solicit");
      if (/^REQUEST \((?:requesting|init-reboot)\)$/.test(text)) return note("request");
      if (text === "REQUEST (renewing)") return note("renew");
      if (text === "REQUEST (rebinding)") return note("rebind");
      if (/^NAK: /.test(text)) return note("nak");
      if (text === "EXPIRED") return note("expired");
      found = /^Received an IA option with T1 (.{1,40}?) ?> T2 (.{1,40}?), ignoring\.$/.exec(text);
      if (found !== null) {
        note("refused");
        into.complain(
          line,
          "lease/t1-after-t2",
          "error",
          `The server sent T1 ${found[1]} after T2 ${found[2]}, and systemd-networkd dropped the whole association (RFC 8415 21.4): ${name} gets no address from it. The server's T1 must not be larger than its T2.`,
        );
        return true;
      }
      if (/^Received an IA option with zero T1 and non-zero T2/.test(text)) {
        note("refused");
        into.complain(
          line,
          "lease/one-timer-zero",
          "error",
          `The server left T1 to the client and sent a T2: systemd-networkd dropped the whole association, and ${name} gets no address from it. The server must send both, or neither.`,
        );
        return true;
      }
      found =
        /^Received (?:an IA address|a PD prefix) with preferred lifetime (\d+) larger than valid lifetime (\d+), ignoring\.$/.exec(
          text,
        );
      if (found !== null) {
        into.complain(
          line,
          "lease/preferred-after-valid",
          "error",
          `The server sent a preferred lifetime of ${found[1]} s and a valid one of ${found[2]} s: systemd-networkd drops the address (RFC 8415 21.6).`,
        );
        return true;
      }
      // What stops it may be a person; a lease that ended says so with a line of its own.
      return /^(?:State changed: |Timeout T[12]$|Next retransmission|Processed |Starting in|STARTED|STOPPED|Infinite|OFFER|lease lost$|is configured|address |addresses and routes|Received message from|REBOOT|RELEASE|rebinding$)/.test(
        text,
      );
    },
    finish() {},
  };
}
