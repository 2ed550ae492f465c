import { join, resolve } from "node:path";
import { build } from "esbuild";

/** The pierhead command in one file below `folder`, of this test run's own: others may be building the shared one. */
export async function bundlePierhead(folder: string): Promise<string> {
  const outfile = join(folder, "pierhead.mjs");
  await build({
    absWorkingDir: resolve(import.meta.dirname, "../.."),
    entryPoints: ["packages/cli/src/main.ts"],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    logLevel: "silent",
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  });
  return outfile;
}
