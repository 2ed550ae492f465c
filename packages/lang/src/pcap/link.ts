import { u16 } from "../bytes/index.ts";

/** LINKTYPE_ numbers that we read (https://www.tcpdump.org/linktypes.html). */
export const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  ppp: 9,
  rawOpenBsd: 14,
  rawBsd: 12,
  raw: 101,
  loop: 108,
  linuxCooked: 113,
  pflog: 117,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const;

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd, vlan: 0x8100, serviceVlan: 0x88a8, oldVlan: 0x9100, pppoe: 0x8864 };

/** More tags than this on one frame is not a network. */
const MOST_TAGS = 8;

/** Whether the header of this kind can be read. */
export function isKnownLinkType(linkType: number): boolean {
  return (Object.values(LINK_TYPE) as number[]).includes(linkType);
}

/** Offset of the IP header in a frame; -1 when the frame carries no IP or is too short to tell. */
export function ipOffset(data: Uint8Array, linkType: number): number {
  switch (linkType) {
    case LINK_TYPE.ethernet:
      return data.length < 14 ? -1 : afterType(data, 12);
    case LINK_TYPE.linuxCooked:
      return data.length < 16 ? -1 : afterType(data, 14);
    case LINK_TYPE.linuxCooked2:
      // The protocol comes first; the header is 20 octets.
      if (data.length < 20) return -1;
      return isIp(u16(data, 0)) ? 20 : isTag(u16(data, 0)) ? afterType(data, 22) : -1;
    case LINK_TYPE.null:
    case LINK_TYPE.loop:
      // An address family, in whatever byte order and number the system has: the IP version tells as much.
      return 4;
    case LINK_TYPE.ppp: {
      // With or without the address and control octets ff 03 (RFC 1662 3.1).
      const start = data.length > 4 && u16(data, 0) === 0xff03 ? 2 : 0;
      return pppOffset(data, start);
    }
    case LINK_TYPE.pflog: {
      // struct pfloghdr begins with its length, which is not rounded up to the alignment of four.
      const length = data[0];
      return length === undefined || length < 4 ? -1 : (length + 3) & ~3;
    }
    case LINK_TYPE.raw:
    case LINK_TYPE.rawBsd:
    case LINK_TYPE.rawOpenBsd:
    case LINK_TYPE.ipv4:
    case LINK_TYPE.ipv6:
      return 0;
    default:
      return -1;
  }
}

function isIp(type: number): boolean {
  return type === ETHERTYPE.ipv4 || type === ETHERTYPE.ipv6;
}

function isTag(type: number): boolean {
  return type === ETHERTYPE.vlan || type === ETHERTYPE.serviceVlan || type === ETHERTYPE.oldVlan;
}

/** Follows VLAN tags and a PPPoE session from an EtherType at `at`. */
function afterType(data: Uint8Array, at: number): number {
  let place = at;
  for (let tags = 0; tags <= MOST_TAGS && place + 2 <= data.length; tags++) {
    const type = u16(data, place);
    if (isIp(type)) return place + 2;
    if (type === ETHERTYPE.pppoe) return pppOffset(data, place + 8);
    if (!isTag(type)) return -1;
    place += 4;
  }
  return -1;
}

function pppOffset(data: Uint8Array, at: number): number {
  if (at + 2 > data.length) return -1;
  const protocol = u16(data, at);
  return protocol === 0x0021 || protocol === 0x0057 ? at + 2 : -1;
}
