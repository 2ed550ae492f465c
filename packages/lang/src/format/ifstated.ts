/** ifstated.conf in one layout: blocks one tab in, the action of a bare `if` one tab more, one blank between words. */
import { Source } from "@pierhead/core";
import { type Action, type IfstatedFile, printExpression, readIfstated } from "../ifstated/index.ts";

/** Lays out an ifstated.conf. @returns null when that would change what is read */
export function formatIfstated(source: Source): string | null {
  const before = readIfstated(source);
  const text = layOut(before.file);
  const after = readIfstated(new Source(source.name, text));
  const same = outline(before.file) === outline(after.file) && before.diagnostics.length === after.diagnostics.length;
  return same && layOut(after.file) === text ? text : null;
}

function layOut(file: IfstatedFile): string {
  const { text } = file.source;
  const depths = lineDepths(file);
  const out: string[] = [];
  let lineStart = true;
  let joined = false;
  let blankLines = 0;
  let space = "";
  for (const piece of file.pieces) {
    const { start, end } = piece.span;
    const content = text.slice(start, end);
    switch (piece.kind) {
      case "space":
        space = content;
        continue;
      case "newline":
        if (lineStart) blankLines++;
        else out.push("\n");
        lineStart = true;
        joined = false;
        space = "";
        continue;
      case "continuation":
        out.push(lineStart ? "" : " \\\n");
        if (!lineStart) joined = true;
        lineStart = true;
        space = "";
        continue;
      default: {
        if (lineStart) {
          if (blankLines > 0 && out.length > 0) out.push("\n");
          const depth = depths(start);
          out.push("\t".repeat(content === "}" ? Math.max(0, depth) : depth), joined ? "    " : "");
        } else if (piece.kind === "comment") out.push(space === "" ? " " : space);
        else if (space !== "") out.push(" ");
        out.push(piece.kind === "comment" ? content.trimEnd() : content);
        blankLines = 0;
        lineStart = false;
        space = "";
      }
    }
  }
  const result = out
    .join("")
    .replace(/^\ufeff/, "")
    .trimEnd();
  return result === "" ? "" : `${result}\n`;
}

/** How far in the line that starts at an offset belongs: blocks around it, and a bare `if` before it. */
function lineDepths(file: IfstatedFile): (offset: number) => number {
  const ranges: { start: number; end: number }[] = [];
  const { text } = file.source;
  const block = (start: number, end: number): void => {
    const open = text.indexOf("{", start);
    if (open !== -1 && open < end) ranges.push({ start: open + 1, end: end - 1 });
  };
  const walk = (actions: readonly Action[]): void => {
    const pending: Action[] = [...actions];
    for (let action = pending.pop(); action !== undefined; action = pending.pop()) {
      if (action.kind !== "if") continue;
      const first = action.then[0];
      const from = action.condition === null ? action.span.start + 2 : outerEnd(action.condition);
      const between = text.slice(from, first?.span.start ?? action.span.end);
      const open = between.indexOf("{");
      if (open !== -1 && !between.slice(0, open).includes("#"))
        ranges.push({ start: from + open + 1, end: action.span.end - 1 });
      else if (first !== undefined) ranges.push({ start: from, end: action.span.end });
      pending.push(...action.then);
    }
  };
  for (const item of file.items) {
    if (item.kind === "state") {
      block(item.span.start, item.span.end);
      for (const part of item.items) {
        if (part.kind === "init") {
          const open = text.indexOf("{", part.span.start);
          const inner = part.actions[0]?.span.start ?? part.span.end;
          if (open !== -1 && open < inner) block(part.span.start, part.span.end);
          else ranges.push({ start: part.span.start + 4, end: part.span.end });
          walk(part.actions);
        } else walk([part]);
      }
    } else if (item.kind === "if") walk([item]);
  }
  ranges.sort((a, b) => a.start - b.start);
  return (offset) => {
    let depth = 0;
    for (const range of ranges) {
      if (range.start > offset) break;
      if (offset < range.end) depth++;
    }
    return depth;
  };
}

function outerEnd(expression: {
  readonly span: { readonly end: number };
  readonly parentheses?: { readonly end: number };
}): number {
  return expression.parentheses?.end ?? expression.span.end;
}

/** What the file says, without its layout. */
function outline(file: IfstatedFile): string {
  const out: string[] = [];
  const actions = (list: readonly Action[]): void => {
    for (const action of list) {
      if (action.kind === "run") out.push(`run ${action.command}`);
      else if (action.kind === "set-state") out.push(`set-state ${action.name}`);
      else {
        out.push(`if ${action.condition === null ? "?" : printExpression(action.condition)} {`);
        actions(action.then);
        out.push("}");
      }
    }
  };
  for (const item of file.items) {
    switch (item.kind) {
      case "macro":
        out.push(`${item.name} = ${item.value}`);
        break;
      case "init-state":
        out.push(`init-state ${item.name}`);
        break;
      case "state":
        out.push(`state ${item.name} {`);
        for (const part of item.items) {
          if (part.kind === "init") {
            out.push("init {");
            actions(part.actions);
            out.push("}");
          } else actions([part]);
        }
        out.push("}");
        break;
      default:
        actions([item]);
    }
  }
  const comments = file.pieces
    .filter((piece) => piece.kind === "comment")
    .map((piece) => file.source.text.slice(piece.span.start, piece.span.end).trim());
  return JSON.stringify([out, comments]);
}
