import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluateRcConf, parseRcConf, printRcConf } from "./index.ts";

function read(text: string, system = "freebsd-14.3"): string {
  const source = new Source("rc.conf", text);
  const file = parseRcConf(source, parseSystem(system) as System);
  expect(printRcConf(file)).toBe(text);
  return [
    ...[...evaluateRcConf([file]).values()].map((one) => `${one.name}=${one.value}${one.opaque ? " ?" : ""}`),
    ...file.diagnostics.map((one) => {
      const { line, column } = source.position(one.span.start);
      return `${line}:${column} ${one.severity} ${one.code}`;
    }),
  ].join("\n");
}

describe("rc.conf", () => {
  const cases: [string, string, string, string?][] = [
    ["quotes", "hostname=\"a\"\ndumpdev='b'\nkeymap=c\n", "hostname=a\ndumpdev=b\nkeymap=c"],
    [
      "the guest of the article",
      'ifconfig_vtnet0="inet 198.51.100.10/32"\ngateway_if="vtnet0"\ngateway_ip="192.0.2.1"\nstatic_routes="gateway default"\nroute_gateway="-host $gateway_ip -interface $gateway_if"\nroute_default="default $gateway_ip"\n',
      "ifconfig_vtnet0=inet 198.51.100.10/32\ngateway_if=vtnet0\ngateway_ip=192.0.2.1\nstatic_routes=gateway default\nroute_gateway=-host 192.0.2.1 -interface vtnet0\nroute_default=default 192.0.2.1",
    ],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is shell
    ["braces and defaults", 'a=1\nhostname="${a}x${b:-2}${a:+3}"\n', "a=1\nhostname=1x23"],
    ["single quotes keep dollars", "hostname='$a'\n", "hostname=$a"],
    [
      "over two lines",
      'static_routes="one \\\ntwo"\nroute_one="10.0.0.0/8 192.0.2.1"\nroute_two="a"\n',
      "static_routes=one two\nroute_one=10.0.0.0/8 192.0.2.1\nroute_two=a",
    ],
    ["several on a line", "hostname=a; keymap=b # c\n", "hostname=a\nkeymap=b"],
    ["export", "export hostname=a\n", "hostname=a"],
    ["command substitution", "hostname=`hostname`.example\n", "hostname=.example ?"],
    [
      "appending",
      'cloned_interfaces="lo1"\ncloned_interfaces="$cloned_interfaces vlan1"\n',
      "cloned_interfaces=lo1 vlan1",
    ],
    ["shell", "if true; then\n hostname=a\nfi\n", "hostname=a"],
    ["blank around equals", 'gateway_enable = "YES"\n', "1:1 error rc-conf/blank-around-equals"],
    ["unquoted blank", "ifconfig_em0=inet 10.0.0.1\n", "1:19 error rc-conf/unquoted-blank"],
    ["open quote", 'hostname="a\nkeymap=b\n', "hostname=a\nkeymap=b\n\n1:10 error rc-conf/open-quote"],
    ["not yes or no", "gateway_enable=maybe\n", "gateway_enable=maybe\n1:16 error rc-conf/not-yes-or-no"],
    ["slip", "gatway_enable=YES\n", "gatway_enable=YES\n1:1 warning rc-conf/unknown-name"],
    ["a port's variable", "nginx_enable=YES\nopenvpn_enable=YES\n", "nginx_enable=YES\nopenvpn_enable=YES"],
    [
      "unset",
      'route_a="default $gw"\nstatic_routes=a\n',
      "route_a=default \nstatic_routes=a\n1:18 error rc-conf/unset-variable",
    ],
    [
      "route missing",
      'static_routes="a b"\nroute_a="10.0.0.0/8 192.0.2.1"\n',
      "static_routes=a b\nroute_a=10.0.0.0/8 192.0.2.1\n1:18 error rc-conf/route-not-found",
    ],
    [
      "route not listed",
      'route_a="10.0.0.0/8 192.0.2.1"\n',
      "route_a=10.0.0.0/8 192.0.2.1\n1:1 warning rc-conf/route-not-listed",
    ],
    ["twice", "keymap=a\nkeymap=b\n", "keymap=b\n2:1 warning rc-conf/set-twice"],
    [
      "OpenBSD",
      'isakmpd_flags="-K"\nipsec=YES\nnpppd_flags=""\n',
      "isakmpd_flags=-K\nipsec=YES\nnpppd_flags=",
      "openbsd-7.8",
    ],
    ["OpenBSD blanks and comments", "pf = NO # off\n", "pf=NO", "openbsd-7.8"],
    ["OpenBSD unknown name", "gateway=YES\n", "gateway=YES\n1:1 warning rc-conf/ignored-name", "openbsd-7.8"],
    ["OpenBSD no line of its", "ipsec\n", "1:1 warning rc-conf/ignored-line", "openbsd-7.8"],
    ["OpenBSD before 5.6", 'a=1\nnamed_flags="-p $a"\n', "a=1\nnamed_flags=-p 1", "openbsd-5.0"],
    [
      "OpenBSD expands nothing",
      "ntpd_flags=-f$x\n",
      "ntpd_flags=-f$x\n1:12 warning rc-conf/not-expanded",
      "openbsd-7.8",
    ],
  ];
  for (const [title, text, expected, system] of cases) it(title, () => expect(read(text, system)).toBe(expected));

  it("knows where each word comes from", () => {
    const text = 'a="10.0.0.1"\nifconfig_em0="inet $a netmask 255.0.0.0"\n';
    const file = parseRcConf(new Source("rc.conf", text), parseSystem("freebsd-14.3") as System);
    const words = evaluateRcConf([file]).get("ifconfig_em0")?.words ?? [];
    expect(words.map((word) => text.slice(word.span.start, word.span.end))).toEqual([
      "inet",
      "$a",
      "netmask",
      "255.0.0.0",
    ]);
  });

  it("reads CR LF and a byte order mark", () =>
    expect(read('\ufeffkeymap="a"\r\ngateway_enable=YES\r\n')).toBe("keymap=a\ngateway_enable=YES"));

  it("never throws", () => {
    const piece = fc.constantFrom(
      '"',
      "'",
      "`",
      "$",
      "${",
      "}",
      "$(",
      ")",
      "\\",
      "\n",
      "=",
      "a",
      "a=",
      " ",
      ";",
      "#",
      "\r\n",
      "\ufeff",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 60 }), (pieces) => {
        for (const system of ["freebsd-14.3", "netbsd-10.1", "openbsd-7.8"]) read(pieces.join(""), system);
      }),
      { numRuns: 400 },
    );
  });
});
