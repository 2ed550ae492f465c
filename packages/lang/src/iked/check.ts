/** What iked takes but should be looked at. Nothing here is about files beside iked.conf. */
import { type Diagnostic, diagnostic, type Severity } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import { SHORT_KEY, SHORT_PASSWORD, weaknessOf } from "../secrets/index.ts";
import { checkEncoding } from "../text/index.ts";
import type { IkedConfiguration, IkedPolicy } from "./configuration.ts";
import type { TransformEntry } from "./transforms.ts";

type Say = (code: string, severity: Severity, message: string, origin: Origin) => void;

/** Checks a loaded iked.conf(5). Its own errors are in `configuration.diagnostics`, these come on top. */
export function checkIked(configuration: IkedConfiguration): readonly Diagnostic[] {
  const findings: Diagnostic[] = checkEncoding(configuration.source);
  const say: Say = (code, severity, message, { source, span }) =>
    findings.push(diagnostic(code, severity, message, source, span));
  for (const policy of configuration.policies) {
    checkTransforms(policy, say);
    checkKey(policy, say);
  }
  checkEap(configuration, say);
  checkPools(configuration, say);
  for (const macro of configuration.macros) {
    if (macro.used || macro.source === null) continue;
    const origin = { source: macro.source, span: { start: macro.start, end: macro.end } };
    say("iked/unused-macro", "note", `Macro ${macro.name} is not used; remove it, or use $${macro.name}.`, origin);
  }
  const { policies, users, source } = configuration;
  if (policies.length === 0 && users.length === 0) {
    const origin = { source, span: { start: 0, end: Math.min(1, source.text.length) } };
    say(
      "iked/no-rules",
      "warning",
      "There is no `ikev2` rule and no `user` here; iked starts and does nothing.",
      origin,
    );
  }
  return findings;
}

const WEAK: Partial<Record<TransformEntry["type"], Record<string, string>>> = {
  encryption: {
    "3DES": "3DES has small blocks and is slow; use aes-256-gcm",
    BLOWFISH: "Blowfish has small blocks; use aes-256-gcm",
    CAST: "CAST has small blocks; use aes-256-gcm",
    NULL: "NULL does not encrypt at all; use aes-256-gcm",
  },
  integrity: { HMAC_MD5_96: "MD5 is broken as a hash; use hmac-sha2-256" },
  prf: { HMAC_MD5: "MD5 is broken as a hash; use hmac-sha2-256" },
  group: {
    MODP_768: "groups of 768 bits have been broken in public; use curve25519",
    MODP_1024: "groups of 1024 bits are within reach of a state; use curve25519 or modp2048",
    MODP_1536: "groups of 1536 bits are below what is recommended since 2010; use curve25519 or modp2048",
  },
};

function checkTransforms(policy: IkedPolicy, say: Say): void {
  const seen = new Set<Origin>();
  for (const { words } of policy.proposals) {
    for (const { entry, origin } of words) {
      const reason = WEAK[entry.type]?.[entry.id];
      if (reason === undefined || seen.has(origin)) continue;
      seen.add(origin);
      say("iked/weak-transform", "warning", `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`, origin);
    }
  }
}

function checkKey(policy: IkedPolicy, say: Say): void {
  const { text, origin } = policy.authentication;
  if (text === null || origin === null) return;
  const weakness = weaknessOf(text, SHORT_KEY);
  if (weakness === "well-known") {
    const advice = "The pre-shared key is one from manuals and examples; generate one: `openssl rand -base64 24`.";
    say("iked/psk-default", "warning", advice, origin);
  } else if (weakness !== null) {
    const advice = `The pre-shared key is ${weakness}; it can be tried out offline by who takes part in one exchange. Use ${SHORT_KEY} random characters or more.`;
    say("iked/psk-weak", "warning", advice, origin);
  }
  if (text.length > 255) {
    const advice =
      "iked keeps the length of a key in one octet, so of this one only a part counts; use at most 255 octets.";
    say("iked/psk-cut", "error", advice, origin);
  }
  if (policy.peer.network || (policy.peer.family === null && policy.peerOrigin === null)) {
    const advice =
      "One pre-shared key serves many addresses: whoever has it can pose as the head-end. Use certificates or EAP.";
    say("iked/psk-any", "warning", advice, origin);
  }
}

function checkEap({ policies, users, radius }: IkedConfiguration, say: Say): void {
  const names = new Set<string>();
  for (const user of users) {
    const weakness = weaknessOf(user.password, SHORT_PASSWORD);
    if (weakness !== null) {
      const advice = `The password of ${user.name} is ${weakness}; anyone on the internet can try it. Use a longer, random one.`;
      say("iked/user-password-weak", "warning", advice, user.passwordOrigin);
    }
    if (names.has(user.name)) {
      say(
        "iked/user-twice",
        "warning",
        `User ${user.name} is given before; the last password counts.`,
        user.nameOrigin,
      );
    }
    names.add(user.name);
  }
  for (const policy of policies) {
    const { eap, origin } = policy.authentication;
    if (origin === null) continue;
    if (eap === "MSCHAP_V2" && users.length === 0) {
      say("iked/eap-no-users", "warning", "EAP asks for users, but no `user` is given; nobody can log in.", origin);
    }
    if (eap === "RADIUS" && !radius.some((entry) => entry.kind === "server" && !entry.accounting)) {
      const advice = "EAP by RADIUS asks nobody without `radius server`; nobody can log in.";
      say("iked/eap-no-server", "warning", advice, origin);
    }
  }
  const [user] = users;
  if (user !== undefined && !policies.some((policy) => policy.authentication.eap === "MSCHAP_V2")) {
    say("iked/users-unused", "note", 'No rule has `eap "mschap-v2"`, so the users are for nothing.', user.origin);
  }
  for (const entry of radius) {
    if (entry.kind !== "server" && entry.kind !== "dae-client") continue;
    const weakness = weaknessOf(entry.secret, SHORT_KEY);
    if (weakness === null) continue;
    const advice = `The RADIUS secret is ${weakness}; use ${SHORT_KEY} random characters.`;
    say("iked/radius-secret", "warning", advice, entry.origin);
  }
}

/** `config address` pools: two rules with one pool, and rules that give addresses nobody routes. */
function checkPools({ policies }: IkedConfiguration, say: Say): void {
  const pools: { readonly policy: IkedPolicy; readonly item: IkedPolicy["config"][number] }[] = [];
  for (const policy of policies) {
    const items = policy.config.filter((item) => item.action === "config" && item.option === "address");
    for (const item of items) pools.push({ policy, item });
    const dynamic = policy.flows.some(
      ({ destination }) => !destination.network && destination.address?.isUnspecified(),
    );
    const [first] = items;
    if (first?.value.network === true && !dynamic) {
      const advice =
        "Addresses are given out, but no flow leads `to dynamic`: clients get one and no packet reaches it.";
      say("iked/config-without-dynamic", "note", advice, first.origin);
    }
  }
  overlaps(pools, say);
}

/** Sorted by first address, each pool is compared with the one that reaches farthest before it. */
function overlaps(
  pools: readonly { readonly policy: IkedPolicy; readonly item: IkedPolicy["config"][number] }[],
  say: Say,
): void {
  const ranges = pools.flatMap(({ policy, item }) => {
    const { address, mask } = item.value;
    if (address === null) return [];
    return [{ policy, item, first: address.masked(mask), last: address.filled(Math.min(mask, address.bits)) }];
  });
  ranges.sort((a, b) => a.first.compare(b.first));
  let widest: (typeof ranges)[number] | null = null;
  for (const range of ranges) {
    const meets = widest !== null && range.first.compare(widest.last) <= 0 && range.policy !== widest.policy;
    if (widest !== null && meets) {
      const advice = `The pool overlaps with that of rule "${widest.policy.name}"; two clients may get one address.`;
      say("iked/pool-overlap", "warning", advice, range.item.origin);
    }
    if (widest === null || range.last.compare(widest.last) > 0) widest = range;
  }
}
