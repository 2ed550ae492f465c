import { parseAddress, parseSystem, Source, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import type { PfEnvironment } from "../pf/index.ts";
import { numberedRules, PflogAccount, parsePflogLine, readPflogHeader } from "./index.ts";

const system = (name: string): System => parseSystem(name) as System;

function environment(name: string, files: Record<string, string> = {}): PfEnvironment {
  return {
    system: system(name),
    interfaces: [
      {
        name: "em0",
        addresses: [{ address: parseAddress("192.0.2.1") as never, length: 24 }],
        groups: ["egress"],
        link: "up",
        up: true,
        kind: "broadcast",
        mtu: 1500,
        routingDomain: 0,
      },
    ],
    resolveHost: () => [],
    readFile: (path) => files[path] ?? null,
    userId: () => null,
    groupId: () => null,
  };
}

const common = {
  direction: "in",
  interface: "em0",
  reason: "match",
  action: "block",
  subrule: null,
  anchor: null,
} as const;

describe("lines of tcpdump", () => {
  it.each([
    [
      "Nov 24 10:00:00.000001 rule 0/(match) block in on em0: 203.0.113.9.4000 > 192.0.2.1.22: S 1:1(0) win 1024 (DF)",
      { time: "Nov 24 10:00:00.000001", rule: 0, packet: "203.0.113.9.4000 > 192.0.2.1.22: S 1:1(0) win 1024 (DF)" },
    ],
    ["rule def/(match) pass out on em0: x", { time: null, rule: null, action: "pass", direction: "out", packet: "x" }],
    [
      "1.5 rule 7.ftp-proxy.2/(match) pass in on em0: x",
      { time: "1.5", rule: 7, anchor: "ftp-proxy", subrule: 2, action: "pass", packet: "x" },
    ],
    [
      "1.5 rule 7.a.def/(short) block in on em0: x",
      { time: "1.5", rule: 7, anchor: "a", reason: "short", packet: "x" },
    ],
    [
      "1.5 rule 3/(match) [uid 0, pid 99] match in on em0: [uid 5, pid 7] x",
      { time: "1.5", rule: 3, action: "match", packet: "x" },
    ],
    // tcpdump.org, as FreeBSD has it.
    [
      " 00:00:01.000000 rule 12/0(match): block in on em0: 203.0.113.9.4000 > 192.0.2.1.22: Flags [S]",
      { time: "00:00:01.000000", rule: 12, packet: "203.0.113.9.4000 > 192.0.2.1.22: Flags [S]" },
    ],
    ["rule 12..4294967295/0(match): block in on em0: x", { time: null, rule: 12, packet: "x" }],
    [
      "rule 1.natin.0/0(match): rdr in on em0: x",
      { time: null, rule: 1, anchor: "natin", subrule: 0, action: "rdr", packet: "x" },
    ],
  ])("%s", (line, expected) => {
    expect(parsePflogLine(line.trim())).toEqual({ ...common, ...expected });
  });

  it.each([
    "10:00:00.0 IP 203.0.113.9.4000 > 192.0.2.1.22: Flags [S]",
    "rule x/(match) block in on em0: y",
    "rule 1/(match) shrug in on em0: y",
    "",
    `rule ${"1".repeat(5_000)}`,
  ])("none: %s", (line) => expect(parsePflogLine(line)).toBeNull());
});

/** A header as OpenBSD 7.8 writes it, before an IPv4 packet with TCP ports. */
function header(rule: number, subrule: number, anchor: string): Uint8Array {
  const bytes = new Uint8Array(100 + 28);
  const view = new DataView(bytes.buffer);
  bytes.set([100, 2, 1, 0]);
  bytes.set(new TextEncoder().encode("em0"), 4);
  bytes.set(new TextEncoder().encode(anchor), 20);
  view.setUint32(36, rule);
  view.setUint32(40, subrule);
  bytes[60] = 1;
  bytes.set([0x45, 0, 0, 28, 0, 0, 0, 0, 64, 6, 0, 0, 203, 0, 113, 9, 192, 0, 2, 1, 0x0f, 0xa0, 0, 22], 100);
  return bytes;
}

describe("captures", () => {
  it("the header and the packet behind it", () => {
    const packet = "tcp 203.0.113.9:4000 > 192.0.2.1:22";
    expect(readPflogHeader(header(5, 0xffff_ffff, ""), "t")).toEqual({ ...common, time: "t", rule: 5, packet });
    expect(readPflogHeader(header(5, 2, "web"), null)).toMatchObject({ rule: 5, subrule: 2, anchor: "web" });
    expect(readPflogHeader(header(0xffff_ffff, 0xffff_ffff, ""), null)).toMatchObject({ rule: null });
  });

  it("what is cut short is not guessed", () => {
    for (let length = 0; length < 128; length++) {
      const entry = readPflogHeader(header(5, 2, "web").subarray(0, length), null);
      if (length <= 60) expect(entry).toBeNull();
      else if (length < 120) expect(entry?.packet).toBe("a packet that was cut short");
    }
  });
});

describe("the rule of an entry", () => {
  const line = (text: string): string => `rule ${text} in on em0: x`;

  function places(name: string, conf: string, log: string, files: Record<string, string> = {}): string[] {
    const { finder } = numberedRules(new Source("pf.conf", conf), environment(name, files));
    const entry = parsePflogLine(line(log));
    if (entry === null) throw new Error(log);
    return finder.find(entry).map(({ rule, anchor }) => {
      const origin = rule.origin;
      return `${anchor}:${origin?.source.name}:${origin?.source.position(origin.span.start).line}`;
    });
  }

  it("numbers are those after expansion of lists", () => {
    const conf = "block log\npass in log proto tcp to port { 22, 80 }\npass in log proto udp\n";
    expect(places("openbsd-7.8", conf, "2/(match) pass")).toEqual([":pf.conf:2"]);
    expect(places("openbsd-7.8", conf, "3/(match) pass")).toEqual([":pf.conf:3"]);
    expect(places("openbsd-7.8", conf, "4/(match) pass")).toEqual([]);
  });

  it("numbers are those after the optimizer, and it says so", () => {
    const conf =
      "block log all\npass in log quick on em0 from 10.0.0.1\npass in log quick on em0 from 10.0.0.1\nblock in log on em0 proto udp\n";
    const rules = numberedRules(new Source("pf.conf", conf), environment("openbsd-7.8"));
    expect(rules.diagnostics.map(({ code }) => code)).toEqual(["pflog/optimized-numbers"]);
    expect(places("openbsd-7.8", conf, "2/(match) block")).toEqual([":pf.conf:4"]);
    expect(places("openbsd-7.8", `set ruleset-optimization none\n${conf}`, "2/(match) pass")).toEqual([":pf.conf:4"]);
  });

  it("anchors: inline, from a file, by a wildcard, and nested", () => {
    const conf = [
      'anchor "a" {',
      "pass in log proto tcp",
      "block in log proto udp",
      "}",
      'anchor "b"',
      'load anchor "b" from "/b"',
      'anchor "w/*"',
      'load anchor "w/one" from "/b"',
      'anchor "x" {',
      'anchor "one" {',
      "pass log",
      "}",
      "}",
      "",
    ].join("\n");
    const files = { "/b": "# nothing\npass in log proto icmp\n" };
    expect(places("openbsd-7.8", conf, "0.a.1/(match) block")).toEqual(["a:pf.conf:3"]);
    expect(places("openbsd-7.8", conf, "1.b.0/(match) pass", files)).toEqual(["b:/b:2"]);
    // Two anchors are called `one`; the call's number tells them apart: 2 is `w/*`.
    expect(places("openbsd-7.8", conf, "2.one.0/(match) pass", files)).toEqual(["w/one:/b:2"]);
    expect(places("openbsd-7.8", conf, "0.one.0/(match) pass", files)).toEqual(["x/one:pf.conf:11"]);
    expect(places("openbsd-7.8", conf, "9.none.0/(match) pass", files)).toEqual([]);
  });

  it("a name cut to 15 characters; several anchors that share one", () => {
    const long = 'anchor "a-very-long-anchor-name" {\npass log\n}\n';
    expect(places("openbsd-7.8", long, "0.a-very-long-anc.0/(match) pass")).toEqual([
      "a-very-long-anchor-name:pf.conf:2",
    ]);
    const twins = 'anchor "p" {\nanchor "t" {\npass log\n}\n}\nanchor "q" {\nanchor "t" {\npass log\n}\n}\n';
    expect(places("openbsd-7.8", twins, "0.t.0/(match) pass").sort()).toEqual(["p/t:pf.conf:3", "q/t:pf.conf:8"]);
  });

  it("FreeBSD: lists of their own", () => {
    const conf =
      "nat log on em0 from 10.0.0.0/8 to any -> (em0)\nrdr log on em0 proto tcp to port 80 -> 10.0.0.1\nblock in log\n";
    expect(places("freebsd-14.3", conf, "0/0(match): block")).toEqual([":pf.conf:3"]);
    expect(places("freebsd-14.3", conf, "0/0(match): rdr")).toEqual([":pf.conf:2"]);
  });
});

describe("the account", () => {
  it("counts rules, and says what does not fit", () => {
    const conf = "block in log\npass in log proto tcp\n";
    const account = new PflogAccount(numberedRules(new Source("pf.conf", conf), environment("openbsd-7.8")).finder);
    const log = [
      "rule 0/(match) block in on em0: x",
      "rule 0/(match) block in on em0: x",
      "rule 1/(match) pass in on em0: x",
      "rule 1/(match) block in on em0: x",
      "rule 1/(short) block in on em0: x",
      "rule 7/(match) block in on em0: x",
      "rule def/(match) pass in on em0: x",
      "noise",
    ];
    for (const line of log) account.add(parsePflogLine(line));
    expect(account.entries).toBe(7);
    expect(account.counts().map(({ logging, entries }) => [logging.rule.number, entries])).toEqual([
      [1, 3],
      [0, 2],
    ]);
    expect(account.diagnostics().map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      "note pflog/not-a-log-line",
      "warning pflog/no-such-rule",
      "warning pflog/other-action",
    ]);
  });

  it("a log without the rules is said to be one", () => {
    const account = new PflogAccount(
      numberedRules(new Source("pf.conf", "block log\n"), environment("openbsd-7.8")).finder,
    );
    account.add(parsePflogLine("IP 10.0.0.1 > 10.0.0.2: ICMP"));
    const [only] = account.diagnostics();
    expect([only?.code, only?.severity]).toEqual(["pflog/not-a-log-line", "warning"]);
    expect(only?.message).toContain("1 line is not of pflog (line 1)");
  });
});
