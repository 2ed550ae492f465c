/**
 * dhcpcd against Kea and against a server with broken timers, in network namespaces: the capture is judged right, and the
 * client does what its model says, at the time the model says. All worlds run side by side; the slowest takes 20 s.
 */
import { assess, type FileReport, type Outlook } from "@pierhead/engine/lease";
import { readEvidence } from "@pierhead/lang/leases";
import { beforeAll, describe, expect, it } from "vitest";
import {
  clientIsMissing,
  dhcpcdVersion,
  keaIsMissing,
  leaseWorldIsMissing,
  type Outcome,
  runClient,
  type Timers,
} from "./support/lease-world.ts";

const missing = leaseWorldIsMissing() ?? clientIsMissing("dhcpcd") ?? keaIsMissing();
if (missing !== null) process.stderr.write(`lease-world.test.ts is skipped: ${missing}\n`);

interface World {
  readonly server: "kea" | "responder";
  readonly timers: Timers;
  readonly seconds: number;
}

const address = { kind: "na" } as const;
const WORLDS = {
  "Kea, as it should be": { server: "kea", timers: { ...address, t1: 4, t2: 8, preferred: 9, valid: 12 }, seconds: 15 },
  "Kea, T1 after the preferred lifetime": {
    server: "kea",
    timers: { ...address, t1: 6, t2: 8, preferred: 3, valid: 12 },
    seconds: 12,
  },
  "T1 after T2": { server: "responder", timers: { ...address, t1: 8, t2: 4, preferred: 9, valid: 12 }, seconds: 10 },
  "T1 after the valid lifetime": {
    server: "responder",
    timers: { ...address, t1: 10, t2: 12, preferred: 6, valid: 8 },
    seconds: 12,
  },
  "preferred after valid": {
    server: "responder",
    timers: { ...address, t1: 3, t2: 5, preferred: 12, valid: 8 },
    seconds: 8,
  },
  "timers left to the client": {
    server: "responder",
    timers: { ...address, t1: 0, t2: 0, preferred: 8, valid: 12 },
    seconds: 12,
  },
  "a server that falls silent": {
    server: "responder",
    timers: { ...address, t1: 3, t2: 6, preferred: 8, valid: 12, silent: true },
    seconds: 17,
  },
  "a server that falls silent, for a prefix": {
    server: "responder",
    timers: { kind: "pd", t1: 2, t2: 4, preferred: 30, valid: 40, silent: true },
    seconds: 19,
  },
} as const satisfies Record<string, World>;

type Name = keyof typeof WORLDS;

/** A second for the clocks of two programs, and what a loaded machine adds. */
const TOLERANCE = 1.6;

describe.skipIf(missing !== null)("dhcpcd in a network of its own", () => {
  const outcomes = new Map<string, Outcome>();
  const reports = new Map<string, FileReport>();
  const version = missing === null && dhcpcdVersion().startsWith("9.") ? "9.4.1" : "10.3.2";

  beforeAll(async () => {
    await Promise.all(
      Object.entries<World>(WORLDS).map(async ([name, { server, timers, seconds }]) => {
        const outcome = await runClient("dhcpcd", server, timers, seconds);
        outcomes.set(name, outcome);
        reports.set(name, assess(readEvidence(`${name}.pcap`, outcome.capture)));
      }),
    );
  });

  const report = (name: Name): FileReport => reports.get(name) as FileReport;
  const outcome = (name: Name): Outcome => outcomes.get(name) as Outcome;
  const codes = (name: Name): string[] => [...new Set(report(name).diagnostics.map(({ code }) => code))];
  const model = (name: Name): Outlook =>
    report(name).leases[0]?.outlooks.find((one) => one.client === "dhcpcd" && one.version === version) as Outlook;
  const states = (name: Name): string[] =>
    outcome(name)
      .looks.map(({ state }) => state)
      .filter((state, index, all) => state !== all[index - 1]);
  const log = (name: Name): FileReport => assess(readEvidence(`${name}.log`, Buffer.from(outcome(name).log)));
  /** Seconds from the first grant to a line of the client's log. */
  const after = (name: Name, words: string): number => {
    const line = outcome(name)
      .log.split("\n")
      .find((one) => one.includes(words));
    const grant = report(name).conversations[0]?.grants[0]?.time;
    return Number(line?.split(" ")[0] ?? Number.NaN) - (grant ?? Number.NaN);
  };
  const around = (seen: number | null | undefined, predicted: number | undefined): void => {
    expect(seen).toBeGreaterThan((predicted ?? Number.NaN) - TOLERANCE);
    expect(seen).toBeLessThan((predicted ?? Number.NaN) + TOLERANCE);
  };

  it("is kept by a server whose timers are right, and renews when it is predicted", () => {
    const name = "Kea, as it should be";
    // The lease is short so that the test is; nothing else is wrong.
    expect(codes(name)).toEqual(["lease/short-timers"]);
    expect(model(name)).toMatchObject({ verdict: "kept", renew: { latest: 4 }, rebind: { latest: 8 } });
    around(report(name).leases[0]?.observed?.renewAfter, 4);
    expect(report(name).leases[0]?.observed?.fits).toContain(`dhcpcd ${version}`);
    expect(report(name).leases[0]?.grants).toBeGreaterThanOrEqual(3);
    expect(states(name)).toEqual(["none", "preferred"]);
    const { leaseFile } = outcome(name);
    const held = readEvidence("eth0.lease6", leaseFile?.bytes ?? new Uint8Array());
    expect([held.kind, held.diagnostics]).toEqual(["dhcpcd lease", []]);
    expect(held.grants[0]?.terms).toMatchObject({
      associations: [{ kind: "IA_NA", t1: 4, t2: 8, leases: [{ valid: 12 }] }],
    });
    expect(log(name).ownWords).toMatchObject([{ client: "dhcpcd", renewIn: 4, rebindIn: 8, expireIn: 12 }]);
  });

  it("has an address that is deprecated for three seconds of every six", () => {
    const name = "Kea, T1 after the preferred lifetime";
    expect(codes(name)).toEqual(expect.arrayContaining(["lease/t1-after-preferred"]));
    expect(model(name)).toMatchObject({ verdict: "deprecated", addresses: [{ deprecatedFrom: 3 }] });
    around(report(name).leases[0]?.observed?.renewAfter, 6);
    expect(states(name).slice(0, 4)).toEqual(["none", "preferred", "deprecated", "preferred"]);
  });

  it("takes nothing when T1 lies after T2", () => {
    const name = "T1 after T2";
    expect(codes(name)).toContain("lease/t1-after-t2");
    expect(model(name)).toMatchObject({ verdict: "none", refused: [{ text: "IA_NA 1 (T1 8 s, T2 4 s)" }] });
    expect(report(name).leases[0]?.grant.offer).toBe(true);
    expect(states(name)).toEqual(["none"]);
    expect(log(name).diagnostics.map(({ code }) => code)).toContain("lease/t1-after-t2");
  });

  it("chooses its own times when T1 lies after the valid lifetime", () => {
    const name = "T1 after the valid lifetime";
    expect(codes(name)).toContain("lease/t1-after-valid");
    expect(model(name)).toMatchObject({ verdict: "kept", renew: { latest: 3 }, rebind: { latest: 4 } });
    around(report(name).leases[0]?.observed?.renewAfter, 3);
    expect(states(name)).toEqual(["none", "preferred"]);
    // Others follow the server and lose it.
    const isc = report(name).leases[0]?.outlooks.find(({ client }) => client === "dhclient (ISC)");
    expect(isc).toMatchObject({ verdict: "lost", addresses: [{ lostAt: 8 }] });
    expect(log(name).diagnostics.map(({ code }) => code)).toContain("lease/t1-after-valid");
  });

  it("drops an address that is to be preferred longer than it is valid", () => {
    const name = "preferred after valid";
    expect(codes(name)).toContain("lease/preferred-after-valid");
    expect(model(name).verdict).toBe("none");
    expect(states(name)).toEqual(["none"]);
  });

  it("chooses half of the preferred lifetime when the server leaves it open", () => {
    const name = "timers left to the client";
    expect(codes(name)).toEqual(["lease/timers-left-to-client"]);
    expect(model(name)).toMatchObject({ verdict: "kept", renew: { latest: 4 }, rebind: { latest: 6 } });
    around(report(name).leases[0]?.observed?.renewAfter, 4);
  });

  it("asks the server, then everybody, and loses the address at the end of its valid lifetime", () => {
    const name = "a server that falls silent";
    expect(codes(name)).toContain("lease/unanswered");
    const { observed } = report(name).leases[0] ?? {};
    around(observed?.renewAfter, 3);
    around(observed?.rebindAfter, 6);
    const [held] = model(name).addresses;
    expect(held?.silentUntil).toBe(12);
    around(after(name, "DHCPv6 lease expired"), held?.silentUntil);
    expect(states(name)).toEqual(["none", "preferred", "deprecated", "none"]);
    expect(log(name).diagnostics.map(({ code }) => code)).toContain("lease/lost");
  });

  it("loses a prefix when its model says so, long before the end of its valid lifetime", () => {
    const name = "a server that falls silent, for a prefix";
    const [held] = model(name).addresses;
    if (version === "9.4.1") {
      expect(held?.silentUntil).toBe(14);
      around(after(name, "failed to rebind prior DHCPv6 delegation"), held?.silentUntil);
    } else {
      expect(held?.silentUntil).toBe(40);
      expect(after(name, "failed to rebind prior DHCPv6 delegation")).toBeNaN();
    }
  });
});
