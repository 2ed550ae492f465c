export { cleanDemos } from "./clean.ts";
export { type DemoFacts, type DemoOptions, startDemo } from "./demo.ts";
export { type MissingTool, missingTools } from "./missing.ts";
export { type DemoPart, isDemoPart, playPart } from "./parts.ts";
