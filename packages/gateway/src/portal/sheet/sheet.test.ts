import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PDFDocument } from "pdf-lib";
import { describe, expect, it } from "vitest";
import type { Voucher } from "../../store/store.ts";
import { voucherAddress, voucherSheet } from "./index.ts";

const LOOK = {
  title: "Pier Café",
  network: "pier",
  page: "https://wifi.example.org/",
  paper: "a4",
  language: "en",
} as const;

function voucher(code: string, more: Partial<Voucher> = {}): Voucher {
  return {
    id: code,
    code,
    batch: "b",
    created: 0,
    expires: Date.UTC(2031, 0, 31, 12),
    duration: 7200,
    octets: 500_000_000n,
    devices: 2,
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

function hasTools(): boolean {
  try {
    for (const tool of ["pdftoppm", "zbarimg"])
      execFileSync(tool, [tool === "pdftoppm" ? "-v" : "--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("voucher sheets", () => {
  it("the address fills the code in and nothing else", () => {
    expect(voucherAddress("https://wifi.example.org/", "7K4M-Q2XP")).toBe(
      "https://wifi.example.org/?voucher=7K4M-Q2XP",
    );
    expect(voucherAddress("https://wifi.example.org/?x=1", "a&b=c")).toBe(
      "https://wifi.example.org/?x=1&voucher=a%26b%3Dc",
    );
  });

  it("22 vouchers take two pages of A4, 31 two of Letter, revoked ones none", async () => {
    const many = Array.from({ length: 31 }, (_, index) => voucher(`AAAA-${1000 + index}`));
    const pages = async (list: Voucher[], paper: "a4" | "letter"): Promise<number> =>
      (await PDFDocument.load(await voucherSheet(list, { ...LOOK, paper }))).getPageCount();
    expect(await pages(many.slice(0, 21), "a4")).toBe(1);
    expect(await pages(many.slice(0, 22), "a4")).toBe(2);
    expect(await pages(many, "letter")).toBe(2);
    expect(await pages([...many.slice(0, 21), voucher("X", { revoked: true })], "a4")).toBe(1);
  });

  it.skipIf(!hasTools() && process.env.CI !== "true")(
    "says what it should in other scripts, and its QR codes can be read from paper (needs poppler-utils and zbar-tools)",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "sheet-"));
      try {
        const look = { ...LOOK, title: "Кафе Šťastná Ελλάδα", language: "de" };
        writeFileSync(join(folder, "s.pdf"), await voucherSheet([voucher("7K4M-Q2XP")], look));
        const text = execFileSync("pdftotext", ["-layout", join(folder, "s.pdf"), "-"], { encoding: "utf8" });
        for (const words of [
          "Кафе Šťastná Ελλάδα",
          "7K4M-Q2XP",
          "2 Stunden ab dem ersten Anmelden",
          "500 MB",
          "2 Geräte",
          "31.01.2031",
        ]) {
          expect(text).toContain(words);
        }
        execFileSync("pdftoppm", ["-png", "-r", "200", join(folder, "s.pdf"), join(folder, "s")]);
        const read = execFileSync("zbarimg", ["-q", "--raw", join(folder, "s-1.png")], { encoding: "utf8" });
        expect(read).toBe("https://wifi.example.org/?voucher=7K4M-Q2XP\n");
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
