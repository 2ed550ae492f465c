import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Log } from "@pierhead/gateway/monitor";
import { forgetOldSessions } from "@pierhead/gateway/portal";
import { openStore } from "@pierhead/gateway/store";
import { expect, it } from "vitest";
import { NOW, sessionOf } from "./support/stored-sessions.ts";

const DAY = 86_400_000;

it("sessions that closed long ago are forgotten, open and late ones are not, and the log says so", async () => {
  const folder = mkdtempSync(join(tmpdir(), "forget-"));
  const store = await openStore(`sqlite:${join(folder, "portal.db")}`);
  const lines: string[] = [];
  const log = new Log({ format: "text", verbose: 1, write: (line) => lines.push(line) });
  try {
    for (const [number, ended] of [
      [1, NOW - 200 * DAY],
      [2, NOW - 10 * DAY],
      [3, null],
    ] as const) {
      const session = sessionOf(number, { started: NOW - 300 * DAY, radius: false });
      await store.openSession(session, null);
      if (ended === null) continue;
      await store.beginClose([{ id: session.id, cause: "User-Request", at: ended }]);
      await store.endClose([{ session: { ...session, state: "closed", ended, cause: "User-Request" }, stop: null }]);
    }
    expect(forgetOldSessions(store, { keep: null, gateway: "pier" }, log)).toEqual([]);
    const services = forgetOldSessions(store, { keep: 180 * 86_400, gateway: "pier" }, log, () => NOW);
    await expect.poll(() => lines.join(""), { timeout: 30_000 }).toContain("closed sessions that were forgotten: 1");
    expect((await store.sessions({})).map(({ id }) => id).sort()).toEqual(["s2", "s3"]);
    expect((await store.auditLog({}))[0]).toMatchObject({ who: "keep" });
    for (const service of services) await service.close();
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
