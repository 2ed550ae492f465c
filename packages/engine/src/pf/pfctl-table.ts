import { type Address, parseAddress, parsePrefix } from "@pierhead/core";
import type { PfEnvironment, TableEntry } from "@pierhead/lang/pf";
import type { FilterCore } from "./core.ts";
import { clearEntry, type Entry } from "./table.ts";
import type { AddressFeedback, Feedback } from "./table-store.ts";

/** `pfctl -t NAME -T COMMAND ARGUMENTS`. */
export interface TableCommand {
  readonly anchor: string;
  readonly table: string;
  readonly command: string;
  readonly words: readonly string[];
  /** `-f`: a file of addresses. */
  readonly file: string | null;
  readonly stdin: string | null;
  readonly verbosity: number;
  readonly quiet: boolean;
  readonly dryRun: boolean;
}

/** Lines on standard output and error, and the exit status. */
export interface Printed {
  readonly output: string[];
  readonly errors: string[];
  exit: number;
}

const LETTERS: Readonly<Record<Feedback, string>> = {
  none: " ",
  match: "M",
  added: "A",
  deleted: "D",
  changed: "C",
  cleared: "Z",
  duplicate: "X",
  "not-match": " ",
  conflict: "Y",
};

/** Runs a table command (pfctl_table.c `pfctl_table()`). */
export function runTableCommand(
  core: FilterCore,
  environment: PfEnvironment,
  command: TableCommand,
  printed: Printed,
): void {
  const fail = (text: string): void => {
    printed.errors.push(`pfctl: ${text}`);
    // -1 as an exit status.
    printed.exit = 255;
  };
  const say = (text: string): void => {
    if (!command.quiet) printed.errors.push(command.dryRun ? `${text} (dummy).` : `${text}.`);
  };
  const entries = readEntries(environment, command);
  if (typeof entries === "string") {
    printed.errors.push(entries);
    printed.exit = 255;
    return;
  }
  const creates = command.command === "add" || command.command === "replace";
  if (creates) {
    printed.errors.push(...duplicateWarnings(core, command.anchor, command.table));
    if (!command.dryRun && core.tables.create(command.anchor, command.table)) say("1 table created");
  }
  const table = core.tables.active(command.anchor, command.table);
  if (table === null) {
    if (command.command === "kill") say("0 table deleted");
    else fail("Table does not exist");
    return;
  }
  const changes = !["show", "test", "zero", "kill"].includes(command.command);
  if (changes && table.const) {
    fail("Operation not permitted");
    return;
  }
  const feedback = (list: readonly AddressFeedback[]): void => {
    if (command.verbosity === 0) return;
    for (const one of list) {
      if (command.verbosity > 1 || one.feedback !== "none") printed.output.push(entryLine(one.entry, one.feedback));
    }
  };
  const count = (list: readonly AddressFeedback[], what: Feedback): number =>
    list.filter((one) => one.feedback === what).length;
  const size = entries.length;
  switch (command.command) {
    case "kill":
      core.tables.kill(table);
      say("1 table deleted");
      return;
    case "flush":
      say(`${table.clear()} addresses deleted`);
      return;
    case "add": {
      const done = core.tables.addAddresses(table, entries);
      say(`${count(done, "added")}/${size} addresses added`);
      feedback(done);
      return;
    }
    case "delete": {
      const done = core.tables.deleteAddresses(table, entries);
      say(`${count(done, "deleted")}/${size} addresses deleted`);
      feedback(done);
      return;
    }
    case "replace": {
      const done = core.tables.replaceAddresses(table, entries);
      const [added, deleted, changed] = [count(done, "added"), count(done, "deleted"), count(done, "changed")];
      if (added > 0) say(`${added} addresses added`);
      if (deleted > 0) say(`${deleted} addresses deleted`);
      if (changed > 0) say(`${changed} addresses changed`);
      if (added + deleted + changed === 0) say("no changes");
      feedback(done);
      return;
    }
    case "expire": {
      const lifetime = Number(command.words[0]);
      const old = table.entries().filter((entry) => core.seconds() - entry.cleared > lifetime);
      for (const entry of old) table.remove(entry);
      say(`${old.length}/${old.length} addresses expired`);
      return;
    }
    case "zero":
      if (size === 0) {
        table.clearCounters(core.seconds(), true);
        say("1 table/stats cleared");
      } else {
        const found = entries.map((entry) => table.find(entry.address, entry.length)).filter((one) => one !== null);
        for (const entry of found) clearEntry(entry, core.seconds());
        say(`${found.length}/${size} addresses cleared`);
      }
      return;
    case "show":
      for (const entry of table.entries()) {
        printed.output.push(entryLine(entry, "none"));
        if (command.verbosity > 0) printed.output.push(...statisticLines(entry));
      }
      return;
    case "test": {
      const found = entries.map((entry) => ({ entry, found: table.lookup(entry.address) }));
      const matching = found.filter((one) => one.found !== null && !one.found.negated);
      say(`${matching.length}/${size} addresses match`);
      if (command.verbosity === 1) for (const { entry } of matching) printed.output.push(entryLine(entry, "match"));
      if (command.verbosity > 1) {
        for (const one of found) {
          const letter = one.found === null ? " " : one.found.negated ? " " : "M";
          const by = one.found === null ? "\t nomatch" : `\t${entryText(one.found)}`;
          printed.output.push(`${letter} ${entryText(one.entry)}${by}`);
        }
      }
      if (matching.length < size) printed.exit = 2;
      return;
    }
  }
}

/** The warning about tables of the same name in other anchors (`warn_duplicate_tables()`). */
export function duplicateWarnings(core: FilterCore, anchor: string, name: string): string[] {
  return core.tables
    .list(null)
    .filter((table) => table.active && table.name === name && table.anchor !== anchor)
    .map((table) => `pfctl: warning: table <${name}> already defined in anchor "${table.anchor || "/"}"`);
}

type Shown = Pick<TableEntry, "address" | "length" | "negated">;

function entryText(entry: Shown): string {
  const length = entry.length < entry.address.bits ? `/${entry.length}` : "";
  return `${entry.negated ? "!" : " "}${entry.address}${length}`;
}

/** `print_addrx()`. */
function entryLine(entry: Shown & { readonly interface?: string | null }, feedback: Feedback): string {
  const by = entry.interface === undefined || entry.interface === null ? "" : `@${entry.interface}`;
  return `${LETTERS[feedback]} ${entryText(entry)}${by}`;
}

/** `print_astats()`, with the second of the host's clock in place of the date. */
function statisticLines(entry: Entry): string[] {
  const lines = [`\tCleared:     ${entry.cleared}`];
  if (entry.states > 0) lines.push(`\tActive States:      ${entry.states}`);
  if (entry.hasCost) lines.push(`\tWeight:             ${entry.weight}`);
  if (entry.packets === null || entry.bytes === null) return lines;
  const pad = (value: number): string => String(value).padEnd(18);
  for (const [d, direction] of ["In", "Out"].entries()) {
    for (const [o, operation] of ["Block:", "Match:", "Pass:"].entries()) {
      const packets = pad(entry.packets[d * 3 + o] as number);
      const bytes = pad(entry.bytes[d * 3 + o] as number);
      lines.push(`\t${`${direction}/${operation}`.padEnd(12)} [ Packets: ${packets} Bytes: ${bytes} ]`);
    }
  }
  return lines;
}

/** The addresses of a command, from its words and its file. @returns a message when one is none */
function readEntries(environment: PfEnvironment, command: TableCommand): TableEntry[] | string {
  if (command.command === "expire") return [];
  const words = [...command.words];
  if (command.file !== null) {
    const text = command.file === "-" ? command.stdin : environment.readFile(command.file);
    if (text === null) return `pfctl: cannot load ${command.file}: No such file or directory`;
    for (const line of text.split("\n")) {
      for (const word of line.replace(/[#;].*$/, "").split(/\s+/)) if (word !== "") words.push(word);
    }
  }
  const entries: TableEntry[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === "weight") {
      const weight = Number(words[++i]);
      const last = entries.pop();
      if (last !== undefined) entries.push({ ...last, weight });
      continue;
    }
    const bare = word.replace(/^!+/, "");
    const negated = (word.length - bare.length) % 2 === 1;
    const found = readHost(environment, bare);
    if (found.length === 0) return `no IP address found for ${bare}`;
    for (const one of found) entries.push({ ...one, negated });
  }
  return entries;
}

/** Addresses a word stands for: an address or network, an interface, a host name (`host()`). */
export function readHost(
  environment: PfEnvironment,
  word: string,
): { readonly address: Address; readonly length: number }[] {
  const prefix = parsePrefix(word) ?? shortPrefix(word);
  if (prefix !== null) return [{ address: prefix.address.masked(prefix.length), length: prefix.length }];
  const slash = word.indexOf("/");
  const [name, length] = slash === -1 ? [word, null] : [word.slice(0, slash), Number(word.slice(slash + 1))];
  const own = environment.interfaces.filter((one) => one.name === name || one.groups.includes(name) || name === "self");
  const addresses =
    own.length > 0 ? own.flatMap((one) => one.addresses.map((entry) => entry.address)) : environment.resolveHost(name);
  return addresses.map((address) => {
    const bits = length === null ? address.bits : Math.min(length, address.bits);
    return { address: address.masked(bits), length: bits };
  });
}

/** `10/8`: leading octets of a network. */
function shortPrefix(word: string): { readonly address: Address; readonly length: number } | null {
  const match = /^(\d{1,3}(?:\.\d{1,3}){0,2})\/(\d{1,2})$/.exec(word);
  if (match === null) return null;
  const given = (match[1] as string).split(".");
  while (given.length < 4) given.push("0");
  const address = parseAddress(given.join("."));
  const length = Number(match[2]);
  return address === null || length > 32 ? null : { address, length };
}
