import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { buildMachine } from "@pierhead/engine/build";
import { checkTree } from "@pierhead/engine/check";
import { findAxes } from "@pierhead/engine/failover";
import { compile } from "@pierhead/engine/ifstated";
import { runScenario } from "@pierhead/engine/scenario";
import { pfctlPrint } from "@pierhead/lang/pf";
import { type BuiltMachine, buildSite, explainLine } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import { siteJsonSchema } from "@pierhead/site/schema";
import { describe, expect, it } from "vitest";

const folder = resolve(import.meta.dirname, "../examples/two-isps-site");
const file = resolve(folder, "site.yaml");
const scenarios = resolve(import.meta.dirname, "../examples/two-isps/scenarios");
const SYSTEMS = ["openbsd-5.7", "openbsd-7.8", "freebsd-14.3"];

function build(system: System, path = file): BuiltMachine {
  const reading = readSite(new Source("site.yaml", readFileSync(path, "utf8")), { system: () => system });
  expect(reading.diagnostics).toEqual([]);
  return buildSite(reading.site as NonNullable<typeof reading.site>).machines[0] as BuiltMachine;
}

it("publishes the schema that it checks by", () => {
  const published = readFileSync(resolve(import.meta.dirname, "../docs/site.schema.json"), "utf8");
  expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(siteJsonSchema())));
});

function holds(where: string, names: readonly string[], texts: ReadonlyMap<string, string>, system: System): void {
  for (const one of names) {
    it(`holds: ${one}`, () => {
      const source = new Source(one, readFileSync(resolve(where, one), "utf8"));
      const result = runScenario(source, { readTree: () => texts, system });
      expect(result.startErrors).toEqual([]);
      expect(result.diagnostics).toEqual([]);
      expect(result.steps.flatMap((step) => step.failures)).toEqual([]);
      expect(result.ok).toBe(true);
    });
  }
}

/** The lines that decide, for one system; the whole tree is in `built/`. */
describe.each(SYSTEMS)("two lines on %s", (name) => {
  const system = parseSystem(name) as System;
  const machine = build(system);
  const texts = new Map(machine.files.map((one) => [one.path.slice(1), one.text]));

  it("is what lies in the example", async () => {
    for (const one of machine.files) {
      await expect(one.text).toMatchFileSnapshot(resolve(folder, "built", name, machine.name, one.path.slice(1)));
    }
  });

  it("is read back without findings", () => {
    const found = checkTree(texts, system).filter((one) => one.severity !== "note");
    expect(found.map((one) => `${one.source?.name} ${one.code}`)).toEqual([]);
  });

  const all = readdirSync(scenarios).filter((one) => one.endsWith("-7.8.scenario.yaml"));
  it("saw the scenarios", () => expect(all.length).toBe(6));
  holds(scenarios, all, texts, system);
  const own = resolve(folder, "scenarios");
  holds(own, readdirSync(own), texts, system);

  it("is taken by the system's own tool without a word", () => {
    const { machine: booted } = buildMachine(Object.fromEntries(texts), system);
    const printed = pfctlPrint(texts.get("etc/pf.conf") as string, "/etc/pf.conf", booted.environment());
    expect(printed.stderr.trim()).toBe("Loading anchor balance from /etc/pf/balance.all");
    expect(printed.exit).toBe(0);
    expect(printed.stdout).toContain('anchor "balance" in on vr1 inet from 192.168.1.0/24 to any');
  });

  it("comes out the same each time", () => expect(build(system)).toEqual(machine));

  it("knows where each line comes from", () => {
    const site = { name: "office", machines: [machine] };
    const conf = machine.files.find((one) => one.path === "/etc/pf/balance.all");
    const at = conf?.text.split("\n").findIndex((line) => line.includes("https")) as number;
    const found = explainLine(site, "out/edge/etc/pf/balance.all", at + 1);
    expect(typeof found === "string" ? found : found.from).toEqual([["hosts", "edge", "balance", "pin", 0]]);
    expect(explainLine(site, "edge/etc/nothing", 1)).toContain("is none of the files of this site; there is edge/");
  });
});

/** Lines with leases: the scenarios give one, change it, and let it end. */
describe.each(SYSTEMS)("two leased lines on %s", (name) => {
  const system = parseSystem(name) as System;
  const dhcp = resolve(folder, "dhcp");
  const machine = build(system, resolve(dhcp, "site.yaml"));
  const texts = new Map(machine.files.map((one) => [one.path.slice(1), one.text]));

  it("is what lies in the example", async () => {
    for (const one of machine.files) {
      await expect(one.text).toMatchFileSnapshot(resolve(dhcp, "built", name, machine.name, one.path.slice(1)));
    }
  });

  it("is read back without findings", () => {
    const found = checkTree(texts, system).filter((one) => one.severity !== "note");
    expect(found.map((one) => `${one.source?.name} ${one.code}`)).toEqual([]);
  });

  it("has two things that the world decides: whether each line works", () => {
    const { machine: booted, ifstated } = buildMachine(Object.fromEntries(texts), system);
    const axes = ifstated === null ? [] : findAxes(compile(ifstated.configuration), booted);
    expect(axes.map((one) => one.name)).toEqual(["isp1", "isp2"]);
  });

  const own = resolve(dhcp, "scenarios");
  it("saw the scenarios", () => expect(readdirSync(own).length).toBe(3));
  holds(own, readdirSync(own), texts, system);
});

it("says when a scenario gives a lease that no file of the tree asks for", () => {
  const path = resolve(folder, "dhcp/scenarios/lease-changes.scenario.yaml");
  const system = parseSystem("openbsd-7.8") as System;
  const texts = new Map(build(system).files.map((one) => [one.path.slice(1), one.text]));
  const result = runScenario(new Source(path, readFileSync(path, "utf8")), { readTree: () => texts });
  expect(result.startErrors[0]).toContain("no file of the tree has vr0 ask a server for its address");
});
