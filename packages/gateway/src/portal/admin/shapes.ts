/** What the API's answers look like, for those who make a client from its description; a test holds the server to it. */
import * as z from "zod";

const octets: z.ZodType<string> = z
  .string()
  .regex(/^\d+$/)
  .describe("Octets; they outgrow what JSON's readers keep exact");
const moment: z.ZodType<string> = z.iso.datetime();
const count: z.ZodType<number> = z.int().min(0);
const rate: z.ZodType<number | null> = count.nullable().describe("bit/s");

const session: z.ZodType = z.strictObject({
  id: z.string().describe("Acct-Session-Id"),
  gateway: z.string(),
  mac: z.string(),
  addresses: z.array(z.string()),
  user: z.string(),
  method: z.enum(["click", "voucher", "password", "mac", "email"]),
  state: z.enum(["open", "closing", "closed"]),
  started: moment,
  ended: moment.nullable(),
  active: moment.describe("Last traffic"),
  cause: z.string().nullable().describe("Acct-Terminate-Cause"),
  inputOctets: octets.describe("From the client"),
  outputOctets: octets.describe("To the client"),
  inputPackets: octets.describe("From the client"),
  outputPackets: octets.describe("To the client"),
  limits: z.strictObject({
    until: moment.nullable(),
    idle: count.nullable().describe("Seconds"),
    octetsInput: octets.nullable(),
    octetsOutput: octets.nullable(),
    octetsTotal: octets.nullable(),
    rateUp: rate,
    rateDown: rate,
  }),
});

const voucher: z.ZodType = z.strictObject({
  id: z.string(),
  code: z.string().describe("For a viewer, covered but for its first letters"),
  batch: z.string(),
  created: moment,
  expires: moment.nullable(),
  duration: count.nullable().describe("Seconds from the first use"),
  octets: octets.nullable(),
  devices: count,
  rateUp: rate,
  rateDown: rate,
  note: z.string(),
  firstUse: moment.nullable(),
  usedOctets: octets,
  usedBy: z.array(z.string()).describe("MACs"),
  revoked: z.boolean(),
});

export const sessionsShape: z.ZodType = z.strictObject({ sessions: z.array(session) });
export const vouchersShape: z.ZodType = z.strictObject({ vouchers: z.array(voucher) });
export const revokedShape: z.ZodType = z.strictObject({ revoked: count });

export const usersShape: z.ZodType = z.strictObject({
  users: z.array(
    z.strictObject({
      name: z.string(),
      disabled: z.boolean(),
      devices: count.describe("At a time"),
      note: z.string(),
      created: moment,
      limits: z.strictObject({
        idle: count.nullable().describe("Seconds; null is the portal's, here and below"),
        octetsTotal: octets.nullable(),
        rateUp: rate,
        rateDown: rate,
      }),
    }),
  ),
});

export const statusShape: z.ZodType = z.strictObject({
  gateway: z.string(),
  version: z.string(),
  started: count.describe("Unix milliseconds"),
  sessions: count,
  pendingAccounting: count.describe("Records no server has acknowledged"),
  radius: z.array(
    z.strictObject({
      host: z.string(),
      alive: z.boolean(),
      roundTrip: z.number().nullable().describe("Milliseconds"),
      requests: count,
      timeouts: count,
      discarded: count,
    }),
  ),
  troubles: z.array(z.string()).describe("What does not work right now, in sentences"),
});

export const trafficShape: z.ZodType = z.strictObject({
  points: z.array(
    z.strictObject({
      at: count.describe("Unix milliseconds: where the minute, or the hour, began"),
      sessions: count.describe("The most at one time"),
      inputOctets: octets.describe("From the clients"),
      outputOctets: octets.describe("To the clients"),
    }),
  ),
});

export const auditShape: z.ZodType = z.strictObject({
  entries: z.array(
    z.strictObject({
      at: count.describe("Unix milliseconds"),
      gateway: z.string(),
      who: z.string(),
      what: z.string(),
      detail: z.string(),
    }),
  ),
});

export const tokenShape: z.ZodType = z.strictObject({
  token: z.string(),
  role: z.enum(["viewer", "operator", "admin"]),
});

/** RFC 9457. */
export const problemShape: z.ZodType = z.strictObject({ status: z.int(), detail: z.string() });
