export * from "./attempt.ts";
export * from "./connect.ts";
export * from "./disconnect.ts";
export * from "./freebsd-head-end.ts";
export * from "./head-end.ts";
export * from "./ikev1-offer.ts";
export * from "./ikev2-offer.ts";
export { ownAddresses } from "./strongswan.ts";
export * from "./strongswan-offer.ts";
