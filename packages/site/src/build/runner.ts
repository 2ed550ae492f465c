/** What all hypervisors are given, and the parts of shell scripts that start guests. */
import { formatPrefix } from "@pierhead/core";
import type { Guest, Host, Hypervisor } from "../model/site.ts";
import type { SitePath } from "../read/index.ts";
import type { FileWriter } from "./file.ts";
import { head } from "./gateway.ts";

export interface RunnerInput {
  readonly host: Host;
  readonly hypervisor: Hypervisor;
  /** In the order in which they start, each with its tap(4) on the host. */
  readonly guests: readonly { readonly guest: Guest; readonly tap: string }[];
  readonly site: string;
  /** Switches of boot. */
  readonly rc: FileWriter;
}

/** Folder of the scripts that start one guest each. */
export const GUEST_FOLDER = "/etc/guests";

/** A word of sh(1) that stands for itself, whatever is in it. */
export function quote(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `web: freebsd-14.3, 198.51.100.10`. */
export function guestTitle(guest: Guest): string {
  const { address, length } = guest.address;
  return `${guest.name}: ${guest.system.name}, ${length === 32 ? address : formatPrefix(guest.address)}`;
}

/** Head of a guest's own script. */
export function guestScript(out: FileWriter, guest: Guest, site: string): FileWriter {
  out.line("#!/bin/sh", guest.path);
  return head(out, site, guestTitle(guest));
}

/** Where the parts of a guest are that its virtual hardware follows from. */
export function hardwarePaths(guest: Guest): Record<"cpus" | "memory" | "disk" | "mac" | "after", SitePath> {
  const at = (key: string): SitePath => [...guest.path, key];
  return { cpus: at("cpus"), memory: at("memory"), disk: at("disk"), mac: at("mac"), after: at("after") };
}

/** A disk that is not there is made, empty, with the size of the site; one that is there is left alone. */
export function diskLine(guest: Guest, file: string): string {
  return `[ -e ${quote(file)} ] || { mkdir -p ${quote(file.replace(/\/[^/]*$/, ""))} && truncate -s ${guest.disk}G ${quote(file)}; }`;
}

/** Seconds guests are given to shut down before the host goes on without them. */
const PATIENCE = 60;

/** What is particular to a hypervisor in its rc.d script. */
export interface RcScript {
  readonly rcvar: string;
  readonly start: (guest: Guest) => string;
  readonly stop: (guest: Guest) => string;
  /** Whether the guest runs, as a command. */
  readonly running: (guest: Guest) => string;
}

/** An rc.d(8) script that starts every guest in order, and stops them in the other. */
export function rcScript(out: FileWriter, input: RunnerInput, script: RcScript): FileWriter {
  const { guests, hypervisor, site } = input;
  out
    .line("#!/bin/sh")
    .line("#")
    .line("# PROVIDE: guests")
    .line("# REQUIRE: NETWORKING mountcritremote")
    .line("# KEYWORD: shutdown")
    .line("#");
  head(out, site, `${input.host.name}: its guests, each after those it waits for.`);
  out.blank().line(". /etc/rc.subr").blank();
  out.line('name="guests"').line(`rcvar="${script.rcvar}"`);
  out.line('start_cmd="guests_start"').line('stop_cmd="guests_stop"').line('status_cmd="guests_status"');
  out.line('extra_commands="status"');
  const part = (name: string, lines: () => void): void => {
    out.blank().line(`${name}()`).line("{");
    lines();
    out.line("}");
  };
  part("guests_start", () => {
    for (const { guest } of guests)
      out.line(`\t${script.start(guest)}`, guest.path, [...guest.path, "after"], hypervisor.path);
  });
  part("guests_stop", () => {
    for (const { guest } of [...guests].reverse()) out.line(`\t${script.stop(guest)}`, guest.path, hypervisor.path);
    out.line("\t# The host waits for them, but not for ever.");
    out.line(`\tleft=${PATIENCE}`).line("\twhile [ $left -gt 0 ] && guests_running; do");
    out.line("\t\tsleep 1").line("\t\tleft=$((left - 1))").line("\tdone");
  });
  part("guests_running", () => {
    for (const { guest } of guests) out.line(`\t${script.running(guest)} && return 0`, guest.path);
    out.line("\treturn 1");
  });
  part("guests_status", () => {
    for (const { guest } of guests) {
      out.line(
        `\tif ${script.running(guest)}; then echo ${quote(`${guest.name} runs`)}; else echo ${quote(`${guest.name} does not run`)}; fi`,
        guest.path,
      );
    }
  });
  out.blank().line("load_rc_config $name").line('run_rc_command "$1"');
  return out;
}
