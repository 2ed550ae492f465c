#!/usr/bin/env node
// The build is one step of `npm start` and `npm test`; without it there is nothing to run.
import { existsSync } from "node:fs";

const built = new URL("../dist/pierhead.js", import.meta.url);
if (!existsSync(built)) {
  process.stderr.write("pierhead is not built yet: run `npm start` or `npm test` once in the checkout\n");
  process.exit(2);
}
await import(built.href);
