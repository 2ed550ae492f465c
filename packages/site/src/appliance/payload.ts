/** Everything the machine is made from, in one archive. */
import { type ApplianceInput, type Payload, STORE, systemOf } from "./appliance.ts";
import { placeScript } from "./place.ts";
import { issueText, setupScript, starterFiles } from "./setup.ts";
import { octets, type TarEntry, tar } from "./tar.ts";

export function appliancePayload(given: ApplianceInput): Payload {
  const input = { ...given, files: [...given.files, ...starterFiles(given)].sort(byPath) };
  const { host, files, sshKeys, pierhead, node } = input;
  const store = STORE.slice(1);
  const entries: TarEntry[] = [
    { path: store, mode: 0o700, content: null },
    script(`${store}/place`, placeScript(input)),
    script(`${store}/setup`, setupScript(input)),
    { path: `${store}/authorized_keys`, mode: 0o600, content: octets(sshKeys.map((key) => `${key}\n`).join("")) },
    { path: `${store}/pierhead.tgz`, mode: 0o600, content: pierhead },
    ...(node === null ? [] : [{ path: `${store}/node.tar.xz`, mode: 0o600, content: node }]),
    ...folders(files.map(({ path }) => `${store}/tree${path}`)),
    // What is readable where it goes is not readable here: passwords are among it.
    ...files.map(({ path, text }) => ({ path: `${store}/tree${path}`, mode: 0o600, content: octets(text) })),
  ];
  if (systemOf(host) === "debian") {
    entries.push({ path: `${store}/issue`, mode: 0o600, content: octets(issueText(input, true)) });
  }
  // install.site(5) of OpenBSD is run inside the new system at the end of the installation.
  if (systemOf(host) === "openbsd") entries.push(script("install.site", `#!/bin/sh\nexec /bin/sh ${STORE}/place\n`));
  return { name: payloadName(input), tar: tar(entries.sort(byPath)) };
}

/**
 * OpenBSD takes a set that is called like the host without being asked (install.site(5)); FreeBSD wants distributions to be
 * called .txz, and looks at the content to know how they are compressed.
 */
export function payloadName({ host }: Pick<ApplianceInput, "host">): string {
  const { system, name } = host;
  switch (systemOf(host)) {
    case "openbsd":
      return `site${system.major}${system.minor}-${name}.tgz`;
    case "freebsd":
      return "pierhead.txz";
    case "debian":
      return "pierhead.tgz";
  }
}

function script(path: string, text: string): TarEntry {
  return { path, mode: 0o700, content: octets(text) };
}

function folders(paths: readonly string[]): TarEntry[] {
  const found = new Set<string>();
  for (const path of paths) {
    for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
      found.add(path.slice(0, slash));
    }
  }
  // Those that are there on every machine are left as they are.
  for (const one of ["var", STORE.slice(1)]) found.delete(one);
  return [...found].map((path) => ({ path, mode: 0o700, content: null }));
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
