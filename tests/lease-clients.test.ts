/**
 * The other clients that run here (dhclient, dhcp6c, systemd-networkd; dhcpcd for IPv4) against a server with good and
 * broken timers, in network namespaces: each does what its model, written after its source, says that it does. A client
 * that is not installed is skipped.
 */
import { assess, type FileReport, type Outlook } from "@pierhead/engine/lease";
import { readEvidence } from "@pierhead/lang/leases";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Client,
  clientIsMissing,
  leaseWorldIsMissing,
  type Outcome,
  runClient,
  type Timers,
} from "./support/lease-world.ts";

interface World {
  readonly client: Client;
  readonly timers: Omit<Timers, "kind"> & { readonly kind?: "v4" };
  readonly seconds: number;
  /** What the model says, so that it is written down here what is being compared. */
  readonly verdict: Outlook["verdict"];
}

const WORLDS: Readonly<Record<string, World>> = {
  "dhclient, as it should be": {
    client: "dhclient",
    timers: { t1: 4, t2: 8, preferred: 10, valid: 14 },
    seconds: 14,
    verdict: "kept",
  },
  "dhclient, T1 after T2": {
    client: "dhclient",
    timers: { t1: 8, t2: 4, preferred: 10, valid: 14 },
    seconds: 10,
    verdict: "none",
  },
  "dhclient, T1 equal to T2": {
    client: "dhclient",
    timers: { t1: 5, t2: 5, preferred: 10, valid: 14 },
    seconds: 14,
    verdict: "kept",
  },
  "dhclient, left to it": {
    client: "dhclient",
    timers: { t1: 0, t2: 0, preferred: 4, valid: 16 },
    seconds: 15,
    verdict: "deprecated",
  },
  "dhclient, T1 after the valid lifetime": {
    client: "dhclient",
    timers: { t1: 12, t2: 14, preferred: 6, valid: 8 },
    seconds: 16,
    verdict: "lost",
  },
  "dhcp6c, timers of seconds": {
    client: "dhcp6c",
    timers: { t1: 4, t2: 7, preferred: 40, valid: 50 },
    seconds: 24,
    verdict: "kept",
  },
  "dhcp6c, T1 after T2": {
    client: "dhcp6c",
    timers: { t1: 45, t2: 40, preferred: 50, valid: 60 },
    seconds: 10,
    verdict: "none",
  },
  "dhcp6c, T1 after the valid lifetime": {
    client: "dhcp6c",
    timers: { t1: 40, t2: 50, preferred: 8, valid: 10 },
    seconds: 18,
    verdict: "lost",
  },
  "systemd-networkd, as it should be": {
    client: "systemd-networkd",
    timers: { t1: 10, t2: 40, preferred: 50, valid: 60 },
    seconds: 26,
    verdict: "kept",
  },
  "systemd-networkd, T2 after the valid lifetime": {
    client: "systemd-networkd",
    timers: { t1: 50, t2: 60, preferred: 23, valid: 24 },
    seconds: 28,
    verdict: "kept",
  },
  "dhcpcd, IPv4, T1 after T2": {
    client: "dhcpcd",
    // Corrects T1 to half of the lease, which is after T2 too: asks everybody at T2.
    timers: { kind: "v4", t1: 16, t2: 6, preferred: 0, valid: 24 },
    seconds: 12,
    verdict: "kept",
  },
  "dhcpcd, IPv4, T2 after the lease": {
    client: "dhcpcd",
    timers: { kind: "v4", t1: 5, t2: 30, preferred: 0, valid: 24 },
    seconds: 12,
    verdict: "kept",
  },
  "dhclient, IPv4, nothing but a lease time": {
    client: "dhclient",
    timers: { kind: "v4", t1: null, t2: null, preferred: 0, valid: 12 },
    seconds: 14,
    verdict: "kept",
  },
  "dhclient, IPv4, T1 after T2": {
    client: "dhclient",
    timers: { kind: "v4", t1: 20, t2: 8, preferred: 0, valid: 24 },
    seconds: 12,
    verdict: "kept",
  },
  "systemd-networkd, IPv4, T1 after T2": {
    client: "systemd-networkd",
    timers: { kind: "v4", t1: 20, t2: 8, preferred: 0, valid: 16 },
    seconds: 14,
    verdict: "kept",
  },
  "systemd-networkd, T1 left to it and T2 not": {
    client: "systemd-networkd",
    timers: { t1: 0, t2: 40, preferred: 50, valid: 60 },
    seconds: 10,
    verdict: "none",
  },
};

const NAMES: Readonly<Record<Client, string>> = {
  dhcpcd: "dhcpcd",
  dhclient: "dhclient (ISC)",
  dhcp6c: "dhcp6c (WIDE)",
  "systemd-networkd": "systemd-networkd",
};

/** What the clocks of two programs and a loaded machine add to a second. */
const TOLERANCE = 2;

const world = leaseWorldIsMissing();
const reasons = new Map(
  (["dhcpcd", "dhclient", "dhcp6c", "systemd-networkd"] as const).map((client) => [
    client as Client,
    world ?? clientIsMissing(client),
  ]),
);
for (const [client, reason] of reasons) {
  if (reason !== null) process.stderr.write(`lease-clients.test.ts skips ${client}: ${reason}\n`);
}

describe("what clients do is what their models say", () => {
  const outcomes = new Map<string, Outcome>();
  const reports = new Map<string, FileReport>();
  /** Clients whose lease files were compared. */
  const kept = new Set<Client>();
  const runs = Object.entries(WORLDS).filter(([, { client }]) => reasons.get(client) === null);

  beforeAll(async () => {
    await Promise.all(
      runs.map(async ([name, { client, timers, seconds }]) => {
        const outcome = await runClient(client, "responder", { kind: "na", ...timers }, seconds);
        outcomes.set(name, outcome);
        reports.set(name, assess(readEvidence(`${name}.pcap`, outcome.capture)));
      }),
    );
  });

  for (const [name, { client, verdict }] of Object.entries(WORLDS)) {
    it.skipIf(reasons.get(client) !== null)(name, () => {
      const [lease] = (reports.get(name) as FileReport).leases;
      const { looks, leaseFile } = outcomes.get(name) as Outcome;
      const outlook = lease?.outlooks.find((one) => one.client === NAMES[client]) as Outlook;
      expect(outlook.verdict).toBe(verdict);
      const states = looks.map(({ state }) => state).filter((state, index, all) => state !== all[index - 1]);
      if (verdict === "none") {
        expect(states).toEqual(["none"]);
        expect(outlook.refused).toHaveLength(1);
        return;
      }
      if (leaseFile !== null && verdict !== "lost") {
        // What the client keeps says the same as what was captured.
        const [held] = assess(readEvidence(leaseFile.name, leaseFile.bytes)).leases;
        const captured = lease?.grant.terms;
        if (captured?.family === 6 && held?.grant.terms.family === 6) {
          const { t1, t2, leases } = captured.associations[0] as NonNullable<(typeof captured.associations)[0]>;
          expect(held.grant.terms.associations[0]).toMatchObject({ t1, t2, leases });
        } else if (captured?.family === 4) {
          expect(held?.grant.terms).toMatchObject({ family: 4, lease: { leaseTime: captured.lease.leaseTime } });
        }
        kept.add(client);
      }
      const first = looks.find(({ state }) => state !== "none")?.time ?? Number.NaN;
      if (verdict === "lost") {
        const gone = looks.find(({ state, time }) => state === "none" && time > first)?.time ?? Number.NaN;
        const [address] = outlook.addresses;
        expect(gone - first).toBeGreaterThan((address?.lostAt ?? Number.NaN) - TOLERANCE);
        expect(gone - first).toBeLessThan((address?.lostAt ?? Number.NaN) + TOLERANCE);
        expect(lease?.observed).toMatchObject({ renewAfter: null, rebindAfter: null });
        // And gets it again by starting over.
        expect(looks.at(-1)?.state).not.toBe("none");
        return;
      }
      expect(states).toEqual(
        verdict === "kept" ? ["none", "preferred"] : expect.arrayContaining(["preferred", "deprecated"]),
      );
      for (const [moment, seen] of [
        [outlook.renew, lease?.observed?.renewAfter],
        [outlook.rebind, lease?.observed?.rebindAfter],
      ] as const) {
        // What comes second is not reached: the server answers.
        if (seen === null || seen === undefined) continue;
        expect(seen).toBeGreaterThan((moment?.earliest ?? Number.NaN) - TOLERANCE);
        expect(seen).toBeLessThan((moment?.latest ?? Number.NaN) + TOLERANCE);
      }
      const { renewAfter, rebindAfter } = lease?.observed ?? {};
      // Its timers may be ten seconds late, so that T1 and T2 come together and only the Rebind is sent.
      const either = client === "systemd-networkd" ? (renewAfter ?? rebindAfter) : null;
      const rebindFirst = (outlook.renew?.latest ?? Number.POSITIVE_INFINITY) > (outlook.rebind?.latest ?? 0);
      expect(either ?? (rebindFirst ? rebindAfter : renewAfter)).toBeTypeOf("number");
      expect(lease?.observed?.fits).toContain(`${outlook.client} ${outlook.version}`);
    });
  }

  it("compared the lease files of those that keep one", () => {
    // dhcp6c keeps none; systemd-networkd keeps those of IPv4.
    const expected = (["dhcpcd", "dhclient", "systemd-networkd"] as const).filter(
      (client) => reasons.get(client) === null,
    );
    expect([...kept].sort()).toEqual([...expected].sort());
  });
});
