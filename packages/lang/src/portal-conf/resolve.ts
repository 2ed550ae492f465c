/** What a file leaves out, filled in; quantities as numbers. */
import { parsePrefix, Secret } from "@pierhead/core";
import type { GardenEntry, PortalConfig, RadiusConfig } from "./config.ts";
import type { PortalFile } from "./file.ts";
import { parseGarden } from "./garden.ts";
import { parseDuration, parseRate, parseVolume } from "./quantities.ts";

/** Gives the secret a reference names; what cannot be had is said elsewhere. */
export type SecretSource = (reference: string) => string | null;

export function resolvePortal(
  file: PortalFile,
  secretOf: SecretSource,
  hostName: string,
): Omit<PortalConfig, "places"> {
  const { guests, uplink, portal, look, admin } = file;
  const gateway = file.gateway ?? file.radius?.nasIdentifier ?? hostName;
  const own = guests.addresses.map((text) => parsePrefix(text)?.address.toString() ?? text);
  return {
    gateway,
    guests: { interface: guests.interface, addresses: guests.addresses, isolate: guests.isolate ?? true },
    uplink: { interface: uplink.interface, nat: uplink.nat ?? true },
    firewall: file.firewall,
    resolvers: file.resolvers ?? own,
    garden: (file.garden ?? []).map(parseGarden).filter((entry): entry is GardenEntry => typeof entry !== "string"),
    portal: {
      name: portal?.name?.toLowerCase() ?? null,
      httpPort: portal?.httpPort ?? 80,
      httpsPort: portal?.httpsPort ?? 443,
      certificate: certificateOf(portal),
      landing: portal?.landing ?? null,
      venue: portal?.venue ?? null,
      uam:
        portal?.uam === undefined
          ? null
          : {
              server: portal.uam.server,
              secret: portal.uam.secret === undefined ? null : secret(portal.uam.secret, secretOf),
              port: portal.uam.port ?? 3990,
              challenge: portal.uam.challenge ?? true,
              homepage: portal.uam.homepage ?? null,
              ssid: portal.uam.ssid ?? null,
              vlan: portal.uam.vlan ?? null,
            },
    },
    look: {
      title: look?.title ?? gateway,
      text: look?.text ?? "",
      logo: look?.logo ?? null,
      accent: look?.accent ?? "#0b6e4f",
      terms: look?.terms ?? null,
      language: look?.language ?? "en",
    },
    signIn: file.signIn,
    click: { pause: file.click?.pause === "tomorrow" ? "tomorrow" : seconds(file.click?.pause) },
    limits: {
      session: seconds(file.limits?.session),
      idle: seconds(file.limits?.idle),
      octetsInput: octets(file.limits?.octetsInput),
      octetsOutput: octets(file.limits?.octetsOutput),
      octetsTotal: octets(file.limits?.octetsTotal),
      rateUp: bits(file.limits?.rateUp),
      rateDown: bits(file.limits?.rateDown),
    },
    radius: file.radius === undefined ? null : radiusOf(file.radius, secretOf, gateway),
    store: storeOf(file, secretOf),
    admin:
      admin === undefined
        ? null
        : {
            listen: admin.listen ?? "127.0.0.1",
            port: admin.port ?? 8444,
            certificate: admin.certificate ?? null,
            fromGuests: admin.fromGuests ?? false,
          },
    socket: file.socket ?? usualSocket(file.firewall),
    gone: seconds(file.gone),
    keep: seconds(file.keep),
    tick: seconds(file.tick) ?? 10,
  };
}

/** On Linux a folder of the portal's own: what systemd gives one service, it takes away from another one. */
export function usualSocket(firewall: PortalConfig["firewall"]): string {
  return firewall === "pf" ? "/var/run/pierhead/portal.sock" : "/run/pierhead-portal/portal.sock";
}

function certificateOf(portal: PortalFile["portal"]): PortalConfig["portal"]["certificate"] {
  const given = portal?.certificate;
  if (given === undefined) return null;
  if ("acme" in given) return { kind: "acme", directory: given.acme, email: given.email, folder: given.folder };
  return { kind: "files", chain: given.chain, key: given.key };
}

function radiusOf(file: NonNullable<PortalFile["radius"]>, secretOf: SecretSource, gateway: string): RadiusConfig {
  const { location, dynamic } = file;
  return {
    servers: file.servers.map((server) => ({
      host: server.host,
      authenticationPort: server.authenticationPort ?? 1812,
      accountingPort: server.accountingPort ?? 1813,
      // RFC 6614, 2.3: over TLS the shared secret is "radsec".
      secret: server.secret === undefined ? new Secret("radsec") : secret(server.secret, secretOf),
      tls: server.tls === undefined ? null : { ...server.tls, port: server.tls.port ?? 2083 },
    })),
    timeout: seconds(file.timeout) ?? 3,
    attempts: file.attempts ?? 3,
    deadTime: seconds(file.deadTime) ?? 60,
    nasIdentifier: file.nasIdentifier ?? gateway,
    nasAddress: file.nasAddress ?? null,
    calledStation: file.calledStation ?? null,
    location: location === undefined ? null : { id: location.id ?? null, name: location.name ?? null },
    protocol: file.protocol ?? "pap",
    swapOctets: file.swapOctets ?? false,
    interim: seconds(file.interim),
    macPassword: file.macPassword === undefined ? null : secret(file.macPassword, secretOf),
    macSuffix: file.macSuffix ?? null,
    nasPortType: file.nasPortType ?? 19,
    dynamic:
      dynamic === undefined
        ? null
        : {
            port: dynamic.port ?? 3799,
            clients: dynamic.clients.map((client) => ({
              address: client.address,
              secret: secret(client.secret, secretOf),
            })),
          },
  };
}

function storeOf(file: PortalFile, secretOf: SecretSource): Secret {
  const folder = file.firewall === "pf" ? "/var/db/pierhead" : "/var/lib/pierhead";
  const given = file.store ?? `sqlite:${folder}/portal.db`;
  return /^(?:env|file):/.test(given) ? secret(given, secretOf) : new Secret(given);
}

function secret(reference: string, secretOf: SecretSource): Secret {
  return new Secret(secretOf(reference) ?? "");
}

function seconds(given: string | number | undefined): number | null {
  return given === undefined ? null : parseDuration(given);
}

function octets(given: string | number | undefined): number | null {
  return given === undefined ? null : parseVolume(given);
}

function bits(given: string | number | undefined): number | null {
  return given === undefined ? null : parseRate(given);
}
