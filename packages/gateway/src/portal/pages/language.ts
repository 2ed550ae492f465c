/** Which language a page is in, and how that language writes amounts. */
import { de } from "./words/de.ts";
import { en } from "./words/en.ts";
import { es } from "./words/es.ts";
import { fr } from "./words/fr.ts";
import { it } from "./words/it.ts";
import { pt } from "./words/pt.ts";
import type { Words } from "./words/words.ts";

export type Language = "en" | "de" | "fr" | "es" | "it" | "pt";

/** In the order the pages show them. */
export const LANGUAGES: Readonly<Record<Language, Words>> = { en, de, fr, es, it, pt };

export function isLanguage(text: string | null | undefined): text is Language {
  return typeof text === "string" && Object.hasOwn(LANGUAGES, text);
}

/**
 * The one that was asked for, or the best of Accept-Language (RFC 9110, 12.5.4), or the operator's, or English.
 */
export function chooseLanguage(asked: string | null, accept: string | null, operator: string): Language {
  if (isLanguage(asked)) return asked;
  let best: Language | null = null;
  let quality = 0;
  for (const item of (accept ?? "").slice(0, 1_000).split(",").slice(0, 30)) {
    const [range = "", ...parameters] = item.trim().toLowerCase().split(";");
    const language = range.trim().split("-")[0];
    if (!isLanguage(language)) continue;
    const q = parameters.map((text) => /^\s*q\s*=\s*(\d(?:\.\d{1,3})?)\s*$/.exec(text)).find((found) => found !== null);
    const weight = q === undefined || q === null ? 1 : Number(q[1]);
    if (weight > quality) [best, quality] = [language, weight];
  }
  if (best !== null) return best;
  const own = operator.toLowerCase().split("-")[0];
  return isLanguage(own) ? own : "en";
}

/** `{0}` is the first value, and so on. */
export function fill(sentence: string, ...values: readonly string[]): string {
  return sentence.replace(/\{(\d)\}/g, (place, index) => values[Number(index)] ?? place);
}

/** `14:30` when it is today, else `Wednesday at 00:00`, with the date when that is a week away; where the gateway is. */
export function formatMoment(language: Language, at: number, now: number): string {
  const days = (midnight(at) - midnight(now)) / 86_400_000;
  const day: Intl.DateTimeFormatOptions =
    days < 0.5 ? {} : days < 6.5 ? { weekday: "long" } : { weekday: "long", day: "numeric", month: "long" };
  return new Intl.DateTimeFormat(language, { ...day, hour: "numeric", minute: "2-digit" }).format(at);
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

function unit(language: Language, value: number, name: string, digits = 0): string {
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: name,
    unitDisplay: "short",
    maximumFractionDigits: digits,
  }).format(value);
}

/** `1 hr 20 min`; the two largest units that say something. */
export function formatSeconds(language: Language, seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return unit(language, whole, "second");
  const minutes = Math.floor(whole / 60);
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor((minutes % 1_440) / 60)];
  const parts: readonly (readonly [number, string])[] =
    days > 0
      ? [
          [days, "day"],
          [hours, "hour"],
        ]
      : [
          [hours, "hour"],
          [minutes % 60, "minute"],
        ];
  return parts
    .filter(([value]) => value > 0)
    .map(([value, name]) => unit(language, value, name))
    .join(" ");
}

const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** Decimal units, as volumes are sold. */
export function formatOctets(language: Language, octets: bigint): string {
  let value = Number(octets < 0n ? 0n : octets);
  let size = 0;
  while (value >= 999.5 && size < SIZES.length - 1) {
    value /= 1_000;
    size++;
  }
  return unit(language, value, SIZES[size] as string, size > 0 && value < 100 ? 1 : 0);
}
