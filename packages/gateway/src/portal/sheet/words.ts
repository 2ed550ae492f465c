/** Words on a voucher card; numbers, units and dates are the language's own (Intl). */

export interface CardWords {
  /** Before the name of the wireless network. */
  readonly network: string;
  readonly code: string;
  /** `{}` is a span: `2 hours`. */
  readonly duration: string;
  /** `{}` is a day. */
  readonly until: string;
  /** `{}` is a number above one. */
  readonly devices: string;
}

const WORDS: Readonly<Record<string, CardWords>> = {
  en: { network: "Wi-Fi", code: "Code", duration: "{} from first use", until: "valid until {}", devices: "{} devices" },
  de: {
    network: "WLAN",
    code: "Code",
    duration: "{} ab dem ersten Anmelden",
    until: "gültig bis {}",
    devices: "{} Geräte",
  },
  fr: {
    network: "Wi-Fi",
    code: "Code",
    duration: "{} dès la première connexion",
    until: "valable jusqu’au {}",
    devices: "{} appareils",
  },
  es: {
    network: "Wi-Fi",
    code: "Código",
    duration: "{} desde el primer uso",
    until: "válido hasta el {}",
    devices: "{} dispositivos",
  },
  it: {
    network: "Wi-Fi",
    code: "Codice",
    duration: "{} dal primo accesso",
    until: "valido fino al {}",
    devices: "{} dispositivi",
  },
  pt: {
    network: "Wi-Fi",
    code: "Código",
    duration: "{} desde o primeiro uso",
    until: "válido até {}",
    devices: "{} dispositivos",
  },
};

/** English for a language there are no words for. */
export function cardWords(language: string): CardWords {
  return WORDS[language.split("-")[0] ?? ""] ?? (WORDS.en as CardWords);
}

/** `2 hours`, `1 day`, `90 minutes`: the largest unit that needs no fraction. */
export function spanWords(seconds: number, language: string): string {
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ] as const;
  const [unit, size] = units.find(([, one]) => seconds % one === 0 && seconds >= one) ?? (["second", 1] as const);
  return inUnit(seconds / size, unit, language);
}

/** `500 megabytes` in the short form of the language: `500 MB`. */
export function volumeWords(octets: bigint, language: string): string {
  const units = [
    ["gigabyte", 1e9],
    ["megabyte", 1e6],
    ["kilobyte", 1e3],
  ] as const;
  const amount = Number(octets);
  const [unit, size] = units.find(([, one]) => amount >= one) ?? (["byte", 1] as const);
  return inUnit(amount / size, unit, language, "short");
}

function inUnit(amount: number, unit: string, language: string, unitDisplay: "long" | "short" = "long"): string {
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay, maximumFractionDigits: 1 }).format(amount);
}
