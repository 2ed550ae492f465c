/** Shell patterns: `*`, `?`, `[…]`, with a backslash before what stands for itself. */
export type Pattern = readonly Piece[];

type Piece =
  | { readonly kind: "any" }
  | { readonly kind: "one" }
  | { readonly kind: "character"; readonly character: string }
  | { readonly kind: "set"; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] };

export function pattern(text: string): Pattern {
  const pieces: Piece[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (character === "*") {
      if (pieces.at(-1)?.kind !== "any") pieces.push({ kind: "any" });
    } else if (character === "?") pieces.push({ kind: "one" });
    else if (character === "\\" && i + 1 < text.length)
      pieces.push({ kind: "character", character: text[++i] as string });
    else if (character === "[") {
      const end = text.indexOf("]", i + 2);
      if (end === -1) pieces.push({ kind: "character", character });
      else {
        pieces.push(set(text.slice(i + 1, end)));
        i = end;
      }
    } else pieces.push({ kind: "character", character });
  }
  return pieces;
}

function set(text: string): Piece {
  const negated = text[0] === "!" || text[0] === "^";
  const ranges: [string, string][] = [];
  for (let i = negated ? 1 : 0; i < text.length; i++) {
    const from = text[i] as string;
    if (text[i + 1] === "-" && i + 2 < text.length) {
      ranges.push([from, text[i + 2] as string]);
      i += 2;
    } else ranges.push([from, from]);
  }
  return { kind: "set", negated, ranges };
}

/** Whether the whole text matches; linear but for one `*` to fall back to. */
export function matches(pieces: Pattern, text: string): boolean {
  let at = 0;
  let piece = 0;
  let backPiece = -1;
  let backAt = 0;
  while (at < text.length) {
    const own = pieces[piece];
    if (own?.kind === "any") {
      backPiece = piece++;
      backAt = at;
    } else if (own !== undefined && fits(own, text[at] as string)) {
      piece++;
      at++;
    } else if (backPiece !== -1) {
      piece = backPiece + 1;
      at = ++backAt;
    } else return false;
  }
  while (pieces[piece]?.kind === "any") piece++;
  return piece === pieces.length;
}

function fits(piece: Piece, character: string): boolean {
  switch (piece.kind) {
    case "one":
      return true;
    case "character":
      return piece.character === character;
    case "set":
      return piece.ranges.some(([from, to]) => character >= from && character <= to) !== piece.negated;
    default:
      return false;
  }
}
