import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Source } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGarden } from "./garden.ts";
import { parseDuration, parseRate, parseVolume, portalJsonSchema, readPortalConf } from "./index.ts";

const root = resolve(import.meta.dirname, "../../../..");
const example = readFileSync(resolve(root, "examples/hotspot/portal.yaml"), "utf8");

const least = `guests:
  interface: eth1
  addresses: [10.99.0.1/24]
uplink:
  interface: eth0
firewall: nftables
signIn: [voucher]
`;

/** `code line:column message` of everything there is to say. */
function said(text: string, options: Parameters<typeof readPortalConf>[1] = {}): string[] {
  const source = new Source("portal.yaml", text);
  return readPortalConf(source, options).diagnostics.map(({ code, severity, span, message }) => {
    const { line, column } = source.position(span.start);
    return `${severity} ${code} ${line}:${column} ${message}`;
  });
}

function config(text: string) {
  const reading = readPortalConf(new Source("portal.yaml", text));
  expect(reading.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return reading.config as NonNullable<typeof reading.config>;
}

describe("portal.yaml", () => {
  it("reads the example without a finding but the notes", () => {
    expect(said(example)).toEqual([]);
    const read = config(example);
    expect(read.limits).toEqual({
      session: 1800,
      idle: 600,
      octetsInput: null,
      octetsOutput: null,
      octetsTotal: 500_000_000,
      rateUp: 2_000_000,
      rateDown: 10_000_000,
    });
    expect(read.garden).toEqual([
      { kind: "name", name: "www.example.org", below: false, port: 443 },
      { kind: "name", name: "pay.example.com", below: true, port: null },
      { kind: "network", prefix: "192.0.2.10/32", protocol: "tcp", port: 443 },
    ]);
    expect(read.radius?.servers.map(({ host, accountingPort }) => `${host} ${accountingPort}`)).toEqual([
      "192.0.2.20 1813",
      "192.0.2.21 1813",
    ]);
    expect(example.slice(read.places.get("limits.rateUp")?.start, read.places.get("limits.rateUp")?.end)).toBe("2Mbit");
  });

  it("fills in what is left out", () => {
    const read = config(least);
    expect(read).toMatchObject({
      gateway: "portal",
      guests: { isolate: true },
      uplink: { nat: true },
      resolvers: ["10.99.0.1"],
      portal: { httpPort: 80, httpsPort: 443, certificate: null, uam: null },
      radius: null,
      admin: null,
      tick: 10,
    });
    expect(read.store.reveal()).toBe("sqlite:/var/lib/pierhead/portal.db");
  });

  it.each<[string, number | "tomorrow"]>([
    ["4h", 14_400],
    ["tomorrow", "tomorrow"],
  ])("reads a pause between clicks: %s", (pause, read) => {
    const text = `${least.replace("[voucher]", "[click]")}click: { pause: ${pause} }\nlimits: { session: 30m }\nkeep: 2d\n`;
    expect(config(text).click).toEqual({ pause: read });
    expect(said(text).filter((one) => one.includes("click-pause"))).toEqual([]);
    expect(config(least).click).toEqual({ pause: null });
  });

  it("publishes the schema that it checks by", () => {
    const published = readFileSync(resolve(root, "docs/portal.schema.json"), "utf8");
    expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(portalJsonSchema())));
  });

  it.each<[string, string, string]>([
    ["an unknown key", "sessoin: 4\n", "error portal/unknown-key 8:1 There is no `sessoin` here"],
    [
      "a key that is nearly right",
      "limits: { sesion: 4h }\n",
      "error portal/unknown-key 8:11 There is no `sesion` here; did you mean `session`?",
    ],
    ["a key twice", "signIn: [click]\n", "error portal/duplicate-key 8:1 This key stands here twice."],
    ["no YAML", "limits: [\n", "error portal/syntax"],
    ["a duration", "limits: { idle: soon }\n", "error portal/wrong-value 8:17 `idle`: a duration is wanted, like 30m"],
    ["a volume", "limits: { octetsTotal: 5 pints }\n", "error portal/wrong-value 8:24"],
    ["a rate", "limits: { rateUp: 10MB }\n", "error portal/wrong-value 8:19 `rateUp`: a rate is wanted, like 10Mbit"],
    [
      "a secret that is written",
      "radius: { servers: [{ host: 192.0.2.1, secret: hunter2 }] }\n",
      "error portal/wrong-value 8:48 `secret`: a secret is named, not written: `env:NAME` or `file:path`.",
    ],
    [
      "a password in the store's URL",
      "store: postgresql://portal:hunter2@db.example.org/portal\n",
      "error portal/secret-in-file 8:8",
    ],
    ["a store of no kind", "store: mysql://x\n", "error portal/wrong-value 8:8 `store`: a store is sqlite:/path"],
    ["the world in the garden", "garden: [0.0.0.0/0]\n", "error portal/wrong-value 8:10"],
    [
      "the admin behind the wall",
      "admin: { listen: 10.99.0.1 }\n",
      "error portal/admin-behind-wall 8:18 The admin page would stand behind its own wall",
    ],
    [
      "passwords of guests' admin in the clear",
      "admin: { listen: 10.99.0.1, fromGuests: true }\n",
      "error portal/admin-in-clear 8:18",
    ],
    ["an admin guests cannot reach", "admin: { fromGuests: true }\n", "warning portal/admin-behind-wall 8:22"],
    ["a name without certificate", "portal: { name: login.example.org }\n", "warning portal/no-certificate 8:17"],
    ["a certificate without name", "portal: { certificate: { chain: /a, key: /b } }\n", "error portal/no-name 8:11"],
    [
      "uam without secret",
      "portal: { uam: { server: 'https://example.org/' } }\ngarden: [example.org]\n",
      "warning portal/uam-without-secret 8:11",
    ],
    [
      "names below one, at a port",
      "garden: ['*.example.org:443']\n",
      "warning portal/names-below 8:10 A resolver opens addresses, not ports: only example.org itself is opened at port 443. Leave the port out, or give each name a line.",
    ],
    [
      "a home page that nobody reaches",
      "portal: { uam: { server: 'https://example.org/', homepage: 'https://home.example.com/', secret: 'env:X' } }\ngarden: [example.org]\n",
      "error portal/uam-outside-garden 8:60 Nobody reaches the home page before coming in: `garden` has no home.example.com.",
    ],
    [
      "uam without a challenge",
      "portal: { uam: { server: 'https://example.org/', challenge: false, secret: 'env:X' } }\ngarden: [example.org]\n",
      "warning portal/uam-without-challenge 8:61",
    ],
    [
      "uam that nobody reaches",
      "portal: { uam: { server: 'https://login.example.org/', secret: 'env:X' } }\n",
      "error portal/uam-outside-garden 8:26 Nobody reaches the login page before coming in: `garden` has no login.example.org.",
    ],
    [
      "a port twice",
      "portal: { httpPort: 3990, uam: { server: 'http://10.99.0.1/', secret: 'env:X' } }\ngarden: [10.99.0.1]\n",
      "error portal/same-port",
    ],
    [
      "the admin's port",
      "admin: { listen: 0.0.0.0, port: 80, certificate: { chain: /a, key: /b } }\n",
      "error portal/same-port 8:33",
    ],
    ["a resolver at loopback", "resolvers: [127.0.0.1]\n", "error portal/resolver 8:13 Guests cannot reach 127.0.0.1"],
    ["a resolver of the other family", "resolvers: ['2001:db8::53']\n", "error portal/resolver 8:13"],
    [
      "interims too often",
      "radius: { servers: [{ host: a, secret: 'env:X' }], interim: 30 }\n",
      "warning portal/short-interim 8:61",
    ],
    [
      "interims often",
      "radius: { servers: [{ host: a, secret: 'env:X' }], interim: 5m }\n",
      "note portal/short-interim 8:61",
    ],
    ["a server without secret", "radius: { servers: [{ host: a }] }\n", "error portal/radius-server"],
    [
      "a server twice",
      "radius: { servers: [{ host: a, secret: 'env:X' }, { host: a, secret: 'env:X' }] }\n",
      "error portal/radius-server",
    ],
    [
      "a pause after what has no end",
      "click: { pause: 4h }\n",
      "error portal/click-pause 8:17 There is no end for a pause to come after: say with `session` in `limits`",
    ],
    [
      "a pause of what is not offered",
      "click: { pause: tomorrow }\nlimits: { session: 30m }\n",
      "warning portal/click-pause 8:17 Nobody comes in by `click` here",
    ],
    [
      "a pause that is forgotten",
      "click: { pause: tomorrow }\nlimits: { session: 30m }\nkeep: 1d\n",
      "error portal/click-pause 8:17 Sessions are forgotten after 86400 s (`keep`), and the pause with them; it needs 88200 s",
    ],
    ["gone while it sleeps", "gone: 2m\n", "warning portal/gone 8:7 Phones are off the air that long while they sleep"],
    [
      "idle before gone",
      "gone: 30m\nlimits: { idle: 10m }\n",
      "note portal/gone 8:7 Where nobody says otherwise, `idle`",
    ],
    [
      "a pause that is no time",
      "click: { pause: next week }\n",
      "error portal/wrong-value 8:17 `pause`: a duration is wanted, like 4h, or `tomorrow`",
    ],
    ["idle shorter than the look", "limits: { idle: 15s }\n", "warning portal/short-idle 8:17"],
    ["a slow look", "tick: 20m\n", "warning portal/tick 8:7"],
  ])("says where and what: %s", (_, more, expected) => {
    expect(said(least + more).join("\n")).toContain(expected);
  });

  it.each<[string, string, string, string]>([
    ["guests on the uplink", "interface: eth0", "interface: eth1", "error portal/same-interface 5:14"],
    [
      "the network as address",
      "10.99.0.1/24",
      "10.99.0.0/24",
      "error portal/guest-address 3:15 10.99.0.0 is the network",
    ],
    [
      "a link-local address",
      "10.99.0.1/24",
      '10.99.0.1/24, "fe80::1/64"',
      "error portal/guest-address 3:29 fe80::1 is of the link only",
    ],
    ["an alias of old as interface", "interface: eth1", 'interface: "eth1:0"', "error portal/wrong-value 2:14"],
    ["an address without length", "10.99.0.1/24", "10.99.0.1", "error portal/wrong-value 3:15"],
    ["two in one network", "10.99.0.1/24", "10.99.0.1/24, 10.99.0.2/24", "error portal/guest-address 3:29"],
    ["nobody may come in", "[voucher]", "[]", "error portal/wrong-value 7:1"],
    ["a way that there is not", "[voucher]", "[facebook]", "error portal/wrong-value 7:10"],
    ["a way twice", "[voucher]", "[voucher, voucher]", "error portal/sign-in 7:19"],
    ["mail", "[voucher]", "[email]", "warning portal/sign-in 7:10"],
    ["passwords of local users", "[voucher]", "[password]", "note portal/local-users 7:10"],
    ["no terms", "[voucher]", "[click]", "note portal/no-terms 7:10"],
    [
      "gone where nobody can ask",
      "firewall: nftables\n",
      "firewall: pf\ngone: 30m\n",
      "warning portal/gone 7:7 Only Linux can ask",
    ],
    ["an unknown firewall", "nftables", "ipfw", "error portal/wrong-value 6:11 `firewall` is one of nftables, pf."],
    [
      "a key that is missing",
      "firewall: nftables\n",
      "",
      "error portal/missing-key 1:1 `firewall` is missing here: one of nftables, pf.",
    ],
  ])("says where and what: %s", (_, from, to, expected) => {
    expect(said(least.replace(from, to)).join("\n")).toContain(expected);
  });

  it("says which secret cannot be had, and never shows one", () => {
    const text = `${least}radius: { servers: [{ host: a, secret: "env:RADIUS_SECRET" }] }\n`;
    expect(said(text, { secret: () => null })).toEqual([
      "error portal/missing-secret 8:40 This secret cannot be had: the variable RADIUS_SECRET is not set.",
    ]);
    const reading = readPortalConf(new Source("portal.yaml", text), { secret: () => "hunter2" });
    expect(JSON.stringify(reading.config)).not.toContain("hunter2");
    expect(reading.config?.radius?.servers[0]?.secret.reveal()).toBe("hunter2");
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(example.length), fc.nat(40), (junk, at, length) => {
        readPortalConf(new Source("portal.yaml", example.slice(0, at) + junk + example.slice(at + length)));
      }),
      { numRuns: 300 },
    );
  });
});

describe("quantities", () => {
  it.each<[string | number, number | null]>([
    ["30m", 1800],
    ["1h30m", 5400],
    ["2 days", 172_800],
    ["90", 90],
    [45, 45],
    ["1.5h", 5400],
    ["", null],
    ["m", null],
    ["-5m", null],
    ["5 fortnights", null],
    [-1, null],
    [Number.NaN, null],
  ])("duration %j", (given, seconds) => expect(parseDuration(given)).toBe(seconds));

  it.each<[string | number, number | null]>([
    ["500MB", 500_000_000],
    ["2GiB", 2 ** 31],
    ["1.5k", 1500],
    [7, 7],
    ["12 parsecs", null],
  ])("volume %j", (given, octets) => expect(parseVolume(given)).toBe(octets));

  it.each<[string | number, number | null]>([
    ["10Mbit", 10_000_000],
    ["512 kbit/s", 512_000],
    ["2.5Mbps", 2_500_000],
    ["1G", 1e9],
    ["10MB", null],
  ])("rate %j", (given, bits) => expect(parseRate(given)).toBe(bits));

  it("durations that we write are read back", () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(23), fc.nat(59), fc.nat(59), (d, h, m, s) => {
        expect(parseDuration(`${d}d${h}h${m}m${s}s`)).toBe(((d * 24 + h) * 60 + m) * 60 + s);
      }),
    );
  });
});

describe("garden", () => {
  it.each<[string, unknown]>([
    ["2001:db8::/32", { kind: "network", prefix: "2001:db8::/32", protocol: null, port: null }],
    ["tcp:[2001:db8::1]:443", { kind: "network", prefix: "2001:db8::1/128", protocol: "tcp", port: 443 }],
    ["192.0.2.77/24", { kind: "network", prefix: "192.0.2.0/24", protocol: null, port: null }],
    [".Example.ORG", { kind: "name", name: "example.org", below: true, port: null }],
    ["example.org:99999", "a port is a number from 1 to 65535"],
    ["*", expect.stringContaining("an entry is")],
    ["com", expect.stringContaining("a name with a dot")],
    ["999.1.1.1", expect.stringContaining("an entry is")],
    ["http://example.org/", expect.stringContaining("an entry is")],
  ])("%s", (text, expected) => expect(parseGarden(text)).toEqual(expected));
});
