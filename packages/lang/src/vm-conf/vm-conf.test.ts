import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadVmConf, VM_CONF } from "./index.ts";

const OPENBSD = parseSystem("openbsd-7.8") as System;

/** Codes with what they point at; the file must come out as it went in. */
function findings(text: string): string[] {
  const read = VM_CONF.read(new Source("vm.conf", text), OPENBSD, "/etc/vm.conf");
  expect(read.print()).toBe(text);
  return read.diagnostics.map((one) => `${one.code.slice(8)} "${text.slice(one.span.start, one.span.end)}"`);
}

const vm = (options: string): string => `vm "a" {\n\tdisk "/a.img"\n${options}\n}\n`;

describe("vm.conf", () => {
  it("reads the guests of a rented server", () => {
    const text = [
      'sets="/var/www/htdocs/"',
      'switch "uplink" {',
      "\tinterface veb0",
      "\tlocked lladdr",
      "}",
      'vm "guest.example.com" {',
      "\tmemory 1.5G",
      '\tboot $sets "bsd.rd"',
      "\tdisk /home/guest.img format qcow2",
      '\tinterface tap3 { switch "uplink"',
      "\t\tlocked lladdr 2:0:0:AB:34:56 }",
      '\tinterface switch "uplink" rdomain 1 down',
      "\tlocal interface",
      "}",
      'vm "guest.example.com" instance "copy" {',
      "\tdisable",
      "}",
      "local inet6 prefix fd00:1::/64",
      "staggered start parallel 4 delay 30",
      "",
    ].join("\n");
    const loaded = loadVmConf(new Source("vm.conf", text));
    expect(findings(text)).toEqual([]);
    expect(loaded.accepted).toBe(true);
    expect(loaded.switches.map((one) => [one.name, one.interface, one.locked, one.up])).toEqual([
      ["uplink", "veb0", true, true],
    ]);
    const [guest, copy] = loaded.machines;
    expect([guest?.memory, guest?.boot, guest?.disks[0]?.format]).toEqual([
      1.5 * 2 ** 30,
      "/var/www/htdocs/bsd.rd",
      "qcow2",
    ]);
    expect(
      guest?.interfaces.map((card) => [
        card.name,
        card.switch?.name,
        card.lladdr?.mac,
        card.locked,
        card.rdomain,
        card.up,
        card.local,
      ]),
    ).toEqual([
      ["tap3", "uplink", "02:00:00:ab:34:56", true, null, true, false],
      [null, "uplink", undefined, false, 1, false, false],
      [null, undefined, undefined, false, null, true, true],
    ]);
    expect([copy?.parent, copy?.name, copy?.enabled]).toEqual(["guest.example.com", "copy", false]);
    expect([`${loaded.localPrefix6?.address}`, loaded.staggered]).toEqual(["fd00:1::", { parallel: 4, delay: 30 }]);
  });

  // yacc drops the line it cannot use; the brace that ends the block is then a surprise as well, for vmd too.
  const BRACE = 'syntax-error "}"';
  const wrong: [string, string, string[]][] = [
    ["a switch without interface", 'switch "a" {\n\tup\n}\n', ['switch-without-interface ""a""']],
    ["a card as switch", 'switch "a" {\n\tinterface em0\n}\n', ['switch-interface "em0"', BRACE]],
    ["nothing to boot", 'vm "a" {\n\tmemory 1G\n}\n', ['nothing-to-boot ""a""']],
    ["a name", 'vm "a b" {\n\tdisk /a\n}\n', ['name ""a b""']],
    ["twice", `${vm("")}${vm("")}`, ['name-twice ""a""']],
    ["a MAC", vm("interface { lladdr 02:00 }"), ['lladdr "02:00"', BRACE]],
    ["a group's MAC", vm("interface { lladdr 01:00:5e:00:00:01 }"), ['group-address "01:00:5e:00:00:01"']],
    [
      "one MAC for two",
      vm("interface { lladdr 02:00:00:00:00:01 }\ninterface { lladdr 02:00:00:00:00:01 }"),
      ['lladdr-twice "02:00:00:00:00:01"'],
    ],
    ["one tap for two", vm("interface tap1\ninterface tap1"), ['tap-twice "interface tap1"']],
    ["a switch nobody has", vm('interface { switch "x" }'), ['unknown-switch ""x""']],
    ["five cards", vm(Array(5).fill("interface").join("\n")), ['too-many "interface"', BRACE]],
    ["more cards", vm("interface\ninterfaces 3"), ['more-interfaces ""a""']],
    ["memory", vm("memory 12"), ['memory "12"', BRACE]],
    ["memory twice", vm("memory 1G\nmemory 2G"), ['twice "memory 2G"', BRACE]],
    ["a format", 'vm "a" {\n\tdisk /a format vmdk\n}\n', ['format "vmdk"', BRACE]],
    ["no tap", vm("interface em0"), ['tap "em0"', BRACE]],
    ["a macro", 'a = "x"\nvm $b {\n', ['undefined-macro "$b"', 'unused-macro "a"']],
    ["a word", vm("cpus 2"), ['syntax-error "cpus"', BRACE]],
    ["a prefix", "local prefix 10.0.0.0/24\n", ['prefix "10.0.0.0/24"']],
    ["an open quote", 'vm "a {\n', ['unterminated-quote ""a {\n"', 'syntax-error ""a {\n"']],
    ["an include", 'include "/etc/more.conf"\n', ['include "include "/etc/more.conf""']],
    ["an empty block", 'vm "a" {\n}\n', ['syntax-error "}"']],
  ];
  for (const [title, text, expected] of wrong) it(title, () => expect(findings(text)).toEqual(expected));

  it("goes on after an error", () => {
    const loaded = loadVmConf(new Source("vm.conf", `frob\n${vm("memory 1G")}`));
    expect(loaded.machines.map((one) => one.name)).toEqual(["a"]);
    expect(loaded.accepted).toBe(false);
  });

  it("never throws and loses nothing", () => {
    const piece = fc.constantFrom(
      "vm ",
      '"a" ',
      "{",
      "}",
      "\n",
      "interface ",
      "lladdr ",
      "02:00:00:00:00:01 ",
      "switch ",
      "locked ",
      "$x ",
      "x=y\n",
      "disk /a ",
      ",",
      "\\\n",
      "local ",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 40 }).map((all) => all.join("")),
        ),
        (text) => {
          findings(text);
        },
      ),
    );
  });
});
