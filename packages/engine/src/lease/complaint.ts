import { type Diagnostic, diagnostic, type RelatedPlace, type Severity, type Source, type Span } from "@pierhead/core";

/** The same finding again and again is said this many times, then counted. */
const MOST_ALIKE = 10;

/** Collects findings about one piece of evidence: one that was already made is counted, not repeated. */
export class Findings {
  readonly #source: Source;
  readonly #all: Diagnostic[] = [];
  readonly #seen = new Map<string, number>();
  readonly #counts = new Map<string, number>();

  constructor(source: Source) {
    this.#source = source;
  }

  /** @param key what makes it the same finding as another; the message when left out */
  add(
    code: string,
    severity: Severity,
    message: string,
    span: Span,
    extra: { readonly key?: string; readonly related?: readonly RelatedPlace[] } = {},
  ): void {
    const key = `${code} ${extra.key ?? message}`;
    const times = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, times);
    if (times > 1) return;
    this.take(diagnostic(code, severity, message, this.#source, span, { related: extra.related ?? [] }));
  }

  /** Takes a finding that was made elsewhere. */
  take(finding: Diagnostic): void {
    const count = (this.#counts.get(finding.code) ?? 0) + 1;
    this.#counts.set(finding.code, count);
    if (count <= MOST_ALIKE) this.#all.push(finding);
  }

  place(span: Span, message: string): RelatedPlace {
    return { source: this.#source, span, message };
  }

  /** All of them; kinds that came too often end with their number. */
  finish(): Diagnostic[] {
    const found = [...this.#all];
    for (const [code, count] of this.#counts) {
      if (count <= MOST_ALIKE) continue;
      const last = found.findLast((one) => one.code === code);
      const message = `${count - MOST_ALIKE} more findings of the kind ${code} are not listed.`;
      found.push(diagnostic("lease/more", "note", message, this.#source, last?.span ?? { start: 0, end: 0 }));
    }
    return found;
  }
}

/** Servers that answered, by name, each with the place where it was first seen. */
export type Servers = Map<string, { readonly span: Span; readonly from: string }>;

/** Says when more than one server answers: on a wire shared with strangers one of them may be anybody's. */
export function severalServers(servers: Servers, into: Findings): void {
  const [first, second, ...more] = [...servers];
  if (first === undefined || second === undefined) return;
  const names = [...servers].slice(0, 4).map(([name, { from }]) => `${name} (from ${from})`);
  const rest = more.length > 2 ? ` and ${more.length - 2} more` : "";
  into.add(
    "lease/several-servers",
    "warning",
    `${servers.size} servers answer here: ${names.join(", ")}${rest}. A client takes whichever it likes best. Where strangers share the wire, one that you do not know can give your guests its own gateway or name server: let answers in only from the server you know.`,
    second[1].span,
    { related: [into.place(first[1].span, `the first answer of ${first[0]}`)] },
  );
}

/** Seconds for a sentence: `500 s`, `20 min`, `2 h 30 min`, `for ever`. */
export function duration(seconds: number): string {
  if (seconds === Number.POSITIVE_INFINITY || seconds === 0xffff_ffff) return "for ever";
  if (Math.abs(seconds) < 120) return `${Number(seconds.toFixed(seconds % 1 === 0 ? 0 : 1))} s`;
  const whole = Math.round(seconds);
  const parts: string[] = [];
  const units: readonly (readonly [number, string])[] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  let rest = whole;
  for (const [size, name] of units) {
    if (parts.length === 2) break;
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
  }
  return parts.join(" ");
}
