/**
 * What a DHCP client does to its machine when a server gives it a lease, another one, or none any more: OpenBSD's
 * dhcpleased(8) (from 7.0), and the dhclient(8) of earlier OpenBSD and of FreeBSD.
 */
import { Address, formatPrefix, isAtLeast, maskAddress, type Prefix, parseAddress } from "@pierhead/core";
import type { Machine } from "../machine/index.ts";
import { runCommand } from "../shell/index.ts";

/** An IPv4 address with the next hop the server names; null: it names none. */
export interface Lease {
  readonly address: Prefix;
  readonly gateway: Address | null;
}

/** Route label of dhcpleased(8) (dhcpleased.h, DHCPLEASED_RTA_LABEL). */
const LABEL = "dhcpleased";
const DEFAULT = new Address(4, 0);

/**
 * Gives an interface a lease, in place of the one it has; null: it expired and there is no other.
 *
 * @returns whether there is such an interface
 */
export function applyLease(machine: Machine, name: string, lease: Lease | null): boolean {
  if (machine.interface(name) === null) return false;
  const old = machine.leases.get(name) ?? null;
  if (lease === null) machine.leases.delete(name);
  else machine.leases.set(name, lease);
  machine.setUp(name, true);
  if (isAtLeast(machine.system, "openbsd", 7)) dhcpleased(machine, name, old, lease);
  else dhclient(machine, name, old, lease);
  return true;
}

/** dhcpleased.c, configure_interface: the routes of a lease stand beside those of others (`RTF_MPATH`, priority 8). */
function dhcpleased(machine: Machine, name: string, old: Lease | null, lease: Lease | null): void {
  for (const route of machine.routes.list(0)) {
    if (route.interface === name && route.label === LABEL) machine.routes.remove(route);
  }
  moveAddress(machine, name, old, lease);
  if (lease?.gateway == null || ignoresRoutes(machine, name)) return;
  const { address, gateway } = lease;
  if (!address.address.isIn(gateway, address.length)) {
    machine.addRoute({ destination: gateway, length: 32, interface: name, label: LABEL });
  }
  machine.addRoute({ destination: DEFAULT, length: 0, gateway, label: LABEL, multipath: true }, true);
}

/** dhcpleased.conf(5): `interface NAME { ignore routes }`. */
function ignoresRoutes(machine: Machine, name: string): boolean {
  const text = (machine.files.get("/etc/dhcpleased.conf") ?? "").replace(/#.*/g, "");
  for (const [, one, body] of text.matchAll(/\binterface\s+(\S+)\s*\{([^}]*)\}/g)) {
    if (one === name && /\bignore\s+routes\b/.test(body as string)) return true;
  }
  return false;
}

/**
 * The lease goes into the database first, then dhclient-script (FreeBSD) or dhclient itself does the rest: a default
 * route when there is no other, and only with a new address.
 */
function dhclient(machine: Machine, name: string, old: Lease | null, lease: Lease | null): void {
  const path = `/var/db/dhclient.leases.${name}`;
  if (lease !== null) machine.files.set(path, `${machine.files.get(path) ?? ""}${declaration(name, lease)}`);
  const hooks = machine.system.family === "freebsd" ? enterHooks(machine, name, old, lease) : null;
  if (hooks?.aborts === true) return;
  const oldRouters = hooks === null ? (old?.gateway ?? null) : hooks.oldRouter;
  const router = hooks === null ? (lease?.gateway ?? null) : hooks.newRouter;
  const moved = lease === null || old === null || !old.address.address.equals(lease.address.address);
  if (moved) {
    if (oldRouters !== null) dropDefault(machine, name);
    moveAddress(machine, name, old, lease);
    // The second default route is refused, or becomes a path beside the first where there is multipath.
    if (lease !== null && router !== null) {
      machine.addRoute({ destination: DEFAULT, length: 0, gateway: router }, machine.system.family !== "freebsd");
    }
  }
  if (hooks !== null) exitHooks(machine, name, old, lease);
}

/** `route delete default`, when the default route is by this interface. */
function dropDefault(machine: Machine, name: string): void {
  const [first] = machine.routes.exact(0, DEFAULT, 0).filter((route) => route.priority === 0 || route.priority === 8);
  if (first?.interface === name) machine.routes.remove(first);
}

function moveAddress(machine: Machine, name: string, old: Lease | null, lease: Lease | null): void {
  const same = old !== null && lease !== null && formatPrefix(old.address) === formatPrefix(lease.address);
  if (same) return;
  if (old !== null) machine.removeAddress(name, old.address.address);
  if (lease !== null) machine.addAddress(name, lease.address);
}

/** dhclient.leases(5). */
function declaration(name: string, { address, gateway }: Lease): string {
  const lines = [
    "lease {",
    `  interface "${name}";`,
    `  fixed-address ${address.address};`,
    `  option subnet-mask ${maskAddress(4, address.length)};`,
    ...(gateway === null ? [] : [`  option routers ${gateway};`]),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

interface Hooks {
  readonly aborts: boolean;
  readonly oldRouter: Address | null;
  readonly newRouter: Address | null;
}

/** FreeBSD's dhclient-script runs /etc/dhclient-enter-hooks first, which may change its variables. */
function enterHooks(machine: Machine, name: string, old: Lease | null, lease: Lease | null): Hooks {
  const path = "/etc/dhclient-enter-hooks";
  if (!machine.files.has(path)) {
    return { aborts: false, oldRouter: old?.gateway ?? null, newRouter: lease?.gateway ?? null };
  }
  const text = `exit_status=0\n. ${path}\necho "$exit_status/$old_routers/$new_routers"`;
  const { stdout } = runCommand(machine, text, { variables: variables(name, old, lease) });
  const [status, before, after] = (stdout.trim().split("\n").at(-1) ?? "").split("/");
  const first = (routers: string | undefined): Address | null =>
    parseAddress((routers ?? "").trim().split(/\s+/)[0] ?? "");
  return { aborts: status !== "0", oldRouter: first(before), newRouter: first(after) };
}

function exitHooks(machine: Machine, name: string, old: Lease | null, lease: Lease | null): void {
  const path = "/etc/dhclient-exit-hooks";
  if (machine.files.has(path)) runCommand(machine, `. ${path}`, { variables: variables(name, old, lease) });
}

function variables(name: string, old: Lease | null, lease: Lease | null): Map<string, string> {
  const all = new Map([
    ["interface", name],
    ["reason", lease === null ? "EXPIRE" : old === null ? "BOUND" : "RENEW"],
  ]);
  for (const [prefix, one] of [
    ["old", old],
    ["new", lease],
  ] as const) {
    if (one === null) continue;
    all.set(`${prefix}_ip_address`, `${one.address.address}`);
    all.set(`${prefix}_subnet_mask`, `${maskAddress(4, one.address.length)}`);
    if (one.gateway !== null) all.set(`${prefix}_routers`, `${one.gateway}`);
  }
  return all;
}
