import type { FilterCore } from "./core.ts";
import { NODE, type SourceNode } from "./source-node.ts";
import { clock } from "./text.ts";

/** One source node as `pfctl -sS` prints it (`print_src_node()`). */
export function sourceNodeLines(core: FilterCore, node: SourceNode, verbosity: number): string[] {
  const now = core.seconds();
  const elapsed = now - node.rate.last;
  const { seconds } = node.rate;
  const count =
    elapsed >= seconds ? 0 : node.rate.count - Math.trunc(((node.rate.count * elapsed) % 0x1_0000_0000) / seconds);
  const openbsd = core.kernel.shows === "openbsd";
  const what = !openbsd
    ? ` -> ${node.mapped ?? (node.family === 4 ? "0.0.0.0" : "::")}`
    : node.mapped === null || node.mapped.isUnspecified()
      ? ""
      : `${node.type === NODE.nat ? " nat-to " : node.type === NODE.rdr ? " rdr-to " : node.type === NODE.route ? " route-to " : ` ??? (${node.type}) `}${node.mapped}`;
  const rate = `${Math.trunc(count / 1000)}.${Math.trunc((count % 1000) / 100)}/${seconds}s`;
  const lines = [`${node.address}${what} ( states ${node.states}, connections ${node.connections}, rate ${rate} )`];
  if (verbosity === 0) return lines;
  const expires = node.states === 0 ? `, expires in ${clock(Math.max(0, node.expire - now))}` : "";
  const packets = (node.packets[0] as number) + (node.packets[1] as number);
  const bytes = (node.bytes[0] as number) + (node.bytes[1] as number);
  const ruleWord = openbsd ? "rule" : ruleKind(node);
  const rule = node.rule.number < 0 ? "" : `, ${ruleWord} ${node.rule.number}`;
  const kind = core.kernel.shows === "freebsd" ? `, ${NODE_KINDS[node.type]}` : "";
  lines.push(`   age ${clock(now - node.creation)}${expires}, ${packets} pkts, ${bytes} bytes${rule}${kind}`);
  return lines;
}

/** `PF_SN_TYPE_NAMES`. */
export const NODE_KINDS: readonly string[] = [
  "limit source-track",
  "NAT/RDR sticky-address",
  "NAT/RDR sticky-address",
  "route sticky-address",
];

function ruleKind({ rule }: SourceNode): string {
  const { action } = rule.rule;
  return action === "nat" ? "nat rule" : action === "rdr" ? "rdr rule" : "filter rule";
}
