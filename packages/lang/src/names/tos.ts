import type { System } from "@pierhead/core";

// Differentiated services code points (RFC 2474, 2597, 3246, 5865) and the old type-of-service words, as octets.
const WORDS = `af11 28;af12 30;af13 38;af21 48;af22 50;af23 58;af31 68;af32 70;af33 78;af41 88;af42 90;af43 98;
critical a0;cs0 0;cs1 20;cs2 40;cs3 60;cs4 80;cs5 a0;cs6 c0;cs7 e0;ef b8;inetcontrol c0;lowdelay 10;netcontrol e0;
reliability 4;throughput 8;va b0`;

let words: Map<string, number> | null = null;

/**
 * The TOS octet that pf.conf(5) means by a word; case does not count, except on systems that know only
 * `lowdelay`, `throughput` and `reliability`.
 *
 * @returns null when the system's pfctl does not know the word
 */
export function tosByName(system: System, name: string): number | null {
  words ??= new Map(
    WORDS.split(/;\s*/).map((entry) => {
      const [word, octet] = entry.split(" ") as [string, string];
      return [word, Number.parseInt(octet, 16)];
    }),
  );
  if (!hasCodePoints(system)) {
    return name === "lowdelay" || name === "throughput" || name === "reliability" ? (words.get(name) ?? null) : null;
  }
  const word = name.toLowerCase();
  if (word === "va" && system.family !== "freebsd") return null;
  return words.get(word) ?? null;
}

function hasCodePoints(system: System): boolean {
  if (system.family === "openbsd") return system.major > 4 || (system.major === 4 && system.minor >= 7);
  return system.family === "freebsd";
}
