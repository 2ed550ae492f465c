import { type Diagnostic, diagnostic, type Source, type Span } from "@pierhead/core";
import { findLastBoot } from "./boots.ts";
import { Collector, type Verdict } from "./collector.ts";
import type { Inventory, LogFamily, ProcessorFact } from "./facts.ts";
import { freebsdLine } from "./freebsd.ts";
import { eachLine, type LogLine, MAXIMUM_TEXT } from "./lines.ts";
import { linuxLine } from "./linux.ts";
import { netbsdLine } from "./netbsd.ts";
import { openbsdLine } from "./openbsd.ts";
import { identifyProcessor, nominalMegahertz } from "./processors.ts";
import { ubootLine } from "./u-boot.ts";

const GRAMMARS: Record<LogFamily, (line: LogLine, into: Collector) => Verdict> = {
  openbsd: openbsdLine,
  netbsd: netbsdLine,
  freebsd: freebsdLine,
  junos: freebsdLine,
  linux: linuxLine,
  "u-boot": ubootLine,
};

/**
 * Reads a boot log: which machine is this?
 *
 * Any text is accepted. When it holds several boots the last is read. Cost grows with the length of the text, up to a
 * limit beyond which only the end is read.
 *
 * @returns the facts, each with its line; lines of no known form are counted, and problems are in `diagnostics`
 */
export function parseDmesg(source: Source): Inventory {
  const diagnostics: Diagnostic[] = [];
  let from = 0;
  if (source.text.length > MAXIMUM_TEXT) {
    from = source.text.indexOf("\n", source.text.length - MAXIMUM_TEXT) + 1;
    diagnostics.push(
      diagnostic(
        "dmesg/too-large",
        "warning",
        `The log is longer than ${MAXIMUM_TEXT / 1024 / 1024} MiB: only its end was read.`,
        source,
        { start: 0, end: 0 },
      ),
    );
  }
  const boot = findLastBoot(source, from, source.position(from).line);
  const bootSpan: Span = { start: boot.start, end: source.text.length };
  if (boot.grammar === null) return nothing(source, bootSpan, diagnostics);

  const into = new Collector(source, boot.grammar);
  const grammar = GRAMMARS[boot.grammar];
  const counts = { total: 0, facts: 0, passed: 0, unknown: 0 };
  const unknownLines: number[] = [];
  eachLine(source, boot.start, boot.number, boot.indentation, (line) => {
    counts.total++;
    // Before a kernel says who it is, a boot loader may be speaking.
    let verdict: Verdict = into.system === null && boot.count > 0 ? ubootLine(line, into) : "unknown";
    if (verdict === "unknown") verdict = grammar(line, into);
    if (into.previousWasFact) {
      into.previousWasFact = false;
      if (unknownLines.at(-1) === into.previous?.number) {
        unknownLines.pop();
        counts.unknown--;
        counts.facts++;
      }
    }
    if (verdict === "fact") counts.facts++;
    else if (verdict === "known") counts.passed++;
    else {
      counts.unknown++;
      unknownLines.push(line.number);
    }
    into.previous = line;
  });

  if (boot.count > 1) {
    diagnostics.push(
      diagnostic(
        "dmesg/several-boots",
        "note",
        `The log holds ${boot.count} boots: this is the last one, from line ${boot.number}.`,
        source,
        { start: boot.start, end: boot.start },
      ),
    );
  }
  if (boot.count === 0) {
    diagnostics.push(
      diagnostic(
        "dmesg/no-system",
        "warning",
        "The beginning of the boot is missing: no line says which system and version this is. Use the copy the system " +
          "keeps (/var/run/dmesg.boot on the BSDs, `journalctl -k -b` on Linux).",
        source,
        { start: boot.start, end: boot.start },
      ),
    );
  }
  diagnostics.push(...into.diagnostics, ...complaints(into));
  if (into.system !== null && into.system.family !== "u-boot") {
    for (const name of into.storage.keys()) if (name.startsWith("usb:")) into.storage.delete(name);
  }
  return {
    source,
    grammar: boot.grammar,
    boots: boot.count,
    bootSpan,
    system: into.system,
    firmware: into.firmware,
    product: into.product,
    processor: finishedProcessor(into),
    memory: { total: into.total, available: into.available },
    storage: [...into.storage.values()],
    interfaces: into.finishedInterfaces(),
    crypto: [...into.crypto.values()],
    virtualisation: into.virtualisation,
    canHost: into.canHost,
    unattached: [...into.unattached.values()],
    lines: counts,
    unknownLines,
    diagnostics,
  };
}

function nothing(source: Source, bootSpan: Span, diagnostics: Diagnostic[]): Inventory {
  diagnostics.push(
    diagnostic(
      "dmesg/not-a-log",
      "error",
      "Nothing in this text looks like the boot log of OpenBSD, FreeBSD, NetBSD, Linux, Junos or U-Boot. Give the " +
        "output of dmesg, or the console's log from power-on.",
      source,
      { start: 0, end: 0 },
    ),
  );
  const lines = { total: 0, facts: 0, passed: 0, unknown: 0 };
  const unknownLines: number[] = [];
  eachLine(source, bootSpan.start, source.position(bootSpan.start).line, "", (line) => {
    lines.total++;
    lines.unknown++;
    unknownLines.push(line.number);
  });
  return {
    source,
    grammar: null,
    boots: 0,
    bootSpan,
    system: null,
    firmware: [],
    product: null,
    processor: null,
    memory: { total: null, available: null },
    storage: [],
    interfaces: [],
    crypto: [],
    virtualisation: null,
    canHost: null,
    unattached: [],
    lines,
    unknownLines,
    diagnostics,
  };
}

/** What a person in front of this box should know before configuring it. */
function complaints(into: Collector): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const device of into.unattached.values()) {
    if (!device.network) continue;
    found.push(
      diagnostic(
        "dmesg/no-driver",
        "warning",
        `The network device "${device.description}" has no driver here: it will not appear as an interface.`,
        into.source,
        device.span,
      ),
    );
  }
  return found;
}

function finishedProcessor(into: Collector): ProcessorFact | null {
  const draft = into.processor;
  const span = draft.name?.span ?? draft.span;
  if (span === null) return null;
  const port = into.system?.architecture ?? null;
  const words = draft.name?.value ?? "";
  const identity = draft.identity ?? identifyProcessor(words, port);
  const listed = draft.listed.size;
  const uniprocessor = into.family === "openbsd" && listed === 1 && into.system?.kernel?.includes(".MP") === false;
  const logical = draft.logical ?? (listed > 0 ? listed : null);
  let cores = draft.cores ?? (draft.coreIds.size > 0 ? draft.coreIds.size : null);
  cores ??= identity.cores;
  if (cores === null && identity.threadsPerCore === 1 && !uniprocessor) cores = logical;
  const order = /-([A-Z]{2,5})$/.exec(words);
  if (identity.crypto === true && order !== null && !into.crypto.has("octcrypto0")) {
    const description = `OCTEON cryptographic unit (order code ${order[1]})`;
    const line = { number: 0, text: "", span, indented: false };
    into.addCrypto("processor", "cipher", description, identity.reference ?? "", line);
  }
  // Machines that mix kinds of cores: "Arm Cortex-A53 (4) + Arm Cortex-A72 (2)"
  const kinds = [...draft.kinds].map(([kind, same]) => `${identifyProcessor(kind, port).name} (${same.size})`);
  const name = kinds.length > 1 ? kinds.join(" + ") : identity.name;
  return {
    name: name === "" ? null : name,
    architecture: identity.architecture,
    megahertz: draft.megahertz ?? nominalMegahertz(words),
    cores,
    logical,
    packages: draft.packages ?? (draft.packageIds.size > 0 ? draft.packageIds.size : null),
    features: [...draft.features].sort(),
    reference: identity.reference,
    span,
  };
}
