/** The sheet of a portal's vouchers: its title, its page, its language. */
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { Voucher } from "../../store/store.ts";
import { originsOf, uamAddress } from "../pages/address.ts";
import { type SheetLook, voucherSheet } from "./sheet.ts";

export interface SheetOptions {
  readonly paper: SheetLook["paper"];
  /** Name of the wireless network. */
  readonly network: string | null;
}

export function portalSheet(
  config: PortalConfig,
  look: PortalConfig["look"],
  vouchers: readonly Voucher[],
  options: SheetOptions,
): Promise<Uint8Array> {
  const { httpPort, httpsPort, uam } = config.portal;
  const origins = originsOf(config, { http: httpPort, https: httpsPort, uam: uam?.port ?? null });
  const page = `${origins.https ?? origins.http(uamAddress(config))}/`;
  return voucherSheet(vouchers, { ...options, title: look.title, language: look.language, page });
}
