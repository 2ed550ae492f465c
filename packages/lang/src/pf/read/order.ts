import type { Reader } from "./reader.ts";

/** Kinds of statements in the order they must come in (`PFCTL_STATE_*`), where a system asks for one. */
export const ORDER = { option: 1, ether: 2, scrub: 3, queue: 4, translation: 5, filter: 6 } as const;

/** `check_rulestate`: gives a statement up that comes too late. Systems without an order let everything pass. */
export function checkOrder(reader: Reader, kind: number): void {
  if (!reader.dialect.requireOrder) return;
  if (reader.requireOrder && reader.order > kind) {
    const ether = reader.dialect.etherRules ? "ethernet, " : "";
    reader.fail(
      `Rules must be in order: options, ${ether}normalization, queueing, translation, filtering`,
      "pf/wrong-order",
      `Statements come in the order options, ${ether}normalization (scrub), queueing, translation, filtering. Move this one up, or write \`set require-order no\` at the top.`,
      { start: reader.statementStart },
    );
  }
  reader.order = kind;
}
