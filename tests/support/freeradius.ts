/** FreeRADIUS in a folder of its own, on free ports of the loopback interface: what a test needs of a real server. */
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const FREERADIUS = "/usr/sbin/freeradius";

/** Why tests with FreeRADIUS are left out here; null where they run. */
export function freeRadiusMissing(): string | null {
  for (const path of [FREERADIUS, "/usr/bin/radclient", "/usr/bin/openssl"]) {
    if (!existsSync(path)) return `${path} is missing`;
  }
  return null;
}

export interface FreeRadiusOptions {
  readonly secret: string;
  /** Lines of the `files` module: users with their check and reply items. */
  readonly users: string;
  /** The user `otp` with the password `hello` is asked for this besides (Access-Challenge). */
  readonly code?: string;
  /** Answers have a Message-Authenticator; true when absent. */
  readonly signs?: boolean;
  /** Folder with ca.pem, server.pem and server.key: RADIUS over TLS as well. */
  readonly certificates?: string | null;
  /** Goes before the command, as `["ip", "netns", "exec", "gateway"]`. */
  readonly prefix?: readonly string[];
  /** Does not log every sign-in. */
  readonly quiet?: boolean;
  /** One that was killed: its ports and its folder with the detail file are taken over. */
  readonly before?: FreeRadius;
}

export interface FreeRadiusPorts {
  readonly authentication: number;
  readonly accounting: number;
  readonly tls: number;
}

export interface FreeRadius {
  readonly ports: FreeRadiusPorts;
  readonly folder: string;
  readonly pid: number;
  /** The records of the detail file: attribute → value, in the order they came; several values are joined by `; `. */
  records(): Record<string, string>[];
  /** What it said. */
  log(): string;
  /** Holds it up and lets it go on: a server that is there and silent. */
  pause(): void;
  resume(): void;
  /** Ends it at once; what it wrote stays. */
  kill(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** A port nobody has: taken and given back. */
export async function freePort(kind: "udp" | "tcp"): Promise<number> {
  if (kind === "tcp") {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

export async function startFreeRadius(options: FreeRadiusOptions): Promise<FreeRadius> {
  const folder = options.before?.folder ?? mkdtempSync(join(tmpdir(), `pierhead-radius-${process.pid}-`));
  const ports = options.before?.ports ?? {
    authentication: await freePort("udp"),
    accounting: await freePort("udp"),
    tls: await freePort("tcp"),
  };
  mkdirSync(join(folder, "run"), { recursive: true });
  writeFileSync(join(folder, "dictionary"), "");
  writeFileSync(join(folder, "users"), options.users);
  writeFileSync(join(folder, "portal.conf"), configuration(folder, ports, options));
  const [tool = "", ...words] = [
    ...(options.prefix ?? []),
    FREERADIUS,
    "-f",
    "-d",
    folder,
    "-n",
    "portal",
    "-l",
    "stdout",
  ];
  const child = spawn(tool, words, {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stdout.on("data", (bytes) => {
    log += bytes;
  });
  child.stderr.on("data", (bytes) => {
    log += bytes;
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = async (): Promise<void> => {
    for (let i = 0; i < 300; i++) {
      if (log.includes("Ready to process requests")) return;
      if (child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`FreeRADIUS does not start:\n${log}`);
  };
  await ready();
  const detail = join(folder, "detail");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
  };
  return {
    ports,
    folder,
    pid: child.pid as number,
    records: () => (existsSync(detail) ? readDetail(readFileSync(detail, "utf8")) : []),
    log: () => log,
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    kill,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readDetail(text: string): Record<string, string>[] {
  return text
    .split(/\n\n/)
    .filter((block) => block.trim() !== "")
    .map((block) => {
      const record: Record<string, string> = {};
      for (const match of block.matchAll(/^\t(\S+) = (.*)$/gm)) {
        const [name, value] = [match[1] as string, (match[2] as string).replace(/^"(.*)"$/, "$1")];
        record[name] = record[name] === undefined ? value : `${record[name]}; ${value}`;
      }
      return record;
    });
}

function configuration(folder: string, ports: FreeRadiusPorts, options: FreeRadiusOptions): string {
  const listen = (kind: string, port: number): string =>
    `listen {\n type = ${kind}\n ipaddr = 127.0.0.1\n port = ${port}\n virtual_server = portal\n}\n`;
  const certificates = options.certificates ?? null;
  const tls =
    certificates === null
      ? ""
      : `listen {
 type = auth+acct
 proto = tcp
 ipaddr = 127.0.0.1
 port = ${ports.tls}
 virtual_server = portal
 clients = radsec
 limit {
  max_connections = 16
  lifetime = 0
  idle_timeout = 30
 }
 tls {
  private_key_file = ${certificates}/server.key
  certificate_file = ${certificates}/server.pem
  ca_file = ${certificates}/ca.pem
  fragment_size = 8192
  ca_path = ${certificates}
  cipher_list = "DEFAULT"
  tls_min_version = "1.2"
  tls_max_version = "1.2"
  require_client_cert = yes
 }
}
clients radsec {
 client portal_tls {
  ipaddr = 127.0.0.1
  proto = tls
  secret = radsec
 }
}
`;
  // FreeRADIUS before 3.2.5 signs its answers only when it is told to.
  const sign = options.signs === false ? "" : "  update reply {\n   &Message-Authenticator := 0x00\n  }";
  const challenge =
    options.code === undefined
      ? ["", ""]
      : [
          ` if (&User-Name == "otp") {
  if (!&State) {
   update control {
    &Auth-Type := Question
    &Cleartext-Password := "hello"
   }
  }
  else {
   update control {
    &Auth-Type := PAP
    &Cleartext-Password := &session-state:Tmp-String-0
   }
  }
 }`,
          ` Auth-Type Question {
  pap
  update session-state {
   &Tmp-String-0 := "${options.code}"
  }
  update reply {
   &Reply-Message := "Which code did we send to you?"
   &Prompt := Echo
   &Session-Timeout := 120
  }
  update control {
   &Response-Packet-Type = Access-Challenge
  }
  handled
 }`,
        ];
  return `
prefix = /usr
libdir = ${libraries()}
raddbdir = ${folder}
run_dir = ${folder}/run
pidfile = ${folder}/run/pid
db_dir = ${folder}
max_request_time = 30
cleanup_delay = 5
max_requests = 16384
hostname_lookups = no
log {
 destination = stdout
 auth = ${options.quiet === true ? "no" : "yes"}
}
security {
 max_attributes = 200
 reject_delay = 0
 status_server = yes
 allow_vulnerable_openssl = yes
}
thread pool {
 start_servers = 4
 max_servers = 8
 min_spare_servers = 2
 max_spare_servers = 8
 max_requests_per_server = 0
}
client portal {
 ipaddr = 127.0.0.1
 secret = "${options.secret}"
 require_message_authenticator = yes
}
modules {
 pap {
 }
 always handled {
  rcode = handled
 }
 chap {
 }
 mschap {
  use_mppe = no
 }
 files {
  filename = ${folder}/users
 }
 detail {
  filename = ${folder}/detail
  permissions = 0600
  locking = yes
 }
}
${tls}
server portal {
${listen("auth", ports.authentication)}
${listen("acct", ports.accounting)}
authorize {
${challenge[0]}
 chap
 mschap
 files
 pap
}
authenticate {
${challenge[1]}
 Auth-Type PAP {
  pap
 }
 Auth-Type CHAP {
  chap
 }
 Auth-Type MS-CHAP {
  mschap
 }
}
preacct {
}
accounting {
 detail
}
post-auth {
${sign}
 Post-Auth-Type REJECT {
${sign}
 }
 Post-Auth-Type Challenge {
${sign}
 }
}
}
`;
}

function libraries(): string {
  for (const path of ["/usr/lib/freeradius", "/usr/lib64/freeradius", "/usr/lib/x86_64-linux-gnu/freeradius"]) {
    if (existsSync(path)) return path;
  }
  return "/usr/lib/freeradius";
}

/** A certificate authority with a certificate for the server (127.0.0.1, localhost) and one for the portal. */
export function makeCertificates(): string {
  const folder = mkdtempSync(join(tmpdir(), `pierhead-radsec-${process.pid}-`));
  const openssl = (...words: string[]): void => {
    execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
  };
  openssl(
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=test authority",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
  );
  for (const [name, extension] of [
    ["server", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ["portal", "subjectAltName=DNS:portal.example"],
  ] as const) {
    openssl(
      "req",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
    );
    writeFileSync(join(folder, `${name}.ext`), `${extension}\n`);
    openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "2",
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.pem`,
    );
  }
  return folder;
}
