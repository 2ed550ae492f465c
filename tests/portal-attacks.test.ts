/** The whole portal as a process, and people who want in without paying. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DeviceAnswer, PortalRun, portalRunIsMissing, removeBundle } from "./support/portal-run.ts";
import { PORTAL } from "./support/portal-world.ts";

const missing = process.env.CI === "true" && process.getuid?.() === 0 ? null : portalRunIsMissing();
if (missing !== null) process.stdout.write(`portal attacks: left out, ${missing}\n`);

const { guest, other, server } = PORTAL;

/** It looks every second, on a machine that may be busy. */
const TOLD = { timeout: 30_000, interval: 200 };

describe.skipIf(missing !== null)("attacks on the portal", () => {
  let run: PortalRun;

  beforeAll(async () => {
    run = await PortalRun.make({
      devices: 20,
      users: 'ann Cleartext-Password := "pw"\nbob Cleartext-Password := "pw"\n',
    });
    await run.world.serve("internet", {
      tcp: [80, 443],
      udp: [53, 5000],
      addresses: [server[4], server[6]],
    });
    await run.start();
  });
  afterAll(async () => {
    await run?.destroy();
    removeBundle();
  });

  const audit = async (): Promise<string> => run.log;
  /** What the portal says is wrong, now and before. */
  const told = async (): Promise<string> => {
    const { troubles } = (await run.ask({ verb: "status" })) as { troubles: string[] };
    return `${troubles.join("\n")}\n${run.log}`;
  };
  const reached = (place: "guest" | "other", source: string, more: object = {}): Promise<unknown[]> =>
    run.world.try(place, [{ kind: "tcp", host: server[4], port: 443, source, ...more }]);
  /** A guest of the other namespaces, whose ARP is real: signs in as a browser would. */
  async function signIn(place: "guest" | "other", user: string): Promise<void> {
    const { 4: address } = PORTAL.gateway;
    const page = run.world.run(place, ["curl", "-s", `http://${address}:8080/`]);
    const token = /name="token" value="([^"]+)"/.exec(page)?.[1] ?? "";
    const form = new URLSearchParams({ method: "password", user, password: "pw", token }).toString();
    const said = run.world.run(place, [
      "curl",
      "-s",
      "-H",
      "Accept: application/json",
      "-d",
      form,
      `http://${address}:8080/sign-in`,
    ]);
    expect(JSON.parse(said)).toMatchObject({ result: "in" });
  }

  it("whoever has not signed in reaches nothing, by IPv4 or IPv6, on any port, and learns it at once", async () => {
    const answers = await run.world.try("guest", [
      { kind: "tcp", host: server[4], port: 443 },
      { kind: "tcp", host: server[6], port: 443 },
      { kind: "tcp", host: server[6], port: 80 },
      { kind: "udp", host: server[4], port: 5000 },
      { kind: "udp", host: server[6], port: 5000 },
      // A tunnel's server asked as if it were a resolver, by both.
      { kind: "udp", host: server[4], port: 53 },
      { kind: "udp", host: server[6], port: 53 },
    ]);
    for (const answer of answers) expect(answer).not.toMatch(/^(port|echo)/);
    expect(answers.slice(0, 2)).toEqual(["ECONNREFUSED", "ECONNREFUSED"]);
  });

  it("guessing passwords is slowed down, for the device and for the name, and is told of", async () => {
    const answers: DeviceAnswer[] = [];
    // Until the wait has doubled, so that the right password comes well within it, however slow this machine is.
    while (Number(answers.at(-1)?.["seconds"] ?? 0) < 2) {
      const fields = { method: "password", user: "ann", password: `guess${answers.length}` };
      answers.push(await run.device({ verb: "in", device: 1, fields }));
    }
    expect(answers.slice(0, 3).map(({ why }) => why)).toEqual([
      "wrong-credentials",
      "wrong-credentials",
      "wrong-credentials",
    ]);
    expect(answers.at(-1)).toMatchObject({ status: 429, result: "slow-down" });
    const asked = run.radius.log().match(/Login incorrect/g) ?? [];
    expect(asked.length).toBeLessThan(6);
    // With the right password it waits as well; other devices with other names do not.
    const right = { method: "password", user: "ann", password: "pw" };
    expect((await run.device({ verb: "in", device: 1, fields: right })).result).toBe("slow-down");
    expect((await run.device({ verb: "in", device: 2, fields: { ...right, user: "bob" } })).result).toBe("in");
    expect(await audit()).toMatch(/login-failed password, \d times; next try in \d+ s/);
  });

  it("a neighbour with the address of one who has paid gets nothing, and is told of when it is in itself", async () => {
    await signIn("guest", "bob");
    expect(await reached("guest", guest[4])).toEqual(["port 443"]);
    run.world.run("other", ["ip", "addr", "add", `${guest[4]}/32`, "dev", "eth0"]);
    // The address alone is worth nothing.
    expect(await reached("other", guest[4])).not.toEqual(["port 443"]);
    // Whoever is in with their own may not borrow another's either.
    await signIn("other", "bob");
    expect(await reached("other", other[4])).toEqual(["port 443"]);
    run.world.run("other", ["sysctl", "-qw", "net.ipv4.conf.eth0.arp_ignore=8"]);
    await sleep(500);
    await run.world.try("guest", [{ kind: "tcp", host: PORTAL.gateway[4], port: 8080 }]);
    await run.world.try("other", [{ kind: "udp", host: server[4], port: 5000, source: guest[4] }]);
    await expect
      .poll(told, TOLD)
      .toMatch(new RegExp(`${other.mac} from ${guest[4]}|${guest[4]} of ${guest.mac} is used by ${other.mac} too`));
  });

  it("a device that takes MAC and address of one who has paid is that device: as far as a link without keys tells", async () => {
    run.world.run("other", ["ip", "link", "set", "eth0", "address", guest.mac]);
    run.world.run("other", ["ip", "route", "replace", "default", "via", PORTAL.gateway[4], "dev", "eth0"]);
    // With an address that is neither's it is refused, and told of.
    run.world.run("other", ["ip", "addr", "add", "10.77.0.99/32", "dev", "eth0"]);
    await run.world.try("other", [{ kind: "udp", host: server[4], port: 5000, source: "10.77.0.99" }]);
    await expect.poll(told, TOLD).toContain("10.77.0.99");
    const sessions = (await run.ask({ verb: "sessions" })) as { mac: string }[];
    // Both are one session, with one volume and one end.
    expect(sessions.filter(({ mac }) => mac === guest.mac)).toHaveLength(1);
  });
});
