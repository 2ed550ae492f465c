export { type AssessOptions, assess, type FileReport, type LeaseReport, type Observed, outlooksOf } from "./assess.ts";
export {
  CLIENTS,
  type ClientModel,
  type Group,
  type Moment,
  type Plan,
  type Said,
  type Taken,
} from "./clients/index.ts";
export { duration } from "./complaint.ts";
export { type AddressOutlook, type Outlook, outlookOf, type Verdict } from "./outlook.ts";
export type { OwnWords } from "./own-words.ts";
