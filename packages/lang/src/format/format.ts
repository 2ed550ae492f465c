/** Lays out a configuration file without changing what it says; comments stay. */
import { Source, type System } from "@pierhead/core";
import type { Language } from "../registry/index.ts";
import { formatIfstated } from "./ifstated.ts";
import { formatLines } from "./lines.ts";
import { formatPf } from "./pf.ts";

export type FormatResult =
  | { readonly kind: "formatted"; readonly text: string; readonly changed: boolean }
  /** The layout could not be changed without changing what is read; the file stays as it is. */
  | { readonly kind: "refused"; readonly reason: string }
  /** There is no layout for this language. */
  | { readonly kind: "unsupported" };

/** Lays out one file. Doing it twice changes nothing more. */
export function formatFile(source: Source, language: Language, system: System): FormatResult {
  // Line ends of another system and its byte order mark are no part of what the file says.
  const plain = source.text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
  const text = layOut(plain === source.text ? source : new Source(source.name, plain), language, system);
  if (text === undefined) return { kind: "unsupported" };
  if (text === null) {
    return { kind: "refused", reason: "it has errors that a new layout would change; mend them first" };
  }
  return { kind: "formatted", text, changed: text !== source.text };
}

function layOut(source: Source, language: Language, system: System): string | null | undefined {
  switch (language.name) {
    case "pf":
      return formatPf(source, system);
    case "ifstated":
      return formatIfstated(source);
    case "hostname-if":
      return formatLines(source.text, { flushLeft: true, singleBlanks: true });
    case "mygate":
    case "netstart":
      return formatLines(source.text, { flushLeft: true, singleBlanks: true });
    case "sysctl":
      return formatLines(source.text, { flushLeft: true, singleBlanks: false });
    case "rc-conf":
      return multiLineQuote(source.text) ? null : formatLines(source.text, { flushLeft: false, singleBlanks: false });
    case "ipsec":
    case "iked":
    case "npppd":
    case "vm-conf":
      return multiLineQuote(source.text) ? null : formatLines(source.text, { flushLeft: false, singleBlanks: false });
    case "systemd-networkd":
      // Blanks at the start of a joined line belong to the value.
      return /\\$/m.test(source.text) ? null : formatLines(source.text, { flushLeft: true, singleBlanks: false });
    case "interfaces":
      return formatLines(source.text, { flushLeft: false, singleBlanks: false });
    default:
      return undefined;
  }
}

/** A quoted value that runs over a line end: blanks at its line ends belong to it. */
function multiLineQuote(text: string): boolean {
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (quote === "" && character === "#" && (i === 0 || /[\s;]/.test(text[i - 1] as string))) {
      const end = text.indexOf("\n", i);
      if (end === -1) return false;
      i = end;
    } else if (character === "\\" && quote !== "'") i++;
    else if (quote === "" && (character === '"' || character === "'" || character === "`")) quote = character;
    else if (character === quote) quote = "";
    else if (quote !== "" && character === "\n") return true;
  }
  return quote !== "";
}
