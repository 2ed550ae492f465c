import type { Address, Diagnostic, Secret, Source } from "@pierhead/core";
import type { Origin, SyntaxFile } from "../lexer/index.ts";
import type { AddressPool } from "./pool.ts";

/** npppd.conf(5) with the defaults filled in: the structures npppd(8) builds from it. */
export interface NpppdConfiguration {
  readonly source: Source;
  readonly syntax: SyntaxFile;
  readonly settings: NpppdSettings;
  readonly diagnostics: readonly Diagnostic[];
  /** npppd would start with it. */
  readonly accepted: boolean;
}

/** 0 in a limit or time means: none, or the protocol's own. */
export interface NpppdSettings {
  maxSession: number;
  userMaxSession: number;
  radiusNasId: string;
  readonly radiusDaeClients: { readonly endpoint: Endpoint; readonly secret: Secret; readonly origin: Origin }[];
  readonly radiusDaeListen: { readonly endpoint: Endpoint; readonly origin: Origin }[];
  readonly tunnels: Tunnel[];
  readonly authentications: Authentication[];
  readonly ipcps: Ipcp[];
  readonly interfaces: PppInterface[];
  readonly binds: Bind[];
}

/** Address and port; port 0 is the protocol's own. */
export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

/** Places of the options a block gives, by keyword; the last one of each. */
export type OptionPlaces = Map<string, Origin>;

export type AuthenticationMethod = "pap" | "chap" | "mschapv2";
export type PppProtocol = "ip" | "lcp" | "pap" | "chap" | "eap" | "mppe" | "ccp" | "ipcp";
export type TunnelProtocol = "l2tp" | "pptp" | "pppoe";

/** Numbers by their keyword in camel case. */
export interface TunnelNumbers {
  mru: number;
  lcpTimeout: number;
  lcpMaxConfigure: number;
  lcpMaxTerminate: number;
  lcpMaxNakLoop: number;
  lcpKeepaliveInterval: number;
  lcpKeepaliveRetryInterval: number;
  lcpKeepaliveMaxRetries: number;
  ipcpTimeout: number;
  ipcpMaxConfigure: number;
  ipcpMaxTerminate: number;
  ipcpMaxNakLoop: number;
  ccpTimeout: number;
  ccpMaxConfigure: number;
  ccpMaxTerminate: number;
  ccpMaxNakLoop: number;
  idleTimeout: number;
  l2tpHelloInterval: number;
  l2tpHelloTimeout: number;
  pptpEchoInterval: number;
  pptpEchoTimeout: number;
}

export interface TunnelSwitches {
  lcpKeepalive: boolean;
  tcpMssAdjust: boolean;
  ingressFilter: boolean;
  callnumCheck: boolean;
  pipex: boolean;
  l2tpAcceptDialin: boolean;
  l2tpDataUseSeq: boolean;
  l2tpRequireIpsec: boolean;
  l2tpLcpRenegotiation: boolean;
  l2tpForceLcpRenegotiation: boolean;
  pppoeAcceptAnyService: boolean;
}

export interface Tunnel extends TunnelNumbers, TunnelSwitches {
  readonly name: string;
  readonly protocol: TunnelProtocol;
  /** L2TP and PPTP; 0.0.0.0 when the file names none. */
  readonly listen: Endpoint[];
  /** PPPoE: the Ethernet interface. */
  interface: string;
  hostname: string | null;
  vendorName: string | null;
  serviceName: string | null;
  acName: string | null;
  chapName: string | null;
  authenticationMethods: readonly AuthenticationMethod[];
  mppe: boolean;
  mppeRequired: boolean;
  mppeKeyLength: readonly number[];
  mppeKeyState: readonly ("stateful" | "stateless")[];
  debugDumpPktin: readonly PppProtocol[];
  debugDumpPktout: readonly PppProtocol[];
  readonly origin: Origin;
  readonly nameOrigin: Origin;
  readonly places: OptionPlaces;
}

export interface RadiusServers {
  readonly servers: { readonly endpoint: Endpoint; readonly secret: Secret; readonly origin: Origin }[];
  timeout: number;
  maxTries: number;
  maxFailovers: number;
}

export interface Authentication {
  readonly name: string;
  readonly type: "local" | "radius";
  usernameSuffix: string | null;
  eapCapable: boolean;
  stripNtDomain: boolean;
  stripAtmarkRealm: boolean;
  usersFile: string;
  userMaxSession: number;
  /** Of type radius only. */
  readonly authenticationServer: RadiusServers | null;
  readonly accountingServer: RadiusServers | null;
  readonly origin: Origin;
  readonly nameOrigin: Origin;
  readonly places: OptionPlaces;
}

/** One `pool-address`. */
export interface PoolStatement {
  readonly text: string;
  readonly first: Address;
  readonly last: Address;
  readonly static: boolean;
  readonly origin: Origin;
}

export interface Ipcp {
  readonly name: string;
  dnsUseResolver: boolean;
  /** Null: none given. */
  dnsServers: readonly Address[] | null;
  nbnsServers: readonly Address[] | null;
  allowUserSelectedAddress: boolean;
  maxSession: number;
  /** Addresses given out by npppd itself, and those a user can have by name; both as npppd merges them. */
  readonly dynamicPool: AddressPool;
  readonly staticPool: AddressPool;
  readonly pools: PoolStatement[];
  readonly origin: Origin;
  readonly nameOrigin: Origin;
  readonly places: OptionPlaces;
}

export interface PppInterface {
  readonly name: string;
  readonly address: Address;
  readonly ipcp: Ipcp;
  /** pppx(4): one interface a session, which needs pipex. */
  readonly pppx: boolean;
  readonly origin: Origin;
  readonly nameOrigin: Origin;
}

export interface Bind {
  readonly tunnel: Tunnel;
  readonly authentication: Authentication;
  readonly interface: PppInterface;
  readonly origin: Origin;
}
