export { type Language, type LanguageResult, matchPath } from "./language.ts";
export { isInterfaceName, type RecognizedFile, recognizeFile } from "./recognize.ts";
export { interfaceOfFile, LANGUAGES, languageByName } from "./registry.ts";
