import type { Configuration } from "./configuration.ts";
import { type Action, type Expression, postorder } from "./tree.ts";

/** The configuration as `pierhead ifstated print --json` shows it. */
export function formatIfstatedJson(configuration: Configuration): string {
  const { macros, unusedMacros, startState, global, states } = configuration;
  const macroList = macros.map(({ name, value }) => `{"name": ${quote(name)}, "value": ${quote(value)}}`);
  const stateList = states.map(({ name, init, body }) => {
    const fields = [`"name": ${quote(name)}`, `"init": ${list(init, 6)}`, `"body": ${list(body, 6)}`];
    return `    {\n      ${fields.join(",\n      ")}\n    }`;
  });
  const fields = [
    `"macros": [${macroList.join(", ")}]`,
    `"unusedMacros": [${unusedMacros.map(quote).join(", ")}]`,
    `"startState": ${startState === null ? "null" : quote(startState)}`,
    `"global": {\n    "init": [],\n    "body": ${list(global, 4)}\n  }`,
    `"states": ${stateList.length === 0 ? "[]" : `[\n${stateList.join(",\n")}\n  ]`}`,
  ];
  return `{\n  ${fields.join(",\n  ")}\n}\n`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** Actions, one a line; nested ones are no deeper than blocks can be. */
function list(actions: readonly Action[], indent: number): string {
  if (actions.length === 0) return "[]";
  const space = " ".repeat(indent + 2);
  const lines = actions.map((action) => {
    switch (action.kind) {
      case "run":
        return `${space}{"run": ${quote(action.command)}}`;
      case "set-state":
        return `${space}{"set-state": ${quote(action.name)}}`;
      default: {
        const condition = action.condition === null ? "null" : expression(action.condition);
        return `${space}{"if": ${condition}, "then": ${list(action.then, indent + 2)}}`;
      }
    }
  });
  return `[\n${lines.join(",\n")}\n${" ".repeat(indent)}]`;
}

function expression(root: Expression): string {
  const text = new Map<Expression, string>();
  for (const node of postorder(root)) {
    switch (node.kind) {
      case "link":
        text.set(node, `{"link": ${quote(node.interface)}, "is": "${node.is}"}`);
        break;
      case "test":
        text.set(node, `{"test": ${quote(node.command)}, "every": ${node.every}}`);
        break;
      case "not":
        text.set(node, `{"not": ${text.get(node.operand)}}`);
        break;
      case "and":
      case "or":
        text.set(node, `{"${node.kind}": [${text.get(node.left)}, ${text.get(node.right)}]}`);
        break;
      default:
        text.set(node, "null");
    }
  }
  return text.get(root) as string;
}
