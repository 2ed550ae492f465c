/** Colours an operator chooses, made readable: WCAG 2.2, 1.4.3 wants a contrast of 4.5 for text. */

type Rgb = readonly [number, number, number];

const FALLBACK: Rgb = [11, 94, 140];
const ENOUGH = 4.5;

export interface Palette {
  /** Buttons, and what stands on them. */
  readonly accent: string;
  readonly onAccent: string;
  readonly border: string;
  /** The accent as text on the page's own ground. */
  readonly ink: string;
  readonly ground: string;
  /** Where the ground begins at the top. */
  readonly sky: string;
  readonly card: string;
}

/** `#rgb` and `#rrggbb`; anything else is null, so that nothing but a colour gets into the style sheet. */
export function parseColour(text: string): Rgb | null {
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  if (long !== null) return long.slice(1).map((part) => Number.parseInt(part, 16)) as unknown as Rgb;
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text);
  if (short !== null) return short.slice(1).map((part) => Number.parseInt(part, 16) * 17) as unknown as Rgb;
  return null;
}

/** Relative luminance, 0 to 1. */
function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** 1 to 21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return a.map((part, i) => Math.round(part + ((b[i] as number) - part) * share)) as unknown as Rgb;
}

function hex(colour: Rgb): string {
  return `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

/** The accent, moved towards `to` just as far as it must be to be read on every one of `grounds`. */
function readable(accent: Rgb, grounds: readonly Rgb[], to: Rgb, enough: number): Rgb {
  for (let step = 0; step <= 20; step++) {
    const colour = mix(accent, to, step / 20);
    if (grounds.every((ground) => contrast(colour, ground) >= enough)) return colour;
  }
  return to;
}

/** The colour, moved towards `to` until its edge is seen on the ground. */
function standOut(colour: Rgb, ground: Rgb, to: Rgb): Rgb {
  return readable(colour, [ground], to, 3);
}

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
const NIGHT: Rgb = [17, 20, 24];
/** The fainter of the two colours text has, see style.ts. */
const SOFT_DAY: Rgb = [83, 91, 101];
const SOFT_NIGHT: Rgb = [176, 185, 195];

/** The ground with a share of the accent, as much of it as leaves `text` readable. */
function tint(ground: Rgb, accent: Rgb, share: number, text: Rgb): Rgb {
  for (let part = share; part > 0.005; part *= 0.8) {
    const colour = mix(ground, accent, part);
    if (contrast(colour, text) >= ENOUGH) return colour;
  }
  return ground;
}

export function palette(accent: string, dark: boolean): Palette {
  const base = parseColour(accent) ?? FALLBACK;
  const ground = dark ? tint(NIGHT, base, 0.06, SOFT_NIGHT) : tint(WHITE, base, 0.07, SOFT_DAY);
  const sky = dark ? tint(ground, base, 0.22, SOFT_NIGHT) : tint(ground, base, 0.13, SOFT_DAY);
  const card: Rgb = dark ? [28, 32, 38] : WHITE;
  // A button stands out from the card (1.4.11 wants 3): by day through its border, so that a brand's yellow stays yellow;
  // by night a dark fill would be a hole, so it is lightened.
  const button = dark ? standOut(base, card, WHITE) : base;
  const white = contrast(button, WHITE);
  const onAccent = white >= ENOUGH || white >= contrast(button, BLACK) ? WHITE : BLACK;
  return {
    accent: hex(button),
    border: hex(standOut(button, card, dark ? WHITE : BLACK)),
    onAccent: hex(onAccent),
    ink: hex(readable(base, [card, ground, sky], dark ? WHITE : BLACK, dark ? 6 : ENOUGH)),
    ground: hex(ground),
    sky: hex(sky),
    card: hex(card),
  };
}
