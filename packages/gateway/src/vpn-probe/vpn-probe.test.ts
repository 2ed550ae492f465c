/** Head-ends that behave badly, on a port of the loopback: none may end the probe, mislead it, or make it send for ever. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import {
  decodeIke,
  EXCHANGE,
  encodeIke,
  FLAG,
  type IkeMessage,
  type IkePayload,
  NOTIFY2,
  phase1Proposal,
  suitesProposal,
} from "@pierhead/lang/ike";
import { afterEach, describe, expect, it } from "vitest";
import { type Answer, type ProbeOffer, type ProbeOptions, type ProbeReport, probeHeadEnd } from "./index.ts";

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

type Answers = (message: IkeMessage, reply: (bytes: Uint8Array) => void) => void;

/** Answers at a free port; messages come without the marker, and go out with it where one came. */
async function headEnd(answers: Answers): Promise<number> {
  const socket = createSocket("udp4");
  open.push(socket);
  socket.on("message", (bytes, from: RemoteInfo) => {
    const marked = bytes.subarray(0, 4).every((octet) => octet === 0);
    const message = decodeIke(marked ? bytes.subarray(4) : bytes);
    if (message.header === null) throw new Error("the probe sent what is no message");
    expect(message.problems).toEqual([]);
    answers(message, (answer) => {
      socket.send(marked ? Buffer.concat([Buffer.alloc(4), answer]) : answer, from.port, from.address);
    });
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return socket.address().port;
}

const SUITES = {
  encryption: ["AES_CBC_256"],
  integrity: ["HMAC_SHA1_96"],
  prf: ["HMAC_SHA1"],
  groups: ["MODP_1024", "ECP_256"],
};
const AES = { encryption: "AES", keyLength: 256, hash: "SHA", group: "MODP_1024" };
const OFFERS: readonly ProbeOffer[] = [
  { name: "two", version: 2, suites: [SUITES] },
  { name: "one", version: 1, transforms: [AES] },
];

/** For head-ends that answer everything: no question is asked again because this machine is slow. */
const ANSWERED = { timeout: 10_000, mostTime: 100_000 };

async function probe(port: number, more: Partial<ProbeOptions> = {}): Promise<ProbeReport> {
  const quick = { timeout: 120, pause: 0, patience: 20, mostPackets: 200, mostTime: 20_000 };
  const ports = { address: "127.0.0.1", port, natPort: port };
  return probeHeadEnd({ ...ports, ...quick, offers: OFFERS, enumerate: false, aggressive: false, ...more });
}

function answer(message: IkeMessage, payloads: readonly IkePayload[], flags: number = FLAG.response): Uint8Array {
  const { header } = message;
  const isOne = header.major === 1;
  return encodeIke({ ...header, responder: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), flags: isOne ? 0 : flags }, payloads);
}

const none = new Uint8Array(0);
const notify = (notification: number, data: Uint8Array = none): IkePayload => ({
  kind: "notify",
  protocol: 0,
  spi: none,
  notification,
  data,
});

const chosen2 = (group: string): IkePayload[] => [
  { kind: "association", proposals: [suitesProposal({ ...SUITES, groups: [group] }, 1)] },
  { kind: "key-exchange", group: 19, data: none },
  { kind: "nonce", data: none },
];
const chosen1: IkePayload[] = [{ kind: "association", proposals: [phase1Proposal([AES])] }];

function isHello({ payloads }: IkeMessage): boolean {
  const [proposal] = payloads.flatMap((one) => (one.kind === "association" ? one.proposals : []));
  const first = proposal?.transforms[0];
  return first?.type === 1 ? first.id === 2 : first?.attributes[0]?.data[1] === 1;
}

function of(report: ProbeReport, name: string): Answer | undefined {
  return report.offers.find((one) => one.name === name)?.answer;
}

const groupOf = ({ payloads }: IkeMessage): number =>
  payloads.flatMap((one) => (one.kind === "key-exchange" ? [one.group] : []))[0] ?? 0;

describe("a head-end that behaves", () => {
  it("gets its cookie back first, and the group it wants", async () => {
    const cookie = Uint8Array.from({ length: 64 }, (_, index) => index);
    const seen: string[] = [];
    const port = await headEnd((message, reply) => {
      if (message.header.major === 1 || isHello(message)) {
        reply(answer(message, [notify(14)]));
        return;
      }
      const [first] = message.payloads;
      const returned = first?.kind === "notify" && first.notification === NOTIFY2.cookie;
      seen.push(`${returned ? "cookie " : ""}${groupOf(message)}`);
      if (!returned) reply(answer(message, [notify(NOTIFY2.cookie, cookie)]));
      else if (groupOf(message) !== 19)
        reply(answer(message, [notify(NOTIFY2.invalidKeyExchange, Uint8Array.of(0, 19))]));
      else reply(answer(message, chosen2("ECP_256")));
    });
    const report = await probe(port, ANSWERED);
    expect(seen).toEqual(["2", "cookie 2", "cookie 19"]);
    expect(of(report, "two")).toMatchObject({ kind: "chosen", cookie: true, chosen: { suite: { group: "ECP_256" } } });
    expect(of(report, "one")).toEqual({ kind: "refused", notification: "NO-PROPOSAL-CHOSEN" });
    expect(report.natTraversal).toEqual({ ikev1: null, ikev2: false });
  });

  it("that answers one version only is not asked for the other again and again", async () => {
    const port = await headEnd((message, reply) => {
      if (message.header.major === 2) reply(answer(message, isHello(message) ? [notify(14)] : chosen2("MODP_1024")));
    });
    const offers = [
      ...OFFERS,
      ...Array.from({ length: 8 }, (_, index) => ({ ...OFFERS[1], name: `${index}` }) as ProbeOffer),
    ];
    const report = await probe(port, { offers, aggressive: true });
    expect(report.offers.map((one) => one.answer.kind)).toEqual(["chosen", "silent"]);
    expect([report.aggressive.asked, report.limited]).toEqual([false, false]);
  });
});

describe("a head-end that misbehaves", () => {
  const kinds = async (answers: Answers): Promise<(string | undefined)[]> => {
    const report = await probe(await headEnd(answers), ANSWERED);
    return [of(report, "two"), of(report, "one")].map((one) => (one?.kind === "garbled" ? one.why : one?.kind));
  };

  it("asks for cookies for ever, chooses what was not offered, or sends rubbish", async () => {
    let count = 0;
    const results = [
      await kinds((message, reply) => {
        if (message.header.major === 2) reply(answer(message, [notify(NOTIFY2.cookie, Uint8Array.of(count++))]));
        else reply(answer(message, [{ kind: "association", proposals: [phase1Proposal([{ ...AES, hash: "MD5" }])] }]));
      }),
      await kinds((message, reply) =>
        reply(answer(message, message.header.major === 2 ? chosen2("ECP_256") : chosen1)),
      ),
      await kinds((message, reply) => {
        const bytes = answer(message, message.header.major === 2 ? chosen2("MODP_1024") : chosen1);
        bytes[31] = 255;
        reply(bytes);
      }),
      await kinds((message, reply) =>
        reply(encodeIke({ ...message.header, major: message.header.major === 2 ? 1 : 2 }, [])),
      ),
    ];
    expect(results).toMatchInlineSnapshot(`
      [
        [
          "it goes on asking for cookies and groups",
          "it chose what was not offered",
        ],
        [
          "it chose what was not offered",
          "chosen",
        ],
        [
          "payload 33 of 255 octets does not fit in the message",
          "payload 1 of 255 octets does not fit in the message",
        ],
        [
          "it answers in version 1.0",
          "it answers in version 2.0",
        ],
      ]
    `);
  });

  it("cannot answer for somebody else: other cookies, requests, and short datagrams are passed over", async () => {
    const port = await headEnd((message, reply) => {
      const stolen = { ...message, header: { ...message.header, initiator: Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9) } };
      reply(answer(stolen, message.header.major === 2 ? chosen2("MODP_1024") : chosen1));
      reply(Uint8Array.of(1, 2, 3));
      if (message.header.major === 2) reply(answer(message, chosen2("MODP_1024"), FLAG.initiator));
      else reply(encodeIke({ ...message.header, exchange: EXCHANGE.aggressive }, chosen1));
    });
    const report = await probe(port);
    expect(report.offers.every((one) => one.answer.kind === "silent")).toBe(true);
    expect(report.packets.strange).toBe(report.packets.received);
  });

  it("that answers late, and each repetition, says nothing strange", async () => {
    const port = await headEnd((message, reply) => {
      const bytes = answer(message, isHello(message) || message.header.major === 1 ? [notify(14)] : chosen2("ECP_256"));
      reply(bytes);
      reply(bytes);
    });
    const report = await probe(port, ANSWERED);
    expect(report.packets.strange).toBe(0);
    expect(report.packets.received).toBeGreaterThan(report.packets.sent);
  });

  it("does not get more datagrams than the bound", async () => {
    const port = await headEnd(() => {});
    const report = await probe(port, { mostPackets: 20, enumerate: true });
    expect(report.packets.sent).toBeLessThanOrEqual(20);
    expect(report.cut).toBe("the bound of 20 datagrams is reached");
  });

  it("takes everything: asking for single transforms ends all the same", async () => {
    const port = await headEnd((message, reply) => {
      const [first] = message.payloads.flatMap((one) => (one.kind === "association" ? one.proposals : []));
      if (first === undefined) return;
      const one = (type: number): typeof first.transforms =>
        first.transforms.filter((each) => each.type === type).slice(0, 1);
      const transforms =
        message.header.major === 1
          ? one(0)
          : [1, 2, 3]
              .flatMap(one)
              .concat(first.transforms.filter((each) => each.type === 4 && each.id === groupOf(message)));
      reply(answer(message, [{ kind: "association", proposals: [{ ...first, transforms }] }]));
    });
    const report = await probe(port, { ...ANSWERED, enumerate: true, mostPackets: 3000 });
    expect(report.enumeration?.ikev1?.length).toBeGreaterThan(100);
    expect(report.enumeration?.ikev2).toHaveLength(2);
    expect(report.cut).toBeNull();
  });
});

it("stops when it is told to", async () => {
  const stop = new AbortController();
  const port = await headEnd(() => stop.abort());
  const report = await probe(port, { signal: stop.signal, timeout: 5_000 });
  expect(report.cut).toBe("it was interrupted");
  expect(report.packets.sent).toBeLessThan(10);
});
