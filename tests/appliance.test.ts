/** The appliance: what it hands to each system's installer, held against that installer's own words and tools. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { Source } from "@pierhead/core";
import {
  type ApplianceInput,
  applianceFiles,
  appliancePayload,
  octets,
  payloadName,
  tar,
} from "@pierhead/site/appliance";
import { buildSite } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = resolve(import.meta.dirname, "..");
const site = join(root, "examples/hotspot/site.yaml");
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOiOCJrWmCrEusvxnfAlsbii/OBAcROZzPs7q13KzpFy you@laptop";
const HOSTS = ["west", "east", "north"] as const;
let scratch = "";

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), `pierhead-appliance-${process.pid}-`));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function inputFor(name: (typeof HOSTS)[number], more: Partial<ApplianceInput> = {}): ApplianceInput {
  const reading = readSite(new Source("site.yaml", readFileSync(site, "utf8")));
  const model = reading.site as NonNullable<typeof reading.site>;
  const host = model.hosts.find((one) => one.name === name) as ApplianceInput["host"];
  const { files } = buildSite(model).machines.find((one) => one.name === name) as { files: ApplianceInput["files"] };
  return {
    site: model.name,
    host,
    files,
    sshKeys: [KEY],
    passwordHash: null,
    disk: null,
    url: null,
    pierhead: octets("the program"),
    node: null,
    ...more,
  };
}

/** @returns the text of a file beside the payload */
function made(input: ApplianceInput, file: string): string {
  const found = applianceFiles(input, "ab".repeat(32), []).find((one) => one.name === file);
  expect(found, file).toBeDefined();
  return found?.text ?? "";
}

/** Unpacks a payload as an installer does. */
function unpacked(input: ApplianceInput): string {
  const folder = mkdtempSync(join(scratch, "tree-"));
  const archive = join(folder, "payload.tgz");
  writeFileSync(archive, gzipSync(appliancePayload(input).tar));
  execFileSync("tar", ["-xzpf", archive, "-C", folder]);
  rmSync(archive);
  return folder;
}

function hasProgram(name: string): boolean {
  return spawnSync(name, ["--version"]).error === undefined;
}

describe("OpenBSD 7.8: install.conf", () => {
  /**
   * The installer's questions in their order, with what it takes when nothing answers; null: it gives up. From
   * distrib/miniroot/install.sub and distrib/amd64/common/install.md of 7.8.
   */
  const QUESTIONS = (
    sets: readonly (readonly [string, string | null])[],
  ): readonly (readonly [string, string | null])[] => [
    ["System hostname? (short form, e.g. 'foo')", null],
    ["Network interface to configure? (name, lladdr, '?', or 'done')", "em0"],
    ["IPv4 address for em0? (or 'autoconf' or 'none')", "autoconf"],
    ["IPv6 address for em0? (or 'autoconf' or 'none')", "none"],
    ["Network interface to configure? (name, lladdr, '?', or 'done')", "done"],
    ["Default IPv4 route? (IPv4 address or 'none')", null],
    ["DNS domain name? (e.g. 'example.com')", "my.domain"],
    ["DNS nameservers? (IP address list or 'none')", "none"],
    ["Password for root account?", null],
    ["Public ssh key for root account?", "none"],
    ["Start sshd(8) by default?", "yes"],
    ["Do you expect to run the X Window System?", "yes"],
    ["Do you want the X Window System to be started by xenodm(1)?", "no"],
    ["Change the default console to com0?", "no"],
    ["Setup a user? (enter a lower-case loginname, or 'no')", "no"],
    ["Allow root ssh login? (yes, no, prohibit-password)", "no"],
    ["What timezone are you in? ('?' for list)", "Canada/Mountain"],
    ["Which disk is the root disk? ('?' for details)", "sd0"],
    ["Encrypt the root disk with a (p)assphrase or (k)eydisk?", "no"],
    ["Use (W)hole disk MBR, whole disk (G)PT or (E)dit?", "whole"],
    ["URL to autopartitioning template for disklabel?", "none"],
    ["Use (A)uto layout, (E)dit auto layout, or create (C)ustom layout?", "a"],
    ["Which disk do you wish to initialize?", "done"],
    ["Location of sets? (disk http nfs or 'done')", "http"],
    ...sets,
    ["Set name(s)? (or 'abort' or 'done')", "done"],
    ["Set name(s)? (or 'abort' or 'done')", "done"],
    ["Unverified sets: site78-west.tgz. Continue without verification?", "no"],
    ["Location of sets? (disk http nfs or 'done')", "done"],
  ];
  const DISK = [
    ["Is the disk partition already mounted?", "no"],
    ["Which disk contains the install media?", "sd1"],
    ["Which sd1 partition has the install sets?", "a"],
    ["Pathname to the sets? (or 'done')", "7.8/amd64"],
  ] as const;
  const HTTP = [
    ["HTTP proxy URL? (e.g. 'http://proxy:8080', or 'none')", "none"],
    ["HTTP Server? (hostname, list#, 'done' or '?')", null],
    ["Server directory?", "pub/OpenBSD/7.8/amd64"],
  ] as const;

  /** As `_autorespond` does: the words of a line stand in the question, whole; an answer is used once. */
  function asked(conf: string, questions: readonly (readonly [string, string | null])[]): Map<string, string> {
    let lines = conf.split("\n").filter((line) => /^[^#=].*=./.test(line));
    const given = new Map<string, string>();
    for (const [question, usual] of questions) {
      const hit = lines.find((line) => {
        const key = line.replace(/[ \t]*=.*$/s, "").toLowerCase();
        const at = question.toLowerCase().indexOf(key);
        const before = question[at - 1] ?? " ";
        const after = question[at + key.length] ?? " ";
        return at >= 0 && /[ \t]/.test(before) && /[ \t?]/.test(after);
      });
      const value = hit?.replace(/^[^=]*=[ \t]*/, "") ?? usual;
      expect(value, question).not.toBeNull();
      if (!given.has(question) || hit !== undefined) given.set(question, value ?? "");
      lines = lines.filter((line) => line !== hit);
    }
    expect(lines, "answers to questions that nobody asks").toEqual([]);
    return given;
  }

  it("answers what has no usual answer, and nothing else, from the stick", () => {
    const given = asked(made(inputFor("west"), "install.conf"), QUESTIONS(DISK));
    expect(given.get("System hostname? (short form, e.g. 'foo')")).toBe("west");
    expect(given.get("IPv4 address for em0? (or 'autoconf' or 'none')")).toBe("198.51.100.10/24");
    expect(given.get("Default IPv4 route? (IPv4 address or 'none')")).toBe("198.51.100.1");
    // autoinstall(8): thirteen stars are no password.
    expect(given.get("Password for root account?")).toBe("*************");
    expect(given.get("Public ssh key for root account?")).toBe(KEY);
    expect(given.get("Allow root ssh login? (yes, no, prohibit-password)")).toBe("prohibit-password");
    expect(given.get("Unverified sets: site78-west.tgz. Continue without verification?")).toBe("yes");
  });

  it("and from a web server", () => {
    const input = inputFor("west", {
      url: "http://192.0.2.5/west",
      disk: "sd1",
      passwordHash: `$2b$10$${"x".repeat(53)}`,
    });
    const given = asked(made(input, "install.conf"), QUESTIONS(HTTP));
    expect(given.get("HTTP Server? (hostname, list#, 'done' or '?')")).toBe("http://192.0.2.5");
    expect(given.get("Server directory?")).toBe("/west");
    expect(given.get("Which disk is the root disk? ('?' for details)")).toBe("sd1");
    expect(given.get("Password for root account?")).toMatch(/^\$2b\$/);
  });

  it("says yes to no other set that fails its check", () => {
    const lines = made(inputFor("west"), "install.conf").split("\n");
    expect(lines.filter((line) => /verification|anyway/i.test(line))).toEqual([
      "Unverified sets: site78-west.tgz. Continue without verification = yes",
    ]);
  });
});

describe("FreeBSD: installerconfig", () => {
  it("is cut in two by bsdinstall where its second part begins, and nowhere else", () => {
    // usr.sbin/bsdinstall/scripts/script: split -a 2 -p '^#!.*'
    const parts = made(inputFor("east", { disk: "ada0" }), "installerconfig").split(/^(?=#!)/m);
    expect(parts.length).toBe(2);
    expect(parts[0]).toContain("PARTITIONS=ada0\n");
    expect(parts[0]).toContain('DISTRIBUTIONS="kernel.txz base.txz pierhead.txz"');
    expect(parts[1]).toBe("#!/bin/sh\nexec /bin/sh /var/pierhead/place\n");
  });

  it("locks what is installed with an open root", () => {
    const folder = unpacked(inputFor("east"));
    expect(readFileSync(join(folder, "var/pierhead/place"), "utf8")).toContain("pw usermod root -h -\n");
    const hashed = unpacked(inputFor("east", { passwordHash: "$6$salt$abcdefghijklmnopqrstuvwxyz" }));
    const place = readFileSync(join(hashed, "var/pierhead/place"), "utf8");
    expect(place).toContain("echo '$6$salt$abcdefghijklmnopqrstuvwxyz' | pw usermod root -H 0\n");
  });
});

describe("Debian 12: preseed.cfg and user-data", () => {
  const inputs = [inputFor("north"), inputFor("north", { url: "http://192.0.2.5/north", disk: "/dev/sda" })];

  it.skipIf(!hasProgram("debconf-set-selections")).each(inputs)("debconf takes it ($url)", (input) => {
    const file = join(scratch, "preseed.cfg");
    writeFileSync(file, made(input, "preseed.cfg"));
    const { status, stderr } = spawnSync("debconf-set-selections", ["-c", file], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it.skipIf(!hasProgram("cloud-init")).each(inputs)("cloud-init takes it ($url)", (input) => {
    const file = join(scratch, "user-data");
    writeFileSync(file, made(input, "user-data"));
    const run = spawnSync("cloud-init", ["schema", "--config-file", file], { encoding: "utf8" });
    expect(run.stdout + run.stderr).toContain("Valid");
    expect(run.status).toBe(0);
  });

  /** What the installer's shell is handed of a preseed file. */
  function command(input: ApplianceInput, question: string): string {
    const line = made(input, "preseed.cfg")
      .split("\n")
      .find((one) => one.startsWith(`d-i ${question} string `));
    return line?.slice(`d-i ${question} string `.length) ?? "";
  }

  it.each(inputs)("hands the installer's shell and cloud-init's what sh takes ($url)", (input) => {
    const { runcmd } = parse(made(input, "user-data")) as { runcmd: readonly (readonly string[])[] };
    const texts = [command(input, "preseed/late_command"), runcmd[0]?.[2] ?? ""];
    if (input.disk === null) texts.push(command(input, "partman/early_command"));
    for (const text of texts) {
      expect(text.length).toBeGreaterThan(100);
      expect(spawnSync("sh", ["-n"], { encoding: "utf8", input: text }).stderr).toBe("");
    }
  });

  it.each([
    ["one disk", ["/dev/vda"], "", "/dev/vda"],
    ["the stick before the disk", ["/dev/sda", "/dev/sdb"], "/dev/sda /cdrom iso9660 ro 0 0\n", "/dev/sdb"],
    ["a partition of the stick", ["/dev/nvme0n1", "/dev/sda"], "/dev/sda1 /hd-media vfat ro 0 0\n", "/dev/nvme0n1"],
    ["two disks, of which none is chosen", ["/dev/sda", "/dev/sdb"], "/dev/sdc1 /cdrom iso9660 ro 0 0\n", null],
    ["no disk", [], "", null],
  ])("takes the only disk: %s", (_name, disks, mounts, taken) => {
    const folder = mkdtempSync(join(scratch, "disks-"));
    writeFileSync(join(folder, "mounts"), mounts);
    writeFileSync(join(folder, "list-devices"), `#!/bin/sh\nprintf '%s\\n' ${disks.join(" ")}\n`, { mode: 0o755 });
    writeFileSync(join(folder, "debconf-set"), '#!/bin/sh\necho "$1 $2"\n', { mode: 0o755 });
    const text = command(inputFor("north"), "partman/early_command").replace("/proc/mounts", join(folder, "mounts"));
    const run = spawnSync("sh", ["-c", text], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
    });
    expect(run.stderr).toBe("");
    expect(run.status).toBe(0);
    expect(run.stdout).toBe(taken === null ? "" : `partman-auto/disk ${taken}\ngrub-installer/bootdev ${taken}\n`);
  });

  it("lets cloud-init come to its end before the machine restarts", () => {
    const text = made(inputFor("north"), "user-data");
    expect(parse(text)).toMatchObject({ power_state: { mode: "reboot", condition: "test -e /var/pierhead/todo" } });
    expect(text).not.toContain("systemctl reboot");
  });

  it("says in README.txt what the installer's kernel is told, for preseed.cfg comes through one of the cards", () => {
    const words = "auto=true priority=critical interface=enp1s0 hostname=north url=http://192.0.2.5/north/preseed.cfg";
    expect(made(inputs[1] as ApplianceInput, "README.txt")).toContain(words);
  });

  it("says on the console what goes on, and in the end where the machine is", () => {
    const folder = unpacked(inputFor("north"));
    const before = readFileSync(join(folder, "var/pierhead/tree/etc/issue.d/pierhead.issue"), "utf8");
    expect(before).toContain("north is being made a hotspot");
    const after = readFileSync(join(folder, "var/pierhead/issue"), "utf8");
    expect(after).toContain("ssh root@\\4{enp1s0}");
    expect(after).toContain("pierhead portal admin add NAME");
  });

  it("takes the store's library for what it is: needed with SQLite, and not with PostgreSQL", () => {
    const setup = (input: ApplianceInput): string => readFileSync(join(unpacked(input), "var/pierhead/setup"), "utf8");
    const input = inputFor("north");
    const hotspot = input.host.hotspot as NonNullable<typeof input.host.hotspot>;
    const remote = { ...hotspot, options: { ...hotspot.options, store: "file:/etc/pierhead/store" } };
    expect(setup(input)).toContain("better_sqlite3.node");
    expect(setup({ ...input, host: { ...input.host, hotspot: remote } })).not.toContain("better_sqlite3.node");
  });

  it("takes over the network only what has the right sum", () => {
    for (const file of ["preseed.cfg", "user-data"]) {
      const text = made(inputs[1] as ApplianceInput, file);
      const sum = text.indexOf(`${"ab".repeat(32)}  `);
      expect(sum).toBeGreaterThan(text.indexOf("http://192.0.2.5/north/pierhead.tgz"));
      expect(text.indexOf("tar -xzf")).toBeGreaterThan(sum);
    }
  });
});

describe.each(HOSTS)("the payload of %s", (name) => {
  it("is the same every time, sorted, root's, and nobody else may read it", () => {
    const { tar: first } = appliancePayload(inputFor(name));
    expect(appliancePayload(inputFor(name)).tar).toEqual(first);
    const archive = join(scratch, payloadName(inputFor(name)));
    writeFileSync(archive, first);
    const lines = execFileSync("tar", ["-tvf", archive, "--numeric-owner"], {
      encoding: "utf8",
      env: { ...process.env, TZ: "UTC" },
    })
      .trim()
      .split("\n");
    const names = lines.map((line) => line.split(/\s+/)[5] ?? "");
    expect(names.map((one) => one.replace(/\/$/, ""))).toEqual(names.map((one) => one.replace(/\/$/, "")).sort());
    for (const line of lines) expect(line).toMatch(/^[-d]rw[-x]------ 0\/0 +\d+ 1970-01-01 00:00 /);
    expect(names).toContain("var/pierhead/authorized_keys");
    expect(names.includes("install.site")).toBe(name === "west");
  });

  it("has scripts that sh and shellcheck take", () => {
    const folder = unpacked(inputFor(name));
    const scripts = ["var/pierhead/place", "var/pierhead/setup"];
    if (name === "west") scripts.push("install.site");
    if (name === "east") scripts.push("var/pierhead/tree/usr/local/etc/rc.d/pierhead_appliance");
    for (const script of scripts) {
      const file = join(folder, script);
      expect(spawnSync("sh", ["-n", file], { encoding: "utf8" }).stderr).toBe("");
      if (!hasProgram("shellcheck")) continue;
      // Variables of rc.subr(8) are read by the file that is sourced.
      const { stdout } = spawnSync("shellcheck", ["-s", "sh", "-e", "SC1091,SC2034", file], { encoding: "utf8" });
      expect(stdout).toBe("");
    }
  });

  it("says in README.txt what to do first, and what the portal waits for", () => {
    const text = applianceFiles(inputFor(name), "00", ["/etc/pierhead/x.key"]).find(
      (one) => one.name === "README.txt",
    )?.text;
    expect(text).toContain("The disk is wiped");
    expect(text).toContain("pierhead portal admin add NAME");
    expect(text).toContain("    /etc/pierhead/x.key");
  });
});

/** A root of its own for a script that installs: this machine's programs, its own /etc, /root and /var. */
function placed(name: "west" | "north"): string {
  const input = inputFor(name);
  const folder = unpacked(input);
  for (const one of [
    "etc/systemd/system",
    "etc/network",
    "root",
    "usr",
    "bin",
    "sbin",
    "lib",
    "lib64",
    "proc",
    "dev",
  ]) {
    mkdirSync(join(folder, one), { recursive: true });
  }
  writeFileSync(join(folder, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  writeFileSync(join(folder, "etc/group"), "root:x:0:\nwheel:x:0:\n");
  writeFileSync(join(folder, "etc/shadow"), "root:$6$a$b:19000:0:99999:7:::\n", { mode: 0o640 });
  const script = `set -e
cd "$1"
for one in usr bin sbin lib lib64; do [ -d "/$one" ] && mount --bind "/$one" "$one"; done
mount --bind /dev dev
exec chroot . /bin/sh /var/pierhead/place`;
  const { status, stderr } = spawnSync("unshare", ["--mount", "sh", "-c", script, "sh", folder], { encoding: "utf8" });
  expect(stderr.replace(/^(?:Created symlink|Creating (?:group|user)).*\n/gm, "")).toBe("");
  expect(status).toBe(0);
  return folder;
}

describe.skipIf(process.getuid?.() !== 0 || process.platform !== "linux")("in a new system", () => {
  it.each(["west", "north"] as const)("every file of %s is in its place, with its mode", (name) => {
    const folder = placed(name);
    const files = inputFor(name).files.filter(({ path }) => path !== "/etc/sysctl.d/60-pierhead.conf");
    expect(files.length).toBeGreaterThan(7);
    const groups = new Map(
      readFileSync(join(folder, "etc/group"), "utf8")
        .split("\n")
        .map((line) => line.split(":"))
        .map(([called, , id]) => [called, Number(id)]),
    );
    for (const { path, mode, group, text } of files) {
      const { mode: real, uid, gid } = statSync(join(folder, path));
      expect([path, real & 0o7777, uid, gid]).toEqual([path, mode, 0, groups.get(group)]);
      expect(readFileSync(join(folder, path), "utf8")).toBe(text);
    }
    const portals = statSync(join(folder, "etc/pierhead"));
    expect([portals.mode & 0o777, portals.gid]).toEqual(name === "west" ? [0o700, 0] : [0o750, groups.get("pierhead")]);
    expect(readFileSync(join(folder, "root/.ssh/authorized_keys"), "utf8")).toBe(`${KEY}\n`);
    expect(statSync(join(folder, "root/.ssh/authorized_keys")).mode & 0o777).toBe(0o600);
    if (name === "west") {
      expect(readFileSync(join(folder, "etc/rc.firsttime"), "utf8")).toBe("/var/pierhead/setup\n");
      return;
    }
    // Debian: root has no password, and nothing is forwarded before the rules are loaded.
    expect(readFileSync(join(folder, "etc/shadow"), "utf8")).toMatch(/^root:!/);
    expect(() => statSync(join(folder, "etc/sysctl.d/60-pierhead.conf"))).toThrow();
    const wanted = "etc/systemd/system/multi-user.target.wants/pierhead-appliance.service";
    expect(readFileSync(join(folder, "etc/systemd/system/pierhead-appliance.service"), "utf8")).toContain(
      "/var/pierhead/setup",
    );
    expect(spawnSync("test", ["-L", join(folder, wanted)]).status).toBe(0);
  });
});

describe("tar", () => {
  it("holds names that are too long for one field, and refuses those that are too long for two", () => {
    const long = `${"folder/".repeat(20)}${"f".repeat(90)}`;
    const file = join(scratch, "long.tar");
    writeFileSync(file, tar([{ path: long, mode: 0o600, content: octets("grüße\n") }]));
    expect(execFileSync("tar", ["-tf", file], { encoding: "utf8" }).trim()).toBe(long);
    expect(execFileSync("tar", ["-xOf", file], { encoding: "utf8" })).toBe("grüße\n");
    expect(() => tar([{ path: "f".repeat(101), mode: 0o600, content: octets("") }])).toThrow("too long");
  });
});

describe("the command", () => {
  function pierhead(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(process.execPath, [join(root, "packages/cli/bin/pierhead.mjs"), "appliance", ...args], {
      cwd: scratch,
      encoding: "utf8",
      input: "",
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, PIER_RADIUS: "correct-horse-battery-staple" },
    });
  }
  const key = (): string => {
    writeFileSync(join(scratch, "key.pub"), `${KEY}\n`);
    return "key.pub";
  };

  beforeAll(() => {
    const built = spawnSync(process.execPath, [join(root, "tools/build.mjs")], { cwd: root, encoding: "utf8" });
    expect(built.status, built.stderr).toBe(0);
  });

  it("makes a folder for its owner only, with the program and the secrets in it", () => {
    const { status, stdout, stderr } = pierhead(site, "--host", "west", "--ssh-key", key(), "-o", "west", "--json");
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const facts = JSON.parse(stdout);
    expect(facts).toMatchObject({ ok: true, host: "west", system: "openbsd-7.8", output: "west" });
    expect(stdout).not.toContain("correct-horse");
    expect(statSync(join(scratch, "west")).mode & 0o777).toBe(0o700);
    const payload = readFileSync(join(scratch, "west/site78-west.tgz"));
    expect(facts.payload).toEqual({
      name: "site78-west.tgz",
      sha256: createHash("sha256").update(payload).digest("hex"),
    });
    const folder = mkdtempSync(join(scratch, "west-"));
    execFileSync("tar", ["-xzf", join(scratch, "west/site78-west.tgz"), "-C", folder]);
    const store = join(folder, "var/pierhead");
    expect(readFileSync(join(store, "tree/etc/pierhead/radius.secret"), "utf8")).toBe("correct-horse-battery-staple\n");
    // The program is one that npm would install, and that runs as it is where its libraries are.
    execFileSync("tar", ["-xzf", join(store, "pierhead.tgz"), "-C", folder]);
    expect(JSON.parse(readFileSync(join(folder, "package/package.json"), "utf8"))).toMatchObject({
      name: "pierhead",
      bin: { pierhead: "bin/pierhead.mjs" },
      optionalDependencies: { "better-sqlite3": expect.stringMatching(/^\d/) },
    });
    const run = spawnSync(process.execPath, [join(folder, "package/bin/pierhead.mjs"), "check", site], {
      encoding: "utf8",
    });
    expect(run.stderr).toBe("");
    expect(run.status).toBe(0);
    // Made again, it is the same to the octet, and takes the place of the old one.
    expect(pierhead(site, "--host", "west", "--ssh-key", key(), "-o", "west").status).toBe(0);
    expect(readFileSync(join(scratch, "west/site78-west.tgz")).equals(payload)).toBe(true);
  });

  it.each([
    ["nobody could log in", ["--host", "west"], "there is no default password"],
    ["several hosts", [], "which host? There is west, east, north"],
    ["no such host", ["--host", "south"], "no host called south has a `hotspot`"],
    ["a private key", ["--host", "west", "--ssh-key", "private"], "this is a private key"],
    ["no key", ["--host", "west", "--ssh-key", "nothing"], "nothing:1: no public key of ssh"],
    [
      "a key cut short",
      ["--host", "west", "--ssh-key", "short"],
      "short:3: this public key of ssh is cut short or changed",
    ],
    ["a key with a letter changed", ["--host", "west", "--ssh-key", "typo"], "typo:1: this public key of ssh is cut"],
    [
      "a hash of another system",
      ["--host", "west", "--password-hash", "sha512"],
      "no hash of a password that openbsd-7.8 understands",
    ],
    [
      "a page in place of an archive",
      ["--host", "west", "--ssh-key", "key.pub", "--with-pierhead", "nothing"],
      "not packed with gzip",
    ],
    [
      "an address that is none",
      ["--host", "west", "--ssh-key", "key.pub", "--url", "ftp://x"],
      "an address like http://192.0.2.5/west is wanted",
    ],
    ["a disk with a space", ["--host", "west", "--ssh-key", "key.pub", "--disk", "sd0; reboot"], "a name like sd0"],
  ])("refuses: %s", (_name, args, words) => {
    key();
    writeFileSync(join(scratch, "private"), "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    writeFileSync(join(scratch, "nothing"), "404 not found\n");
    writeFileSync(join(scratch, "short"), `# of the office\n${KEY}\n${KEY.slice(0, 70)}\n`);
    writeFileSync(join(scratch, "typo"), `${KEY.replace("AAAAC3", "AAAAC4")}\n`);
    writeFileSync(join(scratch, "sha512"), "$6$salt$abcdefghijklmnopqrstuvwxyz\n");
    const { status, stderr } = pierhead(site, ...args, "-o", "refused");
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("abcdefghij");
    expect(status).toBe(2);
  });

  it("wants the secrets of the host that is made, and no others", () => {
    const without = (host: string) =>
      spawnSync(
        process.execPath,
        [
          join(root, "packages/cli/bin/pierhead.mjs"),
          "appliance",
          site,
          "--host",
          host,
          "--ssh-key",
          key(),
          "-o",
          `${host}-bare`,
        ],
        { cwd: scratch, encoding: "utf8", env: { ...process.env, NO_COLOR: "1", PIER_RADIUS: undefined } },
      );
    const west = without("west");
    expect(west.status).toBe(1);
    expect(west.stdout).toContain("error [site/missing-secret]");
    expect(west.stdout).toContain("1 error; nothing was made");
    expect(without("east").status).toBe(0);
  });

  it("leaves somebody else's folder alone", () => {
    mkdirSync(join(scratch, "mine"), { recursive: true });
    writeFileSync(join(scratch, "mine/notes"), "");
    const { status, stderr } = pierhead(site, "--host", "east", "--ssh-key", key(), "-o", "mine");
    expect(status).toBe(2);
    expect(stderr).toContain("there are files in it that were not made here");
  });
});
