#!/usr/bin/env node
// The build is one step of `npm start` and `npm test`; without it there is nothing to run.
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";

const built = new URL("../dist/pierhead.js", import.meta.url);
if (!existsSync(built)) {
  process.stderr.write("pierhead is not built yet: run `npm start` or `npm test` once in the checkout\n");
  process.exit(2);
}
// From Node.js 22.8: what was compiled once is kept for the next start.
nodeModule.enableCompileCache?.();
await import(built.href);
