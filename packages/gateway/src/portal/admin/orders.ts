/** What forms and the API send, checked before anything is done with it. */
import * as z from "zod";

const amount = (most: number): z.ZodType<number | null> =>
  z
    .union([z.literal("").transform(() => null), z.null(), z.coerce.number().int().min(1).max(most)])
    .optional()
    .transform((value) => value ?? null);

/** Volumes are given in megabytes, rates in kbit/s, spans in minutes: what people write on a price list. */
export interface VoucherForm {
  count: number;
  batch: string;
  minutes: number | null;
  megabytes: number | null;
  devices: number;
  rateDown: number | null;
  rateUp: number | null;
  /** `2026-11-24`. */
  expires: string | null;
  note: string;
}

export interface UserForm {
  name: string;
  /** Kept as it is when absent or empty. */
  password?: string | undefined;
  /** What is absent stays, and is as usual for a new user: one device, who may sign in. */
  devices?: number | undefined;
  disabled?: boolean | undefined;
  note?: string | undefined;
  /** Minutes, megabytes, kbit/s; null is the portal's own. */
  idle?: number | null | undefined;
  megabytes?: number | null | undefined;
  rateDown?: number | null | undefined;
  rateUp?: number | null | undefined;
}

export interface AdministratorForm {
  name: string;
  role: "viewer" | "operator" | "admin";
  password?: string | undefined;
}

export interface LookForm {
  title: string;
  text: string;
  accent: string;
  terms: string;
  language: string;
}

export const voucherOrder: z.ZodType<VoucherForm> = z.strictObject({
  count: z.coerce.number().int().min(1).max(5000).describe("Vouchers to make"),
  batch: z.string().trim().min(1).max(60).describe("Name of the batch"),
  minutes: amount(60 * 24 * 366).describe("Minutes from the first use"),
  megabytes: amount(10_000_000).describe("Megabytes over all sessions"),
  devices: z.coerce.number().int().min(1).max(100).default(1).describe("Devices that may use one"),
  rateDown: amount(100_000_000).describe("kbit/s to the device"),
  rateUp: amount(100_000_000).describe("kbit/s from the device"),
  expires: z
    .union([z.literal("").transform(() => null), z.null(), z.iso.date()])
    .optional()
    .transform((value) => value ?? null)
    .describe("Last day (UTC) they are good for"),
  note: z.string().trim().max(200).default(""),
});

const name = z
  .string()
  .trim()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._@ -]{0,62}$/u, { error: "letters, digits, blanks and `. _ @ -`" });

/** Empty or null: the portal's own; absent: as it was. */
const limit = (most: number): z.ZodType<number | null | undefined> =>
  z.union([z.literal("").transform(() => null), z.null(), z.coerce.number().int().min(1).max(most)]).optional();

const user = {
  password: z.string().max(200).optional().describe("Kept as it is when absent or empty"),
  devices: z.coerce.number().int().min(1).max(1000).optional().describe("Devices at a time; 1 for a new user"),
  disabled: z.union([z.boolean(), z.literal("on").transform(() => true)]).optional(),
  note: z.string().trim().max(200).optional(),
  idle: limit(60 * 24 * 366).describe("Minutes without traffic that end a session"),
  megabytes: limit(10_000_000).describe("Megabytes of one session"),
  rateDown: limit(100_000_000).describe("kbit/s to the device"),
  rateUp: limit(100_000_000).describe("kbit/s from the device"),
};

/** What the API's body has; the name is in the path. */
export const userBody: z.ZodType<Omit<UserForm, "name">> = z.strictObject(user);
export const userOrder: z.ZodType<UserForm> = z.strictObject({ name, ...user });

export const administratorOrder: z.ZodType<AdministratorForm> = z.strictObject({
  name,
  role: z.enum(["viewer", "operator", "admin"]),
  password: z.string().max(200).optional(),
});

export const lookOrder: z.ZodType<LookForm> = z.strictObject({
  title: z.string().trim().min(1).max(80),
  text: z.string().trim().max(2000),
  accent: z.string().regex(/^#[0-9a-fA-F]{6}$/, { error: "a colour is `#` and six hexadecimal digits" }),
  terms: z.string().trim().max(20_000),
  language: z.enum(["en", "de", "fr", "es", "it", "pt"]),
});

/** Passwords of administrators open everything; guests' passwords are read out at counters. */
export const SHORTEST_ADMIN_PASSWORD = 12;
export const SHORTEST_USER_PASSWORD = 6;

/** One sentence per wrong field. */
export function complaints(error: z.ZodError): string[] {
  return error.issues.map((issue) => {
    const where = issue.path.join(".");
    return where === "" ? issue.message : `${where}: ${issue.message}`;
  });
}
