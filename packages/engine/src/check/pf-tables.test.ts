import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { checkTree } from "./check-tree.ts";

function findings(tables: string): string[] {
  const files = {
    "/etc/pf.conf": `${tables}block from { <a> <b> }\npass\n`,
    "/etc/hostname.em0": "inet 192.0.2.1 255.255.255.0\n",
    "/etc/mygate": "192.0.2.254\n",
  };
  return checkTree(files, parseSystem("openbsd-7.8") as System)
    .filter((one) => /table/.test(one.code))
    .map((one) => `${one.code} ${one.message}`);
}

describe("tables", () => {
  it("names entries that another one covers, in both families", () => {
    const found = findings(
      "table <a> { 10.0.0.0/8 10.1.0.0/16 2001:db8::/32 2001:db8:1::/48 }\ntable <b> { 192.0.2.7 }\n",
    );
    expect(found).toEqual([
      "pf/table-overlap Table <a> holds entries that others of it cover: 10.1.0.0/16 (in 10.0.0.0/8), 2001:db8:1::/48 (in 2001:db8::/32).",
    ]);
  });

  it("knows that an exception and what lies inside it mean something", () => {
    expect(findings("table <a> { 10.0.0.0/8 !10.1.0.0/16 10.1.2.0/24 }\ntable <b> { 192.0.2.7 }\n")).toEqual([]);
  });

  it("sees two tables that are the same", () => {
    const found = findings("table <a> { 10.0.0.1 10.0.0.9 }\ntable <b> { 10.0.0.9 10.0.0.1 }\n");
    expect(found[0]).toMatch(/^pf\/same-table Table <b> holds the same addresses as <a>/);
  });

  it("says nothing of a macro that a broken statement seems to define", () => {
    const files = { "/etc/pf.conf": "nat on em0 from 10.0.0.0/8 to any -> (em0)\npass\n" };
    const codes = checkTree(files, parseSystem("openbsd-7.8") as System).map((one) => one.code);
    expect(codes).toContain("pf/other-dialect");
    expect(codes).not.toContain("pf/unused-macro");
  });

  it("two tables that disagree about an address", () => {
    const told = (rules: string): string[] =>
      checkTree(
        {
          "/etc/pf.conf": `table <bad> { 192.0.2.0/24 !192.0.2.9 }\ntable <good> { 192.0.2.7 }\n${rules}`,
          "/etc/hostname.em0": "inet 198.51.100.1 255.255.255.0\n",
          "/etc/mygate": "198.51.100.254\n",
        },
        parseSystem("openbsd-7.8") as System,
      )
        .filter((one) => one.code === "pf/tables-disagree")
        .map((one) => one.message);
    const words = (which: string): string =>
      `192.0.2.7 is in <bad> and in <good>, of which one is passed and the other blocked; the rule for ${which} it.`;
    expect(told("block in from <bad>\npass in from <good>\n")).toEqual([words("<good> passes")]);
    expect(told("block in quick from <bad>\npass in from <good>\n")).toEqual([words("<bad> blocks")]);
    expect(told("block in on em0 from <bad>\npass in on em1 from <good>\n")).toEqual([]);
    expect(told("block in from <bad>\npass in to <good>\n")).toEqual([]);
    expect(told("block in from <bad>\npass in proto tcp from <good> to port 22\n")).toEqual([]);
  });
});
