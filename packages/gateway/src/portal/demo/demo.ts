/** A whole hotspot on one machine: guest, gateway and internet in network namespaces, and everything taken away at the end. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { askPortal, type ControlQuestion } from "../control/index.ts";
import { removeDemo } from "./clean.ts";
import { findProgram } from "./missing.ts";
import { raiseNetwork, within } from "./network.ts";
import type { DemoPart } from "./parts.ts";
import { dnsmasqWords, folderOf, PLACES, type Place, placeName, portalYaml } from "./plan.ts";
import { radiusFiles } from "./radius.ts";

export interface DemoOptions {
  /** The command that runs pierhead: program and first arguments. */
  readonly pierhead: readonly string[];
  /** Open Chromium in the guest's namespace, where there are a display and a Chromium. */
  readonly browser: boolean;
}

export interface DemoFacts {
  readonly namespaces: Readonly<Record<Place, string>>;
  readonly folder: string;
  readonly config: string;
  readonly socket: string;
  /** At loopback of this machine. */
  readonly site: string;
  readonly portal: string;
  readonly adminPage: string;
  readonly user: { readonly name: string; readonly password: string };
  readonly admin: { readonly name: string; readonly password: string };
  readonly vouchers: readonly string[];
  /** FreeRADIUS knows the user; otherwise our store does. */
  readonly radius: boolean;
  readonly browser: boolean;
}

export interface RunningDemo {
  readonly facts: DemoFacts;
  /** Settles when something of it ends that should not. */
  readonly failed: Promise<string>;
  stop(): Promise<void>;
}

/** Milliseconds each program has to be ready, and the portal to end. */
const PATIENCE = 30_000;
const FAREWELL = 5_000;

/** @throws with a sentence; then nothing is left */
export async function startDemo(options: DemoOptions): Promise<RunningDemo> {
  const demo = new Demo(options);
  try {
    const facts = await demo.start();
    return { facts, failed: demo.failed, stop: () => demo.stop() };
  } catch (error) {
    await demo.stop();
    throw error;
  }
}

class Demo {
  readonly #options: DemoOptions;
  readonly #folder = folderOf(process.pid);
  readonly #children: Map<string, ChildProcess> = new Map();
  #stopping = false;
  #fail: (why: string) => void = () => undefined;
  readonly failed: Promise<string> = new Promise((resolve) => {
    this.#fail = resolve;
  });

  constructor(options: DemoOptions) {
    this.#options = options;
  }

  async start(): Promise<DemoFacts> {
    const folder = this.#folder;
    mkdirSync(folder, { mode: 0o700 });
    raiseNetwork(process.pid);
    await this.#part("internet", "internet");
    this.#run("dnsmasq", "gateway", [findProgram(["dnsmasq"]) ?? "dnsmasq", ...dnsmasqWords()]);
    const password = word();
    const radius = await this.#startRadius(password);
    const config = join(folder, "portal.yaml");
    writeFileSync(config, portalYaml(folder, radius), { mode: 0o600 });
    await this.#startPortal(config);

    const socket = join(folder, "portal.sock");
    const portal = (question: ControlQuestion): Promise<unknown> => askPortal(socket, question);
    const admin = { name: "admin", password: `${word()}-${word()}` };
    await portal({ verb: "admin-add", name: admin.name, role: "admin", password: admin.password });
    const user = { name: "anna", password };
    if (radius === null) await portal({ verb: "user-add", name: user.name, password, devices: 2 });
    const made = await portal({ verb: "voucher-create", count: 3, batch: "demo", duration: 900, octets: 50_000_000 });

    const guestView = await this.#part("guest-view", "guest");
    const adminView = await this.#part("admin-view", "gateway");
    return {
      namespaces: Object.fromEntries(PLACES.map((place) => [place, placeName(process.pid, place)])) as Record<
        Place,
        string
      >,
      folder,
      config,
      socket,
      site: await this.#handOver(guestView, "site"),
      portal: await this.#handOver(guestView, "portal"),
      adminPage: await this.#handOver(adminView, "admin"),
      user,
      admin,
      vouchers: (made as readonly { readonly code: string }[]).map(({ code }) => code),
      radius: radius !== null,
      browser: this.#options.browser && this.#openBrowser(),
    };
  }

  async #startRadius(password: string): Promise<{ authentication: number; accounting: number } | null> {
    const program = findProgram(["freeradius", "radiusd"]);
    if (program === null) return null;
    const folder = join(this.#folder, "radius");
    mkdirSync(folder, { mode: 0o700 });
    const ports = { authentication: await freeUdpPort(), accounting: await freeUdpPort() };
    const secret = `${word()}${word()}`;
    const files = radiusFiles({ folder, ...ports, secret, user: "anna", password });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    writeFileSync(join(this.#folder, "radius.secret"), `${secret}\n`, { mode: 0o600 });
    this.#run("radius", "gateway", [program, "-f", "-d", folder, "-n", "demo", "-l", "stdout"]);
    await this.#says("radius", "Ready to process requests");
    return ports;
  }

  async #startPortal(config: string): Promise<void> {
    const words = ["portal", "-c", config, "--log-format", "json"];
    this.#run("portal", "gateway", [...this.#options.pierhead, ...words]);
    await this.#says("portal", '"event":"started"');
  }

  /** Starts a program in a place; what it says goes to a file. It has a group of its own: Ctrl-C is for us. */
  #run(name: string, place: Place, words: readonly string[], ipc = false): ChildProcess {
    const log = openSync(this.#log(name), "a", 0o600);
    const [tool = "", ...rest] = [...within(process.pid, place), ...words];
    const { SSH_CONNECTION: _, ...env } = process.env;
    const child = spawn(tool, rest, {
      env,
      detached: true,
      stdio: ["ignore", log, log, ...(ipc ? ["ipc" as const] : [])],
    });
    closeSync(log);
    this.#children.set(name, child);
    child.once("exit", (status, signal) => {
      this.#children.delete(name);
      if (!this.#stopping && name !== "browser")
        this.#fail(`${name} ended (${signal ?? status}): ${this.#lastWords(name)}`);
    });
    child.once("error", (error) => this.#fail(`${name}: ${error.message}`));
    return child;
  }

  async #part(part: DemoPart, place: Place): Promise<ChildProcess> {
    const child = this.#run(part, place, [...this.#options.pierhead, "portal", "demo", "--part", part], true);
    const ready = new Promise<true>((resolve) => child.once("message", () => resolve(true)));
    await this.#unlessFailed(ready, part);
    return child;
  }

  /** A port of loopback whose connections a part takes. @returns the URL */
  async #handOver(part: ChildProcess, name: string): Promise<string> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const { port } = server.address() as { port: number };
    // Both processes would accept: ours stops as soon as the part has it.
    await new Promise<void>((resolve, reject) => {
      part.send(name, server, (error) => (error === null ? resolve() : reject(error)));
    });
    server.close();
    return `http://127.0.0.1:${port}/`;
  }

  #openBrowser(): boolean {
    const program = findProgram(["chromium", "chromium-browser", "google-chrome"]);
    const isDisplay = process.env.DISPLAY !== undefined || process.env.WAYLAND_DISPLAY !== undefined;
    if (program === null || !isDisplay) return false;
    const profile = join(this.#folder, "chromium");
    const words = ["--no-sandbox", "--no-first-run", "--disable-sync", "--disable-background-networking"];
    this.#run("browser", "guest", [program, ...words, `--user-data-dir=${profile}`, "http://www.example.org/"]);
    return true;
  }

  async #says(name: string, words: string): Promise<void> {
    const found = (async (): Promise<true> => {
      while (!readFileSync(this.#log(name), "utf8").includes(words)) await sleep(50, undefined, { ref: false });
      return true;
    })();
    await this.#unlessFailed(found, name);
  }

  async #unlessFailed(ready: Promise<true>, name: string): Promise<void> {
    const late = sleep(PATIENCE, `${name} is not ready after ${PATIENCE / 1000} s: ${this.#lastWords(name)}`, {
      ref: false,
    });
    const outcome = await Promise.race([ready, this.failed, late]);
    if (outcome !== true) throw new Error(outcome);
  }

  #log(name: string): string {
    return join(this.#folder, `${name}.log`);
  }

  #lastWords(name: string): string {
    try {
      return readFileSync(this.#log(name), "utf8").trim().split("\n").at(-1) ?? "";
    } catch {
      return "";
    }
  }

  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const portal = this.#children.get("portal");
    if (portal !== undefined) {
      const ended = new Promise<void>((resolve) => portal.once("exit", () => resolve()));
      portal.kill("SIGTERM");
      await Promise.race([ended, sleep(FAREWELL, undefined, { ref: false })]);
    }
    // Everything else is inside, and ends with its namespace.
    removeDemo(process.pid);
  }
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

/** Eight letters and digits that are not taken for each other. */
function word(): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  return Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join("");
}
