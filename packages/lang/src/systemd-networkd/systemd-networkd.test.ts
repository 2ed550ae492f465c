import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitsPattern, parseIni, parseNetworkd, printIni, readNetdev, readNetwork, SYSTEMD_NETWORKD } from "./index.ts";

const LINUX = parseSystem("linux") as System;

/** Codes and the text each points at; the file must come out as it went in, also with CR LF and a byte order mark. */
function findings(text: string, path = "/etc/systemd/network/10-eth0.network"): string[] {
  const at = (content: string): string[] => {
    const source = new Source(path, content);
    const read = SYSTEMD_NETWORKD.read(source, LINUX, path);
    expect(read.print()).toBe(content);
    return read.diagnostics.map((one) => `${one.code} "${content.slice(one.span.start, one.span.end)}"`);
  };
  const found = at(text);
  expect(at(text.replaceAll("\n", "\r\n")).length).toBe(found.length);
  expect(at(`\ufeff${text}`)).toEqual(found);
  return found;
}

/** What the file says, in short. */
function network(text: string): string[] {
  const { configuration } = readNetwork([parseNetworkd(new Source("x.network", text), "network")]);
  return [
    ...configuration.addresses.map(
      (one) =>
        `${one.address}/${one.length}${one.peer === null ? "" : ` peer ${one.peer}`}${one.prefixRoute ? "" : " alone"}`,
    ),
    ...configuration.routes.map(
      (one) =>
        `${one.destination}/${one.length} via ${one.gateway} ${one.onLink === null ? "" : one.onLink ? "on link" : "off link"}${one.metric === 0 ? "" : ` metric ${one.metric}`}`,
    ),
  ].map((one) => one.trim());
}

const MATCH = "[Match]\nName=eth0\n";

describe("systemd-networkd", () => {
  it("reads a guest with a gateway outside its subnet", () => {
    const text = `${MATCH}\n[Network]\nAddress=198.51.100.10/32\n\n[Route]\nDestination=0.0.0.0/0\nGateway=192.0.2.1\nGatewayOnLink=yes\n`;
    expect(findings(text)).toEqual([]);
    expect(network(text)).toEqual(["198.51.100.10/32", "0.0.0.0/0 via 192.0.2.1 on link"]);
  });

  it("reads addresses with peers, and routes of both families", () => {
    const text = `${MATCH}[Address]\nAddress=10.0.0.1\nPeer=10.0.0.2/32\n[Address]\nAddress=2001:db8::1/64\nAddPrefixRoute=no\n[Route]\nGateway=fe80::1\nMetric=7\n[Route]\nDestination=10.1.0.0/16\n`;
    expect(network(text)).toEqual([
      "10.0.0.1/32 peer 10.0.0.2",
      "2001:db8::1/64 alone",
      "::/0 via fe80::1  metric 7",
      "10.1.0.0/16 via null",
    ]);
  });

  it("adds drop-ins behind the file", () => {
    const main = parseNetworkd(new Source("a", `${MATCH}[Network]\nAddress=192.0.2.1/24\n`), "network");
    const more = parseNetworkd(
      new Source("b", "[Match]\nName=eth1\n[Network]\nGateway=192.0.2.254\n"),
      "network",
      true,
    );
    const { configuration, diagnostics } = readNetwork([main, more]);
    expect(configuration.match.names?.patterns).toEqual(["eth0", "eth1"]);
    expect(configuration.routes.map((one) => `${one.gateway}`)).toEqual(["192.0.2.254"]);
    expect(diagnostics).toEqual([]);
    expect(findings("[Route]\nGateway=192.0.2.1\n", "/etc/systemd/network/a.network.d/b.conf")).toEqual([]);
  });

  it("takes the lengths of old for addresses without one", () => {
    const text = `${MATCH}[Network]\nAddress=203.0.113.11\nAddress=10.1.2.3\n`;
    expect(network(text)).toEqual(["203.0.113.11/24", "10.1.2.3/8"]);
    expect(findings(text)).toEqual([
      'systemd-networkd/no-prefix-length "203.0.113.11"',
      'systemd-networkd/no-prefix-length "10.1.2.3"',
    ]);
  });

  const wrong: [string, string, string[]][] = [
    ["no match", "[Network]\nDHCP=yes\n", ['systemd-networkd/no-match "[Network]"']],
    [
      "a broken header",
      "[Match\nName=eth0\n",
      ['systemd-networkd/bad-section-header "[Match"', 'systemd-networkd/outside-section "Name=eth0"'],
    ],
    ["before any section", "Name=eth0\n", ['systemd-networkd/outside-section "Name=eth0"']],
    ["no equals", `${MATCH}eth1\n`, ['systemd-networkd/no-equals "eth1"']],
    ["no key", `${MATCH}=eth1\n`, ['systemd-networkd/no-key "=eth1"']],
    [
      "a slip in a key",
      `${MATCH}[Route]\nGateway=192.0.2.1\nGatewayOnLnk=yes\n`,
      ['systemd-networkd/unknown-key "GatewayOnLnk"'],
    ],
    ["a slip in a section", `${MATCH}[Routes]\nGateway=192.0.2.1\n`, ['systemd-networkd/unknown-section "[Routes]"']],
    ["of another file", `${MATCH}[NetDev]\nName=x\n`, ['systemd-networkd/unknown-section "[NetDev]"']],
    [
      "an old key",
      `${MATCH}[Network]\nDHCPv6PrefixDelegation=yes\n`,
      ['systemd-networkd/old-name "DHCPv6PrefixDelegation"'],
    ],
    [
      "a comment",
      `${MATCH}[Network]\nGateway=192.0.2.1 # ours\n`,
      ['systemd-networkd/comment-in-value "192.0.2.1 # ours"', 'systemd-networkd/bad-gateway "192.0.2.1 # ours"'],
    ],
    ["an address", `${MATCH}[Network]\nAddress=300.0.2.1/24\n`, ['systemd-networkd/bad-address "300.0.2.1/24"']],
    [
      "twice",
      `${MATCH}[Network]\nAddress=192.0.2.1/24\nAddress=192.0.2.1/24\n`,
      ['systemd-networkd/address-twice "192.0.2.1/24"'],
    ],
    [
      "mixed",
      `${MATCH}[Route]\nDestination=2001:db8::/32\nGateway=192.0.2.1\n`,
      ['systemd-networkd/families-mixed "192.0.2.1"'],
    ],
    ["a route to nowhere", `${MATCH}[Route]\nMetric=5\n`, ['systemd-networkd/incomplete "[Route]"']],
    ["an address section without one", `${MATCH}[Address]\nLabel=x\n`, ['systemd-networkd/incomplete "[Address]"']],
    [
      "numbers and words",
      `${MATCH}[Link]\nMTUBytes=x\nMACAddress=02:00\n[Network]\nDHCP=maybe\nIPv6AcceptRA=perhaps\n[Route]\nGateway=192.0.2.1\nMetric=-1\n`,
      [
        'systemd-networkd/bad-number "x"',
        'systemd-networkd/bad-mac "02:00"',
        'systemd-networkd/bad-value "maybe"',
        'systemd-networkd/bad-boolean "perhaps"',
        'systemd-networkd/bad-number "-1"',
      ],
    ],
    ["X- is for others", `${MATCH}X-Note=1\n[X-Mine]\na=b\n`, []],
  ];
  for (const [title, text, expected] of wrong) {
    it(title, () => expect(findings(text).sort()).toEqual([...expected].sort()));
  }

  it("joins a value that a backslash carries over the line end", () => {
    const text = `${MATCH}[Network]\nAddress=192.0.2.1/24 \\\n# between\n\nDHCP=no\n`;
    expect(findings(text)).toEqual(['systemd-networkd/bad-address "192.0.2.1/24 \\\n# between\n\nDHCP=no"']);
    const file = parseIni(new Source("x", text));
    expect(file.sections[1]?.assignments.map((one) => one.value)).toEqual(["192.0.2.1/24  DHCP=no"]);
  });

  it("reads .netdev and .link files", () => {
    const path = "/etc/systemd/network/he6.netdev";
    const text = "[NetDev]\nName=he6\nKind=sit\n[Tunnel]\nLocal=198.51.100.10\nRemote=192.0.2.77\n";
    expect(findings(text, path)).toEqual([]);
    const { configuration } = readNetdev([parseNetworkd(new Source(path, text), "netdev")]);
    expect([configuration.name, configuration.kind, `${configuration.tunnel.remote}`]).toEqual([
      "he6",
      "sit",
      "192.0.2.77",
    ]);
    expect(findings("[NetDev]\nName=he6\n", path)).toEqual(['systemd-networkd/incomplete "[NetDev]"']);
    expect(findings("[NetDev]\nName=a b\nKind=sot\n", path)).toEqual([
      'systemd-networkd/bad-value "a b"',
      'systemd-networkd/bad-value "sot"',
    ]);
    expect(
      findings("[Match]\nMACAddress=02:00:00:12:34:56\n[Link]\nName=wan0\n", "/etc/systemd/network/1.link"),
    ).toEqual([]);
    expect(findings("[Link]\nName=wan0\n", "/etc/systemd/network/1.link")).toEqual([
      'systemd-networkd/no-match "[Link]"',
    ]);
  });

  it("fits patterns as the shell does", () => {
    const cases: [string, string, boolean][] = [
      ["eth0", "eth0", true],
      ["en*", "enp1s0", true],
      ["en*", "eth0", false],
      ["*", "", true],
      ["e?p*0", "enp1s0", true],
      ["[a-e]th[!1]", "eth0", true],
      ["[a-e]th[!0]", "eth0", false],
      ["a\\*", "a*", true],
      ["*a*b*c", "xxaxxbxxc", true],
      ["*a*b*c", "xxaxxbxx", false],
    ];
    for (const [pattern, name, fits] of cases) expect(fitsPattern(pattern, name), `${pattern} ${name}`).toBe(fits);
  });

  it("never throws and loses nothing", () => {
    const piece = fc.constantFrom(
      "[Match]",
      "[Network]",
      "Name=",
      "=",
      "\\",
      "\n",
      "#",
      ";",
      "\r\n",
      "Address=1.2.3.4/",
      "[",
      "x",
      " ",
      "Gateway=::",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 40 }).map((all) => all.join("")),
        ),
        (text) => {
          expect(printIni(parseIni(new Source("x", text)))).toBe(text);
          SYSTEMD_NETWORKD.read(new Source("x", text), LINUX, "/etc/systemd/network/x.network");
          SYSTEMD_NETWORKD.read(new Source("x", text), LINUX, "/etc/systemd/network/x.netdev");
          SYSTEMD_NETWORKD.read(new Source("x", text), LINUX, "/etc/systemd/network/x.link");
        },
      ),
    );
  });
});
