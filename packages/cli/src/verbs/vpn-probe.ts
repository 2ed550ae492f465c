import { lookup } from "node:dns/promises";
import type { Answer, ProbeOffer } from "@pierhead/gateway/vpn-probe";
import type { ClientPlatform, OfferOutcome, PlatformOffer } from "@pierhead/site/clients";
import type { Command } from "commander";
import { EXIT, UsageError } from "../failure.ts";
import { colorsFor, printable } from "../terminal.ts";

interface Flags {
  readonly platform?: string;
  readonly timeout: string;
  readonly pause: string;
  readonly patience: string;
  readonly port: string;
  readonly natTPort: string;
  readonly enumerate?: boolean;
  readonly aggressive: boolean;
  readonly json?: boolean;
}

const SECOND = 1000;
/** Datagrams and milliseconds that a run may take, without and with --enumerate. */
const BOUNDS = { plain: [200, 5 * 60 * SECOND], enumerate: [1500, 20 * 60 * SECOND] } as const;

/** `pierhead vpn probe`: what a head-end really accepts, asked over the wire. */
export function vpnProbe(group: Command, exit: (status: number) => void): void {
  group
    .command("probe")
    .description("ask a running head-end what it accepts: IKEv1 and IKEv2, with every platform's own proposals")
    .argument("<host>", "name or address of one head-end")
    .option("-p, --platform <name>", "one platform only")
    .option("--enumerate", "besides, ask for every transform one by one")
    .option("--no-aggressive", "do not ask for aggressive mode")
    .option("--timeout <time>", "wait so long for an answer; the question is sent three times in it", "4s")
    .option("--pause <time>", "between one question and the next", "200ms")
    .option("--patience <time>", "when answers stop: wait so long for open negotiations to end, and go on", "31s")
    .option("--port <number>", "in place of UDP 500", "500")
    .option("--nat-t-port <number>", "in place of UDP 4500", "4500")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
One host is asked, one question at a time after the first four, with at most ${BOUNDS.plain[0]} datagrams (${BOUNDS.enumerate[0]} with --enumerate) in ${BOUNDS.plain[1] / 60_000} minutes
(${BOUNDS.enumerate[1] / 60_000}). No key, password or certificate is sent or guessed. Every offer that is taken leaves one negotiation half open
at the head-end until it gives up on it, which is half a minute with most; head-ends that stop answering after a few
(strongSwan: five) are waited for. How far a client gets without a key is what is found: through phase 1 of IKEv1
(L2TP/IPsec), or IKE_SA_INIT of IKEv2.

Ask head-ends that are yours, or whose owner knows.

Exit status: 0 all known platforms get through phase 1; 1 some do not, or there is a weakness; 2 no answer, or could not run.

Example:
  pierhead vpn probe vpn.example.org
  pierhead vpn probe 192.0.2.1 --platform windows-11 --json
  pierhead vpn probe 192.0.2.1 --enumerate
`,
    )
    .action(async (host: string, flags: Flags) => exit(await run(host, flags)));
}

async function run(host: string, flags: Flags): Promise<number> {
  const { probeHeadEnd } = await import("@pierhead/gateway/vpn-probe");
  const { CLIENTS, offersOf, probedCompatibility } = await import("@pierhead/site/clients");
  const { findings, probeJson, probePretty } = await import("../report/vpn-probe.ts");
  const platforms = chosenPlatforms(CLIENTS, flags.platform);
  const times = {
    timeout: milliseconds("--timeout", flags.timeout, 100, 60 * SECOND),
    pause: milliseconds("--pause", flags.pause, 0, 60 * SECOND),
    patience: milliseconds("--patience", flags.patience, 0, 10 * 60 * SECOND),
  };
  const ports = { port: port("--port", flags.port), natPort: port("--nat-t-port", flags.natTPort) };
  const target = await resolve(host);
  const offers = offersOf(platforms);
  const [mostPackets, mostTime] = flags.enumerate === true ? BOUNDS.enumerate : BOUNDS.plain;
  const stop = new AbortController();
  const interrupted = (): void => stop.abort();
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  const live = process.stderr.isTTY === true && flags.json !== true;
  const colors = colorsFor(process.stderr);
  const report = await probeHeadEnd({
    address: target.address,
    ...ports,
    ...times,
    offers: offers.map(toProbe),
    enumerate: flags.enumerate === true,
    aggressive: flags.aggressive,
    mostPackets,
    mostTime,
    signal: stop.signal,
    progress: (text) => {
      if (live) process.stderr.write(`\r\x1b[2K${colors.dim(printable(text))}`);
    },
  });
  if (live) process.stderr.write("\r\x1b[2K");
  process.off("SIGINT", interrupted);
  process.off("SIGTERM", interrupted);
  const asked = offers.flatMap((offer, index) => {
    const result = report.offers.find((one) => one.name === nameOf(offer, index));
    return result === undefined ? [] : [{ offer, answer: result.answer, outcome: outcomeOf(offer, result.answer) }];
  });
  const compat = probedCompatibility(platforms, asked);
  const found = findings(report, asked);
  const view = { host, ...target, ports, report, asked, compat, findings: found };
  if (flags.json === true) process.stdout.write(`${probeJson(view)}\n`);
  else process.stdout.write(probePretty(view, colorsFor(process.stdout)));
  if (!found.answers || stop.signal.aborted) return EXIT.failed;
  const bad = found.weaknesses.length > 0 || compat.some((one) => one.verdict === "fails");
  return bad || compat.length === 0 ? EXIT.findings : EXIT.fine;
}

function chosenPlatforms(all: readonly ClientPlatform[], name: string | undefined): readonly ClientPlatform[] {
  if (name === undefined) return all;
  const found = all.filter((one) => one.name === name);
  if (found.length > 0) {
    if (found.every(({ l2tp, ikev2 }) => "missing" in l2tp && "missing" in ikev2)) {
      throw new UsageError(
        `--platform ${name}: nothing is known about what it offers, so there is nothing to ask with`,
      );
    }
    return found;
  }
  const names = all.map((one) => one.name).join(", ");
  throw new UsageError(`--platform ${name}: there is none of that name`, names);
}

function nameOf(offer: PlatformOffer, index: number): string {
  return `${offer.platforms.map((one) => one.title).join("; ")} (${index + 1})`;
}

function toProbe(offer: PlatformOffer, index: number): ProbeOffer {
  const name = nameOf(offer, index);
  return offer.version === 1
    ? { name, version: 1, transforms: offer.transforms }
    : { name, version: 2, suites: offer.suites };
}

/** The answer to an offer as a verdict needs it. */
function outcomeOf(offer: PlatformOffer, answer: Answer): OfferOutcome {
  switch (answer.kind) {
    case "chosen": {
      if (answer.chosen.version === 2) return { kind: "suite", suite: answer.chosen.suite };
      const { encryption, keyLength, hash, group } = answer.chosen.transform;
      const transform = offer.transforms.find(
        (one) =>
          one.encryption === encryption && one.keyLength === keyLength && one.hash === hash && one.group === group,
      );
      if (transform === undefined) return { kind: "unanswered", text: "it chose what was not offered" };
      return { kind: "phase1", transform };
    }
    case "refused":
      return { kind: "refused", text: `it says ${answer.notification}` };
    case "other-group":
      return { kind: "refused", text: `it wants group ${answer.group}` };
    case "silent":
      return { kind: "unanswered", text: "no answer to this offer, though others are answered" };
    case "unreachable":
      return { kind: "unanswered", text: answer.error };
    case "garbled":
      return { kind: "unanswered", text: `an answer that cannot be used: ${answer.why}` };
  }
}

function milliseconds(flag: string, text: string, least: number, most: number): number {
  const found = /^(\d{1,7})(ms|s|m)?$/.exec(text);
  const unit = { ms: 1, s: SECOND, m: 60 * SECOND }[(found?.[2] ?? "s") as "ms" | "s" | "m"];
  const value = found === null ? Number.NaN : Number(found[1]) * unit;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${flag} ${text}: it is a time from ${least} ms to ${most / SECOND} s, such as 4s or 500ms`);
}

function port(flag: string, text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 65_535) return value;
  throw new UsageError(`${flag} ${text}: a port is a number from 1 to 65535`);
}

interface Target {
  readonly address: string;
  /** Further addresses of the name, which are not asked. */
  readonly others: readonly string[];
}

/** One address: networks, ranges and lists are refused, and so are addresses that are more than one host. */
async function resolve(host: string): Promise<Target> {
  const { parseAddress } = await import("@pierhead/core");
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (/[/,*\s]/.test(bare) || /^[\d.]+-[\d.]+$/.test(bare)) {
    throw new UsageError(`${printable(host)}: one host is probed, not a network or a list`, "name one head-end");
  }
  const zone = /%.*$/.exec(bare)?.[0] ?? "";
  const address = parseAddress(bare.slice(0, bare.length - zone.length));
  if (address !== null) {
    const word = address.w0 >>> 0;
    const many = address.family === 4 ? word >= 0xe0_00_00_00 : word >>> 24 === 0xff;
    if (many || address.isUnspecified()) throw new UsageError(`${host}: that is no address of one host`);
    return { address: `${address}${zone}`, others: [] };
  }
  if (!/^(?=.{1,253}$)[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/i.test(bare)) {
    throw new UsageError(`${printable(host)}: that is neither a name nor an address`);
  }
  try {
    const found = await lookup(bare, { all: true });
    const [first, ...others] = [...new Set(found.map((one) => one.address))];
    if (first === undefined) throw new Error("no address");
    const checked = await resolve(first);
    return { address: checked.address, others };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const why =
      code === "ENOTFOUND" ? "there is no such name" : `the name cannot be looked up (${code || "no address"})`;
    throw new UsageError(`${host}: ${why}`, "a head-end by its address needs no look-up");
  }
}
