/** How guests' pages look: as it was saved last, at whichever gateway of the store. */
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { Log } from "../monitor/log.ts";
import type { Store } from "../store/store.ts";
import { type Look, savedLook } from "./admin/index.ts";
import type { Service } from "./parts.ts";

/** Milliseconds between two looks: one row by its key, under a millisecond of the database. */
const EVERY = 30_000;

export interface SavedLook extends Service {
  readonly now: Look;
  /** It was saved here. */
  take(look: Look): void;
  /** Asks the store; happens by itself. What was known stays when the store fails, which the engine says. */
  refresh(): Promise<void>;
}

/** @throws StoreError when it cannot be had at the start */
export async function watchLook(store: Store, config: PortalConfig, log: Log): Promise<SavedLook> {
  let look = await savedLook({ config, store });
  if (!isSame(look, config.look)) {
    log.info(
      "look",
      "guests see what was saved in the admin page; `look` of the configuration is without effect on it",
    );
  }
  let changes = 0;
  const refresh = async (): Promise<void> => {
    const asked = changes;
    const saved = await savedLook({ config, store });
    // What was saved here meanwhile is newer than what was read.
    if (asked !== changes || isSame(saved, look)) return;
    look = saved;
    log.info("look", "guests see what was saved in the admin page of another gateway");
  };
  const timer = setInterval(() => void refresh().catch(() => {}), EVERY).unref();
  return {
    get now() {
      return look;
    },
    take: (saved) => {
      changes++;
      look = saved;
    },
    refresh,
    close: () => clearInterval(timer),
  };
}

function isSame(one: Look, other: Look): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
