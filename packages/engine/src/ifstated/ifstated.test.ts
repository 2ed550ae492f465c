import { parseSystem, Source, type System } from "@pierhead/core";
import { readIfstated } from "@pierhead/lang/ifstated";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Machine } from "../machine/index.ts";
import {
  compile,
  createMonitor,
  currentState,
  type MonitorEvent,
  SimulatedMonitor,
  step,
  testTiming,
} from "./index.ts";

const openbsd = parseSystem("openbsd-5.7") as System;

function configuration(text: string) {
  return readIfstated(new Source("ifstated.conf", text)).configuration;
}

function simulate(text: string, system = openbsd): SimulatedMonitor {
  const machine = new Machine(system, { interfaces: [{ name: "em0" }, { name: "em1" }] });
  return new SimulatedMonitor(machine, configuration(text));
}

/** The log since `from`, one word or two a line. */
function log(monitor: SimulatedMonitor, from = 0): string[] {
  return monitor.log.slice(from).map((entry) => {
    const at = `${Math.round(entry.time * 100) / 100}`;
    switch (entry.kind) {
      case "enter":
        return `${at} enter ${entry.state}`;
      case "test":
        return `${at} ${entry.blocking ? "test" : "poll"} ${entry.test.macros[0] ?? entry.test.command} ${entry.status}`;
      case "kill":
        return `${at} kill ${entry.test.macros[0] ?? entry.test.command} ${entry.reason}`;
      default:
        return `${at} run ${entry.action.command}`;
    }
  });
}

const twoLines = `isp1 = '( "ping -c 1 -w 1 192.0.2.1" every 10 )'
isp2 = '( "ping -c 1 -w 1 192.0.2.2" every 10 )'
state both {
	init {
		run "echo both"
	}
	if ! $isp1
		set-state one
	if ! $isp2
		set-state two
}
state one {
	init run "echo one"
	if $isp1
		set-state both
	if ! $isp2
		set-state none
}
state two {
	init run "echo two"
	if $isp2
		set-state both
	if ! $isp1
		set-state none
}
state none {
	init run "echo none"
	if $isp1 && ! $isp2
		set-state two
	if $isp2 && ! $isp1
		set-state one
	if $isp1 && $isp2
		set-state both
}
`;

describe("the machine", () => {
  it("runs the tests on entering, then every ten seconds, and follows a line that dies", () => {
    const monitor = simulate(twoLines);
    monitor.start();
    monitor.advance(10);
    monitor.setTests(new Map([["isp1", false]]));
    const before = monitor.log.length;
    expect(log(monitor)).toEqual([
      "0 enter both",
      "0 test isp1 0",
      "0 test isp2 0",
      "0 run echo both",
      "10 poll isp1 0",
      "10 poll isp2 0",
    ]);
    expect(monitor.settle()).toEqual({ settled: true, seconds: 12, flapping: null });
    // The poll at 20 fails at 21; the tests of the next state run one after the other before its init block.
    expect(log(monitor, before)).toEqual([
      "20 poll isp1 1",
      "20 poll isp2 0",
      "21 enter one",
      "21 test isp1 1",
      "22 test isp2 0",
      "22 run echo one",
    ]);
    expect(monitor.state).toBe("one");
  });

  it.each<[Record<string, boolean>, string]>([
    [{}, "both"],
    [{ isp1: false }, "one"],
    [{ isp2: false }, "two"],
    [{ isp1: false, isp2: false }, "none"],
  ])("with %j it ends in %s, from wherever it comes", (tests, state) => {
    for (const first of [{}, { isp1: false }, { isp2: false }, { isp1: false, isp2: false }]) {
      const monitor = simulate(twoLines);
      monitor.setTests(new Map(Object.entries({ isp1: true, isp2: true, ...first })));
      monitor.start();
      monitor.settle();
      monitor.advance(60);
      monitor.setTests(new Map(Object.entries({ isp1: true, isp2: true, ...tests })));
      expect(monitor.settle().settled).toBe(true);
      expect(monitor.state).toBe(state);
    }
  });

  it("passes over a change on a second visit until every test has ended once (eval_state)", () => {
    const monitor = simulate(twoLines);
    monitor.setTests(new Map([["isp1", false]]));
    monitor.start();
    monitor.advance(40);
    monitor.setTests(new Map([["isp1", true]]));
    monitor.settle();
    monitor.advance(40);
    monitor.setTests(new Map([["isp1", false]]));
    monitor.settle();
    expect(monitor.state).toBe("one");
    // Second visit to `one`, and the line comes back before the first poll there: isp1 answers first, isp2 has not
    // ended in the background since the state was entered, and when it does, nothing has changed.
    monitor.setTests(new Map([["isp1", true]]));
    expect(monitor.settle().settled).toBe(true);
    monitor.advance(600);
    expect(monitor.state).toBe("one");
    monitor.setTests(new Map([["isp1", false]]));
    monitor.settle();
    monitor.setTests(new Map([["isp1", true]]));
    monitor.settle();
    expect(monitor.state).toBe("both");
  });

  it("takes the last set-state, runs the body after init, and what stands outside states on its own events", () => {
    const monitor = simulate(`if em1.link.down
	run "echo global"
state a {
	init run "echo init"
	run "echo body"
	if em0.link.down {
		set-state a
		set-state b
		set-state c
		run "echo after"
	}
}
state b {
	run "true"
}
state c {
	run "echo c"
}
`);
    monitor.start();
    monitor.setLink("em1", "down");
    monitor.setLink("em0", "down");
    expect(log(monitor)).toEqual([
      "0 enter a",
      "0 run echo init",
      "0 run echo body",
      "0 run echo global",
      "0 run echo body",
      "0 run echo after",
      "0 enter c",
      "0 run echo c",
    ]);
  });

  it("counts an unknown link as up, and as unknown, and not as down", () => {
    const text = ["up", "down", "unknown"].map((is) => `if em0.link.${is}\n\trun "echo ${is}"\n`).join("");
    const monitor = simulate(text);
    monitor.start();
    monitor.setLink("em0", "unknown");
    monitor.setLink("em0", "down");
    // The whole body runs at each change.
    expect(log(monitor)).toEqual(["0 run echo up", "0 run echo up", "0 run echo unknown", "0 run echo down"]);
  });

  it("kills a test that is not done when it is due again, and so never hears of the failure", () => {
    const monitor = simulate(
      'state a {\n\tif ! "ping -c 1 -w 10 x" every 5\n\t\tset-state b\n}\nstate b {\n\trun "true"\n}\n',
    );
    monitor.start();
    monitor.setTests(new Map([["ping -c 1 -w 10 x", false]]));
    monitor.advance(100);
    expect(monitor.state).toBe("a");
    expect(log(monitor)).toContain("15 kill ping -c 1 -w 10 x still-running");
    expect(monitor.settle(50).settled).toBe(false);
  });

  it("waits for its commands, and catches up afterwards", () => {
    const monitor = simulate('state a {\n\tinit run "sleep 25"\n\tif "true" every 10\n\t\trun "echo"\n}\n');
    monitor.start();
    monitor.advance(40);
    expect(log(monitor)).toEqual([
      "0 enter a",
      "0 test true 0",
      "0 run sleep 25",
      "25 run echo",
      "25 poll true 0",
      "35 poll true 0",
    ]);
  });

  it("notices that it goes round for ever", () => {
    const spin = simulate(
      "state a {\n\tif em0.link.up\n\t\tset-state b\n}\nstate b {\n\tif em0.link.up\n\t\tset-state a\n}\n",
    );
    spin.start();
    expect(spin.settle().flapping).toEqual(["a", "b", "a"]);
    const test = '"true" every 10';
    const flap = simulate(`state a {\n\tif ${test}\n\t\tset-state b\n}\nstate b {\n\tif ${test}\n\t\tset-state a\n}\n`);
    flap.start();
    expect(flap.settle().flapping).toContain("b");
  });

  it("starts where init-state says, ignores first results with -i, and starts over on a reload", () => {
    const program = compile(
      configuration('init-state b\nstate a {\n\trun "a"\n}\nstate b {\n\tif em0.link.up\n\t\tset-state a\n}\n'),
    );
    const links = [{ interface: "em0", link: "up" as const }];
    const events: MonitorEvent[] = [{ kind: "start", time: 1, links }];
    let state = createMonitor(program);
    for (const event of events) ({ state } = step(state, event));
    expect(currentState(state)).toBe("a");
    const quiet = step(createMonitor(program, { inhibit: true }), { kind: "start", time: 1, links });
    expect(currentState(quiet.state)).toBe("b");
    const again = step(state, { kind: "reload", time: 2, program, links: [{ interface: "em0", link: "down" }] });
    expect(again.state.waiting).not.toBeNull();
  });
});

describe("step", () => {
  it("leaves the state it was given alone, and gives the same again", () => {
    const program = compile(configuration(twoLines));
    const event: fc.Arbitrary<MonitorEvent> = fc.oneof(
      fc.record({ kind: fc.constant("tick" as const), time: fc.constant(0) }),
      fc.record({
        kind: fc.constant("command-finished" as const),
        time: fc.constant(0),
        run: fc.integer({ min: 1, max: 30 }),
      }),
      fc.record({
        kind: fc.constant("tests-finished" as const),
        time: fc.constant(0),
        runs: fc.array(fc.record({ run: fc.integer({ min: 1, max: 30 }), status: fc.constantFrom(0, 1, null) }), {
          maxLength: 3,
        }),
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.integer({ min: 0, max: 12 })), { maxLength: 40 }), (events) => {
        let state = createMonitor(program);
        let time = 1;
        for (const [one, wait] of [[{ kind: "start", time, links: [] } as MonitorEvent, 0] as const, ...events]) {
          time += wait;
          const frozen = JSON.stringify({ ...state, program: null });
          const result = step(state, { ...one, time });
          expect(JSON.stringify({ ...state, program: null })).toBe(frozen);
          expect(step(state, { ...one, time }).actions).toEqual(result.actions);
          state = result.state;
        }
      }),
      { numRuns: 300, seed: 2 },
    );
  });
});

describe("how long a test takes to fail", () => {
  it.each<[string, string, number | null, boolean]>([
    ["openbsd-5.7", "ping -q -c 1 -w 1 -S 198.51.100.199 198.51.100.100 >/dev/null", 1, false],
    ["openbsd-7.8", "ping -q -c 1 -w 1 192.0.2.1", 2, false],
    ["openbsd-7.8", "/sbin/ping -qc3 -i 0.5 -w2 192.0.2.1", 3.5, false],
    ["openbsd-7.8", "ping -c 1 192.0.2.1", 11, false],
    ["openbsd-7.8", "ping 192.0.2.1", null, true],
    ["openbsd-5.7", "ping -c1 -w1 a > /dev/null || ping -c1 -w2 b", 3, false],
    ["openbsd-5.7", "ping -c1 -w1 a && ping -c1 -w2 b", 2, false],
    ["openbsd-5.7", "ping -c2 -w1 a | grep -q ttl", 2, false],
    ["freebsd-14.3", "ping -c 1 -t 3 a", 3, false],
    ["freebsd-14.3", "ping -c 1 -W 500 a", 1.5, false],
    ["netbsd-10.1", "ping -c 1 -w 4 a", 4, false],
    ["linux", "ping -c 2 -W 1 a", 2, false],
    ["openbsd-7.8", "nc -z -w 3 192.0.2.1 443", 3, false],
    ["openbsd-7.8", "timeout 4 /usr/local/bin/check", 4, false],
    ["openbsd-7.8", "/usr/local/bin/check", null, false],
    ["openbsd-7.8", "test -f /tmp/x", 0, false],
  ])("%s: %s", (system, command, fails, endless) => {
    const timing = testTiming(command, parseSystem(system) as System);
    expect([timing.fails, timing.endless]).toEqual([fails, endless]);
  });
});
