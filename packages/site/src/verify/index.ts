export * from "./secrets.ts";
export { type Verification, type VerifyInput, verifyMachine } from "./verify.ts";
