import { type InterfaceAddress, parseAddress, parsePrefix, parseSystem, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Machine } from "../machine/index.ts";
import { formatDestination } from "../network/index.ts";
import { type Effect, runCommand, type ShellOptions, type ShellResult } from "./index.ts";

function address(text: string): InterfaceAddress {
  const prefix = parsePrefix(text);
  if (prefix === null) throw new Error(text);
  return { address: prefix.address, length: prefix.length };
}

function machine(system = "openbsd-7.8"): Machine {
  const made = new Machine(parseSystem(system) as System, {
    interfaces: [
      { name: "vr0", addresses: [address("198.51.100.199/24")] },
      { name: "vr1", addresses: [address("192.168.1.1/24")] },
      { name: "vr2", addresses: [address("203.0.113.220/24")] },
    ],
    files: new Map([
      ["/etc/x", "one\ntwo three\n"],
      ["/etc/down.sh", '#!/bin/sh\nroute -n delete default\nlogger "down $1"\nexit 3\n'],
      ["/etc/tool.pl", "#!/usr/bin/perl\n"],
      ["/etc/loop.sh", "sh /etc/loop.sh\n"],
    ]),
  });
  const gateway = parseAddress("203.0.113.200");
  made.addRoute({ destination: parseAddress("0.0.0.0") as NonNullable<typeof gateway>, length: 0, gateway });
  return made;
}

function brief(effect: Effect): string {
  switch (effect.kind) {
    case "pfctl":
      return `pfctl ${effect.words.join(" ")}${effect.stdin === null ? "" : ` <<< ${JSON.stringify(effect.stdin)}`}`;
    case "route":
      return `route ${effect.command.action} ${effect.command.destination?.written ?? ""} ${effect.command.gateway ?? ""} ${effect.error ?? "ok"}`;
    case "ifconfig":
      return `ifconfig ${effect.interface}`;
    case "sysctl":
      return `sysctl ${effect.name}=${effect.value}`;
    case "file":
      return `file ${effect.path} ${JSON.stringify(effect.text)}`;
    case "message":
      return `message ${effect.program} ${effect.text}`;
    case "ip":
      return `ip ${effect.command?.object ?? effect.wrong?.code} ${effect.error ?? "ok"}`;
    default:
      return `sleep ${effect.seconds}`;
  }
}

interface Said {
  readonly exit: number | null;
  readonly out?: string;
  readonly effects?: string[];
  readonly opaque?: string[];
}

function say(result: ShellResult): Said {
  return {
    exit: result.exit,
    ...(result.stdout === "" ? {} : { out: result.stdoutKnown ? result.stdout : "?" }),
    ...(result.effects.length === 0 ? {} : { effects: result.effects.map(brief) }),
    ...(result.opaque.length === 0 ? {} : { opaque: result.opaque.map(({ text, reason }) => `${text} -- ${reason}`) }),
  };
}

function run(text: string, options: ShellOptions = {}, on: Machine = machine()): Said {
  return say(runCommand(on, text, options));
}

describe("the shell", () => {
  it.each<[string, Said]>([
    ["true && echo a || echo b; false && echo c; ! false", { exit: 0, out: "a\n" }],
    ["echo -n 'a b'  \"c  d\" e\\ f", { exit: 0, out: "a b c  d e f" }],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    ["x='1  2'; echo $x \"$x\" ${x} ${y:-z} ${#x} ${x%2} ${x#*1}", { exit: 0, out: "1 2 1  2 1 2 z 4 1 2\n" }],
    ["echo $(cat /etc/x) `echo in`; echo $?", { exit: 0, out: "one two three in\n0\n" }],
    ["for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done", { exit: 0, out: "1\n3\n" }],
    ["i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i", { exit: 0, out: "3\n" }],
    ['while read a b; do echo "$b/$a"; done < /etc/x', { exit: 0, out: "/one\nthree/two\n" }],
    ["case foo.bar in *.baz|b*) echo no;; f?o.*) echo yes;; esac", { exit: 0, out: "yes\n" }],
    ["if test -f /etc/x -a ! -e /etc/y; then echo y; else echo n; fi", { exit: 0, out: "y\n" }],
    ["f() { echo $1; return 4; }; f a; echo $?", { exit: 0, out: "a\n4\n" }],
    ["(exit 3); echo $?; exit 7; echo no", { exit: 7, out: "3\n" }],
    ["printf '%s-%s\\n' a b c d; printf 'x%%%d\\n' 3", { exit: 0, out: "a-b\nc-d\nx%3\n" }],
    ["cat <<-EOF\n\ta $((1+1))\n\tEOF\n", { exit: 0, out: "a 2\n" }],
    ["cat <<'EOF'\n$x\nEOF\n", { exit: 0, out: "$x\n" }],
    ["echo a >/dev/null 2>&1; echo b 1>&2", { exit: 0 }],
    ["echo a > /tmp/f; cat /tmp/f; cat < /etc/nope", { exit: 1, out: "a\n", effects: ['file /tmp/f "a\\n"'] }],
    ["sh -c 'echo $0 $1' a b; env X=1 sh -c 'echo $X'", { exit: 0, out: "a b\n\n" }],
    ["grep two /etc/x | awk '{ print $2 }' | tr a-z A-Z; echo a:b:c | cut -d: -f2", { exit: 0, out: "THREE\nb\n" }],
    [
      "sed 's/o/0/g' /etc/x | head -1; sed -n '2p' /etc/x; tail -1 /etc/x",
      { exit: 0, out: "0ne\ntwo three\ntwo three\n" },
    ],
    ["sleep 2 && sleep 1m", { exit: 0, effects: ["sleep 2", "sleep 60"] }],
    [
      "echo 'link is down' | mail -s 'alert' root; logger -t ifstated hi",
      { exit: 0, effects: ["message mail link is down", "message logger hi"] },
    ],
  ])("%s", (text, expected) => {
    expect(run(text)).toEqual(expected);
  });

  it("interprets backslashes in echo as the system's shell does", () => {
    expect(run("echo 'a\\nb'").out).toBe("a\nb\n");
    expect(run("echo 'a\\nb'", {}, machine("freebsd-14.3")).out).toBe("a\\nb\n");
  });
});

describe("what is not known", () => {
  it.each<[string, Said]>([
    ["frobnicate -x", { exit: null, opaque: ["frobnicate -x -- what `frobnicate` does is not known"] }],
    [
      "ping -c 1 192.0.2.1 >/dev/null && route delete default",
      {
        exit: null,
        opaque: [
          "ping -c 1 192.0.2.1 >/dev/null -- its outcome depends on the network",
          "route delete default -- whether it runs depends on `ping -c 1 192.0.2.1 >/dev/null`",
        ],
      },
    ],
    [
      "if frob; then route delete default; fi",
      {
        exit: null,
        opaque: [
          "frob -- what `frob` does is not known",
          "if frob; then route delete default; fi -- which part runs depends on `frob`",
        ],
      },
    ],
    [
      "route add default $(frob)",
      {
        exit: null,
        opaque: [
          "frob -- what `frob` does is not known",
          "route add default $(frob) -- an argument of `route` is not known: `$(frob)`",
        ],
      },
    ],
    ["/etc/tool.pl", { exit: null, opaque: ["/etc/tool.pl -- the script is not one of sh(1)"] }],
    ["echo 'unbalanced", { exit: 2 }],
    ["echo `date` | cat", { exit: 0, out: "?" }],
    [
      "ifconfig -g carp carpdemote",
      { exit: null, opaque: ["ifconfig -g carp carpdemote -- which host is the carp master is not simulated"] },
    ],
  ])("%s", (text, expected) => {
    const { opaque, ...said } = run(text);
    expect(said).toEqual({ exit: expected.exit, ...(expected.out === undefined ? {} : { out: expected.out }) });
    if (expected.opaque !== undefined) expect(opaque).toEqual(expected.opaque);
  });

  it("is asked for, when the caller knows", () => {
    const outcome = (words: readonly string[]): number | null => (words[0] === "ping" ? 1 : null);
    expect(run("ping -c 1 x || echo down", { outcome })).toEqual({ exit: 0, out: "?" });
  });

  it("ends what would not end", () => {
    expect(run("while true; do :; done").opaque?.[0]).toContain("longer than anybody would wait");
    expect(run("sh /etc/loop.sh").opaque?.[0]).toContain("too deep");
    expect(run("f() { f; }; f").opaque?.[0]).toContain("too deep");
  });
});

describe("the network", () => {
  it.each<[string, string, Said, string]>([
    [
      "openbsd-5.7",
      "route change default 198.51.100.100",
      {
        exit: 0,
        out: "change net default: gateway 198.51.100.100\n",
        effects: ["route change default 198.51.100.100 ok"],
      },
      "198.51.100.100",
    ],
    [
      "openbsd-7.8",
      "/sbin/route -qn delete default && route -q add -inet default 198.51.100.100",
      { exit: 0, effects: ["route delete default  ok", "route add default 198.51.100.100 ok"] },
      "198.51.100.100",
    ],
    [
      "freebsd-14.3",
      "route -q change -net 0.0.0.0/0 198.51.100.100",
      { exit: 0, effects: ["route change 0.0.0.0/0 198.51.100.100 ok"] },
      "198.51.100.100",
    ],
    [
      "netbsd-10.1",
      "route flush; route add default 198.51.100.100",
      {
        exit: 0,
        out: "add net default: gateway 198.51.100.100\n",
        effects: ["route flush   ok", "route add default 198.51.100.100 ok"],
      },
      "198.51.100.100",
    ],
    [
      "openbsd-7.8",
      "route add default 10.9.9.9",
      {
        exit: 1,
        out: "add net default: gateway 10.9.9.9: Network is unreachable\n",
        effects: ["route add default 10.9.9.9 unreachable"],
      },
      "203.0.113.200",
    ],
    [
      "openbsd-7.8",
      "gw=$(route -n get default | awk '/gateway:/ { print $2 }'); route delete default $gw",
      {
        exit: 0,
        out: "delete net default: gateway 203.0.113.200\n",
        effects: ["route delete default 203.0.113.200 ok"],
      },
      "",
    ],
    [
      "openbsd-7.8",
      "sh /etc/down.sh now || route add default 203.0.113.200",
      {
        exit: 0,
        out: "delete net default\nadd net default: gateway 203.0.113.200\n",
        effects: ["route delete default  ok", "message logger down now", "route add default 203.0.113.200 ok"],
      },
      "203.0.113.200",
    ],
  ])("%s: %s", (system, text, expected, gateway) => {
    const on = machine(system);
    expect(run(text, {}, on)).toEqual(expected);
    const routes = on.routes.list(0).filter((route) => route.family === 4 && formatDestination(route) === "default");
    expect(routes.map((route) => `${route.gateway}`).join()).toBe(gateway);
  });

  it("sets addresses, links and switches", () => {
    const on = machine();
    expect(
      run("ifconfig vr2 inet 203.0.113.9/24 && ifconfig vr0 down; sysctl net.inet.ip.forwarding=1", {}, on).exit,
    ).toBe(0);
    expect(on.interface("vr2")?.addresses.map((own) => `${own.address}`)).toEqual(["203.0.113.9"]);
    expect(on.isRunning("vr0")).toBe(false);
    expect(on.forwards(4)).toBe(true);
    expect(run("ifconfig vr9 up", {}, on).exit).toBe(1);
    expect(run("ifconfig vr2 inet | awk '/inet/ { print $2 }'", {}, on).out).toBe("203.0.113.9\n");
    expect(run("ifconfig vr1 | grep -q 'status: active'", {}, on).exit).toBe(0);
  });

  it("hands pfctl its arguments and its input, with the place of every character", () => {
    const text = 'echo "pass in quick \\\non vr1" | pfctl -a foo -f - && pfctl -a bar -F rules';
    const result = runCommand(machine(), text);
    expect(result.effects.map(brief)).toEqual([
      'pfctl -a foo -f - <<< "pass in quick on vr1\\n"',
      "pfctl -a bar -F rules",
    ]);
    const [first] = result.effects;
    if (first?.kind !== "pfctl") throw new Error("no pfctl");
    expect(text[first.stdinOffsets[0] as number]).toBe("p");
  });
});

describe("any text", () => {
  it.each([
    "( ",
    "{ ",
    "echo $(",
    "! ",
    "true | ",
    "true && ",
    "if true; then ",
    "f() ",
    "case x in x) ",
    "`",
    "${x:-",
  ])("may repeat %j for ever", (part) => {
    const { exit } = runCommand(machine(), part.repeat(12_000));
    expect(exit === null || Number.isInteger(exit)).toBe(true);
  });

  const words = [
    "echo",
    "route",
    "pfctl -f -",
    "$(",
    ")",
    "`",
    "'",
    '"',
    "$x",
    "${",
    "}",
    "|",
    "&&",
    ";",
    "\n",
    "<<E",
    "E",
    ">",
    "if",
    "then",
    "fi",
    "for i in",
    "do",
    "done",
    "case",
    "esac",
    "{",
    "(",
    "\\",
    "while :",
    "x=",
    "[",
    "]",
    "&",
    "!",
    "#",
    "*",
  ];
  it("has a result", () => {
    const on = machine();
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 4 })), { maxLength: 14 }),
        (parts) => {
          const result = runCommand(on, parts.join(" "));
          expect(result.exit === null || Number.isInteger(result.exit)).toBe(true);
        },
      ),
      { numRuns: 4_000, seed: 3 },
    );
  });
});
