// Makes a fresh clone ready: installs what package-lock.json says and builds, each only when it is out of date.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  process.stderr.write(`pierhead needs Node.js 20.19 or later; this is ${process.versions.node}\n`);
  process.exit(2);
}

// npm writes this file last, so it dates the installation.
const installed = modified(join(root, "node_modules", ".package-lock.json"));
if (installed === 0 || installed < modified(join(root, "package-lock.json"))) {
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const result = spawnSync(npm, ["ci", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const { build } = await import("./build.mjs");
await build();
