import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Source } from "@pierhead/core";
import { formatIfstatedJson, printIfstated, readIfstated } from "@pierhead/lang/ifstated";
import { describe, expect, it } from "vitest";

const corpus = resolve(import.meta.dirname, "../../../shared/corpus/ifstated");
const present = existsSync(corpus);

describe.skipIf(!present)("corpus/ifstated (skipped when ../shared is not there)", () => {
  const names = present ? readdirSync(corpus).filter((name) => name.endsWith(".conf")) : [];
  const interfaces = new Set<string>(
    present
      ? (JSON.parse(readFileSync(resolve(corpus, "interfaces.json"), "utf8")) as { name: string }[]).map((i) => i.name)
      : [],
  );
  let passed = 0;

  it.each(names)("%s", (file) => {
    const base = resolve(corpus, file.slice(0, -".conf".length));
    const text = readFileSync(`${base}.conf`, "utf8");
    const read = readIfstated(new Source("ifstated.conf", text), { interfaces });
    expect(printIfstated(read.file)).toBe(text);
    const errors = read.diagnostics.filter(({ severity }) => severity === "error");
    if (existsSync(`${base}.err`)) {
      expect(read.daemon.errors.map((error) => `${error.text}\n`).join("")).toBe(readFileSync(`${base}.err`, "utf8"));
      expect(errors.length).toBeGreaterThan(0);
      // The fallback is for what nobody thought of.
      expect(errors.map(({ code }) => code)).not.toContain("ifstated/daemon-rejects");
    } else {
      expect(errors).toEqual([]);
      expect(read.daemon.accepted).toBe(true);
      const mine = JSON.parse(formatIfstatedJson(read.configuration));
      expect(mine).toEqual(JSON.parse(readFileSync(`${base}.json`, "utf8")));
    }
    passed++;
  });

  it("all of it", () => {
    console.log(`ifstated: ${passed}/${names.length}`);
    expect(passed).toBe(names.length);
  });
});
