import { ifstatedPrint, ipsecPrint, pfPrint } from "./print.ts";
import type { Verb } from "./verb.ts";

/** In the order of the help. What a verb needs is imported when it runs, so that the others start fast. */
export const verbs: readonly Verb[] = [pfPrint, ipsecPrint, ifstatedPrint];
