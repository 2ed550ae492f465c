/** Gathers the evidence in the files of a tree: from pf.conf, and from what ifstated tests and runs. */
import type { Source } from "@pierhead/core";
import { type Action, type Ifstated, postorder, walkActions } from "@pierhead/lang/ifstated";
import type { ConfigTree } from "../tree/index.ts";
import { type Evidence, evidenceWords, expandWords, isInterface, macroDefinitions, readEvidence } from "./evidence.ts";

/** All evidence, ifstated's first state before its others, ifstated before pf: what runs last decides. */
export function collectEvidence(tree: ConfigTree, ifstated: Ifstated | null): Evidence[] {
  const found: Evidence[] = [];
  if (ifstated !== null) found.push(...ifstatedEvidence(ifstated));
  for (const file of tree.speaking("pf")) found.push(...pfEvidence(file.source));
  return found;
}

/** What the rules of a pf.conf tell. */
export function pfEvidence(source: Source): Evidence[] {
  const { text } = source;
  const words = evidenceWords(text, (start, end) => ({ start, end }), true);
  return readEvidence(source, expandWords(words, macroDefinitions(text)));
}

/** What the tests and commands of an ifstated.conf tell. */
export function ifstatedEvidence(ifstated: Ifstated): Evidence[] {
  const { source } = ifstated.file;
  const found: Evidence[] = [];
  const { configuration } = ifstated;
  const start = configuration.states.find((state) => state.name === configuration.startState);
  const states =
    start === undefined ? configuration.states : [start, ...configuration.states.filter((one) => one !== start)];
  const lists: (readonly Action[])[] = [configuration.global, ...states.flatMap((state) => [state.init, state.body])];
  const seen = new Set<string>();
  const command = (text: string, offsets: readonly number[] | null, span: { start: number; end: number }): void => {
    if (offsets === null) {
      // Out of a macro: once is enough.
      if (seen.has(text)) return;
      seen.add(text);
    }
    const words = evidenceWords(
      text,
      (from, to) =>
        offsets === null ? span : { start: offsets[from] ?? span.start, end: (offsets[to - 1] ?? span.end - 1) + 1 },
      false,
    );
    found.push(...readEvidence(source, words));
  };
  for (const list of lists) {
    for (const action of walkActions(list)) {
      if (action.kind === "run") command(action.command, action.offsets, action.commandSpan);
      if (action.kind !== "if" || action.condition === null) continue;
      for (const node of postorder(action.condition)) {
        if (node.kind === "test") command(node.command, node.offsets, node.commandSpan);
        if (node.kind === "link" && isInterface(node.interface)) {
          found.push({ kind: "interface", interface: node.interface, place: { source, span: node.interfaceSpan } });
        }
      }
    }
  }
  return found;
}
