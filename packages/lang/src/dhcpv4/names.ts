/** Message types of option 53 (RFC 2132 9.6). */
export const MESSAGE4 = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
  forceRenew: 9,
} as const;

const NAMES = ["BOOTP", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM", "FORCERENEW"];

export function messageName4(type: number): string {
  return NAMES[type] ?? `message type ${type}`;
}

/** Options that we read (RFC 2132; 80 is RFC 4039). */
export const OPTION4 = {
  subnetMask: 1,
  routers: 3,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  serverId: 54,
  message: 56,
  renewalTime: 58,
  rebindingTime: 59,
  clientId: 61,
  rapidCommit: 80,
} as const;
