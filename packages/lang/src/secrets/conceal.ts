/** Lines of configuration as they may be shown: keys and passwords are covered, and everything keeps its column. */

const QUOTED = String.raw`"(?:[^"\\]|\\.)*"?`;
const VALUE = String.raw`(?:${QUOTED}|[^\s"#;{}]+)`;

/** The last group of each is the secret. */
const PLACES: readonly RegExp[] = [
  // ipsec.conf, iked.conf: `psk "…"`, `authkey 0x…`; hostname.if: `wpakey …`, `nwkey …`.
  new RegExp(String.raw`\b((?:psk|authkey|enckey|wpakey|nwkey)[ \t]+)(${VALUE})`, "gi"),
  // iked.conf: `user "name" "password"`.
  new RegExp(String.raw`\b(user[ \t]+${QUOTED}[ \t]+)(${QUOTED})`, "g"),
  // npppd-users: `:password=…:`, with its escapes.
  /(:password=)((?:[^:\\]|\\.)*)/g,
  // npppd.conf: `… port 1812 secret "…"`; chilli.conf: `radiussecret …`.
  new RegExp(String.raw`\b(secret[ \t]+)(${QUOTED})`, "g"),
  new RegExp(String.raw`\b(\w+secret[ \t]+)(${VALUE})`, "gi"),
  // mpd.conf: `set radius server HOST SECRET`, `set auth password …`.
  new RegExp(String.raw`\b(set[ \t]+radius[ \t]+server[ \t]+\S+[ \t]+)(${VALUE})`, "g"),
  new RegExp(String.raw`\b(set[ \t]+(?:auth[ \t]+)?password[ \t]+)(${VALUE})`, "g"),
];

/** `secret = …` of swanctl.conf, `HS_UAMSECRET=…` of chilli's defaults; not the fields of npppd-users. */
const SETTING = new RegExp(String.raw`(?<!:)\b((\w+)[ \t]*=[ \t]*)(${VALUE})`, "g");
const SECRET_NAME = /secret|password|passwd|passphrase/i;

/** mpd.secret: the second field; pppd's: the third. */
const FIELDS: Readonly<Record<string, number>> = { "mpd.secret": 1, "chap-secrets": 2, "pap-secrets": 2 };

/**
 * @param path of the file, whose name says what the line means where the line does not
 * @returns a line of the same length
 */
export function concealSecrets(line: string, path: string): string {
  const field = FIELDS[path.replace(/^.*\//, "")];
  if (field !== undefined && !/^\s*#/.test(line)) {
    let index = 0;
    return line.replace(new RegExp(VALUE, "g"), (one) => (index++ === field ? cover(one) : one));
  }
  const settings = line.replace(SETTING, (whole, before: string, name: string, secret: string) =>
    SECRET_NAME.test(name) ? `${before}${cover(secret)}` : whole,
  );
  return PLACES.reduce(
    (text, place) => text.replace(place, (_, before: string, secret: string) => `${before}${cover(secret)}`),
    settings,
  );
}

/** Where a secret is to be had is no secret: `env:NAME`, `file:/path`. */
function cover(secret: string): string {
  const quote = secret.startsWith('"') ? '"' : "";
  const inner = secret.slice(quote.length, secret.length > 1 && secret.endsWith('"') ? -1 : undefined);
  if (/^(?:env|file):\S+$/.test(inner)) return secret;
  return `${quote}${"*".repeat(inner.length)}${secret.slice(quote.length + inner.length)}`;
}
