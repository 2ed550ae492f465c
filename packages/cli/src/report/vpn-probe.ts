/** What a probe of a VPN head-end found, as text and as JSON. */

import { transformText, weaknessOfTransform } from "@pierhead/engine/vpn";
import type { Answer, PortAnswer, ProbeReport } from "@pierhead/gateway/vpn-probe";
import { hex } from "@pierhead/lang/bytes";
import { readable, vendorOf } from "@pierhead/lang/ike";
import {
  type AskedOffer,
  type Compatibility,
  type PlatformOffer,
  suiteText,
  weaknessOfSuite,
} from "@pierhead/site/clients";
import { type Colors, plural, printable, terminalWidth, wrap } from "../terminal.ts";
import { compatText } from "./compat.ts";

export interface ProbeFindings {
  /** Somebody who speaks IKE is there. */
  readonly answers: boolean;
  /** When nobody answers: what that can mean. */
  readonly silence: string;
  readonly weaknesses: readonly string[];
  /** Besides. */
  readonly notes: readonly string[];
}

export interface ProbeView {
  readonly host: string;
  readonly address: string;
  readonly others: readonly string[];
  readonly ports: { readonly port: number; readonly natPort: number };
  readonly report: ProbeReport;
  /** Every offer that was asked with, and its answer. */
  readonly asked: readonly { readonly offer: PlatformOffer; readonly answer: Answer }[];
  readonly compat: readonly Compatibility[];
  readonly findings: ProbeFindings;
}

/** What the answers mean. */
export function findings(report: ProbeReport, asked: readonly AskedOffer[]): ProbeFindings {
  const all = [...report.ports, ...report.offers].map((one) => one.answer);
  const answers = all.some((one) => one.kind !== "silent" && one.kind !== "unreachable");
  return {
    answers,
    silence: answers ? "" : silence(report.ports),
    weaknesses: weaknesses(report, asked),
    notes: notes(report, asked),
  };
}

function silence(ports: readonly PortAnswer[]): string {
  const refused = (one: PortAnswer): boolean => one.answer.kind === "unreachable" && /ICMP port/.test(one.answer.error);
  const names = [...new Set(ports.map((one) => one.port))];
  if (ports.length === 0) return "Nothing was asked.";
  if (ports.every(refused)) {
    return `The host is there, and says that nothing listens at UDP ${names.join(" and ")} (ICMP port unreachable): no IKE daemon runs, or it listens on another address.`;
  }
  const local = ports.find((one) => one.answer.kind === "unreachable" && !refused(one));
  if (local?.answer.kind === "unreachable") return `It cannot be asked: ${local.answer.error}.`;
  const silent = [...new Set(ports.filter((one) => one.answer.kind === "silent").map((one) => one.port))];
  const closed = names.filter((port) => !silent.includes(port));
  const also = closed.length === 0 ? "" : ` At UDP ${closed.join(" and ")} nothing listens (ICMP port unreachable).`;
  return `No answer at UDP ${silent.join(" and ")}. Either a filter drops it (there, on the way, or here), or the host is down, or its daemon passes over strangers without a word; from here these look the same. Ask from another network, or look with tcpdump at the head-end whether the questions arrive.${also}`;
}

const LEAK =
  "it answers IKEv1 aggressive mode: whoever asks gets a hash made with the pre-shared key, and can try passwords against it at home (RFC 2409 5.4); switch aggressive mode off, or use a key nobody can guess";

function weaknesses(report: ProbeReport, asked: readonly AskedOffer[]): string[] {
  const found: string[] = [];
  if (report.aggressive.answers) found.push(LEAK);
  for (const version of [1, 2] as const) {
    if (report.ports.some((one) => one.version === version && one.answer.kind === "chosen")) {
      found.push(`IKEv${version}: it takes DES with MD5 and a 768-bit group, which anybody can break`);
    }
  }
  const weak = new Map<string, string[]>();
  for (const { offer, outcome } of asked) {
    const text = outcome.kind === "phase1" ? weaknessOfTransform(outcome.transform) : "";
    const why = outcome.kind === "suite" ? weaknessOfSuite(outcome.suite) : text;
    if (why === "") continue;
    const key = `IKEv${offer.version}: it agrees on ${why}`;
    weak.set(key, [...(weak.get(key) ?? []), ...offer.platforms.map((one) => one.title)]);
  }
  for (const [text, titles] of weak) found.push(`${text} with ${titles.join("; ")}`);
  return found;
}

function notes(report: ProbeReport, asked: readonly AskedOffer[]): string[] {
  const found: string[] = [];
  const versions = ([1, 2] as const).filter((version) =>
    report.offers.some((one) => one.version === version && spoke(one.answer)),
  );
  for (const version of versions) {
    const mine = asked.filter((one) => one.offer.version === version);
    if (mine.length > 0 && mine.every(({ outcome }) => outcome.kind === "refused")) {
      found.push(
        `IKEv${version} is answered, and no offer is taken: it has no configuration for strangers in that version, or none with these proposals`,
      );
    }
  }
  const opened = report.offers.filter((one) => one.answer.kind === "chosen").length;
  if (opened > 0) {
    found.push(
      `${plural(opened, "negotiation")} ${opened === 1 ? "was" : "were"} left half open there, to end by ${opened === 1 ? "itself" : "themselves"}: a probe has no key to go on with`,
    );
  }
  if (report.limited) {
    found.push(
      "after a few open negotiations it stopped answering for a while (a limit such as strongSwan's block_threshold); it was waited for",
    );
  }
  if (report.cookies) found.push("it asks for a cookie before it does work (RFC 7296 2.6), and was given it");
  if (report.cut !== null) found.push(`not everything was asked: ${report.cut}`);
  return found;
}

function spoke(answer: Answer): boolean {
  return answer.kind !== "silent" && answer.kind !== "unreachable";
}

function answerText(answer: Answer): string {
  switch (answer.kind) {
    case "chosen":
    case "refused":
    case "other-group":
      return "answers";
    case "silent":
      return "no answer";
    case "unreachable":
      return /ICMP port/.test(answer.error) ? "closed" : answer.error;
    case "garbled":
      return `answers what cannot be used (${answer.why})`;
  }
}

/** How the first question fared in each version; an answer to a real offer counts as well. */
function portText(report: ProbeReport, port: number): string {
  return report.ports
    .filter((one) => one.port === port)
    .map(({ version, answer }) => {
      const later = report.offers.find((one) => one.port === port && one.version === version && spoke(one.answer));
      return `IKEv${version} ${answerText(answer.kind === "silent" && later !== undefined ? later.answer : answer)}`;
    })
    .join(", ");
}

export function probePretty(view: ProbeView, colors: Colors): string {
  const { host, address, others, ports, report, compat } = view;
  const found = view.findings;
  const out: string[] = [];
  const line = (name: string, text: string): void => {
    if (text !== "")
      out.push(`  ${colors.dim(name.padEnd(12))}${wrap(printable(text), terminalWidth() - 14, " ".repeat(14))}`);
  };
  out.push(colors.bold(host === address ? host : `${printable(host)} (${address})`));
  if (others.length > 0) {
    line(
      "asked",
      `${address}, one of ${plural(others.length + 1, "address", "addresses")} of that name; not asked: ${others.join(", ")}`,
    );
  }
  line(`UDP ${ports.port}`, portText(report, ports.port));
  line(`UDP ${ports.natPort}`, portText(report, ports.natPort));
  if (!found.answers) {
    out.push("", wrap(found.silence, terminalWidth()));
    return `${out.join("\n")}\n`;
  }
  line("vendor IDs", report.vendorIds.map(vendorText).join("; "));
  line("NAT-T", natTraversalText(report));
  line("NAT", natText(report));
  line("aggressive", report.aggressive.text);
  for (const each of found.weaknesses) line("weakness", each);
  for (const each of found.notes) line("note", each);
  for (const each of enumerationLines(report)) line(each[0], each[1]);
  if (compat.length > 0)
    out.push("", colors.bold("Who gets through phase 1"), compatText(merged(compat), colors).trimEnd());
  const { sent, received, strange } = report.packets;
  const odd = strange === 0 ? "" : `, ${strange} of them no answer to anything asked`;
  out.push(
    "",
    colors.dim(`${plural(sent, "datagram")} sent, ${received} received${odd}, in ${report.seconds.toFixed(1)} s`),
  );
  return `${out.join("\n")}\n`;
}

/** Longest title of a row. */
const WIDEST = 44;

/** Platforms that offer the same fare the same: one row for them, as far as it stays narrow. */
function merged(all: readonly Compatibility[]): Compatibility[] {
  const rows: { key: string; row: Compatibility }[] = [];
  for (const one of all) {
    const { platform, ...rest } = one;
    const key = JSON.stringify(rest);
    const known = rows.find((row) => row.key === key && row.row.platform.title.length + platform.title.length < WIDEST);
    if (known === undefined) rows.push({ key, row: one });
    else known.row = { ...rest, platform: { ...platform, title: `${known.row.platform.title}; ${platform.title}` } };
  }
  return rows.map((one) => one.row);
}

function vendorText(id: Uint8Array): string {
  const known = vendorOf(id);
  return known === null ? `unknown ${readable(id) ?? hex(id, "", 32)}` : known.name;
}

function natTraversalText({ natTraversal: { ikev1, ikev2 } }: ProbeReport): string {
  const word = (version: number, value: boolean | null): string[] =>
    value === null ? [] : [`IKEv${version} ${value ? "yes" : "no: clients behind NAT do not get in"}`];
  return [...word(1, ikev1), ...word(2, ikev2)].join(", ");
}

function natText({ nat }: ProbeReport): string {
  if (nat === null) return "";
  if (nat.us && nat.them) return "on both sides: this machine's address and the head-end's are translated on the way";
  if (nat.us) return "this machine is behind NAT";
  if (nat.them) return "the head-end is behind NAT: Windows clients need AssumeUDPEncapsulationContextOnSendRule 2";
  return "none between this machine and the head-end";
}

function enumerationLines({ enumeration }: ProbeReport): (readonly [string, string])[] {
  if (enumeration === null) return [];
  const { ikev1, ikev2, cut } = enumeration;
  const rows: (readonly [string, string])[] = [];
  if (ikev1 !== null) {
    const byGroup = new Map<string, string[]>();
    for (const one of ikev1) {
      const cipher = one.keyLength === null ? one.encryption : `${one.encryption}-${one.keyLength}`;
      byGroup.set(one.group, [...(byGroup.get(one.group) ?? []), `${cipher} ${one.hash}`]);
    }
    if (byGroup.size === 0) rows.push(["takes IKEv1", "none of the transforms asked for, with a pre-shared key"]);
    for (const [group, names] of byGroup) rows.push(["takes IKEv1", `${group}: ${names.join(", ")}`]);
  }
  if (ikev2 !== null) {
    if (ikev2.length === 0) rows.push(["takes IKEv2", "none of the transforms asked for"]);
    for (const { encryption, integrity, prf, groups } of ikev2) {
      const kinds = [encryption, integrity, prf, groups].filter((names) => names.length > 0);
      rows.push(["takes IKEv2", kinds.map((names) => names.join("/")).join("  ")]);
    }
  }
  if (cut !== null) rows.push(["", `not all was asked: ${cut}`]);
  return rows;
}

export function probeJson({ host, address, others, report, asked, compat, findings: found }: ProbeView): string {
  const facts = {
    host,
    address,
    notAsked: others,
    answers: found.answers,
    silence: found.silence === "" ? null : found.silence,
    ports: report.ports.map(({ port, version, answer }) => ({ port, version, ...answerJson(answer) })),
    vendorIds: report.vendorIds.map((id) => {
      const known = vendorOf(id);
      return {
        id: hex(id, "", 256),
        name: known?.name ?? null,
        about: known?.about ?? null,
        source: known?.source ?? null,
      };
    }),
    natTraversal: report.natTraversal,
    nat: report.nat,
    aggressive: { ...report.aggressive },
    offers: asked.map(({ offer, answer }) => ({
      version: offer.version,
      platforms: offer.platforms.map((one) => one.name),
      ...answerJson(answer),
    })),
    enumeration: report.enumeration,
    weaknesses: found.weaknesses,
    notes: found.notes,
    platforms: compat.map(({ platform, ...rest }) => ({ platform: platform.name, title: platform.title, ...rest })),
    packets: report.packets,
    cut: report.cut,
    seconds: Number(report.seconds.toFixed(3)),
  };
  return JSON.stringify(facts, null, 2);
}

function answerJson(answer: Answer): object {
  switch (answer.kind) {
    case "chosen": {
      const { chosen } = answer;
      const text = chosen.version === 2 ? suiteText(chosen.suite) : phase1Text(chosen.transform);
      return { answer: "chosen", chosen: text };
    }
    case "refused":
      return { answer: "refused", notification: answer.notification };
    case "other-group":
      return { answer: "other-group", group: answer.group };
    case "silent":
      return { answer: "silent" };
    case "unreachable":
      return { answer: "unreachable", error: answer.error };
    case "garbled":
      return { answer: "garbled", why: answer.why };
  }
}

function phase1Text({
  encryption,
  keyLength,
  hash,
  group,
}: Extract<Extract<Answer, { kind: "chosen" }>["chosen"], { version: 1 }>["transform"]): string {
  if (encryption === "AES" || encryption === "3DES") {
    return transformText({ encryption, keyLength, hash: hash as "SHA", group });
  }
  return [encryption, keyLength, hash, group]
    .filter((one) => one !== null)
    .join(" ")
    .toLowerCase();
}
