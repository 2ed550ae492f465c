/** The walled garden's names, asked of a real resolver's socket. */
import dgram from "node:dgram";
import { dnsmasqLines, type GardenAddress, tendGarden } from "@pierhead/gateway/firewall";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** What the zone says: name → address, TTL. */
const zone: Record<string, { type: 1 | 28; bytes: number[]; ttl: number }[]> = {
  "pay.example": [
    { type: 1, bytes: [192, 0, 2, 90], ttl: 120 },
    { type: 28, bytes: [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x90], ttl: 5 },
  ],
  "evil.example": [
    { type: 1, bytes: [127, 0, 0, 1], ttl: 60 },
    { type: 1, bytes: [192, 0, 2, 91], ttl: 1_000_000 },
  ],
};

/** RFC 1035, 4.1: the question goes back with the records of its type. */
function answer(question: Buffer): Buffer {
  const labels: string[] = [];
  let at = 12;
  while (question[at] !== 0) {
    const length = question[at] as number;
    labels.push(question.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = question.readUInt16BE(at + 1);
  const known = zone[labels.join(".").toLowerCase()];
  const records = (known ?? []).filter((one) => one.type === type);
  const header = Buffer.from(question.subarray(0, 12));
  header.writeUInt16BE(known === undefined ? 0x8183 : 0x8180, 2);
  header.writeUInt16BE(records.length, 6);
  header.writeUInt32BE(0, 8);
  const body = records.map(({ bytes, ttl }) => {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(ttl, 6);
    record.writeUInt16BE(bytes.length, 10);
    return Buffer.concat([record, Buffer.from(bytes)]);
  });
  return Buffer.concat([header, question.subarray(12, at + 5), ...body]);
}

describe("the walled garden", () => {
  const server = dgram.createSocket("udp4");
  beforeAll(async () => {
    server.on("message", (message, from) => server.send(answer(message), from.port, from.address));
    await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
  });
  afterAll(() => server.close());

  it("opens networks and names, as long as the answers live, and says which name is nobody's", async () => {
    const opened: (readonly GardenAddress[])[] = [];
    const troubles: string[] = [];
    const lasting = { prefix: "198.51.100.0/24", protocol: "tcp", port: 443, timeout: null } as const;
    const garden = await tendGarden({
      entries: [
        { kind: "network", prefix: lasting.prefix, protocol: "tcp", port: 443 },
        { kind: "name", name: "pay.example", below: false, port: 443 },
        { kind: "name", name: "evil.example", below: false, port: null },
        { kind: "name", name: "nobody.example", below: false, port: null },
      ],
      servers: [`127.0.0.1:${server.address().port}`],
      open: async (addresses) => void opened.push(addresses),
      trouble: (sentence) => troubles.push(sentence),
    });
    garden.close();
    expect(opened[0]).toEqual([lasting]);
    expect(opened.slice(1).sort((left, right) => right.length - left.length)).toEqual([
      [
        lasting,
        { prefix: "192.0.2.90", protocol: null, port: 443, timeout: 90 },
        { prefix: "2001:db8::90", protocol: null, port: 443, timeout: 90 },
      ],
      [lasting, { prefix: "192.0.2.91", protocol: null, port: null, timeout: 7_230 }],
    ]);
    expect(troubles).toEqual([expect.stringContaining("nobody.example")]);
  });

  it("writes dnsmasq's lines for names without a port", () => {
    expect(
      dnsmasqLines([
        { kind: "name", name: "pay.example", below: true, port: null },
        { kind: "name", name: "shop.example", below: false, port: 443 },
        { kind: "network", prefix: "192.0.2.0/24", protocol: null, port: null },
      ]),
    ).toEqual(["nftset=/pay.example/4#inet#pierhead_portal#garden4_names,6#inet#pierhead_portal#garden6_names"]);
  });
});
