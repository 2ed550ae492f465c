import {
  ATTRIBUTES,
  type AttributeKind,
  type AttributeName,
  AttributeSet,
  attribute,
  CODE,
  ERROR_CAUSE,
  type RadiusAttribute,
} from "@pierhead/lang/radius-wire";
import { describe, expect, it } from "vitest";
import { readAnswerOf } from "./answer.ts";
import { credentialAttributes } from "./credentials.ts";
import { checkAnswer, checkRequest, hidePassword, md5, signAnswer, signRequest } from "./digest.ts";
import { readDynamicRequest, readMac } from "./dynamic-request.ts";
import { readLimits, readWisprTime } from "./limits.ts";
import { authenticatorResponse, challengeHash, ntPasswordHash, ntResponse } from "./mschap.ts";
import { accessAttributes, accountingAttributes, macLogin, type NasFacts } from "./request.ts";
import type { AccessRequest, AccountingRecord } from "./types.ts";
import {
  chapMatches,
  ntResponseMatches,
  readHex,
  uamChallenge,
  uamCredentials,
  uamUrlChecksum,
  uamXor,
} from "./uam.ts";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const NAS: NasFacts = {
  nasIdentifier: "campsite",
  nasAddress: "192.0.2.1",
  calledStation: "02-00-00-00-00-FE:Guests",
  location: { id: "isocc=uk,network=Guests", name: "Campsite" },
  swapOctets: false,
  logoffUrl: "http://192.0.2.1:3990/logoff",
};

const REQUEST: AccessRequest = {
  user: "ann",
  credentials: { kind: "password", password: "pw" },
  station: { mac: "02:00:00:00:00:01", addresses: ["2001:db8::5", "192.0.2.5"], sessionId: "s1", number: 7 },
  service: "login",
};

const RECORD: AccountingRecord = {
  kind: "Stop",
  user: "ann",
  station: REQUEST.station,
  classes: [Uint8Array.of(1), Uint8Array.of(2, 3)],
  at: 1_700_000_000_000,
  sessionTime: 61.5,
  inputOctets: 5n * 2n ** 32n + 6n,
  outputOctets: 7n,
  inputPackets: 8n,
  outputPackets: 2n ** 32n + 9n,
  cause: "Idle-Timeout",
};

describe("what the RFCs give as examples", () => {
  it("User-Password of RFC 2865, 7.1", () => {
    const authenticator = hex("0f403f9473978057bd83d5cb98f4227a");
    const hidden = hidePassword(Buffer.from("arctangent"), Buffer.from("xyzzy5461"), authenticator);
    expect(toHex(hidden)).toBe("0dbe708d93d413ce3196e43f782a0aee");
    expect(hidePassword(new Uint8Array(0), Buffer.from("x"), authenticator)).toHaveLength(16);
    expect(hidePassword(new Uint8Array(128), Buffer.from("x"), authenticator)).toHaveLength(128);
  });

  it("the Accept of RFC 2865, 7.1", () => {
    const request = hex("0f403f9473978057bd83d5cb98f4227a");
    const accept = hex("0200002686fe220e7624ba2a1005f6bf9b55e0b20606000000010f06000000000e06c0a80103");
    const secret = Buffer.from("xyzzy5461");
    expect(checkAnswer(accept, request, secret, false)).toBe("good");
    expect(checkAnswer(accept, request, secret, true)).toBe("message-authenticator");
    expect(checkAnswer(accept, request, Buffer.from("xyzzy"), false)).toBe("authenticator");
  });

  it("MS-CHAPv2 of RFC 2759, 9.2", () => {
    const authenticator = hex("5b5d7c7d7b3f2f3e3c2c602132262628");
    const peer = hex("21402324255e262a28295f2b3a337c7e");
    const hash = ntPasswordHash("clientPass");
    expect(toHex(challengeHash(peer, authenticator, "User"))).toBe("d02e4386bce91226");
    expect(toHex(hash)).toBe("44ebba8d5312b8d611474411f56989ae");
    const response = ntResponse(authenticator, peer, "User", hash);
    expect(toHex(response)).toBe("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
    expect(authenticatorResponse(hash, response, peer, authenticator, "User")).toBe(
      "S=407A5589115FD0D6209F510FE9C04566932CDA56",
    );
  });
});

describe("signatures", () => {
  const secret = Buffer.from("secret");
  const place = attribute("Message-Authenticator", new Uint8Array(16));

  function packet(code: number, ...attributes: RadiusAttribute[]): Uint8Array {
    const body = attributes.flatMap(({ type, value }) => [type, value.length + 2, ...value]);
    return Uint8Array.from([code, 1, 0, 20 + body.length, ...new Uint8Array(16), ...body]);
  }

  it("of requests and answers hold until one bit changes", () => {
    const request = packet(CODE.coaRequest, place, attribute("User-Name", "ann"));
    signRequest(request, secret);
    const answer = packet(CODE.accessAccept, attribute("Reply-Message", "x"), place);
    signAnswer(answer, request.subarray(4, 20), secret);
    expect(checkRequest(request, secret)).toBe("good");
    expect(checkAnswer(answer, request.subarray(4, 20), secret, true)).toBe("good");
    for (let bit = 0; bit < request.length * 8; bit++) {
      const changed = Uint8Array.from(request);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(checkRequest(changed, secret)).not.toBe("good");
    }
  });

  it("of the packet alone are not enough where a Message-Authenticator is there and wrong", () => {
    // What CVE-2024-3596 makes: the Response Authenticator is right, the other one cannot be.
    for (const wrong of [new Uint8Array(16), new Uint8Array(15), new Uint8Array(0)]) {
      const forged = packet(CODE.accessAccept, { type: 80, value: wrong });
      const none = new Uint8Array(16);
      forged.set(md5(forged.subarray(0, 4), none, forged.subarray(20), secret), 4);
      expect(checkAnswer(forged, none, secret, false)).toBe("message-authenticator");
    }
  });
});

describe("UAM", () => {
  const sent = hex("0123456789abcdef0123456789abcdef");
  const challenge = uamChallenge(sent, "uamsecret");

  it("has the challenge with the secret in it", () => {
    expect(toHex(challenge)).toBe("90d173fa87d61bef7cab3dd3281c29fb");
    expect(uamChallenge(sent, null)).toBe(sent);
    expect(uamChallenge(sent, "")).toBe(sent);
  });

  it("takes a CHAP response, with and without secret and identifier", () => {
    const cases: [string, string | undefined, Uint8Array][] = [
      ["4e2ee171bfe346b10970841458ff849d", undefined, sent],
      ["5f43d83c2eb74b36bf0668003da0be48", "", challenge],
      ["143de0a52177f12f3933420cacf7b718", "7", challenge],
    ];
    for (const [response, ident, used] of cases) {
      const credentials = uamCredentials({ response, ident, password: "00" }, used);
      if (credentials?.kind !== "chap") throw new Error("no CHAP");
      expect(chapMatches(credentials, "geheim")).toBe(true);
      expect(chapMatches(credentials, "geheiM")).toBe(false);
      expect(chapMatches({ ...credentials, challenge: uamChallenge(used, "x") }, "geheim")).toBe(false);
    }
  });

  it("takes a hidden password", () => {
    const long = "f1f1039bf4a56c800ecf1dbc4e3c4494e2b4538eefb775cf0fc245a74d7947dbffb2079ff3a5";
    expect(uamCredentials({ password: long }, challenge)).toEqual({
      kind: "password",
      password: "a password of more than sixteen octets",
    });
    expect(uamCredentials({ password: "f7b41b9feebb1bef7cab3dd3281c29fb" }, challenge)).toEqual({
      kind: "password",
      password: "geheim",
    });
    expect(toHex(uamXor(Buffer.from("a password of more than sixteen octets"), challenge))).toBe(long);
    expect(uamCredentials({ password: "geheim" }, null)).toEqual({ kind: "password", password: "geheim" });
  });

  it("takes an NT-Response, CoovaChilli's with one challenge for both", () => {
    const response = toHex(ntResponse(challenge, challenge, "ann", ntPasswordHash("geheim")));
    const credentials = uamCredentials({ ntresponse: response, response: "00", password: "00" }, challenge);
    if (credentials?.kind !== "mschapv2") throw new Error("no MS-CHAPv2");
    expect(ntResponseMatches(credentials, "ann", "geheim")).toBe(true);
    expect(ntResponseMatches(credentials, "bob", "geheim")).toBe(false);
  });

  it("refuses what is none", () => {
    for (const response of [
      "",
      "0",
      "zz".repeat(16),
      "00".repeat(15),
      "00".repeat(17),
      "0".repeat(31),
      " ".repeat(32),
    ]) {
      expect(uamCredentials({ response }, challenge)).toBeNull();
    }
    for (const ident of ["256", "-1", "1.5", "x", "1e400"]) {
      expect(uamCredentials({ response: "00".repeat(16), ident }, challenge)).toBeNull();
    }
    expect(uamCredentials({ password: "00".repeat(129) }, challenge)).toBeNull();
    expect(uamCredentials({ password: "x".repeat(129) }, null)).toBeNull();
    expect(uamCredentials({ response: "00".repeat(16) }, null)).toBeNull();
    expect(uamCredentials({}, challenge)).toBeNull();
    expect(readHex("00FFff", 3)).toEqual(Uint8Array.of(0, 255, 255));
  });

  it("signs a redirect", () => {
    expect(uamUrlChecksum("http://login.example/?res=notyet&uamip=192.0.2.1", "uamsecret")).toBe(
      "FE7BA2BB59A5A119FC386F719A6448C1",
    );
  });
});

describe("limits", () => {
  const limits = (...attributes: RadiusAttribute[]) => readLimits(new AttributeSet(attributes), false);

  it("are read, ChilliSpot's bandwidth before WISPr's, gigawords with octets", () => {
    expect(
      limits(
        attribute("Session-Timeout", 3600),
        attribute("Idle-Timeout", 600),
        attribute("Acct-Interim-Interval", 60),
        attribute("WISPr-Bandwidth-Max-Up", 64_000),
        attribute("WISPr-Bandwidth-Max-Down", 128_000),
        attribute("ChilliSpot-Bandwidth-Max-Down", 512),
        attribute("ChilliSpot-Max-Input-Octets", 1),
        attribute("ChilliSpot-Max-Input-Gigawords", 2),
        attribute("ChilliSpot-Max-Output-Octets", 3),
        attribute("ChilliSpot-Max-Total-Gigawords", 1),
        attribute("WISPr-Session-Terminate-Time", "2026-11-24T18:00:00+01:00"),
      ),
    ).toEqual({
      session: 3600,
      idle: 600,
      interim: 60,
      rateUp: 64_000,
      rateDown: 512_000,
      octetsInput: 2 * 2 ** 32 + 1,
      octetsOutput: 3,
      octetsTotal: 2 ** 32,
      until: Date.UTC(2026, 10, 24, 17),
    });
  });

  it("of nothing, zero, wrong length and too short an interval say nothing", () => {
    expect(limits()).toEqual({});
    expect(
      limits(
        attribute("Session-Timeout", 0),
        attribute("ChilliSpot-Max-Total-Octets", 0),
        attribute("Acct-Interim-Interval", 59),
        { type: ATTRIBUTES["Idle-Timeout"].type, value: Uint8Array.of(1, 2, 3) },
        attribute("WISPr-Session-Terminate-Time", "tomorrow"),
      ),
    ).toEqual({});
    const huge = limits(attribute("ChilliSpot-Max-Total-Gigawords", 0xffff_ffff));
    expect(huge.octetsTotal).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("are seen from the other side where octets are swapped", () => {
    const set = new AttributeSet([attribute("ChilliSpot-Max-Input-Octets", 1)]);
    expect(readLimits(set, true)).toEqual({ octetsOutput: 1 });
  });

  it("have WISPr's time with a zone, without colon in it, with Z, or local", () => {
    expect(readWisprTime("2026-11-24T18:00:00-0230")).toBe(Date.UTC(2026, 10, 24, 20, 30));
    expect(readWisprTime("2026-11-24T18:00:00Z")).toBe(Date.UTC(2026, 10, 24, 18));
    expect(readWisprTime("2026-11-24T18:00:00 +01:00")).toBe(Date.UTC(2026, 10, 24, 17));
    expect(readWisprTime("2026-11-24T18:00:00")).toBe(new Date(2026, 10, 24, 18).getTime());
    for (const wrong of ["", "2026-13-01T00:00:00Z", "2026-11-24 18:00:00", "2026-11-24T18:60:00", "x".repeat(5_000)]) {
      expect(readWisprTime(wrong)).toBeNull();
    }
  });
});

describe("answers", () => {
  const answer = (code: number, ...attributes: RadiusAttribute[]) =>
    readAnswerOf({ code, identifier: 0, authenticator: new Uint8Array(16), attributes }, false, 1_000_000);

  it("accept with everything the portal acts on", () => {
    expect(
      answer(
        CODE.accessAccept,
        attribute("User-Name", "ann@example"),
        attribute("Class", Uint8Array.of(0, 1)),
        attribute("Class", Uint8Array.of(2)),
        attribute("Reply-Message", "Welcome"),
        attribute("Reply-Message", "back\u0007\u001b[2J"),
        attribute("WISPr-Redirection-URL", "https://example.org/"),
        attribute("WISPr-Redirection-URL", "a?b=c"),
        attribute("Filter-Id", "staff"),
        { type: 81, value: Uint8Array.of(1, 52, 50) },
        attribute("Session-Timeout", 5),
      ),
    ).toEqual({
      kind: "accept",
      limits: { session: 5 },
      user: "ann@example",
      classes: [Uint8Array.of(0, 1), Uint8Array.of(2)],
      message: "Welcome\nback[2J",
      redirect: "https://example.org/a?b=c",
      filter: "staff",
      vlan: "42",
    });
  });

  it("send whom they reject somewhere, and a device that is known to the page", () => {
    const url = attribute("WISPr-Redirection-URL", "https://pay.example.org/");
    expect(answer(CODE.accessReject, url)).toEqual({
      kind: "reject",
      message: "",
      redirect: "https://pay.example.org/",
    });
    for (const word of ["require-uam-auth", "splash"])
      expect(answer(CODE.accessAccept, attribute("ChilliSpot-Config", word))).toMatchObject({ mustAsk: true });
    expect(answer(CODE.accessAccept, attribute("ChilliSpot-Config", "allow-openidauth"))).not.toHaveProperty("mustAsk");
  });

  it("send nobody to a script, and let nobody in whose time is over", () => {
    const script = answer(CODE.accessAccept, attribute("WISPr-Redirection-URL", "javascript:alert(1)"));
    expect(script).toMatchObject({ kind: "accept", redirect: null });
    const over = attribute("WISPr-Session-Terminate-Time", "1970-01-01T00:00:01Z");
    expect(answer(CODE.accessAccept, over)).toEqual({ kind: "reject", message: "" });
  });

  it("challenge with State, or not at all", () => {
    expect(
      answer(CODE.accessChallenge, attribute("State", Uint8Array.of(9)), attribute("Reply-Message", "PIN?")),
    ).toEqual({ kind: "challenge", message: "PIN?", state: Uint8Array.of(9), echo: false, patience: null });
    expect(
      answer(
        CODE.accessChallenge,
        attribute("State", Uint8Array.of(9)),
        attribute("Prompt", 1),
        attribute("Session-Timeout", 60),
      ),
    ).toMatchObject({ echo: true, patience: 60 });
    expect(answer(CODE.accessChallenge)).toEqual({ kind: "reject", message: "" });
  });

  it("reject in the words of MS-CHAP-Error where there are no others", () => {
    const error = Uint8Array.of(0, ...Buffer.from("E=691 R=1 C=00 V=3 M=Authentication failed"));
    expect(answer(CODE.accessReject, attribute("MS-CHAP-Error", error))).toEqual({
      kind: "reject",
      message: "Authentication failed",
    });
  });
});

describe("accounting", () => {
  const set = (record: AccountingRecord, nas: NasFacts = NAS) =>
    new AttributeSet(accountingAttributes(record, nas, record.at + 12_345));

  it("names the kind of port, and a device as chilli does with macsuffix", () => {
    expect(set(RECORD).integer("NAS-Port-Type")).toBe(19);
    expect(set(RECORD, { ...NAS, nasPortType: 15 }).integer("NAS-Port-Type")).toBe(15);
    const { user, credentials } = macLogin(REQUEST.station.mac, { macPassword: null, macSuffix: "@pier" });
    expect([user, credentials]).toEqual([
      "02-00-00-00-00-01@pier",
      { kind: "password", password: "02-00-00-00-00-01@pier" },
    ]);
  });

  it("counts as the gateway sees it, or swapped", () => {
    const names = ["Acct-Input-Octets", "Acct-Input-Gigawords", "Acct-Input-Packets"] as const;
    const other = ["Acct-Output-Octets", "Acct-Output-Gigawords", "Acct-Output-Packets"] as const;
    const [plain, swapped] = [set(RECORD), set(RECORD, { ...NAS, swapOctets: true })];
    expect(names.map((name) => plain.integer(name))).toEqual([6, 5, 8]);
    expect(other.map((name) => plain.integer(name))).toEqual([7, 0, 9]);
    expect(other.map((name) => swapped.integer(name))).toEqual([6, 5, 8]);
    expect(names.map((name) => swapped.integer(name))).toEqual([7, 0, 9]);
  });

  it("tells when it happened and how long ago", () => {
    expect([set(RECORD).integer("Event-Timestamp"), set(RECORD).integer("Acct-Delay-Time")]).toEqual([
      1_700_000_000, 12,
    ]);
    const ahead = new AttributeSet(accountingAttributes(RECORD, NAS, RECORD.at - 5_000));
    expect(ahead.integer("Acct-Delay-Time")).toBe(0);
  });

  it("has only what belongs to its kind", () => {
    const start = set({ ...RECORD, kind: "Start", cause: null });
    expect(start.has("Acct-Input-Octets") || start.has("Acct-Terminate-Cause")).toBe(false);
    const on = set({ ...RECORD, kind: "Accounting-On", cause: null });
    expect(on.has("User-Name") || on.has("Framed-IP-Address") || on.has("Calling-Station-Id")).toBe(false);
    expect([on.integer("Acct-Status-Type"), on.text("Acct-Session-Id")]).toEqual([7, "s1"]);
    expect(start.integer("Acct-Authentic")).toBe(1);
  });
});

describe("the dictionary's uses", () => {
  const letters = (letter: string): AttributeName[] =>
    (Object.entries(ATTRIBUTES) as [AttributeName, AttributeKind][])
      .filter(([, { use }]) => use.includes(letter))
      .map(([name]) => name)
      .sort();
  const names = (lists: readonly (readonly RadiusAttribute[])[]): (AttributeName | null)[] =>
    [...new Set(lists.flatMap((list) => new AttributeSet(list).names()))].sort();
  const other = { ...NAS, nasAddress: "2001:db8::1" };

  it("A is what Access-Requests have", () => {
    const secret = Buffer.from("x");
    const made = (["pap", "chap", "mschapv2"] as const).map(
      (protocol) => credentialAttributes(REQUEST, protocol, secret, new Uint8Array(16)).attributes,
    );
    const lists = [accessAttributes({ ...REQUEST, state: Uint8Array.of(1) }, NAS), accessAttributes(REQUEST, other)];
    // The client puts it before these.
    const first = [attribute("Message-Authenticator", new Uint8Array(16))];
    expect(names([first, ...lists, ...made])).toEqual(letters("A"));
  });

  it("C is what Accounting-Requests have", () => {
    expect(names([accountingAttributes(RECORD, NAS, 0), accountingAttributes(RECORD, other, 0)])).toEqual(letters("C"));
  });

  it("D and d are what CoA- and Disconnect-Requests may have", () => {
    const nas = { nasIdentifier: "n", nasAddress: null, swapOctets: false };
    const samples = (Object.entries(ATTRIBUTES) as [AttributeName, AttributeKind][]).map(([name, { format }]) => {
      const value = name === "Calling-Station-Id" ? "020000000001" : name === "NAS-Identifier" ? "n" : "7";
      const octets: Record<string, Uint8Array | string | number> = {
        octets: Uint8Array.of(1),
        integer: 100,
        time: 100,
      };
      const made = format === "ipv4" ? "192.0.2.5" : format === "ipv6" ? "2001:db8::5" : (octets[format] ?? value);
      return [name, attribute(name, made as never)] as const;
    });
    const accepted = (code: number): AttributeName[] =>
      samples
        .filter(([, sample]) => {
          const read = readDynamicRequest(code, new AttributeSet([sample]), nas);
          return read.kind === "request" || read.errorCause !== ERROR_CAUSE.unsupportedAttribute;
        })
        .map(([name]) => name)
        .sort();
    expect(accepted(CODE.coaRequest)).toEqual(letters("D"));
    expect(accepted(CODE.disconnectRequest)).toEqual(letters("d"));
  });
});

describe("CoA and Disconnect", () => {
  const nas = { nasIdentifier: "campsite", nasAddress: "192.0.2.1", swapOctets: false };
  const read = (code: number, ...attributes: RadiusAttribute[]) =>
    readDynamicRequest(code, new AttributeSet(attributes), nas);

  it("find the session by everything that is given", () => {
    expect(
      read(
        CODE.disconnectRequest,
        attribute("Acct-Session-Id", "s1"),
        attribute("User-Name", "ann"),
        attribute("Calling-Station-Id", "02-00-00-00-00-0A"),
        attribute("Framed-IP-Address", "192.0.2.5"),
        attribute("NAS-Port", 7),
        attribute("NAS-Port-Id", "00000007"),
        attribute("NAS-IP-Address", "192.0.2.1"),
        attribute("NAS-Identifier", "campsite"),
        attribute("Acct-Terminate-Cause", 6),
      ),
    ).toEqual({
      kind: "request",
      request: {
        kind: "disconnect",
        selector: { sessionId: "s1", user: "ann", mac: "02:00:00:00:00:0a", address: "192.0.2.5", number: 7 },
      },
    });
  });

  it("refuse with the cause of RFC 5176, 3.5", () => {
    const session = attribute("Acct-Session-Id", "s1");
    const { coaRequest, disconnectRequest } = CODE;
    const cases: [number, RadiusAttribute[], keyof typeof ERROR_CAUSE][] = [
      [disconnectRequest, [], "missingAttribute"],
      [coaRequest, [session], "missingAttribute"],
      [coaRequest, [session, attribute("Session-Timeout", 0)], "invalidAttributeValue"],
      [coaRequest, [session, attribute("Acct-Interim-Interval", 10)], "invalidAttributeValue"],
      [coaRequest, [session, { type: 27, value: Uint8Array.of(1) }], "invalidAttributeValue"],
      [coaRequest, [session, attribute("Filter-Id", "x")], "unsupportedAttribute"],
      [coaRequest, [session, { type: 26, value: Uint8Array.of(1) }], "unsupportedAttribute"],
      [coaRequest, [session, { type: 250, value: Uint8Array.of(1) }], "unsupportedAttribute"],
      [disconnectRequest, [session, attribute("Session-Timeout", 1)], "unsupportedAttribute"],
      [coaRequest, [session, attribute("Service-Type", 17)], "unsupportedService"],
      [disconnectRequest, [session, attribute("NAS-Identifier", "other")], "nasIdentificationMismatch"],
      [disconnectRequest, [session, attribute("NAS-IP-Address", "192.0.2.2")], "nasIdentificationMismatch"],
      [disconnectRequest, [attribute("Calling-Station-Id", "nobody")], "invalidAttributeValue"],
      [disconnectRequest, [attribute("NAS-Port-Id", "eth0")], "invalidAttributeValue"],
      [disconnectRequest, [attribute("NAS-Port", 1), attribute("NAS-Port-Id", "2")], "invalidAttributeValue"],
      [disconnectRequest, [{ type: 8, value: new Uint8Array(3) }], "invalidAttributeValue"],
    ];
    for (const [code, attributes, cause] of cases) {
      expect(read(code, ...attributes)).toEqual({ kind: "refused", errorCause: ERROR_CAUSE[cause] });
    }
  });

  it("know a MAC address however it is written", () => {
    for (const text of ["02:00:00:00:00:0A", "02-00-00-00-00-0a", "0200.0000.000a", "02000000000A"]) {
      expect(readMac(text)).toBe("02:00:00:00:00:0a");
    }
    expect(readMac("02:00:00:00:00")).toBeNull();
  });
});
