/** Character classes of the C locale for the lexers of OpenBSD's parsers; characters from 128 on are in none. */

const DIGIT = 1;
const ALNUM = 2;
const SPACE = 4;
const WORD = 8;

const classes: Uint8Array = classify();

function classify(): Uint8Array {
  const table = new Uint8Array(128);
  const mark = (characters: string, bits: number): void => {
    for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = bits;
  };
  mark("0123456789", DIGIT | ALNUM | WORD);
  mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", ALNUM | WORD);
  mark(" \t\n\v\f\r", SPACE);
  // ispunct() less the characters that the grammars use themselves: ( ) { } < > ! = / # ,
  mark("\"$%&'*+-.:;?@[\\]^_`|~", WORD);
  return table;
}

function has(code: number, bits: number): boolean {
  return code >= 0 && code < 128 && ((classes[code] as number) & bits) !== 0;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isAlphanumeric(code: number): boolean {
  return has(code, ALNUM);
}

export function isSpace(code: number): boolean {
  return has(code, SPACE);
}

/** `allowed_in_string` of the parsers: what may follow the first character of a word. */
export function isWordCharacter(code: number): boolean {
  return has(code, WORD);
}

/** `allowed_to_end_number`. */
export function endsNumber(code: number): boolean {
  return isSpace(code) || code === 41 || code === 44 || code === 47 || code === 125 || code === 61;
}

/** Bytes of the UTF-8 form of one UTF-16 unit; halves of a surrogate pair count 2 each. */
export function byteLength(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3;
}
