/** Who has which address: the kernel's tables on Linux, and what the tools of the BSDs print. */
import {
  createNeighbours,
  type NeighbourChange,
  type Neighbours,
  NeighbourTable,
  readBsdNeighbours,
  readIpNeighbour,
} from "@pierhead/gateway/neighbours";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PORTAL, PortalWorld, portalWorldIsMissing } from "./support/portal-world.ts";

const missing = portalWorldIsMissing();
if (missing !== null) console.log(`neighbours on Linux: skipped, ${missing}`);

describe.skipIf(missing !== null)("neighbours on Linux", () => {
  let world: PortalWorld;
  let neighbours: Neighbours;
  const changes: NeighbourChange[] = [];
  const { guest, other } = PORTAL;

  beforeAll(async () => {
    world = new PortalWorld();
    world.run("gateway", ["ip", "neigh", "flush", "dev", "guest0"]);
    neighbours = await createNeighbours({ system: "linux", interface: "guest0", prefix: world.prefix("gateway") });
    neighbours.watch((change) => changes.push(change));
  });
  afterAll(async () => {
    await neighbours?.close();
    world?.destroy();
  });

  /** Until the monitor said it. */
  async function heard(wanted: NeighbourChange): Promise<void> {
    for (let tries = 0; tries < 250; tries++) {
      if (changes.some((one) => JSON.stringify(one) === JSON.stringify(wanted))) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(changes).toContainEqual(wanted);
  }

  it("are found when nobody spoke of them", async () => {
    expect(await Promise.all([neighbours.macOf(guest[4]), neighbours.macOf(guest[6])])).toEqual([guest.mac, guest.mac]);
    expect([...neighbours.addressesOf(guest.mac)].sort()).toEqual([guest[4], guest[6]]);
    expect(await neighbours.macOf("10.77.0.200")).toBe(null);
    expect(await neighbours.macOf("10.77.0.200; reboot")).toBe(null);
  });

  it("are heard of when they speak, and a new address at once", async () => {
    world.run("other", ["ip", "addr", "add", "2001:db8:77::cafe/64", "dev", "eth0", "nodad"]);
    world.run("other", ["ping", "-q", "-c", "1", "-w", "5", "-I", "2001:db8:77::cafe", PORTAL.gateway[6]]);
    await heard({ mac: other.mac, address: "2001:db8:77::cafe", present: true });
  });

  it("that are asked for answer, asleep or not; who has left does not, and nothing is said when nobody can be asked", async () => {
    const everybody = [guest[4], guest[6], other[4], "10.77.0.201"];
    const answers = await neighbours.ask?.([...everybody, "10.77.0.202; reboot"]);
    expect(new Map(answers)).toEqual(
      new Map([
        [guest[4], guest.mac],
        [guest[6], guest.mac],
        [other[4], other.mac],
      ]),
    );
    world.run("other", ["ip", "link", "set", "eth0", "down"]);
    // The kernel has just heard of it, and believes that for a while.
    world.run("gateway", ["ip", "neigh", "flush", "dev", "guest0"]);
    expect(new Map(await neighbours.ask?.(everybody))).toEqual(
      new Map([
        [guest[4], guest.mac],
        [guest[6], guest.mac],
      ]),
    );
    world.run("other", ["ip", "link", "set", "eth0", "up"]);
    world.run("gateway", ["ip", "link", "set", "guest0", "down"]);
    expect(await neighbours.ask?.(everybody)).toBe(null);
    world.run("gateway", ["ip", "link", "set", "guest0", "up"]);
    world.run("gateway", ["ip", "addr", "replace", `${PORTAL.gateway[6]}/64`, "dev", "guest0", "nodad"]);
    expect((await neighbours.ask?.([guest[4], other[4]]))?.size).toBe(2);
  });

  it("are given up when the kernel does, and move", async () => {
    world.run("gateway", ["ip", "neigh", "del", guest[4], "dev", "guest0"]);
    await heard({ mac: guest.mac, address: guest[4], present: false });
    world.run("gateway", ["ip", "neigh", "replace", guest[6], "lladdr", other.mac, "dev", "guest0"]);
    await heard({ mac: guest.mac, address: guest[6], present: false });
    await heard({ mac: other.mac, address: guest[6], present: true });
    expect(await neighbours.macOf(guest[6])).toBe(other.mac);
  });
});

describe("the table", () => {
  it("stays small whatever one device claims, and others stay in it", () => {
    const table = new NeighbourTable();
    table.put("10.0.0.1", "02:00:00:00:00:01");
    for (let index = 0; index < 100_000; index++) table.put(`2001:db8::${index.toString(16)}`, "02:00:00:00:00:66");
    expect(table.size).toBe(65);
    expect(table.macOf("10.0.0.1")).toBe("02:00:00:00:00:01");
  });

  it("stays bounded whatever many devices claim, and keeps who was heard of last", () => {
    const table = new NeighbourTable();
    table.put("10.0.0.1", "02:00:00:00:00:01");
    for (let index = 0; index < 100_000; index++) {
      if (index % 1_000 === 0) table.put("10.0.0.1", "02:00:00:00:00:01");
      const hex = index.toString(16).padStart(6, "0");
      table.put(`2001:db8::${hex.slice(0, 2)}:${hex.slice(2)}`, `02:00:00:${hex.match(/../g)?.join(":")}`);
    }
    expect(table.size).toBe(65_536);
    expect(table.macOf("10.0.0.1")).toBe("02:00:00:00:00:01");
  });
});

describe("what the BSDs print", () => {
  const wanted = [
    { address: "10.77.0.10", mac: "02:77:00:00:00:10" },
    { address: "10.77.0.11", mac: "02:77:00:00:00:0b" },
  ];

  it("is read: arp of FreeBSD and of OpenBSD before 5.6", () => {
    const text = `? (10.77.0.10) at 02:77:00:00:00:10 on em1 expires in 1180 seconds [ethernet]
? (10.77.0.11) at 2:77:0:0:0:b on em1 permanent static
? (10.77.0.12) at (incomplete) on em1 expired [ethernet]
? (192.0.2.254) at 02:00:00:00:00:fe on em0 expires in 3 seconds [ethernet]
`;
    expect(readBsdNeighbours(text, "em1")).toEqual(wanted);
  });

  it("is read: arp of OpenBSD", () => {
    const text = `Host                                 Ethernet Address    Netif Expire    Flags
10.77.0.10                           02:77:00:00:00:10     em1 19m52s
10.77.0.11                           02:77:00:00:00:0b     em1 permanent s
10.77.0.12                           (incomplete)          em1 expired
192.0.2.254                          02:00:00:00:00:fe     em0 3s
`;
    expect(readBsdNeighbours(text, "em1")).toEqual(wanted);
  });

  it("is read: ndp of both", () => {
    const text = `Neighbor                             Linklayer Address   Netif Expire    S Flags
2001:db8:77::10                      02:77:00:00:00:10     em1 23h59m58s S
fe80::77:ff:fe00:10%em1              2:77:0:0:0:10         em1 14s       R
2001:db8:77::99                      (incomplete)          em1 expired   N
ff02::1%em1                          33:33:00:00:00:01     em1 permanent R
`;
    expect(readBsdNeighbours(text, "em1")).toEqual([
      { address: "2001:db8:77::10", mac: "02:77:00:00:00:10" },
      { address: "fe80::77:ff:fe00:10", mac: "02:77:00:00:00:10" },
    ]);
  });

  it("is no way to a crash, nor are ip's lines", () => {
    const word = fc.oneof(
      fc.string(),
      fc.ipV4(),
      fc.ipV6(),
      fc.constantFrom("lladdr", "Deleted", "FAILED", "?", "at", "on", "em1", "02:77:00:00:00:10"),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        const line = words.join(" ");
        for (const one of [readIpNeighbour(line), ...readBsdNeighbours(line, "em1")]) {
          if (one !== null && one.mac !== null) expect(one.mac).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
        }
      }),
    );
  });

  it("is asked for again when an address is not known", async () => {
    let arp = "";
    const asked: string[] = [];
    const neighbours = await createNeighbours({
      system: "openbsd",
      interface: "em1",
      interval: 3_600,
      run: async (argv) => {
        asked.push(argv.join(" "));
        return { status: 0, stdout: argv[0] === "arp" ? arp : "", stderr: "" };
      },
    });
    const changes: NeighbourChange[] = [];
    neighbours.watch((change) => changes.push(change));
    arp = "10.77.0.10  02:77:00:00:00:10  em1 19m52s\n";
    expect(await Promise.all([neighbours.macOf("10.77.0.10"), neighbours.macOf("10.77.0.10")])).toEqual([
      wanted[0]?.mac,
      wanted[0]?.mac,
    ]);
    expect(asked).toEqual(["arp -an", "ndp -an", "arp -an", "ndp -an"]);
    arp = "";
    expect(await neighbours.macOf("10.77.0.77")).toBe(null);
    expect(changes.map((one) => one.present)).toEqual([true, false]);
    await neighbours.close();
  });
});
