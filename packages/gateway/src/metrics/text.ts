/** Prometheus' text format, version 0.0.4. */

export type MetricLabels = Readonly<Record<string, string>>;

/** Collects families of samples; {@link MetricText.toString} is the page. */
export class MetricText {
  readonly #prefix: string;
  readonly #lines: string[] = [];

  /** @param prefix of every name, with its underscore */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  family(
    name: string,
    type: "gauge" | "counter",
    help: string,
    samples: readonly (readonly [MetricLabels, number | bigint])[],
  ): this {
    const full = `${this.#prefix}${name}`;
    this.#lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`);
    for (const [labels, value] of samples) {
      const text = Object.entries(labels).map(([key, label]) => `${key}="${quoted(label)}"`);
      this.#lines.push(`${full}${text.length === 0 ? "" : `{${text.join(",")}}`} ${value}`);
    }
    return this;
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

function quoted(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
