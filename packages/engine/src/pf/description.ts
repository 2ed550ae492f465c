import { type Address, type Family, type Packet, PROTOCOL, packetLength, transportHeaderLength } from "@pierhead/core";
import { FRAGMENT_PROTOCOL, ICMP6, IN } from "./constants.ts";
import type { FilterCore } from "./core.ts";
import type { Kif } from "./interface-table.ts";
import { Actions } from "./rule-context.ts";
import type { DropReason, EarlierTest, PacketContext } from "./types.ts";

/** Options a packet carries that rules must allow (`PF_OPT_*`). */
export const BAD_OPTION = { other: 1, jumbo: 2, routerAlert: 4 } as const;

const ALL_HOSTS = 0xe0000001;
const NO_TESTS: readonly EarlierTest[] = [];

/**
 * What pf takes from a packet before it looks at states and rules (`struct pf_pdesc`). Addresses are changed in the
 * packet at once; transport header fields are changed here first and reach the packet by {@link writeHeader}, as in
 * the kernel, so that a packet that is dropped half-way looks as it does there.
 */
export class Description {
  readonly core: FilterCore;
  packet!: Packet;
  context!: PacketContext;
  kif!: Kif;
  direction = 0;
  /** Key index of source and destination. */
  sourceIndex = 0;
  destinationIndex = 0;
  routingDomain = 0;
  family: Family = 4;
  /** Family after af-to. */
  newFamily: Family = 4;
  source!: Address;
  destination!: Address;
  /** As the packet came. */
  originalSource!: Address;
  originalDestination!: Address;
  /** After translation. */
  newSource!: Address;
  newDestination!: Address;
  protocol = 0;
  virtualProtocol = 0;
  tos = 0;
  ttl = 0;
  totalLength = 0;
  /** Octets before the transport header. */
  offset = 0;
  /** TCP: octets of data. */
  dataLength = 0;
  hasPorts = false;
  hasHeader = false;
  sourcePort = 0;
  destinationPort = 0;
  sequence = 0;
  acknowledgement = 0;
  flags = 0;
  window = 0;
  icmpType = 0;
  icmpCode = 0;
  icmpId = 0;
  icmpMtu = 0;
  /** Ports of the key of this packet; ICMP has its id and type there. */
  oldSourcePort = 0;
  oldDestinationPort = 0;
  newSourcePort = 0;
  newDestinationPort = 0;
  badOptions = 0;
  destinationChanged = false;
  /** Owner of the local socket, once it was looked for. */
  owner: { readonly user: number; readonly group: number } | null | undefined = undefined;
  /** What pflog would say; null is the kernel's 0, "match". */
  reason: DropReason | null = null;
  /** What was counted last. */
  cause: DropReason | null = null;
  /** Tests this one made first. */
  before: readonly EarlierTest[] = NO_TESTS;
  /** What rules want done with the packet, scrub rules included (`pd->act`). */
  readonly actions: Actions = new Actions();
  /** A scrub rule with `reassemble tcp` matched. */
  normalizesTcp = false;
  forwarded = false;

  constructor(core: FilterCore) {
    this.core = core;
  }

  /** Takes up a packet. What {@link setup} sets is left to it. */
  begin(packet: Packet, direction: number, kif: Kif, context: PacketContext): void {
    const { core } = this;
    this.packet = packet;
    this.context = context;
    this.kif = kif;
    this.direction = direction;
    this.sourceIndex = direction === IN ? 0 : 1;
    this.destinationIndex = direction === IN ? 1 : 0;
    this.routingDomain =
      context.rtable === 0 || !core.kernel.keysHoldRoutingDomain ? 0 : core.interfaces.routingDomain(context.rtable);
    this.forwarded = direction !== IN && context.receivedOn !== null;
    this.dataLength = 0;
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.sequence = 0;
    this.acknowledgement = 0;
    this.flags = 0;
    this.window = 0;
    this.icmpType = 0;
    this.icmpCode = 0;
    this.icmpId = 0;
    this.icmpMtu = 0;
    this.destinationChanged = false;
    this.owner = undefined;
    this.reason = null;
    this.cause = null;
    this.before = NO_TESTS;
    this.actions.reset();
    this.normalizesTcp = false;
  }

  /** `pf_setup_pdesc()`. @returns false when the packet is broken; `reason` is set then */
  setup(): boolean {
    const packet = this.packet;
    this.family = packet.family;
    this.newFamily = packet.family;
    this.source = packet.source;
    this.destination = packet.destination;
    this.originalSource = packet.source;
    this.originalDestination = packet.destination;
    this.newSource = packet.source;
    this.newDestination = packet.destination;
    this.tos = packet.tos & 0xfc;
    this.ttl = packet.ttl;
    this.protocol = packet.protocol;
    this.virtualProtocol = packet.protocol;
    this.badOptions = 0;
    this.hasPorts = false;
    this.hasHeader = false;
    this.totalLength = packetLength(packet);
    this.offset = this.totalLength - transportHeaderLength(packet) - Math.max(packet.payloadLength, 0);
    if (!(packet.family === 4 ? this.#walk4() : this.#walk6())) return false;
    if (this.virtualProtocol === FRAGMENT_PROTOCOL) {
      this.#keyPorts(0, 0);
      return true;
    }
    switch (this.virtualProtocol) {
      case PROTOCOL.tcp:
        return this.#setupTcp();
      case PROTOCOL.udp:
        this.hasHeader = true;
        this.hasPorts = true;
        this.sourcePort = packet.sourcePort;
        this.destinationPort = packet.destinationPort;
        if (packet.destinationPort === 0 || packet.payloadLength < 0) return this.drop("short");
        this.#keyPorts(packet.sourcePort, packet.destinationPort);
        return true;
      case PROTOCOL.icmp:
        this.#setupIcmp();
        return true;
      case PROTOCOL.icmp6:
        this.#setupIcmp();
        if (this.icmpType >= ICMP6.routerSolicitation && this.icmpType <= ICMP6.redirect && this.ttl !== 255) {
          return this.drop("normalize");
        }
        return true;
      case PROTOCOL.sctp:
        if (this.core.kernel.tracksSctp) {
          this.hasHeader = true;
          this.hasPorts = true;
          this.sourcePort = packet.sourcePort;
          this.destinationPort = packet.destinationPort;
          this.#keyPorts(packet.sourcePort, packet.destinationPort);
          return true;
        }
        this.#keyPorts(0, 0);
        return true;
      default:
        this.#keyPorts(0, 0);
        return true;
    }
  }

  /** Puts the changed header fields into the packet (`m_copyback()`). */
  writeHeader(): void {
    const packet = this.packet;
    if (!this.hasHeader) return;
    if (this.hasPorts) {
      packet.sourcePort = this.sourcePort;
      packet.destinationPort = this.destinationPort;
    }
    if (packet.tcp !== null) {
      packet.tcp.sequence = this.sequence;
      packet.tcp.acknowledgement = this.acknowledgement;
      packet.tcp.flags = this.flags;
    } else if (packet.icmp !== null) {
      packet.icmp.type = this.icmpType;
      packet.icmp.code = this.icmpCode;
      packet.icmp.id = this.icmpId;
      packet.icmp.mtu = this.icmpMtu;
    }
  }

  /** `pf_translate_a()` on the source. @returns whether it changed */
  setSource(address: Address): boolean {
    if (address.equals(this.source)) return false;
    this.source = address;
    this.packet.source = address;
    return true;
  }

  setDestination(address: Address): boolean {
    if (address.equals(this.destination)) return false;
    this.destination = address;
    this.packet.destination = address;
    return true;
  }

  setPorts(sourcePort: number, destinationPort: number): boolean {
    if (!this.hasPorts) return false;
    const changed = this.sourcePort !== sourcePort || this.destinationPort !== destinationPort;
    this.sourcePort = sourcePort;
    this.destinationPort = destinationPort;
    return changed;
  }

  /** The other side of a state may be in another routing domain: routes are then looked up there. */
  enterDomain(routingDomain: number): void {
    if (!this.core.kernel.keysHoldRoutingDomain) return;
    if (this.routingDomain !== routingDomain) this.destinationChanged = true;
    this.context.rtable = routingDomain;
  }

  /** Notes why the packet is dropped. @returns false, for `return` */
  drop(reason: DropReason): false {
    this.reason = reason;
    this.count(reason);
    return false;
  }

  /** Counts a reason that pflog does not get to see. */
  count(reason: DropReason): void {
    this.cause = reason;
    this.core.counters.reason(reason);
  }

  /** The address that comes first in the key of this packet. */
  get keyAddress0(): Address {
    return this.sourceIndex === 0 ? this.source : this.destination;
  }

  get keyAddress1(): Address {
    return this.sourceIndex === 0 ? this.destination : this.source;
  }

  #keyPorts(source: number, destination: number): void {
    this.oldSourcePort = source;
    this.newSourcePort = source;
    this.oldDestinationPort = destination;
    this.newDestinationPort = destination;
  }

  #setupTcp(): boolean {
    const packet = this.packet;
    const tcp = packet.tcp;
    if (tcp === null || packet.payloadLength < 0) return this.drop("short");
    this.hasHeader = true;
    this.hasPorts = true;
    this.sourcePort = packet.sourcePort;
    this.destinationPort = packet.destinationPort;
    this.sequence = tcp.sequence >>> 0;
    this.acknowledgement = tcp.acknowledgement >>> 0;
    this.flags = tcp.flags;
    this.window = tcp.window;
    if (packet.destinationPort === 0) return this.drop("short");
    this.dataLength = packet.payloadLength;
    this.#keyPorts(packet.sourcePort, packet.destinationPort);
    return true;
  }

  #setupIcmp(): void {
    const icmp = this.packet.icmp;
    this.hasHeader = icmp !== null;
    this.icmpType = icmp?.type ?? 0;
    this.icmpCode = icmp?.code ?? 0;
    this.icmpId = icmp?.id ?? 0;
    this.icmpMtu = icmp?.mtu ?? 0;
    this.#keyPorts(0, 0);
  }

  /** `pf_walk_header()`. */
  #walk4(): boolean {
    const packet = this.packet;
    if (packet.options.length > 0) {
      for (const option of packet.options) {
        if (option.type === 0) break;
        if (option.type === 1) continue;
        if (option.bytes !== undefined) {
          const length = option.bytes[1] ?? 0;
          if (option.bytes.length < 2 || length < 2 || length > option.bytes.length) return this.drop("ip-option");
        }
        this.badOptions |= option.type === 148 ? BAD_OPTION.routerAlert : BAD_OPTION.other;
      }
      // Options that are only padding are fishy.
      if (this.badOptions === 0) this.badOptions = BAD_OPTION.other;
    }
    if (packet.protocol === PROTOCOL.igmp) {
      // RFC 1112: what goes to all hosts has a TTL of 1.
      if (packet.ttl !== 1 && packet.destination.w0 === ALL_HOSTS) return this.drop("ip-option");
      this.badOptions &= ~BAD_OPTION.routerAlert;
    }
    const fragment = packet.fragment;
    if (fragment !== null && (fragment.more || fragment.offset > 0)) {
      this.virtualProtocol = FRAGMENT_PROTOCOL;
      return true;
    }
    if (packet.protocol === PROTOCOL.ah) return this.#walkAuthentication();
    return true;
  }

  /**
   * An authentication header says what comes after it, and that is the protocol rules see. We know nothing of its
   * content: it reads as zeros, which is protocol 0.
   */
  #walkAuthentication(): boolean {
    if (this.packet.payloadLength < 8) return this.drop("short");
    this.protocol = 0;
    this.virtualProtocol = 0;
    this.offset += 8;
    return true;
  }

  /** `pf_walk_header6()`. */
  #walk6(): boolean {
    const packet = this.packet;
    for (let i = 0; i < packet.options.length; i++) {
      const option = packet.options[i];
      if (option === undefined) continue;
      switch (option.type) {
        case PROTOCOL.routing:
          this.badOptions |= BAD_OPTION.other;
          // RFC 5095: type 0 is dead.
          if (option.bytes !== undefined && option.bytes.length > 2 && option.bytes[2] === 0) {
            return this.drop("ip-option");
          }
          break;
        case PROTOCOL.destinationOptions:
          this.badOptions |= BAD_OPTION.other;
          break;
        case PROTOCOL.hopByHop:
          if (i > 0) return this.drop("ip-option");
          for (const inner of option.inner ?? []) {
            if (inner === 0 || inner === 1) continue;
            this.badOptions |= inner === 5 ? BAD_OPTION.routerAlert : BAD_OPTION.other;
          }
          if (this.badOptions === 0) this.badOptions = BAD_OPTION.other;
          break;
      }
    }
    const fragment = packet.fragment;
    if (fragment !== null) {
      if (fragment.offset > 0) {
        this.protocol = PROTOCOL.fragment;
        this.virtualProtocol = FRAGMENT_PROTOCOL;
        return true;
      }
      // RFC 6946: a fragment that is the whole packet is none.
      if (fragment.more) {
        this.virtualProtocol = FRAGMENT_PROTOCOL;
        const header = transportHeaderLength(packet);
        if (header > 0 && packet.payloadLength < 0) this.protocol = PROTOCOL.fragment;
        if (packet.protocol !== PROTOCOL.icmp6) return true;
      }
    }
    if (packet.protocol === PROTOCOL.ah) return this.#walkAuthentication();
    if (packet.protocol === PROTOCOL.icmp6 && packet.icmp !== null) {
      const type = packet.icmp.type;
      if ((type >= ICMP6.listenerQuery && type <= ICMP6.listenerDone) || type === ICMP6.listenerReportV2) {
        // RFC 2710: hop limit 1 and a link-local source, or it is no MLD.
        if (packet.ttl !== 1 || !packet.source.isLinkLocal()) return this.drop("ip-option");
        this.badOptions &= ~BAD_OPTION.routerAlert;
      }
    }
    return true;
  }
}
