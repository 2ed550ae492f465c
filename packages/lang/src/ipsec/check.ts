/** What is allowed in ipsec.conf but should be looked at. Nothing here is about files beside it. */
import { type Diagnostic, diagnostic, type Fix, type Severity } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import { SHORT_KEY, weaknessOf } from "../secrets/index.ts";
import { checkEncoding } from "../text/index.ts";
import { ipsecDialect } from "./dialect.ts";
import type { IpsecConfiguration } from "./load.ts";
import { phase1Proposal, phase2Proposal } from "./proposal.ts";
import type { IkeRule } from "./rule.ts";
import type { IkeStatement, Phase, TransformWord } from "./statement.ts";

/** Checks a loaded ipsec.conf(5). Its own errors are in `configuration.diagnostics`, these come on top. */
export function checkIpsec(configuration: IpsecConfiguration): readonly Diagnostic[] {
  const findings: Diagnostic[] = checkEncoding(configuration.source);
  const say: Say = (code, severity, message, { source, span }, fix) =>
    findings.push(diagnostic(code, severity, message, source, span, fix === undefined ? {} : { fix }));
  const dialect = ipsecDialect(configuration.system);
  for (const statement of configuration.statements) {
    if (statement.kind === "ike") checkIke(statement, configuration, say);
    else if (statement.kind === "sa" && statement.transforms !== null)
      checkWords(statement.transforms.words, "sa", say);
  }
  checkConnections(configuration, say);
  for (const macro of configuration.macros) {
    if (macro.used || macro.source === null) continue;
    const origin = { source: macro.source, span: { start: macro.start, end: macro.end } };
    say("ipsec/unused-macro", "note", `Macro ${macro.name} is not used; remove it, or use $${macro.name}.`, origin);
  }
  renamedWords(configuration, dialect.lifetimeWord, say);
  return findings;
}

type Say = (code: string, severity: Severity, message: string, origin: Origin, fix?: Fix) => void;

function checkIke(statement: IkeStatement, configuration: IpsecConfiguration, say: Say): void {
  checkPhase(statement.phase1, "phase 1", say);
  checkPhase(statement.phase2, "phase 2", say);
  const rules = statement.rules.filter((rule): rule is IkeRule => rule.kind === "ike");
  const anyPeer = rules.some((rule) => rule.peer === null);
  const key = statement.preSharedKey;
  if (key !== null) {
    const weakness = weaknessOf(key.value, SHORT_KEY);
    if (weakness === "well-known") {
      say(
        "ipsec/psk-default",
        "warning",
        "The pre-shared key is one from manuals and examples, which everybody tries first; generate one: `openssl rand -base64 24`.",
        key.origin,
      );
    } else if (weakness !== null) {
      say(
        "ipsec/psk-weak",
        "warning",
        `The pre-shared key is ${weakness}; it can be tried out by whoever records a negotiation. Use ${SHORT_KEY} random characters or more.`,
        key.origin,
      );
    }
    if (anyPeer && statement.phase1.exchange === "aggressive") {
      say(
        "ipsec/psk-aggressive",
        "warning",
        "Aggressive mode gives a hash of the pre-shared key to anyone who asks, and any address may ask; use main mode.",
        statement.phase1.origin ?? statement.origin,
      );
    } else if (anyPeer) {
      say(
        "ipsec/psk-any",
        "note",
        "One pre-shared key serves every address: whoever has it can pose as the head-end. Certificates give each side its own.",
        key.origin,
      );
    }
  }
  checkProposals(statement, rules, configuration, say);
}

function checkProposals(
  statement: IkeStatement,
  rules: readonly IkeRule[],
  configuration: IpsecConfiguration,
  say: Say,
): void {
  const [rule] = rules;
  if (rule === undefined) return;
  const dialect = ipsecDialect(configuration.system);
  for (const proposal of [phase1Proposal(rule, dialect), phase2Proposal(rule, dialect)]) {
    if (!("unsupported" in proposal)) continue;
    say(
      "ipsec/unsupported-proposal",
      "error",
      `ipsecctl accepts the rule but cannot tell isakmpd (${proposal.unsupported}), so it is not set up; choose another transform.`,
      statement.origin,
    );
    return;
  }
  if (dialect.defaultGroup === "MODP_1024" && statement.phase1.transforms?.group == null) {
    say(
      "ipsec/weak-default-group",
      "note",
      "Without `group` this release proposes modp1024, which is too small today; add `main … group modp2048` or more.",
      statement.origin,
    );
  }
}

function checkPhase(phase: Phase, which: "phase 1" | "phase 2", say: Say): void {
  if (phase.transforms !== null) checkWords(phase.transforms.words, which, say);
}

const WEAK_CIPHERS: Record<string, string> = {
  "des-cbc": "DES keys are found by trying in hours",
  skipjack: "Skipjack has 80 bit keys",
  "3des-cbc": "3DES has small blocks and is slow",
  blowfish: "Blowfish has small blocks",
  cast128: "CAST-128 has small blocks",
  null: "NULL does not encrypt at all",
  none: "without a cipher nothing is encrypted",
};

const WEAK_HASHES: Record<string, string> = {
  "hmac-md5": "MD5 is broken as a hash",
  none: "without a hash packets can be changed on their way",
};

const WEAK_GROUPS: Record<string, string> = {
  modp768: "groups of 768 bits have been broken in public",
  modp1024: "groups of 1024 bits are within reach of a state",
  modp1536: "groups of 1536 bits are below what is recommended since 2010",
};

function checkWords(words: readonly TransformWord[], where: "phase 1" | "phase 2" | "sa", say: Say): void {
  for (const { field, transform, origin } of words) {
    const { id } = transform;
    if (field === "encryption" && WEAK_CIPHERS[id] !== undefined) {
      const better = where === "phase 2" ? "aes-256-gcm or aes" : "aes";
      say("ipsec/weak-encryption", "warning", `${WEAK_CIPHERS[id]}; use ${better}.`, origin);
    } else if (field === "authentication" && WEAK_HASHES[id] !== undefined) {
      say("ipsec/weak-authentication", "warning", `${WEAK_HASHES[id]}; use hmac-sha2-256.`, origin);
    } else if (field === "group" && WEAK_GROUPS[id] !== undefined) {
      say("ipsec/weak-group", "warning", `${WEAK_GROUPS[id]}; use modp2048, modp3072 or ecp256.`, origin);
    } else if (field === "group" && id === "none" && where === "phase 2") {
      const text = "Without a group in phase 2 there is no perfect forward secrecy: who gets one key reads the rest.";
      say("ipsec/no-pfs", "note", text, origin);
    }
  }
}

/** Rules that isakmpd knows by the same name: the last one wins. */
function checkConnections({ rules }: IpsecConfiguration, say: Say): void {
  const seen = new Map<string, IkeRule>();
  for (const rule of rules) {
    if (rule.kind !== "ike" || rule.interfaceUnit !== null) continue;
    const { source, destination, protocol, sourcePort, destinationPort } = rule;
    const name = [source.name, destination.name, protocol, sourcePort, destinationPort].join(" ");
    const before = seen.get(name);
    if (before === undefined) {
      seen.set(name, rule);
      continue;
    }
    if (before.origin === rule.origin || sameProposal(before, rule)) continue;
    say(
      "ipsec/same-connection",
      "warning",
      `Another rule has the same hosts, protocol and ports; isakmpd keeps one connection of that name and takes peer and lifetime of this rule, the last one.`,
      rule.origin,
    );
  }
}

/** Rules that differ in transforms only add a proposal; that is how alternatives are written. */
function sameProposal(a: IkeRule, b: IkeRule): boolean {
  return a.peer?.name === b.peer?.name && a.local?.name === b.local?.name && a.mode === b.mode;
}

/** `life` was renamed `lifetime` in OpenBSD 5.2. */
function renamedWords({ syntax, source }: IpsecConfiguration, right: "life" | "lifetime", say: Say): void {
  const wrong = right === "life" ? "lifetime" : "life";
  for (const { kind, span } of syntax.tokens) {
    if (kind !== "word" || span.end - span.start !== wrong.length) continue;
    if (source.text.slice(span.start, span.end) !== wrong) continue;
    const when = right === "life" ? "is new in OpenBSD 5.2; write" : "was renamed in OpenBSD 5.2; write";
    say(
      "ipsec/renamed-lifetime",
      "error",
      `\`${wrong}\` ${when} \`${right}\`.`,
      { source, span },
      {
        title: `write \`${right}\``,
        edits: [{ source, span, text: right }],
      },
    );
  }
}
