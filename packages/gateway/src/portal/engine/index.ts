export { allowance, nextMidnight } from "./click.ts";
export { type Clock, SYSTEM_CLOCK } from "./clock.ts";
export type { EmailSignIn, EngineParts } from "./context.ts";
export { SessionEngine } from "./engine.ts";
export { firewallPlan, gardenAddresses } from "./plan.ts";
