/** Linux: one `ip monitor` that never ends, and questions for addresses it has not spoken of. */
import type { ChildProcess } from "node:child_process";
import { listener, type Run } from "../firewall/command.ts";
import { readIpNeighbour } from "./formats.ts";
import type { NeighbourChange, Neighbours } from "./neighbours.ts";
import { NeighbourTable } from "./table.ts";

/** Milliseconds an address has to answer, and between two attempts to start a monitor that died. */
const PATIENCE = 1_500;
const PAUSE = 1_000;
/**
 * Seconds after which the kernel has made up its mind about a neighbour: five of delay for one that was there, three
 * questions a second apart (neighbour.c: delay_first_probe_time, ucast_solicit, mcast_solicit), and some for a busy machine.
 */
const SETTLES = 15;
/** Addresses asked for at a time: each is a process. */
const QUESTIONS = 32;

export class LinuxNeighbours implements Neighbours {
  readonly #run: Run;
  readonly #prefix: readonly string[];
  readonly #device: string;
  readonly #table: NeighbourTable = new NeighbourTable();
  readonly #questions: Map<string, Promise<string | null>> = new Map();
  #monitor: ChildProcess | null = null;
  #again: NodeJS.Timeout | null = null;
  #closed = false;

  private constructor(run: Run, prefix: readonly string[], device: string) {
    this.#run = run;
    this.#prefix = prefix;
    this.#device = device;
  }

  static async open(run: Run, prefix: readonly string[], device: string): Promise<LinuxNeighbours> {
    const neighbours = new LinuxNeighbours(run, prefix, device);
    await neighbours.#listen();
    return neighbours;
  }

  async macOf(address: string): Promise<string | null> {
    const known = this.#table.macOf(address);
    if (known !== null) return known;
    const asked = this.#questions.get(address);
    if (asked !== undefined) return asked;
    if (this.#questions.size >= QUESTIONS || !/^[0-9a-f.:]+$/i.test(address)) return null;
    const question = this.#ask(address).finally(() => this.#questions.delete(address));
    this.#questions.set(address, question);
    return question;
  }

  addressesOf(mac: string): readonly string[] {
    return this.#table.addressesOf(mac);
  }

  async ask(addresses: readonly string[]): Promise<ReadonlyMap<string, string> | null> {
    const wanted = new Set(addresses.filter((address) => /^[0-9a-f.:]+$/i.test(address)));
    const lines = [...wanted].map((address) => `neigh replace ${address} dev ${this.#device} use\n`).join("");
    if (!(await this.#isUp())) return null;
    // The table may be full: who was not asked is silent for no reason of its own.
    const { status } = await this.#run(["ip", "-force", "-batch", "-"], lines);
    if (status !== 0) return null;
    for (let seconds = 0; ; seconds++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      if (this.#closed) return null;
      const { status: shown, stdout } = await this.#run(["ip", "neigh", "show", "dev", this.#device]);
      if (shown !== 0) return null;
      const answers = new Map<string, string>();
      let isOpen = false;
      for (const line of stdout.split("\n")) {
        const said = readIpNeighbour(line);
        const address = said?.address ?? line.split(" ", 1)[0] ?? "";
        if (!wanted.has(address)) continue;
        if (/\b(?:INCOMPLETE|DELAY|PROBE)\b/.test(line)) isOpen = true;
        if (said !== null && said.mac !== null) answers.set(address, said.mac);
      }
      // One the kernel still has its doubts about counts as there.
      if (!isOpen || seconds >= SETTLES) return (await this.#isUp()) ? answers : null;
    }
  }

  /** Our own end of the link: without it nobody can answer, and the kernel says nothing of that. */
  async #isUp(): Promise<boolean> {
    const { status, stdout } = await this.#run(["ip", "-o", "link", "show", "dev", this.#device]);
    return status === 0 && /[<,]LOWER_UP[,>]/.test(stdout);
  }

  watch(listener: (change: NeighbourChange) => void): void {
    this.#table.watch(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#again !== null) clearTimeout(this.#again);
    this.#monitor?.kill("SIGKILL");
  }

  /** The monitor first, then what is there: nothing falls between. */
  async #listen(): Promise<void> {
    const child = listener(this.#prefix, ["ip", "monitor", "neigh", "dev", this.#device]);
    this.#monitor = child;
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#read(line);
    });
    let gone = false;
    const ended = (): void => {
      if (gone || this.#closed) return;
      gone = true;
      this.#again = setTimeout(() => void this.#listen().catch(() => undefined), PAUSE);
    };
    child.on("error", ended).on("exit", ended);
    const { stdout } = await this.#run(["ip", "neigh", "show", "dev", this.#device]);
    const lines = stdout.split("\n");
    const present = new Set(lines.map((line) => readIpNeighbour(line)?.address));
    for (const address of this.#table.known()) if (!present.has(address)) this.#table.remove(address);
    for (const line of lines) this.#read(line);
  }

  #read(line: string): void {
    const said = readIpNeighbour(line);
    if (said === null) return;
    if (said.mac === null) this.#table.remove(said.address);
    else this.#table.put(said.address, said.mac);
  }

  async #ask(address: string): Promise<string | null> {
    const { stdout } = await this.#run(["ip", "neigh", "get", address, "dev", this.#device]);
    this.#read(stdout);
    const known = this.#table.macOf(address);
    if (known !== null) return known;
    let stop = (): unknown => undefined;
    const answer = new Promise<string | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), PATIENCE);
      stop = this.#table.watch((change) => {
        if (change.address !== address || !change.present) return;
        clearTimeout(timer);
        resolve(change.mac);
      });
    });
    // NTF_USE: the kernel looks for it as if a packet were to go there (neigh_event_send()).
    const { status } = await this.#run(["ip", "neigh", "replace", address, "dev", this.#device, "use"]);
    const mac = status === 0 ? await answer : null;
    stop();
    return mac;
  }
}
