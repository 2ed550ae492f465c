import { Address, type Family } from "@pierhead/core";
import type { IkedAddress, IkedFlow } from "./configuration.ts";
import { HostNode } from "./hosts.ts";

const ZERO4: Address = new Address(4, 0);
const ZERO6: Address = new Address(6, 0);

/** A host as a flow or policy keeps it. */
export function toAddress(host: HostNode | null): IkedAddress {
  if (host === null) return { family: null, address: null, mask: 0, network: false, port: 0 };
  const { family, address, mask, network, port } = host;
  return { family, address, mask, network, port };
}

/** Flows of a policy, sorted as iked keeps them in a tree, each only once. */
export class FlowTree {
  readonly flows: IkedFlow[] = [];

  /** Adds a flow; false when there is one like it. */
  add(flow: IkedFlow): boolean {
    let low = 0;
    let high = this.flows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = compareFlows(flow, this.flows[middle] as IkedFlow);
      if (order === 0) return false;
      if (order < 0) high = middle;
      else low = middle + 1;
    }
    this.flows.splice(low, 0, flow);
    return true;
  }
}

/**
 * expand_flows(): `any` and `dynamic` take the family of the other side, or both families when neither has one.
 *
 * @returns null when the families of the sides differ
 */
export function expandFlow(source: HostNode, destination: HostNode): (readonly [HostNode, HostNode])[] | null {
  if (source.family === null && destination.family === null) {
    return ([4, 6] as const).map((family) => [keyword(source, family), keyword(destination, family)] as const);
  }
  if (source.family === null) return [[keyword(source, destination.family as Family), destination]];
  if (destination.family === null) return [[source, keyword(destination, source.family)]];
  return source.family === destination.family ? [[source, destination]] : null;
}

/** expand_keyword(): ports and translation of the keyword are not taken along. */
function keyword(host: HostNode, family: Family): HostNode {
  const zero = family === 4 ? ZERO4 : ZERO6;
  if (host.kind === "unknown") return new HostNode(family, null, zero.bits, false, host.name, "unknown");
  if (host.kind === "any") return new HostNode(family, zero, 0, true, `${zero}/0`);
  return new HostNode(family, zero, zero.bits, false, `${zero}`);
}

/** flow_cmp(). */
function compareFlows(a: IkedFlow, b: IkedFlow): number {
  return (
    a.protocol - b.protocol ||
    compareAddresses(a.destination, b.destination, true) ||
    compareAddresses(a.source, b.source, true) ||
    compareAddresses(a.translated, b.translated, false)
  );
}

/** addr_cmp() on amd64: addresses word by word, the last one first, each as its bytes in reverse. */
function compareAddresses(a: IkedAddress | null, b: IkedAddress | null, ports: boolean): number {
  let order = 0;
  if (a?.address != null && b?.address != null) {
    order = a.address.family - b.address.family;
    for (let word = a.address.family === 4 ? 0 : 3; order === 0 && word >= 0; word--) {
      order = reversed(a.address.word(word)) - reversed(b.address.word(word));
    }
  }
  order ||= (a?.mask ?? 0) - (b?.mask ?? 0);
  if (ports) order ||= reversed((a?.port ?? 0) << 16) - reversed((b?.port ?? 0) << 16);
  return order;
}

function reversed(word: number): number {
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
