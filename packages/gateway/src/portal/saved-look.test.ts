import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { portalConfig } from "../../../../tests/support/portal/config.ts";
import { type Postgres, postgresIsMissing, startPostgres } from "../../../../tests/support/postgres.ts";
import { Log } from "../monitor/log.ts";
import { openStore, type Store } from "../store/index.ts";
import { saveLook } from "./admin/actions.ts";
import { type SavedLook, watchLook } from "./saved-look.ts";

let url: string;
let stores: Store[] = [];
let looks: SavedLook[] = [];
const said: string[] = [];
const log = new Log({ format: "text", verbose: 0, write: (line) => said.push(line) });

async function gateway(name: string): Promise<{ store: Store; look: SavedLook; save(title: string): Promise<void> }> {
  const store = await openStore(url);
  stores.push(store);
  const config: PortalConfig = { ...portalConfig(), gateway: name };
  const look = await watchLook(store, config, log);
  looks.push(look);
  const context = {
    config,
    store,
    now: Date.now,
    preview: () => "",
    lookChanged: look.take,
    portal: undefined as never,
  };
  return { store, look, save: (title) => saveLook(context, "ann", { ...look.now, title }) };
}

afterEach(async () => {
  vi.useRealTimers();
  for (const look of looks) await look.close();
  await Promise.all(stores.map((store) => store.close()));
  [stores, looks] = [[], []];
  said.length = 0;
});

function cases(): void {
  it("is seen at another gateway by itself, and said once", async () => {
    const [a, b] = [await gateway("a"), await gateway("b")];
    await a.save("Sea");
    expect([a.look.now.title, b.look.now.title]).toEqual(["Sea", portalConfig().look.title]);
    await b.look.refresh();
    await b.look.refresh();
    await a.look.refresh();
    expect([a.look.now, b.look.now]).toEqual([a.look.now, a.look.now]);
    expect(said.filter((line) => line.includes("another gateway")).length).toBe(1);
    // A portal that starts now has it from the start.
    expect((await gateway("c")).look.now.title).toBe("Sea");
  });

  it("saved here is not undone by what was read before", async () => {
    const { look, store, save } = await gateway("a");
    const ask = store.setting.bind(store);
    let meanwhile: Promise<void> | null = null;
    store.setting = async (name) => {
      const old = await ask(name);
      meanwhile ??= save("Newer");
      await meanwhile;
      return old;
    };
    await look.refresh();
    expect(look.now.title).toBe("Newer");
  });
}

describe("the look, in SQLite", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), `look-${process.pid}-`));
    url = `sqlite:${join(folder, "portal.db")}`;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  cases();

  it("is asked for twice a minute, and a store that fails changes nothing", async () => {
    const timers = ["setInterval", "clearInterval"] as const;
    const store = await openStore(url);
    stores.push(store);
    let asked = 0;
    vi.useFakeTimers({ toFake: [...timers] });
    const asking: Store = Object.create(store, {
      setting: {
        value: async () => {
          asked++;
          if (asked > 1) throw new Error("gone");
          return null;
        },
      },
    });
    const look = await watchLook(asking, portalConfig(), log);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(3);
    expect(look.now).toEqual(portalConfig().look);
    look.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toBe(3);
  });
});

const missing = postgresIsMissing();
describe.skipIf(missing !== null)(`the look, in PostgreSQL${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
  let server: Postgres;
  let count = 0;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.close());
  beforeEach(async () => {
    url = await server.createDatabase(`look${count++}`);
  });
  cases();
});
