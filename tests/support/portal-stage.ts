/**
 * A hotspot with nothing played by a stand-in: the `pierhead portal` process, the kernel's nftables, dnsmasq, FreeRADIUS, a
 * DHCP client and Chromium, each in its network namespace of a {@link PortalWorld}.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { dnsmasqLines } from "@pierhead/gateway/firewall";
import { askPortal, type ControlQuestion, readPortalFile } from "@pierhead/gateway/portal";
import { announce, captivePortalApi } from "@pierhead/gateway/portal/pages";
import { CHROMIUM } from "./browser.ts";
import { makeCertificate } from "./certificates.ts";
import { type FreeRadius, freeRadiusMissing, startFreeRadius } from "./freeradius.ts";
import { hidden } from "./http.ts";
import { PORTAL, type PortalPlace, PortalWorld, portalWorldIsMissing } from "./portal-world.ts";

export const LOGIN = "login.pier.example";
/** Of the internet: everybody's, and the walled garden's. */
export const SITE = "www.example.org";
export const GARDEN = "garden.example.net";
const SECRET = "it is shared";

/** Why it cannot be tried here; null when it can. */
export function portalStageIsMissing(): string | null {
  const missing = portalWorldIsMissing() ?? freeRadiusMissing();
  if (missing !== null) return missing;
  for (const [tool, word] of [
    ["dnsmasq", "--version"],
    ["dhclient", "--version"],
    ["curl", "--version"],
  ] as const) {
    if (spawnSync(tool, [word]).status !== 0) return `needs ${tool}`;
  }
  return null;
}

export interface StageOptions {
  /** The command in one file, where better-sqlite3 is found. */
  readonly pierhead: string;
  /** Of this stage only; with the CA in it. */
  readonly folder: string;
  readonly gateway?: string;
  /** Of FreeRADIUS's `files` module; null: no RADIUS. */
  readonly users: string | null;
  /** What FreeRADIUS asks its user `otp` besides the password. */
  readonly code?: string;
  /** URL of a PostgreSQL; SQLite when absent. */
  readonly store?: string;
  /** More lines of portal.yaml. */
  readonly more?: string;
}

export interface Curled {
  /** curl's own: 0, 7 refused, 28 timed out, 35 and 60 TLS. */
  readonly exit: number;
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The first that is there. @throws what was waited for, and what there was in the end */
export async function eventually<Found>(
  what: string,
  look: () => Found | null | undefined | false | Promise<Found | null | undefined | false>,
  last: () => unknown = () => "",
): Promise<Found> {
  for (let tries = 0; tries < 300; tries++) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    await sleep(100);
  }
  throw new Error(`waited in vain for ${what} ${JSON.stringify(last())}`);
}

export class PortalStage {
  readonly world: PortalWorld = new PortalWorld();
  readonly options: StageOptions;
  readonly socket: string;
  readonly config: string;
  #radius: FreeRadius | null = null;
  #portal: ChildProcess | null = null;
  #log = "";
  #starts = 0;

  private constructor(options: StageOptions) {
    this.options = options;
    this.socket = join(options.folder, "portal.sock");
    this.config = join(options.folder, "portal.yaml");
  }

  static async open(options: StageOptions): Promise<PortalStage> {
    const stage = new PortalStage(options);
    try {
      await stage.#raise();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  async #raise(): Promise<void> {
    const { world, options } = this;
    const { folder, users } = options;
    for (const place of ["guest", "other"] as const) {
      // ip-netns(8): files of this folder take the place of those in /etc.
      mkdirSync(`/etc/netns/${world.name(place)}`, { recursive: true });
      writeFileSync(`/etc/netns/${world.name(place)}/resolv.conf`, `nameserver ${PORTAL.gateway[4]}\n`);
    }
    makeCertificate(folder, "login", LOGIN, 30);
    const site = makeCertificate(folder, "site", SITE, 30);
    this.#radius =
      users === null
        ? null
        : await startFreeRadius({
            secret: SECRET,
            users,
            prefix: world.prefix("gateway"),
            ...(options.code === undefined ? {} : { code: options.code }),
          });
    writeFileSync(join(folder, "radius.secret"), SECRET, { mode: 0o600 });
    writeFileSync(this.config, this.#portalYaml());
    await world.serve("internet", {
      http: [80],
      https: [443],
      certificate: site,
      tcp: [22],
      stream: [8000],
      sink: [8001],
      udp: [9],
      addresses: [PORTAL.server, PORTAL.garden, PORTAL.resolver].flatMap((one) => [one[4], one[6]]),
    });
    this.#startDnsmasq();
    // 6: no such name. Nobody is at the door yet.
    await eventually("DNS", async () => (await this.curl("guest", [`http://${LOGIN}:8080/`])).exit !== 6);
    await this.startPortal();
  }

  get radius(): FreeRadius {
    if (this.#radius === null) throw new Error("this stage has no RADIUS");
    return this.#radius;
  }

  #portalYaml(): string {
    const { folder, gateway = "pier-1", store, more = "" } = this.options;
    const radius =
      this.#radius === null
        ? ""
        : `radius:
  servers:
    - host: 127.0.0.1
      authenticationPort: ${this.#radius.ports.authentication}
      accountingPort: ${this.#radius.ports.accounting}
      secret: file:radius.secret
  timeout: 2s
  interim: 3s
  dynamic: { clients: [{ address: 127.0.0.1, secret: file:radius.secret }] }
`;
    return `gateway: ${gateway}
guests: { interface: guest0, addresses: [${PORTAL.gateway[4]}/24, "${PORTAL.gateway[6]}/64"] }
uplink: { interface: wan0 }
firewall: nftables
garden: [${GARDEN}, "${PORTAL.resolver[4]}/32", "tcp:[${PORTAL.resolver[6]}/128]:80"]
portal:
  name: ${LOGIN}
  httpPort: 8080
  certificate: { chain: ${join(folder, "login.pem")}, key: ${join(folder, "login.key")} }
look:
  title: Wireless on the pier
  text: Free for half an hour, and longer with a voucher from the kiosk.
  terms: Be kind to the others.
signIn: [voucher, password, click]
${radius}store: ${store === undefined ? `sqlite:${join(folder, "portal.db")}` : "env:PORTAL_STORE"}
admin: { port: 8444 }
socket: ${this.socket}
tick: 1s
${more}`;
  }

  #startDnsmasq(): void {
    const { folder } = this.options;
    const { config } = readPortalFile(this.config);
    const api = config === null ? null : captivePortalApi(config);
    if (config === null || api === null) throw new Error("portal.yaml is not as it should be");
    const host = (name: string, one: { 4: string; 6: string }): string[] =>
      [one[4], one[6]].map((address) => `host-record=${name},${address}`);
    const lines = [
      "no-resolv",
      "no-hosts",
      "interface=guest0",
      "bind-interfaces",
      "domain-needed",
      ...host(LOGIN, PORTAL.gateway),
      ...host(SITE, PORTAL.server),
      ...host(GARDEN, PORTAL.garden),
      "dhcp-authoritative",
      "dhcp-range=10.77.0.100,10.77.0.200,1h",
      "no-ping",
      "enable-ra",
      "dhcp-range=2001:db8:77::,ra-stateless,64,1h",
      `dhcp-leasefile=${join(folder, "leases")}`,
      announce("dnsmasq", api),
      ...dnsmasqLines(config.garden),
    ];
    writeFileSync(join(folder, "dnsmasq.conf"), `${lines.join("\n")}\n`);
    this.world.spawn("gateway", [
      "dnsmasq",
      "--keep-in-foreground",
      "--user=root",
      `--conf-file=${join(folder, "dnsmasq.conf")}`,
      "--pid-file",
      "--log-facility=-",
    ]);
  }

  /** Starts `pierhead portal` and waits until it serves guests. */
  async startPortal(): Promise<void> {
    const log = join(this.options.folder, `portal-${this.#starts++}.log`);
    const out = openSync(log, "a");
    const words = [process.execPath, this.options.pierhead, "portal", "-c", this.config, "--log-format", "json"];
    const [tool = "", ...rest] = [...this.world.prefix("gateway"), ...words];
    const { store } = this.options;
    const { SSH_CONNECTION: _, ...env } = process.env;
    const child = spawn(tool, rest, {
      stdio: ["ignore", out, out],
      env: store === undefined ? env : { ...env, PORTAL_STORE: store },
    });
    closeSync(out);
    this.#portal = child;
    this.#log = log;
    await eventually(
      "the portal's start",
      () => {
        if (child.exitCode !== null) throw new Error(`the portal ended with ${child.exitCode}: ${this.log()}`);
        return this.log().includes('"event":"started"');
      },
      () => this.log(),
    );
  }

  /** `ip netns exec` becomes what it starts, so the signal meets the portal. @returns its exit status, null for a signal */
  async stopPortal(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    const child = this.#portal;
    this.#portal = null;
    if (child === null) return null;
    const ended = new Promise<number | null>((resolve) => child.once("exit", (status) => resolve(status)));
    child.kill(signal);
    return ended;
  }

  /** What it logged since its last start. */
  log(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, "utf8") : "";
  }

  /** A verb of `pierhead portal` against the running one. */
  pierhead(...words: string[]): Promise<Ran> {
    const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
    return ran(process.execPath, [this.options.pierhead, "portal", "-s", this.socket, ...words], env);
  }

  async json<Answer>(...words: string[]): Promise<Answer> {
    const { stdout, stderr } = await this.pierhead(...words, "--json");
    if (stdout === "") throw new Error(`pierhead portal ${words.join(" ")}: ${stderr}`);
    return JSON.parse(stdout) as Answer;
  }

  /** What most looks need: without a process for each. */
  async ask<Answer>(question: ControlQuestion): Promise<Answer> {
    return (await askPortal(this.socket, question)) as Answer;
  }

  async isQuiet(): Promise<boolean> {
    return (await this.ask<{ pendingAccounting: number }>({ verb: "status" })).pendingAccounting === 0;
  }

  async curl(place: PortalPlace, words: readonly string[]): Promise<Curled> {
    const ca = join(this.options.folder, "ca.pem");
    const [tool = "", ...rest] = [
      ...this.world.prefix(place),
      "curl",
      "-sS",
      "-i",
      "-m",
      "10",
      "--cacert",
      ca,
      ...words,
    ];
    const { status: exit, stdout } = await ran(tool, rest, process.env);
    const end = stdout.indexOf("\r\n\r\n");
    const headers = end < 0 ? "" : stdout.slice(0, end);
    const status = Number(/^HTTP\/\S+ (\d+)/.exec(headers)?.[1] ?? 0);
    return { exit, status, headers, body: end < 0 ? stdout : stdout.slice(end + 4) };
  }

  /** With the form of the page, as a browser without JavaScript would send it. */
  async signIn(place: "guest" | "other", form: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
    const { body } = await this.curl(place, [`https://${LOGIN}/`]);
    const fields = { ...form, token: hidden(body, "token") };
    const words = Object.entries(fields).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]);
    const answer = await this.curl(place, ["-H", "Accept: application/json", ...words, `https://${LOGIN}/sign-in`]);
    return JSON.parse(answer.body) as Record<string, unknown>;
  }

  password(place: "guest" | "other", user: string, password = "correct horse"): Promise<Record<string, unknown>> {
    return this.signIn(place, { method: "password", user, password });
  }

  async isIn(place: "guest" | "other"): Promise<boolean> {
    const { exit, body } = await this.curl(place, [`https://${LOGIN}/captive-portal/api`]);
    if (body === "") throw new Error(`the portal does not answer ${place}: curl ended with ${exit}`);
    return (JSON.parse(body) as { captive: boolean }).captive === false;
  }

  /** CoA or Disconnect by radclient. @returns what it printed */
  async radclient(kind: "coa" | "disconnect", attributes: readonly string[]): Promise<string> {
    const list = join(this.options.folder, "radclient.txt");
    writeFileSync(list, `${attributes.join("\n")}\n`);
    const secret = join(this.options.folder, "radius.secret");
    const words = ["radclient", "-x", "-r", "1", "-f", list, "-S", secret, "127.0.0.1:3799", kind];
    const [tool = "", ...rest] = [...this.world.prefix("gateway"), ...words];
    const { stdout, stderr } = await ran(tool, rest, process.env);
    return stdout + stderr;
  }

  /** Gives the place its addresses by DHCP, and by router advertisements with privacy extensions. @returns what DHCP said */
  async dhcp(place: "guest" | "other"): Promise<Record<string, string>> {
    const file = (name: string): string => join(this.options.folder, `${place}-${name}`);
    rmSync(file("lease"), { force: true });
    writeFileSync(
      file("script"),
      `#!/bin/sh
case $reason in
PREINIT) ip link set eth0 up ;;
BOUND|RENEW|REBIND|REBOOT)
  ip -4 address flush dev eth0; ip address add $new_ip_address/24 dev eth0
  ip route replace default via $new_routers
  env | sed -n 's/^new_//p' > ${file("new")}; mv ${file("new")} ${file("lease")} ;;
esac
`,
    );
    chmodSync(file("script"), 0o755);
    writeFileSync(
      file("conf"),
      "request subnet-mask, routers, domain-name-servers, default-url;\ninitial-interval 1;\n",
    );
    const files = ["-cf", file("conf"), "-lf", file("leases"), "-pf", file("pid"), "-sf", file("script")];
    appendFileSync(file("leases"), "");
    const child = this.world.spawn(place, ["dhclient", "-4", "-d", "-q", ...files, "eth0"]);
    try {
      await eventually(`a lease for ${place}`, () => existsSync(file("lease")));
    } finally {
      child.kill("SIGKILL");
    }
    return Object.fromEntries(
      readFileSync(file("lease"), "utf8")
        .split("\n")
        .flatMap((line) => (line.includes("=") ? [[line.split("=")[0], line.slice(line.indexOf("=") + 1)]] : [])),
    ) as Record<string, string>;
  }

  /** Addresses by router advertisement: one made of the MAC, and one that says nothing of it (RFC 8981). */
  async slaac(place: "guest" | "other"): Promise<{ stable: string; temporary: string }> {
    this.world.shell(
      place,
      `cd /proc/sys/net/ipv6/conf/eth0; echo 1 > accept_ra; echo 2 > use_tempaddr
ip link set eth0 down; ip link set eth0 up`,
    );
    return eventually(`the IPv6 addresses of ${place}`, () => {
      const lines = this.world.run(place, ["ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "global"]);
      const find = (temporary: boolean): string | undefined =>
        lines
          .split("\n")
          .filter((line) => line.includes("dynamic") && line.includes(" temporary ") === temporary)
          .map((line) => /inet6 ([0-9a-f:]+)\//.exec(line)?.[1])
          .find((address) => address !== undefined);
      const [stable, temporary] = [find(false), find(true)];
      return stable === undefined || temporary === undefined ? null : { stable, temporary };
    });
  }

  /** A program that is Chromium in the namespace of a place. */
  chromium(place: PortalPlace): string {
    const path = join(this.options.folder, `chromium-${place}`);
    writeFileSync(path, `#!/bin/sh\nexec ${this.world.prefix(place).join(" ")} ${CHROMIUM} "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  }

  async close(): Promise<void> {
    await this.stopPortal("SIGKILL");
    // What the portal and the programs of guests started is not ours to know.
    for (const place of ["guest", "other", "gateway", "internet"] as const) {
      const { stdout } = spawnSync("ip", ["netns", "pids", this.world.name(place)], { encoding: "utf8" });
      for (const pid of stdout.split("\n").filter(Boolean)) {
        try {
          process.kill(Number(pid), "SIGKILL");
        } catch {
          // It has just ended.
        }
      }
      rmSync(`/etc/netns/${this.world.name(place)}`, { recursive: true, force: true });
    }
    await this.#radius?.stop();
    this.world.destroy();
  }
}

function ran(tool: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(tool, [...words], { env, timeout: 60_000, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ status, stdout, stderr });
    });
  });
}
