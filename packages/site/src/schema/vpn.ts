/** The `vpn` section of a host: a head-end for road warriors. */
import * as z from "zod";
import { CLIENTS } from "../clients/index.ts";
import * as value from "./values.ts";

/** A user of the VPN. */
export interface VpnUserDescription {
  /** `env:NAME` or `file:path`; users with a certificate have none. */
  password?: string | undefined;
  /** Always the same address; out of the pool when absent. */
  address?: string | undefined;
}

interface VpnServiceDescription {
  /** Line clients come by; the preferred one when absent. */
  uplink?: string | undefined;
  /** Network the clients get their addresses of; the first one is the head-end's own. */
  pool: string;
  /** Name servers for the clients. */
  dns?: string[] | undefined;
  /** LANs the clients reach, and `internet`; all of it when absent. */
  reach?: string[] | undefined;
  /** Platforms that must get in: `android-11`, `windows-11`; see `pierhead vpn compat`. */
  clients?: string[] | undefined;
  users?: Record<string, VpnUserDescription> | undefined;
  /** A RADIUS server that knows the users, in place of `users`. */
  radius?: { server: string; secret: string; port?: number | undefined } | undefined;
}

export interface L2tpDescription extends VpnServiceDescription {
  /** Key all clients share: `env:NAME` or `file:path`. */
  psk: string;
}

export interface Ikev2Description extends VpnServiceDescription {
  /** Name in the head-end's certificate, which clients connect to. */
  name: string;
  /** How users show who they are; by password when absent. */
  auth?: "password" | "certificate" | undefined;
}

export interface VpnDescription {
  "l2tp-ipsec"?: L2tpDescription | undefined;
  ikev2?: Ikev2Description | undefined;
}

const user = z.strictObject({
  password: value.secret.optional().describe("Left out where users have certificates"),
  address: value.address4.optional().describe("Always the same address; out of the pool when absent"),
});

const userName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/, { error: "a user name is letters, digits and `. _ @ -`" });

const service = {
  uplink: value.word.optional().describe("Line clients come by; the preferred one when absent"),
  pool: value.network.describe("Network of the clients' addresses; the first one is the head-end's own"),
  dns: z.array(value.address4).min(1).max(2).optional(),
  reach: z.array(value.word).min(1).optional().describe("LANs the clients reach, and `internet`"),
  clients: z
    .array(z.enum(CLIENTS.map((one) => one.name)))
    .optional()
    .describe("Platforms that must get in, though it may cost strength"),
  users: z.record(userName, user).optional(),
  radius: z
    .strictObject({ server: value.address4, secret: value.secret, port: z.number().int().min(1).max(65535).optional() })
    .optional(),
};

const hostName = z
  .string()
  .regex(/^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/, {
    error: "a host name is wanted, like vpn.example.org",
  });

export const vpnSchema: z.ZodType<VpnDescription> = z
  .strictObject({
    "l2tp-ipsec": z
      .strictObject({ psk: value.secret, ...service })
      .optional()
      .describe("L2TP in IPsec (RFC 3193): what every phone and laptop of before 2022 has"),
    ikev2: z
      .strictObject({
        name: hostName.describe("Name in the certificate of the head-end"),
        auth: z
          .enum(["password", "certificate"])
          .optional()
          .describe("How users show who they are: EAP-MSCHAPv2, or certificates of the same authority"),
        ...service,
      })
      .optional()
      .describe("IKEv2 (RFC 7296): for platforms that have dropped L2TP"),
  })
  .describe("Road warriors' VPN");
