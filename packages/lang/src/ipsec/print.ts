/** Flows, SAs and bundles as ipsecctl(8) prints them. */
import { PROTOCOL, type System } from "@pierhead/core";
import { protocolByNumber, serviceByPort } from "../names/index.ts";
import { hasMode } from "./expand.ts";
import type { BundleRule, FlowRule, IpsecHost, SecurityAssociationRule } from "./rule.ts";

export function printFlow(rule: FlowRule, system: System): string {
  const parts = [`flow ${rule.encapsulation} ${rule.direction}`];
  if (rule.protocol !== 0) parts.push(`proto ${protocolByNumber(system, rule.protocol) ?? rule.protocol}`);
  parts.push(`from ${printHost(rule.source)}${printPort(rule.sourcePort, rule.protocol, system)}`);
  parts.push(`to ${printHost(rule.destination)}${printPort(rule.destinationPort, rule.protocol, system)}`);
  if (rule.local !== null) parts.push(`local ${printHost(rule.local)}`);
  if (rule.peer !== null) parts.push(`peer ${printHost(rule.peer)}`);
  if (rule.identities?.source != null) parts.push(`srcid ${rule.identities.source}`);
  if (rule.identities?.destination != null) parts.push(`dstid ${rule.identities.destination}`);
  parts.push(`type ${rule.type}`);
  return `${parts.join(" ")}\n`;
}

/** @param keys show static keys, as `-k` does */
export function printAssociation(rule: SecurityAssociationRule, keys: boolean): string {
  const mode = hasMode(rule.encapsulation) ? `${rule.mode} ` : "";
  let text = `${rule.encapsulation} ${mode}from ${printHost(rule.source)} to ${printHost(rule.destination)} spi ${spi(rule.spi)}`;
  const separator = rule.encapsulation === "tcpmd5" ? " " : " \\\n\t";
  if (rule.encapsulation !== "tcpmd5" && rule.transforms !== null) {
    const { authentication, encryption, compression } = rule.transforms;
    if (authentication !== null) text += ` auth ${authentication.name}`;
    if (encryption !== null) text += ` enc ${encryption.name}`;
    if (compression !== null) text += ` comp ${compression.name}`;
  }
  if (keys && rule.authenticationKey !== null) text += `${separator}authkey 0x${rule.authenticationKey.reveal()}`;
  if (keys && rule.encryptionKey !== null) text += `${separator}enckey 0x${rule.encryptionKey.reveal()}`;
  return `${text}\n`;
}

export function printBundle(rule: BundleRule, word: "bundle" | "group"): string {
  const first = `${rule.encapsulation} to ${printHost(rule.destination)} spi ${spi(rule.spi)}`;
  const second = `${rule.encapsulation2} to ${printHost(rule.destination2)} spi ${spi(rule.spi2)}`;
  return `[${word} ${first} with ${second}]\n`;
}

/** An address with its mask when it is shorter than the whole address. */
export function printHost(host: IpsecHost): string {
  if (host.family === null) return "?";
  const address = host.address === null ? (host.family === 4 ? "0.0.0.0" : "::") : `${host.address}`;
  return host.mask === (host.family === 4 ? 32 : 128) ? address : `${address}/${host.mask}`;
}

function printPort(port: number, protocol: number, system: System): string {
  if (port === 0) return "";
  return ` port ${serviceByPort(system, port, protocol === PROTOCOL.tcp ? "tcp" : "udp") ?? port}`;
}

function spi(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
