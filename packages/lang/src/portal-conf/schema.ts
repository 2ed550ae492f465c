/** The shape of portal.yaml, with what each option means: the documentation in an editor, and the first check of a file. */
import { parseAddress, parsePrefix } from "@pierhead/core";
import * as z from "zod";
import type { PortalFile, PortalOptions } from "./file.ts";
import { parseGarden } from "./garden.ts";
import { parseDuration, parseRate, parseVolume } from "./quantities.ts";
import { webHost } from "./web-address.ts";

const text = (test: (value: string) => boolean, message: string): z.ZodString =>
  z.string({ error: message }).refine(test, { error: message });

/** A quantity in words or as a number; what comes out is what was written. */
function quantity(
  parse: (given: string | number) => number | null,
  least: number,
  message: string,
): z.ZodType<string | number> {
  return z
    .union([z.string(), z.number()])
    .refine((given) => (parse(given) ?? -1) >= least, { error: message }) as unknown as z.ZodType<string | number>;
}

const duration = quantity(parseDuration, 1, "a duration is wanted, like 30m, 4h or 1h30m; a number is seconds");
const pause = quantity(
  (given) => (given === "tomorrow" ? 1 : parseDuration(given)),
  1,
  "a duration is wanted, like 4h, or `tomorrow`",
);
const volume = quantity(parseVolume, 1, "a volume is wanted, like 500MB or 2GiB; a number is octets");
const rate = quantity(
  parseRate,
  8_000,
  "a rate is wanted, like 10Mbit or 512kbit, at least 8kbit; a number is bits per second",
);

const port = z.number().int().min(1).max(65_535);
const interfaceName = text(
  (value) => /^[A-Za-z0-9][\w.-]{0,14}$/.test(value),
  "an interface name is wanted, like eth1 or em0",
).describe("Network interface");
const address = text((value) => parseAddress(value) !== null, "an address is wanted, like 192.0.2.1");
const ownAddress = text((value) => {
  const prefix = value.includes("/") ? parsePrefix(value) : null;
  return prefix !== null && prefix.length >= 8 && !prefix.address.isLoopback() && !prefix.address.isMulticast();
}, "an address with its length is wanted, like 10.99.0.1/24");
const secret = z
  .string()
  .regex(/^(?:env:[A-Za-z_]\w*|file:\S+)$/, { error: "a secret is named, not written: `env:NAME` or `file:path`" })
  .describe("Where the secret is kept: env:NAME or file:path");
const path = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[^\0\r\n]+$/, { error: "a path is wanted" });
const url = text((value) => webHost(value) !== null, "an address of the web is wanted, like https://example.org/");
const hostName = text(
  (value) => /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/i.test(value),
  "a host name is wanted, like login.example.org",
);
const host = text(
  (value) => parseAddress(value) !== null || /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(value),
  "a server's address or name is wanted",
);
const line = text(
  (value) => value.length > 0 && value.length <= 250 && !/\p{Cc}/u.test(value),
  "one line of text is wanted",
);
const mac = text(
  (value) => /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}(:.{1,64})?$/i.test(value),
  "a MAC address is wanted, like 02-00-00-00-00-01, with `:SSID` where wanted",
);
const garden = z.string({ error: "an entry of the walled garden is text" }).superRefine((value, context) => {
  const entry = parseGarden(value);
  if (typeof entry === "string") context.addIssue({ code: "custom", message: entry });
});

const certificate = z.strictObject({
  chain: path.describe("PEM file of the certificate and those between it and the root"),
  key: path.describe("PEM file of the private key"),
});

const limits = z
  .strictObject({
    session: duration.optional().describe("A session ends after this long"),
    idle: duration.optional().describe("A session ends when nothing came from the device for this long"),
    octetsInput: volume.optional().describe("Octets from the device"),
    octetsOutput: volume.optional().describe("Octets to the device"),
    octetsTotal: volume.optional().describe("Octets both ways together"),
    rateUp: rate.optional().describe("Rate from the device"),
    rateDown: rate.optional().describe("Rate to the device"),
  })
  .describe("What a session may use unless RADIUS, a voucher or a local user says otherwise");

const radius = z
  .strictObject({
    servers: z
      .array(
        z.strictObject({
          host,
          authenticationPort: port.optional().describe("UDP port of authentication: 1812"),
          accountingPort: port.optional().describe("UDP port of accounting: 1813"),
          secret: secret.optional().describe("Shared secret: env:NAME or file:path"),
          tls: z
            .strictObject({ port: port.optional().describe("TCP port: 2083"), ca: path, certificate: path, key: path })
            .optional()
            .describe("RADIUS over TLS (RFC 6614)"),
        }),
      )
      .min(1)
      .describe("Servers, the preferred one first"),
    timeout: duration.optional().describe("How long an answer may take: 3"),
    attempts: z.number().int().min(1).max(10).optional().describe("How often one server is asked: 3"),
    deadTime: duration.optional().describe("How long a server that did not answer is left alone: 60"),
    nasIdentifier: line.optional().describe("NAS-Identifier: the gateway's name"),
    nasAddress: address.optional().describe("NAS-IP-Address or NAS-IPv6-Address"),
    calledStation: mac.optional().describe("Called-Station-Id: the access point's MAC, with :SSID where wanted"),
    location: z
      .strictObject({ id: line.optional(), name: line.optional() })
      .optional()
      .describe("WISPr-Location-ID and WISPr-Location-Name"),
    protocol: z.enum(["pap", "chap", "mschapv2"]).optional().describe("How a password travels: pap"),
    swapOctets: z.boolean().optional().describe("Acct-Input-Octets and Acct-Output-Octets the other way round"),
    interim: duration.optional().describe("Time between Interim-Updates; none without it"),
    macPassword: secret.optional().describe("Password of MAC authentication; the user name without it"),
    macSuffix: line.optional().describe("What follows the MAC in the user name of MAC authentication"),
    nasPortType: z
      .number()
      .int()
      .min(0)
      .max(0xffff_ffff)
      .optional()
      .describe("NAS-Port-Type: 19 (Wireless-802.11); 15 is Ethernet"),
    dynamic: z
      .strictObject({
        port: port.optional().describe("UDP port of CoA and Disconnect (RFC 5176): 3799"),
        clients: z.array(z.strictObject({ address, secret })).min(1),
      })
      .optional(),
  })
  .describe("RADIUS servers that know who may come in, and take the accounting");

const portal = z
  .strictObject({
    name: hostName
      .optional()
      .describe("Name in the address bar; guests' resolver must give the gateway's address for it"),
    httpPort: port.optional().describe("TCP port of the page: 80"),
    httpsPort: port.optional().describe("TCP port of the page over HTTPS: 443"),
    certificate: z
      .union([
        certificate,
        z.strictObject({
          acme: url.describe("The authority's directory, like https://acme-v02.api.letsencrypt.org/directory"),
          email: z.email({ error: "an e-mail address is wanted" }),
          folder: path.describe("Where key and certificate are kept"),
        }),
      ])
      .optional()
      .describe("The certificate of `name`: `chain` and `key`, or `acme`, `email` and `folder`"),
    landing: url.optional().describe("Where people go after they came in; without it: where they wanted to go"),
    venue: url.optional().describe("A page about the place (RFC 8908)"),
    uam: z
      .strictObject({
        server: url,
        secret: secret.optional(),
        port: port.optional().describe("TCP port: 3990"),
        challenge: z
          .boolean()
          .optional()
          .describe("Pages answer a challenge: true; false takes the password as it was typed (nochallenge)"),
        homepage: url.optional().describe("Shown first; gets the login page's address as `loginurl` (uamhomepage)"),
        ssid: line.optional().describe("Told to the page as `ssid`"),
        vlan: line.optional().describe("Told to the page as `vlan`"),
      })
      .optional()
      .describe("Another server's login page, as CoovaChilli has it (uamserver, uamsecret, uamport)"),
  })
  .describe("The page that asks");

const look = z
  .strictObject({
    title: line.optional(),
    text: z.string().max(2_000).optional().describe("A few words above the form"),
    logo: path.optional().describe("A picture: SVG, PNG, JPEG or WebP"),
    accent: z
      .string()
      .regex(/^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i, { error: "a colour is wanted, like #0a6 or #00aa66" })
      .optional(),
    terms: z.string().max(100_000).optional().describe("Terms people agree to"),
    language: z
      .string()
      .regex(/^[a-z]{2,3}(?:-[A-Za-z]{2,4})?$/, { error: "a language is wanted, like en or de" })
      .optional()
      .describe("Language where a browser names none that we have: en"),
  })
  .describe("How the page looks");

/** What a portal is told besides where it stands: the same keys in the `hotspot` section of a site. */
export const portalOptions: { readonly [K in keyof PortalOptions]-?: z.ZodType<PortalOptions[K]> } = {
  gateway: line.optional().describe("Name of this gateway among those that share a store: NAS-Identifier without it"),
  garden: z.array(garden).max(1_000).optional().describe("What people reach before they came in"),
  portal: portal.optional(),
  look: look.optional(),
  signIn: z
    .array(z.enum(["click", "voucher", "password", "mac", "email"]))
    .min(1)
    .describe("How people may come in, in the order the page offers them"),
  click: z
    .strictObject({
      pause: pause
        .optional()
        .describe("How long a device waits, after the time of its click is over, for the next: 4h, or `tomorrow`"),
    })
    .optional()
    .describe("Coming in with a click"),
  limits: limits.optional(),
  radius: radius.optional(),
  store: text(
    (value) => /^(?:env:[A-Za-z_]\w*|file:\S+|sqlite:\S.*|postgres(?:ql)?:\/\/\S+)$/.test(value),
    "a store is sqlite:/path/to/portal.db, postgresql://…, or where that is kept: env:NAME, file:path",
  )
    .optional()
    .describe("sqlite:PATH, postgresql://…, env:NAME or file:path"),
  admin: z
    .strictObject({
      listen: address.optional().describe("Address it listens at: 127.0.0.1"),
      port: port.optional().describe("TCP port: 8444"),
      certificate: certificate.optional(),
      fromGuests: z.boolean().optional().describe("Signed-in guests reach it too: false"),
    })
    .optional()
    .describe("The page for operators"),
  socket: path.optional().describe("Socket of `pierhead portal status` and its kin"),
  gone: duration
    .optional()
    .describe(
      "A session ends when its device is gone this long: it sends nothing, and answers nobody who asks for it. Without it a session waits for its device",
    ),
  keep: duration
    .optional()
    .describe("How long closed sessions are kept, like 180d; then who it was is forgotten. For ever without it"),
  tick: duration.optional().describe("Time between two looks at the counters: 10"),
};

const { gateway, ...options } = portalOptions;

export const portalSchema: z.ZodType<PortalFile> = z
  .strictObject({
    gateway,
    guests: z.strictObject({
      interface: interfaceName,
      addresses: z.array(ownAddress).min(1).max(16).describe("The gateway's own addresses there, with their lengths"),
      isolate: z.boolean().optional().describe("Guests may not talk to each other through the gateway: true"),
    }),
    uplink: z.strictObject({
      interface: interfaceName,
      nat: z.boolean().optional().describe("Guests' IPv4 addresses are hidden behind the gateway's: true"),
    }),
    firewall: z.enum(["nftables", "pf"]),
    resolvers: z.array(address).max(8).optional().describe("Resolvers guests may ask: the gateway itself without it"),
    ...options,
  })
  .describe("A captive portal");

/** The schema for editors: draft 7, which the YAML language server reads. */
export function portalJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(portalSchema, { target: "draft-7", unrepresentable: "any" });
  return { $schema, title: "Pierhead portal", ...rest };
}
