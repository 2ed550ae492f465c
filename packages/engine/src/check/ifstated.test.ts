import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { buildMachine } from "../build/index.ts";
import { checkIfstated } from "./ifstated.ts";

const system = parseSystem("openbsd-7.8") as System;

const machine = {
  "etc/hostname.em0": "inet 198.51.100.199/24\n",
  "etc/hostname.em1": "inet 192.168.1.1/24\n",
  "etc/hostname.em2": "inet 203.0.113.220/24\n",
  "etc/mygate": "203.0.113.200\n",
  "etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
};

/** `line:column code => fix` of everything the checks say. */
function check(ifstated: string, more: Record<string, string> = machine): string[] {
  const files = { "etc/ifstated.conf": ifstated, ...more };
  const build = buildMachine(files, system);
  return checkIfstated(build, () => buildMachine(files, system).machine).map(({ source, span, code, fix }) => {
    const { line, column } = source?.position(span.start) ?? { line: 0, column: 0 };
    const edit = fix === null ? "" : ` => ${fix.edits.map(({ text }) => text).join("…")}`;
    return `${source?.name.replace(/^.*\//, "")}:${line}:${column} ${code}${edit}`;
  });
}

const state = (name: string, body: string): string => `state ${name} {\n${body}\n}\n`;
const to = (name: string, when: string): string => `if ${when}\nset-state ${name}`;

describe("by itself", () => {
  it.each<[string, string[]]>([
    [state("a", to("b", "em0.link.down")) + state("b", to("a", "em0.link.up")), []],
    [
      state("a", to("b", "em0.link.down")) + state("b", 'run "true"') + state("c", to("a", "em0.link.up")),
      ["ifstated.conf:5:7 ifstated/no-way-out", "ifstated.conf:8:7 ifstated/unreachable-state"],
    ],
    [state("a", to("a", "em0.link.down")), ["ifstated.conf:3:11 ifstated/same-state"].slice(1)],
    [
      state("a", 'if em0.link.up || em1.link.up && em2.link.up\nrun "true"'),
      ["ifstated.conf:2:4 ifstated/mixed-operators => (…)"],
    ],
    [
      state("a", 'if em0.link.up && em1.link.up || em2.link.up\nrun "true"'),
      ["ifstated.conf:2:4 ifstated/mixed-operators => (…)"],
    ],
    [state("a", 'if (em0.link.up || em1.link.up) && em2.link.up\nrun "true"'), []],
    [
      `both = "em0.link.up && em1.link.up"\n${state("a", 'if ! $both\nrun "true"')}`,
      ["ifstated.conf:3:4 ifstated/macro-cut => ( … )"],
    ],
    [
      `both = "em0.link.up && em1.link.up"\n${state("a", 'if em2.link.up || $both\nrun "true"')}`,
      ["ifstated.conf:3:4 ifstated/macro-cut => ( … )"],
    ],
    [`both = "( em0.link.up && em1.link.up )"\n${state("a", 'if ! $both || em2.link.up\nrun "true"')}`, []],
    [
      `x = "em0.link.up"\nx = "em1.link.up"\ny = "z"\n${state("a", 'if $x\nrun "true"')}`,
      ["ifstated.conf:1:1 ifstated/unused-macro", "ifstated.conf:3:1 ifstated/unused-macro"],
    ],
    [state("a", 'if "ping -c 1 192.0.2.1" every 5\nrun "true"'), ["ifstated.conf:2:4 ifstated/test-never-fails"]],
    [state("a", 'if "ping 192.0.2.1" every 5\nrun "true"'), ["ifstated.conf:2:4 ifstated/endless-test"]],
  ])("%s", (text, expected) => {
    expect(check(text)).toEqual(expected);
  });
});

const isp1 = `isp1 = '( "ping -q -c 1 -w 1 -I 198.51.100.199 198.51.100.100" every 10 )'\n`;

describe("with the machine and pf.conf", () => {
  it("finds rules that do not load, at the word that is wrong", () => {
    const text = state("a", `run 'echo "pass in on em1 form any" | pfctl -a x -f -'`);
    expect(check(text, { ...machine, "etc/pf.conf": 'anchor "x"\n' })).toEqual([
      "ifstated.conf:2:27 ifstated/rules-do-not-load",
    ]);
  });

  it("finds anchors that nobody calls", () => {
    const text = state("a", `run 'echo "pass in" | pfctl -a balanse -f -'\nrun "pfctl -a other/x -f /etc/none"`);
    const pf = 'anchor "balance"\nanchor "other/*"\nanchor "ftp-proxy/*"\nanchor "own" {\n\tpass\n}\n';
    expect(check(text, { ...machine, "etc/pf.conf": pf })).toEqual([
      "ifstated.conf:2:32 ifstated/anchor-not-called => balance",
      "ifstated.conf:3:6 ifstated/file-not-here",
    ]);
  });

  it("finds interfaces the machine does not have, and says what it cannot follow", () => {
    const text = state("a", 'run "ifconfig em7 down"\nrun "/usr/local/bin/notify"');
    expect(check(text)).toEqual([
      "ifstated.conf:2:15 ifstated/interface-not-here",
      "ifstated.conf:3:6 ifstated/opaque-command",
    ]);
  });
});

describe("in motion", () => {
  const isp2 = `isp2 = '( "ping -q -c 1 -w 1 -I 203.0.113.220 203.0.113.200" every 10 )'\n`;

  it("finds a route that is left behind, a state that looks away, and connections that are left hanging", () => {
    const text =
      isp1 +
      isp2 +
      state(
        "both",
        `init run "route -qn change default 203.0.113.200"\n${to("one", "! $isp1")}\n${to("two", "! $isp2")}`,
      ) +
      state("one", `init run "true"\n${to("both", "$isp1")}`) +
      state("two", `init run "true"\n${to("both", "$isp2")}\n${to("none", "! $isp1")}`) +
      state("none", `${to("both", "$isp1 && $isp2")}\n${to("two", "$isp1")}\n${to("one", "$isp2")}`);
    const pf = "match out on { em0 em2 } inet from em1:network nat-to (egress:0)\npass\n";
    const said = check(text, { ...machine, "etc/pf.conf": pf });
    for (const code of ["dead-default-route", "states-not-killed", "depends-on-the-way", "traffic-on-dead-line"]) {
      expect(said.join("\n")).toContain(`ifstated/${code}`);
    }
  });

  it("finds states that chase each other", () => {
    const text = isp1 + state("a", to("b", "! $isp1")) + state("b", to("a", "! $isp1"));
    expect(check(text)).toEqual(["ifstated.conf:2:7 ifstated/flapping"]);
  });

  it("has nothing to say about one that is right", () => {
    const kill = 'run "pfctl -q -k 0.0.0.0/0 -k 0.0.0.0/0"';
    const text =
      isp1 +
      isp2 +
      state(
        "both",
        `init run "route -qn change default 203.0.113.200 || route -qn add default 203.0.113.200"\n${to("one", "! $isp1 && $isp2")}\n${to("two", "$isp1 && ! $isp2")}\n${to("none", "! $isp1 && ! $isp2")}`,
      ) +
      state(
        "one",
        `init {\nrun "route -qn change default 203.0.113.200 || route -qn add default 203.0.113.200"\n${kill}\n}\n${to("both", "$isp1 && $isp2")}\n${to("two", "$isp1 && ! $isp2")}\n${to("none", "! $isp1 && ! $isp2")}`,
      ) +
      state(
        "two",
        `init {\nrun "route -qn change default 198.51.100.100 || route -qn add default 198.51.100.100"\n${kill}\n}\n${to("both", "$isp1 && $isp2")}\n${to("one", "! $isp1 && $isp2")}\n${to("none", "! $isp1 && ! $isp2")}`,
      ) +
      state(
        "none",
        `init {\nrun "route -qn delete default"\n${kill}\n}\n${to("both", "$isp1 && $isp2")}\n${to("one", "! $isp1 && $isp2")}\n${to("two", "$isp1 && ! $isp2")}`,
      );
    const pf =
      "match out on em0 inet from em1:network nat-to (em0)\nmatch out on em2 inet from em1:network nat-to (em2)\npass\n";
    const said = check(text, { ...machine, "etc/pf.conf": pf }).filter((line) => !line.includes("passed-over"));
    expect(said).toEqual([]);
  });
});
