import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseSystem, type System } from "@pierhead/core";
import type { BuildOptions } from "@pierhead/engine/build";
import { type ConfigTree, configTree } from "@pierhead/engine/tree";
import { LANGUAGES, recognizeFile } from "@pierhead/lang/registry";
import { UsageError } from "../failure.ts";
import { readInterfaces } from "./interfaces.ts";
import { listTree, readFailure, readSource, systemOption } from "./read.ts";

/** The files of one host as they were found, and the system they are for. */
export interface HostFiles {
  /** As the user named it. */
  readonly path: string;
  readonly tree: ConfigTree;
  readonly system: System;
  /** How the system is known, for people: `--system`, or what it was concluded from. */
  readonly systemFrom: string;
}

/** A file larger than this below a folder is no configuration and is passed over. */
const LARGEST_IN_TREE = 8 * 1024 * 1024;

/** What is taken when nothing tells. */
const USUAL_SYSTEM = "openbsd-7.8";

/** Reads paths of the command line: each folder is a host; files of one folder belong together. */
export function readHosts(paths: readonly string[], systemName: string | undefined): HostFiles[] {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    let isFolder: boolean;
    try {
      isFolder = statSync(path).isDirectory();
    } catch (error) {
      throw readFailure(path, error);
    }
    const key = isFolder ? path : `file:${dirname(path)}`;
    groups.set(key, [...(groups.get(key) ?? []), path]);
  }
  return [...groups].map(([key, members]) =>
    key.startsWith("file:") ? hostOfFiles(members, systemName) : readHost(key, systemName),
  );
}

/** Reads one host from a folder or a file. */
export function readHost(path: string, systemName: string | undefined): HostFiles {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (error) {
    throw readFailure(path, error);
  }
  if (!isFolder) return hostOfFiles([path], systemName);
  const texts = folderTexts(path);
  const { system, from } = systemOf(path, texts, systemName);
  const tree = configTree(texts, system);
  if (!tree.files.some((file) => file.language !== null)) {
    const known = LANGUAGES.map((language) => language.name).join(", ");
    throw new UsageError(`${path}: no configuration file in it that pierhead reads`, `languages: ${known}`);
  }
  return { path, tree, system, systemFrom: from };
}

/** All text files below a folder; names as the user would write them. */
export function folderTexts(folder: string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const name of listTree(folder)) {
    const path = join(folder, name);
    try {
      if (statSync(path).size > LARGEST_IN_TREE) continue;
      texts.set(path, readFileSync(path, "utf8"));
    } catch (error) {
      throw readFailure(path, error);
    }
  }
  return texts;
}

function hostOfFiles(paths: readonly string[], systemName: string | undefined): HostFiles {
  const texts = new Map(paths.map((path) => [path, readSource(path).text]));
  const first = paths[0] as string;
  const { system, from } = systemOf(first, texts, systemName);
  const tree = configTree(texts, system);
  const unknown = tree.files.find((file) => file.language === null);
  if (unknown !== undefined) {
    const known = LANGUAGES.map((language) => language.name).join(", ");
    throw new UsageError(`${unknown.source.name}: not a file that pierhead knows by its name`, `languages: ${known}`);
  }
  return { path: paths.join(" "), tree, system, systemFrom: from };
}

/** The system that was named; else the one a folder is called after; else the newest of the family the files belong to. */
function systemOf(
  path: string,
  texts: ReadonlyMap<string, string>,
  name: string | undefined,
): { system: System; from: string } {
  if (name !== undefined) return { system: systemOption(name), from: "--system" };
  for (const part of path.split(/[\\/]/).reverse()) {
    const system = /-\d/.test(part) ? parseSystem(part) : null;
    if (system !== null) return { system, from: `the folder is called ${part}` };
  }
  const usual = systemOption(USUAL_SYSTEM);
  const families = new Set<string>();
  for (const [file, text] of texts) {
    const family = recognizeFile(file, text, usual.family)?.family;
    if (family != null) families.add(family);
  }
  const only = families.size === 1 ? [...families][0] : families.size === 0 ? familyOfFiles(texts) : undefined;
  if (only === "freebsd")
    return { system: systemOption("freebsd-15.0"), from: "the files are FreeBSD's; --system tells the release" };
  if (only === "netbsd")
    return { system: systemOption("netbsd-10.1"), from: "the files are NetBSD's; --system tells the release" };
  const linux = [...texts].some(([file, text]) => {
    const language = recognizeFile(file, text, null)?.language;
    return language?.families.length === 1 && language.families[0] === "linux";
  });
  if (families.size === 0 && linux) return { system: systemOption("linux"), from: "the files are Linux's" };
  return { system: usual, from: "assumed; --system tells otherwise" };
}

/** The one system that has files of these names, or writes such variables into rc.conf; undefined when several may. */
function familyOfFiles(texts: ReadonlyMap<string, string>): "freebsd" | "netbsd" | undefined {
  const names = [...texts.keys()].map((path) => path.replaceAll("\\", "/"));
  // OpenBSD alone has these; its rc.conf has no interfaces.
  if (names.some((name) => /(^|\/)hostname\.[a-z]+\d+$/.test(name))) return undefined;
  if (names.some((name) => /(^|\/)etc\/ifconfig\.[a-z]+\d+$/.test(name))) return "netbsd";
  const rc = [...texts].filter(([path]) => /(^|[\\/])rc\.conf$/.test(path)).map(([, text]) => text);
  if (rc.some((text) => /^(?:[a-z_]+_enable|static_routes|defaultrouter|cloned_interfaces)=/m.test(text)))
    return "freebsd";
  return undefined;
}

/** `--interfaces FILE`: what the machine has, where the files do not say. */
export function buildOptions(options: { readonly interfaces?: string }): BuildOptions {
  if (options.interfaces === undefined) return {};
  return {
    interfaces: readInterfaces(options.interfaces).map(({ name, addresses, groups, link, mtu, routingDomain }) => ({
      name,
      addresses,
      groups,
      link,
      mtu,
      routingDomain,
    })),
  };
}

/** The folder a scenario means: beside the scenario file. */
export function scenarioTree(scenarioFile: string, path: string): ReadonlyMap<string, string> | null {
  const folder = join(dirname(scenarioFile), path);
  if (!existsSync(folder)) return null;
  const texts = new Map<string, string>();
  // Below a folder that is called etc, files are named as on the host.
  const prefix = basename(folder) === "etc" ? "etc/" : "";
  for (const [name, text] of folderTexts(folder)) {
    texts.set(prefix + name.slice(folder.length + 1).replaceAll("\\", "/"), text);
  }
  return texts;
}
