/** Which platforms get in: a line for each, and what there is to know below it. */
import type { ClientPlatform, Compatibility, SameNat } from "@pierhead/site/clients";
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
    const agreed = one.proposal === null || one.phase2 === null ? one.proposal : `${one.proposal}; ESP ${one.phase2}`;
    const what = agreed ?? (one.verdict === "fails" ? "" : one.reason);
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

/** Two of a kind behind one NAT, below the table. */
export function sameNatText(
  protocol: Compatibility["protocol"],
  groups: readonly { readonly answer: SameNat; readonly platforms: readonly ClientPlatform[] }[],
  colors: Colors,
): string {
  if (groups.length === 0) return "";
  const out = [`\n${colors.bold(`Two behind one NAT, ${protocol}`)}\n`];
  const all = new Set<string>();
  const mark = { "both work": colors.green, "one at a time": colors.red, unknown: colors.yellow };
  for (const { answer, platforms } of groups) {
    const { verdict, reason, change, sources } = answer;
    const names = platforms.map((one) => one.title).join("; ");
    out.push(`${mark[verdict](verdict.padEnd(13))}  ${wrap(printable(names), terminalWidth() - 15, " ".repeat(15))}\n`);
    const more = [reason, ...(change === null ? [] : [`to let both in: ${change}`])];
    for (const one of sources) all.add(one);
    for (const text of more) {
      out.push(`               ${colors.dim(wrap(printable(text), terminalWidth() - 15, " ".repeat(15)))}\n`);
    }
  }
  if (all.size > 0) out.push(`${colors.dim(wrap(printable(`read in: ${[...all].join("; ")}`), terminalWidth()))}\n`);
  return out.join("");
}
