/**
 * A configuration in the form the machine runs: tests and links of each state once each, and expressions as flat
 * arrays, so that a change walks up only the conditions it has a part in (ifstated.c adjust_expressions).
 */
import type { LinkState } from "@pierhead/core";
import { type Action, type Configuration, type Expression, type IfAction, postorder } from "@pierhead/lang/ifstated";

/** One node of a condition. Numbers are positions in {@link StateProgram.nodes}; -1 is none. */
export interface ConditionNode {
  readonly kind: "and" | "or" | "not" | "test" | "link" | "unreadable";
  readonly left: number;
  readonly right: number;
  readonly depth: number;
  parent: number;
}

/** An external test of one state; the same command and interval in a state is one test. */
export interface TestProgram {
  readonly command: string;
  /** Seconds. */
  readonly every: number;
  /** Names the user may call it by: macros it came out of, first use first. */
  readonly macros: readonly string[];
  readonly nodes: readonly number[];
  /** A place it is written at, for reports. */
  readonly expression: Expression;
}

/** A link condition of one state. */
export interface LinkProgram {
  readonly interface: string;
  readonly is: LinkState;
  readonly nodes: readonly number[];
}

export interface StateProgram {
  /** Null for what stands outside the states. */
  readonly name: string | null;
  readonly init: readonly Action[];
  readonly body: readonly Action[];
  readonly nodes: readonly ConditionNode[];
  /** Root node of each condition. */
  readonly roots: ReadonlyMap<IfAction, number>;
  readonly tests: readonly TestProgram[];
  readonly links: readonly LinkProgram[];
}

export interface Program {
  readonly configuration: Configuration;
  /** Number 0 is what stands outside the states; the states follow in file order. */
  readonly states: readonly StateProgram[];
  readonly byName: ReadonlyMap<string, number>;
  /** Number of the state to start in; null when there is none. */
  readonly start: number | null;
}

/** Number of {@link Program.states} that holds what stands outside the states. */
export const GLOBAL = 0;

/** Prepares a configuration to be run. */
export function compile(configuration: Configuration): Program {
  const states = [compileState(null, [], configuration.global)];
  const byName = new Map<string, number>();
  for (const { name, init, body } of configuration.states) {
    byName.set(name, states.length);
    states.push(compileState(name, init, body));
  }
  const start = configuration.startState === null ? null : (byName.get(configuration.startState) ?? null);
  return { configuration, states, byName, start };
}

function compileState(name: string | null, init: readonly Action[], body: readonly Action[]): StateProgram {
  const nodes: ConditionNode[] = [];
  const roots = new Map<IfAction, number>();
  const tests = new Map<string, { program: TestProgram; macros: string[]; nodes: number[] }>();
  const links = new Map<string, { program: LinkProgram; nodes: number[] }>();

  const leaf = (expression: Expression, number: number): void => {
    if (expression.kind === "test") {
      const { command, every, macro } = expression;
      const key = `${every} ${command}`;
      let test = tests.get(key);
      if (test === undefined) {
        const own: number[] = [];
        const macros: string[] = [];
        test = { program: { command, every, macros, nodes: own, expression }, macros, nodes: own };
        tests.set(key, test);
      }
      if (macro !== null && !test.macros.includes(macro.name)) test.macros.push(macro.name);
      test.nodes.push(number);
    } else if (expression.kind === "link") {
      const key = `${expression.is} ${expression.interface}`;
      let link = links.get(key);
      if (link === undefined) {
        const own: number[] = [];
        link = { program: { interface: expression.interface, is: expression.is, nodes: own }, nodes: own };
        links.set(key, link);
      }
      link.nodes.push(number);
    }
  };

  // The daemon registers tests in the order its parser reduces them: file order, operands left to right.
  const work: Action[] = [];
  const push = (actions: readonly Action[]): void => {
    for (let i = actions.length - 1; i >= 0; i--) work.push(actions[i] as Action);
  };
  push([...init, ...body].sort((a, b) => a.span.start - b.span.start));
  while (work.length > 0) {
    const action = work.pop() as Action;
    if (action.kind !== "if") continue;
    if (action.condition !== null) roots.set(action, compileCondition(action.condition, nodes, leaf));
    push(action.then);
  }
  return {
    name,
    init,
    body,
    nodes,
    roots,
    tests: [...tests.values()].map(({ program }) => program),
    links: [...links.values()].map(({ program }) => program),
  };
}

function compileCondition(
  root: Expression,
  nodes: ConditionNode[],
  leaf: (expression: Expression, number: number) => void,
): number {
  const numbers = new Map<Expression, number>();
  const depths = new Map<Expression, number>([[root, 0]]);
  const order = postorder(root);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i] as Expression;
    const below = (depths.get(node) as number) + 1;
    if (node.kind === "not") depths.set(node.operand, below);
    else if (node.kind === "and" || node.kind === "or") depths.set(node.left, below).set(node.right, below);
  }
  for (const node of order) {
    const number = nodes.length;
    numbers.set(node, number);
    const binary = node.kind === "and" || node.kind === "or";
    const left = binary ? (numbers.get(node.left) as number) : -1;
    const right = binary
      ? (numbers.get(node.right) as number)
      : node.kind === "not"
        ? (numbers.get(node.operand) as number)
        : -1;
    nodes.push({ kind: node.kind, left, right, depth: depths.get(node) as number, parent: -1 });
    if (left !== -1) (nodes[left] as ConditionNode).parent = number;
    if (right !== -1) (nodes[right] as ConditionNode).parent = number;
    leaf(node, number);
  }
  return numbers.get(root) as number;
}
