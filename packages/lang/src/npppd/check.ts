/** What npppd takes but should be looked at, in npppd.conf and between it and its users file. */
import { type Address, type Diagnostic, diagnostic, type Severity, type Source, type Span } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import { SHORT_KEY, SHORT_PASSWORD, weaknessOf } from "../secrets/index.ts";
import { checkEncoding } from "../text/index.ts";
import type {
  Authentication,
  Ipcp,
  NpppdConfiguration,
  NpppdSettings,
  PoolStatement,
  Tunnel,
} from "./configuration.ts";
import type { NpppdUser, NpppdUsers } from "./users.ts";

/** Folder outside of which npppd's privileged part opens no users file. */
const USERS_FOLDER = "/etc/npppd/";
/** Addresses a pool keeps; the others are never given out. */
const POOL_LIMIT = 8192;
/** Octets of the largest PPP packet that L2TP in IPsec carries over a 1500 octet link without fragments. */
const L2TP_MRU = 1400;

type Say = (code: string, severity: Severity, message: string, origin: Origin) => void;

/** Checks a loaded npppd.conf(5). Its own errors are in `configuration.diagnostics`, these come on top. */
export function checkNpppd(configuration: NpppdConfiguration): readonly Diagnostic[] {
  const findings: Diagnostic[] = checkEncoding(configuration.source);
  const say: Say = (code, severity, message, { source, span }) =>
    findings.push(diagnostic(code, severity, message, source, span));
  const { settings } = configuration;
  for (const tunnel of settings.tunnels) checkTunnel(tunnel, say);
  for (const authentication of settings.authentications) checkAuthentication(authentication, say);
  for (const client of settings.radiusDaeClients) checkSecret(client.secret, client.origin, say);
  checkPools(settings, say);
  checkUse(settings, configuration, say);
  for (const { tunnel, interface: iface } of settings.binds) {
    const place = tunnel.places.get("idle-timeout");
    if (iface.pppx && tunnel.idleTimeout !== 0 && place !== undefined) {
      say("npppd/idle-timeout", "warning", "pppx(4) sessions have no idle timer; remove it, or use pppac0.", place);
    }
  }
  return findings;
}

function checkTunnel(tunnel: Tunnel, say: Say): void {
  const place = (option: string): Origin => tunnel.places.get(option) ?? tunnel.nameOrigin;
  if (tunnel.authenticationMethods.includes("pap")) {
    const text = "PAP sends passwords in the clear to whoever answers; leave it out where clients can do mschapv2.";
    say("npppd/pap", "warning", text, place("authentication-method"));
  }
  if (tunnel.protocol === "pptp") {
    const text =
      "PPTP's encryption is broken: a recorded session can be read within a day. Use L2TP in IPsec, or IKEv2.";
    say("npppd/pptp", "warning", text, tunnel.nameOrigin);
  }
  if (tunnel.protocol === "l2tp" && !tunnel.l2tpRequireIpsec) {
    const text =
      "npppd takes L2TP without IPsec, too: only pf(4) keeps UDP 1701 shut at the wire. Add `l2tp-require-ipsec yes`.";
    say("npppd/l2tp-without-ipsec", "note", text, place("l2tp-require-ipsec"));
  }
  if (tunnel.protocol === "l2tp" && tunnel.mru > L2TP_MRU) {
    const text = `Packets of ${tunnel.mru} octets do not fit into L2TP, UDP and ESP on a 1500 octet link; the default is 1360.`;
    say("npppd/mru", "warning", text, place("mru"));
  }
  if (tunnel.protocol === "pppoe" && tunnel.interface === "") {
    const text = "A PPPoE tunnel listens nowhere without `listen on interface`; add it.";
    say("npppd/pppoe-no-interface", "warning", text, tunnel.nameOrigin);
  }
}

function checkAuthentication(authentication: Authentication, say: Say): void {
  const { type, usersFile, nameOrigin, places } = authentication;
  if (type === "local" && usersFile === "") {
    const text = "Local authentication without `users-file` knows no users; nobody can log in.";
    say("npppd/no-users-file", "warning", text, nameOrigin);
  } else if (usersFile !== "" && !usersFile.startsWith(USERS_FOLDER)) {
    const text = `npppd opens users files below ${USERS_FOLDER} only; ${usersFile} is refused. Move it there.`;
    say("npppd/users-file-path", "error", text, places.get("users-file") ?? nameOrigin);
  }
  if (type === "radius" && authentication.authenticationServer?.servers.length === 0) {
    const text = "Authentication by RADIUS without `authentication-server` asks nobody; nobody can log in.";
    say("npppd/no-radius-server", "warning", text, nameOrigin);
  }
  for (const servers of [authentication.authenticationServer, authentication.accountingServer]) {
    for (const { secret, origin } of servers?.servers ?? []) checkSecret(secret, origin, say);
  }
}

function checkSecret(secret: Parameters<typeof weaknessOf>[0], origin: Origin, say: Say): void {
  const weakness = weaknessOf(secret, SHORT_KEY);
  if (weakness === null) return;
  const text = `The RADIUS secret is ${weakness}; all that protects users' passwords on their way is this. Use ${SHORT_KEY} random characters.`;
  say("npppd/radius-secret", "warning", text, origin);
}

function checkPools(settings: NpppdSettings, say: Say): void {
  const all: { readonly ipcp: Ipcp; readonly pool: PoolStatement }[] = [];
  for (const ipcp of settings.ipcps) {
    const { size } = ipcp.dynamicPool;
    if (size > POOL_LIMIT) {
      const text = `The pool has ${size} addresses; npppd keeps ${POOL_LIMIT} and never gives out the others.`;
      say("npppd/pool-size", "note", text, ipcp.places.get("pool-address") ?? ipcp.nameOrigin);
    }
    for (const pool of ipcp.pools) all.push({ ipcp, pool });
  }
  // Sorted by first address, so that each is compared with the one that reaches farthest before it.
  all.sort((a, b) => a.pool.first.w0 - b.pool.first.w0 || a.pool.origin.span.start - b.pool.origin.span.start);
  let widest: (typeof all)[number] | null = null;
  for (const entry of all) {
    if (widest !== null && entry.pool.first.w0 <= widest.pool.last.w0) {
      const [earlier, later] =
        widest.pool.origin.span.start < entry.pool.origin.span.start ? [widest, entry] : [entry, widest];
      const where = earlier.ipcp === later.ipcp ? "" : ` of ipcp "${earlier.ipcp.name}"`;
      const text = `${later.pool.text} overlaps with ${earlier.pool.text}${where}${where === "" ? "" : "; two users may get one address"}.`;
      say("npppd/pool-overlap", where === "" ? "note" : "warning", text, later.pool.origin);
    }
    if (widest === null || entry.pool.last.w0 > widest.pool.last.w0) widest = entry;
  }
  for (const iface of settings.interfaces) {
    if (iface.ipcp.dynamicPool.includes(iface.address)) {
      const text = `${iface.address} is the interface's own address and in the pool "${iface.ipcp.name}" as well; npppd passes over it there.`;
      say("npppd/pool-has-interface", "note", text, iface.origin);
    }
  }
}

/** Blocks that nothing refers to. */
function checkUse(settings: NpppdSettings, { source, accepted }: NpppdConfiguration, say: Say): void {
  if (!accepted) return;
  const { tunnels, authentications, interfaces, ipcps, binds } = settings;
  if (binds.length === 0) {
    const span = { start: 0, end: Math.min(source.text.length, 1) };
    const text = "No `bind` ties a tunnel to an authentication and an interface, so nobody can connect.";
    if (tunnels.length > 0) say("npppd/nothing-bound", "warning", text, tunnels[0]?.nameOrigin ?? { source, span });
    return;
  }
  const unused = (what: string, name: string, origin: Origin): void =>
    say("npppd/unused", "note", `No \`bind\` uses ${what} "${name}".`, origin);
  const bound = new Set<unknown>(binds.flatMap((bind) => [bind.tunnel, bind.authentication, bind.interface]));
  for (const entry of tunnels) if (!bound.has(entry)) unused("tunnel", entry.name, entry.nameOrigin);
  for (const entry of authentications) if (!bound.has(entry)) unused("authentication", entry.name, entry.nameOrigin);
  for (const entry of interfaces) if (!bound.has(entry)) unused("interface", entry.name, entry.nameOrigin);
  for (const entry of ipcps) {
    if (!interfaces.some((iface) => iface.ipcp === entry)) {
      say("npppd/unused", "note", `No interface uses ipcp "${entry.name}".`, entry.nameOrigin);
    } else if (entry.pools.length === 0 && !entry.allowUserSelectedAddress) {
      const text = `ipcp "${entry.name}" has no pool; only users with a framed-ip-address get one. Add \`pool-address\`.`;
      say("npppd/no-pool", "warning", text, entry.nameOrigin);
    }
  }
}

/**
 * Checks a users file, by itself and against the pools its users get their addresses from.
 *
 * @param settings of the npppd.conf that names the file; null when there is none
 */
export function checkNpppdUsers(file: NpppdUsers, settings: NpppdSettings | null): readonly Diagnostic[] {
  const findings: Diagnostic[] = checkEncoding(file.source);
  const say = (code: string, severity: Severity, message: string, span: Span): void => {
    findings.push(diagnostic(code, severity, message, file.source, span));
  };
  const framed = new Map<string, NpppdUser>();
  for (const user of file.users) {
    const name = user.names[0]?.name ?? "";
    if (user.password !== null && user.passwordSpan !== null) {
      const weakness = weaknessOf(user.password, SHORT_PASSWORD);
      if (weakness !== null) {
        const text = `The password of ${name} is ${weakness}; anyone on the internet can try it. Use a longer, random one.`;
        say("npppd/user-password-weak", "warning", text, user.passwordSpan);
      }
    }
    if (user.framedAddress === null) continue;
    const { address, span } = user.framedAddress;
    const before = framed.get(`${address}`);
    if (before !== undefined) {
      const text = `${address} is the address of ${before.names[0]?.name} as well; the second one to log in is refused it.`;
      say("npppd/framed-twice", "warning", text, span);
    } else framed.set(`${address}`, user);
    if (settings !== null) checkFramed(address, settings, file.source, span, findings);
  }
  return findings;
}

function checkFramed(
  address: Address,
  settings: NpppdSettings,
  source: Source,
  span: Span,
  findings: Diagnostic[],
): void {
  const own = settings.interfaces.find((iface) => iface.address.equals(address));
  if (own !== undefined) {
    const text = `${address} is the address of ${own.name} itself, so the user gets one of the pool instead; choose another.`;
    findings.push(diagnostic("npppd/framed-is-interface", "warning", text, source, span));
    return;
  }
  const pools = settings.ipcps.map((ipcp) => ipcp.staticPool);
  if (pools.length === 0 || pools.some((pool) => pool.includes(address))) return;
  const text = `${address} is in no pool of npppd.conf, so the user gets one of the pool instead; add \`pool-address ${address} for static\`.`;
  findings.push(diagnostic("npppd/framed-outside-pool", "warning", text, source, span));
}
