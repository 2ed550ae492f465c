import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blankSeparated } from "../text/index.ts";
import { parseRoute } from "./index.ts";

/** A command read and told again; then what there was to say. */
function read(text: string, system = "openbsd-7.8"): string {
  const source = new Source("command", text);
  const words = blankSeparated(text, 0, text.length);
  const { command, diagnostics } = parseRoute(source, words, parseSystem(system) as System, {
    start: 0,
    end: text.length,
  });
  const out: string[] = [];
  if (command !== null) {
    const to = command.destination;
    const parts = [
      command.action,
      to === null ? "" : to.address === null ? to.written : `${to.address}/${to.length}`,
      command.gateway === null ? "" : `via ${command.gateway}`,
      command.interface === null ? "" : `on ${command.interface}`,
      command.interfaceRoute ? "on-link" : "",
      command.sourceAddress === null ? "" : `from ${command.sourceAddress}`,
      command.table === 0 ? "" : `table ${command.table}`,
      command.priority === null ? "" : `priority ${command.priority}`,
      command.label === null ? "" : `label ${command.label}`,
      ...(["reject", "blackhole", "cloning", "multipath"] as const).filter((flag) => command[flag]),
    ];
    out.push(parts.filter((part) => part !== "").join(" "));
  }
  out.push(...diagnostics.map((one) => `${one.severity} ${one.code} ${text.slice(one.span.start, one.span.end)}`));
  return out.join("\n");
}

describe("route", () => {
  const cases: [string, string, string?][] = [
    ["add default 192.0.2.1", "add 0.0.0.0/0 via 192.0.2.1"],
    ["-qn add -inet6 default 2001:db8::1", "add ::/0 via 2001:db8::1"],
    ["add default fe80::1%em0", "add ::/0 via fe80::1 on em0"],
    ["change default 203.0.113.200", "change 0.0.0.0/0 via 203.0.113.200"],
    ["delete default", "delete 0.0.0.0/0"],
    ["add 10/8 192.0.2.1", "add 10.0.0.0/8 via 192.0.2.1"],
    ["add 10.1 192.0.2.1", "add 10.1.0.0/16 via 192.0.2.1"],
    ["add 192.168.1 192.0.2.1", "add 192.168.1.0/24 via 192.0.2.1"],
    ["add 192.168.1.7 192.0.2.1", "add 192.168.1.7/32 via 192.0.2.1"],
    ["add -net 192.168.1.0 -netmask 255.255.255.0 192.0.2.1", "add 192.168.1.0/24 via 192.0.2.1"],
    ["add -net 192.168.1.0 192.0.2.1 255.255.255.0", "add 192.168.1.0/24 via 192.0.2.1", "freebsd-14.3"],
    ["add -net 192.168.1.0 192.0.2.1", "add 192.168.1.0/24 via 192.0.2.1", "netbsd-10.1"],
    ["add -inet6 2001:db8:: -prefixlen 32 ::1 -reject", "add 2001:db8::/32 via ::1 reject"],
    ["add -mpath -priority ospf 10.0.0.0/8 192.0.2.1", "add 10.0.0.0/8 via 192.0.2.1 priority 32 multipath"],
    ["-T 2 add default 192.0.2.1 -label isp", "add 0.0.0.0/0 via 192.0.2.1 table 2 label isp"],
    ["add default 192.0.2.1 -fib 1", "add 0.0.0.0/0 via 192.0.2.1 table 1", "freebsd-14.3"],
    [
      "add -net 192.0.2.1 -netmask 255.255.255.255 -link -cloning -iface vio0",
      "add 192.0.2.1/32 on vio0 on-link cloning",
    ],
    ["add default -ifa 203.0.113.100 192.0.2.1", "add 0.0.0.0/0 via 192.0.2.1 from 203.0.113.100"],
    ["add -host 192.0.2.1 -interface vtnet0", "add 192.0.2.1/32 on vtnet0 on-link", "freebsd-14.3"],
    ["add default -ifp pppoe0 0.0.0.1", "add 0.0.0.0/0 via 0.0.0.1 on pppoe0"],
    ["add -blackhole 10.0.0.0/8 127.0.0.1", "add 10.0.0.0/8 via 127.0.0.1 blackhole"],
    ["flush", "flush"],
    ["-n show", "show"],
    ["sourceaddr -ifp em0", "other"],
    [
      "add -net 192.0.2.1 -link -cloning -iface vioif0",
      "add 192.0.2.1/32 on vioif0 on-link cloning\nwarning route/cloning-gone -cloning",
      "netbsd-10.1",
    ],
    ["ad default 192.0.2.1", "error route/unknown-command ad"],
    ["add default", "error route/missing-gateway add default"],
    ["add", "error route/missing-destination add"],
    ["add -netmsk 255.0.0.0 10.0.0.0 192.0.2.1", "error route/unknown-modifier -netmsk"],
    ["add default 192.0.2.1 -mtu", "error route/missing-argument -mtu"],
    ["add default 192.0.2.1 192.0.2.2", "error route/too-many-words 192.0.2.2"],
    ["add 10.0.0.1/8 192.0.2.1", "add 10.0.0.0/8 via 192.0.2.1\nwarning route/host-bits 10.0.0.1/8"],
    ["add 2001:db8::/32 192.0.2.1", "add 2001:db8::/32 via 192.0.2.1\nerror route/wrong-family 192.0.2.1"],
    ["add default gateway.example", "add 0.0.0.0/0\nnote route/host-name gateway.example"],
    ["add 10.0.0.0/33 192.0.2.1", "add 10.0.0.0/32 via 192.0.2.1\nerror route/bad-prefix-length 10.0.0.0/33"],
  ];
  for (const [text, expected, system] of cases) it(text, () => expect(read(text, system)).toBe(expected));

  it("never throws", () => {
    const word = fc.constantFrom(
      ..."add change delete flush -net -host -iface -link -inet6 -prefixlen -netmask -T default 10/8 10.0.0.1 :: fe80::1%em0 255.0.0.0 em0 -".split(
        " ",
      ),
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(word, fc.string())),
        fc.constantFrom("openbsd-7.8", "freebsd-15.0", "netbsd-10.1"),
        (words, system) => {
          read(words.join(" "), system);
        },
      ),
      { numRuns: 400 },
    );
  });
});
