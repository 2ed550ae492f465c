/** strongSwan as head-end and as client in two network namespaces, one process each, many configurations. */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wait, worldIsMissing } from "./two-isp-world.ts";

const CHARON = "/usr/lib/ipsec/charon";
const PLUGINS =
  "random nonce openssl aes sha1 sha2 md5 hmac kdf gcm ccm ctr chapoly curve25519 xcbc cmac socket-default kernel-netlink vici";

export const CLIENT_ADDRESS = "10.99.0.100";

/** Why this cannot be tried here; null when it can. */
export function ikeIsMissing(): string | null {
  const missing = worldIsMissing();
  if (missing !== null) return missing;
  if (!existsSync(CHARON)) return "needs strongswan-charon";
  for (const [plugin, where] of [
    ["chapoly", "libstrongswan-extra-plugins"],
    ["openssl", "libstrongswan-standard-plugins"],
  ]) {
    if (!existsSync(`/usr/lib/ipsec/plugins/libstrongswan-${plugin}.so`)) return `needs ${where}`;
  }
  return spawnSync("swanctl", ["--help"]).status === null ? "needs strongswan-swanctl" : null;
}

let worlds = 0;

export interface CharonOptions {
  /** Lines of strongswan.conf's section charon. */
  readonly settings?: string;
  readonly swanctl: string;
}

export class IkeWorld {
  readonly folder: string = mkdtempSync(join(tmpdir(), "pierhead-ike-"));
  readonly #prefix = `pk${process.pid}-${worlds++}`;
  readonly #daemons: Set<ChildProcess> = new Set();
  readonly #atExit = (): void => this.destroy();

  /** @param addresses of the head-ends, by namespace; each has a cable to the client */
  constructor(addresses: Readonly<Record<string, readonly string[]>>) {
    process.once("exit", this.#atExit);
    try {
      command("ip", ["netns", "add", this.name("client")]);
      command("ip", ["-n", this.name("client"), "link", "add", "br0", "type", "bridge"]);
      command("ip", ["-n", this.name("client"), "addr", "add", `${CLIENT_ADDRESS}/24`, "dev", "br0"]);
      command("ip", ["-n", this.name("client"), "addr", "add", "10.99.0.101/24", "dev", "br0"]);
      for (const [place, list] of Object.entries(addresses)) {
        const name = this.name(place);
        command("ip", ["netns", "add", name]);
        const near = `to-${place}`;
        const ends = ["link", "add", "eth0", "netns", name, "type", "veth", "peer", "name", near];
        command("ip", [...ends, "netns", this.name("client")]);
        command("ip", ["-n", this.name("client"), "link", "set", near, "master", "br0", "up"]);
        for (const address of list) command("ip", ["-n", name, "addr", "add", `${address}/24`, "dev", "eth0"]);
        for (const link of ["lo", "eth0"]) command("ip", ["-n", name, "link", "set", link, "up"]);
      }
      for (const link of ["lo", "br0"]) command("ip", ["-n", this.name("client"), "link", "set", link, "up"]);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  name(place: string): string {
    return `${this.#prefix}-${place}`;
  }

  nft(place: string, rules: string): void {
    const done = spawnSync("ip", ["netns", "exec", this.name(place), "nft", "-f", "-"], {
      input: rules,
      encoding: "utf8",
    });
    if (done.status !== 0) throw new Error(done.stderr);
  }

  #socket(place: string): string {
    return `unix://${join(this.folder, place, "vici")}`;
  }

  /** charon with its own files, its own /run, and its socket where swanctl finds it. */
  async charon(place: string, { settings = "", swanctl }: CharonOptions): Promise<void> {
    const folder = join(this.folder, place);
    mkdirSync(folder);
    const conf = join(folder, "strongswan.conf");
    const log = join(folder, "log");
    writeFileSync(
      conf,
      `charon {\nload = ${PLUGINS}\ninstall_routes = no\n${settings}\nplugins { vici { socket = ${this.#socket(place)} } }\nfilelog { log { path = ${log}\ndefault = 1\nflush_line = yes } }\n}\n`,
    );
    const words = ["netns", "exec", this.name(place), "unshare", "-m", "sh", "-c"];
    const daemon = spawn("ip", [...words, `mount -t tmpfs tmpfs /run && exec ${CHARON}`], {
      env: { ...process.env, STRONGSWAN_CONF: conf },
      stdio: "ignore",
    });
    this.#daemons.add(daemon);
    for (let tries = 0; !existsSync(join(folder, "vici")); tries++) {
      if (tries > 100 || daemon.exitCode !== null) {
        throw new Error(`charon does not start: ${existsSync(log) ? readFileSync(log, "utf8") : "no log"}`);
      }
      await wait(50);
    }
    const file = join(folder, "swanctl.conf");
    writeFileSync(file, swanctl, { mode: 0o600 });
    const load = ["--load-all", "--noprompt", "--file", file, "--uri", this.#socket(place)];
    const loaded = await this.run("client", "swanctl", load);
    if (loaded.status !== 0) throw new Error(`${loaded.output}${loaded.error}`);
  }

  swanctl(place: string, words: readonly string[]): Promise<string> {
    return this.run("client", "swanctl", [...words, "--uri", this.#socket(place)]).then((one) => one.output);
  }

  run(
    place: string,
    program: string,
    words: readonly string[],
  ): Promise<{ status: number; output: string; error: string }> {
    return new Promise((resolve) => {
      const all = ["netns", "exec", this.name(place), program, ...words];
      execFile("ip", all, { timeout: 60_000, maxBuffer: 16_777_216 }, (error, output, text) => {
        const status = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ status, output, error: text });
      });
    });
  }

  destroy(): void {
    process.off("exit", this.#atExit);
    // `exec` all the way: the process of the daemon is the one that was started.
    for (const daemon of this.#daemons) daemon.kill("SIGKILL");
    this.#daemons.clear();
    const listed = spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout;
    for (const line of listed.split("\n")) {
      const name = line.split(" ")[0] ?? "";
      if (name.startsWith(`${this.#prefix}-`)) spawnSync("ip", ["netns", "del", name]);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function command(program: string, words: readonly string[]): void {
  const done = spawnSync(program, [...words], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${program} ${words.join(" ")}: ${done.stderr}`);
}
