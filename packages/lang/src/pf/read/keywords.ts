/** Which words are keywords where: the `lookup` tables of the parse.y of every system, as one table with ranges. */
import type { System } from "@pierhead/core";
import { Token } from "./tokens.ts";

/**
 * `word ranges`: `o` OpenBSD, `f` FreeBSD, `n` NetBSD, `m` macOS; a number is the first release, after `-` the last
 * one (OpenBSD `4.6`, FreeBSD `15`). A family that is not named does not have the word.
 */
const WORDS = `
af-to o5.0 f15; all * ; allow-opts *; allow-related f14; altq o-5.5 f n; anchor *; antispoof *; any *;
bandwidth o f n; binat o-4.6 f n m; binat-anchor o-4.6 f n m; binat-to o4.7 f15; bitmask *; block *; block-policy *;
bridge-to f14; buckets f; burst o5.5; cbq o-5.5 f n; code *; codelq f; crop o-4.6 f-13 n m; debug *; default o5.5;
delay o6.4; divert-packet o4.7; divert-reply o4.4 f; divert-to o4.4 f; dnpipe f14; dnqueue f14; drop *;
drop-ovl o-4.6 f-13 n m; dummynet m; dummynet-anchor m; dup-to *; endpoint-independent f15; ether f14; fail-policy f12; fairq f; fastroute o-4.6 f n m;
file *; fingerprints *; flags *; floating *; flows o6.2; flush *; for *; fragment *; from *; global *; group *;
hfsc o-5.5 f n; hogs f; hostid *; icmp-type *; icmp6-type *; if-bound *; in *; include o4.3 f n; inet *; inet6 *;
interval f; keep *; keepcounters f13; l3 f14; label *; least-states o5.1; limit *; limiter f15; linkshare o-5.5 f n;
load *; log *; loginterface *; map-e-portset f13; match o4.7 f14; matches o4.9 f14; max *; max-mss *; max-pkt-rate o6.4 f15;
max-pkt-size f15; max-src-conn *; max-src-conn-rate *; max-src-nodes *; max-src-states *; min o5.5; min-ttl *;
modulate *; nat o-4.6 f n m; nat-anchor o-4.6 f n m; nat-to o4.7 f15; no *; no-df *; no-route *; no-sync *; on *;
once o5.3 f15; optimization *; os *; out *; overload *; parent o5.5; pass *; pflow o4.5 f15; port *;
prefer-ipv6-nexthop f15; prio o5.1 f; priority o-5.5 f n; priq o-5.5 f n; probability *; proto *; qlimit o f n;
quantum o6.2; queue o f n; quick *; random *; random-id *; rate f15; rdomain o4.9; rdr o-4.6 f n m;
rdr-anchor o-4.6 f n m; rdr-to o4.7 f15; realtime o-5.5 f n; reassemble *; received-on o5.0 f15; reply-to *;
require-order o-4.6 f n m; return *; return-icmp *; return-icmp6 *; return-rst *; ridentifier f14; round-robin *;
route o f n; route-to *; rtable *; rule *; ruleset-optimization *; scrub *; scrub-anchor m; set *; set-tos o-5.0 f n; skip *;
sloppy o4.4 f n; source f15; source-hash *; source-track *; state *; state-defaults o4.7 f; state-policy *;
static-port *; sticky-address *; syncookies o6.3 f14; synproxy *; table *; tag *; tagged *; target f; tbrsize o-5.5 f n;
timeout *; to *; tos *; ttl *; upperlimit o-5.5 f n; urpf-failed o f n; user *; weight o5.1`;

interface Word {
  readonly text: string;
  readonly kind: number;
  readonly ranges: string;
}

const words: readonly Word[] = WORDS.trim()
  .split(/\s*;\s*/)
  .filter((entry) => entry !== "")
  .map((entry) => {
    const [text, ...ranges] = entry.trim().split(/\s+/) as [string, ...string[]];
    const name = text.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()) as keyof typeof Token;
    return { text, kind: Token[name], ranges: ranges.join(" ") };
  });

const everyKeyword: ReadonlyMap<string, number> = new Map(words.map((word) => [word.text, word.kind]));

const LETTER: Record<string, string> = { openbsd: "o", freebsd: "f", netbsd: "n", macos: "m", linux: "o" };

/** The keywords of a system's pf.conf(5): word to {@link Token}. */
export function keywordsOf(system: System): Map<string, number> {
  const table = new Map<string, number>();
  for (const word of words) if (isKeyword(word, system)) table.set(word.text, word.kind);
  return table;
}

/** Every keyword of any dialect: what a word may have been meant as, for messages. */
export function allKeywords(): ReadonlyMap<string, number> {
  return everyKeyword;
}

/** The word of a keyword token, for messages; null for other tokens. */
export function keywordText(kind: number): string | null {
  return words.find((word) => word.kind === kind)?.text ?? null;
}

function isKeyword(word: Word, system: System): boolean {
  if (word.ranges === "*") return true;
  const letter = LETTER[system.family] as string;
  for (const range of word.ranges.split(" ")) {
    if (range[0] !== letter) continue;
    const [first, last] = range.slice(1).split("-") as [string, string?];
    const version = system.major * 100 + system.minor;
    if (first !== "" && version < release(first)) return false;
    return last === undefined || version <= release(last) + (last.includes(".") ? 0 : 99);
  }
  return false;
}

function release(text: string): number {
  const [major, minor] = text.split(".") as [string, string?];
  return Number(major) * 100 + Number(minor ?? 0);
}
