export { type YamlCodes, type YamlPath, YamlText } from "./document.ts";
export { type IssueWords, issueDiagnostics } from "./issues.ts";
