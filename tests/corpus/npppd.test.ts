import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { loadNpppd, npppdJson, npppdPrint } from "@pierhead/lang/npppd";
import { afterAll, describe, expect, it } from "vitest";
import { corpusFolder } from "./openbsd-machine.ts";

const folder = corpusFolder("npppd");
const system = parseSystem("openbsd-7.8") as System;
let passed = 0;
let all = 0;

afterAll(() => {
  if (all > 0) console.log(`npppd: ${passed}/${all}`);
});

describe.skipIf(!existsSync(folder))("npppd", () => {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".conf")) : [];
  for (const file of files) {
    it(basename(file, ".conf"), () => {
      all++;
      const text = readFileSync(join(folder, file), "utf8");
      const loaded = loadNpppd(new Source("npppd.conf", text), system);
      const printed = npppdPrint(text, "npppd.conf", system);
      const expected = join(folder, file.replace(/\.conf$/, ".json"));
      if (existsSync(expected)) {
        expect(printed).toEqual({ stderr: "configuration OK\n", exit: 0 });
        expect(npppdJson(loaded.settings)).toEqual(JSON.parse(readFileSync(expected, "utf8")));
      } else {
        const error = readFileSync(join(folder, file.replace(/\.conf$/, ".err")), "utf8");
        expect(printed).toEqual({ stderr: error, exit: 1 });
        expect(loaded.diagnostics.some(({ severity }) => severity === "error")).toBe(true);
      }
      expect(loaded.syntax.print()).toBe(text);
      passed++;
    });
  }
});
