export { type Joined, PflogAccount, type RuleCount, ruleName } from "./account.ts";
export { readPflogHeader } from "./header.ts";
export { type LoggingRule, RuleFinder } from "./join.ts";
export { type NumberedRules, numberedRules } from "./rules.ts";
export { parsePflogLine } from "./text.ts";
export { listOf, type PflogEntry, type PflogList } from "./types.ts";
