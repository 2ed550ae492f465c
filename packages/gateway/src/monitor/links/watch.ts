/** Watches the links of the machine through the system's own tools. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import type { LinkState } from "@pierhead/core";
import type { LinkReport } from "@pierhead/engine/ifstated";
import { LineSplitter } from "../lines.ts";
import type { LinkLine } from "./link-line.ts";
import { parseIfconfig, parseRouteMonitorLine } from "./parse-bsd.ts";
import { parseIpLinks, parseIpMonitorLine } from "./parse-linux.ts";

/** How a system shows its links. */
export interface LinkTools {
  readonly list: readonly [string, ...string[]];
  readonly watch: readonly [string, ...string[]];
  readonly parseList: (text: string) => readonly LinkReport[] | null;
  readonly parseLine: (line: string) => LinkLine | null;
}

const LINUX: LinkTools = {
  list: ["ip", "-j", "link", "show"],
  watch: ["ip", "-o", "monitor", "link"],
  parseList: parseIpLinks,
  parseLine: parseIpMonitorLine,
};

const BSD: LinkTools = {
  list: ["ifconfig", "-a"],
  watch: ["route", "-n", "monitor"],
  parseList: parseIfconfig,
  parseLine: parseRouteMonitorLine,
};

export function linkTools(platform: NodeJS.Platform): LinkTools {
  return platform === "linux" ? LINUX : BSD;
}

export interface LinkListener {
  link(name: string, link: LinkState): void;
  departed(name: string): void;
  /** The tool cannot be started or has ended; it is started again. */
  trouble(message: string): void;
}

/** Milliseconds between looks at all links, in case the kernel dropped a message. */
const LOOK_EVERY = 30_000;
const RESTART_AFTER = 1_000;

export class LinkWatcher {
  readonly #tools: LinkTools;
  readonly #listener: LinkListener;
  readonly #known: Map<string, LinkState> = new Map();
  #child: ChildProcess | null = null;
  #restart: NodeJS.Timeout | null = null;
  #looking: NodeJS.Timeout | null = null;
  #stopped = false;
  #lookPending = false;
  #lookAgain = false;
  /** Until the first list is there, what is seen is only noted. */
  #started = false;
  /** Lines that came while a list was being made are newer than it. */
  #during: Set<string> | null = null;

  constructor(listener: LinkListener, tools: LinkTools = linkTools(process.platform)) {
    this.#listener = listener;
    this.#tools = tools;
  }

  /** Process number of the tool; null while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Links as they are known now. */
  get links(): LinkReport[] {
    return [...this.#known].map(([name, link]) => ({ interface: name, link }));
  }

  /** Starts to watch, then looks at all links; nothing is told to the listener before this has ended. */
  async start(): Promise<LinkReport[]> {
    this.#watch();
    const links = await this.#list();
    for (const { interface: name, link } of links ?? []) if (!this.#known.has(name)) this.#known.set(name, link);
    this.#started = true;
    this.#looking = setInterval(() => void this.look(), LOOK_EVERY);
    return links === null ? [] : links.map((one) => ({ ...one, link: this.#known.get(one.interface) ?? one.link }));
  }

  stop(): void {
    this.#stopped = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    if (this.#looking !== null) clearInterval(this.#looking);
    this.#child?.kill("SIGTERM");
    this.#child = null;
  }

  /** Looks at all links and tells what has changed. */
  async look(): Promise<void> {
    this.#lookAgain = this.#lookPending;
    if (this.#lookPending) return;
    this.#lookPending = true;
    const touched = new Set<string>();
    this.#during = touched;
    const links = await this.#list();
    this.#during = null;
    this.#lookPending = false;
    if (this.#stopped) return;
    if (this.#lookAgain) {
      this.#lookAgain = false;
      void this.look();
    }
    if (links === null) return;
    const seen = new Set<string>();
    for (const { interface: name, link } of links) {
      seen.add(name);
      if (!touched.has(name)) this.#tell(name, link);
    }
    for (const name of [...this.#known.keys()]) if (!seen.has(name) && !touched.has(name)) this.#gone(name);
  }

  #tell(name: string, link: LinkState): void {
    if (this.#known.get(name) === link) return;
    this.#known.set(name, link);
    if (this.#started) this.#listener.link(name, link);
  }

  #gone(name: string): void {
    if (!this.#known.delete(name) || !this.#started) return;
    this.#listener.departed(name);
  }

  #watch(): void {
    const [program, ...words] = this.#tools.watch;
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "ignore"] });
    this.#child = child;
    const lines = new LineSplitter((line) => this.#line(line));
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => lines.push(text));
    let over = false;
    const again = (why: string): void => {
      if (over || this.#stopped) return;
      over = true;
      this.#child = null;
      this.#listener.trouble(`${this.#tools.watch.join(" ")}: ${why}; starting it again`);
      this.#restart = setTimeout(() => {
        this.#watch();
        void this.look();
      }, RESTART_AFTER);
    };
    child.once("error", (error) => again(error.message));
    child.once("exit", (status, signal) => again(`ended (${signal ?? status})`));
  }

  #line(line: string): void {
    const said = this.#tools.parseLine(line);
    if (said === null) return;
    if (said.kind === "look") {
      void this.look();
      return;
    }
    this.#during?.add(said.interface);
    if (said.kind === "departed") this.#gone(said.interface);
    else this.#tell(said.interface, said.link);
  }

  #list(): Promise<readonly LinkReport[] | null> {
    const [program, ...words] = this.#tools.list;
    return new Promise((resolve) => {
      execFile(program, words, { timeout: 10_000, maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
        const links = error === null ? this.#tools.parseList(stdout) : null;
        if (links === null && !this.#stopped) {
          this.#listener.trouble(`${this.#tools.list.join(" ")}: ${error?.message ?? "cannot be read"}`);
        }
        resolve(links);
      });
    });
  }
}
