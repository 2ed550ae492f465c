/** Numbers of pf.c and its relatives, used where a packet or a state is looked at. Sources: pfvar.h, tcp_fsm.h. */

export const IN = 1;
export const OUT = 2;
/** Index of the key on the wire side and on the stack side of a state; also the place of source and destination. */
export const WIRE = 0;
export const STACK = 1;

/** Outcome of the steps of `pf_test()`. */
export const PASS = 0;
export const DROP = 1;
export const SYNPROXY_DROP = 2;
export const AF_TRANSLATE = 3;
export const MATCH = 4;
export type Action = 0 | 1 | 2 | 3 | 4;

/** `PF_VPROTO_FRAGMENT`: the protocol of a packet that is a fragment and has no transport header to look at. */
export const FRAGMENT_PROTOCOL = 256;

/** TCP state levels (tcp_fsm.h), and pf's two for `synproxy state`. */
export const TCPS = {
  closed: 0,
  listen: 1,
  synSent: 2,
  synReceived: 3,
  established: 4,
  closeWait: 5,
  finWait1: 6,
  closing: 7,
  lastAck: 8,
  finWait2: 9,
  timeWait: 10,
  proxySource: 11,
  proxyDestination: 12,
} as const;

/** Levels of UDP and of all other protocols. */
export const LEVEL = { noTraffic: 0, single: 1, multiple: 2 } as const;

/** Levels of SCTP associations (sctp_constants.h, as far as pf uses them). */
export const SCTP_LEVEL = {
  closed: 0x00,
  cookieWait: 0x02,
  established: 0x08,
  shutdownSent: 0x10,
  shutdownPending: 0x80,
} as const;

/** Chunk types of SCTP (RFC 9260). */
export const SCTP_CHUNK = {
  data: 0,
  init: 1,
  initAck: 2,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  cookieEcho: 10,
  cookieAck: 11,
  shutdownComplete: 14,
} as const;

/** TCP flag bits. */
export const TH = { fin: 1, syn: 2, rst: 4, push: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

/** Bits of `State.flags` (`PFSTATE_*`). */
export const STATE_FLAG = {
  allowOptions: 0x0001,
  sloppy: 0x0002,
  pflow: 0x0004,
  noSync: 0x0008,
  noDf: 0x0020,
  setTos: 0x0040,
  randomId: 0x0080,
  scrubTcp: 0x0100,
  setPrio: 0x0200,
} as const;

/** What of a rule's scrub flags goes into a state. */
export const ACTION_FLAGS: number =
  STATE_FLAG.noDf | STATE_FLAG.randomId | STATE_FLAG.setTos | STATE_FLAG.scrubTcp | STATE_FLAG.setPrio;

/** Window scale: an option was seen, and its value (`PF_WSCALE_*`). */
export const WSCALE_FLAG = 0x80;
export const WSCALE_MASK = 0x0f;

export const ICMP = {
  echoReply: 0,
  unreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  alternateHost: 6,
  echo: 8,
  routerAdvertisement: 9,
  routerSolicitation: 10,
  timeExceeded: 11,
  parameterProblem: 12,
  timestamp: 13,
  timestampReply: 14,
  informationRequest: 15,
  informationReply: 16,
  maskRequest: 17,
  maskReply: 18,
  ipv6WhereAreYou: 33,
  ipv6IAmHere: 34,
  mobileRegistrationRequest: 35,
  mobileRegistrationReply: 36,
} as const;

export const ICMP6 = {
  unreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129,
  listenerQuery: 130,
  listenerReport: 131,
  listenerDone: 132,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
  redirect: 137,
  whoAreYouRequest: 139,
  whoAreYouReply: 140,
  listenerReportV2: 143,
  traceResponse: 200,
  trace: 201,
} as const;

/** Hop limit pf gives packets it makes or translates to IPv6 (`IPV6_DEFHLIM`), and the host's default TTL. */
export const DEFAULT_TTL = 64;
/** `tcp_mssdflt`. */
export const DEFAULT_MSS = 512;
export const LOW_DELAY = 0x10;
