/**
 * A checker for the language of OpenBSD's btrace(8): bt(5) and the grammar of usr.sbin/btrace/bt_parse.y. It knows what
 * btrace accepts, not what it does.
 */
export interface BtraceProgram {
  /** `provider:function:name`, `BEGIN` and `END`, in the order of the program. */
  readonly probes: readonly string[];
  readonly builtins: ReadonlySet<string>;
}

type Token = { readonly kind: string; readonly text: string; readonly at: number };

const BUILTINS = new Set(["comm", "cpu", "kstack", "nsecs", "pid", "probe", "retval", "tid", "ustack"]);
const WORDS: Readonly<Record<string, string>> = {
  BEGIN: "BEGIN",
  END: "END",
  clear: "MFUNC",
  zero: "MFUNC",
  count: "MOP0",
  max: "MOP1",
  min: "MOP1",
  sum: "MOP1",
  delete: "DELETE",
  print: "PRINT",
  printf: "FUNCN",
  time: "FUNC1",
  exit: "FUNC0",
  hist: "OP1",
  lhist: "OP4",
  if: "IF",
  else: "ELSE",
  str: "STR",
};

function tokens(text: string): Token[] {
  const pattern =
    /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\[\\'"abefnrtv])*"|[@$][A-Za-z]\w*|@|\$\d+|0x[0-9a-fA-F]+|\d+|\w+|==|!=|<=|>=|&&|\|\||[-+*/%<>=&|^,:;(){}[\].]/gy;
  const found: Token[] = [];
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`btrace: character ${JSON.stringify(text[at])} at ${at}`);
    const [word] = match;
    if (/^\s|^\/[/*]/.test(word)) continue;
    let kind = word;
    if (word.startsWith('"')) kind = "CSTRING";
    else if (word.startsWith("@")) kind = "GVAR";
    else if (/^\$\d/.test(word)) kind = "PVAR";
    else if (word.startsWith("$")) kind = "LVAR";
    else if (/^\d/.test(word)) kind = "NUMBER";
    else if (BUILTINS.has(word) || /^arg\d$/.test(word)) kind = "BUILTIN";
    else if (Object.hasOwn(WORDS, word)) kind = WORDS[word] as string;
    else if (/^\w/.test(word)) kind = "STRING";
    // As the lexer: a slash before `{` or at the end of a line closes a filter.
    else if (word === "/" && /^[ \t]*(?:\{|\n)/.test(text.slice(pattern.lastIndex))) kind = "ENDFILT";
    found.push({ kind, text: word, at });
  }
  return found;
}

/** @throws where btrace would complain, with the place */
export function parseBtrace(text: string): BtraceProgram {
  const all = tokens(text);
  let next = 0;
  const probes: string[] = [];
  const builtins = new Set<string>();
  const peek = (): string => all[next]?.kind ?? "END OF FILE";
  const fail = (wanted: string): never => {
    throw new Error(`btrace: ${wanted} wanted, not ${all[next]?.text ?? "the end"} at ${all[next]?.at ?? text.length}`);
  };
  const take = (kind: string): string => {
    if (peek() !== kind) fail(kind);
    return (all[next++] as Token).text;
  };
  const accept = (kind: string): boolean => {
    if (peek() !== kind) return false;
    next++;
    return true;
  };

  const probe = (): void => {
    if (accept("BEGIN")) probes.push("BEGIN");
    else if (accept("END")) probes.push("END");
    else {
      // Inside a probe's name every word is a name.
      const part = (): string => (/^\w/.test(all[next]?.text ?? "") ? (all[next++] as Token).text : fail("a name"));
      const provider = part();
      take(":");
      const middle = part();
      take(":");
      probes.push(`${provider}:${middle}:${part()}`);
    }
  };
  const expression = (): void => {
    term();
    while (accept("&&") || accept("||")) term();
  };
  const term = (): void => {
    factors();
    while (["==", "!=", "<=", "<", ">=", ">", "+", "-", "&", "^", "|"].includes(peek())) {
      next++;
      factors();
    }
  };
  const factors = (): void => {
    factor();
    while (["*", "/", "%"].includes(peek())) {
      next++;
      factor();
    }
  };
  const list = (): void => {
    expression();
    while (accept(",")) expression();
  };
  const factor = (): void => {
    if (accept("(")) {
      list();
      take(")");
    } else if (accept("STR")) {
      take("(");
      take("PVAR");
      if (accept(",")) expression();
      take(")");
    } else if (peek() === "GVAR") {
      next++;
      if (accept("[")) {
        list();
        take("]");
      }
    } else if (peek() === "BUILTIN") builtins.add(take("BUILTIN"));
    else if (!["NUMBER", "CSTRING", "PVAR", "LVAR"].includes(peek())) fail("a value");
    else next++;
  };
  const mapValue = (): void => {
    if (accept("MOP0")) {
      take("(");
      take(")");
    } else if (accept("MOP1")) {
      take("(");
      expression();
      take(")");
    } else expression();
  };
  const statement = (): void => {
    if (accept(";")) return;
    if (accept("IF")) {
      take("(");
      expression();
      take(")");
      block();
      if (accept("ELSE")) {
        if (peek() === "IF") statement();
        else block();
      }
    } else if (accept("GVAR")) {
      if (accept("[")) {
        list();
        take("]");
        take("=");
        mapValue();
        return;
      }
      take("=");
      if (accept("OP1") || accept("OP4")) {
        take("(");
        list();
        take(")");
      } else expression();
    } else if (accept("LVAR")) {
      take("=");
      expression();
    } else if (accept("FUNC0")) {
      take("(");
      take(")");
    } else if (accept("MFUNC")) {
      take("(");
      take("GVAR");
      take(")");
    } else if (accept("DELETE")) {
      take("(");
      take("GVAR");
      take("[");
      list();
      take("]");
      take(")");
    } else if (accept("FUNCN") || accept("FUNC1") || accept("PRINT")) {
      take("(");
      list();
      take(")");
    } else fail("a statement");
  };
  const block = (): void => {
    if (peek() === "{") action();
    else {
      statement();
      take(";");
    }
  };
  const action = (): void => {
    take("{");
    while (!accept("}")) statement();
  };

  while (next < all.length) {
    do probe();
    while (accept(","));
    if (accept("/")) {
      expression();
      take("ENDFILT");
    }
    action();
  }
  const timers = probes.filter((one) => /^(?:interval|profile):/.test(one)).map((one) => one.split(":")[0]);
  if (new Set(timers).size < timers.length) throw new Error("btrace: cannot register multiple probes of the same type");
  if (probes.length === 0) throw new Error("btrace: no probe");
  return { probes, builtins };
}
