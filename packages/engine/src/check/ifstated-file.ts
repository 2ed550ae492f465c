/** What an ifstated.conf says by itself: states nobody reaches, conditions that do not mean what they look like. */
import { type Diagnostic, diagnostic, type Fix, type Source, type Span, type System } from "@pierhead/core";
import {
  type Action,
  type BinaryExpression,
  type Configuration,
  type Expression,
  type IfAction,
  type Ifstated,
  postorder,
  printExpression,
  type StateConfiguration,
  type TestExpression,
  targetOf,
  walkActions,
} from "@pierhead/lang/ifstated";
import { testTiming } from "../ifstated/index.ts";

/** Checks that need nothing but the file. */
export function checkIfstatedFile(ifstated: Ifstated, system: System): Diagnostic[] {
  const { file, configuration } = ifstated;
  return [
    ...checkStates(file.source, configuration),
    ...checkConditions(file.source, configuration),
    ...checkMacros(file.source, ifstated),
    ...checkTests(file.source, configuration, system),
  ];
}

/** All lists of actions: outside the states, then each state's. */
export function actionLists(configuration: Configuration): (readonly Action[])[] {
  return [configuration.global, ...configuration.states.flatMap(({ init, body }) => [init, body])];
}

/** States a state leads to, in file order. */
function successors(configuration: Configuration, state: StateConfiguration): StateConfiguration[] {
  const found: StateConfiguration[] = [];
  for (const list of [state.init, state.body]) {
    for (const action of walkActions(list)) {
      if (action.kind !== "set-state") continue;
      const target = targetOf(configuration, action);
      if (target !== null) found.push(target);
    }
  }
  return found;
}

function checkStates(source: Source, configuration: Configuration): Diagnostic[] {
  const { states, startState } = configuration;
  const found: Diagnostic[] = [];
  const start = states.find(({ name }) => name === startState);
  if (start === undefined || states.length < 2) return found;
  const reached = new Set<StateConfiguration>([start]);
  for (const state of reached) for (const next of successors(configuration, state)) reached.add(next);
  for (const state of states) {
    if (!reached.has(state)) {
      const message = `No \`set-state\` leads to \`${state.name}\`, and it is not the first state: it is never entered.`;
      found.push(diagnostic("ifstated/unreachable-state", "warning", message, source, state.block.nameSpan));
      continue;
    }
    // A set-state to a state that does not exist was meant to lead out; that is reported already.
    const leads = [state.init, state.body].some((list) => {
      for (const action of walkActions(list))
        if (action.kind === "set-state" && action.name !== state.name) return true;
      return false;
    });
    if (!leads) {
      const message = `Nothing leads out of \`${state.name}\`: once there, ifstated stays until it is restarted. Add a \`set-state\`.`;
      found.push(diagnostic("ifstated/no-way-out", "warning", message, source, state.block.nameSpan));
    }
  }
  for (const state of states) {
    for (const action of walkActions([...state.init, ...state.body])) {
      if (action.kind !== "set-state" || action.name !== state.name) continue;
      const message = `\`${state.name}\` is the state it is in already: nothing happens, \`init\` does not run again.`;
      found.push(diagnostic("ifstated/same-state", "note", message, source, action.nameSpan));
    }
  }
  return found;
}

/** Every `if` with a condition that could be read. */
function* conditions(configuration: Configuration): Generator<IfAction & { readonly condition: Expression }> {
  for (const list of actionLists(configuration)) {
    for (const action of walkActions(list)) {
      if (action.kind === "if" && action.condition !== null) yield { ...action, condition: action.condition };
    }
  }
}

function checkConditions(source: Source, configuration: Configuration): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const { condition } of conditions(configuration)) {
    for (const node of postorder(condition)) {
      if (node.kind !== "and" && node.kind !== "or") continue;
      const cut = cutMacro(node);
      if (cut !== null) found.push(cutDiagnostic(source, node, cut));
      else {
        const mixed = mixedOperators(source, node);
        if (mixed !== null) found.push(mixed);
      }
    }
  }
  return found;
}

/**
 * `! $both` where `both` is `a && b`: the macro is text, so the `!` takes `a` alone. Likewise `x || $both` is
 * `(x || a) && b`.
 *
 * @returns what stands before the macro and reaches into it
 */
function cutMacro(node: BinaryExpression): Expression | null {
  const { left, macro } = node;
  if (macro === null || left.parentheses !== undefined) return null;
  const first = left.kind === "not" ? left : left.kind === "and" || left.kind === "or" ? left : null;
  if (first === null || first.span.start >= macro.start) return null;
  if (first.kind === "not") return first;
  // Only where another grouping would mean something else.
  return first.kind === node.kind || first.macro?.start === macro.start ? null : first;
}

function cutDiagnostic(source: Source, node: BinaryExpression, first: Expression): Diagnostic {
  const name = node.macro?.name ?? "";
  const definition = node.macro?.definition ?? null;
  let fix: Fix | null = null;
  const related = [];
  if (definition !== null) {
    related.push({ source, span: definition.valueSpan, message: "its text has no parentheses around it" });
    const { start, end } = definition.valueSpan;
    const quote = source.text[start];
    if ((quote === '"' || quote === "'") && source.text[end - 1] === quote) {
      fix = {
        title: `put parentheses around the value of \`${name}\``,
        edits: [
          { source, span: { start: start + 1, end: start + 1 }, text: "( " },
          { source, span: { start: end - 1, end: end - 1 }, text: " )" },
        ],
      };
    }
  }
  const what =
    first.kind === "not" ? "The `!` takes only the first part of" : "What stands before takes only the first part of";
  const message = `${what} \`$${name}\`: a macro is text, and this reads \`${printExpression(node)}\`.`;
  const span = { start: first.span.start, end: Math.max(node.macro?.end ?? 0, first.span.end) };
  return diagnostic("ifstated/macro-cut", "warning", message, source, span, { related, fix });
}

/** `a || b && c` is `(a || b) && c` here, unlike in C and in the shell's test. */
function mixedOperators(source: Source, node: BinaryExpression): Diagnostic | null {
  const { left, macro } = node;
  if ((left.kind !== "and" && left.kind !== "or") || left.kind === node.kind || left.parentheses !== undefined)
    return null;
  const surprising = node.kind === "and";
  const message = surprising
    ? `\`&&\` and \`||\` have the same precedence here and group from the left: this reads \`${printExpression(node)}\`. Write the parentheses.`
    : `\`&&\` and \`||\` are mixed without parentheses; this reads \`${printExpression(node)}\`.`;
  const inFile = macro === null && source.text[left.span.start] !== "$" && spanIsPlain(left, macro);
  const fix: Fix | null = inFile
    ? {
        title: "write the parentheses that ifstated thinks of",
        edits: [
          { source, span: { start: left.span.start, end: left.span.start }, text: "(" },
          { source, span: { start: left.span.end, end: left.span.end }, text: ")" },
        ],
      }
    : null;
  const severity = surprising ? "warning" : "note";
  return diagnostic("ifstated/mixed-operators", severity, message, source, node.span, { fix });
}

/** Whether all operators of an expression stand in the file itself, so that parentheses can be put around it. */
function spanIsPlain(expression: Expression, macro: BinaryExpression["macro"]): boolean {
  return (
    macro === null &&
    postorder(expression).every((node) => (node.kind !== "and" && node.kind !== "or") || node.macro === null)
  );
}

function checkMacros(source: Source, { file, configuration }: Ifstated): Diagnostic[] {
  const found: Diagnostic[] = [];
  const last = new Map(configuration.macros.map((macro) => [macro.name, macro]));
  for (const macro of configuration.macros) {
    if (file.usedMacros.has(macro)) continue;
    const later = last.get(macro.name);
    const redefined = later !== undefined && later !== macro;
    const message = redefined
      ? `Macro \`${macro.name}\` is defined again before anything uses this value.`
      : `Macro \`${macro.name}\` is not used.`;
    const related = redefined ? [{ source, span: later.nameSpan, message: "defined again here" }] : [];
    found.push(diagnostic("ifstated/unused-macro", "note", message, source, macro.nameSpan, { related }));
  }
  return found;
}

function checkTests(source: Source, configuration: Configuration, system: System): Diagnostic[] {
  const found: Diagnostic[] = [];
  const seen = new Set<string>();
  const tests: TestExpression[] = [];
  for (const { condition } of conditions(configuration)) {
    for (const node of postorder(condition)) if (node.kind === "test") tests.push(node);
  }
  for (const test of tests) {
    const key = `${test.every} ${test.command}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const timing = testTiming(test.command, system);
    const span = testPlace(test);
    if (timing.endless) {
      const message =
        "This ping never ends while it is answered: entering a state waits for it for ever. Give it `-c 1`.";
      found.push(diagnostic("ifstated/endless-test", "error", message, source, span));
    } else if (timing.fails !== null && timing.fails >= test.every) {
      const message = `The test takes ${timing.fails} s to fail and is started again every ${test.every} s: it is killed before it can fail, and ifstated never hears of it. ${capital(timing.why ?? "")}; make the interval longer.`;
      found.push(diagnostic("ifstated/test-never-fails", "error", message, source, span));
    } else if (timing.succeeds >= test.every) {
      const message = `The test takes ${timing.succeeds} s and is started again every ${test.every} s: it is killed before it can end.`;
      found.push(diagnostic("ifstated/test-never-fails", "error", message, source, span));
    }
  }
  return found;
}

/** Where a test is written: in the macro it comes out of, or in the condition. */
export function testPlace(test: TestExpression): Span {
  return test.macro?.definition?.valueSpan ?? test.commandSpan;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
