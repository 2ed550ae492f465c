/** install.conf: the answers of autoinstall(8), in the words of the installer's questions (distrib/miniroot/install.sub). */
import type { ApplianceInput, MediaFile } from "./appliance.ts";
import { payloadName } from "./payload.ts";

/** Thirteen stars: no password at all (autoinstall(8)). */
const NO_PASSWORD = "*************";

export function openbsdFiles(input: ApplianceInput): MediaFile[] {
  const { host, passwordHash, sshKeys, disk } = input;
  const answers: [string, string][] = [
    ["System hostname", host.name],
    ...network(input),
    ["Password for root account", passwordHash ?? NO_PASSWORD],
    ["Public ssh key for root account", sshKeys[0] ?? "none"],
    ["Start sshd(8) by default", "yes"],
    ["Do you expect to run the X Window System", "no"],
    ["Setup a user", "no"],
    ["Allow root ssh login", "prohibit-password"],
    ["What timezone are you in", "UTC"],
    ...(disk === null ? [] : ([["Which disk is the root disk", disk]] satisfies [string, string][])),
    ...sets(input),
    // comp stays: the portal's store is compiled on the machine.
    ["Set name(s)", "-x* -game*"],
    // Nobody has signed our set. The words name no other, so that one which fails is not taken along.
    [`Unverified sets: ${payloadName(input)}. Continue without verification`, "yes"],
  ];
  const head = `# ${host.name}: answers for autoinstall(8) of OpenBSD. Made by pierhead; README.txt says how it is used.\n`;
  return [{ name: "install.conf", text: head + answers.map(([key, value]) => `${key} = ${value}\n`).join("") }];
}

/** The line of the site: the installer fetches with it, and the script `place` puts the site's own files over what it wrote. */
function network({ host }: ApplianceInput): [string, string][] {
  const line = host.hotspot?.uplink;
  if (line === undefined) return [];
  const on: [string, string][] = [["Network interface to configure", line.interface]];
  if (line.address === null || line.gateway === null)
    return [...on, [`IPv4 address for ${line.interface}`, "autoconf"]];
  const { address, length } = line.address;
  const resolvers = host.dns.filter((one) => one.family === 4).map(String);
  return [
    ...on,
    [`IPv4 address for ${line.interface}`, `${address}/${length}`],
    ["Default IPv4 route", `${line.gateway}`],
    ["DNS nameservers", resolvers.length === 0 ? "none" : resolvers.join(" ")],
  ];
}

/** From the medium it was booted from, or from the web server that has the sets beside ours. */
function sets({ url }: ApplianceInput): [string, string][] {
  if (url === null) return [["Location of sets", "disk"]];
  const found = /^(https?:\/\/[^/]+)\/?(.*)$/.exec(url);
  return [
    ["Location of sets", "http"],
    ["HTTP Server", found?.[1] ?? url],
    ["Server directory", `/${found?.[2] ?? ""}`],
  ];
}
