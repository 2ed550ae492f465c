// Builds the pierhead command into one file: a command that starts in a few tens of milliseconds.
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
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
  // Verbs are loaded when they run: each becomes a chunk of its own.
  const { outputFiles } = await bundleForNode("packages/cli/src/main.ts", "packages/cli/dist/pierhead.js", {
    outfile: undefined,
    outdir: "packages/cli/dist",
    entryNames: "pierhead",
    chunkNames: "chunks/[name]-[hash]",
    splitting: true,
    minify: true,
    write: false,
  });
  // Somebody may be running the command: what did not change is not touched, what did is there whole or not at all, and
  // the entry comes after the chunks it names.
  const isEntry = ({ path }) => path.endsWith(`${sep}pierhead.js`);
  for (const file of [...outputFiles].sort((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) await put(file);
  const chunks = join(root, "packages/cli/dist/chunks");
  const wanted = new Set(outputFiles.map(({ path }) => path));
  for (const name of await readdir(chunks)) {
    const path = join(chunks, name);
    if (!wanted.has(path) && !name.endsWith(".new")) await rm(path, { force: true });
  }
}

async function put({ path, contents }) {
  const there = await readFile(path).catch(() => null);
  if (there?.equals(contents)) return;
  await mkdir(dirname(path), { recursive: true });
  const next = `${path}.${process.pid}.new`;
  await writeFile(next, contents);
  await rename(next, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
