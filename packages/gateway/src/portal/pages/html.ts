/** Markup that cannot be broken out of: every value is escaped unless it is markup already. */

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Part = Html | string | number | null | undefined | false | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for an element or a quoted attribute, of HTML or XML. Characters XML does not know become U+FFFD. */
export function escapeHtml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[&<>"']|[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]/g, (found) => ENTITIES[found] ?? "\ufffd");
}

/** Template tag: `html\`<p>${text}</p>\``. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] as string;
  for (let i = 0; i < parts.length; i++) text += put(parts[i]) + strings[i + 1];
  return new Html(text);
}

function put(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(put).join("");
  return escapeHtml(String(part));
}

/** What an operator wrote: paragraphs at blank lines, line breaks kept. */
export function paragraphs(text: string): Html {
  const blocks = text.trim().split(/\r?\n[ \t]*\r?\n\s*/);
  return new Html(
    blocks
      .filter((block) => block !== "")
      .map((block) => `<p>${escapeHtml(block).replace(/\r?\n/g, "<br>")}</p>`)
      .join(""),
  );
}
