/** Where somebody wanted to go before the portal came between: kept only when it is harmless to send them there. */

const LONGEST = 2_000;

/**
 * The URL in its normal form, or null: other schemes than http and https (`javascript:`), names with a password before
 * them, control characters (which would end a header), and what is too long.
 */
export function safeUrl(text: string | null | undefined): string | null {
  if (typeof text !== "string" || text.length > LONGEST) return null;
  if (/[\0-\x20\x7f"<>\\^`{|}]/.test(text)) return null;
  if (!/^https?:\/\//i.test(text)) return null;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  if (url.username !== "" || url.password !== "" || url.hostname === "") return null;
  // Everything beyond ASCII is percent-encoded or punycode by now; a header value may hold nothing else.
  return /^[\x21-\x7e]+$/.test(url.href) && url.href.length <= LONGEST ? url.href : null;
}

/**
 * Hosts that devices ask to learn whether a portal is there. Nobody wants to go there: their answers are blank pages.
 * Apple; Android and ChromeOS; Windows; Firefox; NetworkManager of GNOME, KDE and the distributions.
 */
const PROBES: ReadonlySet<string> = new Set([
  "captive.apple.com",
  "www.apple.com/library/test/success.html",
  "connectivitycheck.gstatic.com",
  "connectivitycheck.android.com",
  "clients3.google.com/generate_204",
  "www.google.com/generate_204",
  "www.google.com/gen_204",
  "www.gstatic.com/generate_204",
  "play.googleapis.com/generate_204",
  "www.msftconnecttest.com",
  "ipv6.msftconnecttest.com",
  "www.msftncsi.com",
  "detectportal.firefox.com",
  "nmcheck.gnome.org",
  "networkcheck.kde.org",
  "network-test.debian.org",
  "connectivity-check.ubuntu.com",
  "fedoraproject.org/static/hotspot.txt",
  "ping.archlinux.org",
  "conncheck.opensuse.org",
]);

export function isProbe(url: string): boolean {
  const { hostname, pathname } = new URL(url);
  return PROBES.has(hostname) || PROBES.has(hostname + pathname);
}
