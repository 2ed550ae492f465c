import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coveredCode, judgeVoucher, newCode, readCode, StoreError, type Voucher } from "./index.ts";
import { Passwords } from "./passwords.ts";

const T = 1_800_000_000_000;
const MAC = "02:00:00:00:00:01";

function voucher(more: Partial<Voucher>): Voucher {
  return {
    id: "v",
    code: "7K4M-Q2XP",
    batch: "b",
    created: 0,
    expires: null,
    duration: null,
    octets: null,
    devices: 1,
    rateUp: null,
    rateDown: null,
    note: "",
    firstUse: null,
    usedOctets: 0n,
    usedBy: [],
    revoked: false,
    ...more,
  };
}

describe("what a voucher is worth", () => {
  const used = { firstUse: T - 5_000, usedBy: [MAC] };
  const other = { firstUse: T - 5_000, usedBy: ["02:00:00:00:00:02"] };
  const cases: readonly (readonly [name: string, more: Partial<Voucher>, verdict: string])[] = [
    ["nothing limits it", {}, "until null, left null"],
    ["its day is to come", { expires: T + 1 }, `until ${T + 1}, left null`],
    ["its day is over", { expires: T }, "expired"],
    ["time counts from the first use", { duration: 10, ...used }, `until ${T + 5_000}, left null`],
    ["not used before: from now", { duration: 10 }, `until ${T + 10_000}, left null`],
    ["the sooner of day and time: the day", { duration: 10, expires: T + 9_999 }, `until ${T + 9_999}, left null`],
    ["the sooner of day and time: the time", { duration: 10, expires: T + 10_001 }, `until ${T + 10_000}, left null`],
    ["its time is over", { duration: 5, ...used }, "used-up"],
    ["octets left", { octets: 10n, usedOctets: 9n }, "until null, left 1"],
    ["no octets left", { octets: 10n, usedOctets: 10n }, "used-up"],
    ["more used than there were", { octets: 10n, usedOctets: 12n }, "used-up"],
    ["another device has it", other, "too-many-devices"],
    ["another device has it, and one more may", { ...other, devices: 2 }, "until null, left null"],
    ["its own device again", used, "until null, left null"],
    ["revoked goes before all else", { revoked: true, expires: T - 1, ...other }, "revoked"],
    [
      "a clock that went back before the first use",
      { duration: 10, firstUse: T + 60_000 },
      `until ${T + 70_000}, left null`,
    ],
  ];
  it.each(cases)("%s", (_, more, expected) => {
    const verdict = judgeVoucher(voucher(more), MAC, T);
    expect(verdict.kind === "good" ? `until ${verdict.until}, left ${verdict.octetsLeft}` : verdict.why).toBe(expected);
  });
});

describe("codes", () => {
  it("are eight signs of an alphabet of 32 without lookalikes, all of which occur", () => {
    const codes = Array.from({ length: 2_000 }, newCode);
    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    expect(new Set(codes.join("").replaceAll("-", "")).size).toBe(32);
    expect(new Set(codes).size).toBe(2_000);
  });

  it("are read however they are typed", () => {
    for (const typed of ["7K4M-Q2XP", "7k4mq2xp", " 7k4m q2xp\n", "7K4M–Q2XP", "7.K.4.M.Q.2.X.P"]) {
      expect(readCode(typed)).toBe("7K4M-Q2XP");
    }
    expect(readCode("oOlI-iL00")).toBe("0011-1100");
    for (const wrong of [
      "",
      "7K4M-Q2X",
      "7K4M-Q2XPP",
      "UUUU-UUUU",
      "7K4M-Q2X\u0660",
      "ⅦK4M-Q2XP",
      "%".repeat(10_000),
    ]) {
      expect(readCode(wrong)).toBeNull();
    }
    expect(coveredCode("7K4M-Q2XP")).toBe("7K••-••••");
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."7k4MilouQ2-–_ .\0\uD800\u0660💧") }), (typed) => {
        const code = readCode(typed);
        return code === null || readCode(code) === code;
      }),
    );
  });
});

describe("passwords", () => {
  it("hash with a salt and their parameters, and match only themselves", async () => {
    const passwords = new Passwords();
    const [one, two] = await Promise.all([passwords.hash("correct horse"), passwords.hash("correct horse")]);
    expect(one).toMatch(/^scrypt\$15\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(two);
    // RFC 7914, 12, the third vector: other parameters than ours today.
    const hash =
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887";
    const rfc = `scrypt$14$8$1$${Buffer.from("SodiumChloride").toString("base64url")}$${Buffer.from(hash, "hex").toString("base64url")}`;
    const answers = await Promise.all([
      passwords.matches("correct horse", one),
      passwords.matches("correct horse ", one),
      passwords.matches("", one),
      passwords.matches("anything", null),
      passwords.matches("pleaseletmein", rfc),
      passwords.matches("pleaseletmeiN", rfc),
    ]);
    expect(answers).toEqual([true, false, false, false, true, false]);
    await expect(passwords.matches("x", "$argon2id$v=19$x$y")).rejects.toThrow("kind this version does not know");
  });

  it("turn a flood away, and go on", async () => {
    const passwords = new Passwords();
    const stored = "scrypt$4$8$1$AAAA$AAAA";
    const answers = await Promise.allSettled(Array.from({ length: 300 }, () => passwords.matches("x", stored)));
    const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : []));
    expect(refused.length).toBe(98);
    // Not the database's fault, and nobody shall be told so.
    for (const reason of refused) {
      expect(reason).toBeInstanceOf(StoreError);
      expect(reason).toMatchObject({ trouble: "crowded" });
    }
    expect(await passwords.matches("x", stored)).toBe(false);
  });
});
