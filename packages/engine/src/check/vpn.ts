/**
 * The VPN files of one host together: a client is let in and sends a packet, and whatever stops it is a finding; then
 * what no single connection shows: addresses that clash, L2TP that is open without IPsec.
 */
import type { Address, Diagnostic } from "@pierhead/core";
import { type BuildOptions, buildMachine, type MachineBuild } from "../build/index.ts";
import { type HeadEnd, readHeadEnd } from "../vpn/index.ts";
import { checkVpnAddresses } from "./vpn-addresses.ts";
import { checkVpnClients } from "./vpn-clients.ts";
import { checkEnc } from "./vpn-enc.ts";
import { headEndAddress, VpnFindings } from "./vpn-findings.ts";
import { checkBareL2tp } from "./vpn-l2tp.ts";

export function checkVpn(build: MachineBuild, options: BuildOptions = {}): Diagnostic[] {
  const headEnd = readHeadEnd(build);
  if (headEnd === null) return [];
  const findings = new VpnFindings(build, headEnd);
  checkPaths(findings);
  checkVpnAddresses(findings);
  checkEnc(findings);
  const complete = withAddress(findings, options);
  const again = (): { build: MachineBuild; headEnd: HeadEnd } => {
    const fresh = buildMachine(build.tree, build.system, complete);
    return { build: fresh, headEnd: readHeadEnd(fresh) ?? headEnd };
  };
  checkVpnClients(findings, again);
  checkBareL2tp(findings, complete);
  return findings.all;
}

/** The article says `/etc/npppd/nppd.conf`, and so do people who followed it. */
function checkPaths(findings: VpnFindings): void {
  for (const file of findings.build.tree.files) {
    if (!/(^|\/)np+d\.conf$/.test(file.path) || file.path.endsWith("/npppd.conf")) continue;
    findings.say("vpn/file-name", "warning", "Nothing reads this file: npppd's is called /etc/npppd/npppd.conf.", {
      source: file.source,
      span: { start: 0, end: 0 },
    });
  }
}

/** Files alone may not say which interface has the address they are about: then one is given it, and that is said. */
function withAddress(findings: VpnFindings, options: BuildOptions): BuildOptions {
  const { build, headEnd } = findings;
  const named = headEndAddress(headEnd);
  if (named === null || build.machine.ownerOf(named.address) !== null) return options;
  if (!build.assumed) {
    findings.say(
      "vpn/not-own-address",
      "warning",
      `${named.address} is no address of this machine, so nobody can connect to it.`,
      named.origin,
    );
    return options;
  }
  const taken = build.machine.interfaces().find((one) => one.name !== "lo0" && one.kind === "broadcast");
  const name = taken?.name ?? "em0";
  const { address } = named;
  const length = address.family === 4 ? 24 : 64;
  findings.say(
    "vpn/assumed-address",
    "note",
    `No file says which interface has ${address}; ${name} is taken to have it, and the way to the internet.`,
    named.origin,
  );
  return {
    ...options,
    interfaces: [
      ...(options.interfaces ?? []).filter((one) => one.name !== name),
      { name, addresses: [...(taken?.addresses ?? []), { address, length }] },
    ],
    routes: [...(options.routes ?? []), { destination: address.masked(0), length: 0, gateway: neighbour(address) }],
  };
}

/** The other address of the pair an address is in: a gateway that is on its link. */
function neighbour(address: Address): Address {
  const low = address.masked(address.bits - 1);
  return low.equals(address) ? address.filled(address.bits - 1) : low;
}
