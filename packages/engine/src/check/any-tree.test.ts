import { parseSystem, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, it } from "vitest";
import { checkTree } from "./index.ts";

const WORDS =
  'pass block match in on em0 em1 $ext ext = "em0" from 10.0.0.0/8 to any nat-to (em0) route-to anchor "a" { } state one init run if set-state every 10 inet inet6 alias 10.0.0.1/24 255.255.255.0 NONE dhcp up !route add default 10.0.0.2 ! net.inet.ip.forwarding=1 ifconfig_em0="inet defaultrouter="10.0.0.9" static_routes="a" route_a="-net 10.9.0.0/16 10.0.0.3" \'pfctl -a a -F rules\' $( ` \\ # ; | 2001:db8::1 64 -link -iface'.split(
    " ",
  );

describe("checkTree", () => {
  it("says something about any files, and never throws", () => {
    const text = fc
      .array(
        fc.oneof(
          { weight: 6, arbitrary: fc.constantFrom(...WORDS) },
          { weight: 2, arbitrary: fc.constant("\n") },
          fc.string({ maxLength: 6 }),
        ),
        {
          maxLength: 60,
        },
      )
      .map((words) => words.join(" "));
    const name = fc.constantFrom(
      ..."pf.conf ifstated.conf hostname.em0 hostname.em1 hostname.vlan1 mygate sysctl.conf rc.conf rc.conf.local ifconfig.wm0 netstart.local rc.local hosts".split(
        " ",
      ),
    );
    fc.assert(
      fc.property(
        fc.dictionary(name, text, { maxKeys: 6 }),
        fc.constantFrom("openbsd-7.8", "openbsd-5.7", "openbsd-4.6", "freebsd-14.3", "netbsd-10.1"),
        fc.constantFrom("etc/", ""),
        (files, system, folder) => {
          const tree = Object.fromEntries(Object.entries(files).map(([key, value]) => [folder + key, value]));
          checkTree(tree, parseSystem(system) as System);
        },
      ),
      { numRuns: 250 },
    );
  });
});
