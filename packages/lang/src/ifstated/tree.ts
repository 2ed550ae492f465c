/** What ifstated.conf(5) says, with the place of every part. Expressions and blocks nest no deeper than {@link MAX_NESTING}. */
import type { LinkState, Source, Span } from "@pierhead/core";
import type { MacroUse } from "./characters.ts";

/** Deepest nesting of blocks, parentheses and negations that is read; the daemon's own stack gives up a little later. */
export const MAX_NESTING = 500;

/** `name = value` */
export interface MacroDefinition {
  readonly kind: "macro";
  readonly name: string;
  /** Strings joined by one space, as the daemon keeps it. */
  readonly value: string;
  readonly span: Span;
  readonly nameSpan: Span;
  readonly valueSpan: Span;
  /** Offset in the file of each character of a value that is one quoted string; null otherwise. */
  readonly offsets: readonly number[] | null;
}

/** `init-state name` */
export interface InitStateStatement {
  readonly kind: "init-state";
  readonly name: string;
  readonly span: Span;
  readonly nameSpan: Span;
}

/** `run "command"` */
export interface RunAction {
  readonly kind: "run";
  readonly command: string;
  readonly span: Span;
  readonly commandSpan: Span;
  /** Offset in the file of each character of the command; null when it came out of a macro. */
  readonly offsets: readonly number[] | null;
  readonly macro: MacroUse | null;
}

/** `set-state name` */
export interface SetStateAction {
  readonly kind: "set-state";
  readonly name: string;
  readonly span: Span;
  readonly nameSpan: Span;
}

/** `if expression action` */
export interface IfAction {
  readonly kind: "if";
  /** Null when it could not be read: neither true nor false. */
  readonly condition: Expression | null;
  readonly then: readonly Action[];
  readonly span: Span;
}

export type Action = RunAction | SetStateAction | IfAction;

/** `interface.link.up` */
export interface LinkExpression {
  readonly kind: "link";
  readonly interface: string;
  readonly is: LinkState;
  readonly span: Span;
  readonly interfaceSpan: Span;
  readonly macro: MacroUse | null;
}

/** `"command" every N` */
export interface TestExpression {
  readonly kind: "test";
  readonly command: string;
  /** Seconds, 1 to 4294967295; with the extensions of `pierhead monitor` also fractions. */
  readonly every: number;
  readonly span: Span;
  readonly commandSpan: Span;
  /** Offset in the file of each character of the command; null when it came out of a macro. */
  readonly offsets: readonly number[] | null;
  readonly macro: MacroUse | null;
}

export interface NotExpression {
  readonly kind: "not";
  readonly operand: Expression;
  readonly span: Span;
}

/** `&&` and `||` have equal precedence and group from the left. */
export interface BinaryExpression {
  readonly kind: "and" | "or";
  readonly left: Expression;
  readonly right: Expression;
  readonly span: Span;
  readonly operatorSpan: Span;
  /** The macro the operator came out of. */
  readonly macro: MacroUse | null;
}

/** A part that is not an expression, or a macro that has no definition. */
export interface UnreadableExpression {
  readonly kind: "unreadable";
  readonly span: Span;
}

export type Expression = (LinkExpression | TestExpression | NotExpression | BinaryExpression | UnreadableExpression) & {
  /** Range with the parentheses around it; null when there are none. */
  readonly parentheses?: Span;
};

/** `init { … }` */
export interface InitBlock {
  readonly kind: "init";
  readonly actions: readonly Action[];
  readonly span: Span;
}

/** `state name { … }` */
export interface StateBlock {
  readonly kind: "state";
  readonly name: string;
  readonly items: readonly (InitBlock | Action)[];
  readonly span: Span;
  readonly nameSpan: Span;
}

export type Item = MacroDefinition | InitStateStatement | StateBlock | Action;

/** A stretch of the file. All of them in order are the file. */
export interface Piece {
  readonly kind: "space" | "newline" | "comment" | "continuation" | "text";
  readonly span: Span;
}

export interface IfstatedFile {
  readonly source: Source;
  readonly items: readonly Item[];
  readonly pieces: readonly Piece[];
  /** Names that were expanded somewhere after their last definition. */
  readonly usedMacros: ReadonlySet<MacroDefinition>;
}

/** The file as it was read, comments and spacing included. */
export function printIfstated(file: IfstatedFile): string {
  return file.pieces.map(({ span }) => file.source.text.slice(span.start, span.end)).join("");
}

/** Every expression node under `root`, operands before their operator, without recursion. */
export function postorder(root: Expression): Expression[] {
  const nodes: Expression[] = [];
  const work: Expression[] = [root];
  while (work.length > 0) {
    const node = work.pop() as Expression;
    nodes.push(node);
    if (node.kind === "not") work.push(node.operand);
    else if (node.kind === "and" || node.kind === "or") work.push(node.left, node.right);
  }
  return nodes.reverse();
}

/** Every action in `actions` and inside them, in file order. */
export function* walkActions(actions: readonly Action[]): Generator<Action> {
  for (const action of actions) {
    yield action;
    if (action.kind === "if") yield* walkActions(action.then);
  }
}

/** The expression on one line, as it could be written; grouping is shown by parentheses where the daemon's differs. */
export function printExpression(root: Expression): string {
  const text = new Map<Expression, string>();
  for (const node of postorder(root)) {
    switch (node.kind) {
      case "link":
        text.set(node, `${node.interface}.link.${node.is}`);
        break;
      case "test":
        text.set(node, node.macro === null ? `"${node.command}" every ${node.every}` : `$${node.macro.name}`);
        break;
      case "not": {
        const inner = text.get(node.operand) as string;
        text.set(node, node.operand.kind === "and" || node.operand.kind === "or" ? `! (${inner})` : `! ${inner}`);
        break;
      }
      case "and":
      case "or": {
        const group = (side: Expression, right: boolean): string =>
          (side.kind === "and" || side.kind === "or") && (right || side.kind !== node.kind)
            ? `(${text.get(side)})`
            : (text.get(side) as string);
        text.set(node, `${group(node.left, false)} ${node.kind === "and" ? "&&" : "||"} ${group(node.right, true)}`);
        break;
      }
      default:
        text.set(node, "?");
    }
  }
  return text.get(root) as string;
}
