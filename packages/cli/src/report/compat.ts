/** Which platforms get in: a line for each, and what there is to know below it. */
import type { Compatibility } from "@pierhead/site/clients";
import { type Colors, printable, terminalWidth, wrap } from "../terminal.ts";

export function compatText(all: readonly Compatibility[], colors: Colors): string {
  const out: string[] = [];
  const width = Math.max(...all.map((one) => one.platform.title.length));
  const mark = {
    connects: colors.green("yes    "),
    fails: colors.red("no     "),
    "not offered": colors.dim("none   "),
    unknown: colors.yellow("unknown"),
  };
  for (const one of all) {
    const what = one.proposal ?? (one.verdict === "fails" ? "" : one.reason);
    out.push(
      `${mark[one.verdict]}  ${one.platform.title.padEnd(width)}  ${one.protocol.padEnd(10)}  ${printable(what)}\n`,
    );
    const more: string[] = [];
    if (one.verdict === "fails" || (one.verdict === "connects" && one.reason !== "")) more.push(one.reason);
    if (one.change !== null)
      more.push(`to let it in: ${one.change}${one.cost === "" ? "" : `; the cost: ${one.cost}`}`);
    if (one.note !== "") more.push(one.note);
    for (const text of more) {
      out.push(`         ${colors.dim(wrap(printable(text), terminalWidth() - 9, "         "))}\n`);
    }
  }
  return out.join("");
}
