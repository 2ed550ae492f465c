/** Users and policies as iked(8) prints them with `-v`. */
import type { System } from "@pierhead/core";
import { protocolByNumber } from "../names/index.ts";
import type { IkedAddress, IkedPolicy, IkedProposal, IkedUser } from "./configuration.ts";
import { utf8Length } from "./octets.ts";
import type { TransformType } from "./transforms.ts";

export function printUser(user: IkedUser): string {
  return `user "${user.name}" "${user.password.reveal()}"\n`;
}

export function printPolicy(policy: IkedPolicy, system: System): string {
  const parts: string[] = ["ikev2"];
  if (policy.name !== "") parts.push(`"${policy.name}"`);
  if (policy.match !== null) parts.push(policy.match);
  parts.push(policy.active ? "active" : "passive");
  if (policy.ipcomp) parts.push("ipcomp");
  parts.push(policy.transport ? "transport" : "tunnel");
  if (policy.forcesNatTraversal) parts.push("natt");
  parts.push(policy.protocol);
  if (policy.ipProtocols.length > 0) {
    const names = policy.ipProtocols.map((protocol) => protocolByNumber(system, protocol) ?? `${protocol}`);
    parts.push(`proto { ${names.join(", ")} }`);
  }
  if (policy.family !== null) parts.push(policy.family === 4 ? "inet" : "inet6");
  if (policy.routingDomain >= 0) parts.push(`rdomain ${policy.routingDomain}`);
  for (const { source, destination } of policy.flows) {
    parts.push(`from ${printAddress(source)}`, `to ${printAddress(destination)}`);
  }
  if (policy.match !== "default")
    parts.push(`local ${printAddress(policy.local)}`, `peer ${printAddress(policy.peer)}`);
  for (const proposal of policy.proposals) parts.push(printProposal(proposal));
  if (idLength(policy.sourceId) !== 0) parts.push(`srcid ${policy.sourceId}`);
  if (idLength(policy.destinationId) !== 0) parts.push(`dstid ${policy.destinationId}`);
  if (policy.ikeLifetime !== 0) parts.push(`ikelifetime ${policy.ikeLifetime}`);
  parts.push(`lifetime ${policy.lifetimeSeconds} bytes ${policy.lifetimeBytes}`);
  const { authentication } = policy;
  if (authentication.preSharedKey !== null) parts.push(`psk 0x${authentication.preSharedKey.reveal()}`);
  else if (authentication.eap !== null) parts.push(`eap "${authentication.eap}"`);
  else parts.push(authentication.method);
  for (const { action, option, value } of policy.config) {
    parts.push(`${action} ${option} ${value.address === null ? "any" : value.address}`);
  }
  if (policy.interface !== null) parts.push(`iface ${policy.interface}`);
  if (policy.tag !== null && policy.tag !== "") parts.push(`tag "${policy.tag}"`);
  if (policy.tap !== 0) parts.push(`tap "enc${policy.tap}"`);
  return `${parts.join(" ")}\n`;
}

/** The length is kept in one octet: an identity of 256 octets counts as none. */
function idLength(id: string | null): number {
  return id === null ? 0 : utf8Length(id) & 255;
}

function printAddress(host: IkedAddress): string {
  const address = host.address === null ? "any" : `${host.address}`;
  const mask = host.family !== null && host.network ? `/${host.mask}` : "";
  return `${address}${mask}${host.port === 0 ? "" : ` port ${host.port}`}`;
}

const WORDS: readonly (readonly [type: TransformType, word: string])[] = [
  ["encryption", "enc "],
  ["prf", "prf "],
  ["integrity", "auth "],
  ["group", "group "],
  ["esn", ""],
];

function printProposal(proposal: IkedProposal): string {
  const parts = [proposal.protocol === "ike" ? "ikesa" : "childsa"];
  for (const [type, word] of WORDS) {
    for (const transform of proposal.transforms) if (transform.type === type) parts.push(`${word}${transform.name}`);
  }
  return parts.join(" ");
}
