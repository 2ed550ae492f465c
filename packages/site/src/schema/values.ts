/** The texts inside a site file: what an address, a port, a name look like. Each says what is wanted when it is not that. */
import { KNOWN_SYSTEMS, parseAddress, parsePrefix, parseSystem } from "@pierhead/core";
import * as z from "zod";

const text = (test: (value: string) => boolean, message: string, description: string): z.ZodString =>
  z.string({ error: message }).refine(test, { error: message }).meta({ description });

/** Becomes a folder, a host name and part of file names. */
export const name: z.ZodString = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, { error: "a name is lower-case letters, digits and `-`, and starts with a letter" });

/** Becomes a macro of pf.conf and a word of ifstated.conf: no hyphen. */
export const word: z.ZodString = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,14}$/, { error: "this name is lower-case letters, digits and `_`, at most 15" });

export const system: z.ZodString = text(
  (value) => parseSystem(value) !== null,
  `not a system we know; systems are written like ${KNOWN_SYSTEMS.join(", ")}`,
  "Operating system and release, like openbsd-7.8, freebsd-14.3, netbsd-10.1 or linux",
);

export const interfaceName: z.ZodString = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,14}$/, { error: "an interface is letters and digits: `em0`" })
  .meta({ description: "Network interface, like em0" });

export const address4: z.ZodString = text(
  (value) => parseAddress(value)?.family === 4,
  "an IPv4 address is wanted, like 192.0.2.1",
  "IPv4 address",
);

export const address6: z.ZodString = text(
  (value) => parseAddress(value)?.family === 6,
  "an IPv6 address is wanted, like 2001:db8::1",
  "IPv6 address",
);

export const address: z.ZodString = text(
  (value) => parseAddress(value) !== null,
  "an address is wanted, like 192.0.2.1",
  "IPv4 or IPv6 address",
);

/** With a length: an interface's address without one is a mistake more often than a host route. */
export const interfaceAddress: z.ZodString = text(
  (value) => value.includes("/") && parsePrefix(value) !== null,
  "an address with its length is wanted, like 192.0.2.10/24",
  "Address with the length of its network, like 192.0.2.10/24",
);

export const interfaceAddress4: z.ZodString = text(
  (value) => value.includes("/") && parsePrefix(value)?.address.family === 4,
  "an IPv4 address with its length is wanted, like 192.0.2.10/24",
  "IPv4 address with the length of its network",
);

export const interfaceAddress6: z.ZodString = text(
  (value) => value.includes("/") && parsePrefix(value)?.address.family === 6,
  "an IPv6 address with its length is wanted, like 2001:db8::2/64",
  "IPv6 address with the length of its network",
);

/** The address of a guest may stand alone. */
export const guestAddress: z.ZodString = text(
  (value) => parsePrefix(value)?.address.family === 4,
  "an IPv4 address is wanted, like 198.51.100.10",
  "IPv4 address of the guest; without a length it stands alone (/32)",
);

export const network: z.ZodString = text(
  (value) => parsePrefix(value) !== null,
  "a network is wanted, like 192.0.2.0/24",
  "Network or address",
);

export const network6: z.ZodString = text(
  (value) => value.includes("/") && isNetwork6(value),
  "an IPv6 network is wanted, like 2001:db8:1000::/48",
  "IPv6 network",
);

function isNetwork6(value: string): boolean {
  const prefix = parsePrefix(value);
  return prefix !== null && prefix.address.family === 6 && prefix.address.equals(prefix.address.masked(prefix.length));
}

export const mac: z.ZodString = z
  .string()
  .regex(/^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$/, { error: "a MAC address is wanted, like 00:50:56:00:01:aa" })
  .meta({ description: "MAC address of the virtual card, as the provider's console shows it" });

export const duid: z.ZodString = z
  .string()
  .regex(/^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){2,129}$/, { error: "a DUID is octets like 00:03:00:01:00:50:56:00:01:aa" })
  .meta({ description: "DHCPv6 DUID, as the provider's console shows it" });

export const secret: z.ZodString = z
  .string()
  .regex(/^(?:env:[A-Za-z_]\w*|file:\S+)$/, {
    error: "a secret is named, not written: `env:NAME` or `file:path`",
  })
  .meta({ description: "Where the secret is kept: env:NAME or file:path" });

/** Goes into comments and heads of files: one line. */
export const title: z.ZodString = text(
  (value) => value.length > 0 && value.length <= 60 && !/\p{C}/u.test(value),
  "one line of at most 60 characters is wanted",
  "One line of at most 60 characters",
);

/** Goes between quotes of shells and of ifconfig(8): nothing that would end them. */
export const description: z.ZodString = text(
  (value) => value.length <= 60 && !/[\p{C}"'`\\$#!]/u.test(value),
  "one line of at most 60 characters without quotes, `$`, `#`, `!` and `\\` is wanted",
  "One line of at most 60 characters without quotes, $, #, ! and backslash",
);

export const port: z.ZodUnion<readonly [z.ZodString, z.ZodNumber]> = z
  .union([
    z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, { error: "a service name like https, or a number" }),
    z.number().int().min(1).max(65535),
  ])
  .meta({ description: "Port number or service name" });

export const mtu: z.ZodNumber = z
  .number()
  .int()
  .min(576)
  .max(65535)
  .meta({ description: "Octets of the largest packet" });
