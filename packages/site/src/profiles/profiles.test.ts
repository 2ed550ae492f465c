import { parseSystem, Secret, Source, type System } from "@pierhead/core";
import { buildMachine } from "@pierhead/engine/build";
import { readHeadEnd } from "@pierhead/engine/vpn";
import { checkSwanctl, loadSwanctl } from "@pierhead/lang/swanctl";
import { checkXl2tpd, loadXl2tpd } from "@pierhead/lang/xl2tpd";
import fc from "fast-check";
import { default as jsqr } from "jsqr";
import { parse } from "plist";
import { describe, expect, it } from "vitest";
import { buildSite } from "../build/index.ts";
import { readSite } from "../read/index.ts";
import {
  checkCertificate,
  checkProfiles,
  keyfileValue,
  type ProfileInput,
  powershellString,
  pppWord,
  profilesOf,
  swanctlSecret,
} from "./index.ts";
import { qrSvg } from "./qr.ts";
import { clientPolicy, espSuites, ikeSuites, strongswanWords } from "./suites.ts";

const LINUX = parseSystem("linux") as System;
const PSK = "Zoh4Eipe1eTh3Ohs Ahx5";
const PASSWORD = "col:on^and\\back-'slash\"";

function site(vpn: string): string {
  return `site: office
hosts:
  gate:
    system: openbsd-7.8
    uplinks:
      wan: { interface: em0, address: 198.51.100.2/24, gateway: 198.51.100.1 }
    lans:
      lan: { interface: em1, addresses: [192.168.7.1/24] }
      dmz: { interface: em2, addresses: [192.168.9.1/25] }
    vpn:
      ${vpn}
`;
}

const L2TP = site("l2tp-ipsec: { psk: env:PSK, pool: 10.87.43.0/24, users: { anna: { password: env:ANNA } } }");
const IKEV2 = site("ikev2: { name: vpn.example.org, pool: 10.87.44.0/24, users: { anna: { password: env:ANNA } } }");
const SPLIT = (text: string): string => text.replace(", users:", ", reach: [lan, dmz], users:");
const CERTIFICATES = IKEV2.replace("pool:", "auth: certificate, pool:").replace("{ password: env:ANNA }", "{}");

function input(text: string, more: Partial<ProfileInput> = {}): ProfileInput {
  const reading = readSite(new Source("site.yaml", text));
  expect(reading.diagnostics.filter((one) => one.severity === "error")).toEqual([]);
  if (reading.site === null) throw new Error("no site");
  const machine = buildSite(reading.site).machines[0];
  const service = reading.site.hosts[0]?.vpn[0];
  if (machine === undefined || service === undefined) throw new Error("no head-end");
  const files = Object.fromEntries(machine.files.map((file) => [file.path.slice(1), file.text]));
  const headEnd = readHeadEnd(buildMachine(files, machine.system));
  if (headEnd === null) throw new Error("no head-end");
  const ikev2 = service.protocol === "ikev2";
  return {
    site: "office",
    host: "gate",
    title: "office VPN",
    service,
    headEnd,
    server: ikev2 ? "vpn.example.org" : "198.51.100.2",
    user: "anna",
    password: service.certificates ? null : new Secret(PASSWORD),
    psk: ikev2 ? null : new Secret(PSK),
    authority: ikev2 ? { der: new Uint8Array([48, 3, 2, 1, 5]), commonName: "Office authority" } : null,
    identity: service.certificates
      ? {
          pkcs12: new Uint8Array([1, 2, 3]),
          password: new Secret("p12-password"),
          keyType: "ecdsa-p256",
          certificate: "-----BEGIN CERTIFICATE-----\n",
          key: new Secret("-----BEGIN PRIVATE KEY-----\n"),
        }
      : null,
    uuid: (name) =>
      `00000000-0000-5000-8000-${[...name].reduce((sum, one) => (sum * 31 + one.charCodeAt(0)) % 1e12, 7)}`,
    ...more,
  };
}

function filesOf(one: ProfileInput, platforms: readonly string[] | null = null): Map<string, string> {
  const { files } = profilesOf(one, platforms, { url: null });
  return new Map(
    files.map(({ path, content }) => [
      path,
      typeof content === "string" ? content : Buffer.from(content).toString("hex"),
    ]),
  );
}

function fileOf(one: ProfileInput, end: string): string {
  const found = [...filesOf(one)].find(([path]) => path.endsWith(end));
  if (found === undefined) throw new Error(`no ${end}`);
  return found[1];
}

function outcomes(one: ProfileInput): Record<string, string> {
  const { results } = profilesOf(one, null, { url: null });
  return Object.fromEntries(results.map(({ platform, outcome, format }) => [platform, format ?? outcome]));
}

describe("which platform gets what", () => {
  it("follows strongSwan's proposals where the head-end is FreeBSD's", () => {
    const freebsd = (text: string): ProfileInput => input(text.replace("openbsd-7.8", "freebsd-14.3"));
    const [l2tp, ikev2] = [freebsd(L2TP), freebsd(IKEV2)];
    expect(outcomes(ikev2)).toMatchObject({
      "windows-7": "none",
      "windows-11": "powershell",
      ios: "mobileconfig",
      "android-12": "sswan",
      networkmanager: "networkmanager",
      chromeos: "onc",
      strongswan: "strongswan",
    });
    expect(outcomes(l2tp)).toMatchObject({
      "windows-11": "powershell",
      ios: "mobileconfig",
      networkmanager: "networkmanager",
      chromeos: "onc",
      mikrotik: "none",
      strongswan: "strongswan",
    });
    const proposals = (one: ProfileInput): string[] => fileOf(one, ".conf").match(/(?<=proposals = ).*/g) ?? [];
    expect([proposals(ikev2), proposals(l2tp)]).toMatchInlineSnapshot(`
      [
        [
          "aes256-sha256-ecp256, aes256gcm16-prfsha256-ecp256, aes256-sha256-modp2048, aes256gcm16-prfsha256-modp2048, aes256-sha256-curve25519, aes256gcm16-prfsha256-curve25519",
          "aes256-sha256, aes256gcm16, aes256-sha1",
        ],
        [
          "aes256-sha256-modp2048, aes256-sha1-modp2048, aes128-sha1-modp2048",
          "aes256-sha256",
        ],
      ]
    `);
  });

  it("follows what the head-end takes", () => {
    expect([outcomes(input(L2TP)), outcomes(input(IKEV2)), outcomes(input(CERTIFICATES))]).toMatchInlineSnapshot(`
      [
        {
          "android-11": "none",
          "android-12": "none",
          "apple-2015": "none",
          "chromeos": "onc",
          "ios": "mobileconfig",
          "macos": "mobileconfig",
          "mikrotik": "none",
          "networkmanager": "networkmanager",
          "strongswan": "strongswan",
          "windows-10": "powershell",
          "windows-11": "powershell",
          "windows-7": "by hand",
        },
        {
          "android-11": "sswan",
          "android-12": "sswan",
          "apple-2015": "mobileconfig",
          "chromeos": "onc",
          "ios": "mobileconfig",
          "macos": "mobileconfig",
          "mikrotik": "none",
          "networkmanager": "networkmanager",
          "strongswan": "strongswan",
          "windows-10": "powershell",
          "windows-11": "powershell",
          "windows-7": "by hand",
        },
        {
          "android-11": "sswan",
          "android-12": "sswan",
          "apple-2015": "mobileconfig",
          "chromeos": "none",
          "ios": "mobileconfig",
          "macos": "mobileconfig",
          "mikrotik": "none",
          "networkmanager": "networkmanager",
          "strongswan": "strongswan",
          "windows-10": "powershell",
          "windows-11": "powershell",
          "windows-7": "none",
        },
      ]
    `);
  });

  it("changes when the site lets a platform in", () => {
    const found = outcomes(input(L2TP.replace("pool:", "clients: [android-11, apple-2015], pool:")));
    expect(found).toMatchObject({ "android-11": "by hand", "apple-2015": "mobileconfig", "android-12": "none" });
  });

  it("says why there is none, and what would change it", () => {
    const { results } = profilesOf(input(L2TP), ["apple-2015"], { url: null });
    expect(results[0]).toMatchObject({
      outcome: "none",
      reason: expect.stringContaining("NO_PROPOSAL_CHOSEN"),
      change: expect.stringContaining("main auth hmac-sha1 enc 3des group modp1024"),
    });
  });

  it("gives the same files for the same site", () => {
    for (const text of [L2TP, IKEV2]) expect(filesOf(input(text))).toEqual(filesOf(input(text)));
  });

  it("holds no secret that was not given", () => {
    const without = [...filesOf(input(L2TP, { psk: null, password: null })).values()].join("\n");
    expect(without).not.toContain(PSK);
    expect(without).not.toContain("col:on");
  });
});

describe("what a profile names is what the head-end takes", () => {
  const words = {
    enc: ["aes-128", "aes-256", "aes-256-gcm"],
    prf: ["hmac-sha1", "hmac-sha2-256", "hmac-sha2-512"],
    auth: ["hmac-sha1", "hmac-sha2-256", "hmac-sha2-384"],
    group: ["modp1024", "modp2048", "ecp256", "curve25519"],
  };
  it("for every policy of iked", () => {
    const some = <T>(all: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...all], { minLength: 1 });
    fc.assert(
      fc.property(some(words.enc), some(words.prf), some(words.auth), some(words.group), (enc, prf, auth, group) => {
        const combined = enc.some((one) => one.endsWith("gcm"));
        if (combined && enc.length > 1) return;
        const list = (name: string, all: readonly string[]): string => all.map((one) => `${name} ${one}`).join(" ");
        const checks = combined ? "" : list("auth", auth);
        const text = `ikev2 "c" passive esp from any to dynamic peer any ikesa ${list("enc", enc)} ${list("prf", prf)} ${checks} ${list("group", group)} childsa ${list("enc", enc)} ${checks}\n`;
        const build = buildMachine({ "etc/iked.conf": text }, {
          family: "openbsd",
          name: "openbsd-7.8",
          version: [7, 8],
        } as never);
        const headEnd = readHeadEnd(build);
        const policy = headEnd === null ? null : clientPolicy(headEnd);
        if (policy === null) throw new Error(text);
        const ids = new Set(
          headEnd?.iked?.policies[0]?.proposals.flatMap((one) =>
            one.transforms.map(({ id, bits }) => (bits > 0 ? `${id}_${bits}` : id)),
          ),
        );
        for (const suite of ikeSuites(policy, (one) => one)) {
          for (const id of [suite.encryption, suite.integrity, suite.prf, suite.group]) {
            if (id !== null) expect(ids).toContain(id);
          }
        }
        const esp = espSuites(policy, strongswanWords);
        expect(esp.length).toBeGreaterThan(0);
        if (combined) expect(esp).toEqual(["aes256gcm16"]);
      }),
      { numRuns: 60 },
    );
  });
});

/** Keys of Apple's device-management schema (github.com/apple/device-management, mdm/profiles), those that may stand here. */
const APPLE = {
  common: ["PayloadType", "PayloadVersion", "PayloadIdentifier", "PayloadUUID", "PayloadDisplayName"],
  profile: ["PayloadDescription", "PayloadOrganization", "PayloadContent"],
  vpn: ["VPNType", "UserDefinedName", "IPv4", "PPP", "IPSec", "IKEv2"],
  IPv4: ["OverridePrimary"],
  PPP: ["AuthName", "AuthPassword", "CommRemoteAddress"],
  IPSec: ["AuthenticationMethod", "SharedSecret"],
  IKEv2:
    "RemoteAddress LocalIdentifier RemoteIdentifier AuthenticationMethod CertificateType PayloadCertificateUUID ExtendedAuthEnabled AuthName AuthPassword DeadPeerDetectionRate ServerCertificateIssuerCommonName EnablePFS IKESecurityAssociationParameters ChildSecurityAssociationParameters".split(
      " ",
    ),
  parameters: ["EncryptionAlgorithm", "IntegrityAlgorithm", "DiffieHellmanGroup"],
  certificate: ["PayloadCertificateFileName", "PayloadContent", "Password"],
};

type Dictionary = { [key: string]: unknown };

function mobileconfig(one: ProfileInput): { profile: Dictionary; payloads: Dictionary[] } {
  const profile = parse(fileOf(one, ".mobileconfig")) as Dictionary;
  return { profile, payloads: profile["PayloadContent"] as Dictionary[] };
}

describe("Apple's profile", () => {
  it.each([
    ["L2TP", L2TP],
    ["L2TP, split", SPLIT(L2TP)],
    ["IKEv2", IKEV2],
    ["certificates", CERTIFICATES],
  ])("has documented keys only: %s", (_, text) => {
    const { profile, payloads } = mobileconfig(input(text));
    expect([...APPLE.common, ...APPLE.profile]).toEqual(expect.arrayContaining(Object.keys(profile)));
    const uuids = [profile, ...payloads].map((one) => one["PayloadUUID"]);
    expect(new Set(uuids).size).toBe(uuids.length);
    for (const payload of payloads) {
      const vpn = payload["PayloadType"] === "com.apple.vpn.managed";
      expect([...APPLE.common, ...(vpn ? APPLE.vpn : APPLE.certificate)]).toEqual(
        expect.arrayContaining(Object.keys(payload)),
      );
      for (const part of ["IPv4", "PPP", "IPSec", "IKEv2"] as const) {
        expect(APPLE[part]).toEqual(expect.arrayContaining(Object.keys((payload[part] ?? {}) as object)));
      }
      const ikev2 = (payload["IKEv2"] ?? {}) as Dictionary;
      for (const part of ["IKESecurityAssociationParameters", "ChildSecurityAssociationParameters"]) {
        expect(APPLE.parameters).toEqual(expect.arrayContaining(Object.keys((ikev2[part] ?? {}) as object)));
      }
    }
  });

  it("names the key, the user and everything that goes through the tunnel", () => {
    const [vpn] = mobileconfig(input(L2TP)).payloads;
    expect(vpn).toMatchObject({
      VPNType: "L2TP",
      IPv4: { OverridePrimary: 1 },
      PPP: { AuthName: "anna", AuthPassword: PASSWORD, CommRemoteAddress: "198.51.100.2" },
      IPSec: { AuthenticationMethod: "SharedSecret" },
    });
    const ipsec = vpn?.["IPSec"] as { readonly SharedSecret: Uint8Array } | undefined;
    expect(Buffer.from(ipsec?.SharedSecret ?? []).toString()).toBe(PSK);
    expect(mobileconfig(input(SPLIT(L2TP))).payloads[0]).toMatchObject({ IPv4: { OverridePrimary: 0 } });
  });

  it("brings the authority, and the algorithms that iked takes", () => {
    const { payloads } = mobileconfig(input(IKEV2));
    expect(payloads.map((one) => one["PayloadType"])).toEqual(["com.apple.security.root", "com.apple.vpn.managed"]);
    expect(payloads[1]?.["IKEv2"]).toMatchObject({
      RemoteIdentifier: "vpn.example.org",
      ServerCertificateIssuerCommonName: "Office authority",
      AuthenticationMethod: "Certificate",
      ExtendedAuthEnabled: 1,
      IKESecurityAssociationParameters: {
        EncryptionAlgorithm: "AES-256",
        IntegrityAlgorithm: "SHA2-256",
        DiffieHellmanGroup: 19,
      },
    });
  });

  it("refers to the user's certificate where there is one", () => {
    const { payloads } = mobileconfig(input(CERTIFICATES));
    const identity = payloads.find((one) => one["PayloadType"] === "com.apple.security.pkcs12");
    expect(payloads.at(-1)?.["IKEv2"]).toMatchObject({
      ExtendedAuthEnabled: 0,
      PayloadCertificateUUID: identity?.["PayloadUUID"],
      CertificateType: "ECDSA256",
    });
  });

  it("keeps every password as it is", () => {
    fc.assert(
      fc.property(secret(), (password) => {
        const { payloads } = mobileconfig(input(L2TP, { password: new Secret(password) }));
        expect(payloads[0]).toMatchObject({ PPP: { AuthPassword: password } });
      }),
      { numRuns: 40 },
    );
  });
});

/** What a head-end's files can hold: printable ASCII. */
function secret(): fc.Arbitrary<string> {
  const character = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
  const awkward = fc.constantFrom("0s", "0x", "'", '"', "\\", "$", "`", "#", ";", "&", "<", "%", " ", "}", "@(");
  return fc.array(fc.oneof(character, awkward), { minLength: 1, maxLength: 24 }).map((parts) => parts.join(""));
}

describe("words and escapes", () => {
  it("PowerShell reads back what stands between single quotes", () => {
    fc.assert(
      fc.property(fc.oneof(secret(), fc.string({ unit: fc.constantFrom("'", "‘", "’", "‚", "‛", "a") })), (text) => {
        const literal = powershellString(text);
        // The tokenizer's rule (ScanStringLiteral): two quotes are one, a single one ends the string.
        const quote = /['‘’‚‛]/;
        let read = "";
        let at = 1;
        for (; at < literal.length; at++) {
          const one = literal[at] as string;
          if (quote.test(one)) {
            if (!quote.test(literal[at + 1] ?? "")) break;
            at++;
          }
          read += one;
        }
        expect([read, at]).toEqual([text, literal.length - 1]);
      }),
    );
  });

  it("GKeyFile reads back a value", () => {
    fc.assert(
      fc.property(fc.oneof(secret(), fc.string()), (text) => {
        const line = keyfileValue(text);
        expect(line).not.toMatch(/[\n\r\t]/);
        const characters = { s: " ", n: "\n", t: "\t", r: "\r", "\\": "\\" } as Record<string, string>;
        // g_key_file_parse_key_value_pair drops white space in front, g_key_file_parse_value_as_string replaces escapes.
        const read = line.replace(/^ +/, "").replace(/\\(.)/g, (_, one: string) => characters[one] ?? `?${one}`);
        expect(read).toBe(text);
      }),
    );
  });

  it("swanctl reads back a secret", () => {
    fc.assert(
      fc.property(secret(), (text) => {
        const source = new Source(
          "c",
          `secrets {\n  eap-a {\n    id = a\n    secret = ${swanctlSecret(text)}\n  }\n}\n`,
        );
        const loaded = loadSwanctl(source, LINUX, null);
        expect(loaded.accepted).toBe(true);
        const found = loaded.secrets[0]?.secret?.reveal() ?? "";
        // vici takes 0s and 0x for base64 and hexadecimal (load_creds.c).
        expect(found.startsWith("0s") ? Buffer.from(found.slice(2), "base64").toString("latin1") : found).toBe(text);
        expect(found).not.toMatch(/^0x/i);
      }),
    );
  });

  it("pppd reads back a word", () => {
    fc.assert(
      fc.property(secret(), (text) => {
        const word = pppWord(text);
        let read = "";
        for (let at = 1; at < word.length - 1; at++) {
          if (word[at] === "\\") at++;
          else expect(word[at]).not.toBe('"');
          read += word[at];
        }
        expect(read).toBe(text);
      }),
    );
  });
});

describe("Linux", () => {
  it.each([
    ["L2TP", L2TP],
    ["L2TP, split", SPLIT(L2TP)],
    ["IKEv2", IKEV2],
    ["IKEv2, split", SPLIT(IKEV2)],
    ["certificates", CERTIFICATES],
  ])("swanctl.conf is read back without a finding: %s", (_, text) => {
    const source = new Source("office-gate.conf", fileOf(input(text), "office-gate.conf"));
    const loaded = loadSwanctl(source, LINUX, null);
    const found = [...loaded.diagnostics, ...checkSwanctl(loaded)].filter((one) => one.severity !== "note");
    expect(found.map((one) => one.message)).toEqual([]);
    expect(loaded.connections.map((one) => [one.name, one.problem])).toEqual([["office-gate", null]]);
  });

  it("xl2tpd.conf too, and pppd asks for what npppd gives", () => {
    const files = filesOf(input(SPLIT(L2TP)));
    const source = new Source("xl2tpd.conf", files.get("strongswan/etc/xl2tpd/xl2tpd.conf") ?? "");
    const loaded = loadXl2tpd(source);
    const found = [...loaded.diagnostics, ...checkXl2tpd(loaded)].filter((one) => one.severity !== "note");
    expect(found.map((one) => one.message)).toEqual([]);
    expect(files.get("strongswan/etc/ppp/options.office-gate")).toContain("nodefaultroute\n");
    expect(files.get("strongswan/etc/ppp/ip-up.d/office-gate")).toContain("ip route replace 192.168.9.0/25 dev");
  });

  it("NetworkManager's keyfile has the plugins' keys and routes", () => {
    const l2tp = fileOf(input(SPLIT(L2TP)), ".nmconnection");
    expect(l2tp).toContain("service-type=org.freedesktop.NetworkManager.l2tp\n");
    expect(l2tp).toContain("never-default=true\nroute1=192.168.7.0/24\nroute2=192.168.9.0/25\n");
    const ikev2 = fileOf(input(IKEV2), ".nmconnection");
    expect(ikev2).toContain("certificate=/etc/NetworkManager/certificates/office-gate-ca.crt\n");
    expect(ikev2).toContain("password=col:on^and\\\\back-'slash\"\n");
    const base = input(L2TP, { psk: new Secret("0sabc") });
    expect(fileOf(base, ".nmconnection")).toContain(`ipsec-psk=0s${Buffer.from("0sabc").toString("base64")}\n`);
  });
});

describe("Android and ChromeOS", () => {
  it("the app's profile has the keys it reads", () => {
    const profile = JSON.parse(fileOf(input(SPLIT(IKEV2)), ".sswan"));
    expect(profile).toMatchObject({
      type: "ikev2-eap",
      remote: { addr: "vpn.example.org", id: "vpn.example.org", cert: "MAMCAQU=" },
      local: { eap_id: "anna", shared_secret: PASSWORD },
      "ike-proposal": "aes256-sha256-ecp256",
      "esp-proposal": "aes256-sha256",
      "split-tunneling": { subnets: ["192.168.7.0/24", "192.168.9.0/25"] },
    });
    expect(JSON.parse(fileOf(input(CERTIFICATES), ".sswan"))).toMatchObject({
      type: "ikev2-cert",
      local: { id: "anna", p12: "AQID" },
    });
  });

  it("ONC is as Chromium specifies it", () => {
    const l2tp = JSON.parse(fileOf(input(L2TP), ".onc")).NetworkConfigurations[0];
    expect(l2tp).toMatchObject({
      Type: "VPN",
      VPN: {
        Type: "L2TP-IPsec",
        Host: "198.51.100.2",
        IPsec: { AuthenticationType: "PSK", IKEVersion: 1, PSK, SaveCredentials: true },
        L2TP: { Username: "anna", Password: PASSWORD, SaveCredentials: true },
      },
    });
    const { NetworkConfigurations, Certificates } = JSON.parse(fileOf(input(IKEV2), ".onc"));
    const { EAP } = NetworkConfigurations[0].VPN.IPsec;
    // A reference has to be to a certificate of the same file.
    expect(EAP.ServerCARefs).toEqual([Certificates[0].GUID]);
    const asking = JSON.parse(fileOf(input(IKEV2, { password: null }), ".onc")).NetworkConfigurations[0].VPN.IPsec.EAP;
    // "Specifying Identity and/or Password when SaveCredentials is false is not allowed."
    expect(asking).not.toHaveProperty("Identity");
  });
});

describe("the guide", () => {
  it("loads nothing from elsewhere and holds no secret but the one that has to be typed", () => {
    for (const text of [L2TP, IKEV2, CERTIFICATES]) {
      const one = input(text.replace("psk:", "clients: [android-11], psk:"));
      const page = fileOf(one, "guide.html");
      expect(page).not.toMatch(/\b(?:src|href)="(?!#)|@import|url\(|<script/);
      expect(page).toContain("Content-Security-Policy");
      expect(page).not.toContain("col:on");
      expect(page.includes(PSK)).toBe(one.psk !== null);
      const without = filesOf(one, ["ios", "windows-11"]).get("guide.html") ?? "";
      expect(without).not.toContain(PSK);
    }
  });

  it("is well-formed, whatever the key is", () => {
    const text = L2TP.replace("psk:", "clients: [android-11], psk:");
    fc.assert(
      fc.property(secret(), (psk) => {
        const page = fileOf(input(text, { psk: new Secret(psk) }), "guide.html");
        const open: string[] = [];
        for (const [, end, name = "", self] of page.matchAll(/<(\/?)([a-z0-9]+)(?:\s[^<>]*?)?(\/?)>/g)) {
          if (self === "/" || ["meta", "br"].includes(name)) continue;
          if (end === "") open.push(name);
          else expect(open.pop()).toBe(name);
        }
        expect(open).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it("has a QR code that a camera reads", () => {
    const url = "https://intranet.example.org/vpn/anna/guide.html";
    const svg = qrSvg(url, "where");
    const size = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
    const scale = 4;
    const width = size * scale;
    const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
    for (const [, x = "", y = "", length = ""] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
      for (let dy = 0; dy < scale; dy++) {
        for (let dx = 0; dx < Number(length) * scale; dx++) {
          const at = ((Number(y) * scale + dy) * width + Number(x) * scale + dx) * 4;
          pixels.fill(0, at, at + 3);
        }
      }
    }
    // The library is CommonJS: its default is the function, its types say the module.
    const read = jsqr as unknown as (data: Uint8ClampedArray, width: number, height: number) => { data: string } | null;
    expect(read(pixels, width, width)?.data).toBe(url);
  });
});

describe("what stands against a profile", () => {
  function found(text: string, secrets: Record<string, string>): string[] {
    const reading = readSite(new Source("site.yaml", text));
    const service = reading.site?.hosts[0]?.vpn[0];
    if (reading.site === null || service === undefined) throw new Error("no site");
    const users = service.users.map((one) => one.name);
    const read = (reference: string): string | null => secrets[reference.slice(4)] ?? null;
    const diagnostics = checkProfiles({ site: reading.site, service, users, read, withPasswords: true });
    for (const value of Object.values(secrets)) {
      if (value.length > 3) expect(JSON.stringify(diagnostics.map((one) => one.message))).not.toContain(value);
    }
    return diagnostics.map(({ source, span, severity, code }) => {
      const place = source?.position(span.start);
      return `${place?.line}:${place?.column} ${severity} ${code}`;
    });
  }
  const good = { PSK, ANNA: PASSWORD };

  it.each<[string, Record<string, string>, string[]]>([
    ["nothing", good, []],
    ["a key that is not there", { ANNA: PASSWORD }, ["11:26 error site/missing-secret"]],
    ["a key isakmpd reads as hexadecimal", { ...good, PSK: "0x0123456789abcdef" }, ["11:26 error vpn/profile-secret"]],
    ["a key outside ASCII", { ...good, PSK: "schlüsselschlüssel" }, ["11:26 error vpn/profile-secret"]],
    ["a key that ends with a space", { ...good, PSK: "key-key-key-key-key " }, ["11:26 warning vpn/profile-secret"]],
    ["a password with a line end", { ...good, ANNA: "two\nlines-of-it" }, ["11:83 error vpn/profile-secret"]],
    ["a password that pppd cuts off", { ...good, ANNA: "ab".repeat(150) }, ["11:83 error vpn/profile-secret"]],
  ])("%s", (_, secrets, expected) => expect(found(L2TP, secrets)).toEqual(expected));

  it("two users that are one on some file systems", () => {
    const text = L2TP.replace("users: {", "users: { Anna: { password: env:ANNA }, ");
    expect(found(text, good)).toEqual(["11:96 error vpn/profile-user"]);
  });

  it("certificates that have ended, or are none of an authority", () => {
    const now = Date.UTC(2026, 0, 1);
    const day = 86_400_000;
    const one = {
      file: "ca.crt",
      commonName: "Office",
      isAuthority: true,
      notBefore: now - day,
      notAfter: now + 400 * day,
    };
    const say = (more: object): string[] =>
      checkCertificate({ ...one, ...more }, now, true).map(({ severity, message }) => `${severity}: ${message}`);
    expect([
      say({}),
      say({ notAfter: now - day }),
      say({ notAfter: now + 3 * day }),
      say({ notBefore: now + day }),
      say({ isAuthority: false }),
    ]).toMatchInlineSnapshot(`
      [
        [],
        [
          "error: ca.crt: the certificate of Office expired on 2025-12-31: every client refuses it. Issue a new one.",
        ],
        [
          "warning: ca.crt: the certificate of Office expires on 2026-01-04, in 3 days. Issue a new one before.",
        ],
        [
          "error: ca.crt: the certificate of Office is not valid before 2026-01-02. Is the clock right?",
        ],
        [
          "error: ca.crt: the certificate of Office is no authority's (CA:FALSE), so nothing it signs is trusted. Name the one that signed the head-end's.",
        ],
      ]
    `);
  });
});
