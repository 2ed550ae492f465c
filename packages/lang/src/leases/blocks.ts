import type { Span } from "@pierhead/core";

/** A statement of a dhclient lease file: words, and the statements in its braces. */
export interface Statement {
  readonly words: readonly Word[];
  readonly block: readonly Statement[] | null;
  readonly span: Span;
}

export interface Word {
  readonly text: string;
  readonly span: Span;
}

/** Deeper braces than this no lease file has (three are used); what is deeper is skipped. */
const DEEPEST = 8;

/**
 * Statements of ISC's lease file grammar: `words … ;` and `words … { statements }`; `#` begins a comment. What is
 * not closed at the end of the text ends there; `unclosed` tells where.
 */
export function readBlocks(text: string): { statements: Statement[]; unclosed: Span | null } {
  const top: Statement[] = [];
  const open: { words: Word[]; statements: Statement[]; start: number }[] = [];
  let into = top;
  let words: Word[] = [];
  let tooDeep = 0;
  // Words, quoted strings with escapes, and the three marks.
  const token = /#[^\n]*|"(?:[^"\\\n]|\\.)*"?|[{};]|[^\s{};"#]+/g;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const word = match[0];
    const end = token.lastIndex;
    const start = end - word.length;
    if (word.startsWith("#")) continue;
    if (word === "{") {
      if (open.length === DEEPEST) tooDeep++;
      else {
        const statements: Statement[] = [];
        open.push({ words, statements, start: words[0]?.span.start ?? start });
        into = statements;
      }
      words = [];
    } else if (word === "}") {
      words = [];
      if (tooDeep > 0) {
        tooDeep--;
        continue;
      }
      const closed = open.pop();
      if (closed === undefined) continue;
      into = open[open.length - 1]?.statements ?? top;
      into.push({ words: closed.words, block: closed.statements, span: { start: closed.start, end } });
    } else if (word === ";") {
      if (words.length > 0 && tooDeep === 0) {
        into.push({ words, block: null, span: { start: (words[0] as Word).span.start, end } });
      }
      words = [];
    } else if (tooDeep === 0) {
      const bare = word.startsWith('"') ? word.slice(1, word.length > 1 && word.endsWith('"') ? -1 : undefined) : word;
      words.push({ text: bare, span: { start, end } });
    }
  }
  const first = open[0];
  const unclosed = first === undefined ? null : { start: first.start, end: text.length };
  return { statements: top, unclosed };
}

/** The statement that begins with these words, the last when there are several: later ones replace earlier ones. */
export function lastOf(statements: readonly Statement[], ...begin: readonly string[]): Statement | null {
  for (let i = statements.length - 1; i >= 0; i--) {
    const statement = statements[i] as Statement;
    if (begin.every((word, index) => statement.words[index]?.text === word)) return statement;
  }
  return null;
}

/** The number after the given words; null when it is not there or none. */
export function numberAfter(statements: readonly Statement[], ...begin: readonly string[]): number | null {
  const text = lastOf(statements, ...begin)?.words[begin.length]?.text;
  return text === undefined || !/^\d{1,10}$/.test(text) ? null : Number(text);
}

/** The text after the given words; null when it is not there. */
export function textAfter(statements: readonly Statement[], ...begin: readonly string[]): string | null {
  return lastOf(statements, ...begin)?.words[begin.length]?.text ?? null;
}
