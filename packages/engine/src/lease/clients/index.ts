import type { ClientModel } from "./client.ts";
import { dhcpcd9, dhcpcd10 } from "./dhcpcd.ts";
import { freebsdDhclient } from "./freebsd.ts";
import { iscDhclient } from "./isc.ts";
import { systemdNetworkd } from "./networkd.ts";
import { odhcp6c } from "./odhcp6c.ts";
import { dhcp6leased, dhcpleased } from "./openbsd.ts";
import { rfc2131, rfc8415 } from "./rfc.ts";
import { wideDhcp6c } from "./wide.ts";

export type { ClientModel, Group, Moment, Plan, Said, Taken } from "./client.ts";

/** In the order of reports. */
export const CLIENTS: readonly ClientModel[] = [
  rfc8415,
  rfc2131,
  dhcpcd9,
  dhcpcd10,
  iscDhclient,
  wideDhcp6c,
  systemdNetworkd,
  odhcp6c,
  dhcp6leased,
  dhcpleased,
  freebsdDhclient,
];
