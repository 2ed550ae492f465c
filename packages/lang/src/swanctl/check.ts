/** What charon takes but should be looked at in a swanctl.conf(5). */
import { type Diagnostic, diagnostic } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import { SHORT_KEY, SHORT_PASSWORD, weaknessOf } from "../secrets/index.ts";
import { checkEncoding } from "../text/index.ts";
import type {
  AuthenticationRound,
  SwanctlChild,
  SwanctlConfiguration,
  SwanctlConnection,
  SwanctlPool,
} from "./configuration.ts";
import type { Say } from "./keys.ts";
import type { Proposal } from "./proposals.ts";
import { EAP_METHODS } from "./values.ts";

/**
 * Checks a loaded swanctl.conf. Its own errors are in `configuration.diagnostics`, these come on top.
 *
 * @param whole whether nothing beside it belongs to the configuration; when not, what seems to be missing is not told
 */
export function checkSwanctl(
  configuration: SwanctlConfiguration,
  whole: boolean = configuration.settings.complete,
): readonly Diagnostic[] {
  const findings: Diagnostic[] = checkEncoding(configuration.source);
  const say: Say = (code, severity, message, { source, span }) =>
    findings.push(diagnostic(code, severity, message, source, span));
  for (const connection of configuration.connections) {
    checkConnection(connection, whole ? configuration.pools : null, say);
    checkProposals(connection.proposals, say);
    for (const child of connection.children) checkChild(child, connection, say);
  }
  checkSecrets(configuration, whole, say);
  checkPools(configuration, whole, say);
  return findings;
}

function checkConnection(connection: SwanctlConnection, pools: readonly SwanctlPool[] | null, say: Say): void {
  const { version, aggressive, keys, origin } = connection;
  if (version > 2) {
    const text = `IKE has versions 1 and 2; charon takes ${version} as it is and no peer will speak it. Write 0 for both.`;
    say("swanctl/version", "warning", text, keys.get("version") ?? origin);
  }
  const rounds = [...connection.local, ...connection.remote];
  for (const round of rounds) checkRound(round, version, say);
  const usesKey = rounds.some(({ method }) => method === "psk");
  if (aggressive && version !== 2 && usesKey) {
    const text =
      "Aggressive mode sends a hash of the pre-shared key to whoever asks; charon refuses to answer so. Use main mode: aggressive = no.";
    say("swanctl/psk-aggressive", "warning", text, keys.get("aggressive") ?? origin);
  }
  if (aggressive && version === 2) {
    say(
      "swanctl/aggressive-ikev2",
      "note",
      "IKEv2 has no aggressive mode; remove it.",
      keys.get("aggressive") ?? origin,
    );
  }
  if (usesKey && connection.remoteAddresses.some((address) => address.startsWith("%any"))) {
    const text =
      "One pre-shared key serves every address: whoever has it can pose as the head-end. Certificates give each side its own.";
    say("swanctl/psk-any", "note", text, rounds.find(({ method }) => method === "psk")?.methodOrigin ?? origin);
  }
  if (connection.children.length === 0) {
    say(
      "swanctl/no-children",
      "warning",
      "Without children nothing can go through the tunnel; add children { NAME { } }.",
      origin,
    );
  }
  if (pools === null) return;
  for (const { value, origin: place } of connection.pools) {
    const known = pools.some(({ name }) => name === value);
    // Of plugins: pools that no section defines.
    if (known || value === "dhcp" || value === "radius") continue;
    say(
      "swanctl/pool-unknown",
      "warning",
      `There is no pool "${value}", so clients get no address from it; add it to pools.`,
      place,
    );
  }
}

function checkRound(round: AuthenticationRound, version: number, say: Say): void {
  const { method, detail, methodOrigin } = round;
  if (method === "xauth" && version === 2) {
    say(
      "swanctl/version",
      "error",
      "XAuth belongs to IKEv1, and this connection is IKEv2; use eap-mschapv2.",
      methodOrigin,
    );
  }
  if (method === "eap" && version === 1) {
    say("swanctl/version", "error", "EAP belongs to IKEv2, and this connection is IKEv1; use xauth.", methodOrigin);
  }
  if (method === "eap" && detail !== "" && !EAP_METHODS.includes(detail) && !/^\d+$/.test(detail)) {
    const text = `charon knows no EAP method "${detail}" and takes any; it knows ${EAP_METHODS.join(", ")}.`;
    say("swanctl/eap-method", "warning", text, methodOrigin);
  }
  if (method === "eap" && (detail === "md5" || detail === "gtc")) {
    const text = `EAP-${detail.toUpperCase()} makes no key and protects the password badly; use eap-mschapv2 or eap-tls.`;
    say("swanctl/weak-eap", "warning", text, methodOrigin);
  }
}

function checkChild(child: SwanctlChild, connection: SwanctlConnection, say: Say): void {
  checkProposals(child.proposals, say);
  const { keys, mode } = child;
  if (mode === "tunnel") {
    const l2tp = [...child.localSelectors, ...child.remoteSelectors].find(
      ({ value }) => value.protocol === 17 && value.firstPort === 1701 && value.lastPort === 1701,
    );
    if (l2tp !== undefined) {
      const text = "L2TP clients ask for transport mode, and charon says no to them; add mode = transport.";
      say("swanctl/l2tp-mode", "warning", text, l2tp.origin);
    }
  }
  for (const { value, origin } of [...child.localSelectors, ...child.remoteSelectors]) {
    if (value.longPrefix) {
      say(
        "swanctl/prefix",
        "warning",
        "This prefix length is none; charon takes the nearest that there is. Correct it.",
        origin,
      );
    }
    const { network } = value;
    if (network !== null && "first" in network && network.first.compare(network.last) > 0) {
      say(
        "swanctl/range",
        "warning",
        "The range ends before it begins, so nothing is in it; swap the addresses.",
        origin,
      );
    }
  }
  if (child.rekeyTime !== 0 && child.lifeTime !== 0 && child.lifeTime <= child.rekeyTime) {
    const text = `The keys end after ${child.lifeTime} seconds and would be renewed after ${child.rekeyTime}: too late. Set life_time above rekey_time.`;
    say("swanctl/life-time", "warning", text, keys.get("life_time") ?? keys.get("rekey_time") ?? child.origin);
  }
  const anywhere = connection.remoteAddresses.every((address) => address.startsWith("%any"));
  if (child.startAction.includes("start") && anywhere) {
    const text = "There is nobody to connect to: remote_addrs is any. Name the peer, or leave start_action out.";
    say("swanctl/start-any", "warning", text, keys.get("start_action") ?? child.origin);
  }
}

const WEAK: Readonly<Record<string, readonly [code: string, why: string, better: string]>> = {
  "encryption DES": ["swanctl/weak-encryption", "DES keys are found by trying in hours", "aes256"],
  "encryption 3DES": ["swanctl/weak-encryption", "3DES has small blocks and is slow", "aes256 or aes256gcm16"],
  "encryption BLOWFISH": ["swanctl/weak-encryption", "Blowfish has small blocks", "aes256 or aes256gcm16"],
  "encryption CAST": ["swanctl/weak-encryption", "CAST-128 has small blocks", "aes256 or aes256gcm16"],
  "encryption NULL": ["swanctl/weak-encryption", "NULL does not encrypt at all", "aes256gcm16"],
  "integrity HMAC_MD5_96": ["swanctl/weak-integrity", "MD5 is broken as a hash", "sha256"],
  "integrity HMAC_MD5_128": ["swanctl/weak-integrity", "MD5 is broken as a hash", "sha256"],
  "group MODP_768": [
    "swanctl/weak-group",
    "groups of 768 bits have been broken in public",
    "modp2048, ecp256 or x25519",
  ],
  "group MODP_1024": [
    "swanctl/weak-group",
    "groups of 1024 bits are within reach of a state",
    "modp2048, ecp256 or x25519",
  ],
  "group MODP_1024_160": [
    "weak-group",
    "groups of 1024 bits are within reach of a state",
    "modp2048, ecp256 or x25519",
  ],
  "group MODP_1536": [
    "weak-group",
    "groups of 1536 bits are below what is recommended since 2010",
    "modp2048, ecp256 or x25519",
  ],
  "group MODP_NULL": [
    "swanctl/weak-group",
    "modpnull is for tests and keeps nothing secret",
    "modp2048, ecp256 or x25519",
  ],
};

function checkProposals(proposals: readonly Proposal[], say: Say): void {
  for (const { transforms, origin, isDefault } of proposals) {
    if (isDefault) continue;
    for (const { type, id, word } of transforms) {
      const weak = WEAK[`${type} ${id}`];
      if (weak === undefined) continue;
      const [code, why, better] = weak;
      say(code, "warning", `${why}; use ${better}.`, wordOrigin(origin, word));
    }
  }
}

/** Place of a word within its proposal. */
function wordOrigin(origin: Origin, word: string): Origin {
  const { source, span } = origin;
  const text = source.text.slice(span.start, span.end);
  const at = text.search(new RegExp(`(?:^|[-\\s])${word.replace(/[^A-Za-z0-9_]/g, "")}(?:$|[-\\s])`));
  if (at === -1) return origin;
  const start = span.start + text.indexOf(word, at);
  return { source, span: { start, end: start + word.length } };
}

function checkSecrets({ connections, secrets }: SwanctlConfiguration, whole: boolean, say: Say): void {
  const owners = new Map<string, string>();
  for (const { kind, name, secret, secretOrigin, ids } of secrets) {
    if (kind === null) continue;
    const isKey = kind === "ike" || kind === "ppk";
    if (secret !== null && secretOrigin !== null && (isKey || kind === "eap" || kind === "xauth" || kind === "ntlm")) {
      const weakness = weaknessOf(secret, isKey ? SHORT_KEY : SHORT_PASSWORD);
      if (weakness !== null) {
        const what = isKey ? "The pre-shared key" : "The password";
        const risk = isKey
          ? "it can be tried out by whoever records a negotiation"
          : "anyone on the internet can try it";
        const code = isKey ? "swanctl/psk-weak" : "swanctl/password-weak";
        const advice = `Use ${isKey ? SHORT_KEY : 12} random characters or more.`;
        say(code, "warning", `${what} of ${name} is ${weakness}; ${risk}. ${advice}`, secretOrigin);
      }
    }
    if (kind !== "eap" && kind !== "xauth" && kind !== "ike") continue;
    for (const { value, origin } of ids) {
      const key = `${kind} ${value}`;
      const before = owners.get(key);
      if (before !== undefined) {
        say(
          "swanctl/owner-twice",
          "warning",
          `${value} has a secret in ${before} already; which one counts is left to chance. Remove one.`,
          origin,
        );
      } else owners.set(key, name);
    }
  }
  if (!whole) return;
  const has = (...kinds: string[]): boolean => secrets.some(({ kind }) => kind !== null && kinds.includes(kind));
  for (const { local, remote } of connections) {
    const psk = [...local, ...remote].find(({ method }) => method === "psk");
    if (psk !== undefined && !has("ike")) {
      say(
        "swanctl/no-secret",
        "warning",
        "No secret in the file is for this pre-shared key; add secrets { ike { secret = … } }.",
        psk.methodOrigin,
      );
    }
    const users = remote.find(({ method, detail }) => detail === "mschapv2" || (method === "xauth" && detail === ""));
    if (users !== undefined && !has("eap", "xauth", "ntlm")) {
      say(
        "swanctl/no-secret",
        "warning",
        "The file has no users for this; add secrets { eap-NAME { id = … secret = … } }.",
        users.methodOrigin,
      );
    }
  }
}

function checkPools({ pools, connections }: SwanctlConfiguration, whole: boolean, say: Say): void {
  const ranges = pools.filter(
    (pool): pool is SwanctlPool & { range: NonNullable<SwanctlPool["range"]> } => pool.range !== null,
  );
  ranges.sort((a, b) => a.range.first.compare(b.range.first));
  let widest: (typeof ranges)[number] | null = null;
  for (const pool of ranges) {
    // Pools that take their addresses from one section by reference are meant to be the same.
    const isOwn = widest === null || widest.range.origin !== pool.range.origin;
    if (widest !== null && isOwn && pool.range.first.compare(widest.range.last) <= 0) {
      const [earlier, later] =
        widest.range.origin.span.start < pool.range.origin.span.start ? [widest, pool] : [pool, widest];
      const text = `Pool ${later.name} has addresses of pool ${earlier.name}, so two clients may get one address; keep them apart.`;
      say("swanctl/pool-overlap", "warning", text, later.range.origin);
    }
    if (widest === null || pool.range.last.compare(widest.range.last) > 0) widest = pool;
  }
  if (!whole) return;
  const used = new Set(connections.flatMap((connection) => connection.pools.map(({ value }) => value)));
  for (const { name, origin } of pools) {
    if (!used.has(name))
      say("swanctl/pool-unused", "note", `No connection uses pool "${name}"; name it in pools = of one.`, origin);
  }
}
