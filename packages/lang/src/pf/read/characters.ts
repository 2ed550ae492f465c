// Character classes of the C locale, as tables: `isalnum`, `isdigit`, `isspace` and parse.y's `allowed_in_string`.

const ALPHANUMERIC = 1;
const DIGIT = 2;
const SPACE = 4;
const IN_STRING = 8;
const LETTER = 16;

const CLASSES = new Uint8Array(128);

for (let c = 33; c < 127; c++) {
  const letter = (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
  const digit = c >= 48 && c <= 57;
  let bits = 0;
  if (letter) bits |= LETTER;
  if (digit) bits |= DIGIT;
  if (letter || digit) bits |= ALPHANUMERIC;
  // `( ) { } < > ! = / # ,` end a word; every other printable character goes on.
  if (!"(){}<>!=/#,".includes(String.fromCharCode(c))) bits |= IN_STRING;
  CLASSES[c] = bits;
}
for (const c of [9, 10, 11, 12, 13, 32]) CLASSES[c] = SPACE;

export function isAlphanumeric(c: number): boolean {
  return c >= 0 && c < 128 && ((CLASSES[c] as number) & ALPHANUMERIC) !== 0;
}

export function isLetter(c: number): boolean {
  return c >= 0 && c < 128 && ((CLASSES[c] as number) & LETTER) !== 0;
}

export function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

export function isSpace(c: number): boolean {
  return c >= 0 && c < 128 && ((CLASSES[c] as number) & SPACE) !== 0;
}

/** Whether a character continues a word. */
export function isAllowedInString(c: number): boolean {
  return c >= 0 && c < 128 && ((CLASSES[c] as number) & IN_STRING) !== 0;
}
