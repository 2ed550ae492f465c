import type { Anchor, PfLoad, Rule, SyntaxStatement, SyntaxToken } from "@pierhead/lang/pf";
import type { LoadedPf } from "../build/index.ts";

/** The main file and the files of `load anchor`. */
export function* loadsOf(pf: LoadedPf): Generator<PfLoad> {
  yield pf.load;
  yield* pf.anchors.values();
}

/** All rules of all rulesets, with the path of the anchor they are in. */
export function* rulesOf(load: PfLoad): Generator<{ readonly rule: Rule; readonly anchor: string }> {
  const pending: Anchor[] = [load.configuration.main];
  for (let anchor = pending.pop(); anchor !== undefined; anchor = pending.pop()) {
    for (const list of [anchor.scrub, anchor.nat, anchor.binat, anchor.rdr, anchor.filter]) {
      for (const rule of list) yield { rule, anchor: anchor.path };
    }
    pending.push(...anchor.children.values());
  }
}

/** All statements, those inside inline anchors too. */
export function* statementsOf(load: PfLoad): Generator<SyntaxStatement> {
  const pending: SyntaxStatement[] = [...(load.syntax?.statements ?? [])].reverse();
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    yield one;
    if (one.body !== null) for (let i = one.body.length - 1; i >= 0; i--) pending.push(one.body[i] as SyntaxStatement);
  }
}

export function* tokensOf(
  load: PfLoad,
): Generator<{ readonly token: SyntaxToken; readonly statement: SyntaxStatement }> {
  for (const statement of statementsOf(load)) for (const token of statement.tokens) yield { token, statement };
}

/** Whether everything the file means could be read: then what is missing is really not there. */
export function isComplete(pf: LoadedPf): boolean {
  return !pf.diagnostics.some((one) => one.severity === "error");
}
