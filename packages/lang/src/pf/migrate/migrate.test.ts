import { parseSystem, Source, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { migratePf } from "./migrate.ts";

const system = (name: string): System => parseSystem(name) as System;

function migrated(text: string, from: string, to: string, guard = false): string {
  return migratePf(new Source("pf.conf", text), system(from), system(to), { guard }).text;
}

describe("migrate", () => {
  it.each([
    [
      "nat on em0 from 10.0.0.0/24 to any -> (em0) # hide\npass\n",
      "match out on em0 from 10.0.0.0/24 to any nat-to (em0) # hide\npass\n",
    ],
    [
      "rdr pass log on em0 inet proto tcp from any to any port 80 -> 10.0.0.1 port 8080\npass\n",
      "pass in log quick on em0 inet proto tcp from any to any port 80 rdr-to 10.0.0.1 port 8080\npass\n",
    ],
    [
      "binat on em0 from 10.0.0.1 to any -> 192.0.2.1\npass\n",
      "match on em0 from 10.0.0.1 to any binat-to 192.0.2.1\npass\n",
    ],
    ["scrub in all\npass\n", "# scrub in all (fragments are reassembled by default)\npass\n"],
    ["scrub in on em0 all no-df max-mss 1400\n", "match in on em0 scrub (no-df max-mss 1400)\n"],
    [
      "pass in on em0 route-to (em1 10.0.0.1) inet proto tcp from any to any keep state\n",
      "pass in on em0 inet proto tcp from any to any keep state route-to 10.0.0.1\n",
    ],
    ["set require-order no\npass\n", "# set require-order no (statements come in any order now)\npass\n"],
    ['nat-anchor "a"\nanchor "a"\n', '# nat-anchor "a" (one anchor holds all kinds of rules now)\nanchor "a"\n'],
  ])("4.6 to 7.8: %j", (before, after) => {
    expect(migrated(before, "openbsd-4.6", "openbsd-7.8")).toBe(after);
  });

  it.each([
    [
      "pass in on em0 route-to { (em1 10.0.0.1), (em2 10.1.0.1) } round-robin\n",
      "pass in on em0 route-to { 10.0.0.1, 10.1.0.1 } round-robin\n",
    ],
    ["pass in on em0 reply-to 10.0.0.1@em1\n", "pass in on em0 reply-to 10.0.0.1\n"],
  ])("5.8 to 7.8: %j", (before, after) => {
    expect(migrated(before, "openbsd-5.8", "openbsd-7.8")).toBe(after);
  });

  it("lets the first translation win by a tag, and binat before nat", () => {
    const text =
      "no nat on em0 from 10.0.0.5 to any\nnat on em0 from 10.0.0.0/24 to any -> (em0)\nbinat on em0 from 10.0.0.9 to any -> 192.0.2.9\npass\n";
    expect(migrated(text, "openbsd-4.6", "openbsd-7.8", true)).toBe(
      "match on em0 from 10.0.0.9 to any ! tagged TRANSLATED tag TRANSLATED binat-to 192.0.2.9\n" +
        "match out on em0 from 10.0.0.5 to any ! tagged TRANSLATED tag TRANSLATED\n" +
        "match out on em0 from 10.0.0.0/24 to any ! tagged TRANSLATED tag TRANSLATED nat-to (em0)\n" +
        "# (a binat rule stood here: it came before the nat rules, and does now)\npass\n",
    );
  });

  it("says what it leaves, with the place", () => {
    const { text, diagnostics } = migratePf(
      new Source("pf.conf", "altq on em0 cbq bandwidth 10Mb queue { a }\npass in on em0 route-to em1\nno scrub in\n"),
      system("openbsd-4.6"),
      system("openbsd-7.8"),
    );
    expect(diagnostics.map((one) => one.code)).toEqual(["migrate/left", "migrate/left", "migrate/left"]);
    expect(text).toContain("altq on em0 cbq");
  });

  it("changes nothing where nothing differs", () => {
    const text = "match out on em0 nat-to (em0) # x\n\n  pass quick \\\n   proto tcp\n";
    expect(migrated(text, "openbsd-7.0", "openbsd-7.8")).toBe(text);
  });
});
