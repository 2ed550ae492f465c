import { parseSystem, type System } from "@pierhead/core";
import { buildMachine } from "@pierhead/engine/build";
import { type HeadEnd, readHeadEnd } from "@pierhead/engine/vpn";
import { describe, expect, it } from "vitest";
import { CLIENTS } from "./catalogue.ts";
import { compatibility } from "./compat.ts";

function headEnd(files: Record<string, string>, system = "openbsd-7.8"): HeadEnd {
  const found = readHeadEnd(buildMachine(files, parseSystem(system) as System));
  if (found === null) throw new Error("no head-end");
  return found;
}

function l2tp(ipsec: string, system?: string): HeadEnd {
  return headEnd(
    { "etc/ipsec.conf": ipsec, "etc/rc.conf.local": "isakmpd_flags=-K\nipsec=YES\nnpppd_flags=\n" },
    system,
  );
}

function verdicts(end: HeadEnd): Record<string, string> {
  return Object.fromEntries(
    compatibility(end).map((one) => [one.platform.name, `${one.verdict} ${one.proposal ?? ""}`.trim()]),
  );
}

const RULE = "ike passive esp transport proto udp from 192.0.2.1 to any port 1701";

describe("compatibility", () => {
  it("says who gets in by the defaults of 5.7 and of 5.8, which asks for a larger group", () => {
    expect([
      verdicts(l2tp(`${RULE} psk "x"\n`, "openbsd-5.7")),
      verdicts(l2tp(`${RULE} psk "x"\n`, "openbsd-5.8")),
    ]).toMatchInlineSnapshot(`
      [
        {
          "android-11": "connects aes-256 sha1 modp1024",
          "android-12": "not offered",
          "apple-2015": "fails",
          "chromeos": "unknown",
          "ios": "connects aes-256 sha1 modp1024",
          "macos": "connects aes-256 sha1 modp1024",
          "mikrotik": "unknown",
          "networkmanager": "connects aes-256 sha1 modp1024",
          "windows-10": "fails",
          "windows-11": "fails",
          "windows-7": "fails",
        },
        {
          "android-11": "fails",
          "android-12": "not offered",
          "apple-2015": "fails",
          "chromeos": "unknown",
          "ios": "fails",
          "macos": "fails",
          "mikrotik": "unknown",
          "networkmanager": "fails",
          "windows-10": "fails",
          "windows-11": "fails",
          "windows-7": "fails",
        },
      ]
    `);
  });

  it("takes the client's first transform that any rule allows", () => {
    const both = `${RULE} main auth hmac-sha1 enc 3des group modp1024 psk "x"\n${RULE} main auth hmac-sha1 enc aes-256 group modp2048 psk "x"\n`;
    expect(verdicts(l2tp(both))).toMatchObject({
      "windows-10": "connects aes-256 sha1 modp2048",
      "apple-2015": "connects 3des sha1 modp1024",
      "android-11": "connects 3des sha1 modp1024",
      "android-12": "not offered",
      mikrotik: "unknown",
    });
  });

  it("names what differs, the smallest change, and what it costs", () => {
    const found = compatibility(l2tp(`${RULE} psk "x"\n`)).find((one) => one.platform.name === "apple-2015");
    expect([found?.reason, found?.change, found?.cost]).toMatchInlineSnapshot(`
      [
        "phase 1 ends with NO_PROPOSAL_CHOSEN: it offers only 3des sha1 modp1024; isakmpd takes aes-128 to 256 sha1 modp3072 (nearest: encryption and group differ)",
        "one more rule like the one there is, with \`main auth hmac-sha1 enc 3des group modp1024\`",
        "a 1024-bit group, which a state can break and 3DES with its short blocks",
      ]
    `);
  });

  it("wants a transform of each type in common for IKEv2", () => {
    const policy = (ikesa: string): HeadEnd =>
      headEnd({ "etc/iked.conf": `ikev2 "r" passive esp from any to dynamic peer any ${ikesa}\n` });
    expect([
      verdicts(policy("")),
      compatibility(policy("ikesa enc aes-256 prf hmac-sha2-256 auth hmac-sha2-256 group modp2048")).find(
        (one) => one.platform.name === "windows-11",
      )?.reason,
    ]).toMatchInlineSnapshot(`
      [
        {
          "android-11": "connects AES_GCM_16_128 HMAC_SHA2_256 CURVE25519",
          "android-12": "connects AES_GCM_16_128 HMAC_SHA2_256 CURVE25519",
          "apple-2015": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_2048",
          "chromeos": "unknown",
          "ios": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_2048",
          "macos": "connects AES_GCM_16_256 HMAC_SHA2_256 ECP_256",
          "mikrotik": "unknown",
          "networkmanager": "unknown",
          "windows-10": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_1024",
          "windows-11": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_1024",
          "windows-7": "connects AES_CBC_256 HMAC_SHA2_256_128 HMAC_SHA2_256 MODP_1024",
        },
        "no group in common: it offers MODP_1024, iked takes MODP_2048",
      ]
    `);
  });
});

it("has a source for everything it says a platform offers", () => {
  const known = CLIENTS.flatMap(({ l2tp: a, ikev2: b }) => [a, b]).filter((one) => "sources" in one);
  expect(known.length).toBeGreaterThan(10);
  for (const one of known) expect(one.sources.length).toBeGreaterThan(0);
});
