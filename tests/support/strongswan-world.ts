/**
 * Two network namespaces with strongSwan in each: a head-end that takes what the site's own files take, and a client
 * with the profile that was written for it. ESP is done by strongSwan itself (kernel-libipsec), so that no kernel needs
 * it; that has tunnel mode only.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const CHARON = "/usr/sbin/charon-systemd";
const PLUGINS =
  "random nonce openssl aes sha1 sha2 hmac kdf gmp curve25519 gcm pem pkcs1 pkcs8 pkcs12 pubkey x509 constraints revocation eap-identity eap-mschapv2 kernel-libipsec kernel-netlink socket-default vici";

export const HEAD_END = "10.99.7.1";
export const BEHIND = "192.168.7.1";

/** Why the world cannot be built here; null when it can. */
export function noStrongswan(): string | null {
  if (process.getuid?.() !== 0) return "not root";
  if (!existsSync(CHARON) || !existsSync("/usr/sbin/swanctl")) return "charon-systemd or swanctl is missing";
  // MD4, which MS-CHAPv2 needs, is in openssl's.
  for (const plugin of ["eap-mschapv2", "kernel-libipsec", "openssl"]) {
    if (!existsSync(`/usr/lib/ipsec/plugins/libstrongswan-${plugin}.so`)) return `strongSwan's ${plugin} is missing`;
  }
  if (!existsSync("/dev/net/tun")) return "there is no /dev/net/tun";
  const tried = spawnSync("unshare", ["-n", "true"]);
  return tried.status === 0 ? null : "no network namespaces";
}

export class StrongswanWorld {
  readonly #folder: string;
  readonly #name = `pier${process.pid}`;
  readonly #daemons: ChildProcess[] = [];

  constructor(folder: string) {
    this.#folder = folder;
    const [gate, client] = [`${this.#name}g`, `${this.#name}c`];
    const ip = (...args: string[]): void => void execFileSync("ip", args);
    for (const one of [gate, client]) ip("netns", "add", one);
    ip("link", "add", "v0", "netns", gate, "type", "veth", "peer", "name", "v0", "netns", client);
    ip("-n", gate, "addr", "add", `${HEAD_END}/24`, "dev", "v0");
    ip("-n", gate, "addr", "add", `${BEHIND}/24`, "dev", "lo");
    ip("-n", client, "addr", "add", "10.99.7.2/24", "dev", "v0");
    for (const one of [gate, client]) {
      for (const link of ["lo", "v0"]) ip("-n", one, "link", "set", link, "up");
    }
  }

  /** Starts both ends anew with their folders of swanctl's files. */
  async start(gate: string, client: string): Promise<void> {
    await this.#stopDaemons();
    for (const [end, folder] of [
      ["g", gate],
      ["c", client],
    ] as const) {
      const config = join(this.#folder, `${end}.conf`);
      const log = join(this.#folder, `${end}.log`);
      writeFileSync(log, "");
      writeFileSync(
        config,
        `charon-systemd {
  load = ${PLUGINS}
  plugins {
    vici {
      socket = ${this.#socket(end)}
    }
  }
  filelog {
    f {
      path = ${log}
      flush_line = yes
      default = 1
      cfg = 2
    }
  }
  journal {
    default = -1
  }
}
swanctl {
  load = random nonce openssl pem pkcs1 pkcs8 pkcs12 x509 pubkey sha1 sha2
}
`,
      );
      const daemon = spawn("ip", ["netns", "exec", `${this.#name}${end}`, CHARON], {
        env: { ...process.env, STRONGSWAN_CONF: config },
        stdio: "ignore",
      });
      this.#daemons.push(daemon);
      for (let tries = 0; this.#swanctl(end, folder, ["--stats"]).status !== 0; tries++) {
        if (tries > 100) throw new Error(`charon did not start: ${readFileSync(log, "utf8")}`);
        await new Promise((done) => setTimeout(done, 50));
      }
      const loaded = this.#swanctl(end, folder, ["--load-all"]);
      if (loaded.status !== 0) throw new Error(`swanctl --load-all: ${loaded.output}`);
    }
  }

  /** @returns what swanctl and charon said */
  initiate(client: string, child: string): { readonly status: number | null; readonly output: string } {
    return this.#swanctl("c", client, ["--initiate", "--timeout", "10", "--child", child]);
  }

  /** Whether a packet goes there and back. */
  ping(address: string): boolean {
    const run = spawnSync("ip", ["netns", "exec", `${this.#name}c`, "ping", "-c", "1", "-W", "2", address]);
    return run.status === 0;
  }

  /**
   * Runs what pppd would run for a link `ppp9` to `remote`, on a client with a default route.
   *
   * @returns the interfaces by which the targets are then reached
   */
  routesAfter(script: string, remote: string, targets: readonly string[]): string[] {
    const client = `${this.#name}c`;
    const ip = (...args: string[]): string => execFileSync("ip", ["-n", client, ...args], { encoding: "utf8" });
    ip("route", "replace", "default", "via", HEAD_END);
    ip("link", "add", "ppp9", "type", "veth", "peer", "name", "far9");
    try {
      for (const link of ["ppp9", "far9"]) ip("link", "set", link, "up");
      const env = { ...process.env, PPP_REMOTE: remote, PPP_IFACE: "ppp9" };
      execFileSync("ip", ["netns", "exec", client, script], { env });
      return targets.map((target) => /dev (\S+)/.exec(ip("route", "get", target))?.[1] ?? "");
    } finally {
      ip("link", "del", "ppp9");
      ip("route", "del", "default");
    }
  }

  log(end: "g" | "c"): string {
    return readFileSync(join(this.#folder, `${end}.log`), "utf8");
  }

  async stop(): Promise<void> {
    await this.#stopDaemons();
    for (const end of ["g", "c"]) spawnSync("ip", ["netns", "del", `${this.#name}${end}`]);
  }

  #socket(end: string): string {
    return `unix://${join(this.#folder, `${end}.sock`)}`;
  }

  #swanctl(end: string, folder: string, args: readonly string[]): { status: number | null; output: string } {
    const run = spawnSync("swanctl", [...args, "--uri", this.#socket(end)], {
      encoding: "utf8",
      timeout: 20_000,
      env: { ...process.env, STRONGSWAN_CONF: join(this.#folder, `${end}.conf`), SWANCTL_DIR: folder },
    });
    return { status: run.status, output: `${run.stdout}${run.stderr}` };
  }

  async #stopDaemons(): Promise<void> {
    for (const daemon of this.#daemons.splice(0)) {
      if (daemon.exitCode !== null) continue;
      const ended = new Promise((done) => daemon.once("exit", done));
      daemon.kill("SIGTERM");
      const hard = setTimeout(() => daemon.kill("SIGKILL"), 3000);
      await ended;
      clearTimeout(hard);
    }
  }
}

/** A folder of swanctl's with `swanctl.conf` in it. */
export function swanctlFolder(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    const place = join(folder, path);
    mkdirSync(join(place, ".."), { recursive: true });
    writeFileSync(place, text, { mode: 0o600 });
  }
  return folder;
}
