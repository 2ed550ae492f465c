/** The site file's schema: what is checked key by key, and what editors get as JSON Schema. */
import * as z from "zod";
import type { SiteDescription } from "./description.ts";
import { hotspotSchema } from "./hotspot.ts";
import * as value from "./values.ts";
import { vpnSchema } from "./vpn.ts";

const inet6 = z
  .strictObject({
    method: z
      .enum(["static", "slaac", "dhcpv6-pd"])
      .optional()
      .describe("static: as written here; slaac: as routers announce; dhcpv6-pd: a prefix is delegated"),
    address: value.interfaceAddress6.optional(),
    gateway: value.address6.optional(),
    duid: value.duid.optional(),
    prefix: value.network6.optional().describe("Network that is delegated, where it is always the same one"),
    lans: z
      .record(value.word, z.number().int().min(0).max(65535))
      .optional()
      .describe("LANs that get a /64 of what is delegated, with the number of each"),
  })
  .describe("IPv6 on this card");

const uplink = z
  .strictObject({
    interface: value.interfaceName,
    address: value.interfaceAddress4.optional(),
    gateway: value.address4.optional(),
    gatewayMac: value.mac.optional().describe("MAC of the gateway: nobody else on the wire can then claim to be it"),
    dhcp: z.boolean().optional().describe("The provider's DHCP server gives address and gateway"),
    description: value.description.optional(),
    weight: z
      .number()
      .int()
      .min(0)
      .max(100)
      .optional()
      .describe("Share of new connections against the other lines; 0 keeps the line in reserve"),
    probe: value.address4.optional().describe("Address that is pinged to know whether the line works"),
    mtu: value.mtu.optional(),
    inet6: inet6.optional(),
  })
  .describe("One internet line");

const lan = z
  .strictObject({
    interface: value.interfaceName,
    addresses: z.array(value.interfaceAddress).min(1),
    description: value.description.optional(),
  })
  .describe("A network of the site's own");

const protocol = z.enum(["tcp", "udp"]).optional();

const service = z
  .strictObject({
    protocol,
    port: value.port,
    uplinks: z.array(value.word).min(1).optional(),
    from: z.array(value.network).min(1).optional(),
  })
  .describe("Something the host itself offers to the outside");

const guestTunnel = {
  interface: value.interfaceName,
  remote: value.address4.describe("IPv4 address of the far end"),
  address: value.interfaceAddress6,
  peer: value.address6.describe("The far end's address inside"),
  prefix: value.network6.optional().describe("Network that the far end routes to this one, for the LANs"),
  mtu: z.number().int().min(1280).max(1480).optional(),
  default: z.boolean().optional().describe("The IPv6 default route goes through it"),
};

const tunnel = z.strictObject({ ...guestTunnel, uplink: value.word }).describe("IPv6 through IPv4 (RFC 4213)");

const provider = z
  .enum(["online-net", "ovh", "hetzner", "generic"])
  .optional()
  .describe("Whose network it is: decides which gateways and MAC addresses are right");

const network = z.enum(["systemd-networkd", "ifupdown"]).optional().describe("Linux: which files are written");

const dns = z.array(value.address).min(1).max(3).optional().describe("Name servers");

const host = z
  .strictObject({
    system: value.system,
    provider,
    uplinks: z.record(value.word, uplink).optional(),
    lans: z.record(value.word, lan).optional(),
    balance: z
      .strictObject({
        preferred: value.word.optional().describe("Line of the host's own connections while all lines work"),
        pin: z
          .array(z.strictObject({ uplink: value.word, protocol, ports: z.array(value.port).min(1) }))
          .optional()
          .describe("Connections that always take one line while it works"),
      })
      .optional(),
    failover: z
      .strictObject({
        every: z.number().int().min(1).max(3600).optional().describe("Seconds between two looks at a line"),
        timeout: z.number().int().min(1).max(60).optional().describe("Seconds a ping may take"),
      })
      .optional(),
    services: z.record(value.name, service).optional(),
    tunnels: z.record(value.word, tunnel).optional(),
    hypervisor: z
      .strictObject({
        kind: z.enum(["bhyve", "vm-bhyve", "vmd", "qemu-nvmm", "libvirt"]),
        bridge: value.interfaceName,
        interface: value.interfaceName.optional(),
        disks: z
          .string()
          .regex(/^\/[\w./-]*$/, { error: "a folder of the host, like /vm" })
          .optional(),
      })
      .optional(),
    network,
    dns,
    vpn: vpnSchema.optional(),
    hotspot: hotspotSchema.optional(),
    secrets: z
      .record(z.string().regex(/^\/[\w./-]+$/, { error: "a path on the host, like /etc/tunnel.key" }), value.secret)
      .optional()
      .describe("Files that hold a secret: path on the host, and where the secret is kept"),
    scenarios: z.array(z.string()).optional(),
    policies: z.array(z.string()).optional(),
  })
  .describe("One machine with files of its own");

const guest = z
  .strictObject({
    on: value.name.describe("Host it runs on"),
    system: value.system,
    interface: value.interfaceName,
    address: value.guestAddress,
    mac: value.mac,
    gateway: value.address4.optional(),
    gatewayMac: value.mac.optional().describe("MAC of the gateway; the host's when the gateway is the host's"),
    inet6: inet6.optional(),
    network,
    dns,
    provider,
    services: z.record(value.name, service).optional(),
    tunnels: z.record(value.word, z.strictObject(guestTunnel)).optional(),
    cpus: z.number().int().min(1).max(256).optional(),
    memory: z.number().int().min(64).max(4_194_304).optional().describe("Megabytes"),
    disk: z.number().int().min(1).max(65_536).optional().describe("Gigabytes"),
    after: z.array(value.name).optional().describe("Guests that are started before this one"),
  })
  .describe("A machine inside a host, with an address of its own");

export const siteSchema: z.ZodType<SiteDescription> = z
  .strictObject({
    site: value.title.describe("Name of the site"),
    hosts: z.record(value.name, host),
    guests: z.record(value.name, guest).optional(),
  })
  .describe("A site: its hosts and the guests on them");

/** The schema for editors: draft 7, which the YAML language server reads. */
export function siteJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(siteSchema, { target: "draft-7", unrepresentable: "any" });
  return { $schema, title: "Pierhead site", ...rest };
}

/** A site written in TypeScript: the same shape, checked by the compiler; {@link readSite} takes what it gives. */
export function defineSite(site: SiteDescription): SiteDescription {
  return site;
}
