import { Address } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import type { Authentication, Ipcp, NpppdSettings, RadiusServers, Tunnel, TunnelProtocol } from "./configuration.ts";
import { AddressPool } from "./pool.ts";

/** 0.0.0.0, which tunnels listen on when the file says nothing. */
export const ANY_IPV4: Address = new Address(4, 0);

export function emptySettings(): NpppdSettings {
  return {
    maxSession: 0,
    userMaxSession: 0,
    radiusNasId: "npppd",
    radiusDaeClients: [],
    radiusDaeListen: [],
    tunnels: [],
    authentications: [],
    ipcps: [],
    interfaces: [],
    binds: [],
  };
}

const MRU: Record<TunnelProtocol, number> = { l2tp: 1360, pptp: 1400, pppoe: 1492 };

/** A tunnel with what npppd.conf(5) says of its protocol's defaults. */
export function newTunnel(name: string, protocol: TunnelProtocol, origin: Origin, nameOrigin: Origin): Tunnel {
  return {
    name,
    protocol,
    listen: [],
    interface: "",
    hostname: null,
    vendorName: null,
    serviceName: null,
    acName: null,
    chapName: null,
    authenticationMethods: ["chap", "mschapv2"],
    mru: MRU[protocol],
    lcpTimeout: 0,
    lcpMaxConfigure: 0,
    lcpMaxTerminate: 0,
    lcpMaxNakLoop: 0,
    lcpKeepalive: protocol !== "l2tp",
    lcpKeepaliveInterval: 300,
    lcpKeepaliveRetryInterval: 60,
    lcpKeepaliveMaxRetries: 3,
    ipcpTimeout: 0,
    ipcpMaxConfigure: 0,
    ipcpMaxTerminate: 0,
    ipcpMaxNakLoop: 0,
    ccpTimeout: 0,
    ccpMaxConfigure: 0,
    ccpMaxTerminate: 0,
    ccpMaxNakLoop: 0,
    mppe: true,
    mppeRequired: protocol === "pptp",
    mppeKeyLength: [40, 56, 128],
    mppeKeyState: ["stateful", "stateless"],
    idleTimeout: 0,
    tcpMssAdjust: false,
    ingressFilter: false,
    callnumCheck: false,
    pipex: true,
    debugDumpPktin: [],
    debugDumpPktout: [],
    l2tpHelloInterval: 0,
    l2tpHelloTimeout: 0,
    l2tpAcceptDialin: false,
    l2tpDataUseSeq: true,
    l2tpRequireIpsec: false,
    l2tpLcpRenegotiation: true,
    l2tpForceLcpRenegotiation: false,
    pptpEchoInterval: 0,
    pptpEchoTimeout: 0,
    pppoeAcceptAnyService: true,
    origin,
    nameOrigin,
    places: new Map(),
  };
}

export function newAuthentication(
  name: string,
  type: Authentication["type"],
  origin: Origin,
  nameOrigin: Origin,
): Authentication {
  const servers = (): RadiusServers | null =>
    type === "radius" ? { servers: [], timeout: 0, maxTries: 0, maxFailovers: 0 } : null;
  return {
    name,
    type,
    usernameSuffix: null,
    eapCapable: true,
    stripNtDomain: true,
    stripAtmarkRealm: false,
    usersFile: "",
    userMaxSession: 0,
    authenticationServer: servers(),
    accountingServer: servers(),
    origin,
    nameOrigin,
    places: new Map(),
  };
}

export function newIpcp(name: string, origin: Origin, nameOrigin: Origin): Ipcp {
  return {
    name,
    dnsUseResolver: false,
    dnsServers: null,
    nbnsServers: null,
    allowUserSelectedAddress: false,
    maxSession: 0,
    dynamicPool: new AddressPool(),
    staticPool: new AddressPool(),
    pools: [],
    origin,
    nameOrigin,
    places: new Map(),
  };
}
