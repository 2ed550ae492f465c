/** test(1), known as `[` too, by the number of its arguments as POSIX has it. */
import type { Call, Status } from "./call.ts";
import type { Interpreter } from "./interpreter.ts";
import { readFile } from "./redirect.ts";
import type { Value } from "./values.ts";

type Truth = boolean | null;

export function runTest(call: Call): Status {
  const { shell, span, streams } = call;
  let words = call.words.slice(1);
  if (call.words[0]?.text.endsWith("[") === true) {
    if (words.at(-1)?.text !== "]") {
      streams.errors.addText("[: missing ]\n");
      return 2;
    }
    words = words.slice(0, -1);
  }
  const reader = new TestReader(shell, words);
  const truth = words.length === 0 ? false : reader.or();
  if (!reader.finished) {
    streams.errors.addText("test: syntax error\n");
    return 2;
  }
  if (truth === null) return shell.opaque(span, "test", "what it compares is not known");
  return truth ? 0 : 1;
}

const BINARY: ReadonlySet<string> = new Set([
  "=",
  "==",
  "!=",
  "<",
  ">",
  "-eq",
  "-ne",
  "-lt",
  "-le",
  "-gt",
  "-ge",
  "-nt",
  "-ot",
  "-ef",
]);

class TestReader {
  readonly #shell: Interpreter;
  readonly #words: readonly Value[];
  #at = 0;
  #depth = 0;

  constructor(shell: Interpreter, words: readonly Value[]) {
    this.#shell = shell;
    this.#words = words;
  }

  get finished(): boolean {
    return this.#at >= this.#words.length;
  }

  or(): Truth {
    let left = this.#and();
    while (this.#take("-o")) left = either(left, this.#and());
    return left;
  }

  #and(): Truth {
    let left = this.#not();
    while (this.#take("-a")) left = not(either(not(left), not(this.#not())));
    return left;
  }

  #not(): Truth {
    let negated = false;
    while (this.#words.length - this.#at > 1 && !this.#isBinary(1) && this.#take("!")) negated = !negated;
    const truth = this.#primary();
    return negated ? not(truth) : truth;
  }

  #primary(): Truth {
    const word = this.#words[this.#at];
    if (word === undefined) return false;
    if (this.#isBinary(1)) {
      this.#at += 3;
      return this.#binary(word, this.#words[this.#at - 2] as Value, this.#words[this.#at - 1] as Value);
    }
    if (word.text === "(" && this.#depth++ < 100) {
      this.#at++;
      const inner = this.or();
      this.#take(")");
      return inner;
    }
    const operand = this.#words[this.#at + 1];
    if (/^-[a-zA-Z]$/.test(word.text) && operand !== undefined) {
      this.#at += 2;
      return this.#unary(word.text, operand);
    }
    this.#at++;
    return word.known ? word.text !== "" : null;
  }

  #isBinary(offset: number): boolean {
    const operator = this.#words[this.#at + offset]?.text;
    return operator !== undefined && BINARY.has(operator) && this.#words[this.#at + offset + 1] !== undefined;
  }

  #take(text: string): boolean {
    if (this.#words[this.#at]?.text !== text) return false;
    this.#at++;
    return true;
  }

  #unary(operator: string, operand: Value): Truth {
    if (!operand.known) return null;
    if (operator === "-n") return operand.text !== "";
    if (operator === "-z") return operand.text === "";
    if (operator === "-t") return false;
    if (operator === "-d") return isFolder(this.#shell, operand.text);
    if (!"bcefghkprsuwxLhS".includes(operator.charAt(1))) return null;
    const file = readFile(this.#shell, operand);
    if (file === null) return operator === "-e" && isFolder(this.#shell, operand.text) === true;
    if (!file.known) return null;
    return operator === "-s" ? file.text !== "" : "efrwL".includes(operator.charAt(1)) ? true : null;
  }

  #binary(left: Value, operator: Value, right: Value): Truth {
    if (!left.known || !right.known) return null;
    const a = Number(left.text);
    const b = Number(right.text);
    switch (operator.text) {
      case "=":
      case "==":
        return left.text === right.text;
      case "!=":
        return left.text !== right.text;
      case "<":
        return left.text < right.text;
      case ">":
        return left.text > right.text;
      case "-eq":
        return a === b;
      case "-ne":
        return a !== b;
      case "-lt":
        return a < b;
      case "-le":
        return a <= b;
      case "-gt":
        return a > b;
      case "-ge":
        return a >= b;
      default:
        return null;
    }
  }
}

function isFolder(shell: Interpreter, path: string): Truth {
  const folder = path.endsWith("/") ? path : `${path}/`;
  for (const name of shell.machine.files.keys()) if (name.startsWith(folder)) return true;
  return /^\/(?:var|tmp|dev|home|root)\b/.test(path) ? null : false;
}

function not(truth: Truth): Truth {
  return truth === null ? null : !truth;
}

function either(left: Truth, right: Truth): Truth {
  if (left === true || right === true) return true;
  return left === null || right === null ? null : false;
}
