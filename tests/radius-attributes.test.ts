/** The table of docs/support/radius.md against the dictionary, both ways. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ATTRIBUTES, type AttributeKind } from "@pierhead/lang/radius-wire";
import { describe, expect, it } from "vitest";

const text = readFileSync(resolve(import.meta.dirname, "../docs/support/radius.md"), "utf8");
const COLUMNS = [
  ["A", "sent"],
  ["a", "understood"],
  ["C", "sent"],
  ["D", "understood"],
  ["d", "understood"],
  ["r", "sent"],
] as const;

/** Name → number and the letters of its row. */
function documented(): Map<string, string> {
  const rows = new Map<string, string>();
  for (const line of text.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    const name = /^`([A-Za-z0-9-]+)`$/.exec(cells[1] ?? "")?.[1];
    if (name === undefined || cells.length !== 10) continue;
    expect(rows.has(name), `${name} stands twice`).toBe(false);
    const letters = COLUMNS.map(([letter, word], index) => {
      const cell = cells[3 + index];
      expect(["", word], `${name}: ${cell}`).toContain(cell);
      return cell === word ? letter : "";
    });
    rows.set(name, `${cells[2]} ${letters.join("")}`);
  }
  return rows;
}

describe("docs/support/radius.md", () => {
  it("says of each attribute what the dictionary says, and of no other", () => {
    const kinds: [string, AttributeKind][] = Object.entries(ATTRIBUTES);
    const dictionary = new Map(
      kinds.map(([name, { vendor, type, use }]) => [name, `${vendor === 0 ? type : `${vendor}:${type}`} ${use}`]),
    );
    expect(documented()).toEqual(dictionary);
    expect(dictionary.size).toBeGreaterThan(60);
  });
});
