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

export function addVoucherVerbs(portal: Command, exit: (status: number) => void): void {
  const voucher = portal.command("voucher").description("vouchers: create, list, revoke");
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
