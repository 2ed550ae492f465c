/** The probes of a configuration, running. */
import type { LinkState } from "@pierhead/core";
import type { LinkReport } from "@pierhead/engine/ifstated";
import type { ProbeDefinition } from "@pierhead/lang/ifstated";
import { now } from "../children.ts";
import { startAsking } from "./ask.ts";
import type { Asker } from "./asker.ts";
import { ProbeJudge } from "./judge.ts";
import { startPing } from "./ping.ts";

export interface ProbeListener {
  changed(name: string, link: LinkState): void;
  trouble(name: string, message: string): void;
}

export interface RunningProbe {
  readonly definition: ProbeDefinition;
  readonly judge: ProbeJudge;
  readonly asker: Asker;
}

export class ProbeWatcher {
  readonly #listener: ProbeListener;
  #running: RunningProbe[] = [];

  constructor(listener: ProbeListener) {
    this.#listener = listener;
  }

  get running(): readonly RunningProbe[] {
    return this.#running;
  }

  /** What the machine is to know of them at the start: they look like links. */
  get links(): LinkReport[] {
    return this.#running.map(({ definition, judge }) => ({ interface: definition.name, link: judge.verdict }));
  }

  /** Runs these and no others; those that are the same as before go on with what they know. */
  set(definitions: readonly ProbeDefinition[]): void {
    const before = this.#running;
    this.#running = definitions.map((definition) => {
      const same = before.find((one) => sameProbe(one.definition, definition));
      return same === undefined ? this.#start(definition) : { ...same, definition };
    });
    for (const one of before) {
      if (!this.#running.some(({ judge }) => judge === one.judge)) one.asker.stop();
    }
  }

  stop(): void {
    for (const { asker } of this.#running) asker.stop();
    this.#running = [];
  }

  #start(definition: ProbeDefinition): RunningProbe {
    const judge = new ProbeJudge(definition);
    const result = (latency: number | null): void => {
      const changed = judge.result(now(), latency);
      if (changed !== null) this.#listener.changed(definition.name, changed);
    };
    const trouble = (message: string): void => this.#listener.trouble(definition.name, message);
    const asker =
      definition.method === "icmp" ? startPing(definition, result, trouble) : startAsking(definition, result);
    return { definition, judge, asker };
  }
}

function sameProbe(a: ProbeDefinition, b: ProbeDefinition): boolean {
  const facts = ({ span: _, nameSpan: __, ...rest }: ProbeDefinition): string => JSON.stringify(rest);
  return facts(a) === facts(b);
}
