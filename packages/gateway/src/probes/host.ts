/** What this machine is and has: which scripts are for it, and what is missing before one can run. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { ProbeFacts, ProbeFamily, ProbeScript } from "@pierhead/lang/probe";

/** The family of this machine; null when it is none that there are scripts for. */
export function hostFamily(): ProbeFamily | null {
  const { platform } = process;
  return platform === "linux" || platform === "freebsd" || platform === "openbsd" || platform === "netbsd"
    ? platform
    : null;
}

const TRACING = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/** The folder of tracefs; null when it is not mounted or not for us to read. */
function tracing(): string | null {
  for (const folder of TRACING) {
    try {
      if (readdirSync(join(folder, "events")).length > 0) return folder;
    } catch {}
  }
  return null;
}

function formatOf(tracepoint: string): string | null {
  const folder = tracing();
  if (folder === null) return null;
  try {
    return readFileSync(join(folder, "events", tracepoint.replace(":", "/"), "format"), "utf8");
  } catch {
    return null;
  }
}

/** Names and numbers in a tracepoint's format, as __print_symbolic() lists them. */
export function symbolsOf(format: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [, number, name] of format.matchAll(/\{ ?(\d+), "(\w+)" ?\}/g)) found.set(name as string, Number(number));
  return found;
}

function ownNamespace(): number | null {
  try {
    const found = /\[(\d+)\]/.exec(readlinkSync("/proc/self/ns/net"));
    return found === null ? null : Number(found[1]);
  } catch {
    return null;
  }
}

/** Looks up what a script has to know about this machine. */
export function hostFacts(seconds: number, allNamespaces: boolean): ProbeFacts {
  const drop = formatOf("skb:kfree_skb") ?? "";
  const retransmit = formatOf("tcp:tcp_retransmit_skb") ?? "";
  return {
    seconds,
    namespace: allNamespaces ? null : ownNamespace(),
    dropReasons: symbolsOf(drop),
    retransmitError: /\bint err;/.test(retransmit),
  };
}

function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin"];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return null;
}

/** The program that a script needs. */
export function programOf(script: ProbeScript): string {
  return script.command[0] ?? script.tool;
}

/** What is missing here, each with what to do; empty when the script can run. */
export function missing(script: ProbeScript, facts: ProbeFacts): string[] {
  const found: string[] = [];
  const program = programOf(script);
  if (findProgram(program) === null) found.push(`${program} is not installed`);
  // netstat reads what everybody may know.
  if (process.getuid?.() !== 0 && program !== "netstat") found.push("it needs root");
  if (script.tool === "bpftrace") found.push(...missingOnLinux(script, facts));
  if (script.tool === "btrace" && sysctl("kern.allowdt") === "0") {
    found.push("kern.allowdt is 0: put kern.allowdt=1 into /etc/sysctl.conf and boot; it cannot be raised later");
  }
  return found;
}

function missingOnLinux(script: ProbeScript, facts: ProbeFacts): string[] {
  const found: string[] = [];
  if (!existsSync("/sys/kernel/btf/vmlinux")) {
    found.push(
      "the kernel has no type information (/sys/kernel/btf/vmlinux): it was built without CONFIG_DEBUG_INFO_BTF",
    );
  }
  if (tracing() === null) {
    if (process.getuid?.() === 0) found.push("tracefs is not mounted: mount -t tracefs tracefs /sys/kernel/tracing");
    return found;
  }
  for (const tracepoint of script.tracepoints) {
    if (formatOf(tracepoint) === null) found.push(`the kernel has no tracepoint ${tracepoint}`);
  }
  if (script.tracepoints.includes("skb:kfree_skb") && script.needs.some((one) => /^Linux 5/.test(one))) {
    if (facts.dropReasons.size === 0)
      found.push("the kernel does not tell why it drops a packet: Linux 5.17 or newer does");
  }
  return found;
}

function sysctl(name: string): string | null {
  try {
    return execFileSync("sysctl", ["-n", name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return null;
  }
}
