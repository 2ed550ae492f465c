/** Whether a VPN can be what it is said to be. */
import { formatPrefix, isAtLeast, type Prefix } from "@pierhead/core";
import { weaknessOfTransform } from "@pierhead/engine/vpn";
import { CLIENTS, preferred } from "../clients/index.ts";
import type { HostDescription } from "../schema/index.ts";
import type { CheckContext } from "./check-context.ts";
import type { Host } from "./site.ts";
import type { VpnService } from "./vpn.ts";

export function checkVpn(host: Host, description: HostDescription, context: CheckContext): void {
  for (const service of host.vpn) {
    checkSystem(host, service, context);
    checkNames(host, service, description, context);
    checkPool(host, service, context);
    checkUsers(service, context);
    checkAuthentication(service, description, context);
    checkClients(service, context);
  }
  const [first, second] = host.vpn;
  // strongSwan speaks both versions on the same ports.
  if (first !== undefined && second !== undefined && host.system.family !== "freebsd") {
    const message =
      "isakmpd, which L2TP/IPsec needs, and iked both want UDP 500 and 4500 of the machine: offer one of the two, or put them on two hosts.";
    context.say("site/vpn-both", "error", message, second.path, first.path);
  }
}

function checkSystem(host: Host, service: VpnService, context: CheckContext): void {
  const { system } = host;
  const path = [...host.path, "system"];
  if (system.family === "freebsd") {
    // ESP in UDP needs no patch of the kernel from 11.1 on; ports end with releases, and 12 is the oldest that is looked at.
    if (isAtLeast(system, "freebsd", 12)) return;
    context.say("site/not-built", "error", "A VPN head-end is built from FreeBSD 12 on.", service.path, path);
  } else if (system.family !== "openbsd") {
    const message = `A VPN head-end is built for OpenBSD and FreeBSD; ${system.name} has neither isakmpd and npppd nor iked.`;
    context.say("site/not-built", "error", message, service.path, path);
  } else if (service.protocol === "ikev2" && !isAtLeast(system, "openbsd", 7)) {
    // `to dynamic`, which ties a flow to the address a client was given, came with 7.0.
    context.say("site/not-built", "error", "IKEv2 for road warriors is built from OpenBSD 7.0 on.", service.path, path);
  } else if (!isAtLeast(system, "openbsd", 5, 5)) {
    context.say("site/not-built", "error", "A VPN head-end is built from OpenBSD 5.5 on.", service.path, path);
  }
}

function checkNames(host: Host, service: VpnService, description: HostDescription, context: CheckContext): void {
  const written = description.vpn?.[service.protocol];
  if (service.uplink === null) {
    const have = host.uplinks.map((one) => one.name).join(", ");
    const message =
      written?.uplink === undefined
        ? `${host.name} has no line that clients could come by.`
        : `${host.name} has no line called ${written.uplink}${have === "" ? "" : `; it has ${have}`}.`;
    const path = written?.uplink === undefined ? service.path : [...service.path, "uplink"];
    context.say("site/unknown-reference", "error", message, path);
  }
  for (const [index, name] of (written?.reach ?? []).entries()) {
    if (name === "internet" || host.lans.some((lan) => lan.name === name)) continue;
    const have = [...host.lans.map((lan) => lan.name), "internet"].join(", ");
    const message = `Clients cannot reach ${name}: there is ${have}.`;
    context.say("site/unknown-reference", "error", message, [...service.path, "reach", index]);
  }
}

function checkPool(host: Host, service: VpnService, context: CheckContext): void {
  const { pool } = service;
  const path = [...service.path, "pool"];
  if (pool.address.family !== 4 || pool.length < 16 || pool.length > 29) {
    const message = `The pool is an IPv4 network of 8 to 65,536 addresses, not ${formatPrefix(pool)}.`;
    context.say("site/vpn-pool", "error", message, path);
    return;
  }
  for (const line of host.uplinks) {
    if (line.address !== null) noOverlap(pool, line.address, [...line.path, "address"]);
  }
  for (const lan of host.lans) {
    lan.addresses.forEach((prefix, index) => {
      noOverlap(pool, prefix, [...lan.path, "addresses", index]);
    });
  }
  function noOverlap(a: Prefix, b: Prefix, other: readonly (string | number)[]): void {
    if (a.address.family !== b.address.family) return;
    const length = Math.min(a.length, b.length);
    if (!a.address.masked(length).equals(b.address.masked(length))) return;
    const shown = formatPrefix({ address: b.address.masked(b.length), length: b.length });
    const message = `The clients' ${formatPrefix(a)} and ${shown} overlap: give clients a network that is used nowhere else.`;
    context.say("site/overlapping-networks", "error", message, path, other);
  }
}

function checkUsers(service: VpnService, context: CheckContext): void {
  const { users, radius, pool, gateway, path, protocol } = service;
  if (users.length > 0 && radius !== null) {
    const message = "Users are either listed here or known to the RADIUS server; keep one of `users` and `radius`.";
    context.say("site/vpn-users", "error", message, radius.path, [...path, "users"]);
  } else if (users.length === 0 && radius === null) {
    const message = "Nobody can log in: write `users`, or name a `radius` server that knows them.";
    context.say("site/vpn-users", "error", message, path);
  }
  const taken = new Map<string, readonly (string | number)[]>();
  for (const user of users) {
    if (user.address === null) continue;
    const at = [...user.path, "address"];
    if (protocol === "ikev2") {
      const message = "With IKEv2 addresses come out of the pool only; leave this one out.";
      context.say("site/vpn-address", "error", message, at);
      continue;
    }
    if (!user.address.isIn(pool.address, pool.length)) {
      const message = `${user.address} is outside the pool ${formatPrefix(pool)}, where nobody looks for clients.`;
      context.say("site/vpn-address", "error", message, at, [...path, "pool"]);
    } else if (
      [gateway, pool.address, pool.address.filled(pool.length)].some((one) => one.equals(user.address as never))
    ) {
      const message = `${user.address} is the network's, the head-end's or the broadcast address, not one of a client.`;
      context.say("site/vpn-address", "error", message, at);
    }
    const before = taken.get(`${user.address}`);
    if (before !== undefined) {
      context.say("site/same-address", "error", `Two users have ${user.address}.`, at, before);
    } else taken.set(`${user.address}`, at);
  }
}

/** Every user has the one thing that lets users in. */
function checkAuthentication(service: VpnService, description: HostDescription, context: CheckContext): void {
  const { users, radius, path, certificates } = service;
  if (certificates && radius !== null) {
    const message =
      "With `auth: certificate` the certificates decide, and no RADIUS server is asked: keep one of the two.";
    context.say("site/vpn-users", "error", message, radius.path, [...path, "auth"]);
  }
  for (const user of users) {
    const written = description.vpn?.[service.protocol]?.users?.[user.name]?.password;
    if (certificates && written !== undefined) {
      const message = `${user.name} logs in with a certificate: this password is not used, leave it out.`;
      context.say("site/vpn-users", "warning", message, [...user.path, "password"], [...path, "auth"]);
    } else if (!certificates && written === undefined) {
      context.say("site/vpn-users", "error", `${user.name} has no password: write \`password: env:NAME\`.`, user.path);
    }
  }
}

/** Platforms that cannot be let in, and those whose proposals cost strength. */
function checkClients(service: VpnService, context: CheckContext): void {
  service.clients.forEach((name, index) => {
    const platform = CLIENTS.find((one) => one.name === name);
    if (platform === undefined) return;
    const client = service.protocol === "ikev2" ? platform.ikev2 : platform.l2tp;
    const path = [...service.path, "clients", index];
    if ("missing" in client) {
      const message = `${platform.title} cannot be promised: ${client.note}.`;
      context.say("site/vpn-client", client.missing === "unknown" ? "warning" : "error", message, path);
      return;
    }
    const offer = "phase1" in client ? preferred(client.phase1) : undefined;
    const cost = offer === undefined ? "" : weaknessOfTransform(offer);
    if (cost !== "")
      context.say("site/vpn-client", "warning", `Letting ${platform.title} in costs strength: ${cost}.`, path);
  });
}

/** Secrets of a VPN with where they are named. */
export function vpnSecrets(host: Host): { readonly reference: string; readonly path: readonly (string | number)[] }[] {
  return host.vpn.flatMap(({ path, psk, users, radius }) => [
    ...(psk === null ? [] : [{ reference: psk, path: [...path, "psk"] }]),
    ...users.flatMap(({ password, path: at }) =>
      password === null ? [] : [{ reference: password, path: [...at, "password"] }],
    ),
    ...(radius === null ? [] : [{ reference: radius.secret, path: [...radius.path, "secret"] }]),
  ]);
}
