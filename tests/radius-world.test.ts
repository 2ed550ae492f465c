/** The RADIUS part with the real programs: FreeRADIUS as server, radclient as the one that sends CoA and Disconnect. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "@pierhead/core";
import {
  type AccessRequest,
  type AccountingRecord,
  chapResponse,
  createAccountingSender,
  createDynamicServer,
  createRadiusClient,
  type DynamicAnswer,
  type DynamicRequest,
  macLogin,
  type RadiusClient,
  uamChallenge,
  uamCredentials,
} from "@pierhead/gateway/radius";
import type { PendingAccounting } from "@pierhead/gateway/store";
import type { RadiusConfig } from "@pierhead/lang/portal-conf";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ntPasswordHash, ntResponse } from "../packages/gateway/src/radius/mschap.ts";
import { type FreeRadius, freeRadiusMissing, makeCertificates, startFreeRadius } from "./support/freeradius.ts";

const missing = freeRadiusMissing();
if (missing !== null && process.env["CI"] === "true" && process.getuid?.() === 0) throw new Error(missing);
if (missing !== null) process.stderr.write(`tests with FreeRADIUS skipped: ${missing}\n`);

const SECRET = "a secret of the test";
const USERS = `
ann Cleartext-Password := "p\u00e4ss word"
	User-Name = "ann@example.org",
	Reply-Message = "Welcome",
	Class = 0x00ff01,
	Class += 0x02,
	Session-Timeout = 3600,
	Idle-Timeout = 600,
	Acct-Interim-Interval = 300,
	WISPr-Bandwidth-Max-Up = 256000,
	WISPr-Bandwidth-Max-Down = 1024000,
	WISPr-Redirection-URL = "https://example.org/welcome",
	WISPr-Session-Terminate-Time = "2099-01-01T00:00:00+00:00",
	ChilliSpot-Bandwidth-Max-Up = 512,
	ChilliSpot-Max-Input-Octets = 1000000,
	ChilliSpot-Max-Total-Octets = 5,
	Attr-26.14559.23 = 0x00000002,
	Filter-Id = "guests",
	Tunnel-Private-Group-Id:0 = "42"

02-00-00-00-00-01 Cleartext-Password := "02-00-00-00-00-01", Service-Type == Framed-User

otp

DEFAULT Auth-Type := Reject
	Reply-Message = "Nobody by that name"
`;

const STATION = {
  mac: "02:00:00:00:00:01",
  addresses: ["192.0.2.5", "2001:db8::5", "2001:db8::aaaa"],
  sessionId: "0123456789abcdef",
  number: 7,
};
const RECORD: AccountingRecord = {
  kind: "Stop",
  user: "ann@example.org",
  station: STATION,
  classes: [Uint8Array.of(0, 255, 1), Uint8Array.of(2)],
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 600),
  sessionTime: 3_599.9,
  inputOctets: 3n * 2n ** 32n + 123n,
  outputOctets: 2n ** 32n - 1n,
  inputPackets: 11n,
  outputPackets: 22n,
  cause: "Session-Timeout",
};

const cleaning: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleaning.splice(0).reverse()) await clean();
});

type Tls = RadiusConfig["servers"][number]["tls"];

function client(
  servers: readonly FreeRadius[],
  settings: Partial<RadiusConfig> & { tls?: Tls; secret?: string } = {},
  clock?: () => number,
): RadiusClient {
  const { tls = null, secret = SECRET, ...rest } = settings;
  const config: RadiusConfig = {
    servers: servers.map(({ ports }) => ({
      host: "127.0.0.1",
      authenticationPort: ports.authentication,
      accountingPort: ports.accounting,
      secret: new Secret(secret),
      tls,
    })),
    timeout: 5,
    attempts: 3,
    deadTime: 60,
    nasIdentifier: "campsite",
    nasAddress: "192.0.2.1",
    calledStation: "02-00-00-00-00-FE",
    protocol: "pap",
    swapOctets: false,
    interim: null,
    macPassword: null,
    dynamic: null,
    ...rest,
  };
  const made = createRadiusClient(config, clock === undefined ? {} : { clock });
  cleaning.push(() => made.close());
  return made;
}

function login(password: string, user = "ann"): AccessRequest {
  return { user, credentials: { kind: "password", password }, station: STATION, service: "login" };
}

describe.skipIf(missing !== null)("FreeRADIUS", () => {
  let radius: FreeRadius;
  let certificates: string;
  beforeAll(async () => {
    certificates = makeCertificates();
    radius = await startFreeRadius({ secret: SECRET, users: USERS, certificates, code: "271828" });
  });
  afterAll(async () => {
    await radius?.stop();
    if (certificates !== undefined) rmSync(certificates, { recursive: true, force: true });
  });

  it("asks for a code besides the password, and takes it with the State it gave", async () => {
    const asking = client([radius]);
    expect(await asking.authenticate(login("wrong", "otp"))).toMatchObject({ kind: "reject" });
    for (const [code, kind] of [
      ["314159", "reject"],
      ["271828", "accept"],
    ] as const) {
      const asked = await asking.authenticate(login("hello", "otp"));
      expect(asked).toMatchObject({
        kind: "challenge",
        message: "Which code did we send to you?",
        echo: true,
        patience: 120,
      });
      if (asked.kind !== "challenge") return;
      expect(await asking.authenticate({ ...login(code, "otp"), state: asked.state })).toMatchObject({ kind });
      // The server has forgotten its question: State is good once.
      expect(await asking.authenticate({ ...login(code, "otp"), state: asked.state })).not.toMatchObject({
        kind: "accept",
      });
    }
  });

  it.each(["pap", "chap", "mschapv2"] as const)("lets people in and keeps others out by %s", async (protocol) => {
    const asking = client([radius], { protocol });
    expect(await asking.authenticate(login("p\u00e4ss word"))).toEqual({
      kind: "accept",
      limits: {
        session: 3600,
        idle: 600,
        interim: 300,
        rateUp: 512_000,
        rateDown: 1_024_000,
        octetsInput: 1_000_000,
        octetsTotal: 2 * 2 ** 32 + 5,
        until: Date.UTC(2099, 0, 1),
      },
      user: "ann@example.org",
      classes: [Uint8Array.of(0, 255, 1), Uint8Array.of(2)],
      message: "Welcome",
      redirect: "https://example.org/welcome",
      filter: "guests",
      vlan: "42",
    });
    expect(await asking.authenticate(login("pass word"))).toMatchObject({ kind: "reject" });
    expect(await asking.authenticate(login("x", "bob"))).toEqual({ kind: "reject", message: "Nobody by that name" });
    expect(asking.status()[0]).toMatchObject({ alive: true, requests: 3, timeouts: 0, discarded: 0 });
  });

  it("takes what a login page made of a password, and a device by its MAC address", async () => {
    const asking = client([radius], { protocol: "mschapv2" });
    const challenge = uamChallenge(new Uint8Array(16).fill(5), "uamsecret");
    const response = Buffer.from(chapResponse(0, "p\u00e4ss word", challenge)).toString("hex");
    const ntresponse = Buffer.from(ntResponse(challenge, challenge, "ann", ntPasswordHash("p\u00e4ss word"))).toString(
      "hex",
    );
    for (const parameters of [{ response }, { ntresponse }]) {
      const credentials = uamCredentials(parameters, challenge);
      if (credentials === null) throw new Error("no credentials");
      expect(await asking.authenticate({ ...login(""), credentials })).toMatchObject({ kind: "accept" });
      const other = { ...credentials, challenge: uamChallenge(challenge, "x") };
      expect(await asking.authenticate({ ...login(""), credentials: other })).toMatchObject({ kind: "reject" });
    }
    const mac = macLogin(STATION.mac, { macPassword: null });
    expect(await asking.authenticate({ ...mac, station: STATION })).toMatchObject({ kind: "accept" });
    expect(await asking.authenticate({ ...mac, station: STATION, service: "login" })).toMatchObject({ kind: "reject" });
    const other = macLogin(STATION.mac, { macPassword: new Secret("shared") });
    expect(await asking.authenticate({ ...other, station: STATION })).toMatchObject({ kind: "reject" });
  });

  it("writes down an accounting record as it was", async () => {
    const before = radius.records().length;
    const asking = client([radius]);
    expect(await asking.account(RECORD)).toBe(true);
    const { Timestamp, "Acct-Delay-Time": delay, ...record } = radius.records()[before] as Record<string, string>;
    expect(record).toEqual({
      "Acct-Status-Type": "Stop",
      "User-Name": "ann@example.org",
      "Acct-Session-Id": "0123456789abcdef",
      "Framed-IP-Address": "192.0.2.5",
      "Framed-IPv6-Address": "2001:db8::5; 2001:db8::aaaa",
      "NAS-Port-Type": "Wireless-802.11",
      "NAS-Port": "7",
      "NAS-Port-Id": "00000007",
      "Calling-Station-Id": "02-00-00-00-00-01",
      "Acct-Authentic": "RADIUS",
      Class: "0x00ff01; 0x02",
      "Called-Station-Id": "02-00-00-00-00-FE",
      "NAS-IP-Address": "192.0.2.1",
      "NAS-Identifier": "campsite",
      "Event-Timestamp": expect.stringMatching(/^Jan {1,2}2 2026 03:04:05 UTC$/),
      "Acct-Session-Time": "3599",
      "Acct-Input-Octets": "123",
      "Acct-Input-Gigawords": "3",
      "Acct-Output-Octets": "4294967295",
      "Acct-Output-Gigawords": "0",
      "Acct-Input-Packets": "11",
      "Acct-Output-Packets": "22",
      "Acct-Terminate-Cause": "Session-Timeout",
    });
    expect(Number(delay) + RECORD.at / 1000).toBeCloseTo(Number(Timestamp), -1);
    for (const kind of ["Accounting-On", "Accounting-Off"] as const) {
      expect(await asking.account({ ...RECORD, kind, cause: null })).toBe(true);
    }
    expect(radius.records().slice(before + 1)).toMatchObject([
      { "Acct-Status-Type": "Accounting-On", "NAS-Identifier": "campsite" },
      { "Acct-Status-Type": "Accounting-Off" },
    ]);
  });

  it("that is held up writes a record once, however often it was sent", async () => {
    const before = radius.records().length;
    const asking = client([radius], { timeout: 0.2, attempts: 50 });
    radius.pause();
    const asked = asking.account(RECORD);
    while ((asking.status()[0]?.timeouts ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve, 20));
    radius.resume();
    expect(await asked).toBe(true);
    await asking.account({ ...RECORD, kind: "Accounting-On" });
    expect(
      radius
        .records()
        .slice(before)
        .map((record) => record["Acct-Status-Type"]),
    ).toEqual(["Stop", "Accounting-On"]);
  });

  it("with another secret answers nothing that is believed", async () => {
    const asking = client([radius], { secret: "guess", timeout: 0.2, attempts: 1 });
    // It does not even look at a request whose Message-Authenticator is wrong.
    expect(await asking.authenticate(login("p\u00e4ss word"))).toMatchObject({ kind: "silence" });
    expect(await asking.account(RECORD)).toBe(false);
  });

  it("that does not sign its answers is not believed", async () => {
    const unsigned = await startFreeRadius({ secret: SECRET, users: USERS, signs: false });
    cleaning.push(() => unsigned.stop());
    const asking = client([unsigned], { timeout: 0.2, attempts: 1 });
    const answer = await asking.authenticate(login("p\u00e4ss word"));
    // From 3.2.5 on it always signs.
    const version = asking.status()[0]?.discarded === 1 ? "silence" : "accept";
    expect(answer.kind).toBe(version);
    if (answer.kind === "silence") expect(answer.reason).toContain("answered without a good Message-Authenticator");
    expect(unsigned.log()).toContain("Login OK");
  });

  it("of two, the second does the work while the first is dead, and the first again when it is back", async () => {
    let time = 0;
    let first = await startFreeRadius({ secret: SECRET, users: USERS });
    cleaning.push(() => first.stop());
    const asking = client([first, radius], {}, () => time);
    const alive = (): boolean[] => asking.status().map((server) => server.alive);
    const ask = async (): Promise<void> => {
      expect(await asking.authenticate(login("p\u00e4ss word"))).toMatchObject({ kind: "accept" });
      expect(await asking.account(RECORD)).toBe(true);
    };
    await ask();
    expect(first.records()).toHaveLength(1);
    await first.kill();
    await ask();
    await ask();
    expect(alive()).toEqual([false, true]);
    first = await startFreeRadius({ secret: SECRET, users: USERS, before: first });
    await ask();
    expect(first.records()).toHaveLength(1);
    time += 60_000;
    await ask();
    expect(alive()).toEqual([true, true]);
    expect(first.records()).toHaveLength(2);
  });

  describe("over TLS", () => {
    const tls = (): NonNullable<Tls> => ({
      port: radius.ports.tls,
      ca: join(certificates, "ca.pem"),
      certificate: join(certificates, "portal.pem"),
      key: join(certificates, "portal.key"),
    });

    it.each(["pap", "mschapv2"] as const)("does everything on one connection (%s)", async (protocol) => {
      const connections = (): number => radius.log().split("adding new socket auth+acct").length;
      const [before, records] = [connections(), radius.records().length];
      // The secret of the configuration is not used.
      const asking = client([radius], { tls: tls(), secret: "none", protocol });
      const answers = await Promise.all(
        Array.from({ length: 300 }, (_, i) => asking.authenticate(login(i % 2 === 0 ? "p\u00e4ss word" : "wrong"))),
      );
      expect(answers.map(({ kind }) => kind)).toEqual(answers.map((_, i) => (i % 2 === 0 ? "accept" : "reject")));
      expect(await asking.account(RECORD)).toBe(true);
      expect(radius.records()).toHaveLength(records + 1);
      expect(connections()).toBe(before + 1);
    });

    it("refuses a server of another authority, and says so", async () => {
      const strange = makeCertificates();
      cleaning.push(() => rmSync(strange, { recursive: true, force: true }));
      const asking = client([radius], { tls: { ...tls(), ca: join(strange, "ca.pem") } });
      const answer = await asking.authenticate(login("p\u00e4ss word"));
      expect(answer).toMatchObject({ kind: "silence", reason: expect.stringContaining("TLS: ") });
      const unreadable = client([radius], { tls: { ...tls(), key: join(strange, "none.key") } });
      expect(await unreadable.authenticate(login("x"))).toEqual({
        kind: "silence",
        reason: "No RADIUS server answered: 127.0.0.1 TLS: ENOENT.",
      });
    });

    it("connects again when the server was away", async () => {
      let own = await startFreeRadius({ secret: SECRET, users: USERS, certificates });
      cleaning.push(() => own.stop());
      const asking = client([own], { tls: { ...tls(), port: own.ports.tls } });
      expect(await asking.authenticate(login("p\u00e4ss word"))).toMatchObject({ kind: "accept" });
      await own.kill();
      expect(await asking.authenticate(login("p\u00e4ss word"))).toMatchObject({ kind: "silence" });
      own = await startFreeRadius({ secret: SECRET, users: USERS, certificates, before: own });
      // The pause after the failed attempt is short, and not over yet.
      let answer = await asking.authenticate(login("p\u00e4ss word"));
      for (let i = 0; i < 100 && answer.kind === "silence"; i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        answer = await asking.authenticate(login("p\u00e4ss word"));
      }
      expect(answer.kind).toBe("accept");
    });
  });

  it("gets every record of the queue in order, though it dies meanwhile and the sender too", async () => {
    let own = await startFreeRadius({ secret: SECRET, users: USERS });
    cleaning.push(() => own.stop());
    const asking = client([own], { timeout: 0.5, attempts: 4 });
    const kinds = ["Start", "Interim-Update", "Stop"] as const;
    let rows: PendingAccounting[] = kinds.flatMap((kind, turn) =>
      Array.from({ length: 100 }, (_, i) => {
        const station = { ...STATION, sessionId: `s${i}` };
        return { sequence: turn * 100 + i, session: `s${i}`, record: { ...RECORD, kind, station } };
      }),
    );
    const store = {
      pendingAccounting: async (_: string, limit: number) => rows.slice(0, limit),
      countPending: async () => rows.length,
      acknowledgeAccounting: async (sequences: readonly number[]) => {
        rows = rows.filter(({ sequence }) => !sequences.includes(sequence));
      },
    };
    const most = 8;
    const make = () => {
      const made = createAccountingSender({ gateway: "g", store, client: asking, most, pause: 20, longestPause: 100 });
      made.start();
      cleaning.push(() => made.stop());
      return made;
    };
    const reach = async (left: number): Promise<void> => {
      while (rows.length > left) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const first = make();
    await reach(250);
    await first.stop();
    const second = make();
    await reach(200);
    await own.kill();
    while (second.status().trouble === null) await new Promise((resolve) => setTimeout(resolve, 5));
    own = await startFreeRadius({ secret: SECRET, users: USERS, before: own });
    await reach(0);
    const heard = own.records().map((record) => `${record["Acct-Session-Id"]} ${record["Acct-Status-Type"]}`);
    const once = [...new Set(heard)];
    expect(once).toHaveLength(300);
    for (let i = 0; i < 100; i++) {
      expect(once.filter((one) => one.startsWith(`s${i} `))).toEqual(kinds.map((kind) => `s${i} ${kind}`));
    }
    // Written and not acknowledged when it was killed: no more than were in flight.
    expect(heard.length - once.length).toBeLessThanOrEqual(most);
  });
});

describe.skipIf(missing !== null)("radclient", () => {
  let folder: string;
  let port: number;
  const asked: DynamicRequest[] = [];
  let answer: DynamicAnswer = { kind: "done" };
  const listed = createDynamicServer(
    {
      dynamic: { port: 0, clients: [{ address: "127.0.0.1", secret: new Secret(SECRET) }] },
      nasIdentifier: "campsite",
      nasAddress: "192.0.2.1",
      swapOctets: false,
    },
    async (request) => {
      asked.push(request);
      return answer;
    },
  );
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), `pierhead-radclient-${process.pid}-`));
    port = await listed.listen();
  });
  afterAll(async () => {
    await listed.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  /** What it prints; it ends with 1 when nobody answers or the answer is a NAK. */
  function radclient(
    kind: "coa" | "disconnect",
    lines: readonly string[],
    secret = SECRET,
    to = port,
  ): Promise<string> {
    const [packet, key] = [join(folder, "packet"), join(folder, "secret")];
    writeFileSync(packet, `${lines.join("\n")}\n`);
    writeFileSync(key, `${secret}\n`, { mode: 0o600 });
    const words = ["-x", "-r", "1", "-t", "1", "-f", packet, "-S", key, `127.0.0.1:${to}`, kind];
    return new Promise((resolve) => {
      execFile("radclient", words, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
  }

  it("changes limits", async () => {
    const lines = [
      'Acct-Session-Id = "0123456789abcdef"',
      'User-Name = "ann"',
      "WISPr-Bandwidth-Max-Down = 2000000",
      "Session-Timeout = 120",
      'NAS-Identifier = "campsite"',
      `Event-Timestamp = ${Math.floor(Date.now() / 1000)}`,
      "Message-Authenticator = 0x00",
    ];
    expect(await radclient("coa", lines)).toContain("Received CoA-ACK");
    expect(asked.splice(0)).toEqual([
      {
        kind: "coa",
        selector: { sessionId: "0123456789abcdef", user: "ann" },
        limits: { session: 120, rateDown: 2_000_000 },
      },
    ]);
  });

  it("ends a session, by its MAC or IPv6 address as well", async () => {
    for (const [line, selector] of [
      ['Calling-Station-Id = "02-00-00-00-00-01"', { mac: "02:00:00:00:00:01" }],
      ["Framed-IPv6-Address = 2001:db8::5", { address: "2001:db8::5" }],
      ["Framed-IP-Address = 192.0.2.5", { address: "192.0.2.5" }],
    ] as const) {
      expect(await radclient("disconnect", [line])).toContain("Received Disconnect-ACK");
      expect(asked.splice(0)).toEqual([{ kind: "disconnect", selector }]);
    }
  });

  it("is told why not", async () => {
    answer = { kind: "refused", errorCause: 503 };
    const unknown = await radclient("disconnect", ['Acct-Session-Id = "x"']);
    expect(unknown).toContain("Received Disconnect-NAK");
    expect(unknown).toContain("Error-Cause = Session-Context-Not-Found");
    expect(asked.splice(0)).toHaveLength(1);
    const other = await radclient("disconnect", ['Acct-Session-Id = "x"', 'NAS-Identifier = "elsewhere"']);
    expect(other).toContain("Error-Cause = NAS-Identification-Mismatch");
    const filter = await radclient("coa", ['Acct-Session-Id = "x"', 'Filter-Id = "y"']);
    expect(filter).toContain("Error-Cause = Unsupported-Attribute");
    expect(asked).toEqual([]);
  });

  it("with another secret, an old time or from elsewhere gets no answer", async () => {
    const elsewhere = createDynamicServer(
      {
        dynamic: { port: 0, clients: [{ address: "192.0.2.9", secret: new Secret(SECRET) }] },
        nasIdentifier: "campsite",
        nasAddress: null,
        swapOctets: false,
      },
      async (request) => {
        asked.push(request);
        return { kind: "done" };
      },
    );
    const other = await elsewhere.listen();
    cleaning.push(() => elsewhere.close());
    const session = 'Acct-Session-Id = "x"';
    expect(await radclient("disconnect", [session], "guess")).toContain("No reply from server");
    const old = `Event-Timestamp = ${Math.floor(Date.now() / 1000) - 1000}`;
    expect(await radclient("disconnect", [session, old])).toContain("No reply from server");
    expect(await radclient("disconnect", [session], SECRET, other)).toContain("No reply from server");
    expect([listed.counts.bad, listed.counts.stale, elsewhere.counts.unknown]).toEqual([1, 1, 1]);
    expect(asked).toEqual([]);
  });
});
