/** What does not work right now, in sentences; each is said in the log once when it begins and once when it is over. */
import type { Log } from "../../monitor/log.ts";

export type TroubleName =
  | "store"
  | "firewall"
  | "closing"
  | "radius"
  | "users"
  | "passwords"
  | "garden"
  | "kernel"
  | "clock"
  | "spoofing";

export class Troubles {
  readonly #log: Log;
  readonly #now: Map<TroubleName, string> = new Map();

  constructor(log: Log) {
    this.#log = log;
  }

  begin(name: TroubleName, sentence: string): void {
    const before = this.#now.get(name);
    this.#now.set(name, sentence);
    if (before !== sentence) this.#log.error(name, sentence);
  }

  over(name: TroubleName): void {
    if (this.#now.delete(name)) this.#log.info(name, `${name}: works again`);
  }

  has(name: TroubleName): boolean {
    return this.#now.has(name);
  }

  get sentences(): readonly string[] {
    return [...this.#now.values()];
  }
}
