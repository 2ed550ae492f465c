/** This very program as a package that npm installs on another machine. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { octets, type TarEntry, tar } from "@pierhead/site/appliance";
import { UsageError } from "../failure.ts";
import { VERSION } from "../version.ts";

/** What the built program does not hold in itself. The first is compiled, and PostgreSQL does without it. */
const BESIDE = { optional: ["better-sqlite3"], needed: ["dejavu-fonts-ttf"] } as const;

/** @throws UsageError where the program is not whole */
export function ownPackage(): Uint8Array {
  const root = ownFolder();
  const versions = libraryVersions(root);
  const pick = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, versions.get(name) ?? missing(name)]));
  const manifest = {
    name: "pierhead",
    version: VERSION,
    license: "ISC",
    type: "module",
    engines: { node: ">=20.19" },
    bin: { pierhead: "bin/pierhead.mjs" },
    dependencies: pick(BESIDE.needed),
    optionalDependencies: pick(BESIDE.optional),
  };
  const entry = (path: string, content: Uint8Array, mode = 0o644): TarEntry => ({
    path: `package/${path}`,
    mode,
    content,
  });
  const entries = [
    entry("package.json", octets(`${JSON.stringify(manifest, null, 2)}\n`)),
    entry("bin/pierhead.mjs", readFileSync(join(root, "bin/pierhead.mjs")), 0o755),
    ...["", "chunks/"].flatMap((folder) =>
      readdirSync(join(root, "dist", folder))
        .filter((name) => name.endsWith(".js"))
        .map((name) => entry(`dist/${folder}${name}`, readFileSync(join(root, "dist", folder, name)))),
    ),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  return pack(tar(entries));
}

/** The same octets every time: gzip's header has no date. */
export function pack(archive: Uint8Array): Uint8Array {
  return gzipSync(archive, { level: 9 });
}

/** The folder that has `bin` and `dist`, in a checkout and where npm has installed it. */
function ownFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); dirname(folder) !== folder; folder = dirname(folder)) {
    if (existsSync(join(folder, "bin/pierhead.mjs")) && existsSync(join(folder, "dist/pierhead.js"))) return folder;
  }
  throw new UsageError("pierhead cannot pack itself: its own files are not where they should be", HINT);
}

const HINT = "name a package made elsewhere: --with-pierhead FILE";

function missing(name: string): never {
  throw new UsageError(`pierhead cannot pack itself: which ${name} it needs is not known here`, HINT);
}

function libraryVersions(root: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of [join(root, "package.json"), join(root, "../gateway/package.json")]) {
    if (!existsSync(file)) continue;
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(file, "utf8")) as Record<
      string,
      Record<string, string> | undefined
    >;
    for (const [name, version] of Object.entries({ ...dependencies, ...optionalDependencies }))
      found.set(name, version);
  }
  return found;
}
