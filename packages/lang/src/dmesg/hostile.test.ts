import { readFileSync } from "node:fs";
import { Source } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inventoryCard } from "./card.ts";
import type { Inventory } from "./facts.ts";
import { inventoryJson } from "./json.ts";
import { MAXIMUM_LINE } from "./lines.ts";
import { parseDmesg } from "./parse.ts";

/** What must hold of every inventory, whatever the text. */
function lawful(text: string): Inventory {
  const source = new Source("log", text);
  const inventory = parseDmesg(source);
  const { total, facts, passed, unknown } = inventory.lines;
  expect(facts + passed + unknown).toBe(total);
  expect(inventory.unknownLines.length).toBe(unknown);
  for (const number of inventory.unknownLines) expect(source.line(number)).not.toBe("");
  const spans = [
    inventory.system,
    inventory.product,
    inventory.processor,
    inventory.memory.total,
    inventory.memory.available,
    inventory.virtualisation,
    inventory.canHost,
    ...inventory.storage,
    ...inventory.interfaces,
    ...inventory.crypto,
    ...inventory.unattached,
    ...inventory.firmware,
  ].flatMap((fact) => (fact === null ? [] : [fact.span]));
  for (const { start, end } of spans) {
    // Each span is one whole line.
    expect(start).toBeGreaterThanOrEqual(0);
    expect(start).toBeLessThan(end);
    expect(end).toBeLessThanOrEqual(text.length);
    expect(start === 0 || text[start - 1] === "\n").toBe(true);
    expect(text.slice(start, end)).not.toContain("\n");
    expect(end === text.length || text[end] === "\n" || text.startsWith("\r\n", end)).toBe(true);
  }
  for (const { bytes } of inventory.storage)
    expect(bytes === null || (bytes >= 0 && Number.isFinite(bytes))).toBe(true);
  for (const line of inventoryCard(inventory)) {
    expect(line).not.toMatch(/[\n\r]/);
    expect(line).not.toContain("undefined");
    expect(line).not.toContain("NaN");
  }
  JSON.stringify(inventoryJson(inventory, { unknown: true }));
  return inventory;
}

// The golden logs beside this file are where mutation starts.
const GOLDEN: string[] = ["openbsd", "freebsd", "netbsd", "linux", "u-boot"].flatMap((name) =>
  [...readFileSync(new URL(`./${name}.test.ts`, import.meta.url), "utf8").matchAll(/card\(\s*`([^`]*)`/g)].map(
    (match) => match[1] as string,
  ),
);

describe("hostile logs", () => {
  it("has golden logs to start from", () => {
    expect(GOLDEN.length).toBeGreaterThan(30);
  });

  it("any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), (text) => {
        lawful(text);
      }),
      { numRuns: 300 },
    );
  });

  it("golden logs with bytes changed, lines moved, cut, doubled and joined", () => {
    const edit = fc.record({
      kind: fc.constantFrom("byte", "drop", "double", "swap", "join", "cut", "insert"),
      at: fc.nat(),
      to: fc.nat(),
      text: fc.string({ unit: "binary", maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.nat(), fc.array(edit, { minLength: 1, maxLength: 12 }), (which, edits) => {
        let lines = (GOLDEN[which % GOLDEN.length] as string).split("\n");
        for (const { kind, at, to, text } of edits) {
          const i = at % lines.length;
          const j = to % lines.length;
          const line = lines[i] as string;
          const column = line.length === 0 ? 0 : to % line.length;
          if (kind === "byte") lines[i] = line.slice(0, column) + text + line.slice(column + 1);
          else if (kind === "cut") lines[i] = line.slice(0, column);
          else if (kind === "drop" && lines.length > 1) lines = lines.toSpliced(i, 1);
          else if (kind === "double") lines = lines.toSpliced(j, 0, line);
          else if (kind === "swap") [lines[i], lines[j]] = [lines[j] as string, line];
          else if (kind === "join") lines[i] = line + (lines[j] as string);
          else lines = lines.toSpliced(i, 0, text);
        }
        lawful(lines.join("\n"));
      }),
      { numRuns: 600 },
    );
  });

  it("CRLF, a byte order mark, and no last line end make no difference", () => {
    const words = (inventory: Inventory): unknown => ({ ...(inventoryJson(inventory) as object), file: "" });
    for (const log of GOLDEN) {
      const plain = words(lawful(log));
      expect(words(lawful(log.replaceAll("\n", "\r\n")))).toEqual(plain);
      expect(words(lawful(`\ufeff${log}\n`))).toEqual(plain);
    }
  });

  it("a syslog's prefix makes no difference to the facts", () => {
    for (const log of GOLDEN) {
      if (/^\[|^\s/m.test(log)) continue;
      const stamped = log.replace(/^/gm, "Nov 24 08:16:05 gw /bsd: ");
      expect(inventoryCard(lawful(stamped))).toEqual(inventoryCard(lawful(log)));
    }
  });

  it("stays bounded by what a machine can have", () => {
    const head = "OpenBSD 6.7 (GENERIC) #1: x\n    a@b:/usr/src/sys/arch/amd64/compile/GENERIC\n";
    const many = Array.from(
      { length: 5_000 },
      (_, i) => `em${i} at pci0 dev 1 function 0 "x" rev 0x01: address 0:0:0:0:0:1`,
    );
    const inventory = lawful(head + many.join("\n"));
    expect(inventory.interfaces.length).toBe(1_024);
    expect(inventory.diagnostics.map(({ code }) => code)).toEqual(["dmesg/too-many-devices"]);
  });

  it("lines made to make patterns backtrack", () => {
    const pieces = [
      " at pci0",
      ": ",
      '"',
      "<",
      ">",
      "(",
      " x 1 core(s)",
      "00:",
      "cpu0: a",
      ", ",
      "0",
      "-",
      " rev ",
      "unknown ",
      "\t",
    ];
    const heads = [
      "OpenBSD 6.7 (GENERIC) #1: x\n",
      "FreeBSD is a registered trademark\nFreeBSD 13.2-RELEASE GENERIC amd64\n",
      "NetBSD 9.1 (GENERIC) #0: x\n",
      "Linux version 6.1 (x)\n",
      "U-Boot 2020.01 (x)\n",
    ];
    const starts = [
      "",
      "cpu0: ",
      "bios0: ",
      "em0: ",
      "em0 at pci0 dev 0 function 0 ",
      "FreeBSD/SMP: 1 package(s)",
      "DMI: ",
      "CPU: ",
      "Net: ",
      "e1000 0000:00:00.0 eth0: ",
    ];
    for (const head of heads) {
      let text = head;
      for (const start of starts)
        for (const piece of pieces) text += `${start}${piece.repeat(MAXIMUM_LINE / piece.length)}\n`;
      lawful(text);
    }
  });
});
