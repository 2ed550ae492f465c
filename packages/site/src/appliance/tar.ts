/** tar archives in the ustar format (POSIX.1-1988, pax(1)): sorted by the caller, everything root's, without a date. */

export interface TarEntry {
  /** Relative, without a slash at its end. */
  readonly path: string;
  readonly mode: number;
  /** Null: a folder. */
  readonly content: Uint8Array | null;
}

const BLOCK = 512;

/** @throws when a name does not fit into the format: 100 octets after the last slash that leaves 155 before it */
export function tar(entries: readonly TarEntry[]): Uint8Array {
  const sizes = entries.map(({ content }) => BLOCK + Math.ceil((content?.length ?? 0) / BLOCK) * BLOCK);
  // Two blocks of zeros end it.
  const out = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0) + 2 * BLOCK);
  let at = 0;
  entries.forEach((entry, index) => {
    header(out.subarray(at, at + BLOCK), entry);
    if (entry.content !== null) out.set(entry.content, at + BLOCK);
    at += sizes[index] ?? 0;
  });
  return out;
}

function header(block: Uint8Array, { path, mode, content }: TarEntry): void {
  const { name, prefix } = split(content === null ? `${path}/` : path);
  const text = (offset: number, value: string): void => block.set(octets(value), offset);
  const number = (offset: number, digits: number, value: number): void =>
    text(offset, value.toString(8).padStart(digits, "0"));
  text(0, name);
  number(100, 7, mode);
  // Owner and group 0, by number and by name; groups of number 0 are called otherwise from system to system.
  number(108, 7, 0);
  number(116, 7, 0);
  number(124, 11, content?.length ?? 0);
  number(136, 11, 0);
  text(148, "        ");
  text(156, content === null ? "5" : "0");
  text(257, "ustar\0");
  text(263, "00");
  text(265, "root");
  text(345, prefix);
  const sum = block.reduce((total, octet) => total + octet, 0);
  number(148, 6, sum);
  text(154, "\0 ");
}

function split(path: string): { readonly name: string; readonly prefix: string } {
  if (octets(path).length <= 100) return { name: path, prefix: "" };
  for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
    const prefix = path.slice(0, slash);
    const name = path.slice(slash + 1);
    if (name !== "" && octets(name).length <= 100 && octets(prefix).length <= 155) return { name, prefix };
  }
  throw new Error(`${path}: the name is too long for a tar archive`);
}

/** UTF-8. No TextEncoder: it is no part of the language. */
export function octets(text: string): Uint8Array {
  const out: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code < 0x80) out.push(code);
    else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return Uint8Array.from(out);
}
