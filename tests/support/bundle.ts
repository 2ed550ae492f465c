import { join, resolve } from "node:path";
import { build } from "esbuild";

/**
 * The pierhead command below `folder`, of this test run's own: others may be building the shared one. Split as the real
 * one is, so that a run loads only its verb.
 */
export async function bundlePierhead(folder: string): Promise<string> {
  await build({
    absWorkingDir: resolve(import.meta.dirname, "../.."),
    entryPoints: ["packages/cli/src/main.ts"],
    outdir: folder,
    entryNames: "pierhead",
    outExtension: { ".js": ".mjs" },
    splitting: true,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    logLevel: "silent",
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  });
  return join(folder, "pierhead.mjs");
}
