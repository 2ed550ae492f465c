/** Comparison with `*` for what the rules do not determine. */

/** Differences as lines `path: expected …, got …`; empty when there are none. */
export function differences(expected: unknown, got: unknown, path = ""): string[] {
  if (expected === "*") return got === undefined ? [`${path}: missing`] : [];
  if (typeof expected === "string" && expected.includes("*")) {
    return typeof got === "string" && wildcard(expected, got) ? [] : [line(path, expected, got)];
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(got)) return [line(path, expected, got)];
    const lines: string[] = [];
    for (let i = 0; i < Math.max(expected.length, got.length); i++) {
      if (i >= expected.length) lines.push(`${path}[${i}]: unexpected ${JSON.stringify(got[i])}`);
      else if (i >= got.length) lines.push(`${path}[${i}]: missing ${JSON.stringify(expected[i])}`);
      else lines.push(...differences(expected[i], got[i], `${path}[${i}]`));
    }
    return lines;
  }
  if (expected !== null && typeof expected === "object") {
    if (got === null || typeof got !== "object") return [line(path, expected, got)];
    const lines: string[] = [];
    const all = new Set([...Object.keys(expected), ...Object.keys(got)]);
    for (const key of all) {
      const a = (expected as Record<string, unknown>)[key];
      const b = (got as Record<string, unknown>)[key];
      if (a === undefined) lines.push(`${path}.${key}: unexpected ${JSON.stringify(b)}`);
      else if (b === undefined) lines.push(`${path}.${key}: missing ${JSON.stringify(a)}`);
      else lines.push(...differences(a, b, `${path}.${key}`));
    }
    return lines;
  }
  return expected === got ? [] : [line(path, expected, got)];
}

function line(path: string, expected: unknown, got: unknown): string {
  return `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`;
}

/** Whether `text` fits `pattern`; a star stands for a word. */
function wildcard(pattern: string, text: string): boolean {
  const source = pattern
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join("[^ ]*?");
  return new RegExp(`^${source}$`).test(text);
}
