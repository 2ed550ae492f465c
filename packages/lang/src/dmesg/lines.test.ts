import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { eachLine, type LogLine, MAXIMUM_LINE, stripPrefixes } from "./lines.ts";

function lines(text: string, indentation = ""): LogLine[] {
  const found: LogLine[] = [];
  eachLine(new Source("log", text), 0, 1, indentation, (line) => found.push(line));
  return found;
}

describe("prefixes of loggers", () => {
  it.each([
    ["[    0.000000] CPU: x", "CPU: x"],
    ["[    0.000/0] CPU: x", "CPU: x"],
    ["[   1.0000000] cpu0 at mainbus0", "cpu0 at mainbus0"],
    ["[    0.000000][    T0] Linux version 6.1", "Linux version 6.1"],
    ["[Tue Nov 24 08:16:05 2015] usb 1-1: new", "usb 1-1: new"],
    ["<6>[    1.234567] em0", "em0"],
    ["kern  :info  : [    0.000000] Linux", "Linux"],
    ["Nov 24 08:16:05 gw /bsd: em0 at pci0", "em0 at pci0"],
    ["Nov  4 08:16:05 gw kernel: em0: <Intel>", "em0: <Intel>"],
    ["Nov 24 08:16:05  srx100 /kernel: JUNOS 12.1X46-D65.4 #0", "JUNOS 12.1X46-D65.4 #0"],
    ["2025-11-24T08:16:05.123456+00:00 gw kernel: [    3.1] eth0", "eth0"],
    ["[    0.000000] gw.example.org kernel: Linux version 6", "Linux version 6"],
    ["> > em0 at pci0", "em0 at pci0"],
    // These are the kernel's own brackets and stay.
    ["[ using 750744 bytes of bsd ELF symbol table ]", "[ using 750744 bytes of bsd ELF symbol table ]"],
    ["[ath_hal] loaded", "[ath_hal] loaded"],
  ])("%s", (before, after) => {
    expect(stripPrefixes(before)).toBe(after);
  });
});

describe("lines", () => {
  it("keeps the span of the whole line, without its end", () => {
    const text = "one\r\n\r\n  two\nthree";
    const found = lines(text);
    expect(found.map(({ number, text: words, indented }) => [number, words, indented])).toEqual([
      [1, "one", false],
      [3, "two", true],
      [4, "three", false],
    ]);
    expect(found.map(({ span }) => text.slice(span.start, span.end))).toEqual(["one", "  two", "three"]);
  });

  it("takes out what terminals eat: escapes, backspaces, a byte order mark", () => {
    const loader = "\u001b[1mbold\u001b[0m |\b/\b-\bdone\u0000\u0007";
    expect(lines(`\ufeff${loader}`).map(({ text }) => text)).toEqual(["bold done"]);
  });

  it("takes off common indentation only where it is", () => {
    expect(lines("\t\ta\n\t\t  b\nc", "\t\t").map(({ text, indented }) => [text, indented])).toEqual([
      ["a", false],
      ["b", true],
      ["c", false],
    ]);
  });

  it("looks at no more of a line than the limit, and still spans it all", () => {
    const [line] = lines("x".repeat(MAXIMUM_LINE * 3));
    expect(line?.text.length).toBe(MAXIMUM_LINE);
    expect(line?.span).toEqual({ start: 0, end: MAXIMUM_LINE * 3 });
  });
});
