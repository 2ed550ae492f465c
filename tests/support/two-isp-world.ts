/**
 * A small internet in network namespaces of its own: a LAN client, a gateway with two lines, the router of each ISP, and
 * a host on the internet. Nothing outside is contacted. Everything is taken down again, also when a test fails.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MonitorStatus, readStatus, SOCKET_NAME } from "@pierhead/gateway/monitor";

export type Place = "lan" | "gw" | "isp1" | "isp2" | "net";
export type Cut = "link" | "silent";

/** Host on the internet that is reached by the default route, and one that is always reached by ISP 2. */
export const HOST = "192.0.2.80";
export const PINNED = "192.0.2.81";
export const GATEWAYS = { isp1: "198.51.100.1", isp2: "203.0.113.1" } as const;

const PLACES: readonly Place[] = ["lan", "gw", "isp1", "isp2", "net"];
/** place, interface, address, and the other end. */
const CABLES: readonly (readonly [Place, string, string, Place, string, string])[] = [
  ["lan", "eth0", "192.168.1.10/24", "gw", "lan0", "192.168.1.1/24"],
  ["gw", "wan1", "198.51.100.2/24", "isp1", "gw0", "198.51.100.1/24"],
  ["gw", "wan2", "203.0.113.2/24", "isp2", "gw0", "203.0.113.1/24"],
  ["isp1", "up0", "10.1.0.1/24", "net", "p1", "10.1.0.2/24"],
  ["isp2", "up0", "10.2.0.1/24", "net", "p2", "10.2.0.2/24"],
];

/** Milliseconds for what has to happen sooner or later, on a machine that may be busy. */
export const PATIENCE = 30_000;

export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until `condition` holds. @throws when it does not within `patience` milliseconds */
export async function until(
  condition: () => boolean | Promise<boolean>,
  patience: number,
  what: string | (() => string),
): Promise<void> {
  const end = performance.now() + patience;
  while (!(await condition())) {
    if (performance.now() > end) {
      throw new Error(`${typeof what === "string" ? what : what()}: not within ${patience / 1000} s`);
    }
    await wait(20);
  }
}

/** Why there can be no such world here; null when there can. */
export function worldIsMissing(): string | null {
  if (process.platform !== "linux") return "network namespaces are Linux only";
  if (process.getuid?.() !== 0) return "needs root for network namespaces";
  for (const [tool, flag] of [
    ["ip", "-V"],
    ["ping", "-V"],
    ["nft", "-v"],
  ] as const) {
    if (spawnSync(tool, [flag]).status !== 0) return `needs ${tool}`;
  }
  const name = `ph${process.pid}-try`;
  const made = spawnSync("ip", ["netns", "add", name]);
  spawnSync("ip", ["netns", "del", name]);
  return made.status === 0 ? null : "network namespaces are not allowed here";
}

let worlds = 0;

export class TwoIspWorld {
  readonly folder: string;
  readonly #prefix: string;
  readonly #children: Set<ChildProcess> = new Set();
  readonly #atExit = (): void => this.destroy();
  readonly #atSignal = (): void => {
    this.destroy();
    process.exit(143);
  };

  constructor() {
    this.#prefix = `ph${process.pid}-${worlds++}`;
    this.folder = mkdtempSync(join(tmpdir(), "pierhead-world-"));
    process.once("exit", this.#atExit);
    process.once("SIGTERM", this.#atSignal);
    process.once("SIGINT", this.#atSignal);
    try {
      this.#build();
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** Name of a namespace. */
  name(place: Place): string {
    return `${this.#prefix}-${place}`;
  }

  /** Runs a program to its end. @throws when it fails */
  run(place: Place, program: string, words: readonly string[], input = ""): string {
    const all = ["netns", "exec", this.name(place), program, ...words];
    const { status, stdout, stderr } = spawnSync("ip", all, { encoding: "utf8", input });
    if (status !== 0) throw new Error(`${place}: ${program} ${words.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** Starts a program that is ended with the world. */
  start(place: Place, program: string, words: readonly string[]): ChildProcess {
    const child = spawn("ip", ["netns", "exec", this.name(place), program, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** `link`: the cable is pulled at the ISP's end; `silent`: its router drops everything and the cable stays. */
  cut(isp: "isp1" | "isp2", how: Cut): void {
    if (how === "link") this.run(isp, "ip", ["link", "set", "gw0", "down"]);
    else {
      const hook = "type filter hook prerouting priority -300; policy drop;";
      this.run(isp, "nft", ["-f", "-"], `table inet cut {\n\tchain everything {\n\t\t${hook}\n\t}\n}\n`);
    }
  }

  restore(isp: "isp1" | "isp2", how: Cut): void {
    if (how === "link") {
      this.run(isp, "ip", ["link", "set", "gw0", "up"]);
      this.#ispRoute(isp);
    } else this.run(isp, "nft", ["delete", "table", "inet", "cut"]);
  }

  /** Next hop of the gateway's default route; null without one. */
  defaultRoute(): string | null {
    return /^default via (\S+)/m.exec(this.run("gw", "ip", ["route", "show"]))?.[1] ?? null;
  }

  /** The chain that tells which rules are loaded; null when there are none. */
  loadedRules(): string | null {
    return /chain via_(\w+)/.exec(this.run("gw", "nft", ["list", "ruleset"]))?.[1] ?? null;
  }

  /** A file of rules that masquerades, and says its name. */
  rules(name: string): string {
    return this.write(
      `nat.${name}`,
      `table ip edge
delete table ip edge
table ip edge {
	chain via_${name} {
	}
	chain post {
		type nat hook postrouting priority srcnat;
		oifname { "wan1", "wan2" } masquerade
	}
}
`,
    );
  }

  destroy(): void {
    process.off("exit", this.#atExit);
    process.off("SIGTERM", this.#atSignal);
    process.off("SIGINT", this.#atSignal);
    for (const child of this.#children) child.kill("SIGKILL");
    for (const place of PLACES) {
      const name = this.name(place);
      const pids = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" }).stdout.split(/\s+/);
      for (const pid of pids) {
        if (Number(pid) <= 1) continue;
        try {
          process.kill(Number(pid), "SIGKILL");
        } catch {
          // It has gone.
        }
      }
      spawnSync("ip", ["netns", "del", name]);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #build(): void {
    for (const place of PLACES) {
      const made = spawnSync("ip", ["netns", "add", this.name(place)], { encoding: "utf8" });
      if (made.status !== 0) throw new Error(made.stderr);
      this.run(place, "ip", ["link", "set", "lo", "up"]);
      const settings = ["all/rp_filter=0", "default/rp_filter=0", ...(place === "lan" ? [] : ["all/forwarding=1"])];
      for (const setting of settings) {
        const [key, value] = setting.split("=") as [string, string];
        this.run(place, "sh", ["-c", `echo ${value} > /proc/sys/net/ipv4/conf/${key}`]);
      }
    }
    for (const [a, nameA, addressA, b, nameB, addressB] of CABLES) {
      this.run(a, "ip", ["link", "add", nameA, "type", "veth", "peer", "name", nameB, "netns", this.name(b)]);
      this.run(a, "ip", ["addr", "add", addressA, "dev", nameA]);
      this.run(b, "ip", ["addr", "add", addressB, "dev", nameB]);
      this.run(a, "ip", ["link", "set", nameA, "up"]);
      this.run(b, "ip", ["link", "set", nameB, "up"]);
    }
    this.run("lan", "ip", ["route", "add", "default", "via", "192.168.1.1"]);
    for (const host of [HOST, PINNED]) this.run("net", "ip", ["addr", "add", `${host}/32`, "dev", "lo"]);
    this.run("net", "ip", ["route", "add", "198.51.100.0/24", "via", "10.1.0.1"]);
    this.run("net", "ip", ["route", "add", "203.0.113.0/24", "via", "10.2.0.1"]);
    this.#ispRoute("isp1");
    this.#ispRoute("isp2");
    this.run("gw", "ip", ["route", "add", PINNED, "via", GATEWAYS.isp2]);
    this.run("gw", "nft", ["-f", this.rules("boot")]);
  }

  #ispRoute(isp: "isp1" | "isp2"): void {
    this.run(isp, "ip", ["route", "replace", "192.0.2.0/24", "via", isp === "isp1" ? "10.1.0.2" : "10.2.0.2"]);
  }
}

/** Something a client on the LAN does all the time, and when it was answered. */
class Watched {
  readonly #child: ChildProcess;
  readonly answers: number[] = [];
  /** Milliseconds between answers when all is well. */
  readonly interval: number;

  constructor(child: ChildProcess, interval: number, isAnswer: (line: string) => boolean) {
    this.#child = child;
    this.interval = interval;
    let rest = "";
    child.stdout?.setEncoding("utf8");
    child.stdout?.on("data", (text: string) => {
      const now = performance.now();
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (isAnswer(line)) this.answers.push(now);
    });
  }

  /**
   * Milliseconds without an answer since `start`, to be asked when all that is done about it has been done: from the
   * first gap to the end of the last one before answers come again without a gap for half a second. A gap that is no
   * longer than a few answers counts as itself. Infinite when answers do not come again within `patience`.
   */
  async outage(start: number, patience: number): Promise<number> {
    const asked = performance.now();
    const gap = Math.max(100, this.interval * 4);
    for (;;) {
      await wait(25);
      const from = this.answers.findLastIndex((at) => at <= start);
      let begin: number | null = null;
      let last = this.answers[from] ?? start;
      let over: number | null = null;
      let longest = 0;
      for (const at of this.answers.slice(from + 1)) {
        longest = Math.max(longest, at - last);
        if (at - last > gap) {
          begin ??= last;
          over = at;
        }
        last = at;
      }
      const now = performance.now();
      const calm = now - last < gap;
      if (begin === null && calm && now - asked > 600) return Math.max(0, longest - this.interval);
      if (begin !== null && over !== null && calm && last - over > 500) return over - begin - this.interval;
      if (now - asked > patience) return Number.POSITIVE_INFINITY;
    }
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

/** A continuous ping from the LAN to the internet. */
export class Pinger extends Watched {
  constructor(world: TwoIspWorld, host: string = HOST, interval: number = 20) {
    const child = world.start("lan", "ping", ["-n", "-i", String(interval / 1000), host]);
    super(child, interval, (line) => line.includes("icmp_seq=") && line.includes("time="));
  }
}

/**
 * A download over TCP, a piece every 20 ms; when nothing has come for 200 ms, or a connection is not made in that time,
 * the client connects anew, as a patient browser would.
 */
export class Download extends Watched {
  constructor(world: TwoIspWorld) {
    const server = `require("net").createServer((s) => { const t = setInterval(() => s.write("x".repeat(1000)), 20);
      s.on("error", () => {}).on("close", () => clearInterval(t)); }).listen(8080, "${HOST}");`;
    const client = `let last = 0, socket = null;
      const open = () => { socket?.destroy(); last = Date.now(); socket = require("net").connect(8080, "${HOST}");
        socket.on("data", () => { last = Date.now(); console.log("piece"); }).on("error", () => {}); };
      setInterval(() => { if (Date.now() - last > 200) open(); }, 10);`;
    world.start("net", process.execPath, ["-e", server]);
    super(world.start("lan", process.execPath, ["-e", client]), 20, (line) => line === "piece");
  }
}

/** `pierhead monitor` on the gateway. */
export class RunningMonitor {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly log: { readonly event: string; readonly message: string; readonly [key: string]: unknown }[] = [];
  readonly noise: string[] = [];
  readonly ended: Promise<number | null>;

  constructor(world: TwoIspWorld, pierhead: string, file: string, flags: readonly string[] = []) {
    this.folder = join(world.folder, "run");
    mkdirSync(this.folder, { recursive: true });
    const words = [pierhead, "monitor", "-d", "-f", file, "--run-dir", this.folder, "--log-format", "json", ...flags];
    this.child = world.start("gw", process.execPath, words);
    this.ended = new Promise((resolve) => this.child.once("exit", resolve));
    let rest = "";
    this.child.stderr?.setEncoding("utf8");
    this.child.stderr?.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("{")) this.log.push(JSON.parse(line));
        else this.noise.push(line);
      }
    });
  }

  /** Null while it does not answer. */
  async status(): Promise<MonitorStatus | null> {
    let found: MonitorStatus | null = null;
    try {
      await readStatus(
        join(this.folder, SOCKET_NAME),
        (status) => {
          found = status;
        },
        false,
      );
    } catch {
      // Not yet, or not any more.
    }
    return found;
  }

  async reaches(state: string, patience = PATIENCE): Promise<void> {
    await until(
      async () => {
        const status = await this.status();
        return status?.state === state && status.settled;
      },
      patience,
      () => `state ${state} (${this.noise.join(" ")} ${JSON.stringify(this.log.slice(-3))})`,
    );
  }

  async stop(): Promise<number | null> {
    this.child.kill("SIGTERM");
    return this.ended;
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}

/** What each state of {@link gatewayFile} makes of the gateway. */
export const STATES: Readonly<Record<string, { readonly route: string; readonly rules: string }>> = {
  allworking: { route: GATEWAYS.isp1, rules: "both" },
  noisp1: { route: GATEWAYS.isp2, rules: "isp2" },
  noisp2: { route: GATEWAYS.isp1, rules: "isp1" },
  alldown: { route: GATEWAYS.isp1, rules: "down" },
};

/**
 * An ifstated.conf in the shape of the article: four states, an init block each that sets the route and loads rules.
 * @param lines how a line is seen: what stands before the states, with conditions `$isp1` and `$isp2`
 */
export function gatewayFile(world: TwoIspWorld, lines: string): string {
  let text = lines;
  const states = [
    ["allworking", "$isp1 && $isp2"],
    ["noisp1", "! $isp1 && $isp2"],
    ["noisp2", "$isp1 && ! $isp2"],
    ["alldown", "! $isp1 && ! $isp2"],
  ] as const;
  for (const [name] of states) {
    const { route, rules } = STATES[name] as { route: string; rules: string };
    text += `state ${name} {\n\tinit {\n\t\trun "ip route replace default via ${route}"\n`;
    text += `\t\trun "nft -f ${world.rules(rules)}"\n\t}\n`;
    for (const [other, condition] of states) if (other !== name) text += `\tif ${condition}\n\t\tset-state ${other}\n`;
    text += "}\n";
  }
  return text;
}

/** The article's tests: one ping from each line to its ISP's router. */
export function pingTests(every: string, patience: string): string {
  const test = (name: string, source: string, target: string): string =>
    `${name} = '( "ping -q -c 1 -W ${patience} -I ${source} ${target} > /dev/null" every ${every} )'\n`;
  return test("isp1", "198.51.100.2", GATEWAYS.isp1) + test("isp2", "203.0.113.2", GATEWAYS.isp2);
}

/** Probes ten times a second, and the link beside. */
export function probeLines(): string {
  const probe = (name: string, interface_: string, target: string): string =>
    `probe ${name} { icmp ${target} interface ${interface_} every 100ms timeout 150ms loss 3 of 5 recover 5 }\n`;
  return (
    probe("line1", "wan1", GATEWAYS.isp1) +
    probe("line2", "wan2", GATEWAYS.isp2) +
    "isp1 = '( line1 && wan1.link.up )'\nisp2 = '( line2 && wan2.link.up )'\n"
  );
}
