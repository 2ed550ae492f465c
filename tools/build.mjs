// Builds the pierhead command into one file: a command that starts in a few tens of milliseconds.
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Bundles one TypeScript entry for Node; packages of the workspace are read from source. */
export async function bundleForNode(entry, outfile, options = {}) {
  await mkdir(dirname(outfile), { recursive: true });
  return esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20.19",
    format: "esm",
    conditions: ["source"],
    sourcemap: true,
    metafile: true,
    // Compiled for the machine when it is installed; what needs it says so where it is missing.
    external: ["better-sqlite3", "pg-native"],
    logLevel: "warning",
    banner: {
      // Some dependencies are CommonJS and call require() for built-in modules.
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    ...options,
  });
}

export async function build() {
  await rm(join(root, "packages/cli/dist/chunks"), { recursive: true, force: true });
  // Verbs are loaded when they run: each becomes a chunk of its own.
  await bundleForNode("packages/cli/src/main.ts", "packages/cli/dist/pierhead.js", {
    outfile: undefined,
    outdir: "packages/cli/dist",
    entryNames: "pierhead",
    chunkNames: "chunks/[name]-[hash]",
    splitting: true,
    minify: true,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
