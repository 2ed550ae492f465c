/** The client against servers that lie, lose and die, on real sockets. FreeRADIUS: tests/radius-world.test.ts. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { Secret } from "@pierhead/core";
import type { RadiusConfig } from "@pierhead/lang/portal-conf";
import {
  AttributeSet,
  attribute,
  CODE,
  decodePacket,
  encodePacket,
  type RadiusPacket,
} from "@pierhead/lang/radius-wire";
import { afterEach, describe, expect, it } from "vitest";
import { signAnswer } from "./digest.ts";
import { createRadiusClient } from "./index.ts";
import type { AccessAnswer, AccessRequest, AccountingRecord, RadiusClient } from "./types.ts";

const SECRET = Buffer.from("testing");
const STATION = { mac: "02:00:00:00:00:01", addresses: ["192.0.2.5"], sessionId: "s1", number: 7 };
const REQUEST: AccessRequest = {
  user: "ann",
  credentials: { kind: "password", password: "pw" },
  station: STATION,
  service: "login",
};
const RECORD: AccountingRecord = {
  kind: "Start",
  user: "ann",
  station: STATION,
  classes: [],
  at: Date.now() - 10_000,
  sessionTime: 0,
  inputOctets: 0n,
  outputOctets: 0n,
  inputPackets: 0n,
  outputPackets: 0n,
  cause: null,
};

interface Heard {
  readonly packet: RadiusPacket;
  readonly bytes: Buffer;
  readonly from: RemoteInfo;
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server of one socket for both ports, with whatever behaviour. */
async function server(
  behave: (heard: Heard, send: (bytes: Uint8Array) => void, socket: Socket) => void,
  bound = 0,
): Promise<{ port: number; heard: Heard[]; close: () => Promise<void> }> {
  const socket = createSocket("udp4");
  const heard: Heard[] = [];
  socket.on("message", (bytes, from) => {
    const decoded = decodePacket(bytes);
    if (decoded.kind === "damaged") throw new Error(decoded.reason);
    const one = { packet: decoded.packet, bytes, from };
    heard.push(one);
    behave(one, (answer) => socket.send(answer, from.port, from.address), socket);
  });
  await new Promise<void>((resolve) => socket.bind(bound, "127.0.0.1", resolve));
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await new Promise<void>((resolve) => socket.close(() => resolve()));
    open = false;
  };
  closing.push(close);
  return { port: socket.address().port, heard, close };
}

function answerTo(
  { packet }: Heard,
  code: number,
  options: { secret?: Uint8Array; signed?: boolean } = {},
): Uint8Array {
  const attributes = [attribute("Reply-Message", "hello")];
  if (options.signed !== false) attributes.push(attribute("Message-Authenticator", new Uint8Array(16)));
  const bytes = encodePacket({ code, identifier: packet.identifier, authenticator: packet.authenticator, attributes });
  signAnswer(bytes, packet.authenticator, options.secret ?? SECRET);
  return bytes;
}

function client(ports: readonly number[], settings: Partial<RadiusConfig> = {}, clock?: () => number): RadiusClient {
  const config: RadiusConfig = {
    servers: ports.map((port) => ({
      host: "127.0.0.1",
      authenticationPort: port,
      accountingPort: port,
      secret: new Secret(SECRET.toString()),
      tls: null,
    })),
    timeout: 5,
    attempts: 3,
    deadTime: 60,
    nasIdentifier: "nas",
    nasAddress: null,
    calledStation: null,
    protocol: "pap",
    swapOctets: false,
    interim: null,
    macPassword: null,
    dynamic: null,
    ...settings,
  };
  const made = createRadiusClient(config, clock === undefined ? {} : { clock });
  closing.push(() => made.close());
  return made;
}

describe("requests", () => {
  it("begin with the Message-Authenticator", async () => {
    const { port, heard } = await server((one, send) => send(answerTo(one, CODE.accessAccept)));
    expect(await client([port]).authenticate(REQUEST)).toMatchObject({ kind: "accept", message: "hello" });
    expect(heard[0]?.packet.attributes[0]?.type).toBe(80);
    expect(new AttributeSet(heard[0]?.packet.attributes ?? []).octets("User-Password")).toHaveLength(16);
  });

  it("are sent again octet by octet from the same port, accounting too", async () => {
    let count = 0;
    const { port, heard } = await server((one, send) => {
      const code = one.packet.code === CODE.accessRequest ? CODE.accessReject : CODE.accountingResponse;
      if (++count > 2) send(answerTo(one, code));
    });
    const radius = client([port], { timeout: 0.1, attempts: 50 });
    expect(await radius.authenticate(REQUEST)).toEqual({ kind: "reject", message: "hello" });
    const access = heard.splice(0);
    count = 0;
    expect(await radius.account(RECORD)).toBe(true);
    for (const [first, ...again] of [access, heard]) {
      expect(again.length).toBeGreaterThanOrEqual(2);
      for (const one of again) {
        expect(one.bytes.equals(first?.bytes as Buffer)).toBe(true);
        expect(one.from.port).toBe(first?.from.port);
      }
    }
    // A later call is another request under another identifier.
    const identifier = heard.splice(0)[0]?.packet.identifier;
    expect(await radius.account(RECORD)).toBe(true);
    // The last: one of the call before may have been on its way.
    expect(heard.at(-1)?.packet.identifier).not.toBe(identifier);
  });

  it("never go out for names and passwords no packet can hold", async () => {
    const { port, heard } = await server(() => {});
    const radius = client([port]);
    const reject = { kind: "reject", message: "" };
    expect(await radius.authenticate({ ...REQUEST, user: "é".repeat(127) })).toEqual(reject);
    expect(await radius.authenticate({ ...REQUEST, user: "" })).toEqual(reject);
    const long = { kind: "password", password: "x".repeat(129) } as const;
    expect(await radius.authenticate({ ...REQUEST, credentials: long })).toEqual(reject);
    const short = { kind: "chap", identifier: 0, response: new Uint8Array(15), challenge: new Uint8Array(16) } as const;
    expect(await radius.authenticate({ ...REQUEST, credentials: short })).toEqual(reject);
    expect(heard).toHaveLength(0);
  });

  it("of a thousand at the same time have identifiers of their own on several sockets", async () => {
    const replies: (() => void)[] = [];
    const { port, heard } = await server((one, send) => {
      replies.push(() => send(answerTo(one, CODE.accessAccept)));
    });
    const radius = client([port], { timeout: 60 });
    const asked: Promise<AccessAnswer>[] = [];
    let answered = 0;
    // All sockets are this process's, and their buffers do not take a thousand: fifty are on the way at a time.
    for (let i = 1; i <= 1_000; i++) {
      asked.push(
        radius.authenticate(REQUEST).finally(() => {
          answered++;
        }),
      );
      if (i % 50 === 0) while (heard.length < i) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (const [index, reply] of replies.entries()) {
      reply();
      if (index % 50 === 49) while (answered <= index) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const answers = await Promise.all(asked);
    expect(answers.every(({ kind }) => kind === "accept")).toBe(true);
    expect(new Set(heard.map(({ from, packet }) => `${from.port}/${packet.identifier}`)).size).toBe(1_000);
    expect(new Set(heard.map(({ from }) => from.port)).size).toBe(4);
    expect(new Set(heard.map(({ packet }) => Buffer.from(packet.authenticator).toString("hex"))).size).toBe(1_000);
  });
});

describe("answers are thrown away", () => {
  const liars: [string, (one: Heard) => Uint8Array][] = [
    ["with another secret", (one) => answerTo(one, CODE.accessAccept, { secret: Buffer.from("guess") })],
    ["without Message-Authenticator", (one) => answerTo(one, CODE.accessAccept, { signed: false })],
    ["with a code that answers something else", (one) => answerTo(one, CODE.accountingResponse)],
    [
      "under another identifier",
      (one) => {
        const bytes = answerTo(one, CODE.accessAccept);
        bytes[1] = ((bytes[1] as number) + 1) & 255;
        return bytes;
      },
    ],
    ["that are cut off", (one) => answerTo(one, CODE.accessAccept).subarray(0, 30)],
    ["that are nothing", () => new Uint8Array(0)],
  ];

  it.each(liars)("%s, and the right one after it counts", async (_, lie) => {
    const { port } = await server((one, send) => {
      send(lie(one));
      send(answerTo(one, CODE.accessReject));
    });
    const radius = client([port]);
    expect(await radius.authenticate(REQUEST)).toEqual({ kind: "reject", message: "hello" });
    expect(radius.status()[0]).toMatchObject({ discarded: 1, timeouts: 0, alive: true });
  });

  it("and the reason says what to mend", async () => {
    const wrong = await server((one, send) => send(answerTo(one, CODE.accessAccept, { secret: Buffer.from("guess") })));
    const old = await server((one, send) => send(answerTo(one, CODE.accessAccept, { signed: false })));
    expect(await client([wrong.port, old.port], { timeout: 1, attempts: 1 }).authenticate(REQUEST)).toEqual({
      kind: "silence",
      reason:
        "No RADIUS server answered: 127.0.0.1 answered, but not with this shared secret, " +
        "127.0.0.1 answered without a good Message-Authenticator.",
    });
  });

  it("from another address or port", async () => {
    const other = createSocket("udp4");
    closing.push(() => other.close());
    const { port } = await server((one) => {
      other.send(answerTo(one, CODE.accessAccept), one.from.port, one.from.address);
    });
    const answer = await client([port], { timeout: 0.1 }).authenticate(REQUEST);
    expect(answer).toEqual({ kind: "silence", reason: "No RADIUS server answered: 127.0.0.1 timed out." });
  });

  it("of a server that accepts MS-CHAPv2 without knowing the password", async () => {
    const { port } = await server((one, send) => send(answerTo(one, CODE.accessAccept)));
    const answer = await client([port], { protocol: "mschapv2" }).authenticate(REQUEST);
    expect(answer).toMatchObject({ kind: "silence", reason: expect.stringContaining("MS-CHAPv2") });
  });
});

describe("several servers", () => {
  it("are asked in order; a dead one is left alone, tried once after its time, and preferred again", async () => {
    const live = (one: Heard, send: (bytes: Uint8Array) => void): void => send(answerTo(one, CODE.accessAccept));
    let answering = true;
    const first = await server((one, send) => (answering ? live(one, send) : undefined));
    const second = await server(live);
    let time = 0;
    const radius = client([first.port, second.port], { timeout: 0.3 }, () => time);
    // Requests, however often each was sent.
    const requests = (): number[] =>
      [first, second].map(({ heard }) => new Set(heard.map(({ bytes }) => bytes.toString("hex"))).size);
    const ask = async (): Promise<void> => {
      expect(await radius.authenticate(REQUEST)).toMatchObject({ kind: "accept" });
    };
    await ask();
    expect(requests()).toEqual([1, 0]);
    answering = false;
    const before = first.heard.length;
    await ask();
    expect(first.heard.length - before).toBe(3);
    expect(requests()).toEqual([2, 1]);
    expect(radius.status().map(({ alive }) => alive)).toEqual([false, true]);
    time += 59_999;
    await ask();
    expect(requests()).toEqual([2, 2]);
    time += 1;
    // One of many finds out, with one packet.
    const dead = first.heard.length;
    await Promise.all(Array.from({ length: 10 }, ask));
    expect(requests()).toEqual([3, 12]);
    expect(first.heard.length - dead).toBe(1);
    answering = true;
    time += 60_000;
    await ask();
    await ask();
    expect(requests()).toEqual([5, 12]);
    expect(radius.status().map(({ alive }) => alive)).toEqual([true, true]);
  });

  it("are left at once when the host says that nobody listens", async () => {
    const gone = await server(() => {});
    await gone.close();
    const second = await server((one, send) => send(answerTo(one, CODE.accountingResponse)));
    const radius = client([gone.port, second.port], { timeout: 60 });
    expect(await radius.account(RECORD)).toBe(true);
    expect(radius.status().map(({ alive }) => alive)).toEqual([false, true]);
  });

  it("by name are found at whichever of its addresses somebody listens", async () => {
    const { port } = await server((one, send) => send(answerTo(one, CODE.accountingResponse)));
    const common = { authenticationPort: port, accountingPort: port, secret: new Secret(SECRET.toString()), tls: null };
    const radius = client([], { servers: [{ host: "localhost", ...common }] });
    // ::1 may come first, and nobody listens there.
    expect((await radius.account(RECORD)) || (await radius.account(RECORD))).toBe(true);
  });

  it("all silent are told with what each did", async () => {
    const silent = await server(() => {});
    const gone = await server(() => {});
    await gone.close();
    const radius = client([silent.port, gone.port], { timeout: 0.1 });
    expect(await radius.authenticate(REQUEST)).toEqual({
      kind: "silence",
      reason: "No RADIUS server answered: 127.0.0.1 timed out, 127.0.0.1 nobody listens there.",
    });
    expect(await radius.account(RECORD)).toBe(false);
    const unknown = client([1], {});
    await unknown.close();
    expect(await unknown.authenticate(REQUEST)).toMatchObject({ kind: "silence" });
  });
});
