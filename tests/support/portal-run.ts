/** The real portal as a process in a namespace, FreeRADIUS beside it, and thousands of devices, each with a MAC of its own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { askPortal, type ControlQuestion } from "@pierhead/gateway/portal";
import { type FreeRadius, type FreeRadiusOptions, freeRadiusMissing, startFreeRadius } from "./freeradius.ts";
import { PORTAL, PortalWorld, portalWorldIsMissing } from "./portal-world.ts";

export const SECRET = "a secret of the tests";
/** The same two folders up for a benchmark, which runs bundled from `.cache/run`. */
const ROOT = resolve(import.meta.dirname, "../..");
const HOUSE = "10.66.128.1";
const PAGES = 8080;

/** Why it cannot be tried here; null when it can. */
export function portalRunIsMissing(): string | null {
  return portalWorldIsMissing() ?? freeRadiusMissing();
}

export function deviceAddress(device: number): string {
  return `10.66.${(device >> 8) & 127}.${device & 255}`;
}

export function deviceMac(device: number): string {
  const [high, low] = [(device >> 8) & 127, device & 255].map((octet) => octet.toString(16).padStart(2, "0"));
  return `02:66:00:00:${high}:${low}`;
}

export interface DeviceAnswer {
  readonly status: number;
  readonly result: string;
  readonly why?: string;
  readonly text?: string;
  readonly message?: string;
  readonly [more: string]: unknown;
}

export interface PortalRunOptions {
  /** Devices 1 to this number exist. */
  readonly devices: number;
  /** Top level keys of portal.yaml beyond what is always there, as YAML. */
  readonly more?: string;
  /** Users of FreeRADIUS's files module. */
  readonly users: string;
  readonly radius?: Partial<FreeRadiusOptions>;
  /** Keys of `radius`, as YAML, indented by two. */
  readonly radiusMore?: string;
  /** Options of Node.js for the portal, as `--cpu-prof`. */
  readonly node?: readonly string[];
  readonly environment?: Record<string, string>;
  /** Folder for the store; one of the run's own unless told. */
  readonly storeFolder?: string;
  /** URL of another store than SQLite. */
  readonly store?: string;
  readonly tick?: string;
  /** Port of the guests' pages; 8080 unless told. */
  readonly port?: number;
  /** Whom the portal runs as; root with all it may do when absent. */
  readonly as?: Somebody;
}

/** A user without an account of this machine, and all that it may do beyond what everybody may. */
export interface Somebody {
  /** Of user and group. */
  readonly id: number;
  /** Without `CAP_`, as setpriv(1) has them: `net_admin`. */
  readonly capabilities: readonly string[];
}

/** The command that becomes somebody, to be put before another one. */
export function becoming({ id, capabilities }: Somebody): readonly string[] {
  const only = ["-all", ...capabilities.map((one) => `+${one}`)].join(",");
  const user = ["--reuid", String(id), "--regid", String(id), "--clear-groups", "--no-new-privs"];
  return ["setpriv", ...user, "--inh-caps", only, "--ambient-caps", only, "--bounding-set", only];
}

/** Why somebody cannot run a portal from here; null when they can. */
export function keptOut(somebody: Somebody): string | null {
  const library = JSON.stringify(join(ROOT, "node_modules/better-sqlite3/package.json"));
  const [tool = "", ...words] = [...becoming(somebody), process.execPath, "-e", `require(${library})`];
  const { error, status, stderr } = spawnSync(tool, words, { encoding: "utf8", cwd: "/" });
  if (error !== undefined) return `needs setpriv: ${error.message}`;
  return status === 0
    ? null
    : `user ${somebody.id} cannot run ${process.execPath} here: ${stderr.trim().split("\n")[0]}`;
}

export class PortalRun {
  readonly folder: string = mkdtempSync(join(tmpdir(), `pierhead-portal-run-${process.pid}-`));
  readonly world: PortalWorld = new PortalWorld();
  readonly socket: string = join(this.folder, "run", "portal.sock");
  readonly config: string = join(this.folder, "portal.yaml");
  readonly storeFile: string;
  radius!: FreeRadius;
  /** What the portal said in all its lives. */
  log = "";
  portal: ChildProcess | null = null;
  readonly #options: PortalRunOptions;
  #pierhead = "";
  #devices: ChildProcess | null = null;
  #last = 0;
  readonly #waiting: Map<number, (answer: DeviceAnswer) => void> = new Map();

  private constructor(options: PortalRunOptions) {
    this.#options = options;
    const storeFolder = options.storeFolder ?? join(this.folder, "store");
    for (const folder of [storeFolder, dirname(this.socket)]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (options.as !== undefined) chownSync(folder, options.as.id, options.as.id);
    }
    if (options.as !== undefined) this.#readable(this.folder, 0o750, options.as);
    this.storeFile = join(storeFolder, "portal.db");
  }

  static async make(options: PortalRunOptions): Promise<PortalRun> {
    const run = new PortalRun(options);
    try {
      await run.#build();
    } catch (error) {
      await run.destroy();
      throw error;
    }
    return run;
  }

  async #build(): Promise<void> {
    const { world } = this;
    const devices = Array.from({ length: this.#options.devices }, (_, index) => index + 1);
    world.run("gateway", ["ip", "-batch", "-"], `addr add ${HOUSE}/16 dev guest0\n`);
    // The neighbour entries are what ARP would find; here the devices are frames with a MAC of their own on one link.
    world.run(
      "gateway",
      ["ip", "-batch", "-"],
      devices.map((n) => `neigh add ${deviceAddress(n)} lladdr ${deviceMac(n)} dev guest0 nud permanent\n`).join(""),
    );
    world.run(
      "guest",
      ["ip", "-batch", "-"],
      `route add local 10.66.0.0/17 dev lo\nroute add 10.66.128.0/17 dev eth0\nneigh add ${HOUSE} lladdr 02:77:00:00:00:01 dev eth0 nud permanent\n`,
    );
    world.run(
      "guest",
      ["nft", "-f", "-"],
      `table netdev many {
  map macs { type ipv4_addr : ether_addr; elements = { ${devices.map((n) => `${deviceAddress(n)} : ${deviceMac(n)}`).join(", ")} }
  }
  chain sent { type filter hook egress device "eth0" priority 0; ether saddr set ip saddr map @macs
  }
  chain heard { type filter hook ingress device "eth0" priority 0; meta pkttype set host
  }
}
`,
    );
    this.#pierhead = pierhead();
    await this.startRadius();
    writeFileSync(join(this.folder, "secret"), SECRET);
    this.#secret(join(this.folder, "secret"));
    this.configure(this.#options.more ?? "");
    await this.#startDevices();
  }

  /** Of its owner, and of the group of whom the portal runs as. */
  #secret(path: string): void {
    if (this.#options.as === undefined) chmodSync(path, 0o600);
    else this.#readable(path, 0o640, this.#options.as);
  }

  #readable(path: string, mode: number, { id }: Somebody): void {
    chownSync(path, 0, id);
    chmodSync(path, mode);
  }

  /** Writes portal.yaml. */
  configure(more: string): void {
    const { ports } = this.radius;
    const { tick = "1s", radiusMore = "" } = this.#options;
    writeFileSync(join(this.folder, "store-url"), this.#options.store ?? `sqlite:${this.storeFile}`);
    this.#secret(join(this.folder, "store-url"));
    writeFileSync(
      this.config,
      `gateway: pier-1
guests:
  interface: guest0
  addresses: [${HOUSE}/16, ${PORTAL.gateway[4]}/24, "${PORTAL.gateway[6]}/64"]
uplink: { interface: wan0, nat: true }
firewall: nftables
portal: { httpPort: ${this.#options.port ?? PAGES} }
signIn: [password, voucher]
radius:
  servers:
    - { host: 127.0.0.1, authenticationPort: ${ports.authentication}, accountingPort: ${ports.accounting}, secret: "file:${join(this.folder, "secret")}" }
  timeout: 1s
${radiusMore}
store: file:${join(this.folder, "store-url")}
socket: ${this.socket}
tick: ${tick}
${more}
`,
    );
    this.#secret(this.config);
  }

  async startRadius(): Promise<void> {
    const { users, radius = {} } = this.#options;
    this.radius = await startFreeRadius({
      secret: SECRET,
      users,
      prefix: this.world.prefix("gateway"),
      ...(this.radius === undefined ? {} : { before: this.radius }),
      ...radius,
    });
  }

  /** Starts the portal, as somebody else than usual when told; returns at once. */
  launch(as: Somebody | undefined = this.#options.as): ChildProcess {
    const [tool = "", ...words] = this.world.prefix("gateway");
    const child = spawn(
      tool,
      [
        ...words,
        ...(as === undefined ? [] : becoming(as)),
        process.execPath,
        ...(this.#options.node ?? []),
        this.#pierhead,
        "portal",
        "-c",
        this.config,
      ],
      {
        env: {
          ...process.env,
          NO_COLOR: "1",
          NODE_PATH: join(ROOT, "node_modules"),
          ...this.#options.environment,
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
      });
    }
    this.portal = child;
    return child;
  }

  /** Until guests are served. @throws with its log when it ends before */
  async serving(patience = 90_000): Promise<void> {
    const { portal } = this;
    const until = Date.now() + patience;
    while (Date.now() < until) {
      if (portal === null || portal.exitCode !== null || portal.signalCode !== null) break;
      try {
        await this.ask({ verb: "status" });
        const { status } = await this.device({ verb: "get", device: 1, path: "/live" });
        if (status !== 0) return;
      } catch {
        // Not yet.
      }
      await sleep(20);
    }
    throw new Error(`the portal does not serve:\n${this.log.slice(-4_000)}`);
  }

  async start(): Promise<void> {
    this.launch();
    await this.serving();
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const { portal } = this;
    this.portal = null;
    if (portal === null || portal.exitCode !== null || portal.signalCode !== null) return;
    const gone = new Promise((done) => portal.once("exit", done));
    portal.kill(signal);
    await gone;
  }

  ask(question: ControlQuestion): Promise<unknown> {
    return askPortal(this.socket, question);
  }

  /** Something a device does. */
  device(request: { verb: string; [more: string]: unknown }): Promise<DeviceAnswer> {
    const id = ++this.#last;
    return new Promise((done) => {
      this.#waiting.set(id, done);
      this.#devices?.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  /** MACs the kernel lets through, with their session's number. */
  openInKernel(): Map<string, number> {
    const open = new Map<string, number>();
    let text: string;
    try {
      text = this.world.run("gateway", ["nft", "-n", "list", "map", "inet", "pierhead_portal", "macs"]);
    } catch {
      return open;
    }
    for (const [, mac, mark] of text.matchAll(/([0-9a-f]{2}(?::[0-9a-f]{2}){5}) : (0x[0-9a-f]+|\d+)/g)) {
      open.set(mac as string, Number(mark));
    }
    return open;
  }

  async #startDevices(): Promise<void> {
    const script = join(ROOT, "tests/support/portal-devices.mjs");
    const child = this.world.spawn("guest", [
      process.execPath,
      script,
      HOUSE,
      String(this.#options.port ?? PAGES),
      "10.66.0.0",
    ]);
    this.#devices = child;
    // Somebody may still ask when a test has failed and its world is gone.
    child.stdin?.on("error", () => {});
    await new Promise<void>((ready) => {
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
        const { id, ready: begun, ...answer } = JSON.parse(line) as { id?: number; ready?: boolean };
        if (begun === true) ready();
        if (id === undefined) return;
        this.#waiting.get(id)?.(answer as DeviceAnswer);
        this.#waiting.delete(id);
      });
    });
  }

  async destroy(): Promise<void> {
    await this.kill("SIGKILL").catch(() => {});
    await this.radius?.stop().catch(() => {});
    this.world.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let bundle: string | null = null;

/** For whoever has made runs, when there are no more. */
export function removeBundle(): void {
  if (bundle !== null) rmSync(dirname(bundle), { recursive: true, force: true });
  bundle = null;
}

/** The command as a bundle, made once for all runs of this process. */
function pierhead(): string {
  if (bundle !== null) return bundle;
  const folder = mkdtempSync(join(tmpdir(), `pierhead-portal-bundle-${process.pid}-`));
  // Whoever the portal runs as reads it.
  chmodSync(folder, 0o755);
  const path = join(folder, "pierhead.mjs");
  const tool = JSON.stringify(join(ROOT, "tools/build.mjs"));
  const script = `import(${tool}).then((m) => m.bundleForNode("packages/cli/src/main.ts", ${JSON.stringify(path)}))`;
  execFileSync(process.execPath, ["-e", script], { stdio: "inherit" });
  bundle = path;
  return path;
}

/** Processor seconds a process has used, its threads included, of its first thread alone, and its resident octets. */
export function usageOf(pid: number): { readonly seconds: number; readonly main: number; readonly resident: number } {
  const fields = (path: string): number[] =>
    (readFileSync(path, "utf8").split(") ").at(-1) ?? "").split(" ").map(Number);
  const whole = fields(`/proc/${pid}/stat`);
  const first = fields(`/proc/${pid}/task/${pid}/stat`);
  const used = (from: number[]): number => ((from[11] ?? 0) + (from[12] ?? 0)) / 100;
  return { seconds: used(whole), main: used(first), resident: (whole[21] ?? 0) * 4096 };
}
