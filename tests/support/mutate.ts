/** Makes broken inputs out of good ones. Deterministic: the same random source gives the same input. */

const AWKWARD = [
  "\0",
  "\r\n",
  "\n",
  '"',
  "'",
  "\\",
  "\\\n",
  "{",
  "}",
  "(",
  ")",
  "<",
  ">",
  "$",
  "$x",
  "!",
  ",",
  "=",
  "#",
  ":",
  "/",
  "*",
  "`",
  "[",
  "]",
  "é",
  "\u{1f600}",
  "\ud800",
  "\u2028",
  "\ufeff",
  "\x1b[2J",
  "4294967296",
  "-1",
  "99999999999999999999",
  "0x",
  "::",
  "1.2.3.4/33",
  "fe80::1%lo0",
  "a".repeat(300),
  "{ ".repeat(40),
  "( ".repeat(40),
  "&&",
  "||",
  "%",
  "\t",
  " ",
];

/** Applies one to six edits: delete, double, swap or insert pieces, cut the end, mix with another seed. */
export function mutate(text: string, other: string, random: (below: number) => number): string {
  let result = text;
  for (let i = 1 + random(6); i > 0; i--) {
    const at = random(result.length + 1);
    const length = 1 + random(random(4) === 0 ? 40 : 6);
    switch (random(9)) {
      case 0:
        result = result.slice(0, at) + result.slice(at + length);
        break;
      case 1:
        result = result.slice(0, at) + result.slice(at, at + length) + result.slice(at);
        break;
      case 2:
      case 3:
        result = result.slice(0, at) + (AWKWARD[random(AWKWARD.length)] as string) + result.slice(at);
        break;
      case 4:
        result =
          result.slice(0, at) + String.fromCharCode(random(random(8) === 0 ? 65536 : 128)) + result.slice(at + 1);
        break;
      case 5:
        result = result.slice(0, at);
        break;
      case 6: {
        const from = random(other.length + 1);
        result = result.slice(0, at) + other.slice(from, from + length * 4) + result.slice(at);
        break;
      }
      case 7: {
        const words = result.split(" ");
        const a = random(words.length);
        const b = random(words.length);
        [words[a], words[b]] = [words[b] as string, words[a] as string];
        result = words.join(" ");
        break;
      }
      default: {
        const lines = result.split("\n");
        const moved = lines.splice(random(lines.length), 1);
        lines.splice(random(lines.length + 1), 0, ...moved);
        result = lines.join("\n");
      }
    }
  }
  return result.length > 20_000 ? result.slice(0, 20_000) : result;
}
