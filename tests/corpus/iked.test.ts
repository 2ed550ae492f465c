import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { type IkedEnvironment, ikedPrint, loadIked } from "@pierhead/lang/iked";
import { afterAll, describe, expect, it } from "vitest";
import { corpusFolder, readInterfaces, testHosts } from "./openbsd-machine.ts";

const folder = corpusFolder("iked");
let passed = 0;
let all = 0;

afterAll(() => {
  if (all > 0) console.log(`iked: ${passed}/${all}`);
});

describe.skipIf(!existsSync(folder))("iked", () => {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".conf")) : [];
  for (const file of files) {
    it(basename(file, ".conf"), () => {
      all++;
      const environment: IkedEnvironment = {
        system: parseSystem("openbsd-7.8") as System,
        interfaces: readInterfaces(join(folder, "interfaces.json")),
        resolveHost: testHosts,
        readFile: () => null,
      };
      const text = readFileSync(join(folder, file), "utf8");
      const name = basename(file, ".conf");
      const accepted = existsSync(join(folder, `${name}.ok`));
      const expected = readFileSync(join(folder, `${name}.${accepted ? "ok" : "err"}`), "utf8");
      expect(ikedPrint(text, "iked.conf", environment)).toEqual({ stderr: expected, exit: accepted ? 0 : 1 });
      const loaded = loadIked(new Source("iked.conf", text), environment);
      expect(loaded.syntax.print()).toBe(text);
      expect(loaded.diagnostics.some(({ severity }) => severity === "error")).toBe(!accepted);
      passed++;
    });
  }
});
