import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { readPortalConf } from "../portal-conf/index.ts";
import { CHILLI_FATES, CHILLI_OPTIONS, migrateChilli, parseChilliConf, settingsOf } from "./index.ts";

function migrate(
  text: string,
  uplink: string | null = "eth0",
): { file: string; secrets: [string, string][]; notes: string[]; problems: string[] } {
  const {
    text: file,
    secrets,
    notes,
  } = migrateChilli(settingsOf(parseChilliConf(new Source("chilli.conf", text))), {
    firewall: "nftables",
    uplink,
    secretFolder: "/etc/pierhead",
  });
  const reading = readPortalConf(new Source("portal.yaml", file), { secret: () => "0123456789abcdef-0123" });
  return {
    file: file.split("\n").slice(1).join("\n"),
    secrets: [...secrets].map(([name, secret]) => [name, secret.reveal()]),
    notes: notes.map(
      ({ code, severity, source, span }) =>
        `${severity} ${code.slice(12)} ${source?.text.slice(span.start, span.end) ?? "-"}`,
    ),
    problems: reading.diagnostics
      .filter(({ severity }) => severity === "error")
      .map(({ code, message }) => `${code} ${message}`),
  };
}

const RADIUS = "dhcpif eth1\nradiusserver1 192.0.2.20\nradiussecret long-enough-for-anybody\n";

describe("chilli.conf to portal.yaml", () => {
  it("every option has a fate", () => {
    expect([...CHILLI_FATES.keys()].sort()).toEqual([...CHILLI_OPTIONS.keys()].sort());
  });

  it("the least file is read back clean", () => {
    const { file, secrets, notes, problems } = migrate(RADIUS);
    expect(file).toBe(`guests:
  interface: eth1
  addresses:
    - 192.168.182.1/24
uplink:
  interface: eth0
firewall: nftables
signIn:
  - password
radius:
  servers:
    - host: 192.0.2.20
      secret: file:/etc/pierhead/radius.secret
  timeout: 10
  attempts: 2
  nasIdentifier: nas01
  nasAddress: 192.168.182.1
  protocol: pap
  swapOctets: true
  interim: 300
`);
    expect(secrets).toEqual([["radius.secret", "long-enough-for-anybody"]]);
    expect([notes, problems]).toEqual([["note octets radiusserver1"], []]);
  });

  // What a back end took for input stays input: chilli's own word for RFC 2866's way is `swapoctets`.
  it("octets keep the direction they had", () => {
    expect(migrate(RADIUS).file).toContain("swapOctets: true\n");
    const swapped = migrate(`${RADIUS}swapoctets\n`);
    expect([swapped.file.includes("swapOctets"), swapped.notes]).toEqual([false, []]);
  });

  // What is added to the least file, and a line that must be in the outcome.
  const lines: [given: string, expected: string][] = [
    ["net 10.1.0.0/255.255.252.0", "- 10.1.0.1/22"],
    ["net 10.1.0.0/22\nuamlisten 10.1.3.254", "- 10.1.3.254/22"],
    ["uamallowed 192.0.2.9:443", "- 192.0.2.9:443"],
    ["uamallowed tcp:192.0.2.0/255.255.255.0:443", "- tcp:192.0.2.0/24:443"],
    ["uamallowed 17:192.0.2.9", "- udp:192.0.2.9"],
    ["uamdomain .example.org", '- "*.example.org"'],
    ["uamdomain example.org", '- "*.example.org"'],
    ["uamserver https://login.example.org:8443/x.cgi", "- login.example.org:8443"],
    ["uamserver https://login.example.org/x.cgi\nuamport 3999", "port: 3999"],
    ["macauth\nmacpasswd secret-of-macs", "macPassword: file:/etc/pierhead/mac.secret"],
    ["mschapv2", "protocol: mschapv2"],
    ["nochallenge\nuamserver https://login.example.org/", "challenge: false"],
    ["uamserver https://login.example.org/\nssid Pier\nvlan 12", 'ssid: Pier\n    vlan: "12"'],
    [
      "uamserver https://login.example.org/\nuamhomepage http://home.example.org/",
      "homepage: http://home.example.org/",
    ],
    ["uamserver https://login.example.org/\nuamhomepage http://home.example.org/", "- home.example.org:80"],
    ["macauth\nmacsuffix @pier", 'macSuffix: "@pier"'],
    ["macallowed 02-00-00-00-00-07", "- mac"],
    ["radiusnasporttype 15", "nasPortType: 15"],
    ["radiusnasid pier", "nasIdentifier: pier"],
    ["nasip 192.0.2.1", "nasAddress: 192.0.2.1"],
    ["uamlisten 192.168.182.254", "nasAddress: 192.168.182.254"],
    ["definteriminterval 0", "attempts: 2"],
    ["defsessiontimeout 3600", "session: 3600"],
    ["radiusserver2 192.0.2.21", "- host: 192.0.2.21"],
    ["nasmac 02-00-00-00-00-09", "calledStation: 02-00-00-00-00-09"],
    ["radiuslocationname Pier", "name: Pier"],
    ["captiveportalvenue_info_url https://example.org/", "venue: https://example.org/"],
  ];
  for (const [given, expected] of lines) {
    it(given, () => {
      const { file, problems } = migrate(`${RADIUS}${given}\n`);
      expect(file).toContain(`${expected}\n`);
      expect(problems).toEqual([]);
    });
  }

  const told: [given: string, notes: string[]][] = [
    ["uamanydns", ["warning not-carried uamanydns"]],
    ["lease 700", ["note elsewhere lease"]],
    ["seskeepalive", ["note needless seskeepalive"]],
    ["uamallowed icmp:192.0.2.1,localhost", ["warning garden uamallowed", "warning garden uamallowed"]],
    ["uamserver http://192.168.182.1:4990/www/login.chi", ["note own-page uamserver"]],
    [
      "uamserver https://login.example.org/\nuamhomepage http://192.168.182.1:3990/www/coova.html",
      ["note own-page uamhomepage"],
    ],
    ["uamdomain .example.org", ["note names-below uamdomain"]],
    ["uamdomain .example.org\ndns1 192.0.2.53", ["note names-below dns1", "note names-below uamdomain"]],
    ["uamdomain .example.org\ndns1 192.168.182.1", ["note names-below uamdomain"]],
    ["macallowed 02-00-00-00-00-07", ["note mac-list macallowed"]],
    ["macallowed 02-00-00-00-00-07\nmacallowlocal", ["warning not-carried macallowlocal"]],
    ["ssid pier", ["note needless ssid"]],
    ["net bogus", ["error net net"]],
    ["net 10.0.0.0/255.0.255.0", ["error net net"]],
    ["radiusserver2 radius.example.org\ncoaport 3799", ["warning coa-by-name coaport"]],
  ];
  for (const [given, notes] of told) {
    it(`says about ${given}`, () => expect(migrate(`${RADIUS}swapoctets\n${given}\n`).notes).toEqual(notes));
  }

  it("has guests ask the gateway where its resolver opens names, and whom they asked otherwise", () => {
    const dns = "dns1 192.0.2.53\ndns2 192.0.2.54\n";
    expect(migrate(RADIUS + dns).file).toContain("resolvers:\n  - 192.0.2.53\n  - 192.0.2.54\n");
    expect(migrate(`${RADIUS}${dns}uamdomain example.org\n`).file).not.toContain("resolvers");
  });

  it("does not guess the uplink", () => {
    expect(migrate(`${RADIUS}swapoctets\n`, null).notes).toEqual(["error uplink dhcpif"]);
    expect(migrate(`${RADIUS}routeif eth9\n`, null).file).toContain("interface: eth9\n");
  });

  it("no secret is in the file or in what is said", () => {
    const { file, notes } = migrate(`${RADIUS}uamserver https://x.example.org/\nuamsecret a-secret-of-sixteen\n`);
    expect(file + notes.join()).not.toMatch(/long-enough|a-secret-of/);
  });
});
