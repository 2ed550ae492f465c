/** Files of one host that cannot be about the same host: other interfaces here, other networks there. */
import { type Diagnostic, diagnostic, formatPrefix, type Prefix, type Source, type Span } from "@pierhead/core";
import { type Evidence, ifstatedEvidence, type MachineBuild, pfEvidence } from "../build/index.ts";

interface FileView {
  readonly source: Source;
  readonly title: string;
  readonly evidence: readonly Evidence[];
}

/** Compares pf.conf with ifstated.conf. A machine that declares its interfaces is compared with each by other checks. */
export function checkFiles(build: MachineBuild): Diagnostic[] {
  if (build.pf === null || build.ifstated === null) return [];
  const pf: FileView = { source: build.pf.source, title: "pf.conf", evidence: pfEvidence(build.pf.source) };
  const ifstated: FileView = {
    source: build.ifstated.file.source,
    title: "ifstated.conf",
    evidence: ifstatedEvidence(build.ifstated),
  };
  return [...compareInterfaces(pf, ifstated), ...compareNetworks(pf, ifstated)];
}

/** Both speak of interfaces, and of none in common. */
function compareInterfaces(pf: FileView, ifstated: FileView): Diagnostic[] {
  const here = interfacesOf(pf);
  const there = interfacesOf(ifstated);
  if (here.size === 0 || there.size === 0 || [...here.keys()].some((name) => there.has(name))) return [];
  const first = [...here.values()][0] as Span;
  const other = [...there.values()][0] as Span;
  return [
    diagnostic(
      "machine/interfaces-disagree",
      "warning",
      `pf.conf speaks of ${names(here)}, ifstated.conf of ${names(there)}: rules for interfaces the machine does not have never match.`,
      pf.source,
      definition(pf, [...here.keys()]) ?? first,
      { related: [{ source: ifstated.source, span: other, message: `here it is ${[...there.keys()][0]}` }] },
    ),
  ];
}

/** Both speak of private networks, and no network of one touches one of the other. */
function compareNetworks(pf: FileView, ifstated: FileView): Diagnostic[] {
  const here = networksOf(pf);
  const there = networksOf(ifstated);
  if (here.length === 0 || there.length === 0) return [];
  if (here.some((one) => there.some((other) => touches(one.prefix, other.prefix)))) return [];
  const mine = here[0] as Network;
  const other = there[0] as Network;
  return [
    diagnostic(
      "machine/networks-disagree",
      "warning",
      `${formatPrefix(mine.prefix)} here, but ${formatPrefix(other.prefix)} in ifstated.conf: one of the two is not the network behind this machine.`,
      pf.source,
      definition(pf, [formatPrefix(mine.prefix)]) ?? mine.span,
      { related: [{ source: ifstated.source, span: other.span, message: `${formatPrefix(other.prefix)} here` }] },
    ),
  ];
}

function interfacesOf(file: FileView): Map<string, Span> {
  const found = new Map<string, Span>();
  for (const one of file.evidence) {
    if (!("interface" in one) || one.interface === null || /^(lo|enc|pflog|pfsync)\d*$/.test(one.interface)) continue;
    if (!found.has(one.interface)) found.set(one.interface, one.place.span);
  }
  return found;
}

interface Network {
  readonly prefix: Prefix;
  readonly span: Span;
}

function networksOf(file: FileView): Network[] {
  const found: Network[] = [];
  for (const one of file.evidence) {
    if (one.kind !== "network" || !isPrivate(one.prefix)) continue;
    found.push({ prefix: one.prefix, span: one.place.span });
  }
  return found;
}

function isPrivate({ address }: Prefix): boolean {
  if (address.family === 6) return address.w0 >>> 25 === 0xfc >>> 1;
  return address.w0 >>> 24 === 10 || address.w0 >>> 20 === 0xac1 || address.w0 >>> 16 === 0xc0a8;
}

function touches(a: Prefix, b: Prefix): boolean {
  return a.address.family === b.address.family && a.address.isIn(b.address, Math.min(a.length, b.length));
}

/** The macro definition that gives one of the texts, which is the place to mend. */
function definition(file: FileView, texts: readonly string[]): Span | null {
  const { text } = file.source;
  for (const value of texts) {
    const escaped = value.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    const match = new RegExp(`^[ \\t]*[A-Za-z_]\\w*[ \\t]*=[ \\t]*["']?[^"'\\n]*(${escaped})(?![\\w.])`, "m").exec(
      text,
    );
    if (match === null) continue;
    const start = match.index + match[0].length - value.length;
    return { start, end: start + value.length };
  }
  return null;
}

function names(found: ReadonlyMap<string, Span>): string {
  const all = [...found.keys()].sort();
  if (all.length === 1) return all[0] as string;
  return `${all.slice(0, -1).join(", ")} and ${all[all.length - 1]}`;
}
