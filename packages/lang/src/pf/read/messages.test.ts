import { type NetworkInterface, parseAddress, parseSystem, Source, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { dialectOf } from "../dialect.ts";
import type { PfEnvironment } from "../environment.ts";
import { loadPf, parsePf } from "../load.ts";
import { pfctlPrint } from "../pfctl.ts";
import { printSyntax } from "../syntax.ts";

// What people are told about files that pfctl refuses, and that one wrong line costs one diagnostic.

const FILES: Record<string, string> = {
  loop: 'include "loop"\npass\n',
  bad: "pass\npass on\n",
  table: "10.0.0.1\nx y\n",
};

function machine(system: string): PfEnvironment {
  const make = (name: string, kind: NetworkInterface["kind"], groups: string[], address: string): NetworkInterface => ({
    name,
    kind,
    groups,
    addresses: [{ address: parseAddress(address) as NonNullable<ReturnType<typeof parseAddress>>, length: 24 }],
    link: "up",
    up: true,
    mtu: 1500,
    routingDomain: 0,
  });
  return {
    system: parseSystem(system) as System,
    interfaces: [make("lo0", "loopback", ["lo"], "127.0.0.1"), make("em0", "broadcast", ["egress"], "192.0.2.1")],
    resolveHost: () => [],
    readFile: (path) => FILES[path] ?? null,
    userId: () => 0,
    groupId: () => null,
  };
}

/** Diagnostics as `line "text": message`, with what the fix makes of the line. */
function messages(text: string, system = "openbsd-7.8"): string[] {
  const source = new Source("pf.conf", text);
  return loadPf(source, machine(system)).diagnostics.map(({ span, message, fix, source: place }) => {
    const where = place ?? source;
    const file = where.text;
    const line = file.slice(0, span.start).split("\n").length;
    const name = where === source ? "" : `${where.name} `;
    let shown = `${name}${line} ${JSON.stringify(file.slice(span.start, span.end))}: ${message}`;
    if (fix !== null && fix !== undefined) {
      let fixed = file;
      for (const edit of fix.edits.toReversed()) {
        fixed = fixed.slice(0, edit.span.start) + edit.text + fixed.slice(edit.span.end);
      }
      shown += ` => ${fixed.split("\n")[line - 1]}`;
    }
    return shown;
  });
}

describe("one wrong line, one diagnostic", () => {
  it("reads all other lines", () => {
    const text = "pass in on em0\npas out\nblock in proto tpc\npass out on em0 from 10.0.0.300\npass\n";
    expect(messages(text)).toEqual([
      '2 "pas": `pas` begins no statement. Did you mean `pass`? => pass out',
      '3 "tpc": There is no protocol named `tpc` in protocols(5). Did you mean `tcp`? => block in proto tcp',
      '4 "10.0.0.300": `10.0.0.300` is neither an address nor an interface of this machine, and as a host name it does not resolve.',
    ]);
    expect(loadPf(new Source("pf.conf", text), machine("openbsd-7.8")).configuration.anchor("").filter).toHaveLength(2);
  });

  it("inside anchors too, and knows which brace is open", () => {
    expect(messages('anchor "a" {\n pass\n blok\n anchor "b" {\n  pass in\n }\n}\nanchor "c" {\npass\n')).toEqual([
      '3 "blok": `blok` does not fit here. Did you mean `block`? =>  block',
      '8 "{": The brace that opens here is never closed: a `}` is missing.',
    ]);
    expect(messages("pass from { 10.0.0.1, 10.0.0.2\npass\nblock in\n")).toHaveLength(1);
  });

  it("says a string without an end once", () => {
    expect(messages('pass\npass from "x\npass\n')).toEqual([
      '2 "\\"": The string that starts here is never closed: the " is missing.',
    ]);
  });

  it("reads on in and after included files", () => {
    expect(messages('include "loop"\ninclude "bad"\ninclude "none"\ntable <t> file "table"\npass foo\n')).toEqual([
      'loop 1 "\\"loop\\"": loop includes itself, or includes are nested deeper than 64 files.',
      'bad 2 "\\n": The line ends too early: `on` is followed by an interface or a list of interfaces, and then by what the packets are.',
      '3 "\\"none\\"": The file none cannot be read.',
      '4 "\\"table\\"": table, line 2: `x` is not an address, network or resolvable name.',
      '5 "foo": `foo` does not fit here. Did you mean `for`? => pass for',
    ]);
  });
});

describe("what was meant", () => {
  it("names options, limits, timeouts, services, queues and macros", () => {
    const text = `ext_if = "em0"
pass on $ext_fi
set optimization agressive
set timeout tcp.frist 3
set limit { frag 3 }
set limit state 3
set foo
set skip em0
pass proto tcp to port htp
pass keep state (tcp.opning 3)
`;
    expect(messages(text)).toEqual([
      '2 "$ext_fi": The macro `ext_fi` is not defined. Did you mean `$ext_if`?',
      '3 "agressive": `agressive` is not an optimization; there are normal, satellite, high-latency, conservative, aggressive. Did you mean `aggressive`? => set optimization aggressive',
      '4 "tcp.frist": There is no timeout named `tcp.frist`. Did you mean `tcp.first`? => set timeout tcp.first 3',
      '5 "frag": There is no limit named `frag`; there are states, src-nodes, frags, tables, table-entries, pktdelay-pkts, anchors. Did you mean `frags`? => set limit { frags 3 }',
      '6 "state": `state` is no limit. Did you mean `states`? => set limit states 3',
      '7 "foo": `foo` is no option. The options are reassemble, optimization, ruleset-optimization, timeout, limit, loginterface, hostid, block-policy, fingerprints, state-policy, state-defaults, debug, skip, syncookies.',
      '8 "em0": `em0` does not fit here: `set skip` takes on and an interface or a list of interfaces.',
      '9 "htp": There is no service named `htp` in services(5). Did you mean `http`? => pass proto tcp to port http',
      '10 "tcp.opning": `tcp.opning` is neither a state option nor a timeout. Did you mean `tcp.opening`? => pass keep state (tcp.opening 3)',
    ]);
  });

  it("knows the usual slips", () => {
    expect(messages("pass on em0 port 80\n")).toEqual([
      '1 "port": A port belongs to an address: `port` stands after `from …` or `to …`. => pass on em0 to port 80',
    ]);
    expect(messages('x = "10.0.0.1"\ny = "{ $x }"\npass from $y\n')).toEqual([
      '3 "$y": The value of `y` contains `$x` inside its quotes, where macros are not replaced: end the quotes before it, as in `y = "{" $x "}"`.',
    ]);
    expect(messages("pass from “10.0.0.1”\n")).toEqual([
      '1 "“": The character “ is not the one on the keyboard: write `"`. => pass from "10.0.0.1”',
    ]);
    expect(messages("pass to port 22\n")).toEqual(['1 "22": Ports need `proto tcp` or `proto udp`.']);
  });

  it("knows Windows line ends and byte order marks, and reads what was meant", () => {
    const text = "\uFEFFpass in\r\npass out\r\n";
    expect(messages(text).map((it) => it.split(" ").slice(0, 5).join(" "))).toEqual([
      '1 "\uFEFF": The file begins',
      '1 "\\r": The lines of',
    ]);
    expect(loadPf(new Source("x", text), machine("openbsd-7.8")).configuration.anchor("").filter).toHaveLength(2);
  });
});

describe("statements of other systems", () => {
  it("OpenBSD from 4.7 rewrites translation, scrub and routes", () => {
    const text = `nat on em0 from 10.0.0.0/8 to any -> (em0)
rdr pass on em0 inet proto tcp from any to any port 80 -> 10.0.0.2 port 8080
binat on em0 from 10.0.0.5 to any -> 192.0.2.5
scrub in all no-df
pass in route-to (em0 10.0.0.1) from any
`;
    expect(messages(text).map((it) => it.split(" => ")[1])).toEqual([
      "match out on em0 from 10.0.0.0/8 to any nat-to (em0)",
      "pass in on em0 inet proto tcp from any to any port 80 rdr-to 10.0.0.2 port 8080",
      "match on em0 from 10.0.0.5 to any binat-to 192.0.2.5",
      "match in all scrub (no-df)",
      "pass in from any route-to 10.0.0.1",
    ]);
  });

  it("older systems say what they have instead", () => {
    expect(messages("match out on em0 nat-to (em0)\npass in on em0 rdr-to 10.0.0.2\n", "openbsd-4.6")).toEqual([
      '1 "match": openbsd-4.6 has no match rules: use nat, rdr, scrub and pass rules for what they did.',
      '2 "rdr-to": `rdr-to` does not fit here on openbsd-4.6. Redirection is a rule of its own here: write `rdr on interface from … to … -> address`.',
    ]);
    expect(messages("pass in divert-to 10.0.0.1 port 4\n", "netbsd-10")).toEqual([
      '1 "divert-to": `divert-to` is a word of pf.conf on other systems; netbsd-10 does not have it.',
    ]);
  });
});

describe("whatever comes", () => {
  const system = parseSystem("openbsd-7.8") as System;
  const hostile: Record<string, string> = {
    "nothing at all": "",
    "a NUL": "pass\0block\n",
    "bytes of a program": Array.from({ length: 5000 }, (_, i) => String.fromCharCode((i * 7919) % 256)).join(""),
    "a line of a megabyte": `pass from ${"a".repeat(1 << 20)}\n`,
    "a line of many words": `pass from { ${"10.0.0.1 ".repeat(1 << 14)}}\n`,
    "braces that open": "{".repeat(100_000),
    "lists in lists": `pass from ${"{ ".repeat(100_000)}`,
    "anchors in anchors": "anchor {\n".repeat(100_000),
    brackets: "pass (".repeat(50_000),
    "a table of a hundred thousand entries": `table <t> { ${"10.0.0.1 ".repeat(100_000)}}\n`,
    "a quote": `x = "${"$y".repeat(50_000)}`,
    "lines that are joined": `pass ${"\\\n".repeat(100_000)}`,
    "a macro that doubles": `a = "x"\n${Array.from({ length: 40 }, (_, i) => `m${i + 1} = $m${i} $m${i}`).join("\n")}\n`,
    "wrong lines": "foo bar\n".repeat(20_000),
  };

  it.each(Object.keys(hostile))("ends with a result: %s", (name) => {
    const text = hostile[name] as string;
    const syntax = parsePf(new Source("x", text), dialectOf(system));
    expect(printSyntax(syntax) === text).toBe(true);
    const load = loadPf(new Source("x", text), machine("openbsd-7.8"));
    const accepted = ["nothing at all", "a table of a hundred thousand entries", "a line of many words"];
    if (name === "lines that are joined") accepted.push(name);
    expect(load.diagnostics.some((it) => it.severity === "error")).toBe(!accepted.includes(name));
    expect(load.diagnostics.length).toBeLessThanOrEqual(10_000);
    pfctlPrint(text, "x", machine("freebsd-15"));
    pfctlPrint(text, "x", machine("openbsd-4.6"));
  });

  it("reads no further where lists multiply beyond all memory", () => {
    const list = `{ ${"10.0.0.1 ".repeat(2001)}}`;
    for (const name of ["openbsd-7.8", "openbsd-4.6", "freebsd-15"]) {
      const load = loadPf(new Source("x", `pass\npass from ${list} to { ${"fd00::1 ".repeat(2001)}}\n`), machine(name));
      expect(load.diagnostics.map((it) => it.code)).toEqual(["pf/too-many-rules"]);
      expect(load.exit).toBe(1);
    }
  });
});

describe("an inline anchor whose name is taken", () => {
  it("leaves its rules to the next anchor, as in pfctl", () => {
    const text = 'anchor "b" {\n pass\n}\nanchor "b" {\n pass\n}\nanchor "c" on em0\nanchor "b" in\n';
    const { exit, stderr } = pfctlPrint(text, "pf.conf", machine("openbsd-7.8"), {});
    expect(exit).toBe(1);
    expect(stderr.trim().split("\n")).toEqual(["pf.conf:6: inline anchor 'b' already exists"]);
  });
});
