/** Words of the shell: quotes, parameters, command substitution, arithmetic, splitting at blanks (sh(1), EXPANSION). */
import type {
  ArithmeticExpression,
  ParameterExpansionPart,
  ParameterOperation,
  ParsedScript,
  Word,
  WordPart,
} from "unbash";
import { matches, pattern } from "./pattern.ts";
import { join, literal, NOTHING, plain, Sink, slice, unescapedLiteral, type Value } from "./values.ts";

/** What expansion asks of the interpreter. */
export interface Surroundings {
  /** Value of a parameter; null when it is not set. */
  parameter(name: string): Value | null;
  assign(name: string, value: Value): void;
  /** Positional parameters. */
  positional(): readonly Value[];
  /** Standard output of a script. */
  substitute(script: ParsedScript | undefined, text: string): Value;
}

interface Field {
  readonly sink: Sink;
  /** Quotes make a field of nothing. */
  quoted: boolean;
  /** Pattern characters of unquoted text, for `case` and `${x#…}`. */
  pattern: string;
}

const PATTERN_CHARACTERS = /[\\*?[\]]/g;

/** One word, split into fields. */
export function expandWord(word: Word, around: Surroundings): Value[] {
  return new Expansion(around, true).run(word).map((field) => field.sink.value);
}

/** One word as one value: assignments, redirections, `case`. */
export function expandWhole(word: Word, around: Surroundings): Value {
  return join(
    new Expansion(around, false).run(word).map((field) => field.sink.value),
    " ",
  );
}

/** One word as a pattern; quoted characters stand for themselves. */
export function expandPattern(word: Word, around: Surroundings): { readonly text: string; readonly known: boolean } {
  const fields = new Expansion(around, false).run(word);
  return {
    text: fields.map((field) => field.pattern).join(" "),
    known: fields.every((field) => field.sink.known),
  };
}

/** The body of a here-document. */
export function expandParts(parts: readonly WordPart[], around: Surroundings): Value {
  const expansion = new Expansion(around, false);
  for (const part of parts) expansion.part(part, true);
  return join(
    expansion.fields.map((field) => field.sink.value),
    " ",
  );
}

class Expansion {
  readonly fields: Field[] = [];
  readonly #around: Surroundings;
  readonly #split: boolean;
  #open = false;

  constructor(around: Surroundings, split: boolean) {
    this.#around = around;
    this.#split = split;
  }

  run(word: Word): readonly Field[] {
    if (word.parts === undefined) {
      this.#add(unescapedLiteral(word.value, word.text, word.pos), false, true);
      if (word.text !== "" && word.value === "") this.#field().quoted = true;
    } else for (const part of word.parts) this.part(part, false);
    if (!this.#split && this.fields.length === 0) this.#field();
    return this.fields;
  }

  part(part: WordPart, quoted: boolean): void {
    switch (part.type) {
      case "Literal": {
        const value = unescapedLiteral(part.value, part.text, part.pos);
        const escaped = !quoted && part.text !== part.value;
        this.#add(value, quoted || escaped, true);
        break;
      }
      case "SingleQuoted":
        this.#add(literal(part.value, part.pos + 1), true, true);
        break;
      case "DoubleQuoted":
      case "LocaleString":
        this.#field().quoted = true;
        for (const child of part.parts) this.part(child, true);
        break;
      case "AnsiCQuoted":
        this.#add(plain(part.value), true, true);
        break;
      case "SimpleExpansion":
        this.#parameter(part.text.slice(1), quoted);
        break;
      case "ParameterExpansion":
        this.#expansion(part, quoted);
        break;
      case "CommandExpansion":
        this.#add(this.#around.substitute(part.script, part.text), quoted, false);
        break;
      case "ArithmeticExpansion":
        this.#add(arithmetic(part.expression, part.text, this.#around), quoted, false);
        break;
      case "ProcessSubstitution":
        this.#add(plain(part.text, false), true, false);
        break;
      default:
        // Globs, extended globs, braces: as they are, unless a file matched; /etc has none that would.
        this.#add(literal(part.text, part.pos), quoted, true);
    }
  }

  #parameter(name: string, quoted: boolean): void {
    if (name === "@" || name === "*") {
      const values = this.#around.positional();
      if (quoted && name === "@" && this.#split) {
        values.forEach((value, i) => {
          if (i > 0) this.#open = false;
          this.#add(value, true, false);
        });
      } else this.#add(join(values, " "), quoted, false);
      return;
    }
    this.#add(this.#around.parameter(name) ?? NOTHING, quoted, false);
  }

  #expansion(part: ParameterExpansionPart, quoted: boolean): void {
    if (part.parameter === "@" || part.parameter === "*") {
      this.#parameter(part.parameter, quoted);
      return;
    }
    const value = this.#around.parameter(part.parameter);
    if (part.index !== undefined || part.prefix === "!") this.#add(plain(part.text, false), quoted, false);
    else if (part.prefix === "#") {
      const length = value ?? NOTHING;
      this.#add(plain(length.known ? `${length.text.length}` : part.text, length.known), quoted, false);
    } else if (part.operation === undefined) this.#add(value ?? NOTHING, quoted, false);
    else this.#add(this.#operate(part, value, part.operation), quoted, false);
  }

  #operate(part: ParameterExpansionPart, value: Value | null, operation: ParameterOperation): Value {
    const unknown = plain(part.text, false);
    if (value !== null && !value.known) return unknown;
    switch (operation.type) {
      case "Default": {
        const empty = value === null || (operation.operator.startsWith(":") && value.text === "");
        const kind = operation.operator.at(-1);
        if (kind === "+") return empty ? NOTHING : expandWhole(operation.operand, this.#around);
        if (!empty) return value;
        const other = expandWhole(operation.operand, this.#around);
        if (kind === "=") this.#around.assign(part.parameter, other);
        return kind === "?" ? unknown : other;
      }
      case "Remove": {
        const { text, known } = expandPattern(operation.operand, this.#around);
        return known ? remove(value ?? NOTHING, text, operation.operator) : unknown;
      }
      default:
        return unknown;
    }
  }

  #field(): Field {
    const last = this.fields[this.fields.length - 1];
    if (this.#open && last !== undefined) return last;
    const field: Field = { sink: new Sink(), quoted: false, pattern: "" };
    this.fields.push(field);
    this.#open = true;
    return field;
  }

  /** Adds to the word; what an unquoted expansion gave is split at blanks. */
  #add(value: Value, quoted: boolean, written: boolean): void {
    if (quoted || written || !this.#split) {
      const field = this.#field();
      field.sink.add(value);
      if (quoted) field.quoted = true;
      field.pattern += quoted ? value.text.replace(PATTERN_CHARACTERS, "\\$&") : value.text;
      return;
    }
    if (!value.known) {
      const field = this.#field();
      field.sink.add(value);
      return;
    }
    const blank = /[ \t\n]/;
    let at = 0;
    const { text } = value;
    while (at < text.length) {
      if (blank.test(text[at] as string)) {
        this.#open = false;
        at++;
        continue;
      }
      let end = at + 1;
      while (end < text.length && !blank.test(text[end] as string)) end++;
      const field = this.#field();
      field.sink.add(slice(value, at, end));
      field.pattern += text.slice(at, end);
      at = end;
    }
  }
}

/** `${x#p}`, `##`, `%`, `%%`: the shortest or longest match at one end goes. */
function remove(value: Value, text: string, operator: string): Value {
  const { length } = value.text;
  const test = pattern(text);
  const longest = operator.length === 2;
  for (let i = 0; i <= length; i++) {
    const size = longest ? length - i : i;
    const part = operator.startsWith("#") ? value.text.slice(0, size) : value.text.slice(length - size);
    if (matches(test, part)) return operator.startsWith("#") ? slice(value, size) : slice(value, 0, length - size);
  }
  return value;
}

/** Integers and their operators; null inside stands for unknown. */
function arithmetic(expression: ArithmeticExpression | undefined, text: string, around: Surroundings): Value {
  const result = expression === undefined ? null : calculate(expression, around, 0);
  return result === null ? plain(text, false) : plain(`${result}`);
}

export function calculate(node: ArithmeticExpression, around: Surroundings, depth: number): number | null {
  if (depth > 100) return null;
  switch (node.type) {
    case "ArithmeticWord": {
      const name = node.value.replace(/^\$\{?|\}$/g, "");
      const value = /^-?\d+$/.test(name) ? plain(name) : (around.parameter(name) ?? plain("0"));
      return value.known && /^-?\d+$/.test(value.text.trim()) ? Number(value.text) : null;
    }
    case "ArithmeticGroup":
      return calculate(node.expression, around, depth + 1);
    case "ArithmeticUnary": {
      const operand = calculate(node.operand, around, depth + 1);
      if (operand === null) return null;
      return node.operator === "-"
        ? -operand
        : node.operator === "!"
          ? operand === 0
            ? 1
            : 0
          : node.operator === "+"
            ? operand
            : null;
    }
    case "ArithmeticTernary": {
      const test = calculate(node.test, around, depth + 1);
      return test === null ? null : calculate(test !== 0 ? node.consequent : node.alternate, around, depth + 1);
    }
    case "ArithmeticBinary": {
      const left = calculate(node.left, around, depth + 1);
      const right = calculate(node.right, around, depth + 1);
      return left === null || right === null ? null : binary(node.operator, left, right);
    }
    default:
      return null;
  }
}

function binary(operator: string, left: number, right: number): number | null {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return right === 0 ? null : Math.trunc(left / right);
    case "%":
      return right === 0 ? null : left % right;
    case "<":
      return Number(left < right);
    case "<=":
      return Number(left <= right);
    case ">":
      return Number(left > right);
    case ">=":
      return Number(left >= right);
    case "==":
      return Number(left === right);
    case "!=":
      return Number(left !== right);
    case "&&":
      return Number(left !== 0 && right !== 0);
    case "||":
      return Number(left !== 0 || right !== 0);
    default:
      return null;
  }
}
