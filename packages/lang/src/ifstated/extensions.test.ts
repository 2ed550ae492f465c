import { Source } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readIfstated } from "./index.ts";

const PROBES = `gw = "192.0.2.1"
probe isp1 {
	icmp $gw source 192.0.2.2 interface em0
	every 200ms loss 2 of 4 recover 6
	latency 200ms back 150ms
	hold-down 5s
}
probe web { http "http://192.0.2.9:8080/x" every 1 }
probe name { dns 192.0.2.53 query example.org timeout 0.5 }
probe ssh { tcp 2001:db8::1 port 22 }
state on {
	init run "true"
	if ! isp1 && (web || "ping -c1 x" every 0.25) && ! name.link.down
		set-state off
}
state off {
	if isp1.link.up && "x" every 50ms && "y" every 10
		set-state on
}
`;

function read(text: string, extensions: boolean) {
  return readIfstated(new Source("ifstated.conf", text), { extensions });
}

function messages(text: string): string[] {
  return read(text, true).diagnostics.map(({ code, message }) => `${code}: ${message}`);
}

describe("extensions of pierhead monitor", () => {
  it("reads probes and short intervals", () => {
    const { configuration, diagnostics, extended } = read(PROBES, true);
    expect(diagnostics).toEqual([]);
    expect(extended.length).toBe(8);
    const shown = configuration.probes.map(({ span: _, nameSpan: __, ...rest }) => rest);
    expect(shown[0]).toEqual({
      name: "isp1",
      method: "icmp",
      target: "192.0.2.1",
      port: null,
      query: ".",
      source: "192.0.2.2",
      interface: "em0",
      every: 0.2,
      timeout: 0.2,
      loss: { lost: 2, of: 4 },
      recover: 6,
      latency: { limit: 0.2, back: 0.15 },
      holdDown: 5,
    });
    expect(
      shown.slice(1).map(({ method, target, port, query, timeout }) => [method, target, port, query, timeout]),
    ).toEqual([
      ["http", "http://192.0.2.9:8080/x", null, ".", 1],
      ["dns", "192.0.2.53", 53, "example.org", 0.5],
      ["tcp", "2001:db8::1", 22, ".", 1],
    ]);
    const [on] = configuration.states;
    const [condition] = on?.body ?? [];
    expect(JSON.stringify(condition)).toContain('"every":0.25');
  });

  it("takes none of it for ifstated's own language", () => {
    const { diagnostics, configuration, extended } = read(PROBES, false);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(configuration.probes).toEqual([]);
    expect(extended).toEqual([]);
  });

  it("survives whatever is done to it", () => {
    const pieces = PROBES.split(/(?<=\s)/);
    const at = fc.nat({ max: pieces.length - 1 });
    const change = fc.tuple(
      at,
      fc.constantFrom("", "{", "}", "\n", "probe ", '"', "$gw ", "200ms ", "0.", "of ", "\0"),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const copy = [...pieces];
        for (const [index, text] of changes) copy[index] = text;
        const { diagnostics, configuration } = read(copy.join(""), true);
        for (const { source, span } of diagnostics) {
          expect(span.start).toBeLessThanOrEqual(span.end);
          expect(span.end).toBeLessThanOrEqual(source?.text.length ?? 0);
        }
        for (const probe of configuration.probes) expect(probe.every).toBeGreaterThanOrEqual(0.01);
      }),
      { numRuns: 500, seed: 5 },
    );
  });

  it("still lets the daemon judge a file that uses none", () => {
    const plain = 'state a {\n\tif "x" every 10\n\t\trun "y"\n}\n';
    expect(read(plain, true).diagnostics).toEqual([]);
    expect(read(plain.slice(0, -1), true).diagnostics.length).toBe(1);
  });

  it.each([
    ["probe a { icmp x every 1ms }\n", "ifstated/probe: `every` needs a time from 10ms to a day: `200ms`, `0.2`, `1s`"],
    ["probe a { loss 3 of 5 }\n", "ifstated/probe: the probe `a` asks nobody: give it `icmp`, `tcp`, `http` or `dns`"],
    ["probe a { icmp x loss 6 of 5 }\n", "ifstated/probe: loss is written `loss 3 of 5`"],
    ["probe a { icmp -f }\n", "ifstated/probe: `icmp` needs a host to ask"],
    ["probe a { tcp x }\n", "ifstated/probe: the probe `a` needs a `port`"],
    ["probe a { icmp x\n", "ifstated/probe: the probe `a` is not closed; add `}`"],
    ["probe a\n", "ifstated/probe: a probe is `probe name { … }`, the brace on the same line"],
    [
      "probe a { tcp x port 1 interface em0 }\n",
      "ifstated/probe: only an `icmp` probe can be bound to an interface; give `a` a `source`",
    ],
    [
      'state a {\n\tif "x" every 1.\n\t\trun "y"\n}\n',
      "ifstated/invalid-interval: an interval is written `10`, `0.2` or `200ms`, and 10 ms at least",
    ],
  ])("%j: %s", (text, message) => {
    expect(messages(text)).toContain(message);
  });
});
