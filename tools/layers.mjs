// The layer rule of docs/architecture.md, checked: bundles every package for what it claims to run on, reads which
// files the bundle took, and compares with the arrow table. It fails when it saw nothing.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Which packages a package may import, and which libraries; pure packages must bundle for a browser. */
const LAYERS = {
  core: { pure: true, packages: [], libraries: [] },
  lang: { pure: true, packages: ["core"], libraries: ["yaml", "zod"] },
  engine: { pure: true, packages: ["core", "lang"], libraries: ["yaml", "unbash", "zod"] },
  site: {
    pure: true,
    packages: ["core", "lang", "engine"],
    libraries: ["yaml", "unbash", "zod", "plist", "@xmldom/xmldom", "qrcode", "dijkstrajs"],
  },
  editor: { pure: true, packages: ["core", "lang", "engine", "site"], libraries: ["yaml", "unbash", "zod"] },
  gateway: { pure: false, packages: ["core", "lang", "engine"], libraries: null },
  cli: { pure: false, packages: ["core", "lang", "engine", "site", "editor", "gateway"], libraries: null },
  studio: { pure: false, packages: ["core", "lang", "engine", "site", "editor"], libraries: null },
};

const WHY =
  "imports go only to the left in core ← lang ← engine ← site ← editor ← (cli | studio); gateway imports core, lang, engine";

const problems = [];
const rows = [];

for (const name of readdirSync(join(root, "packages")).sort()) {
  const layer = LAYERS[name];
  const folder = join(root, "packages", name);
  if (!existsSync(join(folder, "package.json"))) continue;
  if (layer === undefined) {
    problems.push(`packages/${name} is in no layer: add it to tools/layers.mjs and docs/architecture.md`);
    continue;
  }
  const entries = entryPoints(folder);
  if (entries.length === 0) {
    problems.push(`packages/${name}: no entry point found, so nothing was checked`);
    continue;
  }
  let result;
  try {
    result = await esbuild.build({
      absWorkingDir: root,
      entryPoints: entries,
      bundle: true,
      write: false,
      outdir: "unused",
      format: "esm",
      platform: layer.pure ? "browser" : "node",
      target: layer.pure ? "es2022" : "node20.19",
      conditions: ["source"],
      minify: true,
      metafile: true,
      logLevel: "silent",
      ...(layer.pure ? {} : { packages: "external" }),
    });
  } catch (error) {
    for (const message of error.errors ?? [{ text: String(error), location: null }]) {
      const where =
        message.location === null ? `packages/${name}` : `${message.location.file}:${message.location.line}`;
      problems.push(`${where}: ${message.text} (${layer.pure ? `${name} is pure: it must run in a browser` : WHY})`);
    }
    continue;
  }
  const seen = Object.keys(result.metafile.inputs);
  if (!seen.some((file) => file.startsWith(`packages/${name}/`))) {
    problems.push(`packages/${name}: the bundle holds none of its own files, so nothing was checked`);
  }
  const allowed = new Set([name, ...layer.packages]);
  for (const [file, input] of Object.entries(result.metafile.inputs)) {
    const own = /^packages\/([^/]+)\//.exec(file)?.[1];
    if (own !== undefined && !allowed.has(own)) problems.push(`packages/${name} reaches ${file}: ${WHY}`);
    const library = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
    if (library !== undefined && layer.libraries !== null && !layer.libraries.includes(library)) {
      problems.push(
        `packages/${name} bundles ${library}, which is not among its libraries (${layer.libraries.join(", ") || "none"})`,
      );
    }
    if (own !== undefined && LAYERS[own]?.pure === true) {
      for (const imported of input.imports) {
        if (imported.external === true) problems.push(`${file} imports ${imported.path}: ${own} is pure`);
      }
    }
  }
  const bytes = result.outputFiles.reduce((sum, output) => sum + output.contents.length, 0);
  rows.push([name, layer.pure ? "browser" : "node", String(entries.length), String(seen.length), String(bytes)]);
}

if (rows.length === 0) problems.push("no package was checked");
for (const row of [["package", "runs in", "entries", "files", "bytes"], ...rows]) {
  process.stdout.write(
    `${row[0].padEnd(9)} ${row[1].padEnd(8)} ${row[2].padStart(7)} ${row[3].padStart(6)} ${row[4].padStart(9)}\n`,
  );
}
for (const problem of new Set(problems)) process.stderr.write(`layers: ${problem}\n`);
process.exit(problems.length === 0 ? 0 : 1);

function entryPoints(folder) {
  const exported = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).exports;
  const found = [];
  for (const target of Object.values(exported)) {
    const source = target.source;
    if (!source.includes("*")) {
      if (existsSync(join(folder, source))) found.push(join(folder, source));
      continue;
    }
    const [before, after] = source.split("*");
    const base = join(folder, before);
    if (!existsSync(base)) continue;
    for (const child of readdirSync(base)) {
      const file = join(base, child + after);
      if (existsSync(file)) found.push(file);
    }
  }
  return found;
}
