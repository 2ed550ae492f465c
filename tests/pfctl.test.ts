/**
 * What pfctl itself prints, in small: `pfctl-cases.txt` has the input, and below it the output of a pfctl built from the
 * source of that system. A case begins with `===`, the system, what it shows, and the options besides `-nv`; lines that
 * begin with `!` are standard error, with `>` standard output.
 */
import { readFileSync } from "node:fs";
import { type NetworkInterface, parseAddress, parseSystem, type System } from "@pierhead/core";
import { type PfEnvironment, type PrintOptions, pfctlPrint } from "@pierhead/lang/pf";
import { describe, expect, it } from "vitest";

const LOOPBACK: NetworkInterface = {
  name: "lo0",
  kind: "loopback",
  groups: ["lo"],
  addresses: ["::1", "127.0.0.1"].map((text) => {
    const address = parseAddress(text);
    if (address === null) throw new Error(text);
    return { address, length: address.family === 4 ? 8 : 128 };
  }),
  link: "up",
  up: true,
  mtu: 1500,
  routingDomain: 0,
};

function machine(system: string): PfEnvironment {
  return {
    system: parseSystem(system) as System,
    interfaces: [LOOPBACK],
    resolveHost: () => [],
    readFile: () => null,
    userId: (name) => (name === "root" ? 0 : null),
    groupId: (name) => (name === "wheel" ? 0 : null),
  };
}

/** The options of a case, as they stand on pfctl's command line. */
function optionsOf(words: readonly string[]): PrintOptions {
  const letters: Record<string, "options" | "nat" | "filter" | "altq"> = {
    "-O": "options",
    "-N": "nat",
    "-R": "filter",
    "-A": "altq",
  };
  const only: Record<string, boolean> = {};
  const options: Record<string, unknown> = { optimize: "none" };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const letter = letters[word];
    if (letter !== undefined) only[letter] = true;
    else if (word === "-nvv") options.verbose = 2;
    else if (word === "-P") options.portNames = true;
    else if (word === "-o") options.optimize = words[++i];
    else if (word === "-a") options.anchor = words[++i];
    else if (word === "-D") {
      const [name, value] = (words[++i] as string).split("=") as [string, string];
      options.defines = [{ name, value }];
    } else throw new Error(`unknown option ${word}`);
  }
  return Object.keys(only).length === 0 ? options : { ...options, only };
}

interface Case {
  readonly title: string;
  readonly system: string;
  readonly flags: readonly string[];
  readonly lines: string[];
}

function readCases(text: string): Case[] {
  const cases: Case[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("=== ")) {
      const [system, title, flags = ""] = line
        .slice(4)
        .split("|")
        .map((part) => part.trim()) as [string, string, string?];
      cases.push({ system, title, flags: flags.split(" ").filter((word) => word !== ""), lines: [] });
    } else if (line !== "") cases.at(-1)?.lines.push(line);
  }
  return cases;
}

const isOutput = (line: string): boolean => /^([!>] |exit \d$|[!>]$)/.test(line);

describe("pfctl -nvf, in small", () => {
  const cases = readCases(readFileSync(new URL("pfctl-cases.txt", import.meta.url), "utf8"));

  it("has cases", () => expect(cases.length).toBeGreaterThan(0));

  for (const { system, title, flags, lines } of cases) {
    it(`${system}: ${title} ${flags.join(" ")}`, () => {
      const input = lines.filter((line) => !isOutput(line));
      const { stdout, stderr, exit } = pfctlPrint(
        `${input.join("\n")}\n`,
        "pf.conf",
        machine(system),
        optionsOf(flags),
      );
      const output = [
        ...stderr
          .split("\n")
          .slice(0, -1)
          .map((line) => `! ${line}`),
        ...stdout
          .split("\n")
          .slice(0, -1)
          .map((line) => `> ${line}`),
        ...(exit === 0 ? [] : [`exit ${exit}`]),
      ];
      expect(output).toEqual(lines.filter(isOutput));
    });
  }
});
