/** Running a scenario step by step. */
import {
  copyPacket,
  type Diagnostic,
  diagnostic,
  formatPrefix,
  type Packet,
  type Position,
  type Source,
} from "@pierhead/core";
import type { Machine } from "../machine/machine.ts";
import { cutInto, fragmentKey } from "../network/fragments.ts";
import { delivery, departure, type Journey, stepsOf } from "../network/journey.ts";
import { receivePackets, sendPackets } from "../network/send.ts";
import { answerThrough, fromClient } from "../network/tunnel.ts";
import type { CommandResult } from "../pf/index.ts";
import { type Trace, traceOf } from "../trace/trace.ts";
import { type Attempt, disconnectClient } from "../vpn/index.ts";
import { buildPacket } from "./build-packet.ts";
import { type CheckContext, checkAttempt, checkJourney, checkMachine, type Failure } from "./check.ts";
import { Memory } from "./memory.ts";
import type { PacketSpec } from "./packet-spec.ts";
import { readScenario } from "./read-scenario.ts";
import { buildReply } from "./reply.ts";
import type { ReplySpec, Scenario, ScenarioStep, StepAction } from "./types.ts";
import { type ScenarioIo, World } from "./world.ts";

export interface StepResult {
  /** From 1, as people count. */
  readonly number: number;
  readonly kind: StepAction["kind"];
  /** The step in a few words. */
  readonly title: string;
  readonly position: Position;
  readonly failures: readonly Failure[];
  /** Of a packet or reply: the last one, when the step has `times`. */
  readonly journey: Journey | null;
  /** The same journey for people, when something was not as expected. */
  readonly trace: Trace | null;
  /** Of a `run` step. */
  readonly command: CommandResult | null;
  /** What could not be done, or is not known: opaque commands, a reply to nothing. */
  readonly notes: readonly string[];
}

export interface ScenarioResult {
  readonly name: string;
  readonly file: string;
  readonly ok: boolean;
  readonly steps: readonly StepResult[];
  /** From reading the file; an error means that it was not run. */
  readonly diagnostics: readonly Diagnostic[];
  /** Why it could not start, when that is not about the scenario file: pfctl refuses pf.conf, the tree is missing. */
  readonly startErrors: readonly string[];
}

/** Reads and runs a scenario. Never throws; what is wrong is in the result. */
export function runScenario(source: Source, io: ScenarioIo): ScenarioResult {
  const { scenario: read, diagnostics } = readScenario(source);
  const broken = read === null || diagnostics.some((one) => one.severity === "error");
  const result = { name: read?.name ?? source.name, file: source.name, diagnostics };
  if (broken) return { ...result, ok: false, steps: [], startErrors: [] };
  const scenario = io.system === undefined ? read : { ...read, system: io.system };
  const world = World.start(scenario, io);
  if (world.errors.length > 0) return { ...result, ok: false, steps: [], startErrors: world.errors };
  const unknown = unknownInterfaces(scenario, world.machine);
  if (unknown.length > 0) {
    return { ...result, diagnostics: [...diagnostics, ...unknown], ok: false, steps: [], startErrors: [] };
  }
  const run = new ScenarioRun(scenario, world);
  const steps = scenario.steps.map((step, index) => run.step(step, index + 1));
  const ok = steps.every((step) => step.failures.length === 0);
  return { ...result, ok, steps, startErrors: [] };
}

/** Interfaces that steps speak of, that the machine does not have and that no command of the scenario mentions. */
function unknownInterfaces(scenario: Scenario, machine: Machine): Diagnostic[] {
  const found: Diagnostic[] = [];
  const commands = scenario.steps.map((step) => (step.action.kind === "run" ? step.action.command : "")).join("\n");
  for (const { action, span } of scenario.steps) {
    const names =
      action.kind === "packet"
        ? [action.packet.in, action.packet.out]
        : action.kind === "link"
          ? action.links.keys()
          : action.kind === "lease"
            ? action.leases.keys()
            : [];
    for (const name of names) {
      if (name === null || machine.interface(name) !== null || commands.includes(name)) continue;
      const known = machine.interfaces().map((one) => one.name);
      const message = `There is no interface \`${name}\` on this machine; it has ${known.join(", ")}.`;
      found.push(diagnostic("scenario/unknown-interface", "error", message, scenario.source, span));
    }
  }
  return found;
}

class ScenarioRun {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #memory = new Memory();
  /** The last packet as it left, and where; null before the first. */
  #last: {
    readonly packet: Packet;
    readonly interface: string | null;
    readonly arrival: string | null;
    readonly journey: Journey;
  } | null = null;
  #identification = 1000;

  constructor(scenario: Scenario, world: World) {
    this.#scenario = scenario;
    this.#world = world;
  }

  step(step: ScenarioStep, number: number): StepResult {
    const failures: Failure[] = [];
    const notes: string[] = [];
    let journey: Journey | null = null;
    let command: CommandResult | null = null;
    let attempt: Attempt | null = null;
    for (let i = 0; i < step.times; i++) {
      const { action } = step;
      switch (action.kind) {
        case "packet":
          journey = this.#packet(action.packet, notes);
          break;
        case "reply":
          journey = this.#reply(action.reply, notes);
          break;
        case "set":
          this.#world.setTests(action.tests);
          break;
        case "lease":
          for (const [name, lease] of action.leases) {
            if (!this.#world.setLease(name, lease)) notes.push(`there is no interface ${name}`);
          }
          break;
        case "link":
          for (const [name, link] of action.links) {
            if (!this.#world.setLink(name, link)) notes.push(`there is no interface ${name}`);
          }
          break;
        case "connect":
          attempt = this.#world.connect(action.client);
          if (attempt === null)
            notes.push(
              "this machine has no ipsec.conf, iked.conf, npppd, swanctl.conf or mpd.conf: nobody can connect",
            );
          journey = attempt?.steps.findLast((one) => one.journey !== null)?.journey ?? null;
          for (const one of attempt?.steps ?? []) if (!one.ok) notes.push(`${one.name}: ${one.text}`);
          break;
        case "disconnect":
          if (!disconnectClient(this.#world.machine, action.user)) notes.push(`${action.user} is not connected`);
          break;
        case "advance":
          this.#world.advance(action.seconds);
          break;
        case "run":
          command = this.#world.run(action.command, action.stdin, notes);
          break;
      }
      if (journey !== null) this.#memory.observe(journey);
      failures.push(...this.#check(step, journey, command));
      if (action.kind === "connect") failures.push(...checkAttempt(step.expect, attempt));
      if (failures.length > 0) break;
    }
    if (journey === null && (step.action.kind === "packet" || step.action.kind === "reply")) {
      failures.push({ what: "packet", expected: "a packet", got: notes.at(-1) ?? "none" });
    }
    if (step.save !== null && journey !== null) this.#memory.save(step.save, journey);
    return {
      number,
      kind: step.action.kind,
      title: titleOf(step),
      position: this.#scenario.source.position(step.span.start),
      failures,
      journey,
      trace: failures.length > 0 && journey !== null ? traceOf(this.#world.machine, journey) : null,
      command,
      notes: [...notes, ...this.#world.takeNotes()],
    };
  }

  #check(step: ScenarioStep, journey: Journey | null, command: CommandResult | null): Failure[] {
    const { expect } = step;
    if (expect === null) return [];
    const context: CheckContext = {
      machine: this.#world.machine,
      saved: this.#memory.names,
      ifstatedState: this.#world.state,
    };
    const failures = journey === null ? [] : checkJourney(expect, journey, context);
    failures.push(...checkMachine(expect, context));
    if (expect.exit !== null && command !== null && command.exit !== expect.exit) {
      const errors = command.errors.trim();
      failures.push({
        what: "exit",
        expected: `${expect.exit}`,
        got: errors === "" ? `${command.exit}` : `${command.exit} (${errors})`,
      });
    }
    if (expect.output !== null && command !== null) {
      const got = command.output.trim();
      if (!expect.output.some((text) => text.trim() === got)) {
        failures.push({ what: "output", expected: expect.output.join(" or "), got });
      }
    }
    return failures;
  }

  #packet(spec: PacketSpec, notes: string[]): Journey | null {
    const packet = buildPacket(spec, this.#memory);
    if (typeof packet === "string") {
      notes.push(packet);
      return null;
    }
    if (spec.client === null) return this.#send(packet, spec.fragments ?? 1, spec.in, spec.out);
    const through = fromClient(this.#world.machine, spec.client, packet);
    if (typeof through === "string") {
      notes.push(through);
      return null;
    }
    return this.#send(through.packet, spec.fragments ?? 1, spec.in ?? through.interface, null);
  }

  #reply(spec: ReplySpec, notes: string[]): Journey | null {
    const last = this.#last;
    if (last === null) {
      notes.push("there is no packet to answer: none left or was delivered before this step");
      return null;
    }
    const packet = buildReply(spec, last.packet, last.interface, this.#scenario.system, this.#memory);
    if (typeof packet === "string") {
      notes.push(packet);
      return null;
    }
    const fragments = spec.packet.fragments ?? 1;
    const sent = departure(last.journey);
    if (last.interface === null || sent === null) return this.#send(packet, fragments, null, last.arrival);
    const back = answerThrough(last.journey, sent, packet);
    return this.#send(back.packet, fragments, back.interface, null);
  }

  #send(packet: Packet, fragments: number, arrival: string | null, leaving: string | null): Journey {
    const { machine } = this.#world;
    const packets = fragments > 1 ? cutInto(packet, fragments, this.#identification++) : [packet];
    const journey =
      arrival !== null
        ? receivePackets(machine, arrival, packets, { trace: true })
        : sendPackets(machine, packets, leaving, {
            trace: true,
            table: leaving === null ? 0 : (machine.interface(leaving)?.routingDomain ?? 0),
          });
    this.#remember(journey, arrival ?? leaving);
    return journey;
  }

  #remember(journey: Journey, arrival: string | null): void {
    const sent = departure(journey);
    if (sent !== null) {
      this.#last = {
        packet: wholeOf(journey) ?? sent.whole ?? sent.packet,
        interface: sent.interface,
        arrival,
        journey,
      };
      return;
    }
    const own = delivery(journey);
    if (own !== null) this.#last = { packet: own.packet, interface: null, arrival: own.interface, journey };
  }
}

/** The packet that left in fragments, when all of it is known: what the far end puts together. */
function wholeOf(journey: Journey): Packet | null {
  const cut = stepsOf(journey, "fragment", 0)[0];
  if (cut !== undefined) return cut.packet;
  const sent = stepsOf(journey, "send", 0);
  const first = sent[0]?.packet;
  if (first === undefined || first.fragment === null) return null;
  const parts = sent.filter((step) => fragmentKey(step.packet) === fragmentKey(first)).map((step) => step.packet);
  const whole = copyPacket(first);
  whole.fragment = null;
  whole.payloadLength = parts.reduce((sum, part) => sum + part.payloadLength, 0);
  return whole;
}

function titleOf(step: ScenarioStep): string {
  const { action } = step;
  switch (action.kind) {
    case "packet":
      return `packet ${action.packet.in !== null ? `in on ${action.packet.in}` : `out by ${action.packet.out ?? "?"}`}`;
    case "reply":
      return action.reply.error === null ? "reply" : `${action.reply.error} from ${action.reply.by ?? "the far end"}`;
    case "set":
      return `set ${[...action.tests].map(([name, truth]) => `${name}=${truth}`).join(", ")}`;
    case "lease":
      return `lease ${[...action.leases].map(([name, lease]) => `${name} ${lease === null ? "none" : formatPrefix(lease.address)}`).join(", ")}`;
    case "link":
      return `link ${[...action.links].map(([name, link]) => `${name} ${link}`).join(", ")}`;
    case "connect":
      return `connect ${action.client.user} from ${action.client.from}`;
    case "disconnect":
      return `disconnect ${action.user}`;
    case "advance":
      return `advance ${action.seconds}s`;
    case "run":
      return `run ${action.command}`;
  }
}
