import { describe, expect, it } from "vitest";
import { concealSecrets } from "./conceal.ts";

describe("a line with a secret in it", () => {
  it.each([
    ["ipsec.conf", 'ike passive esp from a to any psk "hun\\"ter2" tag X', 'psk "*********" tag X'],
    ["ipsec.conf", "esp from a to b authkey 0x54f7 enckey 0x54", "authkey ****** enckey ****"],
    ["iked.conf", 'user "anna" "geheim"', 'user "anna" "******"'],
    ["iked.conf", 'ikev2 "w" psk hunter2', "psk *******"],
    [
      "npppd-users",
      "\t:password=ab\\:c\\\\:framed-ip-address=10.0.0.2:",
      ":password=*******:framed-ip-address=10.0.0.2:",
    ],
    ["npppd.conf", 'address 127.0.0.1 port 1812 secret "hunter2"', 'secret "*******"'],
    ["swanctl.conf", "\t\tsecret = hunter2", "secret = *******"],
    ["swanctl.conf", '\t\tsecret = "a b', 'secret = "***'],
    ["mpd.conf", "\tset radius server 192.0.2.1 hunter2 1812 1813", "server 192.0.2.1 ******* 1812"],
    ["/usr/local/etc/mpd5/mpd.secret", 'anna "ge heim" 10.0.0.2', 'anna "*******" 10.0.0.2'],
    ["/etc/default/chilli", "HS_UAMSECRET=hunter2", "HS_UAMSECRET=*******"],
    ["/etc/chilli.conf", "radiussecret hunter2", "radiussecret *******"],
    ["/etc/hostname.iwm0", 'nwid home wpakey "hunter2"', 'wpakey "*******"'],
  ])("is shown without it: %s", (path, line, shown) => {
    const found = concealSecrets(line, path);
    expect(found).toContain(shown);
    expect(found).toHaveLength(line.length);
  });

  it.each([
    ["site.yaml", "        psk: env:VPN_PSK"],
    ["site.yaml", "bert: { password: env:BERT }"],
    ["pf.conf", "pass out proto tcp all user root # no secret here"],
    ["portal.yaml", "radius: { secret: file:/etc/radius.key }"],
    ["mpd.secret", "# name password address"],
  ])("is left alone where there is none: %s", (path, line) => {
    expect(concealSecrets(line, path)).toBe(line);
  });

  it("comes to an end for a long line", () => {
    for (const line of [
      'psk "'.repeat(20_000),
      ":password=".repeat(20_000),
      "secret ".repeat(20_000),
      "secret".repeat(20_000),
    ]) {
      expect(concealSecrets(line, "x")).toHaveLength(line.length);
    }
  });
});
