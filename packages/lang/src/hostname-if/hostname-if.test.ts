import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHostnameIf, printHostnameIf } from "./index.ts";

const OPENBSD_78 = parseSystem("openbsd-7.8") as System;
const OPENBSD_57 = parseSystem("openbsd-5.7") as System;
const OPENBSD_46 = parseSystem("openbsd-4.6") as System;

/** Commands netstart would run and what there was to say, one a line. */
function read(text: string, system: System = OPENBSD_78, name = "vio0"): string {
  const source = new Source(`hostname.${name}`, text);
  const file = parseHostnameIf(source, system, name);
  expect(printHostnameIf(file)).toBe(text);
  const out: string[] = [];
  for (const command of file.commands) {
    if (command.kind === "shell") {
      out.push(`run ${command.text}`);
      continue;
    }
    const { address, changes } = command.settings;
    const parts = [];
    if (address !== null) {
      const peer = address.peer === null ? "" : ` peer ${address.peer}`;
      if (command.settings.fails) parts.push("fails:");
      const broadcast = address.broadcast === null ? "" : ` broadcast ${address.broadcast}`;
      parts.push(`${address.action} ${address.address}/${address.length}${broadcast}${peer}`);
    }
    for (const { span: _, ...change } of changes) parts.push(JSON.stringify(change).replace(/"/g, ""));
    out.push(parts.join(" ") || "nothing");
  }
  for (const one of [...file.diagnostics].sort((a, b) => a.span.start - b.span.start)) {
    const { line, column } = source.position(one.span.start);
    out.push(`${line}:${column} ${one.severity} ${one.code}`);
  }
  return out.join("\n");
}

describe("hostname.if", () => {
  const cases: [string, string, string, System?][] = [
    ["address with mask", "inet 10.0.0.1 255.255.255.0\n", "replace 10.0.0.1/24"],
    ["NONE for broadcast", "inet 10.0.0.1 255.255.255.0 NONE\n", "replace 10.0.0.1/24"],
    ["broadcast", "inet 10.0.0.1 255.255.255.0 10.0.0.255\n", "replace 10.0.0.1/24 broadcast 10.0.0.255"],
    ["prefix", "inet 10.0.0.1/24\n", "replace 10.0.0.1/24"],
    ["hexadecimal mask", "inet alias 10.0.1.16 0xffffffff\n", "add 10.0.1.16/32"],
    [
      "options after the fields",
      'inet 10.0.0.1 255.255.255.0 NONE description "Bob\'s uplink" mtu 1400\n',
      "replace 10.0.0.1/24 {kind:description,text:Bob's uplink} {kind:mtu,mtu:1400}",
    ],
    ["IPv6", "inet6 2001:db8::1 64\n", "replace 2001:db8::1/64"],
    ["IPv6 alias anycast", "inet6 alias fec0::2 64 anycast\n", "add fec0::2/64"],
    ["IPv6 without length", "inet6 2001:db8::1\n", "replace 2001:db8::1/64"],
    ["destination", "inet 10.0.0.1 255.255.255.255\ndest 10.0.0.2\n", "replace 10.0.0.1/32 peer 10.0.0.2"],
    ["IPv6 destination", "inet6 alias fe80::1 128\ndest fe80::2\n", "add fe80::1/128 peer fe80::2"],
    [
      "autoconf",
      "inet autoconf\ninet6 autoconf\n",
      "{kind:autoconf,family:4,on:true}\n{kind:autoconf,family:6,on:true}",
    ],
    ["dhcp", "dhcp\n", "{kind:autoconf,family:4,on:true}"],
    ["dhcp, old words", "dhcp NONE NONE NONE\n", "{kind:autoconf,family:4,on:true}"],
    [
      "dhcp with options, dropped",
      "dhcp media 100baseTX\n",
      "{kind:autoconf,family:4,on:true}\n1:6 warning hostname-if/dhcp-options",
    ],
    [
      "dhcp with options, kept",
      "dhcp description isp\n",
      "{kind:description,text:isp} {kind:autoconf,family:4,on:true}",
      OPENBSD_57,
    ],
    ["rtsol then", "rtsol\n", "{kind:up} {kind:autoconf,family:6,on:true}", OPENBSD_46],
    ["rtsol now", "rtsol\n", "1:1 error hostname-if/rtsol"],
    [
      "commands",
      "inet 10.0.0.1/24\n!route add 10.1.0.0/16 10.0.0.2\n!echo \\$if\n",
      "replace 10.0.0.1/24\nrun route add 10.1.0.0/16 10.0.0.2\nrun echo vio0",
    ],
    ["a line joined", "inet 10.0.0.1 \\\n255.255.255.0\n", "replace 10.0.0.1/24"],
    ["comments and blanks", "# one\n\n  # two\nup # three\n", "{kind:up}"],
    [
      "pppoe",
      "inet 0.0.0.0 255.255.255.255 NONE pppoedev em0 authproto pap authname a authkey b up\ndest 0.0.0.1\n",
      "replace 0.0.0.0/32 peer 0.0.0.1 {kind:parent,interface:em0,keyword:pppoedev} {kind:other,keyword:authproto,arguments:[{text:pap,span:{start:57,end:60}}]} {kind:other,keyword:authname,arguments:[{text:a,span:{start:70,end:71}}]} {kind:other,keyword:authkey,arguments:[{text:b,span:{start:80,end:81}}]} {kind:up}",
    ],
    [
      "vlan",
      "vnetid 10 parent em0\ninet 10.0.0.1/24\n",
      "{kind:vlan,id:10} {kind:parent,interface:em0,keyword:parent}\nreplace 10.0.0.1/24",
    ],
    [
      "vlan, old",
      "vlan 10 vlandev em0 up\n",
      "{kind:vlan,id:10} {kind:parent,interface:em0,keyword:vlandev} {kind:up}",
    ],
    [
      "carp",
      "inet 10.0.0.9/24 vhid 1 carpdev em0 pass secret advskew 100\n",
      "fails: replace 10.0.0.9/24 broadcast 0.0.0.1 {kind:parent,interface:em0,keyword:carpdev} {kind:other,keyword:pass,arguments:[{text:secret,span:{start:41,end:47}}]} {kind:other,keyword:advskew,arguments:[{text:100,span:{start:56,end:59}}]}\n1:18 error hostname-if/option-in-field",
    ],
    [
      "bridge",
      "add em0\nadd em1\nup\n",
      "{kind:member,interface:em0,add:true,keyword:add}\n{kind:member,interface:em1,add:true,keyword:add}\n{kind:up}",
    ],
    [
      "trunk",
      "trunkproto lacp trunkport em0 trunkport em1 up\n",
      "{kind:other,keyword:trunkproto,arguments:[{text:lacp,span:{start:11,end:15}}]} {kind:member,interface:em0,add:true,keyword:trunkport} {kind:member,interface:em1,add:true,keyword:trunkport} {kind:up}",
    ],
    [
      "groups",
      "inet 10.0.0.1/24\ngroup lan\n-group old\n",
      "replace 10.0.0.1/24\n{kind:group,group:lan,add:true}\n{kind:group,group:old,add:false}",
    ],
    [
      "routing domain, link address",
      "rdomain 2 lladdr 0:1:2:3:4:5\ninet 10.0.0.1/24\n",
      "{kind:routing-domain,number:2} {kind:mac,mac:00:01:02:03:04:05}\nreplace 10.0.0.1/24",
    ],
    [
      "shell characters",
      "inet 10.0.0.1/24 || echo no\n",
      "run ifconfig vio0 inet 10.0.0.1/24 netmask || broadcast echo no",
    ],
    [
      "comment in a field",
      "inet 10.0.0.1/24 # office\n",
      "fails: replace 10.0.0.1/24\n1:18 error hostname-if/comment-in-field",
    ],
    [
      "comment as broadcast",
      "inet 10.0.0.1 255.255.255.0 # office\n",
      "fails: replace 10.0.0.1/24\n1:29 error hostname-if/comment-in-field",
    ],
    [
      "option in a field",
      "inet 10.0.0.1/24 mtu 1400\n",
      "fails: replace 10.0.0.1/24 broadcast 0.0.5.120\n1:18 error hostname-if/option-in-field",
    ],
    ["length as mask", "inet 10.0.0.1 24\n", "fails: replace 10.0.0.1/24\n1:15 error ifconfig/bad-netmask"],
    ["mask with a hole", "inet 10.0.0.1 255.0.255.0\n", "fails: replace 10.0.0.1/8\n1:15 error ifconfig/bad-netmask"],
    ["no mask", "inet 10.0.0.1\n", "replace 10.0.0.1/8\n1:6 warning ifconfig/no-netmask"],
    ["network address", "inet 10.0.0.0/24\n", "replace 10.0.0.0/24\n1:6 warning ifconfig/network-as-address"],
    [
      "second address without alias",
      "inet 10.0.0.1/24\ninet 10.0.1.1/24\n",
      "replace 10.0.0.1/24\nreplace 10.0.1.1/24\n2:6 error hostname-if/address-replaced",
    ],
    [
      "nothing brings it up",
      "description uplink\n",
      "{kind:description,text:uplink}\n1:1 warning hostname-if/never-up",
    ],
    [
      "dest with a comment",
      "inet 10.0.0.1/32\ndest 10.0.0.2 # far\n",
      "replace 10.0.0.1/32\n2:1 error hostname-if/bad-dest",
    ],
    [
      "unknown word",
      "inet 10.0.0.1 255.255.255.0 NONE descriptoin uplink\n",
      "fails: replace 10.0.0.1/24\n1:34 note ifconfig/host-name\n1:46 error ifconfig/unknown-word",
    ],
    ["no line end", "inet 10.0.0.1/24", "replace 10.0.0.1/24\n1:1 warning hostname-if/no-last-newline"],
    ["open quote", 'description "Bob\n', "{kind:description,text:Bob}\n1:13 error hostname-if/open-quote"],
    ["empty", "", ""],
  ];
  for (const [title, text, expected, system] of cases) {
    it(title, () => expect(read(text, system)).toBe(expected));
  }

  it("reads the same with CR LF and a byte order mark", () => {
    const text = "# x\ninet 10.0.0.1 255.255.255.0\n!route add default 10.0.0.2\n";
    const marked = `\ufeff${text.replaceAll("\n", "\r\n")}`;
    expect(read(marked)).toBe(read(text));
  });

  it("keeps secrets out of messages", () => {
    const source = new Source("hostname.iwm0", "nwid home wpakey correct horse battery staple\n");
    const { diagnostics } = parseHostnameIf(source, OPENBSD_78, "iwm0");
    expect(diagnostics.length).toBeGreaterThan(0);
    for (const one of diagnostics) expect(one.message).not.toMatch(/horse|battery|staple|correct/);
  });

  it("never throws and prints what it read", () => {
    const word = fc.constantFrom(
      ..."inet inet6 alias dest dhcp rtsol up mtu 1500 10.0.0.1 10.0.0.1/24 255.255.255.0 NONE # ! \\ \" ' $if ; \n \r\n \t netmask broadcast group wpakey \ufeff \0 :: fe80::1 64".split(
        " ",
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 40 }), (words) => {
        for (const separator of [" ", ""]) {
          const text = words.join(separator);
          for (const system of [OPENBSD_78, OPENBSD_46]) {
            const file = parseHostnameIf(new Source("x", text), system, "vio0");
            expect(printHostnameIf(file)).toBe(text);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
