/**
 * Secrets in built files. What is built in memory holds a mark in their place, so that nothing that is shown, explained
 * or kept as JSON has them; whoever writes the files puts them in, into files that only root reads.
 */

/** How a secret is written where it stands. */
export type SecretForm =
  /** Between the quotes of a string of ipsec.conf(5), iked.conf(5) or npppd.conf(5). */
  | "quoted"
  /** A value of npppd-users(5): getcap(3) ends it at a colon. */
  | "getcap"
  /** Between the quotes of a string of swanctl.conf(5) or strongswan.conf(5). */
  | "settings"
  /** Between the quotes of a word of mpd.conf or mpd.secret. */
  | "mpd";

export interface BuiltSecret {
  readonly mark: string;
  /** `env:NAME` or `file:path`. */
  readonly reference: string;
  readonly form: SecretForm;
}

/** Long and mixed enough that no check takes it for a weak password. */
export function secretMark(number: number): string {
  return `Secret-${number}-is-put-here-when-the-file-is-written`;
}

/**
 * A secret as it stands in a file.
 *
 * @returns what is wrong with it, as an object, when the file cannot hold it
 */
export function writeSecret(form: SecretForm, value: string): string | { readonly problem: string } {
  if (value === "") return { problem: "it is empty" };
  const bad = [...value].find((character) => (character.codePointAt(0) ?? 0) < 32 || character === "\u007f");
  if (bad !== undefined) return { problem: "it holds a control character (a line end, most likely)" };
  if (/[^\u0020-\u007e]/.test(value)) {
    return { problem: "it holds a character outside ASCII, which platforms send in different encodings" };
  }
  if (form === "quoted") {
    if (/["\\]/.test(value)) return { problem: 'it holds `"` or a backslash, which the file cannot hold safely' };
    return value;
  }
  if (form === "settings") {
    if (/^0[xs]/i.test(value)) return { problem: "it begins with 0x or 0s, which strongSwan reads as hex or Base64" };
    return value.replace(/["\\]/g, "\\$&");
  }
  if (form === "mpd") {
    if (value.startsWith("!")) return { problem: "it begins with `!`, which makes mpd run it as a program" };
    return value.replace(/["\\]/g, "\\$&");
  }
  // cgetstr(3): a colon is \c, and what begins an escape is escaped itself.
  return value.replaceAll("\\", "\\\\").replaceAll("^", "\\^").replaceAll(":", "\\c");
}
