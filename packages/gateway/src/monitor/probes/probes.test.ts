import { createSocket } from "node:dgram";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import type { ProbeDefinition } from "@pierhead/lang/ifstated";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dnsQuestion, isDnsAnswer, startAsking } from "./ask.ts";
import { ProbeJudge } from "./judge.ts";
import { AnswerCounter, parsePingLine, pingArguments } from "./ping.ts";

const base: ProbeDefinition = {
  name: "p",
  method: "icmp",
  target: "192.0.2.1",
  port: null,
  query: ".",
  source: null,
  interface: null,
  every: 0.2,
  timeout: 0.2,
  loss: { lost: 3, of: 5 },
  recover: 4,
  latency: null,
  holdDown: 0,
  span: { start: 0, end: 0 },
  nameSpan: { start: 0, end: 0 },
};

/** `.` answered in 10 ms, `l` in 300 ms, `x` lost; one a second. What the verdict is after each. */
function judge(results: string, thresholds: Partial<ProbeDefinition> = {}): string {
  const one = new ProbeJudge({ ...base, ...thresholds });
  const letter = { up: "u", down: "d", unknown: "?" };
  return [...results]
    .map((result, time) => {
      one.result(time, result === "x" ? null : result === "l" ? 0.3 : 0.01);
      return letter[one.verdict];
    })
    .join("");
}

describe("thresholds", () => {
  it.each<[string, string, Partial<ProbeDefinition>]>([
    ["..........", "uuuuuuuuuu", {}],
    ["xx.......x", "??uuuuuuuu", {}],
    ["xxx.......", "??dddduuuu", {}],
    ["....x.x.x.", "uuuuuuuudd", {}],
    ["....xxx...", "uuuuuudddd", {}],
    // A gap in the row starts it anew; what was lost before it came back does not count afterwards.
    ["..xxx...x....x", "uuuudddddddduu", {}],
    ["..xxx.....", "uuuudddddd", { holdDown: 10 }],
    ["...llllll.", "uuuuuddddd", { latency: { limit: 0.15, back: 0.1 } }],
  ])("%s", (results, verdicts, thresholds) => {
    expect(judge(results, thresholds)).toBe(verdicts);
  });

  it("stays down for the hold-down, then comes back", () => {
    expect(judge("..xxx................", { holdDown: 10 })).toBe("uuuudddddddddduuuuuuu");
  });

  it("comes back only when answers are fast enough again", () => {
    const latency = { limit: 0.15, back: 0.1 };
    expect(judge("lllllllll......", { latency })).toBe("uuuuddddddduuuu");
  });

  it("never changes twice within the shorter of window and row (no flapping by design)", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(".", "x", "l"), { maxLength: 200 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 8 }),
        (results, lost, recover) => {
          const verdicts = judge(results.join(""), { loss: { lost, of: 5 }, recover });
          let last = -1;
          for (let i = 1; i < verdicts.length; i++) {
            if (verdicts[i] === verdicts[i - 1] || verdicts[i - 1] === "?") continue;
            if (verdicts[i] === "u") expect(i - last).toBeGreaterThanOrEqual(recover);
            last = i;
          }
        },
      ),
      { numRuns: 500, seed: 3 },
    );
  });
});

describe("ping", () => {
  it.each<[NodeJS.Platform, Partial<ProbeDefinition>, string]>([
    ["linux", {}, "-n -i 0.2 -O 192.0.2.1"],
    ["linux", { source: "192.0.2.2", interface: "eth0" }, "-n -i 0.2 -O -I eth0 -I 192.0.2.2 192.0.2.1"],
    ["openbsd", { source: "192.0.2.2" }, "-n -i 0.2 -I 192.0.2.2 192.0.2.1"],
    ["freebsd", { source: "192.0.2.2" }, "-n -i 0.2 -S 192.0.2.2 192.0.2.1"],
  ])("%s %j", (platform, probe, words) => {
    expect(pingArguments({ ...base, ...probe }, platform).join(" ")).toBe(words);
  });

  it.each([
    ["64 bytes from 192.0.2.1: icmp_seq=7 ttl=64 time=0.045 ms", { sequence: 7, seconds: 0.000045 }],
    ["64 bytes from 192.0.2.1: icmp_seq=0 ttl=255 time=12.345 ms", { sequence: 0, seconds: 0.012345 }],
    ["64 bytes from 2001:db8::1: icmp_seq=3 ttl=64 time=101 ms", { sequence: 3, seconds: 0.101 }],
    ["16 bytes from 2001:db8::1, icmp_seq=2 hlim=64 time=0.3 ms", { sequence: 2, seconds: 0.0003 }],
    ["no answer yet for icmp_seq=4", null],
    ["From 192.0.2.9 icmp_seq=2 Destination Host Unreachable", null],
    ["PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.", null],
  ])("%s", (line, expected) => {
    const parsed = parsePingLine(line);
    if (expected === null) expect(parsed).toBeNull();
    else {
      expect(parsed?.sequence).toBe(expected.sequence);
      expect(parsed?.seconds).toBeCloseTo(expected.seconds, 9);
    }
  });

  it("gives one result for each question, whatever is lost", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 65_000, max: 65_530 }),
        (answered, first) => {
          const results: boolean[] = [];
          let due = Number.POSITIVE_INFINITY;
          let time = 0;
          const counter = new AnswerCounter(
            { every: 1, timeout: 0.5 },
            (latency) => results.push(latency !== null),
            (seconds) => {
              due = time + seconds;
            },
          );
          counter.restart(0.5);
          // Question i is sent at second i and answered at once.
          answered.forEach((ok, i) => {
            while (due < i) {
              time = due;
              counter.overdue();
            }
            time = i;
            if (ok) counter.answer((first + i) & 0xffff, 0.001);
          });
          while (due < answered.length) {
            time = due;
            counter.overdue();
          }
          const from = answered.indexOf(true);
          const tail = from === -1 ? [] : answered.slice(from);
          expect(results.slice(results.length - tail.length)).toEqual(tail);
        },
      ),
      { numRuns: 300, seed: 4 },
    );
  });
});

describe("asking one at a time", () => {
  /** Results of a probe until there are `count`. */
  function ask(probe: Partial<ProbeDefinition>, count: number): Promise<boolean[]> {
    return new Promise((resolve) => {
      const results: boolean[] = [];
      const asker = startAsking({ ...base, every: 0.02, timeout: 0.5, ...probe }, (latency) => {
        results.push(latency !== null);
        if (results.length < count) return;
        asker.stop();
        resolve(results);
      });
    });
  }

  it("TCP", async () => {
    const server = createServer((socket) => socket.on("error", () => {}));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await ask({ method: "tcp", target: "127.0.0.1", port, source: "127.0.0.1" }, 3)).toEqual([true, true, true]);
    await new Promise((resolve) => server.close(resolve));
    expect(await ask({ method: "tcp", target: "127.0.0.1", port }, 2)).toEqual([false, false]);
  });

  it("HTTP", async () => {
    const server = createHttpServer((request, response) => {
      response.writeHead(request.url === "/fine" ? 204 : 500).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const at = `http://127.0.0.1:${port}`;
    expect(await ask({ method: "http", target: `${at}/fine`, source: "127.0.0.1" }, 2)).toEqual([true, true]);
    expect(await ask({ method: "http", target: `${at}/broken` }, 2)).toEqual([false, false]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("DNS, and only an answer to the question counts", async () => {
    let wrong = false;
    const server = createSocket("udp4");
    server.on("message", (message, from) => {
      const answer = Buffer.from(message);
      answer[2] = 0x81;
      if (wrong) answer[1] = (message[1] as number) ^ 1;
      server.send(answer, from.port, from.address);
    });
    await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
    const { port } = server.address();
    const probe = { method: "dns", target: "127.0.0.1", port, query: "www.example.org", timeout: 0.2 } as const;
    expect(await ask({ ...probe, source: "127.0.0.1" }, 2)).toEqual([true, true]);
    wrong = true;
    expect(await ask(probe, 2)).toEqual([false, false]);
    server.close();
  });

  it("DNS messages", () => {
    expect(dnsQuestion(0x1234, "a.example").toString("hex")).toBe(
      "1234010000010000000000000161076578616d706c650000010001",
    );
    expect(dnsQuestion(1, ".").toString("hex")).toBe("0001010000010000000000000000020001");
    expect(isDnsAnswer(Buffer.from("123481830001000000000000", "hex"), 0x1234)).toBe(true);
    expect(isDnsAnswer(Buffer.from("123481820001000000000000", "hex"), 0x1234)).toBe(false);
    expect(isDnsAnswer(Buffer.from("1234", "hex"), 0x1234)).toBe(false);
  });
});
