/** Rules for guests on a bridge(4) of OpenBSD, which hands every IP packet to pf on the card and on the guest's tap. */
import type { Guest, Host } from "../model/site.ts";
import type { FileWriter } from "./file.ts";
import type { PfWriter } from "./pf-rule.ts";

/**
 * Each guest may use its own address, and only that; what else it lets in is for its own rules. Without state, since
 * the same packet passes two interfaces and a state of one would match on the other. veb(4) asks pf for nothing unless
 * told to (link1), and the bridges of the other systems leave guests to themselves.
 */
export function guestRules(out: FileWriter, pf: PfWriter, host: Host, guests: readonly Guest[]): void {
  const { hypervisor, system } = host;
  if (hypervisor === null || guests.length === 0) return;
  if (system.family !== "openbsd" || hypervisor.bridge.startsWith("veb")) return;
  const card = hypervisor.interface;
  const six = guests.filter((guest) => guest.inet6 !== null);
  out
    .blank()
    .line("# guests: each with its own address only, on the card and on its tap; the rest is for their own rules");
  guests.forEach((guest, index) => {
    const tap = `tap${index}`;
    const own = `${guest.address.address}`;
    const from = [...guest.path, "address"];
    const pass = (on: string, direction: "in" | "out", side: "from" | "to"): void => {
      const rule = pf.rule({
        action: "pass",
        direction,
        quick: true,
        on,
        family: "inet",
        [side]: own,
        more: "no state",
      });
      out.line(`${rule}${direction === "in" && on === tap ? `\t# ${guest.name}` : ""}`, from, guest.path);
    };
    pass(tap, "in", "from");
    pass(card, "out", "from");
    pass(card, "in", "to");
    pass(tap, "out", "to");
    if (guest.inet6 !== null) inet6(out, pf, guest, tap, card);
  });
  if (six.length > 0) out.line(neighbours(pf, card), ...six.map((guest) => [...guest.path, "inet6"]));
}

function inet6(out: FileWriter, pf: PfWriter, guest: Guest, tap: string, card: string): void {
  const own = `${guest.inet6?.address.address}`;
  const from = [...guest.path, "inet6", "address"];
  const pass = (on: string, direction: "in" | "out", side: "from" | "to"): void => {
    out.line(
      pf.rule({ action: "pass", direction, quick: true, on, family: "inet6", [side]: own, more: "no state" }),
      from,
      guest.path,
    );
  };
  pass(tap, "in", "from");
  pass(card, "out", "from");
  pass(card, "in", "to");
  pass(tap, "out", "to");
  out.line(neighbours(pf, tap), from, guest.path);
}

/** Neighbours are found from and to link-local addresses and groups, and before an address is one's own (RFC 4861, 4862). */
function neighbours(pf: PfWriter, on: string): string {
  const more = "icmp6-type { neighbrsol, neighbradv } no state";
  return pf.rule({ action: "pass", quick: true, on, family: "inet6", protocol: "icmp6", more });
}
