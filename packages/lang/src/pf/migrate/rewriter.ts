import type { Span } from "@pierhead/core";

export interface MigrationChange {
  /** In the old file. */
  readonly span: Span;
  readonly before: string;
  readonly after: string;
  /** Why, in a few words. */
  readonly why: string;
}

/** Collects replacements of ranges of one text and applies them. Ranges do not overlap. */
export class Rewriter {
  readonly #source: string;
  readonly #edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];
  readonly changes: MigrationChange[] = [];
  #tail = "";

  constructor(source: string) {
    this.#source = source;
  }

  slice({ start, end }: Span): string {
    return this.#source.slice(start, end);
  }

  replace(span: Span, text: string, why: string): void {
    const before = this.slice(span);
    if (before === text) return;
    this.#edits.push({ ...span, text });
    this.changes.push({ span, before, after: text, why });
  }

  insert(at: number, text: string, why: string): void {
    this.replace({ start: at, end: at }, text, why);
  }

  /** Takes a clause out, with the blanks before it. */
  remove(span: Span, why: string): void {
    let start = span.start;
    while (start > 0 && (this.#source[start - 1] === " " || this.#source[start - 1] === "\t")) start--;
    this.replace({ start, end: span.end }, "", why);
  }

  /** Turns a statement into a comment, each of its lines. */
  comment(span: Span, why: string): void {
    const text = this.slice(span)
      .replace(/\\\r?\n/g, " ")
      .replaceAll("\n", "\n# ");
    this.replace(span, `# ${text} (${why})`, why);
  }

  append(text: string, why: string): void {
    const at = this.#source.length;
    this.changes.push({ span: { start: at, end: at }, before: "", after: text, why });
    this.#tail += (this.#source.endsWith("\n") || this.#source === "" ? "" : "\n") + text;
  }

  /** Where in the old text a place of the new one came from: for what is new, where it was put. */
  originOf(offset: number): number {
    let shift = 0;
    for (const edit of this.#sorted()) {
      const start = edit.start + shift;
      if (offset < start) break;
      if (offset < start + edit.text.length) return edit.start;
      shift += edit.text.length - (edit.end - edit.start);
    }
    return Math.min(this.#source.length, offset - shift);
  }

  #sorted(): { readonly start: number; readonly end: number; readonly text: string }[] {
    // Insertions at one place stay in the order in which they were made.
    return [...this.#edits].sort((a, b) => a.start - b.start || a.end - b.end);
  }

  text(): string {
    const edits = this.#sorted();
    let text = "";
    let at = 0;
    for (const edit of edits) {
      if (edit.start < at) continue;
      text += this.#source.slice(at, edit.start) + edit.text;
      at = edit.end;
    }
    return text + this.#source.slice(at) + this.#tail;
  }
}
