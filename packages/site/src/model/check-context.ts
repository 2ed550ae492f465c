/** Where the checks of a site put what they find. */
import { type Diagnostic, diagnostic, type RelatedPlace, type Severity, type Source, type Span } from "@pierhead/core";
import type { YamlPath as SitePath } from "@pierhead/lang/yaml-text";

export interface Places {
  readonly source: Source | null;
  place(path: SitePath): Span;
  keyPlace(path: SitePath): Span;
}

export class CheckContext {
  readonly diagnostics: Diagnostic[] = [];
  readonly #places: Places;

  constructor(places: Places) {
    this.#places = places;
  }

  /** About the value at a path. */
  say(code: string, severity: Severity, message: string, path: SitePath, other: SitePath | null = null): void {
    const related = other === null ? [] : this.#related(other);
    this.diagnostics.push(
      diagnostic(code, severity, message, this.#places.source, this.#places.place(path), { related }),
    );
  }

  /** About the key at a path; always an error. */
  sayKey(code: string, message: string, path: SitePath, other: SitePath | null = null): void {
    const related = other === null ? [] : this.#related(other);
    this.diagnostics.push(
      diagnostic(code, "error", message, this.#places.source, this.#places.keyPlace(path), { related }),
    );
  }

  #related(path: SitePath): RelatedPlace[] {
    const { source } = this.#places;
    return source === null ? [] : [{ source, span: this.#places.place(path), message: "the other one" }];
  }
}
