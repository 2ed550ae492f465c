import { formatPrefix, type Prefix } from "@pierhead/core";
import type { Authentication, Endpoint, Ipcp, NpppdSettings, RadiusServers, Tunnel } from "./configuration.ts";

/** The settings as plain data, secrets by their length only. */
export function npppdJson(settings: NpppdSettings): Record<string, unknown> {
  return {
    maxSession: settings.maxSession,
    userMaxSession: settings.userMaxSession,
    radiusNasId: settings.radiusNasId,
    radiusDaeClients: settings.radiusDaeClients.map(({ endpoint }) => endpointJson(endpoint)),
    radiusDaeListen: settings.radiusDaeListen.map(({ endpoint }) => endpointJson(endpoint)),
    tunnels: settings.tunnels.map(tunnelJson),
    authentications: settings.authentications.map(authenticationJson),
    ipcps: settings.ipcps.map(ipcpJson),
    interfaces: settings.interfaces.map((entry) => ({
      name: entry.name,
      address: `${entry.address}`,
      ipcp: entry.ipcp.name,
      pppx: entry.pppx,
    })),
    binds: settings.binds.map((bind) => ({
      tunnel: bind.tunnel.name,
      authentication: bind.authentication.name,
      interface: bind.interface.name,
    })),
  };
}

function endpointJson({ address, port }: Endpoint): { address: string; port: number } {
  return { address: `${address}`, port };
}

function tunnelJson(tunnel: Tunnel): Record<string, unknown> {
  return {
    name: tunnel.name,
    protocol: tunnel.protocol,
    ...protocolJson(tunnel),
    mru: tunnel.mru,
    lcpTimeout: tunnel.lcpTimeout,
    lcpMaxConfigure: tunnel.lcpMaxConfigure,
    lcpMaxTerminate: tunnel.lcpMaxTerminate,
    lcpMaxNakLoop: tunnel.lcpMaxNakLoop,
    lcpKeepalive: tunnel.lcpKeepalive,
    lcpKeepaliveInterval: tunnel.lcpKeepaliveInterval,
    lcpKeepaliveRetryInterval: tunnel.lcpKeepaliveRetryInterval,
    lcpKeepaliveMaxRetries: tunnel.lcpKeepaliveMaxRetries,
    authenticationMethods: tunnel.authenticationMethods,
    chapName: tunnel.chapName,
    ipcpTimeout: tunnel.ipcpTimeout,
    ipcpMaxConfigure: tunnel.ipcpMaxConfigure,
    ipcpMaxTerminate: tunnel.ipcpMaxTerminate,
    ipcpMaxNakLoop: tunnel.ipcpMaxNakLoop,
    ccpTimeout: tunnel.ccpTimeout,
    ccpMaxConfigure: tunnel.ccpMaxConfigure,
    ccpMaxTerminate: tunnel.ccpMaxTerminate,
    ccpMaxNakLoop: tunnel.ccpMaxNakLoop,
    mppe: tunnel.mppe,
    mppeRequired: tunnel.mppeRequired,
    mppeKeyLength: tunnel.mppeKeyLength,
    mppeKeyState: tunnel.mppeKeyState,
    idleTimeout: tunnel.idleTimeout,
    tcpMssAdjust: tunnel.tcpMssAdjust,
    ingressFilter: tunnel.ingressFilter,
    callnumCheck: tunnel.callnumCheck ? 1 : 0,
    pipex: tunnel.pipex,
    debugDumpPktin: tunnel.debugDumpPktin,
    debugDumpPktout: tunnel.debugDumpPktout,
  };
}

function protocolJson(tunnel: Tunnel): Record<string, unknown> {
  const named = {
    listen: tunnel.listen.map(endpointJson),
    hostname: tunnel.hostname,
    vendorName: tunnel.vendorName,
  };
  switch (tunnel.protocol) {
    case "l2tp":
      return {
        ...named,
        helloInterval: tunnel.l2tpHelloInterval,
        helloTimeout: tunnel.l2tpHelloTimeout,
        dataUseSeq: tunnel.l2tpDataUseSeq,
        requireIpsec: tunnel.l2tpRequireIpsec,
        acceptDialin: tunnel.l2tpAcceptDialin,
        lcpRenegotiation: tunnel.l2tpLcpRenegotiation,
        forceLcpRenegotiation: tunnel.l2tpForceLcpRenegotiation,
      };
    case "pptp":
      return { ...named, echoInterval: tunnel.pptpEchoInterval, echoTimeout: tunnel.pptpEchoTimeout };
    case "pppoe":
      return {
        interface: tunnel.interface,
        serviceName: tunnel.serviceName,
        acName: tunnel.acName,
        acceptAnyService: tunnel.pppoeAcceptAnyService,
      };
  }
}

function authenticationJson(authentication: Authentication): Record<string, unknown> {
  const { authenticationServer, accountingServer } = authentication;
  return {
    name: authentication.name,
    type: authentication.type,
    usernameSuffix: authentication.usernameSuffix,
    eapCapable: authentication.eapCapable,
    stripNtDomain: authentication.stripNtDomain,
    stripAtmarkRealm: authentication.stripAtmarkRealm,
    usersFile: authentication.usersFile,
    userMaxSession: authentication.userMaxSession,
    ...(authenticationServer === null ? {} : { authenticationServer: serversJson(authenticationServer) }),
    ...(accountingServer === null ? {} : { accountingServer: serversJson(accountingServer) }),
  };
}

function serversJson(servers: RadiusServers): Record<string, unknown> {
  return {
    servers: servers.servers.map(({ endpoint, secret }) => ({
      server: endpointJson(endpoint),
      secretLength: secret.length,
    })),
    timeout: servers.timeout,
    maxTries: servers.maxTries,
    maxFailovers: servers.maxFailovers,
  };
}

function ipcpJson(ipcp: Ipcp): Record<string, unknown> {
  const prefixes = (list: readonly Prefix[]): string[] =>
    list.map((prefix) => (prefix.length === 32 ? `${formatPrefix(prefix)}/32` : formatPrefix(prefix)));
  return {
    name: ipcp.name,
    dnsUseResolver: ipcp.dnsUseResolver,
    dnsServers: ipcp.dnsServers?.map(String) ?? null,
    nbnsServers: ipcp.nbnsServers?.map(String) ?? null,
    allowUserSelectedAddress: ipcp.allowUserSelectedAddress,
    maxSession: ipcp.maxSession,
    dynamicPool: prefixes(ipcp.dynamicPool.entries),
    staticPool: prefixes(ipcp.staticPool.entries),
  };
}
