import type { Store, Voucher } from "../store/store.ts";
import type { Portal } from "./service.ts";

/**
 * Vouchers that are revoked let nobody in, and those who are in by one go: here at once, on other gateways of the store
 * within a minute.
 */
export async function revokeVouchers(
  { portal, store }: { readonly portal: Portal; readonly store: Store },
  vouchers: readonly Voucher[],
  who: string,
): Promise<{ readonly revoked: number; readonly ended: number }> {
  const ids = new Set(vouchers.map(({ id }) => id));
  const revoked = ids.size === 0 ? 0 : await store.revokeVouchers([...ids]);
  const using = portal.sessions().filter(({ voucher }) => voucher !== null && ids.has(voucher));
  const ended = await Promise.all(using.map(({ id }) => portal.kick(id, who)));
  return { revoked, ended: ended.filter((one) => one).length };
}
