import { basename, dirname } from "node:path";
import type { Command } from "commander";
import { EXIT, UsageError } from "../../failure.ts";
import type { ShownVoucher } from "../../report/portal.ts";
import { colorsFor, plural } from "../../terminal.ts";
import { ask } from "./ask.ts";

interface CreateFlags {
  readonly count: string;
  readonly batch?: string;
  readonly valid?: string;
  readonly time?: string;
  readonly volume?: string;
  readonly devices: string;
  readonly up?: string;
  readonly down?: string;
  readonly note: string;
  readonly json?: boolean;
}

interface SheetFlags {
  readonly batch: string;
  readonly output: string;
  readonly paper: string;
  readonly network?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function addVoucherVerbs(portal: Command, exit: (status: number) => void): void {
  const voucher = portal.command("voucher").description("vouchers: create, list, print, revoke");
  voucher
    .command("create")
    .description("make vouchers; prints their codes")
    .option("--count <number>", "how many", "1")
    .option("-b, --batch <name>", "name of the batch; the time of day when absent")
    .option("--valid <duration>", "not valid after this long from now: 30d")
    .option("-t, --time <duration>", "good for this long from the first use: 4h")
    .option("--volume <octets>", "good for so much over all sessions: 2GB")
    .option("-d, --devices <number>", "devices that may use it", "1")
    .option("--up <rate>", "rate from the device: 2Mbit")
    .option("--down <rate>", "rate to the device: 10Mbit")
    .option("--note <text>", "for you", "")
    .option("--json", "all facts of each, for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 made; 2 no portal answers, or it could not.

Example:
  pierhead portal voucher create --count 20 -b kiosk --time 4h --volume 2GB
`,
    )
    .action(async (flags: CreateFlags, self: Command) => {
      const { parseDuration, parseRate, parseVolume } = await import("@pierhead/lang/portal-conf");
      const now = Date.now();
      const valid = quantity("--valid", flags.valid, parseDuration);
      const made = await ask<readonly ShownVoucher[]>(self, {
        verb: "voucher-create",
        count: whole("--count", flags.count),
        batch: flags.batch ?? new Date(now).toISOString().slice(0, 16).replace("T", " "),
        expires: valid === null ? null : now + valid * 1000,
        duration: quantity("--time", flags.time, parseDuration),
        octets: quantity("--volume", flags.volume, parseVolume),
        devices: whole("--devices", flags.devices),
        rateUp: quantity("--up", flags.up, parseRate),
        rateDown: quantity("--down", flags.down, parseRate),
        note: flags.note,
      });
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ vouchers: made })}\n`);
      else for (const { code } of made) process.stdout.write(`${code}\n`);
      exit(EXIT.fine);
    });

  voucher
    .command("list")
    .description("vouchers with what is left of them")
    .option("-b, --batch <name>", "only this batch")
    .option("--code <code>", "only this one")
    .option("--limit <number>", "at most so many", "1000")
    .option("--json", "all facts of each, for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 printed; 2 no portal answers.

Example:
  pierhead portal voucher list -b kiosk
`,
    )
    .action(async (flags: { batch?: string; code?: string; limit: string; json?: boolean }, self: Command) => {
      const { batch, code } = flags;
      const vouchers = await ask<readonly ShownVoucher[]>(self, {
        verb: "voucher-list",
        batch,
        code,
        limit: whole("--limit", flags.limit),
      });
      const { portalVouchers } = await import("../../report/portal.ts");
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ vouchers })}\n`);
      else process.stdout.write(portalVouchers(vouchers, Date.now(), colorsFor(process.stdout)));
      exit(EXIT.fine);
    });

  voucher
    .command("sheet")
    .description("cards to print and cut, with QR codes, as PDF")
    .requiredOption("-b, --batch <name>", "the batch whose vouchers are printed; revoked ones are left out")
    .requiredOption("-o, --output <file>", "the PDF")
    .option("--paper <paper>", "a4 (21 labels, L7160) or letter (30 labels, 5160)", "a4")
    .option("--network <name>", "name of the wireless network, for the cards")
    .option("--force", "replace a file that is there")
    .option("--json", "how many cards, for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 written; 1 the batch has no voucher that is good; 2 no portal answers, or it could not.

Example:
  pierhead portal voucher sheet -b kiosk --network pier-guests -o kiosk.pdf
`,
    )
    .action(async (flags: SheetFlags, self: Command) => {
      if (flags.paper !== "a4" && flags.paper !== "letter") {
        throw new UsageError(`--paper ${flags.paper}: it is a4 or letter`);
      }
      const { cards, pdf } = await ask<{ cards: number; pdf: string }>(self, {
        verb: "voucher-sheet",
        batch: flags.batch,
        paper: flags.paper,
        network: flags.network ?? null,
      });
      if (cards === 0) {
        process.stderr.write(`there is no voucher in ${flags.batch} that is good\n`);
        return exit(EXIT.findings);
      }
      const { writePrivate } = await import("../../input/write-private.ts");
      // A voucher is worth money to whoever reads it.
      const content = Buffer.from(pdf, "base64");
      writePrivate(dirname(flags.output), [{ path: basename(flags.output), content }], flags.force === true);
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ file: flags.output, cards })}\n`);
      else process.stdout.write(`${plural(cards, "card")} in ${flags.output}, for your eyes only (0600)\n`);
      exit(EXIT.fine);
    });

  voucher
    .command("revoke")
    .description("vouchers let nobody in any more, and whoever is in by them goes")
    .argument("[code...]", "codes; case, spaces and dashes do not matter")
    .option("-b, --batch <name>", "all of this batch")
    .option("--json", "how many, for machines")
    .addHelpText(
      "after",
      `
Exit status: 0 revoked; 1 there was none; 2 no portal answers.

Example:
  pierhead portal voucher revoke 7K4M-Q2XP
  pierhead portal voucher revoke -b kiosk
`,
    )
    .action(async (codes: string[], flags: { batch?: string; json?: boolean }, self: Command) => {
      if (codes.length === 0 && flags.batch === undefined) throw new UsageError("name codes, or a batch with -b");
      const done = await ask<{ revoked: number; ended: number }>(self, {
        verb: "voucher-revoke",
        codes,
        batch: flags.batch ?? null,
      });
      if (flags.json === true) process.stdout.write(`${JSON.stringify(done)}\n`);
      else process.stdout.write(`revoked ${plural(done.revoked, "voucher")}; ended ${plural(done.ended, "session")}\n`);
      exit(done.revoked === 0 ? EXIT.findings : EXIT.fine);
    });
}

export function whole(option: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new UsageError(`${option} ${text}: a whole number from 1 is wanted`);
  return Number(text);
}

export function quantity(
  option: string,
  text: string | undefined,
  parse: (given: string) => number | null,
): number | null {
  if (text === undefined) return null;
  const value = parse(text);
  if (value === null || value < 1) throw new UsageError(`${option} ${text}: written like 30m, 500MB or 10Mbit`);
  return value;
}
