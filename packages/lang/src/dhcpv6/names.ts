/** Message types (RFC 8415 7.3). */
export const MESSAGE6 = {
  solicit: 1,
  advertise: 2,
  request: 3,
  confirm: 4,
  renew: 5,
  rebind: 6,
  reply: 7,
  release: 8,
  decline: 9,
  reconfigure: 10,
  informationRequest: 11,
  relayForward: 12,
  relayReply: 13,
} as const;

const MESSAGE_NAMES: Readonly<Record<number, string>> = {
  1: "Solicit",
  2: "Advertise",
  3: "Request",
  4: "Confirm",
  5: "Renew",
  6: "Rebind",
  7: "Reply",
  8: "Release",
  9: "Decline",
  10: "Reconfigure",
  11: "Information-request",
  12: "Relay-forward",
  13: "Relay-reply",
};

export function messageName6(type: number): string {
  return MESSAGE_NAMES[type] ?? `message type ${type}`;
}

/** Options that we read (RFC 8415 21; RFC 7083 for the two maximum retransmission times). */
export const OPTION6 = {
  clientId: 1,
  serverId: 2,
  iaNa: 3,
  iaTa: 4,
  iaAddress: 5,
  optionRequest: 6,
  preference: 7,
  elapsedTime: 8,
  relayMessage: 9,
  authentication: 11,
  unicast: 12,
  status: 13,
  rapidCommit: 14,
  reconfigureMessage: 19,
  reconfigureAccept: 20,
  iaPd: 25,
  iaPrefix: 26,
  informationRefreshTime: 32,
  solicitMaxRt: 82,
  informationMaxRt: 83,
} as const;

/** Status codes (RFC 8415 21.13). */
export const STATUS6 = {
  success: 0,
  unspecified: 1,
  noAddresses: 2,
  noBinding: 3,
  notOnLink: 4,
  useMulticast: 5,
  noPrefix: 6,
} as const;

const STATUS_NAMES = [
  "Success",
  "UnspecFail",
  "NoAddrsAvail",
  "NoBinding",
  "NotOnLink",
  "UseMulticast",
  "NoPrefixAvail",
];

export function statusName6(code: number): string {
  return STATUS_NAMES[code] ?? `status ${code}`;
}
