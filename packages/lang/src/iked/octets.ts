/** Octets of the UTF-8 form of a text, as hexadecimal digits. Lone surrogates become the replacement character. */
export function hexadecimalOctets(text: string): string {
  let digits = "";
  const octet = (value: number): void => {
    digits += value.toString(16).padStart(2, "0");
  };
  for (const character of text) {
    let code = character.codePointAt(0) as number;
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
    if (code < 0x80) octet(code);
    else if (code < 0x800) {
      octet(0xc0 | (code >> 6));
      octet(0x80 | (code & 63));
    } else if (code < 0x10000) {
      octet(0xe0 | (code >> 12));
      octet(0x80 | ((code >> 6) & 63));
      octet(0x80 | (code & 63));
    } else {
      octet(0xf0 | (code >> 18));
      octet(0x80 | ((code >> 12) & 63));
      octet(0x80 | ((code >> 6) & 63));
      octet(0x80 | (code & 63));
    }
  }
  return digits;
}

export function utf8Length(text: string): number {
  return hexadecimalOctets(text).length / 2;
}
