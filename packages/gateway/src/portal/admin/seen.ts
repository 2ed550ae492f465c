/** Which sessions somebody sees, and how. */
import type { StoredSession } from "../../store/store.ts";
import { coveredSession } from "../covered.ts";
import { may } from "./context.ts";
import type { AdminSession } from "./sign-in.ts";

/**
 * As they are for who may make vouchers. To others a voucher's code is covered, and whoever asks for a user finds nobody by
 * a code: finding somebody would tell that the code is right.
 * @param user who was asked for; "" or absent: everybody
 */
export function seenBy(
  { role }: Pick<AdminSession, "role">,
  sessions: readonly StoredSession[],
  user: string = "",
): readonly StoredSession[] {
  if (may(role, "operator")) return sessions;
  const shown = user === "" ? sessions : sessions.filter(({ method }) => method !== "voucher");
  return shown.map(coveredSession);
}
