import { parseAddress } from "@pierhead/core";
import type { Lease4 } from "@pierhead/lang/dhcpv4";
import { type IaLease, type IdentityAssociation, INFINITE } from "@pierhead/lang/dhcpv6";
import { describe, expect, it } from "vitest";
import { CLIENTS } from "./clients/index.ts";
import { type Outlook, outlookOf } from "./outlook.ts";

const lease = (preferred: number, valid: number, length = 128): IaLease => ({
  address: parseAddress(length === 128 ? "2001:db8::10" : "2001:db8:1::") as never,
  length,
  preferred,
  valid,
  status: null,
});
const ia = (t1: number, t2: number, ...leases: IaLease[]): IdentityAssociation => ({
  kind: leases.some(({ length }) => length < 128) ? "IA_PD" : "IA_NA",
  id: 1,
  t1,
  t2,
  leases,
  status: null,
});

function outlooks(...associations: IdentityAssociation[]): Record<string, Outlook> {
  const all: Record<string, Outlook> = {};
  for (const model of CLIENTS) {
    const plan = model.plan6?.(associations);
    if (plan !== undefined) all[`${model.name} ${model.version}`] = outlookOf(model, plan);
  }
  return all;
}

/** `verdict renew rebind`, a span as `earliest-latest`. */
function brief(outlook: Outlook): string {
  const moment = (one: Outlook["renew"]): string =>
    one === null ? "never" : one.earliest === one.latest ? `${one.latest}` : `${one.earliest}-${one.latest}`;
  return outlook.verdict === "none" ? "none" : `${outlook.verdict} ${moment(outlook.renew)} ${moment(outlook.rebind)}`;
}

const NAMES = {
  rfc: "by RFC 8415",
  dhcpcd: "dhcpcd 9.4.1",
  isc: "dhclient (ISC) 4.4.3",
  wide: "dhcp6c (WIDE) 20080615",
  networkd: "systemd-networkd 252",
  odhcp6c: "odhcp6c 2026-06-20",
  openbsd: "dhcp6leased OpenBSD 7.8",
} as const;

/** What each client makes of an association, for an address; OpenBSD's line is for a prefix. */
const CASES: readonly [string, number, number, number, number, Partial<Record<keyof typeof NAMES, string>>][] = [
  [
    "as recommended",
    1000,
    1600,
    2000,
    3000,
    {
      rfc: "kept 1000 1600",
      dhcpcd: "kept 1000 1600",
      isc: "kept 1000 1600",
      wide: "kept 1000 1600",
      networkd: "kept 900-1010 1440-1610",
      odhcp6c: "kept 1000 1600",
      // Renews at 1000, 1300, 1450, 1525, 1585; the next would be after T2.
      openbsd: "kept 1000 1645",
    },
  ],
  [
    "T1 after T2",
    2000,
    1000,
    3000,
    4000,
    {
      rfc: "none",
      dhcpcd: "none",
      isc: "none",
      wide: "none",
      networkd: "none",
      odhcp6c: "none",
      openbsd: "kept 2000 never",
    },
  ],
  [
    "T1 with T2 left open",
    1000,
    0,
    2000,
    3000,
    {
      rfc: "kept 1000 1600",
      dhcpcd: "kept 1000 1600",
      isc: "kept 1000 2250",
      wide: "kept 1000 1600",
      networkd: "none",
      odhcp6c: "kept 1000 1600",
      openbsd: "kept 1000 2642",
    },
  ],
  [
    "T2 with T1 left open",
    0,
    1600,
    2000,
    3000,
    {
      rfc: "kept 1000 1600",
      dhcpcd: "kept 1000 1600",
      isc: "kept 1500 1600",
      wide: "kept 1000 1600",
      networkd: "none",
      odhcp6c: "kept 1000 1600",
      openbsd: "kept 1500 1620",
    },
  ],
  [
    "both left open",
    0,
    0,
    2000,
    6000,
    {
      rfc: "kept 1000 1600",
      dhcpcd: "kept 1000 1600",
      isc: "deprecated 3000 4500",
      wide: "kept 1000 1600",
      networkd: "deprecated 2700-3010 4320-4810",
      odhcp6c: "kept 1000 1600",
      openbsd: "deprecated 3000 5298",
    },
  ],
  [
    "T1 after the preferred lifetime",
    2500,
    2800,
    2000,
    3000,
    {
      rfc: "deprecated 2500 2800",
      dhcpcd: "deprecated 2500 2800",
      isc: "deprecated 2500 2800",
      wide: "deprecated 2500 2800",
      networkd: "deprecated 2250-2510 2520-2810",
      odhcp6c: "deprecated 2500 2800",
      openbsd: "deprecated 2500 2845",
    },
  ],
  [
    "T1 after the valid lifetime",
    4000,
    5000,
    2000,
    3000,
    {
      rfc: "lost 4000 5000",
      dhcpcd: "kept 1000 1600",
      isc: "lost 4000 5000",
      wide: "lost 4000 5000",
      networkd: "kept 1350-1510 2160-2410",
      odhcp6c: "lost 4000 5000",
      openbsd: "lost 4000 5057",
    },
  ],
  [
    "T2 after the valid lifetime",
    1000,
    5000,
    2000,
    3000,
    {
      rfc: "kept 1000 5000",
      dhcpcd: "kept 1000 5000",
      isc: "kept 1000 5000",
      networkd: "kept 1350-1510 2160-2410",
      odhcp6c: "kept 1000 5000",
    },
  ],
  [
    "T1 equal to T2",
    1500,
    1500,
    2000,
    3000,
    {
      rfc: "kept 1500 1500",
      dhcpcd: "kept 1500 1500",
      isc: "kept never 1500",
      wide: "kept 1500 1500",
      networkd: "kept 1215-1510 1350-1510",
      odhcp6c: "kept 1500 1500",
      openbsd: "kept 1500 1560",
    },
  ],
  [
    "timers that never come, for lifetimes that end",
    INFINITE,
    INFINITE,
    2000,
    3000,
    {
      rfc: "lost never never",
      dhcpcd: "kept 1000 1600",
      isc: "lost never never",
      wide: "lost never never",
      networkd: "kept 1350-1510 2160-2410",
      odhcp6c: "lost never never",
    },
  ],
  [
    "all for ever",
    INFINITE,
    INFINITE,
    INFINITE,
    INFINITE,
    {
      rfc: "forever never never",
      dhcpcd: "forever never never",
      isc: "forever never never",
      wide: "forever never never",
      networkd: "forever never never",
      odhcp6c: "forever never never",
    },
  ],
  [
    "preferred after valid",
    1000,
    1600,
    4000,
    3000,
    { rfc: "none", dhcpcd: "none", isc: "none", wide: "none", networkd: "none", odhcp6c: "none", openbsd: "none" },
  ],
  [
    "seconds",
    5,
    8,
    10,
    15,
    { dhcpcd: "kept 5 8", isc: "kept 5 8", wide: "lost 18 30", networkd: "lost 4-15 7-18", odhcp6c: "kept 5 8" },
  ],
];

describe("DHCPv6 clients", () => {
  for (const [name, t1, t2, preferred, valid, expected] of CASES) {
    it.each(Object.entries(expected))(`${name}: %s`, (client, words) => {
      const prefix = client === "openbsd";
      const outlook = outlooks(ia(t1, t2, lease(preferred, valid, prefix ? 56 : 128)))[
        NAMES[client as keyof typeof NAMES]
      ];
      expect(brief(outlook as Outlook)).toBe(words);
    });
  }

  it("dhcpcd 9 gives a prefix up when a Rebind has no answer; 10 does not", () => {
    const all = outlooks(ia(1000, 1600, lease(2000, 3000, 56)));
    expect(all["dhcpcd 9.4.1"]?.addresses[0]?.silentUntil).toBe(1610);
    expect(all["dhcpcd 10.3.2"]?.addresses[0]?.silentUntil).toBe(3000);
  });

  it("dhcp6c keeps a timer for each association, others take the earliest", () => {
    const all = outlooks(ia(4000, 5000, lease(2000, 3000)), ia(1000, 1600, lease(20_000, 30_000, 56)));
    expect(brief(all[NAMES.isc] as Outlook)).toBe("kept 1000 1600");
    expect(all[NAMES.wide]?.addresses.map(({ verdict }) => verdict)).toEqual(["lost", "kept"]);
    expect(all[NAMES.wide]?.verdict).toBe("lost");
  });

  it("takes what is good beside what is not", () => {
    const all = outlooks(ia(5000, 1000, lease(2000, 3000)), ia(1000, 1600, lease(2000, 3000, 56)));
    for (const name of [NAMES.dhcpcd, NAMES.isc, NAMES.wide, NAMES.networkd, NAMES.odhcp6c]) {
      expect(all[name]?.addresses.map(({ address }) => address)).toEqual(["2001:db8:1::/56"]);
      expect(all[name]?.refused[0]?.text).toBe("IA_NA 1 (T1 5000 s, T2 1000 s)");
    }
  });

  it("says where in the source it stands", () => {
    for (const outlook of Object.values(outlooks(ia(2000, 1000, lease(3000, 4000))))) {
      for (const { where } of [...outlook.refused, ...outlook.notes]) expect(where).toMatch(/\.c |\(\d\)|RFC \d/);
    }
  });

  it("an association with a failure status gives nothing to anybody", () => {
    const refused = { ...ia(0, 0), status: { code: 2, text: "" } };
    for (const outlook of Object.values(outlooks(refused))) expect(outlook.verdict).toBe("none");
  });
});

describe("DHCPv4 clients", () => {
  const four = (
    leaseTime: number | null,
    t1: number | null,
    t2: number | null,
    extra: Partial<Lease4> = {},
  ): Lease4 => ({
    address: parseAddress("192.0.2.10") as never,
    server: parseAddress("192.0.2.1"),
    mask: parseAddress("255.255.255.0"),
    leaseTime,
    t1,
    t2,
    ...extra,
  });
  const names = ["rfc", "dhcpcd", "isc", "networkd", "openbsd", "freebsd"] as const;
  const models = [
    "by RFC 2131",
    "dhcpcd 9.4.1",
    "dhclient (ISC) 4.4.3",
    "systemd-networkd 252",
    "dhcpleased OpenBSD 7.8",
    "dhclient (FreeBSD) 15",
  ];
  const briefs = (lease4: Lease4): Record<string, string> => {
    const found: Record<string, string> = {};
    names.forEach((name, index) => {
      const model = CLIENTS.find((one) => `${one.name} ${one.version}` === models[index]);
      const plan = model?.plan4?.(lease4);
      if (model !== undefined && plan !== undefined) found[name] = brief(outlookOf(model, plan));
    });
    return found;
  };

  it.each<[string, Lease4, Partial<Record<(typeof names)[number], string>>]>([
    [
      "the defaults",
      four(3600, null, null),
      {
        rfc: "kept 1800 3150",
        dhcpcd: "kept 1800 3150",
        isc: "kept 1350-1802 3150",
        networkd: "kept 1799-1801 3149-3151",
        openbsd: "kept 1800 3184",
        freebsd: "kept 1800 3150",
      },
    ],
    [
      "T1 after T2",
      four(3600, 3000, 2000),
      {
        rfc: "kept 3000 2000",
        dhcpcd: "kept 1800 2000",
        isc: "kept 1499-1501 2000",
        networkd: "kept 1799-1801 1999-2001",
        openbsd: "kept 1800 3184",
        freebsd: "kept 1800 2000",
      },
    ],
    [
      "T2 after the lease",
      four(3600, 1000, 4000),
      {
        rfc: "kept 1000 4000",
        dhcpcd: "kept 1000 3150",
        isc: "kept 749-1001 4000",
        networkd: "kept 999-1001 3149-3151",
        openbsd: "kept 1800 3184",
        freebsd: "kept 1000 1750",
      },
    ],
    [
      "ten seconds",
      four(10, null, null),
      { rfc: "kept 5 8", dhcpcd: "kept 10 17", freebsd: "kept 30 49", openbsd: "kept 5 65" },
    ],
    [
      "for ever",
      four(INFINITE, null, null),
      {
        rfc: "forever never never",
        dhcpcd: "forever never never",
        isc: "forever never never",
        networkd: "forever never never",
        freebsd: "forever never never",
      },
    ],
    [
      "no lease time",
      four(null, null, null),
      {
        rfc: "none",
        isc: "none",
        networkd: "none",
        openbsd: "none",
        dhcpcd: "forever never never",
        freebsd: "kept 21600 37800",
      },
    ],
    ["no mask", four(3600, null, null, { mask: null }), { openbsd: "none", dhcpcd: "kept 1800 3150" }],
    [
      "no server identifier",
      four(3600, null, null, { server: null }),
      { networkd: "none", isc: "kept 1350-1802 3150" },
    ],
  ])("%s", (_, lease4, expected) => {
    expect(briefs(lease4)).toMatchObject(expected);
  });
});
