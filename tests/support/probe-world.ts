/** A client, a router and two servers in network namespaces, and `pierhead probe run` on the router. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { wait } from "./two-isp-world.ts";

export type Place = "client" | "router" | "server" | "slow";

export const ADDRESS = {
  client: "192.168.7.10",
  router: "192.168.7.1",
  server: "192.0.2.80",
  routerToServer: "192.0.2.1",
  slow: "198.51.100.80",
  client6: "2001:db8:7::10",
  server6: "2001:db8:80::80",
} as const;

const PLACES: readonly Place[] = ["client", "router", "server", "slow"];
const CABLES: readonly (readonly [Place, string, readonly string[], string, readonly string[]])[] = [
  ["client", "eth0", ["192.168.7.10/24", "2001:db8:7::10/64"], "lan0", ["192.168.7.1/24", "2001:db8:7::1/64"]],
  ["server", "eth0", ["192.0.2.80/24", "2001:db8:80::80/64"], "srv0", ["192.0.2.1/24", "2001:db8:80::1/64"]],
  ["slow", "eth0", ["198.51.100.80/24"], "slow0", ["198.51.100.1/24"]],
];

/** Why the probes cannot be tried here; null when they can. */
export function probesAreMissing(): string | null {
  for (const [tool, words] of [
    ["bpftrace", ["--version"]],
    ["conntrack", ["--version"]],
    ["nsenter", ["--version"]],
    ["tc", ["-V"]],
  ] as const) {
    if (spawnSync(tool, words).status !== 0) return `needs ${tool}`;
  }
  const script = `${MOUNT}; exec bpftrace -e 'tracepoint:net:netif_receive_skb { } BEGIN { exit(); }'`;
  const tried = spawnSync("unshare", ["--mount", "sh", "-c", script], { encoding: "utf8", timeout: 60_000 });
  return tried.status === 0 ? null : `bpftrace cannot attach here: ${tried.stderr.trim().split("\n").at(-1)}`;
}

/** Tracefs in a mount namespace of its own, where the machine has none. */
const MOUNT = "[ -d /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing";

let worlds = 0;

export class ProbeWorld {
  readonly #prefix = `pp${process.pid}-${worlds++}`;
  readonly #children: Set<ChildProcess> = new Set();
  readonly #atExit = (): void => this.destroy();

  constructor() {
    process.once("exit", this.#atExit);
    try {
      for (const place of PLACES) command("ip", ["netns", "add", this.name(place)]);
      for (const [place, far, farAddresses, near, nearAddresses] of CABLES) {
        const ends = ["link", "add", far, "netns", this.name(place), "type", "veth", "peer", "name", near];
        command("ip", [...ends, "netns", this.name("router")]);
        for (const address of farAddresses) this.run(place, "ip", ["addr", "add", address, "dev", far, "nodad"]);
        for (const address of nearAddresses) this.run("router", "ip", ["addr", "add", address, "dev", near, "nodad"]);
        this.run(place, "ip", ["link", "set", far, "up"]);
        this.run("router", "ip", ["link", "set", near, "up"]);
        this.run(place, "ip", ["route", "add", "default", "via", nearAddresses[0]?.split("/")[0] as string]);
        const via6 = nearAddresses[1]?.split("/")[0];
        if (via6 !== undefined) this.run(place, "ip", ["-6", "route", "add", "default", "via", via6]);
      }
      for (const place of PLACES) this.run(place, "ip", ["link", "set", "lo", "up"]);
      this.run("router", "sysctl", ["-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  name(place: Place): string {
    return `${this.#prefix}-${place}`;
  }

  /** Words that run a program in a place; unlike `ip netns exec` they leave /sys as it is. */
  words(place: Place, program: string, words: readonly string[]): string[] {
    return [`--net=/run/netns/${this.name(place)}`, "--", program, ...words];
  }

  run(place: Place, program: string, words: readonly string[], input = ""): string {
    return command("nsenter", this.words(place, program, words), input);
  }

  /** Runs a program where tracefs is mounted, to its end, whatever that is. */
  finish(place: Place, program: string, words: readonly string[]): { status: number | null; stderr: string } {
    const all = ["--mount", "sh", "-c", `${MOUNT}; exec "$@"`, "sh", program, ...words];
    return spawnSync("nsenter", this.words(place, "unshare", all), { encoding: "utf8", timeout: 60_000 });
  }

  /** As `run`, for what may fail. */
  try(place: Place, program: string, words: readonly string[]): void {
    spawnSync("nsenter", this.words(place, program, words), { timeout: 30_000 });
  }

  start(place: Place, program: string, words: readonly string[]): ChildProcess {
    const child = spawn("nsenter", this.words(place, program, words), { stdio: ["ignore", "pipe", "pipe"] });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  /** Runs the statements in a place, in bash, to their end. */
  shell(place: Place, text: string): string {
    return this.run(place, "bash", ["-c", text]);
  }

  destroy(): void {
    process.off("exit", this.#atExit);
    for (const child of this.#children) child.kill("SIGKILL");
    for (const place of PLACES) spawnSync("ip", ["netns", "del", this.name(place)]);
  }
}

function command(program: string, words: readonly string[], input = ""): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: "utf8", input, timeout: 60_000 });
  if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

export interface Answer {
  readonly probe: string;
  readonly seconds: number;
  readonly last: boolean;
  readonly lost: number;
  readonly full: boolean;
  readonly [table: string]: unknown;
}

/** `pierhead probe run NAME --json` on the router. */
export class RunningProbe {
  readonly answers: Answer[] = [];
  readonly #child: ChildProcess;
  readonly #done: Promise<unknown>;
  #rest = "";
  #errors = "";

  constructor(world: ProbeWorld, pierhead: string, name: string, words: readonly string[] = []) {
    const node = [process.execPath, pierhead, "probe", "run", name, "--json", "--max-overhead", "0", ...words];
    const script = `${MOUNT}; exec "$@"`;
    this.#child = world.start("router", "unshare", ["--mount", "sh", "-c", script, "sh", ...node]);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.answers.push(JSON.parse(line) as Answer);
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    this.#done = once(this.#child, "close");
  }

  /** Process of pierhead itself: nsenter, unshare and sh become it. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until it counts. @throws with what it said when it does not */
  async counts(): Promise<void> {
    while (this.answers.length === 0) {
      if (this.#child.exitCode !== null) throw new Error(`probe ended: ${this.#errors}`);
      await wait(50);
    }
  }

  /** Ends it and gives its last answer. */
  async end(): Promise<Answer> {
    this.#child.kill("SIGINT");
    await this.#done;
    const last = this.answers.at(-1);
    if (last?.last !== true) throw new Error(`no last answer: ${this.#errors}`);
    return last;
  }
}
