/** What may be asked through the control socket: one JSON object a line, and one line back. */
import * as z from "zod";
import type { Role } from "../../store/store.ts";

const name = z.string().min(1).max(250);
const rate = z.number().int().min(1).nullable().default(null);
const count = z.number().int().min(1);
/** A hundred years in seconds, and the last moment a date can tell (ECMA-262, 21.4.1.1): what lists show must be dates. */
const span = count.max(3_155_760_000);
const moment = count.max(8_640_000_000_000_000);

const password = z.string().min(1).max(1_024);
const role = z.enum(["viewer", "operator", "admin"]);
const userLimits = {
  idle: span.nullable().optional(),
  octetsTotal: count.nullable().optional(),
  rateUp: count.nullable().optional(),
  rateDown: count.nullable().optional(),
};

const request: z.ZodType<ControlRequest> = z.discriminatedUnion("verb", [
  z.strictObject({ verb: z.enum(["status", "sessions", "sessions-elsewhere", "user-list", "admin-list"]) }),
  z.strictObject({ verb: z.literal("kick"), who: name }),
  z.strictObject({
    verb: z.literal("admit"),
    device: name,
    user: z.string().max(250).default(""),
    session: z.number().int().min(0).max(3_155_760_000).optional(),
    idle: z.number().int().min(0).max(3_155_760_000).optional(),
    octetsInput: z.number().int().min(0).optional(),
    octetsOutput: z.number().int().min(0).optional(),
    octetsTotal: z.number().int().min(0).optional(),
    rateUp: z.number().int().min(0).optional(),
    rateDown: z.number().int().min(0).optional(),
  }),
  z.strictObject({
    verb: z.literal("voucher-create"),
    count: count.max(10_000),
    batch: name,
    expires: moment.nullable().default(null),
    duration: span.nullable().default(null),
    octets: count.nullable().default(null),
    devices: count.max(1_000).default(1),
    rateUp: rate,
    rateDown: rate,
    note: z.string().max(500).default(""),
  }),
  z.strictObject({
    verb: z.literal("voucher-list"),
    batch: name.optional(),
    code: name.optional(),
    limit: count.max(100_000).optional(),
    offset: z.number().int().min(0).optional(),
  }),
  z.strictObject({
    verb: z.literal("voucher-sheet"),
    batch: name,
    paper: z.enum(["a4", "letter"]),
    network: name.nullable(),
  }),
  z.strictObject({ verb: z.literal("voucher-revoke"), codes: z.array(name).max(10_000), batch: name.nullable() }),
  z.strictObject({
    verb: z.literal("user-add"),
    name,
    password: password.nullable(),
    disabled: z.boolean().default(false),
    devices: count.max(1_000).default(1),
    note: z.string().max(500).default(""),
    ...userLimits,
  }),
  z.strictObject({
    verb: z.literal("user-set"),
    name,
    password: password.optional(),
    disabled: z.boolean().optional(),
    devices: count.max(1_000).optional(),
    note: z.string().max(500).optional(),
    ...userLimits,
  }),
  z.strictObject({ verb: z.literal("admin-add"), name, role, password: password.nullable() }),
  z.strictObject({ verb: z.literal("admin-set"), name, role: role.optional(), password: password.optional() }),
  z.strictObject({ verb: z.enum(["user-remove", "admin-remove"]), name }),
]);

/** Limits of a local user: seconds, octets, bits per second. Null is the portal's; what is absent stays, and is the portal's at first. */
interface UserLimits {
  readonly idle?: number | null | undefined;
  readonly octetsTotal?: number | null | undefined;
  readonly rateUp?: number | null | undefined;
  readonly rateDown?: number | null | undefined;
}

/** Expires in Unix milliseconds, duration in seconds, volume in octets, rates in bits per second. */
interface VoucherTerms {
  readonly expires: number | null;
  readonly duration: number | null;
  readonly octets: number | null;
  readonly devices: number;
  readonly rateUp: number | null;
  readonly rateDown: number | null;
  readonly note: string;
}

interface UserTerms {
  readonly disabled: boolean;
  readonly devices: number;
  readonly note: string;
}

/** `Terms` are what may be left out of a question. */
type Request<Vouchers, Users> =
  /** `sessions` are this gateway's, `sessions-elsewhere` those of the others that share its store. */
  | { readonly verb: "status" | "sessions" | "sessions-elsewhere" | "user-list" | "admin-list" }
  /** A session's id, a MAC or a user. */
  | { readonly verb: "kick"; readonly who: string }
  /** Lets a device in, by its MAC or an address; one that is in has its limits changed. 0 is without limit. */
  | {
      readonly verb: "admit";
      readonly device: string;
      readonly user?: string | undefined;
      readonly session?: number | undefined;
      readonly idle?: number | undefined;
      readonly octetsInput?: number | undefined;
      readonly octetsOutput?: number | undefined;
      readonly octetsTotal?: number | undefined;
      readonly rateUp?: number | undefined;
      readonly rateDown?: number | undefined;
    }
  | ({ readonly verb: "voucher-create"; readonly count: number; readonly batch: string } & Vouchers)
  | {
      readonly verb: "voucher-list";
      readonly batch?: string | undefined;
      readonly code?: string | undefined;
      readonly limit?: number | undefined;
      readonly offset?: number | undefined;
    }
  /** Answered with a PDF in base64. */
  | {
      readonly verb: "voucher-sheet";
      readonly batch: string;
      readonly paper: "a4" | "letter";
      readonly network: string | null;
    }
  | { readonly verb: "voucher-revoke"; readonly codes: readonly string[]; readonly batch: string | null }
  /** Not done when there is one of the name; the answer says it. */
  | ({ readonly verb: "user-add"; readonly name: string; readonly password: string | null } & Users & UserLimits)
  /** What is absent stays. Not done when there is none of the name. */
  | ({ readonly verb: "user-set"; readonly name: string; readonly password?: string | undefined } & {
      readonly [Term in keyof UserTerms]?: UserTerms[Term] | undefined;
    } & UserLimits)
  | { readonly verb: "user-remove" | "admin-remove"; readonly name: string }
  | { readonly verb: "admin-add"; readonly name: string; readonly role: Role; readonly password: string | null }
  | {
      readonly verb: "admin-set";
      readonly name: string;
      readonly role?: Role | undefined;
      readonly password?: string | undefined;
    };

export type ControlRequest = Request<VoucherTerms, UserTerms>;
/** As somebody who asks writes it: what has a usual value may be left out. */
export type ControlQuestion = Request<Partial<VoucherTerms>, Partial<UserTerms>>;

/** @returns the request, or what is wrong with it in words */
export function parseRequest(line: string): ControlRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "the request is not JSON";
  }
  const parsed = request.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return `${issue?.path.map(String).join(".") || "the request"}: ${issue?.message ?? "not understood"}`;
}
