import { type Address, type NetworkInterface, parseAddress, parseSystem, Source, type System } from "@pierhead/core";
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
    ["pass in on em0 route-to {10.0.0.1@em1,10.1.0.1@em2}\n", "pass in on em0 route-to {10.0.0.1,10.1.0.1}\n"],
  ])("5.8 to 7.8: %j", (before, after) => {
    expect(migrated(before, "openbsd-5.8", "openbsd-7.8")).toBe(after);
  });

  it("lets the first translation win by a tag, and binat before nat", () => {
    const text =
      "no nat on em0 from 10.0.0.5 to any\nnat on em0 from 10.0.0.0/24 to any -> (em0)\nbinat on em0 from 10.0.0.9 to any -> 192.0.2.9\npass\n";
    expect(migrated(text, "openbsd-4.6", "openbsd-7.8", true)).toBe(
      "match out on em0 from 10.0.0.9 to any ! tagged TRANSLATED_OUT tag TRANSLATED_OUT nat-to 192.0.2.9 static-port\n" +
        "match in on em0 from any to 192.0.2.9 ! tagged TRANSLATED_IN tag TRANSLATED_IN rdr-to 10.0.0.9\n" +
        "match out on em0 from 10.0.0.5 to any ! tagged TRANSLATED_OUT tag TRANSLATED_OUT\n" +
        "match out on em0 from 10.0.0.0/24 to any ! tagged TRANSLATED_OUT tag TRANSLATED_OUT nat-to (em0)\n" +
        "# (a binat rule stood here: it came before the nat rules, and does now)\npass\n",
    );
  });

  it("passes by default what was translated, and nothing else with a state", () => {
    const text =
      "nat on em0 from 10.0.0.0/24 to any -> (em0)\nrdr on em0 proto tcp to port 80 -> 10.0.0.1\nblock in on em0\n";
    expect(migrated(text, "openbsd-4.6", "openbsd-7.8", true)).toBe(
      `match out on em0 from 10.0.0.0/24 to any ! tagged TRANSLATED_OUT tag TRANSLATED_OUT nat-to (em0)
match in on em0 proto tcp to port 80 ! tagged TRANSLATED_IN tag TRANSLATED_IN rdr-to 10.0.0.1
pass no state\t\t# was the default
pass in tagged TRANSLATED_IN flags any\t\t# translations need a state
pass out tagged TRANSLATED_OUT flags any\t\t# translations need a state
block in on em0
`,
    );
  });

  it("makes a tree of queues of ALTQ", () => {
    const text = `altq on em0 cbq bandwidth 10Mb queue { std, web }   # uplink
queue std bandwidth 40% cbq(default)
queue web bandwidth 6Mb priority 3 cbq(borrow red) { fast }
queue fast bandwidth 50% cbq(borrow)
pass out on em0 queue web
`;
    const { text: result, diagnostics } = migratePf(
      new Source("pf.conf", text),
      system("openbsd-4.6"),
      system("openbsd-7.8"),
    );
    expect(result).toBe(`queue root_em0 on em0 bandwidth 10M   # uplink
queue std parent root_em0 bandwidth 4M max 4M default
queue web parent root_em0 bandwidth 6M
queue fast parent web bandwidth 3M
pass out on em0 set queue web
`);
    expect(diagnostics.map((one) => one.message)).toEqual([
      "Rewritten, but the new queues have no red, priority; for priorities there is `set prio` on rules.",
    ]);
  });

  it.each([
    [
      "block\nmatch out on em0 inet from 10.0.0.0/24 nat-to (em0) # hide\n",
      "nat on em0 inet from 10.0.0.0/24 -> (em0)\nblock\n# match out on em0 inet from 10.0.0.0/24 nat-to (em0) (now a rule of its own, above) # hide\n",
    ],
    [
      "pass in quick on em0 proto tcp to (em0) port 80 rdr-to 10.0.0.1 port 8080 keep state\n",
      "rdr on em0 proto tcp to (em0) port 80 tag TRANSLATED_1 -> 10.0.0.1 port 8080\npass in quick on em0 proto tcp to any tagged TRANSLATED_1 keep state\n",
    ],
    [
      "match in all scrub (no-df max-mss 1400)\npass\n",
      "scrub in all no-df max-mss 1400\n# match in all scrub (no-df max-mss 1400) (now a scrub rule, above)\npass\n",
    ],
  ])("7.8 to FreeBSD 13: %j", (before, after) => {
    expect(migrated(before, "openbsd-7.8", "freebsd-13.5")).toBe(after);
  });

  it("names the interface of a next hop where the other release wants it", () => {
    const interfaces: NetworkInterface[] = [
      {
        name: "em1",
        addresses: [{ address: parseAddress("10.1.0.2") as Address, length: 24 }],
        groups: [],
        link: "up",
        up: true,
        kind: "broadcast",
        mtu: 1500,
        routingDomain: 0,
      },
    ];
    const text = 'gw="10.1.0.1"\npass in on em0 inet from 10.0.0.0/24 route-to $gw\npass in on em0 route-to 10.9.0.1\n';
    const { text: result, diagnostics } = migratePf(
      new Source("pf.conf", text),
      system("openbsd-7.8"),
      system("freebsd-14.3"),
      { interfaces },
    );
    expect(result).toContain("pass in on em0 route-to (em1 $gw) inet from 10.0.0.0/24\n");
    expect(diagnostics.map((one) => one.code)).toEqual(["migrate/left"]);
  });

  it("reports what the other system does not take", () => {
    const { diagnostics } = migratePf(
      new Source("pf.conf", "pass\npass in received-on em1\n"),
      system("openbsd-7.8"),
      system("openbsd-4.6"),
    );
    expect(diagnostics.map((one) => [one.code, one.span.start > 4])).toEqual([["migrate/not-there", true]]);
  });

  it("says what it leaves, with the place", () => {
    const { text, diagnostics } = migratePf(
      new Source("pf.conf", "altq on em0 priq bandwidth 10Mb queue { a }\npass in on em0 route-to em1\nno scrub in\n"),
      system("openbsd-4.6"),
      system("openbsd-7.8"),
    );
    expect(diagnostics.map((one) => one.code)).toEqual(["migrate/left", "migrate/left", "migrate/left"]);
    expect(text).toContain("altq on em0 priq");
  });

  it("changes nothing where nothing differs", () => {
    const text = "match out on em0 nat-to (em0) # x\n\n  pass quick \\\n   proto tcp\n";
    expect(migrated(text, "openbsd-7.0", "openbsd-7.8")).toBe(text);
  });
});
