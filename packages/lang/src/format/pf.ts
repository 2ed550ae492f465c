/**
 * pf.conf in one layout: one blank between words, none inside parentheses and angle brackets, braces with blanks inside,
 * bodies of anchors one tab in, continued lines four blanks in. Comments stay where they are.
 */
import { Source, type System } from "@pierhead/core";
import { dialectOf, type PfSyntax, parsePf, type SyntaxStatement, type SyntaxToken } from "../pf/index.ts";
import { readGap, writeGap } from "./gap.ts";

/** A word or sign with its text in the file. */
interface Atom {
  start: number;
  end: number;
  readonly statement: SyntaxStatement;
  readonly depth: number;
  readonly role: SyntaxToken["role"];
  /** It ends the body of an anchor. */
  readonly closes: boolean;
}

/** Lays out a pf.conf. @returns null when that would change what is read */
export function formatPf(source: Source, system: System): string | null {
  const dialect = dialectOf(system);
  const syntax = parsePf(source, dialect);
  const text = layOut(syntax);
  const again = parsePf(new Source(source.name, text), dialect);
  return sameReading(syntax, again) && layOut(again) === text ? text : null;
}

function layOut(syntax: PfSyntax): string {
  const { text } = syntax.source;
  const atoms = collectAtoms(syntax);
  const out: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let before: Atom | null = null;
  for (const atom of atoms) {
    out.push(between(text, at, before, atom));
    out.push(text.slice(atom.start, atom.end));
    at = atom.end;
    before = atom;
  }
  const rest = text.slice(at);
  const pieces = readGap(rest);
  if (pieces === null) out.push(rest);
  else {
    const indent = { commentIndent: "", nextIndent: "", first: before === null, last: true };
    out.push(writeGap(pieces, indent).trimEnd());
  }
  const result = out.join("");
  return result === "" || result.endsWith("\n") ? result : `${result}\n`;
}

/** All words in order; those that came out of a macro share the place of the macro. */
function collectAtoms(syntax: PfSyntax): Atom[] {
  const atoms: Atom[] = [];
  const add = (statement: SyntaxStatement, depth: number): void => {
    if (statement.broken && statement.body === null) {
      const { start, end } = statement.span;
      if (end > start) atoms.push({ start, end, statement, depth, role: "unknown", closes: false });
      return;
    }
    for (const token of statement.tokens) {
      const { start, end } = token.span;
      if (end <= start) continue;
      atoms.push({ start, end, statement, depth, role: token.role, closes: false });
    }
  };
  const stack: { list: readonly SyntaxStatement[]; index: number }[] = [{ list: syntax.statements, index: 0 }];
  while (stack.length > 0) {
    const top = stack[stack.length - 1] as { list: readonly SyntaxStatement[]; index: number };
    const statement = top.list[top.index++];
    if (statement === undefined) {
      stack.pop();
      continue;
    }
    add(statement, stack.length - 1);
    if (statement.body !== null) stack.push({ list: statement.body, index: 0 });
  }
  atoms.sort((a, b) => a.start - b.start || a.end - b.end);
  const merged: Atom[] = [];
  for (const atom of atoms) {
    const last = merged[merged.length - 1];
    if (last !== undefined && atom.start < last.end) {
      last.end = Math.max(last.end, atom.end);
      continue;
    }
    const { body, tokens } = atom.statement;
    const closing = body !== null && tokens[tokens.length - 1]?.span.start === atom.start;
    merged.push({ ...atom, closes: closing && syntax.source.text[atom.start] === "}" });
  }
  return merged;
}

function between(text: string, from: number, before: Atom | null, atom: Atom): string {
  const gap = text.slice(from, atom.start);
  const inner = before !== null && before.statement === atom.statement && !atom.closes;
  if (!/[\n#]/.test(gap) && before !== null) {
    return /[^ \t]/.test(gap) ? gap : sameLine(text, before, atom, gap !== "");
  }
  const pieces = readGap(gap);
  if (pieces === null) return gap;
  const indent = "\t".repeat(atom.depth);
  return writeGap(pieces, {
    commentIndent: atom.closes ? `${indent}\t` : inner ? `${indent}    ` : indent,
    nextIndent: inner ? `${indent}    ` : indent,
    first: before === null,
    last: false,
  });
}

function sameLine(text: string, before: Atom, atom: Atom, blank: boolean): string {
  const a = text.slice(before.start, before.end);
  const b = text.slice(atom.start, atom.end);
  if (a === "=" || b === "=") {
    // `name = value`, but `port = 22` and `a=b` of options stay as they are.
    return atom.statement.kind === "macro" ? " " : blank ? " " : "";
  }
  if (b === ",") return "";
  if (a === "," || a === "{" || b === "}" || b === "{" || a === "}") return a === "{" && b === "}" && !blank ? "" : " ";
  if (a === "(" || b === ")") return "";
  if (before.role === "punctuation" && a === "<") return "";
  if (atom.role === "punctuation" && b === ">") return "";
  return blank ? " " : "";
}

/** The same statements with the same words, and as many complaints. */
function sameReading(a: PfSyntax, b: PfSyntax): boolean {
  if (a.diagnostics.length !== b.diagnostics.length) return false;
  const stack: [readonly SyntaxStatement[], readonly SyntaxStatement[]][] = [[a.statements, b.statements]];
  for (let pair = stack.pop(); pair !== undefined; pair = stack.pop()) {
    const [left, right] = pair;
    if (left.length !== right.length) return false;
    for (let i = 0; i < left.length; i++) {
      const one = left[i] as SyntaxStatement;
      const other = right[i] as SyntaxStatement;
      if (one.kind !== other.kind || one.broken !== other.broken || one.tokens.length !== other.tokens.length)
        return false;
      for (let j = 0; j < one.tokens.length; j++) {
        const x = one.tokens[j] as SyntaxToken;
        const y = other.tokens[j] as SyntaxToken;
        if (x.role !== y.role || x.text !== y.text || x.expanded !== y.expanded) return false;
      }
      if ((one.body === null) !== (other.body === null)) return false;
      if (one.body !== null && other.body !== null) stack.push([one.body, other.body]);
    }
  }
  return true;
}
