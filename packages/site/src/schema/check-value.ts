/** One value of a site file on its own, as somebody types it. */
import type * as z from "zod";
import * as value from "./values.ts";

export type ValueKind = "title" | "name" | "interface" | "interfaceAddress4" | "address4" | "guestAddress" | "mac";

const KINDS: Readonly<Record<ValueKind, z.ZodString>> = {
  title: value.title,
  name: value.name,
  interface: value.interfaceName,
  interfaceAddress4: value.interfaceAddress4,
  address4: value.address4,
  guestAddress: value.guestAddress,
  mac: value.mac,
};

/** @returns what is wanted, when it is not that; null when it is right */
export function checkValue(kind: ValueKind, text: string): string | null {
  const parsed = KINDS[kind].safeParse(text);
  return parsed.success ? null : (parsed.error.issues[0]?.message ?? "not that");
}
