import type { System } from "@pierhead/core";

/** pfctl's command line, understood. */
export interface Arguments {
  readonly anchor: string;
  /** `-a 'foo/*'`. */
  readonly wildcard: boolean;
  /** `-a '*'`, `-a 'foo/*'`: anchors inside are shown or flushed too. */
  readonly recurse: boolean;
  readonly disable: boolean;
  readonly enable: boolean;
  readonly quiet: boolean;
  readonly noAction: boolean;
  readonly debug: boolean;
  readonly verbosity: number;
  readonly file: string | null;
  readonly flush: string | null;
  readonly show: string | null;
  readonly interface: string | null;
  readonly killStates: readonly string[];
  readonly killNodes: readonly string[];
  /** `-I`: number of a limiter. */
  readonly limiter: number | null;
  readonly matching: boolean;
  readonly table: string | null;
  readonly tableCommand: string | null;
  readonly words: readonly string[];
  readonly routingDomain: number;
  readonly rule: number | null;
  readonly optimize: "none" | "basic" | "profile" | null;
  readonly debugLevel: string | null;
  readonly defines: readonly { readonly name: string; readonly value: string }[];
  readonly only: {
    readonly options?: boolean;
    readonly nat?: boolean;
    readonly filter?: boolean;
    readonly altq?: boolean;
    readonly tables?: boolean;
  } | null;
}

const FLUSH = ["rules", "Sources", "states", "info", "Tables", "osfp", "Reset", "all"];
const FLUSH_OLD = ["nat", "queue", "rules", "Sources", "states", "info", "Tables", "osfp", "Reset", "ethernet", "all"];
const SHOW = [
  "queue",
  "rules",
  "Anchors",
  "Sources",
  "states",
  "info",
  "Interfaces",
  "labels",
  "timeouts",
  "memory",
  "Tables",
  "osfp",
  "all",
];
const SHOW_OLD = ["nat", "Running", "ether", "creatorids", ...SHOW];
const TABLE = ["kill", "flush", "add", "delete", "replace", "show", "test", "zero", "expire", "load", "reset"];
const OPTIMIZE = ["none", "basic", "profile"] as const;

/**
 * Reads pfctl's command line with the options of a system's pfctl.
 *
 * @returns a message when it is not understood
 */
export function readArguments(words: readonly string[], system: System): Arguments | string {
  const modern = system.family === "openbsd" && (system.major > 4 || (system.major === 4 && system.minor >= 7));
  const options = modern
    ? { flags: "deghNnPqrvz", values: "aDfFikKLopRSstTVx" }
    : { flags: "AdeghmMNnOPqRrSvz", values: "aDfFiIkKopstTVxX" };
  const given = getopt(words, options.flags, options.values);
  if (typeof given === "string") return given;
  const all = (letter: string): string[] =>
    given.options.filter((one) => one.letter === letter).map((one) => one.value);
  const last = (letter: string): string | null => all(letter).at(-1) ?? null;
  const has = (letter: string): boolean => given.options.some((one) => one.letter === letter);

  const flush = choose(last("F"), modern ? FLUSH : FLUSH_OLD, "flush modifier");
  const show = choose(last("s"), modern ? SHOW : SHOW_OLD, "show modifier");
  const tableCommand = choose(last("T"), TABLE, "table command");
  for (const one of [flush, show, tableCommand]) if (typeof one === "object" && one !== null) return one.error;
  const optimize = last("o");
  const onlyTables = !modern && tableCommand === "load";
  if (!onlyTables && (tableCommand === null) !== (last("t") === null)) return "usage: pfctl -t table -T command";
  if (tableCommand === null && given.rest.length > 0)
    return `pfctl: unknown command line argument: ${given.rest[0]} ...`;
  let anchor = last("a") ?? "";
  if (last("a") === "") return "pfctl: anchor name must not be empty";
  let wildcard = false;
  let recurse = false;
  if (anchor.endsWith("*")) {
    recurse = true;
    if (anchor.endsWith("/*")) {
      wildcard = true;
      anchor = anchor.slice(0, -2);
    } else anchor = anchor.slice(0, -1);
  }
  const loads = !modern && (has("A") || has("N") || has("O") || has("R") || onlyTables);
  const number = last("R");
  return {
    anchor: anchor.replace(/^\/+/, ""),
    wildcard,
    recurse,
    disable: has("d") && !has("n"),
    enable: has("e") && !has("n"),
    quiet: has("q"),
    noAction: has("n"),
    debug: has("g"),
    verbosity: all("v").length,
    file: last("f"),
    flush: has("n") ? null : (flush as string | null),
    show: has("n") ? null : (show as string | null),
    interface: last("i"),
    killStates: all("k"),
    killNodes: all("K"),
    limiter: last("I") === null ? null : Number(last("I")),
    matching: !modern && has("M"),
    table: last("t"),
    tableCommand: onlyTables ? null : (tableCommand as string | null),
    words: given.rest,
    routingDomain: Number(last("V") ?? 0),
    rule: modern && number !== null ? Number(number) : null,
    optimize: OPTIMIZE.find((one) => optimize !== null && optimize !== "" && one.startsWith(optimize)) ?? null,
    debugLevel: last("x"),
    defines: all("D").map((text) => {
      const at = text.indexOf("=");
      return at === -1 ? { name: text, value: "" } : { name: text.slice(0, at), value: text.slice(at + 1) };
    }),
    only: loads ? { options: has("O"), nat: has("N"), filter: has("R"), altq: has("A"), tables: onlyTables } : null,
  };
}

interface Given {
  readonly options: { readonly letter: string; readonly value: string }[];
  readonly rest: readonly string[];
}

/** getopt(3): options first, `-vs A` and `-vsA` alike. */
function getopt(words: readonly string[], flags: string, values: string): Given | string {
  const options: Given["options"] = [];
  let i = 0;
  for (; i < words.length; i++) {
    const word = words[i] as string;
    if (word === "--") {
      i++;
      break;
    }
    if (!word.startsWith("-") || word === "-") break;
    for (let at = 1; at < word.length; at++) {
      const letter = word.charAt(at);
      if (values.includes(letter)) {
        const rest = word.slice(at + 1);
        const value = rest !== "" ? rest : words[++i];
        if (value === undefined) return `pfctl: option requires an argument -- ${letter}`;
        options.push({ letter, value });
        break;
      }
      if (!flags.includes(letter)) return `pfctl: unknown option -- ${letter}`;
      options.push({ letter, value: "" });
    }
  }
  return { options, rest: words.slice(i) };
}

/** A word that may be abbreviated (`pfctl_lookup_option()`). */
function choose(
  word: string | null,
  list: readonly string[],
  what: string,
): string | null | { readonly error: string } {
  if (word === null) return null;
  const found = list.find((one) => word !== "" && one.startsWith(word));
  return found ?? { error: `pfctl: Unknown ${what} '${word}'` };
}
