/**
 * Query strings as CoovaChilli reads them (redir_getparam, redir_urldecode): `+` is a plus, since login pages encode with
 * JavaScript's `escape`, which leaves it alone and writes é as %E9. The first of several values counts.
 */
export function uamQuery(search: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const part of search.replace(/^\?/, "").split("&").slice(0, 64)) {
    const at = part.indexOf("=");
    if (at <= 0) continue;
    const name = part.slice(0, at);
    if (!query.has(name)) query.set(name, percentDecode(part.slice(at + 1)));
  }
  return query;
}

/** Octets as UTF-8 when they are that, as Latin-1 otherwise; `%u20ac` as `escape` writes it. */
export function percentDecode(text: string): string {
  const octets: number[] = [];
  for (let i = 0; i < text.length; ) {
    const wide = /^%u([0-9a-f]{4})/i.exec(text.slice(i, i + 6));
    const narrow = wide === null ? /^%([0-9a-f]{2})/i.exec(text.slice(i, i + 3)) : null;
    if (wide !== null) {
      octets.push(...Buffer.from(String.fromCharCode(Number.parseInt(wide[1] as string, 16)), "utf8"));
      i += 6;
    } else if (narrow !== null) {
      octets.push(Number.parseInt(narrow[1] as string, 16));
      i += 3;
    } else {
      const character = String.fromCodePoint(text.codePointAt(i) as number);
      octets.push(...Buffer.from(character, "utf8"));
      i += character.length;
    }
  }
  const bytes = Buffer.from(octets);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString("latin1");
  }
}

/** redir_urlencode: everything but `A-Za-z0-9-_.!~*`, in lower-case hexadecimal. */
export function uamEncode(text: string): string {
  let out = "";
  for (const octet of Buffer.from(text, "utf8")) {
    const character = String.fromCharCode(octet);
    out += /[A-Za-z0-9\-_.!~*]/.test(character) ? character : `%${octet.toString(16).padStart(2, "0")}`;
  }
  return out;
}
