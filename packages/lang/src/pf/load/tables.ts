/** Tables: `process_tabledef`, files of addresses, and the tables that pfctl makes for pools of several addresses. */
import { Address } from "@pierhead/core";
import { isSpace } from "../read/characters.ts";
import type { HostNode } from "../read/nodes.ts";
import type { Reader } from "../read/reader.ts";
import type { TableEventEntry, TablePart } from "../result.ts";
import type { AddressWrap, Table, TableEntry } from "../rule.ts";

/** Prefix of the names of tables that pfctl makes itself. */
const AUTOMATIC = "__automatic_";
const ZERO_4 = new Address(4, 0);
const ZERO_6 = new Address(6, 0);
/** Bytes of a word in a table file (BUF_SIZE - 1). */
const FILE_WORD_MAXIMUM = 255;

/** A list of addresses or a file, as written in a `table` statement. */
export type TableInitializer =
  | { readonly file: string; readonly start: number; readonly end: number }
  | { readonly hosts: readonly HostNode[] };

export interface TableDefinition {
  readonly name: string;
  readonly const: boolean;
  readonly persist: boolean;
  readonly counters: boolean;
  readonly initialized: boolean;
  readonly initializers: readonly TableInitializer[];
}

/** Loads a table and adds it to the current anchor; gives the statement up after a complaint. */
export function defineTable(reader: Reader, definition: TableDefinition): void {
  const entries: TableEntry[] = [];
  const parts: TablePart[] = [];
  for (const initializer of definition.initializers) {
    if ("file" in initializer) {
      loadFile(reader, initializer, entries);
      parts.push({ file: initializer.file });
    } else {
      const problem = addHosts(entries, initializer.hosts, false);
      if (problem !== null) {
        reader.fail(
          `cannot create address buffer: ${problem}`,
          "pf/bad-table-address",
          "An address of this table has a netmask that is too long for its family.",
        );
      }
      parts.push({ entries: initializer.hosts.map(eventEntry) });
    }
  }
  if (reader.options.verbose > 0) {
    const { name, persist, counters, initialized } = definition;
    reader.events.push({ kind: "table", name, const: definition.const, persist, counters, initialized, parts });
  }
  const table: Table = {
    name: definition.name,
    persist: definition.persist,
    const: definition.const,
    counters: definition.counters,
    entries,
    initialized: definition.initialized,
    origin: reader.origin(),
  };
  reader.current.anchor.tables.set(table.name, table);
  if (reader.anchorDepth > 0 && reader.options.strict && reader.dialect.losesAnchorTables) {
    // With -n pfctl files the tables of inline anchors under an empty name, and gives up on the second one silently.
    if (reader.tableInAnchor) reader.giveUp();
    reader.tableInAnchor = true;
  }
}

/** `append_addr_host`. Returns the error of errno(2) in words, or null. */
function addHosts(entries: TableEntry[], hosts: readonly HostNode[], negate: boolean): string | null {
  for (const host of hosts) {
    const entry = tableEntry(host, negate);
    if (entry === null) return "Invalid argument";
    entries.push(entry);
  }
  return null;
}

function tableEntry(host: HostNode, negate: boolean): TableEntry | null {
  if (host.family === 0) return null;
  const wrap: AddressWrap = host.wrap;
  const negated = host.negated !== negate;
  if (wrap.kind === "range") return { address: wrap.first, length: leadingOnes(wrap.last), negated };
  if (host.bits > (host.family === 4 ? 32 : 128)) return null;
  if (wrap.kind === "prefix") return { address: wrap.address, length: wrap.length, negated };
  if (wrap.kind === "any") return { address: host.family === 4 ? ZERO_4 : ZERO_6, length: 0, negated };
  return null;
}

// A range in the list of a pool: pfctl takes its last address for the mask of the first.
function leadingOnes(address: Address): number {
  const ones = new Address(address.family, 0).filled(0);
  let length = 0;
  while (length < address.bits && address.masked(length + 1).equals(ones.masked(length + 1))) length++;
  return length;
}

function eventEntry(host: HostNode): TableEventEntry {
  return { negated: host.negated, address: host.wrap, family: host.family, interface: host.interface };
}

/** `pfr_buf_load`: addresses parted by blanks and line ends, `!` before one, comments from `#`. */
function loadFile(
  reader: Reader,
  initializer: { file: string; start: number; end: number },
  entries: TableEntry[],
): void {
  const { file, start, end } = initializer;
  const text = reader.environment?.readFile(file) ?? null;
  if (text === null) {
    reader.fail(
      `cannot load "${file}": No such file or directory`,
      "pf/unreadable-file",
      `The file ${file} cannot be read.`,
      { start, end },
    );
    return;
  }
  const problem = readAddresses(reader, text, entries);
  if (problem === null) return;
  reader.fail(
    problem.tool === "" ? `file "${file}" contains bad data` : `cannot load "${file}": ${problem.tool}`,
    "pf/bad-table-file",
    `${file}, line ${problem.line}: \`${problem.word.slice(0, 60)}\` is not an address, network or resolvable name.`,
    { start, end },
  );
}

function readAddresses(
  reader: Reader,
  text: string,
  entries: TableEntry[],
): { tool: string; word: string; line: number } | null {
  let i = 0;
  let line = 1;
  let weightExpected = false;
  // FreeBSD takes `;` for the start of a comment, too, wherever it stands.
  const isFreebsd = reader.dialect.family === "freebsd";
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === 10) line++;
    if (isSpace(c)) {
      i++;
      continue;
    }
    if (c === 35 || (c === 59 && isFreebsd)) {
      const next = text.indexOf("\n", i);
      i = next === -1 ? text.length : next;
      continue;
    }
    let next = i + 1;
    while (
      next < text.length &&
      !isSpace(text.charCodeAt(next)) &&
      !(isFreebsd && isCommentStart(text.charCodeAt(next)))
    )
      next++;
    const word = text.slice(i, next);
    i = next;
    if (word.length > FILE_WORD_MAXIMUM) return { tool: "Invalid argument", word, line };
    if (reader.dialect.tableWeights) {
      if (weightExpected) {
        if (!/^\d+$/.test(word) || Number(word) < 1 || Number(word) > 65535) {
          reader.toolLine(`failed to convert weight ${word}`);
          return { tool: "", word, line };
        }
        weightExpected = false;
        continue;
      }
      if (word === "weight") {
        weightExpected = true;
        continue;
      }
    }
    let negated = false;
    let from = 0;
    while (word.charCodeAt(from) === 33) {
      negated = !negated;
      from++;
    }
    const hosts =
      reader.hosts?.host(from === 0 ? word : word.slice(from), reader.addToolLine, reader.options.noDns) ?? null;
    if (hosts === null) return { tool: "", word, line };
    const problem = addHosts(entries, hosts, negated);
    if (problem !== null) return { tool: problem, word, line };
  }
  return weightExpected ? { tool: "", word: "weight", line } : null;
}

/** `<__automatic_N>`: the table behind a pool of several addresses (`add_opt_table`). */
export class AutomaticTable {
  readonly name: string;
  readonly #reader: Reader;
  readonly #entries: TableEntry[] = [];
  readonly #printed: TableEventEntry[] = [];

  constructor(reader: Reader) {
    this.#reader = reader;
    this.name = `${AUTOMATIC}${reader.automaticTables++}`;
  }

  /** Adds an address. Returns false after a complaint. */
  add(host: HostNode): boolean {
    const problem = addHosts(this.#entries, [host], false);
    if (problem !== null) {
      this.#reader.toolLine(`pfctl: failed to add host: ${problem}`);
      this.#reader.report(
        "pf/invalid-target",
        "error",
        "A pool of several members consists of addresses: a table or `(interface)` cannot be one of them.",
        this.#reader.takenStart,
        this.#reader.takenEnd,
      );
      return false;
    }
    this.#printed.push(eventEntry(host));
    return true;
  }

  /** Puts the table into the outermost anchor. */
  define(): void {
    const reader = this.#reader;
    if (reader.options.verbose > 0) {
      reader.events.push({
        kind: "table",
        name: this.name,
        const: true,
        persist: false,
        counters: false,
        initialized: true,
        parts: [{ entries: this.#printed }],
      });
    }
    reader.main.anchor.tables.set(this.name, {
      name: this.name,
      persist: false,
      const: true,
      counters: false,
      entries: this.#entries,
      initialized: true,
      origin: reader.origin(),
    });
  }
}

function isCommentStart(code: number): boolean {
  return code === 35 || code === 59;
}
