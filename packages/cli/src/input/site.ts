import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Diagnostic, Source, type System } from "@pierhead/core";
import type { BuiltSite } from "@pierhead/site/build";
import type { Site } from "@pierhead/site/model";
import { type ReadSiteOptions, readSite, type SiteReading, siteOf } from "@pierhead/site/read";
import type { SiteDescription } from "@pierhead/site/schema";
import type { Verification } from "@pierhead/site/verify";
import { UsageError } from "../failure.ts";
import { readSource, systemOption } from "./read.ts";

/** A site as the command line names it. */
export interface SiteInput {
  /** As the user wrote it. */
  readonly path: string;
  readonly site: Site | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads `site.yaml`, or a module that exports a site made with `defineSite`. */
export async function readSiteFile(
  path: string,
  systems: readonly string[],
  needsSecrets: boolean,
): Promise<SiteInput> {
  const options: ReadSiteOptions = {
    hasSecret: (reference) => readSecret(path, reference) !== null,
    needsSecrets,
    system: systemFor(systems),
  };
  let reading: SiteReading;
  if (/\.[cm]?js$/.test(path)) reading = await readModule(path, options);
  else reading = readSite(readSource(path), options);
  return { path, ...reading };
}

async function readModule(path: string, options: ReadSiteOptions): Promise<SiteReading> {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file or directory`);
  const loaded = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  const found = loaded["site"] ?? loaded["default"];
  if (found === undefined)
    throw new UsageError(`${path}: it exports no \`site\``, "export const site = defineSite({ … })");
  return siteOf(found as SiteDescription, options);
}

/** The secret a reference names, without the line end a file has; null when it cannot be had. */
export function readSecret(site: string, reference: string): string | null {
  if (reference.startsWith("env:")) return process.env[reference.slice(4)] || null;
  try {
    return readFileSync(resolve(dirname(site), reference.slice(5)), "utf8").replace(/\r?\n$/, "");
  } catch {
    return null;
  }
}

/** `--system edge=freebsd-14.3`, or a system alone for all hosts (guests keep theirs). */
function systemFor(options: readonly string[]): NonNullable<ReadSiteOptions["system"]> {
  const named = new Map<string, System>();
  let all: System | null = null;
  for (const option of options) {
    const equals = option.indexOf("=");
    if (equals === -1) all = systemOption(option);
    else named.set(option.slice(0, equals), systemOption(option.slice(equals + 1)));
  }
  return (name, kind) => named.get(name) ?? (kind === "host" ? all : null);
}

/**
 * Reads back what was built and tries it, machine by machine.
 *
 * @param nameOf under which name a file of a machine is reported
 * @param textOf its text where it was written; null takes it as it was built
 */
export async function verifySite(
  input: SiteInput,
  site: Site,
  built: BuiltSite,
  nameOf: (machine: string, path: string) => string,
  textOf: ((machine: string, path: string) => string) | null,
): Promise<readonly Verification[]> {
  const { verifyMachine } = await import("@pierhead/site/verify");
  return built.machines.map((machine) => {
    const texts = new Map(machine.files.map((file) => [file.path, file.text]));
    return verifyMachine(machine, {
      site,
      nameOf: (path) => nameOf(machine.name, path),
      textOf: (path) => textOf?.(machine.name, path) ?? texts.get(path) ?? "",
      readBeside: (path) => readBeside(input.path, path),
    });
  });
}

/** Everything there is to say about a site: itself, and what would be built from it. Nothing is written. */
export async function checkSite(path: string, systems: readonly string[]): Promise<readonly Diagnostic[]> {
  const input = await readSiteFile(path, systems, false);
  const { site, diagnostics } = input;
  if (site === null || diagnostics.some((one) => one.severity === "error")) return diagnostics;
  const { buildSite } = await import("@pierhead/site/build");
  const verified = await verifySite(input, site, buildSite(site), (machine, file) => `${machine}${file}`, null);
  return [...diagnostics, ...verified.flatMap((one) => one.diagnostics)];
}

/** A file that a site names, relative to the site file. */
export function readBeside(site: string, path: string): Source | null {
  const file = join(dirname(site), path);
  if (!existsSync(file)) return null;
  return new Source(file, readSource(file).text);
}
