import { type IaLease, type IdentityAssociation, INFINITE, STATUS6, statusName6 } from "@pierhead/lang/dhcpv6";
import type { AssociationSpans } from "@pierhead/lang/leases";
import { nameOf, seconds, smallest } from "./clients/client.ts";
import { duration, type Findings } from "./complaint.ts";

/** A T1 below this loads the server and leaves no room for a lost packet. */
const SHORT = 30;

/**
 * Judges the timers of what a server grants against RFC 8415 14.2, 21.4, 21.6, 21.21 and 21.22 (RFC 3315 22.4 and
 * RFC 3633 9 said the same of T1 > T2).
 *
 * @param whose distinguishes clients, so that one server's mistake is said once for each
 */
export function judgeAssociations(
  associations: readonly IdentityAssociation[],
  spans: AssociationSpans,
  whole: { readonly start: number; readonly end: number },
  whose: string,
  into: Findings,
): void {
  associations.forEach((association, index) => {
    const places = spans[index];
    const judged = new Judgement(association, places?.timers ?? whole, whose, into);
    association.leases.forEach((lease, at) => {
      judged.lease(lease, places?.leases[at] ?? places?.timers ?? whole);
    });
    judged.status();
    if (association.kind !== "IA_TA") judged.timers();
  });
  const timed = associations.filter(({ kind, leases }) => kind !== "IA_TA" && leases.length > 0);
  const [one] = timed;
  if (one !== undefined && timed.some(({ t1, t2 }) => t1 !== one.t1 || t2 !== one.t2)) {
    into.add(
      "lease/timers-differ",
      "note",
      "The associations of this Reply have different timers. A client renews all of them at the earliest T1 (RFC 8415 18.2.4); some clients keep a timer for each.",
      whole,
      { key: whose },
    );
  }
}

class Judgement {
  readonly #ia: IdentityAssociation;
  readonly #place: { readonly start: number; readonly end: number };
  readonly #key: string;
  readonly #into: Findings;

  constructor(
    ia: IdentityAssociation,
    place: { readonly start: number; readonly end: number },
    whose: string,
    into: Findings,
  ) {
    this.#ia = ia;
    this.#place = place;
    this.#key = `${whose} ${nameOf(ia)}`;
    this.#into = into;
  }

  /** Section of the option that holds the address, and of the one that holds the timers. */
  get #sections(): { readonly lease: string; readonly timers: string } {
    return this.#ia.kind === "IA_PD" ? { lease: "21.22", timers: "21.21" } : { lease: "21.6", timers: "21.4" };
  }

  lease(lease: IaLease, span: { readonly start: number; readonly end: number }): void {
    const what =
      lease.length === 128 && this.#ia.kind !== "IA_PD" ? `${lease.address}` : `${lease.address}/${lease.length}`;
    const key = `${this.#key} ${what}`;
    if (lease.preferred > lease.valid) {
      this.#into.add(
        "lease/preferred-after-valid",
        "error",
        `${what} is to be preferred for ${duration(lease.preferred)} and valid for ${duration(lease.valid)}: every client drops it (RFC 8415 ${this.#sections.lease}). The server's preferred lifetime must not be larger than its valid one.`,
        span,
        { key },
      );
    } else if (lease.valid === 0) {
      this.#into.add(
        "lease/withdrawn",
        "note",
        `${what} comes with a valid lifetime of 0: the server takes it back, the client removes it at once.`,
        span,
        { key },
      );
    } else if (lease.valid === INFINITE) {
      this.#into.add(
        "lease/infinite",
        "note",
        `${what} is valid for ever: the server can never give it to another client, nor change it.`,
        span,
        { key },
      );
    }
    if (lease.status !== null && lease.status.code !== STATUS6.success) {
      this.#into.add(
        "lease/refused",
        "warning",
        `The server says ${statusName6(lease.status.code)} of ${what}${quoted(lease.status.text)}.`,
        span,
        { key },
      );
    }
  }

  status(): void {
    const { status, leases } = this.#ia;
    if (status !== null && status.code !== STATUS6.success) {
      this.#into.add(
        "lease/refused",
        "warning",
        `The server says ${statusName6(status.code)} of ${nameOf(this.#ia)}${quoted(status.text)}: ${REFUSALS[status.code] ?? "the client gets nothing from it."}`,
        this.#place,
        { key: this.#key },
      );
    } else if (leases.length === 0) {
      this.#into.add(
        "lease/empty",
        "warning",
        `${nameOf(this.#ia)} holds ${this.#ia.kind === "IA_PD" ? "no prefix" : "no address"} and no status: the client gets nothing from it and is not told why.`,
        this.#place,
        { key: this.#key },
      );
    }
  }

  timers(): void {
    const { t1, t2, kind } = this.#ia;
    const live = this.#ia.leases.filter(({ preferred, valid }) => valid > 0 && preferred <= valid);
    const add = (code: string, severity: "error" | "warning" | "note", message: string): void => {
      this.#into.add(code, severity, message, this.#place, { key: `${this.#key} ${t1} ${t2}` });
    };
    const timers = `${nameOf(this.#ia)}: T1 is ${duration(t1)} and T2 ${duration(t2)}`;
    if (t1 > 0 && t2 > 0 && t1 > t2) {
      add(
        "lease/t1-after-t2",
        "error",
        `${timers}. With T1 after T2 a client must drop the whole association (RFC 8415 ${this.#sections.timers}, RFC 3315 22.4): it gets no ${kind === "IA_PD" ? "prefix" : "address"}. The server's T1 must not be larger than its T2.`,
      );
      return;
    }
    if (live.length === 0) return;
    const preferred = smallest(live.map((lease) => seconds(lease.preferred)));
    const valid = smallest(live.map((lease) => seconds(lease.valid)));
    if (t1 === 0 && t2 === 0) {
      add(
        "lease/timers-left-to-client",
        "note",
        `${timers}: both are left to the client (RFC 8415 14.2). Most take 0.5 and 0.8 of the preferred lifetime.`,
      );
      return;
    }
    if (t1 === 0 || t2 === 0) {
      add(
        "lease/one-timer-zero",
        "warning",
        `${timers}: one is left to the client, the other is not. systemd-networkd drops such an association; other clients choose the missing one. Send both, or neither.`,
      );
    }
    const time1 = t1 === 0 ? preferred * 0.5 : seconds(t1);
    const time2 = t2 === 0 ? preferred * 0.8 : seconds(t2);
    if (time1 === Number.POSITIVE_INFINITY && time2 === time1 && valid !== time1) {
      add(
        "lease/never-renewed",
        "error",
        `${timers}, and the shortest valid lifetime is ${duration(valid)}: a client never asks for it again, and it ends then.`,
      );
      return;
    }
    if (time1 >= valid && valid !== Number.POSITIVE_INFINITY) {
      add(
        "lease/t1-after-valid",
        "error",
        `${timers}, but the shortest valid lifetime is ${duration(valid)}: the ${kind === "IA_PD" ? "prefix" : "address"} is gone before a client asks for it again. T1 should be 0.5 and T2 0.8 of the shortest preferred lifetime (RFC 8415 ${this.#sections.timers}).`,
      );
      return;
    }
    if (time1 >= preferred && preferred !== Number.POSITIVE_INFINITY) {
      add(
        "lease/t1-after-preferred",
        "warning",
        `${timers}, but the shortest preferred lifetime is ${duration(preferred)}: between the two the address is not used for new connections. T1 should be 0.5 of it (RFC 8415 ${this.#sections.timers}).`,
      );
    }
    if (time2 >= valid && valid !== Number.POSITIVE_INFINITY) {
      add(
        "lease/t2-after-valid",
        "warning",
        `${timers}, but the shortest valid lifetime is ${duration(valid)}: if the server is away at T1, no other server is asked before the end.`,
      );
    } else if (time2 > preferred && time1 < preferred) {
      add(
        "lease/t2-after-preferred",
        "warning",
        `${timers}, but the shortest preferred lifetime is ${duration(preferred)}: if the server is away at T1, new connections stop using the address before another server is asked. T2 should be 0.8 of it (RFC 8415 ${this.#sections.timers}).`,
      );
    }
    if (t1 === t2 && t1 !== INFINITE) {
      add(
        "lease/t1-is-t2",
        "note",
        `${timers}: there is no time to renew with the server that gave it. dhclient skips Renew and asks every server at once.`,
      );
    }
    if (t1 > 0 && t1 < SHORT) {
      add(
        "lease/short-timers",
        "note",
        `${timers}: a client asks every ${duration(t1)}, and one lost packet can cost the address. dhcp6c takes at least 30 s for T2.`,
      );
    }
  }
}

const REFUSALS: Readonly<Record<number, string>> = {
  [STATUS6.noAddresses]: "it has no address left.",
  [STATUS6.noBinding]: "it does not know this client's lease; the client asks for a new one.",
  [STATUS6.notOnLink]: "the addresses are not of this network; the client starts over.",
  [STATUS6.noPrefix]: "it has no prefix left.",
};

function quoted(text: string): string {
  return text === "" ? "" : ` ("${text}")`;
}
