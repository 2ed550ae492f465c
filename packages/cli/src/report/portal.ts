/** What a running portal says, for people. */
import type { Json, PortalStatus } from "@pierhead/gateway/portal";
import type { Administrator, LocalUser, StoredSession, Voucher } from "@pierhead/gateway/store";
import { type Colors, plural, printable } from "../terminal.ts";
import { table } from "./table.ts";

export type ShownSession = Json<StoredSession>;
export type ShownVoucher = Json<Voucher>;

export function portalStatus(status: PortalStatus, now: number, colors: Colors): string {
  const lines = [
    `${colors.bold(printable(status.gateway))}  ${plural(status.sessions, "session")}; up for ${span(now - status.started)}, version ${status.version}`,
  ];
  if (status.pendingAccounting > 0) {
    lines.push(`${plural(status.pendingAccounting, "accounting record")} not acknowledged yet`);
  }
  if (status.radius.length > 0) {
    const rows = status.radius.map((one) => [
      printable(one.host),
      one.alive ? "alive" : "silent",
      one.roundTrip === null ? "-" : `${one.roundTrip.toFixed(one.roundTrip < 10 ? 1 : 0)} ms`,
      String(one.requests),
      String(one.timeouts),
      String(one.discarded),
    ]);
    lines.push("", colors.bold("RADIUS"));
    lines.push(
      ...table(
        [["server", "now", "answers in", "requests", "lost", "refused answers"], ...rows],
        (cell, row, column) =>
          row === 0
            ? colors.dim(cell)
            : column === 1
              ? cell.startsWith("alive")
                ? colors.green(cell)
                : colors.red(cell)
              : cell,
      ),
    );
  }
  if (status.troubles.length > 0) {
    lines.push("", colors.bold("Troubles"), ...status.troubles.map((one) => `  ${colors.red(printable(one))}`));
  }
  return `${lines.join("\n")}\n`;
}

export function portalSessions(sessions: readonly ShownSession[], now: number, colors: Colors): string {
  if (sessions.length === 0) return "nobody is in\n";
  const rows = [...sessions]
    .sort((a, b) => a.started - b.started)
    .map((one) => [
      one.id,
      one.mac,
      one.addresses.find((address) => address.includes(".")) ?? one.addresses[0] ?? "-",
      cut(one.user === "" ? "-" : one.user),
      one.method,
      span(now - one.started),
      span(now - one.active),
      octets(one.inputOctets),
      octets(one.outputOctets),
      one.limits.until === null ? "-" : span(one.limits.until - now),
      rate(one.limits.rateUp, one.limits.rateDown),
    ]);
  const head = ["session", "device", "address", "user", "by", "for", "idle", "from it", "to it", "left", "up/down"];
  return `${painted([head, ...rows], colors)}${plural(sessions.length, "session")}\n`;
}

export function portalVouchers(vouchers: readonly ShownVoucher[], now: number, colors: Colors): string {
  if (vouchers.length === 0) return "no vouchers\n";
  const rows = vouchers.map((one) => [
    one.code,
    cut(one.batch),
    stateOf(one, now),
    one.duration === null ? "-" : span(one.duration * 1000),
    one.octets === null ? "-" : `${octets(one.usedOctets)} of ${octets(one.octets)}`,
    `${one.usedBy.length} of ${one.devices}`,
    rate(one.rateUp, one.rateDown),
    one.expires === null ? "-" : new Date(one.expires).toISOString().slice(0, 16).replace("T", " "),
    cut(one.note),
  ]);
  const head = ["code", "batch", "state", "time", "volume", "devices", "up/down", "not after", "note"];
  return painted([head, ...rows], colors);
}

function stateOf(voucher: ShownVoucher, now: number): string {
  if (voucher.revoked) return "revoked";
  if (voucher.expires !== null && voucher.expires <= now) return "expired";
  if (voucher.octets !== null && voucher.usedOctets >= voucher.octets) return "used up";
  if (voucher.firstUse === null) return "new";
  if (voucher.duration !== null && voucher.firstUse + voucher.duration * 1000 <= now) return "used up";
  return "in use";
}

export function portalUsers(users: readonly Json<LocalUser>[], colors: Colors): string {
  if (users.length === 0) return "no local users\n";
  const rows = users.map((one) => [
    cut(one.name),
    one.disabled ? "disabled" : "active",
    String(one.devices),
    one.limits.idle == null ? "-" : span(one.limits.idle * 1000),
    one.limits.octetsTotal == null ? "-" : octets(one.limits.octetsTotal),
    rate(one.limits.rateUp ?? null, one.limits.rateDown ?? null),
    cut(one.note),
  ]);
  return painted([["user", "state", "devices", "idle", "volume", "up/down", "note"], ...rows], colors);
}

export function portalAdministrators(people: readonly Json<Administrator>[], now: number, colors: Colors): string {
  if (people.length === 0) return "no administrators\n";
  const rows = people.map((one) => [
    cut(one.name),
    one.role,
    one.lastSeen === null ? "never" : `${span(now - one.lastSeen)} ago`,
  ]);
  return painted([["administrator", "role", "last seen"], ...rows], colors);
}

function painted(rows: readonly (readonly string[])[], colors: Colors): string {
  return `${table(rows, (cell, row) => (row === 0 ? colors.dim(cell) : cell)).join("\n")}\n`;
}

function cut(text: string): string {
  const clean = printable(text);
  return clean.length > 40 ? `${clean.slice(0, 37)}...` : clean;
}

function span(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6_000) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

function octets(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = count;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}

function rate(up: number | null, down: number | null): string {
  if (up === null && down === null) return "-";
  const one = (bits: number | null): string =>
    bits === null ? "-" : bits >= 1e6 ? `${Number((bits / 1e6).toFixed(1))}M` : `${Math.round(bits / 1e3)}k`;
  return `${one(up)}/${one(down)}`;
}
