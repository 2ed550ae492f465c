/** Counters that the BSDs keep: of the rules of pf, of its state table, of protocols and interfaces. */
import type { Reading } from "./types.ts";

/**
 * `pfctl -v -s rules`: a rule, and under it what it counted. Rules that block count what they dropped.
 *
 * Source: pfctl_print_rule_counters() of pfctl.c.
 */
export function readPfRules(text: string): Reading[] {
  const readings: Reading[] = [];
  let rule: string | null = null;
  let number = -1;
  for (const line of text.split("\n")) {
    const counted = /^\s+\[ Evaluations: (\d+)\s+Packets: (\d+)\s/.exec(line);
    if (counted !== null) {
      if (rule !== null && /^(?:@\d+ )?block\b/.test(rule)) {
        readings.push({ kind: "counter", table: "rules", key: [String(number), rule], value: Number(counted[2]) });
      }
      rule = null;
    } else if (/^\S/.test(line) && line.trim() !== "}") {
      rule = line.replace(/^@\d+(?:\(\d+\))? /, "").trimEnd();
      number++;
    }
  }
  return readings;
}

/** `pfctl -s info`: how many states were put into the table and taken out of it. */
export function readPfInfo(text: string): Reading[] {
  const readings: Reading[] = [];
  let section = "";
  for (const line of text.split("\n")) {
    if (/^\S/.test(line)) section = line;
    // "State Table", as against the tables of sources and fragments that follow with the same words.
    if (!section.startsWith("State Table")) continue;
    const found = /^\s+(inserts|removals)\s+(\d+)/.exec(line);
    if (found === null) continue;
    const event = found[1] === "inserts" ? "NEW" : "DESTROY";
    readings.push({ kind: "counter", table: "states", key: [event, "-"], value: Number(found[2]) });
  }
  return readings;
}

/**
 * `netstat -s` (a number and what it counts, a line each) and `netstat -i` (a table of interfaces).
 *
 * @param wanted regular expressions on what is counted, without regard to case
 */
export function readNetstat(text: string, wanted: readonly string[]): Reading[] {
  const patterns = wanted.map((pattern) => new RegExp(pattern, "i"));
  const matches = (what: string): boolean => patterns.some((pattern) => pattern.test(what));
  const readings: Reading[] = [];
  let columns: readonly string[] = [];
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "Name" && words[1] === "Mtu") {
      columns = words.slice(4);
      continue;
    }
    if (columns.length > 0) {
      // Addresses in between may be missing, so that columns are counted from the right.
      const link = words.some((word) => word.startsWith("<Link"));
      if (!link || words.length < columns.length + 3) continue;
      const numbers = words.slice(-columns.length);
      columns.forEach((column, at) => {
        const value = numbers[at] as string;
        if (!matches(column) || !/^\d+$/.test(value)) return;
        const name = (words[0] as string).replace(/\*$/, "");
        readings.push({ kind: "counter", table: "counters", key: [`${name} ${column}`], value: Number(value) });
      });
      continue;
    }
    const counted = /^\s+(\d+) (.+)$/.exec(line);
    if (counted === null) continue;
    // The numbers inside change from one reading to the next, and an s comes and goes: neither belongs to the name.
    const what = (counted[2] as string).replace(/ ?\(\d+ bytes?\)/, "").replace(/\b(packet|lookup)s?\b/, "$1s");
    if (matches(what)) readings.push({ kind: "counter", table: "counters", key: [what], value: Number(counted[1]) });
  }
  return readings;
}
