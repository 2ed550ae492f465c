import { check } from "./check.ts";
import { failover } from "./failover.ts";
import { inventory } from "./inventory.ts";
import { ifstatedPrint, ipsecPrint, pfPrint } from "./print.ts";
import { test } from "./test.ts";
import { trace } from "./trace.ts";
import type { Verb } from "./verb.ts";

/** In the order of the help. What a verb needs is imported when it runs, so that the others start fast. */
export const verbs: readonly Verb[] = [check, trace, failover, test, pfPrint, ipsecPrint, ifstatedPrint, inventory];
