/**
 * Why pf dropped a packet, by number (`PFRES_NAMES` of pfvar.h): what every release and system has in common. What comes
 * behind differs from one to the next.
 */
export const REASON_NAMES = [
  "match",
  "bad-offset",
  "fragment",
  "short",
  "normalize",
  "memory",
  "bad-timestamp",
  "congestion",
  "ip-option",
  "proto-cksum",
  "state-mismatch",
  "state-insert",
  "state-limit",
  "src-limit",
  "synproxy",
] as const;
