export type { MigrateOptions, Migration } from "./context.ts";
export { migratePf } from "./migrate.ts";
export type { MigrationChange } from "./rewriter.ts";
export { routeInsertion } from "./rules.ts";
