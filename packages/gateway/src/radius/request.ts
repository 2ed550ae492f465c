/** The attributes of our requests, as CoovaChilli sends them (chilli.c, chilli_req_attrs) where the RFCs leave a choice. */
import { isIP, isIPv6 } from "node:net";
import type { RadiusConfig } from "@pierhead/lang/portal-conf";
import {
  ACCT_AUTHENTIC,
  ACCT_STATUS,
  type AttributeName,
  type AttributeValue,
  attribute,
  NAS_PORT_TYPE,
  type RadiusAttribute,
  SERVICE_TYPE,
  TERMINATE_CAUSE,
} from "@pierhead/lang/radius-wire";
import type { AccessRequest, AccountingRecord, Station } from "./types.ts";

/** What the requests say about the gateway itself. */
export type NasFacts = Pick<
  RadiusConfig,
  "nasIdentifier" | "nasAddress" | "calledStation" | "location" | "swapOctets" | "nasPortType"
> & {
  /** WISPr-Logoff-URL. */
  readonly logoffUrl: string | null;
};

/** Addresses of one device that are told; a device may have made itself any number. */
const MOST_ADDRESSES = 16;
/** Octets of all Class attributes that are kept: the packet has room for other things too. */
const MOST_CLASS_OCTETS = 2_048;

/** Collects attributes; empty texts have no place in RADIUS (RFC 2865, 5) and are left out. */
class AttributeList {
  readonly attributes: RadiusAttribute[] = [];

  add<N extends AttributeName>(name: N, value: AttributeValue<N> | null | undefined): void {
    if (value === null || value === undefined || value === "") return;
    this.attributes.push(attribute(name, value));
  }
}

/** `02-00-00-00-00-01` of `02:00:00:00:00:01` (RFC 3580, 3.21). */
export function stationId(mac: string): string {
  return mac.toUpperCase().replaceAll(":", "-");
}

/** Name and password of a device that is let in by its MAC address, as CoovaChilli's macauth has them (auth_radius). */
export function macLogin(
  mac: string,
  config: Pick<RadiusConfig, "macPassword" | "macSuffix">,
): Pick<AccessRequest, "user" | "credentials" | "service"> {
  const user = stationId(mac) + (config.macSuffix ?? "");
  return { user, credentials: { kind: "password", password: config.macPassword?.reveal() ?? user }, service: "mac" };
}

/** Access-Request without its Message-Authenticator and credentials. */
export function accessAttributes(request: AccessRequest, nas: NasFacts): RadiusAttribute[] {
  const list = new AttributeList();
  list.add("User-Name", request.user);
  // CoovaChilli's macauth says Framed, a login on the page Login.
  list.add("Service-Type", request.service === "mac" ? SERVICE_TYPE.framed : SERVICE_TYPE.login);
  addStation(list, request.station, nas);
  addNas(list, nas);
  list.add("WISPr-Logoff-URL", nas.logoffUrl);
  list.add("State", request.state);
  return list.attributes;
}

/**
 * Accounting-Request. Octets and packets are as the gateway sees them: input is what came from the device (RFC 2866, 5.3).
 *
 * @param now Unix milliseconds, for Acct-Delay-Time
 */
export function accountingAttributes(record: AccountingRecord, nas: NasFacts, now: number): RadiusAttribute[] {
  const list = new AttributeList();
  const session = record.kind === "Start" || record.kind === "Interim-Update" || record.kind === "Stop";
  list.add("Acct-Status-Type", ACCT_STATUS[record.kind]);
  if (session) {
    list.add("User-Name", record.user);
    addStation(list, record.station, nas);
    // Nobody else's sessions are accounted for.
    list.add("Acct-Authentic", ACCT_AUTHENTIC.radius);
    for (const value of boundedClasses(record.classes)) list.add("Class", value);
  } else {
    list.add("Acct-Session-Id", record.station.sessionId);
    list.add("NAS-Port-Type", portType(nas));
  }
  addNas(list, nas);
  list.add("Event-Timestamp", Math.floor(record.at / 1000));
  // The clock may have been set back since.
  list.add("Acct-Delay-Time", Math.min(Math.max(0, Math.floor((now - record.at) / 1000)), 0xffff_ffff));
  if (session && record.kind !== "Start") {
    list.add("Acct-Session-Time", Math.max(0, Math.floor(record.sessionTime)));
    const { inputOctets, outputOctets, inputPackets, outputPackets } = record;
    const [input, output] = nas.swapOctets ? [outputOctets, inputOctets] : [inputOctets, outputOctets];
    const [packetsIn, packetsOut] = nas.swapOctets ? [outputPackets, inputPackets] : [inputPackets, outputPackets];
    list.add("Acct-Input-Octets", word(input));
    list.add("Acct-Output-Octets", word(output));
    list.add("Acct-Input-Gigawords", word(input >> 32n));
    list.add("Acct-Output-Gigawords", word(output >> 32n));
    list.add("Acct-Input-Packets", word(packetsIn));
    list.add("Acct-Output-Packets", word(packetsOut));
  }
  if (record.kind === "Stop" && record.cause !== null) {
    list.add("Acct-Terminate-Cause", TERMINATE_CAUSE[record.cause]);
  }
  return list.attributes;
}

function portType(nas: NasFacts): number {
  return nas.nasPortType ?? NAS_PORT_TYPE.wireless80211;
}

function addStation(list: AttributeList, station: Station, nas: NasFacts): void {
  list.add("Acct-Session-Id", station.sessionId);
  const fours = station.addresses.filter((address) => isIP(address) === 4);
  list.add("Framed-IP-Address", fours[0]);
  // RFC 6911, 3.1: any number of them.
  for (const address of station.addresses.filter(isIPv6).slice(0, MOST_ADDRESSES)) {
    list.add("Framed-IPv6-Address", address);
  }
  list.add("NAS-Port-Type", portType(nas));
  list.add("NAS-Port", station.number);
  list.add("NAS-Port-Id", String(station.number).padStart(8, "0"));
  list.add("Calling-Station-Id", stationId(station.mac));
}

function addNas(list: AttributeList, nas: NasFacts): void {
  list.add("Called-Station-Id", nas.calledStation);
  if (nas.nasAddress !== null) {
    if (isIPv6(nas.nasAddress)) list.add("NAS-IPv6-Address", nas.nasAddress);
    else list.add("NAS-IP-Address", nas.nasAddress);
  }
  list.add("NAS-Identifier", nas.nasIdentifier);
  list.add("WISPr-Location-ID", nas.location?.id);
  list.add("WISPr-Location-Name", nas.location?.name);
}

/** Unchanged and in order (RFC 2865, 5.25), as far as they fit together. */
export function boundedClasses(classes: readonly Uint8Array[]): readonly Uint8Array[] {
  let octets = 0;
  return classes.filter((value) => {
    octets += value.length + 2;
    return value.length > 0 && octets <= MOST_CLASS_OCTETS;
  });
}

function word(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}
