/**
 * A checker for the part of D that our scripts use: pragmas, clauses with predicates, C expressions, aggregations. It finds
 * what they depend on: probes, and the fields of their arguments.
 */
export interface DClause {
  readonly probes: readonly string[];
  /** `args[2]->ip_ver`, `args[0]` alone, `arg1`. */
  readonly uses: ReadonlySet<string>;
}

export interface DProgram {
  readonly clauses: readonly DClause[];
  readonly options: ReadonlyMap<string, string>;
}

/** Functions and how many arguments they take: dtrace(1) of FreeBSD, and the aggregating functions. */
const FUNCTIONS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  count: [0, 0],
  sum: [1, 1],
  quantize: [1, 2],
  printa: [1, 16],
  printf: [1, 16],
  exit: [1, 1],
  stringof: [1, 1],
};

const VARIABLES = new Set(["timestamp", "pid", "execname", "NULL"]);

type Token = {
  readonly kind: "word" | "number" | "string" | "probe" | "mark";
  readonly text: string;
  readonly at: number;
};

const WHERE = /[\w$]*:[\w$]*:[\w$]*:[\w-]+|[a-z]\w*:[\w]*:[\w]*:[\w-]+/y;

function tokens(text: string): Token[] {
  const pattern =
    /(\s+|\/\*[\s\S]*?\*\/)|("(?:[^"\\\n]|\\.)*")|([@]\w+)|(0x[0-9a-fA-F]+|\d+)|([A-Za-z_]\w*)|(->|&&|\|\||==|!=|<=|>=|<<|>>|[-+*/%<>=&|^!~?:,;(){}[\].])/gy;
  const found: Token[] = [];
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    if (depth === 0) {
      WHERE.lastIndex = at;
      const probe = WHERE.exec(text);
      if (probe !== null) {
        found.push({ kind: "probe", text: probe[0], at });
        at = WHERE.lastIndex;
        continue;
      }
    }
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`D: character ${JSON.stringify(text[at])} at ${at}`);
    const [word, blank, string, aggregation, number, name] = match;
    if (word === "{") depth++;
    if (word === "}") depth--;
    if (blank === undefined) {
      const kind =
        string !== undefined
          ? "string"
          : number !== undefined
            ? "number"
            : (name ?? aggregation) !== undefined
              ? "word"
              : "mark";
      found.push({ kind, text: word, at });
    }
    at = pattern.lastIndex;
  }
  return found;
}

/** @throws where the text is not the D that we write, with the place */
export function parseD(text: string): DProgram {
  const options = new Map<string, string>();
  const body = text.replace(/^#pragma D option (\w+)(?:=(\w+))?$/gm, (_, name: string, value: string | undefined) => {
    options.set(name, value ?? "");
    return "";
  });
  if (body.includes("#")) throw new Error("D: a pragma that is none");
  const all = tokens(body);
  let next = 0;
  let uses = new Set<string>();
  const peek = (): string => all[next]?.text ?? "";
  const fail = (wanted: string): never => {
    throw new Error(`D: ${wanted} wanted, not ${JSON.stringify(peek())} at ${all[next]?.at ?? body.length}`);
  };
  const accept = (text: string): boolean => {
    if (peek() !== text || all[next]?.kind === "string") return false;
    next++;
    return true;
  };
  const take = (text: string): void => {
    if (!accept(text)) fail(text);
  };
  const kind = (): string => all[next]?.kind ?? "end";

  const list = (end: string): number => {
    let count = 0;
    if (accept(end)) return 0;
    do {
      expression();
      count++;
    } while (accept(","));
    take(end);
    return count;
  };
  const call = (name: string): void => {
    const bounds = FUNCTIONS[name];
    if (bounds === undefined) fail(`a known function instead of ${name}`);
    const count = list(")");
    const [least, most] = bounds as readonly [number, number];
    if (count < least || count > most) fail(`${least} to ${most} arguments of ${name}`);
  };
  const primary = (): void => {
    if (accept("(")) {
      expression();
      take(")");
      return;
    }
    if (kind() === "number" || kind() === "string") {
      next++;
      return;
    }
    if (kind() !== "word") fail("a value");
    const name = (all[next++] as Token).text;
    if (name.startsWith("@")) {
      if (accept("[")) list("]");
    } else if (name === "args") {
      take("[");
      const index = (all[next++] as Token).text;
      take("]");
      let use = `args[${index}]`;
      if (accept("->")) use += `->${(all[next++] as Token).text}`;
      uses.add(use);
    } else if (/^arg\d$/.test(name)) uses.add(name);
    else if (name === "self" || name === "this") {
      take("->");
      if (kind() !== "word") fail("a name");
      next++;
    } else if (accept("(")) call(name);
    else if (accept("[")) list("]");
    else if (!VARIABLES.has(name)) fail(`a known variable instead of ${name}`);
  };
  const LEVELS: readonly (readonly string[])[] = [
    ["||"],
    ["&&"],
    ["|"],
    ["^"],
    ["&"],
    ["==", "!="],
    ["<", "<=", ">", ">="],
    ["<<", ">>"],
    ["+", "-"],
    ["*", "/", "%"],
  ];
  /** A predicate ends at a slash before `{`; no division stands there. */
  const endsPredicate = (): boolean => peek() === "/" && all[next + 1]?.text === "{";
  const binary = (level: number): void => {
    const marks = LEVELS[level];
    if (marks === undefined) {
      accept("!");
      primary();
      return;
    }
    binary(level + 1);
    while (marks.includes(peek()) && kind() === "mark" && !endsPredicate()) {
      next++;
      binary(level + 1);
    }
  };
  const expression = (): void => {
    binary(0);
    if (accept("?")) {
      expression();
      take(":");
      expression();
    }
    if (accept("=")) expression();
  };

  const clauses: DClause[] = [];
  while (next < all.length) {
    uses = new Set();
    const probes: string[] = [];
    do {
      if (kind() !== "probe") fail("a probe");
      probes.push((all[next++] as Token).text);
    } while (accept(","));
    if (accept("/")) {
      expression();
      take("/");
    }
    take("{");
    while (!accept("}")) {
      expression();
      take(";");
    }
    clauses.push({ probes, uses });
  }
  if (clauses.length === 0) throw new Error("D: no clause");
  return { clauses, options };
}
