/** Closed sessions are forgotten when they are old: what is not kept cannot leak, and the store does not grow for ever. */
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { Log } from "../monitor/log.ts";
import type { StoreReports } from "../store/store.ts";
import type { Service } from "./parts.ts";

/** Milliseconds between two looks. */
const HOUR = 3_600_000;

/** Looks at once and every hour; a store that fails is asked again. Nothing to do when everything is kept. */
export function forgetOldSessions(
  store: Pick<StoreReports, "purge">,
  { keep, gateway }: Pick<PortalConfig, "keep" | "gateway">,
  log: Log,
  now: () => number = Date.now,
): readonly Service[] {
  if (keep === null) return [];
  const look = async (): Promise<void> => {
    try {
      const { sessions } = await store.purge({ before: now() - keep * 1000, gateway, who: "keep" });
      if (sessions > 0) log.info("forgotten", `closed sessions that were forgotten: ${sessions}`, { sessions });
    } catch (error) {
      log.warning("forgotten", `old sessions could not be forgotten, it is tried again: ${(error as Error).message}`);
    }
  };
  void look();
  const timer = setInterval(() => void look(), HOUR).unref();
  return [{ close: () => clearInterval(timer) }];
}
