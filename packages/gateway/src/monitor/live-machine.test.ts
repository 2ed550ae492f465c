import { type LinkState, parseSystem, Source, type System } from "@pierhead/core";
import { compile, type Manner, type Program, SimulatedMonitor } from "@pierhead/engine/ifstated";
import { Machine } from "@pierhead/engine/machine";
import { readIfstated } from "@pierhead/lang/ifstated";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LiveMachine, type Notice } from "./live-machine.ts";
import type { World } from "./world.ts";

const system = parseSystem("linux") as System;
const EPOCH = 1_000_000;

function configuration(text: string) {
  const { configuration: read, diagnostics } = readIfstated(new Source("ifstated.conf", text), { extensions: true });
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return read;
}

interface Pending {
  readonly at: number;
  readonly run: number;
  readonly call: () => void;
}

/** A world with a clock that is moved by hand. A failing test takes as long as its command says. */
class FakeWorld implements World {
  readonly failing = new Set<string>();
  readonly started: string[] = [];
  time = 0;
  tick: () => void = () => {};
  #pending: Pending[] = [];
  #wake: number | null = null;
  /** Seconds a test takes: by its result. */
  readonly seconds: (command: string, ok: boolean) => number;

  constructor(seconds: (command: string, ok: boolean) => number) {
    this.seconds = seconds;
  }

  now(): number {
    return this.time + EPOCH;
  }

  test(run: number, command: string, limit: number, ended: (status: number | null) => void): void {
    this.started.push(command);
    const ok = !this.failing.has(command);
    const seconds = this.seconds(command, ok);
    if (seconds > limit) this.#later(limit, run, () => ended(null));
    else if (Number.isFinite(seconds)) this.#later(seconds, run, () => ended(ok ? 0 : 1));
  }

  command(run: number, command: string, ended: (status: number | null) => void): void {
    this.started.push(command);
    // So that going round in a circle takes time.
    this.#later(command.startsWith("sleep 1") ? 1 : 0, run, () => ended(0));
  }

  kill(run: number): void {
    this.#pending = this.#pending.filter((one) => one.run !== run);
  }

  wake(at: number | null): void {
    this.#wake = at === null ? null : at - EPOCH;
  }

  get pending(): number {
    return this.#pending.length;
  }

  advance(seconds: number): void {
    const end = this.time + seconds;
    for (;;) {
      const first = this.#pending[0];
      const wake = this.#wake;
      if (first !== undefined && first.at <= end && (wake === null || first.at <= wake)) {
        this.time = Math.max(this.time, first.at);
        this.#pending.shift();
        first.call();
      } else if (wake !== null && wake <= end) {
        this.time = Math.max(this.time, wake);
        this.#wake = null;
        this.tick();
      } else break;
    }
    this.time = end;
  }

  #later(seconds: number, run: number, call: () => void): void {
    const at = this.time + seconds;
    let index = this.#pending.length;
    while (index > 0 && (this.#pending[index - 1] as Pending).at > at) index--;
    this.#pending.splice(index, 0, { at, run, call });
  }
}

interface Live {
  readonly world: FakeWorld;
  readonly machine: LiveMachine;
  readonly notices: Notice[];
}

function live(program: Program, manner: Manner, seconds: (command: string, ok: boolean) => number): Live {
  const world = new FakeWorld(seconds);
  const notices: Notice[] = [];
  const machine = new LiveMachine(program, world, (notice) => notices.push(notice), { manner });
  world.tick = () => machine.tick();
  return { world, machine, notices };
}

const LINES = ["isp1", "isp2", "dns"] as const;
const command = (line: string): string => `ping -c 1 -W ${line === "isp2" ? 2 : 1} ${line}.example`;
const pingSeconds = (text: string, ok: boolean): number => (ok ? 0 : text.includes("-W 2") ? 2 : 1);

/** A file of up to four states with conditions over three tests and two links. */
const file: fc.Arbitrary<string> = fc
  .record({
    intervals: fc.tuple(...LINES.map(() => fc.integer({ min: 3, max: 12 }))),
    global: fc.boolean(),
    states: fc.array(
      fc.array(
        fc.record({
          target: fc.integer({ min: 0, max: 3 }),
          operator: fc.constantFrom("&&", "||"),
          terms: fc.array(
            fc.tuple(
              fc.boolean(),
              fc.constantFrom("$isp1", "$isp2", "$dns", "em0.link.up", "em1.link.down", "em1.link.unknown"),
            ),
            { minLength: 1, maxLength: 3 },
          ),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      { minLength: 2, maxLength: 4 },
    ),
  })
  .map(({ intervals, global, states }) => {
    let text = LINES.map((line, i) => `${line} = '( "${command(line)}" every ${intervals[i]} )'\n`).join("");
    if (global) text += 'if $dns && em0.link.down\n\trun "echo global"\n';
    states.forEach((conditions, number) => {
      text += `state s${number} {\n\tinit run "sleep 1"\n`;
      for (const { target, operator, terms } of conditions) {
        const condition = terms.map(([not, term]) => `${not ? "! " : ""}${term}`).join(` ${operator} `);
        text += `\tif ${condition}\n\t\tset-state s${target % states.length}\n`;
      }
      text += "}\n";
    });
    return text;
  });

type Event =
  | { readonly kind: "test"; readonly line: (typeof LINES)[number]; readonly ok: boolean }
  | { readonly kind: "link"; readonly name: string; readonly link: LinkState }
  | { readonly kind: "advance"; readonly seconds: number };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant("test" as const), line: fc.constantFrom(...LINES), ok: fc.boolean() }),
  fc.record({
    kind: fc.constant("link" as const),
    name: fc.constantFrom("em0", "em1"),
    link: fc.constantFrom<LinkState>("up", "down", "unknown"),
  }),
  fc.record({ kind: fc.constant("advance" as const), seconds: fc.integer({ min: 1, max: 60 }).map((n) => n / 4) }),
);

/** Entered states with their times, from the simulator and from the monitor. */
function bothRun(text: string, events: readonly Event[], manner: Manner): [string[], string[]] {
  const read = configuration(text);
  const simulated = new SimulatedMonitor(
    new Machine(system, { interfaces: [{ name: "em0" }, { name: "em1" }] }),
    read,
    {
      manner,
    },
  );
  const { world, machine, notices } = live(compile(read), manner, pingSeconds);
  simulated.start();
  machine.start(simulated.machine.interfaces().map(({ name, link }) => ({ interface: name, link })));
  world.advance(0);
  for (const one of events) {
    if (one.kind === "test") {
      simulated.setTests(new Map([[command(one.line), one.ok]]));
      if (one.ok) world.failing.delete(command(one.line));
      else world.failing.add(command(one.line));
    } else if (one.kind === "link") {
      if (simulated.machine.interfaces().find(({ name }) => name === one.name)?.link === one.link) continue;
      simulated.setLink(one.name, one.link);
      machine.link(one.name, one.link);
      world.advance(0);
    } else {
      simulated.advance(one.seconds);
      world.advance(one.seconds);
    }
  }
  const inSimulator = simulated.log.flatMap((entry) =>
    entry.kind === "enter" ? [`${entry.time} ${entry.state}`] : [],
  );
  const inMonitor = notices.flatMap((notice) =>
    notice.kind === "enter" ? [`${notice.time - EPOCH} ${notice.state}`] : [],
  );
  return [
    [...inSimulator, `ends in ${simulated.state}`],
    [...inMonitor, `ends in ${machine.state}`],
  ];
}

const events = fc.array(event, { maxLength: 40 });

describe("simulator and monitor", () => {
  it.each<[Manner, number]>([
    ["live", 1_000],
    ["daemon", 1_000],
  ])("enter the same states at the same times: %s, %i random event sequences", (manner, runs) => {
    let entered = 0;
    fc.assert(
      fc.property(file, events, (text, sequence) => {
        const [simulated, monitored] = bothRun(text, sequence, manner);
        expect(monitored.slice(0, 300)).toEqual(simulated.slice(0, 300));
        entered += simulated.length - 1;
      }),
      { numRuns: runs, seed: 6 },
    );
    expect(entered).toBeGreaterThan(runs * 2);
  });
});

const twoLines = `isp1 = '( "one" every 10 )'
isp2 = '( "two" every 10 )'
state both {
	init run "route both"
	if ! $isp1 || ! $isp2
		set-state second
}
state second {
	init run "route second"
	if $isp1 && $isp2
		set-state both
}
`;

function states(notices: readonly Notice[]): string[] {
  return notices.flatMap((notice) =>
    notice.kind === "enter"
      ? [`${notice.time - EPOCH} ${notice.state}`]
      : notice.kind === "command"
        ? [notice.command]
        : [],
  );
}

describe("better than the daemon", () => {
  it("runs the tests of a state side by side and does not ask again what it knows", () => {
    const { world, machine, notices } = live(compile(configuration(twoLines)), "live", (_, ok) => (ok ? 0 : 4));
    world.failing.add("one").add("two");
    machine.start([]);
    world.advance(30);
    // Both tests take four seconds, side by side; `second` knows the results already.
    expect(states(notices)).toEqual(["0 both", "route both", "4 second", "route second"]);
  });

  it("passes over no change", () => {
    const { world, machine } = live(compile(configuration(twoLines)), "live", () => 0);
    machine.start([]);
    for (let i = 0; i < 50; i++) {
      world.failing.add("one");
      world.advance(11);
      expect(machine.state).toBe("second");
      world.failing.clear();
      world.advance(11);
      expect(machine.state).toBe("both");
    }
  });

  it("kills a test that hangs while a state is entered, and goes on", () => {
    const { world, machine, notices } = live(compile(configuration(twoLines)), "live", (text) =>
      text === "two" ? Number.POSITIVE_INFINITY : 0,
    );
    machine.start([]);
    world.advance(19);
    expect(states(notices)).toEqual(["0 both"]);
    world.advance(20);
    expect(states(notices)).toEqual(["0 both", "route both"]);
    expect(notices.filter(({ kind }) => kind === "hung").length).toBe(2);
    world.failing.add("one");
    world.advance(11);
    expect(machine.state).toBe("second");
  });

  it("takes a test that begins to hang for one that fails", () => {
    let hangs = false;
    const { world, machine, notices } = live(compile(configuration(twoLines)), "live", (text) =>
      text === "one" && hangs ? Number.POSITIVE_INFINITY : 0,
    );
    machine.start([]);
    world.advance(5);
    hangs = true;
    world.advance(16);
    expect(states(notices)).toEqual(["0 both", "route both", "20 second", "route second"]);
    hangs = false;
    world.advance(10);
    expect(machine.state).toBe("both");
  });

  it("leaves that to the last result when it is to be as the daemon, or when the test never was done in time", () => {
    let hangs = false;
    const seconds = (text: string): number => (text === "one" && hangs ? Number.POSITIVE_INFINITY : 0);
    const daemon = live(compile(configuration(twoLines)), "daemon", seconds);
    const slow = live(compile(configuration(twoLines)), "live", (text) => (text === "one" ? 12 : 0));
    daemon.machine.start([]);
    slow.machine.start([]);
    daemon.world.advance(5);
    hangs = true;
    daemon.world.advance(60);
    slow.world.advance(60);
    expect([daemon.machine.state, slow.machine.state]).toEqual(["both", "both"]);
  });

  it("does not follow every flap that came while a command ran, only the last", () => {
    const text =
      'state a {\n\tinit run "sleep 1"\n\tif em0.link.down\n\t\tset-state b\n}\nstate b {\n\tinit run "sleep 1"\n\tif em0.link.up\n\t\tset-state a\n}\n';
    const { world, machine, notices } = live(compile(configuration(text)), "live", () => 0);
    machine.start([{ interface: "em0", link: "up" }]);
    for (let i = 0; i < 100; i++) {
      machine.link("em0", "down");
      machine.link("em0", "up");
    }
    machine.link("em0", "down");
    world.advance(10);
    expect(states(notices)).toEqual(["0 a", "sleep 1", "1 b", "sleep 1"]);
  });

  it("says that a file goes round for ever, and does not go round with it", () => {
    const text = "state a {\n\tif em0.link.up\n\t\tset-state b\n}\nstate b {\n\tif em0.link.up\n\t\tset-state a\n}\n";
    const { machine, notices } = live(compile(configuration(text)), "live", () => 0);
    machine.start([{ interface: "em0", link: "up" }]);
    expect(notices.some(({ kind }) => kind === "spinning")).toBe(true);
  });
});

describe("starting and reloading", () => {
  it("enters the state of before a crash, and runs its init block", () => {
    const { world, machine, notices } = live(compile(configuration(twoLines)), "live", () => 0);
    world.failing.add("one");
    machine.start([], "second");
    world.advance(1);
    expect(states(notices)).toEqual(["0 second", "route second"]);
  });

  it("takes the file's own first state when that one has gone", () => {
    const { machine } = live(compile(configuration(twoLines)), "live", () => 0);
    machine.start([], "elsewhere");
    expect(machine.state).toBe("both");
  });

  it("keeps the state on a reload, and runs init only when it is another", () => {
    const { world, machine, notices } = live(compile(configuration(twoLines)), "live", () => 0);
    world.failing.add("one");
    machine.start([]);
    world.advance(15);
    expect(machine.state).toBe("second");
    const since = notices.length;
    const started = world.started.length;
    machine.reload(compile(configuration(`# moved down\n\n${twoLines}`)), [], true);
    world.advance(0);
    expect(states(notices.slice(since))).toEqual([]);
    expect(world.started.slice(started)).toEqual([]);
    machine.reload(compile(configuration(twoLines.replace("route second", "route third"))), [], true);
    world.advance(0);
    expect(states(notices.slice(since))).toEqual(["15 second", "route third"]);
    machine.reload(compile(configuration(twoLines.replaceAll("second", "other"))), [], true);
    world.advance(0);
    expect(machine.state).toBe("other");
    expect(states(notices.slice(since + 1)).at(-1)).toBe("route other");
    expect(world.pending).toBe(0);
  });
});
