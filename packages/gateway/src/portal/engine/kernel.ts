/** Changes of the kernel, many in one transaction. */
import type { Counters, Firewall, FirewallChange } from "../../firewall/driver.ts";
import { Batch, type Together } from "./batch.ts";
import type { Troubles } from "./troubles.ts";

const MOST = 500;
/** Changes that fail one after the other on their own: it is not one of them, it is the filter. */
const HOPELESS = 3;

type Result = { readonly counters: Counters | null } | { readonly error: unknown };

/**
 * A transaction is all or nothing, so that one change the kernel refuses would refuse all that came with it: then each is
 * tried alone.
 */
export function kernelBatch(firewall: Firewall, troubles: Troubles): Together<FirewallChange, Counters | null> {
  const batch = new Batch<FirewallChange, Result>(async (changes) => {
    try {
      const counters = await firewall.apply(changes);
      troubles.over("firewall");
      return changes.map((change) => ({ counters: closed(change, counters) }));
    } catch (error) {
      if (changes.length === 1) return [{ error }];
      return alone(firewall, changes, error);
    }
  }, MOST);
  return {
    add: async (change) => {
      const result = await batch.add(change);
      if ("error" in result) throw result.error;
      return result.counters;
    },
  };
}

async function alone(firewall: Firewall, changes: readonly FirewallChange[], first: unknown): Promise<Result[]> {
  const results: Result[] = [];
  let failures = 0;
  for (const change of changes) {
    if (failures >= HOPELESS) {
      results.push({ error: first });
      continue;
    }
    try {
      results.push({ counters: closed(change, await firewall.apply([change])) });
      failures = 0;
    } catch (error) {
      results.push({ error });
      failures++;
    }
  }
  return results;
}

function closed(change: FirewallChange, counters: ReadonlyMap<number, Counters>): Counters | null {
  return change.kind === "close" ? (counters.get(change.number) ?? null) : null;
}
