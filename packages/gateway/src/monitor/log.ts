export type LogLevel = "debug" | "info" | "warning" | "error";

/** Facts of a log line; names are the keys of the JSON form. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface LogOptions {
  readonly format: "text" | "json";
  /** 0: what changes; 1: commands too; 2: every test. */
  readonly verbose: number;
  readonly write: (line: string) => void;
}

/** One line for each thing that happened, for people or for machines. */
export class Log {
  readonly #options: LogOptions;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** @param event a stable word for what happened */
  put(level: LogLevel, event: string, message: string, fields: LogFields = {}): void {
    const time = new Date().toISOString();
    const { format, write } = this.#options;
    const mark = level === "info" || level === "debug" ? "" : `${level}: `;
    try {
      if (format === "json") write(`${JSON.stringify({ time, level, event, message, ...fields })}\n`);
      else write(`${time} ${mark}${oneLine(message)}\n`);
    } catch {
      // A full disk must not stop the failover.
    }
  }

  info(event: string, message: string, fields: LogFields = {}): void {
    this.put("info", event, message, fields);
  }

  warning(event: string, message: string, fields: LogFields = {}): void {
    this.put("warning", event, message, fields);
  }

  error(event: string, message: string, fields: LogFields = {}): void {
    this.put("error", event, message, fields);
  }

  /** @param verbosity how often `-v` has to be given to see it */
  debug(verbosity: number, event: string, message: string, fields: LogFields = {}): void {
    if (this.#options.verbose >= verbosity) this.put("debug", event, message, fields);
  }
}

/** Control characters of a file or of a tool's output must not break the line, or a terminal. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being looked for
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, " ");
}
