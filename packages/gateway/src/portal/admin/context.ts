/** What every page and answer of the admin is given. */
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { Role, Store } from "../../store/store.ts";
import type { Portal } from "../service.ts";
import type { AdminSession } from "./sign-in.ts";

export type Look = PortalConfig["look"];

export interface AdminContext {
  readonly config: PortalConfig;
  readonly portal: Portal;
  readonly store: Store;
  /** Unix milliseconds. */
  now(): number;
  /** The sign-in page as guests would see it with this look: a whole document. */
  preview(look: Look): string;
  /** A look was saved: the pages take it from now on. */
  lookChanged(look: Look): void;
}

export interface AdminVariables {
  Variables: { session: AdminSession; nonce: string };
}

/** Headers of an answer to whom is to come again when fewer passwords are being checked: seconds. */
export const CROWDED: Readonly<Record<string, string>> = { "Retry-After": "5" };

const RANK: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

export function may(role: Role, wanted: Role): boolean {
  return RANK[role] >= RANK[wanted];
}
