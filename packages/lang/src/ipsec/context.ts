import { Secret, Source } from "@pierhead/core";
import { hasBlank, type Origin, type ParseReport, type Reduction } from "../lexer/index.ts";
import { findTransform } from "./algorithms.ts";
import type { IpsecDialect } from "./dialect.ts";
import { Expander } from "./expand.ts";
import type { IpsecEnvironment } from "./hosts.ts";
import type { IpsecRule } from "./rule.ts";
import {
  type AssociationStatement,
  emptyTransforms,
  type FlowStatement,
  type IkeStatement,
  type IpsecStatement,
  type Placed,
  type TransformList,
  type TransformWord,
} from "./statement.ts";

/** Told of everything ipsecctl would print while it reads. */
export interface IpsecSink {
  macro(name: string, value: string): void;
  rule(rule: IpsecRule): void;
}

/** Files an include may nest; the system runs out of descriptors later than that. */
const INCLUDE_LIMIT = 64;

/** What the actions of the grammar work on. */
export class IpsecContext {
  readonly report: ParseReport;
  readonly dialect: IpsecDialect;
  readonly environment: IpsecEnvironment;
  readonly statements: IpsecStatement[] = [];
  /** Transforms of the phase being read. */
  transforms: TransformList = emptyTransforms();
  readonly #sink: IpsecSink;
  readonly #expander: Expander;

  constructor(report: ParseReport, dialect: IpsecDialect, environment: IpsecEnvironment, sink: IpsecSink) {
    this.report = report;
    this.dialect = dialect;
    this.environment = environment;
    this.#sink = sink;
    this.#expander = new Expander(report, dialect, (rule) => sink.rule(rule));
  }

  ike(statement: IkeStatement): boolean {
    this.statements.push(statement);
    return this.#expander.ike(statement);
  }

  flow(statement: FlowStatement): boolean {
    this.statements.push(statement);
    return this.#expander.flow(statement);
  }

  association(statement: AssociationStatement, rule: "sarule" | "tcpmd5rule"): boolean {
    this.statements.push(statement);
    return this.#expander.association(statement, rule);
  }

  secret(text: string, origin: Origin): Placed<Secret> {
    return { value: new Secret(text), origin };
  }

  define(name: Placed<string>, value: Placed<string>, origin: Origin): boolean {
    this.#sink.macro(name.value, value.value);
    if (this.dialect.checksMacroNames && hasBlank(name.value)) {
      this.report.error("ipsec/macro-name", "macro name cannot contain whitespace", name.origin);
      return false;
    }
    const { source, span } = origin;
    this.report.lexer.define(name.value, value.value, false, source, span.start, span.end);
    this.statements.push({ kind: "macro", name, value, origin });
    return true;
  }

  include(path: string, pathOrigin: Origin, origin: Origin): boolean {
    const { lexer } = this.report;
    const unread = this.environment.machineUnknown === true ? "" : null;
    const text = lexer.depth >= INCLUDE_LIMIT ? null : (this.environment.readFile(path) ?? unread);
    if (text === null) {
      const reason = lexer.depth >= INCLUDE_LIMIT ? "Too many open files" : "No such file or directory";
      const prefix = this.dialect.namesPushfile ? "pushfile: " : "";
      this.report.stderr.push(`ipsecctl: ${prefix}${path}: ${reason}\n`);
      const loop = lexer.depth >= INCLUDE_LIMIT;
      this.report.error(
        loop ? "ipsec/include-loop" : "ipsec/include-missing",
        `failed to include file ${path}`,
        pathOrigin,
        loop
          ? `${path} is included too deep; a file includes itself.`
          : `${path} cannot be read; correct the path or add the file.`,
      );
      return false;
    }
    this.statements.push({ kind: "include", path: { value: path, origin: pathOrigin }, origin });
    lexer.include(new Source(path, text));
    return true;
  }

  transform(field: TransformWord["field"], word: string, at: Reduction): null {
    const name = at.get<string>(2);
    const list = this.transforms;
    if (list[field] !== null) {
      this.report.error(
        "ipsec/transform-twice",
        `${word} already set`,
        at.whole,
        `\`${word}\` stands twice in one phase; isakmpd takes one. For alternatives write the rule again.`,
      );
      return null;
    }
    const transform = findTransform(this.dialect.algorithms[field], name);
    if (transform === null) {
      const names = this.dialect.algorithms[field].filter(({ name: known }) => known !== "unknown");
      this.report.error(
        "ipsec/unknown-transform",
        `${name} not a valid transform`,
        at.origin(2),
        `\`${word}\` knows no "${name}"; it knows ${names.map(({ name: known }) => known).join(", ")}.`,
      );
      return null;
    }
    list[field] = transform;
    list.words.push({ field, transform, origin: at.whole });
    return null;
  }
}
