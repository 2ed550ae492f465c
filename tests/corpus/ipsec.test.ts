import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { type IpsecEnvironment, ipsecctlPrint, loadIpsec, type PrintOptions } from "@pierhead/lang/ipsec";
import { afterAll, describe, expect, it } from "vitest";
import { corpusFolder, loopbackOnly, readInterfaces, testHosts } from "./openbsd-machine.ts";

const counts = new Map<string, { passed: number; all: number }>();

afterAll(() => {
  for (const [folder, { passed, all }] of counts) console.log(`${folder}: ${passed}/${all}`);
});

function count(folder: string, run: () => void): void {
  const entry = counts.get(folder) ?? { passed: 0, all: 0 };
  counts.set(folder, entry);
  entry.all++;
  run();
  entry.passed++;
}

function optionsOf(name: string): PrintOptions {
  if (/^(sa\d|tcpmd5|sa-)/.test(name)) return { keys: true };
  return /^(ikedel|del-)/.test(name) ? { delete: true } : {};
}

function read(path: string): string | null {
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

function environmentOf(system: System, folder: string, interfaces: IpsecEnvironment["interfaces"]): IpsecEnvironment {
  return {
    system,
    interfaces,
    resolveHost: testHosts,
    readFile: (path) => (path.startsWith(folder) ? read(path) : null),
    hostName: "gw.example.net",
  };
}

/** Every file reads back without loss, and the loaded rules are those that are printed. */
function checkReading(text: string, environment: IpsecEnvironment): void {
  const loaded = loadIpsec(new Source("stdin", text), environment);
  expect(loaded.syntax.print()).toBe(text);
  const print = ipsecctlPrint(text, "stdin", environment);
  expect(loaded.accepted).toBe(print.exit === 0);
  expect(loaded.diagnostics.some(({ severity }) => severity === "error")).toBe(print.exit !== 0);
}

/** Upstream's own cases: `.in` and `.ok`, with errors (which come first) in the same file. */
function upstream(label: string, folder: string, systemName: string): void {
  describe.skipIf(!existsSync(folder))(label, () => {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    const system = parseSystem(systemName) as System;
    for (const file of names.filter((name) => name.endsWith(".in"))) {
      const name = basename(file, ".in");
      it(name, () =>
        count(label, () => {
          const environment = environmentOf(system, folder, loopbackOnly());
          const text = (read(join(folder, file)) as string).replaceAll("DIR", folder);
          const { stdout, stderr } = ipsecctlPrint(text, "stdin", environment, optionsOf(name));
          const printed = name.includes("fail") ? stderr + stdout : stdout;
          expect(printed).toBe(read(join(folder, `${name}.ok`)));
          checkReading(text, environment);
        }),
      );
    }
  });
}

upstream("ipsec-openbsd-4.6", corpusFolder("ipsec-openbsd-4.6"), "openbsd-4.6");
upstream("ipsec-openbsd-7.8/upstream", corpusFolder("ipsec-openbsd-7.8/upstream"), "openbsd-7.8");

const folder = corpusFolder("ipsec-openbsd-7.8");
describe.skipIf(!existsSync(folder))("ipsec-openbsd-7.8", () => {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".in")) : [];
  const system = parseSystem("openbsd-7.8") as System;
  for (const file of names) {
    const name = basename(file, ".in");
    it(name, () =>
      count("ipsec-openbsd-7.8", () => {
        const environment = environmentOf(system, folder, readInterfaces(join(folder, "interfaces.json")));
        const text = read(join(folder, file)) as string;
        const result = ipsecctlPrint(text, "stdin", environment, optionsOf(name));
        const error = read(join(folder, `${name}.err`));
        if (error !== null) {
          expect(result.stderr).toBe(error);
          expect(result.exit).toBe(1);
        } else {
          expect(result.stdout).toBe(read(join(folder, `${name}.ok`)));
          expect(result.stderr).toBe(read(join(folder, `${name}.warn`)) ?? "");
          expect(result.exit).toBe(0);
        }
        checkReading(text, environment);
      }),
    );
  }
});
