/** What the packet filter sees of guests who take somebody else's address, and what it cannot do here. */
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { WatchfulFirewall } from "../firewall/driver.ts";
import type { Log } from "../monitor/log.ts";
import type { Service } from "./parts.ts";

/** Milliseconds between two looks; the filter keeps a sign for ten minutes. */
const EVERY = 60_000;
/** Sentences of the status at a time. */
const MOST = 10;

/** Says each device with an address not its own once in the log, and in the status as long as the filter shows it. */
export async function watchSpoofing(
  firewall: Pick<WatchfulFirewall, "spoofing" | "abilities">,
  { limits }: Pick<PortalConfig, "limits">,
  log: Log,
  every: number = EVERY,
): Promise<Service> {
  if (!firewall.abilities.rates && (limits.rateUp !== null || limits.rateDown !== null)) {
    log.warning("rates", "this system's packet filter keeps no rates: those of the limits are not in force");
  }
  let seen: ReadonlySet<string> = new Set();
  const look = async (): Promise<void> => {
    const sentences = (await firewall.spoofing()).map(
      ({ mac, address }) => `${mac} sends from ${address}, which is not its address.`,
    );
    for (const sentence of sentences) if (!seen.has(sentence)) log.warning("spoofing", sentence);
    seen = new Set(sentences);
  };
  // A filter that cannot be read is said by whoever reads its counters.
  const quietly = (): Promise<void> => look().catch(() => undefined);
  const timer = setInterval(() => void quietly(), every);
  timer.unref();
  await quietly();
  return { troubles: () => [...seen].slice(0, MOST), close: () => clearInterval(timer) };
}
