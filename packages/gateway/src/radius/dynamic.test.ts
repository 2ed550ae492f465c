/** The CoA server against senders that may not, forge, repeat and replay. With radclient: tests/radius-world.test.ts. */
import { createSocket, type Socket } from "node:dgram";
import { Secret } from "@pierhead/core";
import {
  AttributeSet,
  attribute,
  CODE,
  decodePacket,
  ERROR_CAUSE,
  encodePacket,
  type RadiusAttribute,
} from "@pierhead/lang/radius-wire";
import { afterEach, describe, expect, it } from "vitest";
import { checkAnswer, signRequest } from "./digest.ts";
import { createDynamicServer, type DynamicServer } from "./index.ts";
import type { DynamicAnswer, DynamicRequest } from "./types.ts";

const SECRET = Buffer.from("dynamic");
const NOW = 1_700_000_000_000;
const SESSION = attribute("Acct-Session-Id", "s1");
const PLACE = attribute("Message-Authenticator", new Uint8Array(16));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface World {
  readonly server: DynamicServer;
  readonly asked: [DynamicRequest, string][];
  port: number;
  time: number;
  answer: () => Promise<DynamicAnswer>;
  /** Sends octets and gives what comes back; null when a question sent after them is answered and they are not. */
  send(bytes: Uint8Array, from?: Socket): Promise<Uint8Array | null>;
  socket(): Promise<Socket>;
}

async function world(): Promise<World> {
  const asked: [DynamicRequest, string][] = [];
  const made: World = {
    server: createDynamicServer(
      {
        dynamic: { port: 0, clients: [{ address: "127.0.0.1", secret: new Secret(SECRET.toString()) }] },
        nasIdentifier: "nas",
        nasAddress: null,
        swapOctets: false,
      },
      (request, from) => {
        asked.push([request, from]);
        return made.answer();
      },
      { now: () => made.time, host: "127.0.0.1" },
    ),
    asked,
    port: 0,
    time: NOW,
    answer: async () => ({ kind: "done" }),
    send: async (bytes, from = main) => {
      let got: Uint8Array | null = null;
      const probe = packet(CODE.disconnectRequest, [attribute("Acct-Session-Id", `probe ${++probes}`)], 255);
      await new Promise<void>((resolve) => {
        const take = (answer: Buffer): void => {
          if (answer[1] !== 255) got = answer;
          else {
            from.off("message", take);
            resolve();
          }
        };
        from.on("message", take);
        from.send(bytes, port, "127.0.0.1");
        from.send(probe, port, "127.0.0.1");
      });
      return got;
    },
    socket: async () => {
      const socket = createSocket("udp4");
      await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
      closing.push(() => socket.close());
      return socket;
    },
  };
  let probes = 0;
  const main = await made.socket();
  const port = await made.server.listen();
  made.port = port;
  closing.push(() => made.server.close());
  return made;
}

function packet(code: number, attributes: readonly RadiusAttribute[], identifier = 1, secret = SECRET): Uint8Array {
  const bytes = encodePacket({ code, identifier, authenticator: new Uint8Array(16), attributes });
  signRequest(bytes, secret);
  return bytes;
}

function read(bytes: Uint8Array | null, request: Uint8Array): { code: number; set: AttributeSet } {
  if (bytes === null) throw new Error("no answer");
  expect(checkAnswer(bytes, request.subarray(4, 20), SECRET, true)).toBe("good");
  const decoded = decodePacket(bytes);
  if (decoded.kind === "damaged") throw new Error(decoded.reason);
  return { code: decoded.packet.code, set: new AttributeSet(decoded.packet.attributes) };
}

const wanted = ({ asked }: World): DynamicRequest[] =>
  asked.map(([request]) => request).filter(({ selector }) => selector.sessionId?.startsWith("probe") !== true);

describe("requests", () => {
  it("are carried out and acknowledged, with Proxy-State and State as they were", async () => {
    const it = await world();
    const states = [Uint8Array.of(1), Uint8Array.of(2, 3)];
    const request = packet(CODE.coaRequest, [
      PLACE,
      SESSION,
      attribute("Session-Timeout", 60),
      ...states.map((state) => attribute("Proxy-State", state)),
      attribute("State", Uint8Array.of(9)),
    ]);
    const { code, set } = read(await it.send(request), request);
    expect(code).toBe(CODE.coaAck);
    expect(set.all("Proxy-State").map((state) => [...state])).toEqual([[1], [2, 3]]);
    expect([...(set.octets("State") ?? [])]).toEqual([9]);
    expect(it.asked[0]).toEqual([{ kind: "coa", selector: { sessionId: "s1" }, limits: { session: 60 } }, "127.0.0.1"]);
  });

  it("are refused with Error-Cause: the handler's, the reader's, or 506 when the handler fails", async () => {
    const it = await world();
    const cause = async (request: Uint8Array): Promise<[number, number | undefined]> => {
      const { code, set } = read(await it.send(request), request);
      return [code, set.integer("Error-Cause")];
    };
    it.answer = async () => ({ kind: "refused", errorCause: ERROR_CAUSE.sessionContextNotFound });
    expect(await cause(packet(CODE.disconnectRequest, [SESSION]))).toEqual([CODE.disconnectNak, 503]);
    expect(await cause(packet(CODE.coaRequest, [SESSION]))).toEqual([CODE.coaNak, 402]);
    it.answer = () => Promise.reject(new Error("no"));
    expect(await cause(packet(CODE.disconnectRequest, [SESSION], 2))).toEqual([CODE.disconnectNak, 506]);
  });
});

describe("no answer and nothing done", () => {
  const cases: [string, Uint8Array, "bad" | "stale"][] = [
    ["another secret", packet(CODE.disconnectRequest, [SESSION], 1, Buffer.from("guess")), "bad"],
    ["a Message-Authenticator that is wrong", forged(), "bad"],
    ["an Access-Request", packet(CODE.accessRequest, [SESSION]), "bad"],
    ["an answer", packet(CODE.disconnectAck, [SESSION]), "bad"],
    ["half a packet", packet(CODE.disconnectRequest, [SESSION]).subarray(0, 22), "bad"],
    ["an old time", packet(CODE.disconnectRequest, [SESSION, attribute("Event-Timestamp", NOW / 1000 - 301)]), "stale"],
    [
      "a time to come",
      packet(CODE.disconnectRequest, [SESSION, attribute("Event-Timestamp", NOW / 1000 + 301)]),
      "stale",
    ],
    [
      "a time of three octets",
      packet(CODE.disconnectRequest, [SESSION, { type: 55, value: new Uint8Array(3) }]),
      "stale",
    ],
  ];
  it.each(cases)("for %s", async (_, bytes, counted) => {
    const it = await world();
    expect(await it.send(bytes)).toBeNull();
    expect(wanted(it)).toEqual([]);
    expect(it.server.counts[counted]).toBe(1);
  });

  /** The outer authenticator right, the inner one not. */
  function forged(): Uint8Array {
    const bytes = packet(CODE.disconnectRequest, [SESSION, attribute("NAS-Port", 80)]);
    const swapped = encodePacket({
      code: CODE.disconnectRequest,
      identifier: 1,
      authenticator: new Uint8Array(16),
      attributes: [SESSION, { type: 80, value: new Uint8Array(8) }],
    });
    signRequest(swapped, SECRET);
    expect(bytes.length).not.toBe(swapped.length);
    return swapped;
  }
});

describe("a request that comes twice", () => {
  it("from the same port gets the same answer and is done once, also while it is worked on", async () => {
    const it = await world();
    let finish: (answer: DynamicAnswer) => void = () => {};
    const slow = new Promise<DynamicAnswer>((resolve) => {
      finish = resolve;
    });
    it.answer = () => (wanted(it).length === 1 && it.asked.length === 1 ? slow : Promise.resolve({ kind: "done" }));
    const request = packet(CODE.disconnectRequest, [SESSION]);
    expect(await it.send(request)).toBeNull();
    expect(await it.send(request)).toBeNull();
    finish({ kind: "done" });
    await slow;
    const again = await it.send(request);
    expect(read(again, request).code).toBe(CODE.disconnectAck);
    expect(await it.send(request)).toEqual(again);
    expect(wanted(it)).toHaveLength(1);
    expect(it.server.counts.repeated).toBe(3);
  });

  it("from another port is a replay, as long as its time is current and after that", async () => {
    const it = await world();
    const request = packet(CODE.disconnectRequest, [SESSION, attribute("Event-Timestamp", NOW / 1000 + 299)]);
    expect(read(await it.send(request), request).code).toBe(CODE.disconnectAck);
    const other = await it.socket();
    for (const later of [0, 100_000, 300_000, 599_000, 700_000]) {
      it.time = NOW + later;
      expect(await it.send(request, other)).toBeNull();
    }
    expect(wanted(it)).toHaveLength(1);
    expect(it.server.counts.stale).toBe(5);
  });

  it("without a time is a new one when the client would no longer send again", async () => {
    const it = await world();
    const request = packet(CODE.disconnectRequest, [SESSION]);
    await it.send(request);
    it.time = NOW + 31_000;
    await it.send(request);
    expect(wanted(it)).toHaveLength(2);
  });
});

describe("senders", () => {
  it("that are not listed are not heard", async () => {
    let asked = 0;
    const server = createDynamicServer(
      {
        dynamic: { port: 0, clients: [{ address: "192.0.2.9", secret: new Secret(SECRET.toString()) }] },
        nasIdentifier: "nas",
        nasAddress: null,
        swapOctets: false,
      },
      async () => {
        asked++;
        return { kind: "done" };
      },
    );
    const port = await server.listen();
    closing.push(() => server.close());
    const socket = createSocket("udp4");
    closing.push(() => socket.close());
    socket.send(packet(CODE.disconnectRequest, [SESSION]), port, "127.0.0.1");
    while (server.counts.unknown === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect([asked, server.counts.unknown]).toEqual([0, 1]);
  });

  it("of ten thousand broken packets do no harm", async () => {
    const it = await world();
    const good = packet(CODE.coaRequest, [SESSION, attribute("Session-Timeout", 60)]);
    const [socket, port] = [await it.socket(), it.port];
    for (let i = 0; i < 10_000; i++) {
      const broken = Uint8Array.from(good);
      for (let n = 0; n <= i % 3; n++) broken[(i * 7 + n * 13) % broken.length] = (i * 31 + n * 17) & 255;
      if (Buffer.compare(broken, good) === 0) continue;
      const cut = broken.subarray(0, broken.length - (i % 5));
      if (i % 100 === 0) expect(await it.send(cut, socket)).toBeNull();
      else socket.send(cut, port, "127.0.0.1");
    }
    expect(wanted(it)).toEqual([]);
    expect(read(await it.send(good), good).code).toBe(CODE.coaAck);
  });
});
