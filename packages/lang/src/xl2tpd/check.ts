/** What xl2tpd takes but should be looked at. */
import { type Address, type Diagnostic, diagnostic, type Severity } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import { checkEncoding } from "../text/index.ts";
import type { AddressRange, Setting, Xl2tpdConfiguration, Xl2tpdSection } from "./load.ts";

type Say = (code: string, severity: Severity, message: string, origin: Origin) => void;

/** Checks a loaded xl2tpd.conf. Its own errors are in `configuration.diagnostics`, these come on top. */
export function checkXl2tpd(configuration: Xl2tpdConfiguration): readonly Diagnostic[] {
  const findings: Diagnostic[] = checkEncoding(configuration.source);
  const say: Say = (code, severity, message, { source, span }) =>
    findings.push(diagnostic(code, severity, message, source, span));
  const { sections } = configuration;
  const global = sections.find(({ context }) => context === "global");
  const servers = sections.filter(({ context }) => context === "lns");
  const accessControl = global === undefined ? null : lastOf(global, "access control");
  if (servers.length > 0 && (global === undefined || lastOf(global, "listen-addr") === null)) {
    const text =
      "xl2tpd answers on every address, with IPsec or without: only the firewall keeps UDP 1701 shut. Set listen-addr in [global], and pass 1701 from IPsec only.";
    say("xl2tpd/listen-any", "note", text, (global ?? (servers[0] as Xl2tpdSection)).origin);
  }
  if (accessControl !== null && isYes(accessControl) && servers.every(({ peers }) => peers.length === 0)) {
    const text = "With access control and no `lac` line in any [lns] nobody may connect; add `lac = first - last`.";
    say("xl2tpd/nobody", "warning", text, accessControl.wordOrigin);
  }
  const base = servers.find(({ isDefault }) => isDefault);
  for (const server of servers) checkServer(server, base, say);
  for (const client of sections) {
    if (client.context !== "lac" || client.isDefault || client.servers.length > 0) continue;
    say("xl2tpd/no-server", "warning", "This client has no server to connect to; add `lns = HOST`.", client.origin);
  }
  checkOverlaps(servers, say);
  return findings;
}

function checkServer(server: Xl2tpdSection, base: Xl2tpdSection | undefined, say: Say): void {
  const own = (word: string): Setting | null => lastOf(server, word);
  const assigns = own("assign ip");
  const isAssigning = assigns === null || isYes(assigns);
  if (isAssigning && server.pool.every(({ denied }) => denied) && server === (base ?? server)) {
    const text =
      "Clients get no address: there is no `ip range`. Add one, or set `assign ip = no` when pppd gives addresses.";
    say("xl2tpd/no-pool", "warning", text, server.origin);
  }
  if (!isAssigning && server.pool.length > 0) {
    const text = "`assign ip = no` leaves the ranges unused; remove one or the other.";
    say("xl2tpd/pool-unused", "warning", text, (assigns as Setting).wordOrigin);
  }
  const local = own("local ip");
  const { localAddress } = server;
  if (local !== null && localAddress !== null && gives(server.pool, localAddress)) {
    const text = `${localAddress} is the server's own address and in the range for clients as well; leave it out of the range.`;
    say("xl2tpd/pool-has-local", "warning", text, local.valueOrigin);
  }
  if (local === null && server.localPool.length === 0 && server === (base ?? server)) {
    const text = "Without `local ip` the server's end of each tunnel is left to pppd; add it.";
    say("xl2tpd/no-local-address", "note", text, server.origin);
  }
  const pap = own("require pap");
  if (pap !== null && isYes(pap)) {
    const text =
      "PAP sends passwords in the clear to whoever answers; use `require chap = yes` and `refuse pap = yes`.";
    say("xl2tpd/pap", "warning", text, pap.wordOrigin);
  }
  const authentication = own("require authentication") ?? own("require auth");
  if (authentication !== null && !isYes(authentication)) {
    const text = "Clients need not log in, unless the options of pppd ask them to; set it to yes.";
    say("xl2tpd/no-authentication", "warning", text, authentication.wordOrigin);
  }
  const [refusesPap, refusesChap] = [own("refuse pap"), own("refuse chap")];
  const requiresChap = own("require chap");
  if (refusesChap !== null && isYes(refusesChap)) {
    const both = refusesPap !== null && isYes(refusesPap);
    if (both || (requiresChap !== null && isYes(requiresChap))) {
      const text = both
        ? "Neither PAP nor CHAP is left for clients to log in with, unless pppd's options name another; allow one."
        : "CHAP is required and refused at once; remove one of the two.";
      say("xl2tpd/contradiction", "warning", text, refusesChap.wordOrigin);
    }
  }
  const unix = own("unix authentication") ?? own("unix auth");
  if (unix !== null && isYes(unix) && requiresChap !== null && isYes(requiresChap)) {
    const text =
      "CHAP needs passwords in the clear, which the system's password file does not have; use PAP inside IPsec, or a secrets file.";
    say("xl2tpd/contradiction", "warning", text, unix.wordOrigin);
  }
}

function lastOf(section: Xl2tpdSection, word: string): Setting | null {
  return section.settings.findLast((setting) => setting.word === word) ?? null;
}

function isYes({ value }: Setting): boolean {
  return /^(yes|y|true)$/i.test(value);
}

/** Whether the ranges hand out the address: the last one that has it decides. */
function gives(ranges: readonly AddressRange[], address: Address): boolean {
  const found = ranges.findLast(
    ({ first, last }) => first !== null && last !== null && first.compare(address) <= 0 && address.compare(last) <= 0,
  );
  return found !== undefined && !found.denied;
}

function checkOverlaps(servers: readonly Xl2tpdSection[], say: Say): void {
  const ranges = servers.flatMap(({ pool }) =>
    pool.filter(({ denied, first, last }) => !denied && first !== null && last !== null),
  );
  ranges.sort((a, b) => (a.first as Address).compare(b.first as Address) || a.origin.span.start - b.origin.span.start);
  let widest: AddressRange | null = null;
  for (const range of ranges) {
    if (widest !== null && (range.first as Address).compare(widest.last as Address) <= 0) {
      const later = widest.origin.span.start < range.origin.span.start ? range : widest;
      say("xl2tpd/pool-overlap", "warning", "This range has addresses of another one; keep them apart.", later.origin);
    }
    if (widest === null || (range.last as Address).compare(widest.last as Address) > 0) widest = range;
  }
}
