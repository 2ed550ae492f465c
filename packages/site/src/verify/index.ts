export { type Verification, type VerifyInput, verifyMachine } from "./verify.ts";
