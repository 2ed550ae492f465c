export * from "./grammar.ts";
export * from "./inet.ts";
export * from "./language.ts";
export * from "./lexer.ts";
export * from "./parser.ts";
export * from "./report.ts";
export * from "./syntax.ts";
