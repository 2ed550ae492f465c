import type { Address } from "@pierhead/core";
import { FAIL, type Origin, type ParseReport, type Reduction } from "../lexer/index.ts";
import type {
  Authentication,
  Endpoint,
  Ipcp,
  NpppdSettings,
  RadiusServers,
  Tunnel,
  TunnelProtocol,
} from "./configuration.ts";
import { ANY_IPV4, emptySettings, newAuthentication, newIpcp, newTunnel } from "./defaults.ts";

/** Octets npppd keeps of names: tunnels and interfaces, and the others. */
const SHORT_NAME = 15;
const LONG_NAME = 31;
const INTERFACE_LIMIT = 8;

/** What the actions of the grammar work on. */
export class NpppdContext {
  readonly report: ParseReport;
  readonly settings: NpppdSettings = emptySettings();
  /** What is being read; null outside its block. */
  tunnel: Tunnel | null = null;
  authentication: Authentication | null = null;
  ipcp: Ipcp | null = null;
  servers: RadiusServers | null = null;
  readonly #tunnels = new Map<string, Tunnel>();
  readonly #authentications = new Map<string, Authentication>();
  readonly #ipcps = new Map<string, Ipcp>();

  constructor(report: ParseReport) {
    this.report = report;
  }

  beginTunnel(name: string, protocol: TunnelProtocol, keyword: Origin, nameOrigin: Origin): unknown {
    if (this.#tunnels.has(name)) {
      this.report.error(
        "npppd/tunnel-twice",
        `tunnel name = ${name} is already in use.`,
        nameOrigin,
        `There is a tunnel "${name}" already; give this one another name.`,
      );
      return FAIL;
    }
    this.tunnel = newTunnel(this.#cut(name, SHORT_NAME, nameOrigin), protocol, keyword, nameOrigin);
    return null;
  }

  endTunnel(at: Reduction): unknown {
    const { tunnel } = this;
    if (tunnel === null) return FAIL;
    if (tunnel.protocol !== "pppoe" && tunnel.listen.length === 0) tunnel.listen.push({ address: ANY_IPV4, port: 0 });
    const finished = { ...tunnel, origin: at.whole };
    this.settings.tunnels.push(finished);
    this.#tunnels.set(tunnel.name, this.#tunnels.get(tunnel.name) ?? finished);
    this.tunnel = null;
    return null;
  }

  listen(endpoint: Endpoint, at: Reduction): unknown {
    const { tunnel, report } = this;
    if (tunnel === null) return null;
    if (tunnel.protocol === "pptp" && endpoint.address.family === 6) {
      report.error(
        "npppd/listen-pptp-ipv6",
        "listen on IPv6 address is not supported by pptp tunnel",
        at.whole,
        "PPTP is for IPv4 only; listen on an IPv4 address.",
      );
      return FAIL;
    }
    if (tunnel.protocol === "pppoe") {
      report.error(
        "npppd/listen-address",
        "listen on address is not supported for specified protocol.\n",
        at.whole,
        "PPPoE listens on an interface: `listen on interface em1`.",
      );
      return FAIL;
    }
    tunnel.places.set("listen", at.whole);
    tunnel.listen.push(endpoint);
    return null;
  }

  listenInterface(name: string, at: Reduction): unknown {
    const { tunnel, report } = this;
    if (tunnel === null) return null;
    if (tunnel.protocol !== "pppoe") {
      report.error(
        "npppd/listen-interface",
        "listen on interface is not supported for specified protocol.\n",
        at.whole,
        "L2TP and PPTP listen on an address: `listen on 192.0.2.1`.",
      );
      return FAIL;
    }
    tunnel.places.set("listen", at.whole);
    tunnel.interface = name.slice(0, SHORT_NAME);
    return null;
  }

  /** npppd takes options of another protocol than the tunnel's without a word; they overwrite its own. */
  checkProtocol(tunnel: Tunnel, word: string, origin: Origin): void {
    const prefix = /^(l2tp|pptp|pppoe)-/.exec(word);
    if (prefix === null || prefix[1] === tunnel.protocol) return;
    this.report.note(
      "npppd/foreign-option",
      "warning",
      `\`${word}\` is no option of a ${tunnel.protocol} tunnel; npppd writes it over the tunnel's own memory. Remove it.`,
      origin,
    );
  }

  beginAuthentication(name: string, type: Authentication["type"], keyword: Origin, nameOrigin: Origin): unknown {
    if (this.#authentications.has(name)) {
      this.report.error(
        "npppd/authentication-twice",
        `authentication name ${name} is already in use.`,
        nameOrigin,
        `There is an authentication "${name}" already; give this one another name.`,
      );
      return FAIL;
    }
    this.authentication = newAuthentication(this.#cut(name, LONG_NAME, nameOrigin), type, keyword, nameOrigin);
    return null;
  }

  endAuthentication(at: Reduction): unknown {
    if (this.authentication === null) return FAIL;
    const finished = { ...this.authentication, origin: at.whole };
    this.settings.authentications.push(finished);
    this.#authentications.set(finished.name, this.#authentications.get(finished.name) ?? finished);
    this.authentication = null;
    return null;
  }

  beginIpcp(name: string, keyword: Origin, nameOrigin: Origin): unknown {
    if (this.#ipcps.has(name)) {
      this.report.error(
        "npppd/ipcp-twice",
        `ipcp name ${name} is already in use.`,
        nameOrigin,
        `There is an ipcp "${name}" already; give this one another name.`,
      );
      return FAIL;
    }
    this.ipcp = newIpcp(this.#cut(name, LONG_NAME, nameOrigin), keyword, nameOrigin);
    return null;
  }

  endIpcp(at: Reduction): unknown {
    if (this.ipcp === null) return FAIL;
    const finished = { ...this.ipcp, origin: at.whole };
    this.settings.ipcps.push(finished);
    this.#ipcps.set(finished.name, this.#ipcps.get(finished.name) ?? finished);
    this.ipcp = null;
    return null;
  }

  addInterface(at: Reduction): unknown {
    const { settings, report } = this;
    const name = at.get<string>(2);
    const ipcpName = at.get<string>(6);
    if (settings.interfaces.length >= INTERFACE_LIMIT) {
      report.error(
        "npppd/too-many-interfaces",
        `too many interfaces.  use less than or equal to ${INTERFACE_LIMIT}`,
        at.whole,
        `npppd takes ${INTERFACE_LIMIT} interfaces; remove some.`,
      );
      return FAIL;
    }
    const ipcp = this.#ipcps.get(ipcpName);
    if (ipcp === undefined) {
      this.#unknown("npppd/unknown-ipcp", `ipcp ${ipcpName} is not found`, "ipcp", ipcpName, at.origin(6));
      return FAIL;
    }
    if (settings.interfaces.some((entry) => entry.name === name)) {
      report.error(
        "npppd/interface-twice",
        `interface ${name} is already in used.`,
        at.origin(2),
        `Interface ${name} is set up already; use another unit.`,
      );
      return FAIL;
    }
    const kept = this.#cut(name, SHORT_NAME, at.origin(2));
    settings.interfaces.push({
      name: kept,
      address: at.get<Address>(4),
      ipcp,
      pppx: kept.startsWith("pppx"),
      origin: at.whole,
      nameOrigin: at.origin(2),
    });
    return null;
  }

  addBind(at: Reduction): unknown {
    const { settings, report } = this;
    const [tunnelName, authenticationName, interfaceName] = [at.get<string>(4), at.get<string>(7), at.get<string>(9)];
    const tunnel = this.#tunnels.get(tunnelName);
    if (tunnel === undefined) {
      this.#unknown("npppd/unknown-tunnel", `tunnel ${tunnelName} is not found`, "tunnel", tunnelName, at.origin(4));
      return FAIL;
    }
    const authentication = this.#authentications.get(authenticationName);
    if (authentication === undefined) {
      const text = `authentication ${authenticationName} is not found`;
      this.#unknown("npppd/unknown-authentication", text, "authentication", authenticationName, at.origin(7));
      return FAIL;
    }
    const iface = settings.interfaces.find((entry) => entry.name === interfaceName);
    if (iface === undefined) {
      const text = `interface ${interfaceName} is not found`;
      this.#unknown("npppd/unknown-interface", text, "interface", interfaceName, at.origin(9));
      return FAIL;
    }
    if (!tunnel.pipex && iface.pppx) {
      report.error(
        "npppd/pppx-without-pipex",
        `pipex should be enabled for interface ${interfaceName}`,
        tunnel.places.get("pipex") ?? at.whole,
        `pppx(4) works with pipex only; remove \`pipex no\` from tunnel "${tunnelName}", or use pppac0.`,
      );
      return FAIL;
    }
    settings.binds.push({ tunnel, authentication, interface: iface, origin: at.whole });
    return null;
  }

  #unknown(code: string, text: string, what: string, name: string, origin: Origin): void {
    this.report.error(
      code,
      text,
      origin,
      `There is no ${what} "${name}" before this line; statements must stand in order, and names be the same.`,
    );
  }

  #cut(name: string, length: number, origin: Origin): string {
    if (name.length <= length) return name;
    this.report.note(
      "npppd/name-cut",
      "warning",
      `npppd keeps the first ${length} characters of this name only, and will not find it by the whole; shorten it.`,
      origin,
    );
    return name.slice(0, length);
  }
}
