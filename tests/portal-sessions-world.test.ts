/** A pause between clicks, a question of RADIUS, and a device that leaves: with the real portal, kernel and FreeRADIUS. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { LANGUAGES } from "@pierhead/gateway/portal/pages";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";
import { makeCa } from "./support/certificates.ts";
import { eventually, LOGIN, PortalStage, portalStageIsMissing } from "./support/portal-stage.ts";
import { PORTAL } from "./support/portal-world.ts";

const missing = portalStageIsMissing();
if (missing !== null) console.log(`sessions with the real things: skipped, ${missing}`);

const USERS = `anna Cleartext-Password := "correct horse"
 Session-Timeout := 3600

otp
 Session-Timeout := 3600
`;

/** The kernel makes up its mind sooner than in eight seconds. */
const QUICK = `for family in ipv4 ipv6; do cd /proc/sys/net/$family/neigh/guest0
echo 1 > delay_first_probe_time; echo 1000 > base_reachable_time_ms; echo 200 > retrans_time_ms; done`;

describe.skipIf(missing !== null)("sessions with the real things", () => {
  let stage: PortalStage;
  let scratch = "";

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), `pierhead-sessions-${process.pid}-`));
    symlinkSync(resolve(import.meta.dirname, "../node_modules"), join(scratch, "node_modules"));
    const folder = join(scratch, "stage");
    mkdirSync(folder);
    makeCa(folder);
    stage = await PortalStage.open({
      pierhead: await bundlePierhead(scratch),
      folder,
      users: USERS,
      code: "271828",
      more: "click: { pause: 4h }\nlimits: { session: 3s }\ngone: 6s\n",
    });
    stage.world.shell("gateway", QUICK);
  });
  afterAll(async () => {
    await stage?.close();
    if (scratch !== "") rmSync(scratch, { recursive: true, force: true });
  });

  it("three seconds for a click, and the next four hours later, after a restart too", async () => {
    const click = { method: "click", agree: "yes" };
    const before = Date.now();
    expect(await stage.signIn("guest", click)).toMatchObject({ result: "in" });
    await eventually("the end of the click", async () => !(await stage.isIn("guest")));
    await stage.stopPortal("SIGKILL");
    await stage.startPortal();
    expect((await stage.curl("guest", [`https://${LOGIN}/`])).body).toContain(LANGUAGES.en.pause);
    const answer = await stage.signIn("guest", click);
    expect(answer).toMatchObject({ result: "pause" });
    const end = Date.parse(String(answer["again"])) - 4 * 3_600_000;
    expect(end).toBeGreaterThan(before);
    expect(end).toBeLessThanOrEqual(Date.now());
    expect(await stage.signIn("other", click)).toMatchObject({ result: "in" });
  });

  it("a code besides the password, and a device that leaves told from one that is only quiet", async () => {
    expect(await stage.password("guest", "anna")).toMatchObject({ result: "in" });
    await eventually("the end of the click", async () => !(await stage.isIn("other")));
    const asked = await stage.password("other", "otp", "hello");
    expect(asked).toMatchObject({ result: "question", message: "Which code did we send to you?", echo: true });
    const form = { method: "answer", key: String(asked["key"]), answer: "271828" };
    expect(await stage.signIn("other", form)).toMatchObject({ result: "in" });
    stage.world.run("other", ["ip", "link", "set", "eth0", "down"]);
    // For half a minute and more the kernel would take the last answer for a proof that it is there.
    stage.world.run("gateway", ["ip", "neigh", "flush", "dev", "guest0"]);
    const stop = await eventually("the Stop", () =>
      stage.radius.records().find((one) => one["Acct-Status-Type"] === "Stop" && one["User-Name"] === "otp"),
    );
    expect(stop["Acct-Terminate-Cause"]).toBe("Lost-Carrier");
    expect(stop["Calling-Station-Id"]).toBe(PORTAL.other.mac.toUpperCase().replaceAll(":", "-"));
    const inside = await stage.ask<readonly { readonly user: string; readonly active: number }[]>({ verb: "sessions" });
    expect(inside.map(({ user }) => user)).toEqual(["anna"]);
    // Longer without a packet than the other one was given.
    await eventually("silence", () => Date.now() - (inside[0]?.active ?? 0) > 8_000);
    expect(await stage.ask({ verb: "sessions" })).toHaveLength(1);
  });
});
