/** `table <name> …`: `tabledef`, `table_opts` of parse.y. */
import { defineTable, type TableInitializer } from "../load/tables.ts";
import { append, parseHostList, parseNegatableHost, parseWeight, weigh } from "./hosts.ts";
import { byteLength } from "./lexer.ts";
import type { HostNode } from "./nodes.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

/** `tabledef`. */
export function parseTable(reader: Reader): void {
  reader.take("keyword");
  reader.expect(Char.less);
  const name = reader.string("table");
  reader.expect(Char.greater);
  let isConst = false;
  let persist = false;
  let counters = false;
  let initialized = false;
  const initializers: TableInitializer[] = [];
  for (;;) {
    const kind = reader.peek();
    if (kind === Token.string) {
      const word = reader.string("option");
      if (word === "const") isConst = true;
      else if (word === "persist") persist = true;
      else if (word === "counters" && reader.dialect.tableCounters) counters = true;
      else {
        reader.fail(
          `invalid table option '${word}'`,
          "pf/unknown-option",
          `\`${word}\` is not a table option; there are persist, const${reader.dialect.tableCounters ? ", counters" : ""}, file "…" and { … }.`,
        );
      }
    } else if (kind === Token.file) {
      reader.take("keyword");
      const file = reader.string("file");
      initializers.push({ file, start: reader.takenStart, end: reader.takenEnd });
      initialized = true;
    } else if (kind === Char.openBrace) {
      reader.openBrace();
      if (reader.peek() === Char.closeBrace) reader.closeBrace();
      else {
        const hosts = parseTableHosts(reader);
        checkTableHosts(reader, hosts);
        initializers.push({ hosts });
      }
      initialized = true;
    } else break;
  }
  if (reader.peek() !== Token.newline) reader.syntaxError();
  if (byteLength(name) > reader.dialect.tableNameMaximum) {
    reader.fail(
      `table name too long, max ${reader.dialect.tableNameMaximum} chars`,
      "pf/name-too-long",
      `A table name has at most ${reader.dialect.tableNameMaximum} characters.`,
    );
  }
  if (reader.environment === null || !reader.options.load.tables) return;
  defineTable(reader, { name, const: isConst, persist, counters, initialized, initializers });
}

/** `table_host_list` and the closing brace; before OpenBSD 5.1 it is a plain `host_list`. */
function parseTableHosts(reader: Reader): HostNode[] {
  if (!reader.dialect.tableWeights) return parseHostList(reader) ?? [];
  const list: HostNode[] = [];
  for (let first = true; first || reader.peek() !== Char.closeBrace; first = false) {
    if (!first) reader.optionalComma();
    append(list, parseWeightedSpec(reader));
    reader.skipNewlines();
  }
  reader.closeBrace();
  return list;
}

/** `tablespec`. */
function parseWeightedSpec(reader: Reader): HostNode[] {
  if (reader.peek() !== Char.openBrace) return weigh(parseNegatableHost(reader), parseWeight(reader));
  reader.enter();
  reader.openBrace();
  const list = parseTableHosts(reader);
  reader.leave();
  return list;
}

function checkTableHosts(reader: Reader, hosts: readonly HostNode[]): void {
  for (const host of hosts) {
    let tool: string;
    switch (host.wrap.kind) {
      case "any":
      case "prefix":
        continue;
      case "range":
        tool = "address ranges are not permitted inside tables";
        break;
      case "dynamic":
        tool = "dynamic addresses are not permitted inside tables";
        break;
      case "table":
        tool = "tables cannot contain tables";
        break;
      case "no-route":
        tool = '"no-route" is not permitted inside tables';
        break;
      case "urpf-failed":
        tool = '"urpf-failed" is not permitted inside tables';
        break;
      case "route-label":
        tool = "unknown address type 4";
        break;
    }
    reader.fail(
      tool,
      "pf/bad-table-address",
      "A table holds addresses and networks; interface names are looked up once, when it is loaded.",
    );
  }
}
