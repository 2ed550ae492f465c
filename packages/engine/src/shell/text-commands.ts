/** As much of grep, sed, awk, cut, head and their like as people use to pick an address out of some output. */
import type { Call, CommandFunction, Status } from "./call.ts";
import { inputOf } from "./redirect.ts";
import { lines, plain, type Value } from "./values.ts";

/** Options with their arguments, and the words after them. */
function options(call: Call, valued: string): { readonly given: Map<string, string>; readonly rest: Value[] } {
  const given = new Map<string, string>();
  const words = call.words.slice(1);
  let at = 0;
  for (; at < words.length; at++) {
    const { text } = words[at] as Value;
    if (text === "--") {
      at++;
      break;
    }
    if (!text.startsWith("-") || text === "-") break;
    for (let i = 1; i < text.length; i++) {
      const letter = text.charAt(i);
      if (!valued.includes(letter)) given.set(letter, "");
      else {
        given.set(letter, i + 1 < text.length ? text.slice(i + 1) : (words[++at]?.text ?? ""));
        break;
      }
    }
  }
  return { given, rest: words.slice(at) };
}

/** Gives up: what comes out is not known. */
function unknown(call: Call): null {
  call.streams.output.add(plain(`$(${call.words.map(({ text }) => text).join(" ")})`, false));
  return null;
}

function put(call: Call, text: string): void {
  call.streams.output.addText(`${text}\n`);
}

/** A regular expression of POSIX in JavaScript's; null when it has something the two read differently. */
function expression(text: string, extended: boolean, flags: string): RegExp | null {
  if (text.length > 500) return null;
  let source = text.replace(/\[\[:(\w+):\]\]/g, (whole, name: string) => CLASSES.get(name) ?? whole);
  source = source.replace(/\[:(\w+):\]/g, (whole, name: string) => CLASSES.get(name)?.slice(1, -1) ?? whole);
  if (!extended) {
    // Basic expressions: the bare characters are literal, those after a backslash are not.
    source = source.replace(
      /\\([(){}|+?])|([(){}|+?])/g,
      (_, special?: string, bare?: string) => special ?? `\\${bare}`,
    );
  }
  // No nested repetition: it can take for ever on a line that does not match.
  if (/[*+}]\)?[*+{]/.test(source)) return null;
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}

const CLASSES: ReadonlyMap<string, string> = new Map([
  ["space", "[ \\t\\n\\r\\f\\v]"],
  ["blank", "[ \\t]"],
  ["digit", "[0-9]"],
  ["alpha", "[A-Za-z]"],
  ["alnum", "[A-Za-z0-9]"],
  ["upper", "[A-Z]"],
  ["lower", "[a-z]"],
]);

const grep: CommandFunction = (call) => {
  const { given, rest } = options(call, "eABCm");
  const text = given.get("e") ?? rest.shift()?.text;
  const input = inputOf(call, rest);
  if (text === undefined) return 2;
  const extended = given.has("E") || (call.words[0] as Value).text.endsWith("egrep");
  const fixed = given.has("F") || (call.words[0] as Value).text.endsWith("fgrep");
  let source = fixed ? text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : text;
  if (given.has("w")) source = `\\b${source}\\b`;
  if (given.has("x")) source = `^${source}$`;
  const test = expression(source, extended || fixed, given.has("i") ? "i" : "");
  const odd = given.has("A") || given.has("B") || given.has("C");
  if (test === null || !input.known || !call.words.every(({ known }) => known) || odd) {
    return given.has("q") ? null : unknown(call);
  }
  let count = 0;
  for (const line of lines(input)) {
    if (test.test(line.text) === given.has("v")) continue;
    count++;
    if (given.has("q") || given.has("c")) continue;
    if (given.has("o")) put(call, test.exec(line.text)?.[0] ?? "");
    else {
      call.streams.output.add(line);
      call.streams.output.addText("\n");
    }
    if (given.has("m") && count >= Number(given.get("m"))) break;
  }
  if (given.has("c")) put(call, `${count}`);
  return count > 0 ? 0 : 1;
};

/** `head -n N`, `head -N`, `tail` alike. */
const ends =
  (first: boolean): CommandFunction =>
  (call) => {
    const short = call.words.find(({ text }) => /^-\d+$/.test(text));
    const words = call.words.filter((word) => word !== short);
    const { given, rest } = options({ ...call, words }, "nc");
    const count = Number(short?.text.slice(1) ?? given.get("n") ?? 10);
    const input = inputOf(call, rest);
    if (!input.known || given.has("c") || given.has("f") || Number.isNaN(count)) return unknown(call);
    const all = lines(input);
    const kept = first ? all.slice(0, count) : all.slice(Math.max(0, all.length - Math.abs(count)));
    for (const { text } of kept) put(call, text);
    return 0;
  };

const cut: CommandFunction = (call) => {
  const { given, rest } = options(call, "dfcb");
  const input = inputOf(call, rest);
  const numbers = given.get("f")?.split(",").map(Number) ?? [];
  if (!input.known || numbers.length === 0 || numbers.some(Number.isNaN)) return unknown(call);
  const between = given.get("d") ?? "\t";
  for (const { text } of lines(input)) {
    const fields = text.split(between);
    put(call, fields.length === 1 ? text : numbers.map((number) => fields[number - 1] ?? "").join(between));
  }
  return 0;
};

/** `/pattern/ { print $1, $2 }`, with or without either part, and `NR==N` as the pattern. */
const awk: CommandFunction = (call) => {
  const { given, rest } = options(call, "Fv");
  const program = rest.shift();
  const input = inputOf(call, rest);
  const match =
    /^\s*(?:(!?)\/((?:[^/\\]|\\.)*)\/|NR\s*==\s*(\d+))?\s*(?:\{\s*print\s*([^;{}|]*?);?\s*(exit)?;?\s*\})?\s*$/.exec(
      program?.text ?? "{",
    );
  if (match === null || program?.known !== true || !input.known || given.has("v")) return unknown(call);
  const [, negated, source, row, printed, exits] = match;
  const test = source === undefined ? null : expression(source.replaceAll("\\/", "/"), true, "");
  if (source !== undefined && test === null) return unknown(call);
  const parts = printed === undefined || printed === "" ? ["$0"] : printed.split(/\s*,\s*/);
  if (parts.some((part) => !/^(?:\$\d+|\$NF|"[^"\\]*")(?:\s+(?:\$\d+|\$NF|"[^"\\]*"))*$/.test(part)))
    return unknown(call);
  const separator = given.get("F");
  let number = 0;
  for (const { text } of lines(input)) {
    number++;
    if (test !== null && test.test(text) === (negated === "!")) continue;
    if (row !== undefined && Number(row) !== number) continue;
    const fields = separator === undefined || separator === " " ? text.trim().split(/\s+/) : text.split(separator);
    const one = (name: string): string =>
      name.startsWith('"')
        ? name.slice(1, -1)
        : name === "$0"
          ? text
          : ((name === "$NF" ? fields.at(-1) : fields[Number(name.slice(1)) - 1]) ?? "");
    put(call, parts.map((part) => (part.match(/\$\w+|"[^"]*"/g) ?? []).map(one).join("")).join(" "));
    if (exits !== undefined) break;
  }
  return 0;
};

/** `s/a/b/`, `s/a/b/g`, `/re/d`, `Nd`, and with -n `/re/p`, `Np`. */
const sed: CommandFunction = (call) => {
  const { given, rest } = options(call, "e");
  const script = given.get("e") ?? rest.shift()?.text ?? "";
  const input = inputOf(call, rest);
  if (!input.known || given.has("i") || !call.words.every(({ known }) => known)) return unknown(call);
  const extended = given.has("E") || given.has("r");
  const substitute = /^s(.)((?:(?!\1)[^\\]|\\.)*)\1((?:(?!\1)[^\\]|\\.)*)\1(g?)$/.exec(script);
  const line = /^(?:\/((?:[^/\\]|\\.)*)\/|(\d+))([dpq])$/.exec(script);
  if (substitute !== null) {
    const test = expression(substitute[2] as string, extended, substitute[4] === "g" ? "g" : "");
    if (test === null) return unknown(call);
    const by = (substitute[3] as string)
      .replace(/\$/g, "$$$$")
      .replace(/\\(\d)/g, "$$$1")
      .replace(/\\(.)/g, "$1");
    for (const { text } of lines(input)) put(call, text.replace(test, by.replace(/(^|[^\\])&/g, "$1$$&")));
    return 0;
  }
  if (line === null) return unknown(call);
  const test = line[1] === undefined ? null : expression(line[1], extended, "");
  if (line[1] !== undefined && test === null) return unknown(call);
  let number = 0;
  for (const { text } of lines(input)) {
    number++;
    const chosen = test !== null ? test.test(text) : number === Number(line[2]);
    if (line[3] === "d" ? !chosen : line[3] === "p" ? chosen || !given.has("n") : true) put(call, text);
    if (line[3] === "q" && chosen) break;
  }
  return 0;
};

const tr: CommandFunction = (call) => {
  const { given, rest } = options(call, "");
  const input = call.streams.input.rest();
  const from = expandSet(rest[0]?.text ?? "");
  const to = expandSet(rest[1]?.text ?? "");
  if (!input.known || from === null || to === null || given.has("c") || (to === "" && !given.has("d")))
    return unknown(call);
  const out: string[] = [];
  for (const character of input.text) {
    const at = from.indexOf(character);
    if (at === -1) out.push(character);
    else if (!given.has("d")) out.push(to[Math.min(at, to.length - 1)] as string);
  }
  call.streams.output.addText(out.join(""));
  return 0;
};

function expandSet(text: string): string | null {
  if (text.includes("[")) return null;
  return text
    .replace(/\\n/g, "\n")
    .replace(/\\t/g, "\t")
    .replace(/([a-zA-Z0-9])-([a-zA-Z0-9])/g, (_, a: string, b: string) => {
      const first = a.charCodeAt(0);
      const count = Math.max(0, b.charCodeAt(0) - first + 1);
      return Array.from({ length: count }, (_each, i) => String.fromCharCode(first + i)).join("");
    });
}

const wc: CommandFunction = (call) => {
  const { given, rest } = options(call, "");
  const input = inputOf(call, rest);
  if (!input.known || !given.has("l")) return unknown(call);
  put(call, String(input.text.split("\n").length - 1).padStart(8));
  return 0;
};

const sort: CommandFunction = (call) => {
  const { given, rest } = options(call, "kt");
  const input = inputOf(call, rest);
  if (!input.known || given.has("k") || given.has("n")) return unknown(call);
  let all = lines(input).map(({ text }) => text);
  all.sort();
  if (given.has("r")) all.reverse();
  if (given.has("u")) all = [...new Set(all)];
  for (const text of all) put(call, text);
  return 0;
};

const uniq: CommandFunction = (call) => {
  const { given, rest } = options(call, "");
  const input = inputOf(call, rest);
  if (!input.known || given.size > 0) return unknown(call);
  let before: string | null = null;
  for (const { text } of lines(input)) {
    if (text !== before) put(call, text);
    before = text;
  }
  return 0;
};

const basename =
  (last: boolean): CommandFunction =>
  (call): Status => {
    const path = call.words[1];
    if (path?.known !== true) return unknown(call);
    const trimmed = path.text.replace(/\/+$/, "");
    const slash = trimmed.lastIndexOf("/");
    put(call, last ? trimmed.slice(slash + 1) : slash <= 0 ? (slash === 0 ? "/" : ".") : trimmed.slice(0, slash));
    return 0;
  };

export const textCommands: readonly (readonly [string, CommandFunction])[] = [
  ["grep", grep],
  ["egrep", grep],
  ["fgrep", grep],
  ["head", ends(true)],
  ["tail", ends(false)],
  ["cut", cut],
  ["awk", awk],
  ["sed", sed],
  ["tr", tr],
  ["wc", wc],
  ["sort", sort],
  ["uniq", uniq],
  ["basename", basename(true)],
  ["dirname", basename(false)],
];
