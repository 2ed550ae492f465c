import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Diagnostic, parseSystem, type System } from "@pierhead/core";
import { buildMachine, type MachineBuild } from "@pierhead/engine/build";
import { checkBuild } from "@pierhead/engine/check";
import { analyzeFailover, type ConditionReport, type FailoverReport } from "@pierhead/engine/failover";
import { describe, expect, it } from "vitest";

const folder = resolve(import.meta.dirname, "../../shared/articles/two-isps");
const present = existsSync(folder);
const system = parseSystem("openbsd-5.7") as System;

function read(name: string): string {
  return present ? readFileSync(resolve(folder, name), "utf8") : "";
}

function published(): Record<string, string> {
  return { "pf.conf": read("pf.conf"), "ifstated.conf": read("ifstated.conf") };
}

/** With the typing error gone and the names of the cards in one file those of the other. */
function mended(): Record<string, string> {
  const names: readonly (readonly [string, string])[] = [
    ['"dc0"', '"vr1"'],
    ['"fxp0"', '"vr0"'],
    ['"fxp1"', '"vr2"'],
    ["192.168.0.0/24", "192.168.1.0/24"],
  ];
  let pf = read("pf.conf");
  for (const [from, to] of names) pf = pf.replace(from, to);
  return {
    "pf.conf": pf,
    "ifstated.conf": read("ifstated.conf").replace("set-state all working", "set-state allworking"),
  };
}

function check(build: MachineBuild): readonly Diagnostic[] {
  return checkBuild(build);
}

/** `line code`, with what a fix writes. */
function brief(diagnostics: readonly Diagnostic[], name: string): string[] {
  return diagnostics
    .filter(({ source }) => source?.name.endsWith(name))
    .map(({ source, span, code, fix }) => {
      const write = fix === null ? "" : ` => ${fix.edits[0]?.text}`;
      return `${source?.position(span.start).line} ${code}${write}`;
    });
}

describe.skipIf(!present)("the article's gateway (skipped when ../shared is not there)", () => {
  it("as it was published", () => {
    const build = buildMachine(published(), system);
    const found = check(build);
    const ifstated = brief(found, "ifstated.conf");
    const codes = found.map(({ code }) => code);
    expect(ifstated).toContain("102 ifstated/extra-words => allworking");
    expect(build.ifstated?.daemon.errors[0]?.text).toBe("ifstated.conf:102: syntax error");
    // The rest of the file is understood all the same.
    expect(build.ifstated?.configuration.states.map(({ name }) => name)).toEqual([
      "allworking",
      "noisp1",
      "noisp2",
      "alldown",
    ]);
    expect(ifstated).toContain("88 ifstated/dead-default-route");
    expect(codes).toContain("ifstated/states-not-killed");
    const about = (word: string): Diagnostic | undefined => found.find(({ code }) => code.includes(word));
    for (const name of ["dc0", "fxp0", "fxp1", "vr0", "vr1", "vr2"]) {
      expect(about("interfaces-disagree")?.message).toContain(name);
    }
    const networks = about("networks-disagree");
    expect(`${networks?.message} ${networks?.related.map(({ message }) => message)}`).toMatch(/192\.168\.0\.0\/24/);
    expect(`${networks?.message} ${networks?.related.map(({ message }) => message)}`).toMatch(/192\.168\.1\.0\/24/);
    // Nothing false: pfctl of 5.7 takes every rule, and every anchor is called and filled.
    expect(codes).not.toContain("ifstated/rules-do-not-load");
    expect(codes).not.toContain("ifstated/anchor-not-called");
    expect(found.filter(({ severity }) => severity === "error").map(({ code }) => code)).toEqual([
      "ifstated/extra-words",
    ]);
  });

  describe("mended", () => {
    let report: FailoverReport | null = null;
    const analysis = (): FailoverReport => {
      const files = mended();
      const configuration = buildMachine(files, system).ifstated?.configuration;
      if (configuration === undefined) throw new Error("no ifstated.conf");
      report ??= analyzeFailover(() => buildMachine(files, system).machine, configuration);
      return report;
    };
    const under = (name: string): ConditionReport => {
      const found = analysis().conditions.find(({ condition }) => condition.name === name);
      if (found === undefined) throw new Error(name);
      return found;
    };
    const exits = (one: ConditionReport, probe: string): string => {
      const fate = one.fates.find((each) => each.probe.from === "lan" && each.probe.name === probe);
      return [...new Set(fate?.exits.map((exit) => exit.interface))].sort().join(" ");
    };

    it.each([
      ["isp1 up, isp2 up", "allworking", "203.0.113.200", "vr0 vr2", "vr2"],
      ["isp1 down, isp2 up", "noisp1", "203.0.113.200", "vr2", "vr2"],
      ["isp1 up, isp2 down", "noisp2", "198.51.100.100", "vr0", "vr0"],
      ["isp1 down, isp2 down", "alldown", "203.0.113.200", "", ""],
    ])("%s: %s, default route %s, http by %s, https by %s", (name, state, gateway, http, https) => {
      const one = under(name);
      expect(one.state).toBe(state);
      expect(`${one.defaultRoute?.gateway}`).toBe(gateway);
      expect(exits(one, "http")).toBe(http);
      expect(exits(one, "https")).toBe(https);
    });

    it("comes to the same states from every other condition", () => {
      expect(analysis().transitions).toHaveLength(12);
      for (const change of analysis().transitions) {
        expect(change.stateTo).toBe(under(change.to.name).state);
        expect(change.flapping).toBeNull();
      }
    });

    it("is out for as long as `every 10` and `-w 1` say", () => {
      const { worst } = analysis();
      expect(worst?.reaction?.seconds).toBe(12);
      expect(worst?.reaction?.parts.map(({ seconds }) => seconds)).toEqual([10, 1, 1]);
      expect(worst?.reaction?.parts[0]?.why).toContain("every 10");
      expect(worst?.reaction?.parts[1]?.why).toContain("1 s");
    });

    it("leaves connections on the dead line, for it kills no states", () => {
      const broken = analysis().transitions.find(
        ({ from, to }) => from.name === "isp1 up, isp2 up" && to.name === "isp1 up, isp2 down",
      );
      expect(broken?.connections.some(({ fate }) => fate === "stranded")).toBe(true);
    });
  });
});
