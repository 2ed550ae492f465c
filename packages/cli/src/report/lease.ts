import { duration, type FileReport, type LeaseReport, type Outlook, type OwnWords } from "@pierhead/engine/lease";
import { clockTime, isoTime, secondsWord } from "@pierhead/lang/leases";
import { type Colors, plural, printable, terminalWidth, wrap } from "../terminal.ts";
import { jsonDiagnostic, summarize } from "./json.ts";
import { leasePicture } from "./lease-picture.ts";
import { Clock, verdictWords } from "./lease-words.ts";
import { table } from "./table.ts";

/** Messages and clients listed of one file; the rest is counted. */
const MOST_LINES = 24;
const MOST_LEASES = 8;

/** One file for people, without its diagnostics. */
export function leaseReport(report: FileReport, colors: Colors): string {
  const { evidence } = report;
  const lines: string[] = [colors.bold(printable(evidence.source.name)) + colors.dim(`  ${headOf(report)}`)];
  const single = report.conversations.length === 1;
  for (const conversation of report.conversations.slice(0, MOST_LEASES)) {
    lines.push("", `${colors.bold("Client")} ${printable(conversation.client)}`);
    const { messages } = conversation;
    const shown = single ? MOST_LINES : 8;
    for (const seen of messages.slice(0, shown)) {
      const text = evidence.source.text.slice(seen.span.start, seen.span.end);
      // The place in the capture, then the line without the addresses, which are in the heading and in JSON.
      const words = text.slice(text.indexOf(" ", text.indexOf(" > ") + 3) + 1);
      const number = colors.dim(String(seen.packet).padStart(6));
      lines.push(`${number}  ${clockTime(seen.time)}  ${printable(words)}`);
    }
    if (messages.length > shown) lines.push(colors.dim(`        … and ${messages.length - shown} more messages`));
  }
  if (report.conversations.length > MOST_LEASES) {
    lines.push("", colors.dim(`… and ${report.conversations.length - MOST_LEASES} more clients; --json has them all`));
  }
  for (const lease of report.leases.slice(0, MOST_LEASES)) lines.push("", ...leaseLines(lease, colors));
  for (const words of report.ownWords) lines.push("", ...ownWordsLines(words, colors));
  const unknown = evidence.unknownLines.length;
  if (unknown > 0) {
    lines.push(
      "",
      colors.dim(
        `${plural(unknown, "line")} not understood (${evidence.unknownLines.slice(0, 8).join(", ")}${unknown > 8 ? ", …" : ""}): passed over, not guessed at`,
      ),
    );
  }
  return `${lines.join("\n")}\n`;
}

function headOf({ evidence, conversations }: FileReport): string {
  const { kind, units, messages } = evidence;
  if (kind === "pcap" || kind === "pcapng") {
    return `${kind}, ${plural(units, "packet")}, ${plural(messages.length, "DHCP message")}, ${plural(conversations.length, "client")}`;
  }
  if (kind === "log") return units === 0 ? "" : `log, ${plural(units, "line")} of DHCP clients`;
  return kind;
}

function leaseLines({ grant, grants, outlooks, observed }: LeaseReport, colors: Colors): string[] {
  const { terms } = grant;
  const lines: string[] = [];
  const time = isoTime(grant.time);
  const when = time === null ? "" : ` ${time.slice(0, 10)} ${clockTime(grant.time)}`;
  const by = grant.server === null ? "" : ` by ${printable(grant.server)}`;
  const on = grant.interface === null ? "" : ` on ${printable(grant.interface)}`;
  const which = grants > 1 ? colors.dim(` (the last of ${grants})`) : "";
  lines.push(`${colors.bold(grant.offer ? "Offered" : "Granted")}${when}${by}${on}${which}`);
  if (terms.family === 6) {
    for (const association of terms.associations) {
      const { kind, id, t1, t2, leases } = association;
      const timers = kind === "IA_TA" ? "" : `  T1 ${seconds(t1)}, T2 ${seconds(t2)}`;
      lines.push(`  ${kind} ${id.toString(16)}${timers}`);
      for (const { address, length, preferred, valid } of leases) {
        const name = kind === "IA_PD" ? `${address}/${length}` : `${address}`;
        lines.push(`    ${name}  preferred ${seconds(preferred)}, valid ${seconds(valid)}`);
      }
    }
  } else {
    const { address, leaseTime, t1, t2 } = terms.lease;
    const part = (name: string, value: number | null): string =>
      `${name} ${value === null ? "not sent" : seconds(value)}`;
    lines.push(`  ${address}  ${part("lease", leaseTime)}, ${part("T1", t1)}, ${part("T2", t2)}`);
  }
  const clock = new Clock(grant.time);
  lines.push("", colors.bold("What clients make of it, when the server answers"));
  const rows = outlooks.map((outlook) => [
    `${outlook.client} ${outlook.version}`,
    outlook.addresses.length === 0 ? "" : clock.moment(outlook.renew),
    outlook.addresses.length === 0 ? "" : clock.moment(outlook.rebind),
    verdictWords(outlook, clock),
  ]);
  lines.push(
    ...table([["client", "renews", "rebinds", "outcome"], ...rows], (cell, row, column) => {
      if (row === 0) return colors.dim(cell);
      return column === 3 ? shade(outlooks[row - 1] as Outlook, cell, colors) : cell;
    }),
  );
  const picture = leasePicture(outlooks, clock, terminalWidth());
  if (picture.length > 0) {
    const legend = "= preferred, - deprecated, | the end, R first Renew, B first Rebind";
    lines.push("", `${colors.bold("When no server answers any more")} ${colors.dim(`(${legend})`)}`, ...picture);
  }
  lines.push(...remarks(outlooks, colors));
  if (observed !== null) lines.push("", ...observedLines(observed, colors));
  return lines;
}

/** What clients refuse or do in their own way, once for each thing said, with the place in their source. */
function remarks(outlooks: readonly Outlook[], colors: Colors): string[] {
  const said = new Map<string, { text: string; where: string; clients: string[] }>();
  for (const outlook of outlooks) {
    const all = [...outlook.refused.map((one) => ({ ...one, text: `drops ${one.text}` })), ...outlook.notes];
    for (const { text, where } of all) {
      const known = said.get(`${text} ${where}`);
      const name = `${outlook.client} ${outlook.version}`;
      if (known === undefined) said.set(`${text} ${where}`, { text, where, clients: [name] });
      else known.clients.push(name);
    }
  }
  if (said.size === 0) return [];
  const width = Math.max(40, Math.min(terminalWidth(), 110)) - 4;
  return [
    "",
    colors.bold("Why"),
    ...[...said.values()].map(
      ({ text, where, clients }) => `  ${wrap(printable(`${clients.join(", ")}: ${text} (${where})`), width, "    ")}`,
    ),
  ];
}

function observedLines(observed: NonNullable<LeaseReport["observed"]>, colors: Colors): string[] {
  const parts: string[] = [];
  if (observed.renewAfter !== null) parts.push(`renewed ${duration(observed.renewAfter)} after a grant`);
  if (observed.rebindAfter !== null) parts.push(`sent Rebind ${duration(observed.rebindAfter)} after it`);
  if (observed.startedOverAfter !== null) parts.push(`started over ${duration(observed.startedOverAfter)} after it`);
  const fits = observed.fits.length === 0 ? "" : `: as ${observed.fits.join(", ")} would`;
  const width = Math.max(40, Math.min(terminalWidth(), 110));
  return [`${colors.bold("Seen")} ${wrap(`The client ${parts.join(", ")}${fits}.`, width - 5, "  ")}`];
}

function ownWordsLines(words: OwnWords, colors: Colors): string[] {
  const clock = new Clock(words.time);
  const time = words.time === null ? "" : ` at ${clockTime(words.time)}`;
  const on = words.interface === null ? "" : ` on ${printable(words.interface)}`;
  const part = (name: string, value: number | null): string =>
    value === null ? "" : `  ${name} in ${duration(value)}${words.time === null ? "" : `, at ${clock.at(value)}`}`;
  const lines = [
    `${colors.bold("By its own words")} ${words.client}${on} (IPv${words.family})${time}`,
    ...[part("renew", words.renewIn), part("rebind", words.rebindIn), part("end", words.expireIn)].filter(
      (line) => line !== "",
    ),
  ];
  if (words.events.length > 0) {
    const events = words.events.map(({ event, after }) => (after === null ? event : `${event} +${duration(after)}`));
    lines.push(`  then ${wrap(events.join(", "), Math.max(40, terminalWidth() - 8), "    ")}`);
  }
  return lines;
}

function shade({ verdict }: Outlook, text: string, colors: Colors): string {
  if (verdict === "none" || verdict === "lost") return colors.red(text);
  return verdict === "deprecated" ? colors.yellow(text) : colors.green(text);
}

function seconds(value: number): string {
  return value === 0xffff_ffff ? "infinity" : `${secondsWord(value)} s`;
}

/** The same facts for machines; times in seconds since 1970, spans in seconds after the grant, `"infinite"` for ever. */
export function leaseJson(report: FileReport): object {
  const { evidence } = report;
  return {
    file: evidence.source.name,
    kind: evidence.kind,
    units: evidence.units,
    unknownLines: evidence.unknownLines,
    clients: report.conversations.map(({ client, messages }) => ({
      client,
      messages: messages.map((seen) => ({
        packet: seen.packet,
        time: seen.time,
        from: `${seen.source}`,
        to: `${seen.destination}`,
        text: evidence.source.text.slice(seen.span.start, seen.span.end),
      })),
    })),
    leases: report.leases.map(({ grant, grants, outlooks, observed }) => ({
      client: grant.client,
      server: grant.server,
      interface: grant.interface,
      granted: grant.time,
      offer: grant.offer,
      grants,
      ...termsJson(grant.terms),
      outlooks: outlooks.map(({ addresses, ...outlook }) => ({
        ...outlook,
        summary: verdictWords({ addresses, ...outlook }, new Clock(grant.time)),
        addresses,
      })),
      observed,
    })),
    ownWords: report.ownWords,
    diagnostics: report.diagnostics.map(jsonDiagnostic),
    summary: summarize(report.diagnostics),
  };
}

function termsJson(terms: LeaseReport["grant"]["terms"]): object {
  if (terms.family === 4) {
    const { address, server, mask, leaseTime, t1, t2 } = terms.lease;
    return {
      family: 4,
      address: `${address}`,
      serverIdentifier: server === null ? null : `${server}`,
      mask: mask === null ? null : `${mask}`,
      leaseTime: finite(leaseTime),
      t1: finite(t1),
      t2: finite(t2),
    };
  }
  return {
    family: 6,
    associations: terms.associations.map(({ kind, id, t1, t2, status, leases }) => ({
      kind,
      id,
      t1: finite(t1),
      t2: finite(t2),
      status,
      leases: leases.map((lease) => ({
        address: kind === "IA_PD" ? `${lease.address}/${lease.length}` : `${lease.address}`,
        preferred: finite(lease.preferred),
        valid: finite(lease.valid),
        status: lease.status,
      })),
    })),
  };
}

function finite(value: number | null): number | null {
  return value === 0xffff_ffff ? Number.POSITIVE_INFINITY : value;
}

/** JSON has no infinity: it is the word. */
export function withoutInfinity(_: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? "infinite" : value;
}
