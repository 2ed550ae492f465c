/** The meaning of a `.network` file and its drop-ins (systemd.network(5)). */
import { Address, type Diagnostic, type Family, parseAddress } from "@pierhead/core";
import type { NetworkAddress, NetworkConfiguration, NetworkRoute, Place } from "./configuration.ts";
import type { NetworkdFile } from "./parse.ts";
import { type Entry, placeOf, shown, ValueReader } from "./reader.ts";
import { parseBoolean, parsePrefixValue, parseTable, type WrittenPrefix } from "./values.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface NetworkReading {
  readonly configuration: NetworkConfiguration;
  readonly diagnostics: readonly Diagnostic[];
}

/** Keys that name an interface on top of this one. */
const STACKED: ReadonlySet<string> = new Set(
  "IPVLAN IPVTAP L2TP MACsec MACVLAN MACVTAP Tunnel VLAN VXLAN Xfrm".split(" "),
);

/**
 * Reads a file with its drop-ins, which come in order of their names.
 *
 * @param files the file itself first; a drop-in on its own may be the only one
 */
export function readNetwork(files: readonly NetworkdFile[]): NetworkReading {
  const reader = new ValueReader(files);
  const settings = new NetworkSettings(reader);
  const configuration = settings.read();
  if (files[0]?.dropIn === false) checkMatch(configuration, files[0], reader);
  return { configuration, diagnostics: reader.diagnostics };
}

/** network_verify(): a file that fits nothing in particular is not read. */
function checkMatch(configuration: NetworkConfiguration, file: NetworkdFile, reader: ValueReader): void {
  const { names, macs, others, place } = configuration.match;
  if (names !== null || macs !== null || others.length > 0 || file.ini.refused) return;
  if (file.ini.sections.length === 0) return;
  reader.say(
    "systemd-networkd/no-match",
    "error",
    "There is nothing in [Match] that networkd could match, so it ignores the whole file; name the interface there, or write `Name=*` for all.",
    place ?? { source: file.source, span: (file.ini.sections[0] as { span: Place["span"] }).span },
  );
}

class NetworkSettings {
  readonly #reader: ValueReader;
  readonly #addresses: NetworkAddress[] = [];
  readonly #routes: NetworkRoute[] = [];

  constructor(reader: ValueReader) {
    this.#reader = reader;
  }

  read(): NetworkConfiguration {
    const reader = this.#reader;
    const found: Mutable<NetworkConfiguration> = {
      match: reader.match(),
      unmanaged: false,
      macAddress: null,
      mtu: null,
      staysDown: false,
      addresses: this.#addresses,
      routes: this.#routes,
      dhcp: { 4: null, 6: null },
      acceptRa: null,
      linkLocal: { 4: false, 6: true },
      forwarding: [],
      master: null,
      stacked: [],
    };
    for (const entry of reader.entries("Link")) this.#link(entry, found);
    for (const entry of reader.entries("Network")) this.#network(entry, found);
    for (const { file, section } of reader.sections) {
      const entries = section.assignments.map((one) => ({ ...one, file, section }));
      const place = { source: file.source, span: section.span };
      if (section.name === "Address") this.#addressSection(entries, place);
      else if (section.name === "Route") this.#routeSection(entries, place);
    }
    this.#dropTwins();
    return found;
  }

  #link(entry: Entry, found: Mutable<NetworkConfiguration>): void {
    const reader = this.#reader;
    switch (entry.key) {
      case "MACAddress": {
        const mac = reader.mac(entry);
        found.macAddress = mac === null ? null : { mac, place: placeOf(entry) };
        return;
      }
      case "MTUBytes":
        found.mtu = reader.size(entry);
        return;
      case "Unmanaged":
        found.unmanaged = reader.boolean(entry) ?? found.unmanaged;
        return;
      case "ActivationPolicy":
        if (!/^(up|always-up|manual|always-down|down|bound)$/.test(entry.value) && entry.value !== "") {
          this.#bad(entry, "up, always-up, manual, always-down, down or bound");
        } else found.staysDown = /^(manual|always-down|down)$/.test(entry.value);
    }
  }

  #network(entry: Entry, found: Mutable<NetworkConfiguration>): void {
    const reader = this.#reader;
    const { key, value } = entry;
    const place = placeOf(entry);
    switch (key) {
      case "Address": {
        const prefix = value === "" ? null : this.#prefix(entry);
        if (prefix !== null) this.#addresses.push(newAddress(prefix, place));
        return;
      }
      case "Gateway": {
        const gateway = parseAddress(value);
        if (gateway === null || gateway.isUnspecified()) {
          if (value !== "") this.#badGateway(entry);
          return;
        }
        this.#routes.push({ ...newRoute(gateway.family, place), gateway, gatewayPlace: place });
        return;
      }
      case "DHCP": {
        const boolean = parseBoolean(value);
        const word = boolean === null ? value : boolean ? "both" : "none";
        // "v4", "v6" and "none" are the words of old.
        const four = /^(both|ipv4|v4)$/.test(word);
        const six = /^(both|ipv6|v6)$/.test(word);
        if (!four && !six && word !== "none" && value !== "") this.#bad(entry, "yes, no, ipv4 or ipv6");
        else found.dhcp = { 4: four ? place : null, 6: six ? place : null };
        return;
      }
      case "IPv6AcceptRA":
      case "IPv6AcceptRouterAdvertisements":
        found.acceptRa = reader.boolean(entry);
        return;
      case "LinkLocalAddressing": {
        const boolean = parseBoolean(value);
        const word = boolean === null ? value : boolean ? "both" : "none";
        if (!/^(both|ipv4|ipv6|ipv4-fallback|fallback|none|)$/.test(word)) this.#bad(entry, "yes, no, ipv4 or ipv6");
        else found.linkLocal = { 4: /^(both|ipv4)/.test(word), 6: /^(both|ipv6)?$/.test(word) };
        return;
      }
      case "IPForward":
      case "IPMasquerade": {
        const boolean = parseBoolean(value);
        const word = boolean === null ? value : boolean ? "both" : "none";
        if (!/^(both|ipv4|ipv6|none|kernel|)$/.test(word)) this.#bad(entry, "yes, no, ipv4 or ipv6");
        else this.#forward(found, word === "both" ? [4, 6] : word === "ipv4" ? [4] : word === "ipv6" ? [6] : []);
        return;
      }
      case "IPv4Forwarding":
      case "IPv6Forwarding":
        if (reader.boolean(entry) === true) this.#forward(found, [key === "IPv4Forwarding" ? 4 : 6]);
        return;
      case "Bridge":
      case "Bond":
      case "VRF":
        found.master = value === "" ? null : { kind: key.toLowerCase() as "bridge", name: value, place };
        return;
      default:
        if (STACKED.has(key) && value !== "") found.stacked = [...found.stacked, { key, name: value, place }];
    }
  }

  #forward(found: Mutable<NetworkConfiguration>, families: readonly Family[]): void {
    found.forwarding = [...new Set([...found.forwarding, ...families])];
  }

  #addressSection(entries: readonly Entry[], place: Place): void {
    const reader = this.#reader;
    let own: WrittenPrefix | null = null;
    let peer: WrittenPrefix | null = null;
    let named = false;
    let at = place;
    const more: Partial<Mutable<NetworkAddress>> = {};
    for (const entry of entries) {
      switch (entry.key) {
        case "Address":
          named = true;
          own = this.#prefix(entry);
          at = placeOf(entry);
          break;
        case "Peer":
          peer = entry.value === "" ? null : this.#prefix(entry);
          break;
        case "Broadcast": {
          const boolean = parseBoolean(entry.value);
          const address = parseAddress(entry.value);
          if (boolean === null && address === null && entry.value !== "")
            this.#bad(entry, "an IPv4 address, yes or no");
          else more.broadcast = boolean === false ? false : address;
          break;
        }
        case "RouteMetric":
          more.metric = reader.number(entry) ?? 0;
          break;
        case "AddPrefixRoute":
          more.prefixRoute = reader.boolean(entry) ?? true;
          break;
        case "PrefixRoute":
          more.prefixRoute = !(reader.boolean(entry) ?? false);
      }
    }
    if (own === null) {
      if (!named) {
        const text = "An [Address] section without Address= is ignored.";
        reader.say("systemd-networkd/incomplete", "error", text, place);
      }
      return;
    }
    if (peer !== null && peer.address.family !== own.address.family) {
      reader.say("systemd-networkd/families-mixed", "error", "Address= and Peer= are of different families.", at);
      return;
    }
    // The length that was written last counts for both ends.
    const length = peer === null ? own.length : peer.length;
    this.#addresses.push({ ...newAddress({ ...own, length }, at), peer: peer?.address ?? null, ...more });
  }

  #routeSection(entries: readonly Entry[], place: Place): void {
    const reader = this.#reader;
    const route: Partial<Mutable<NetworkRoute>> = {};
    let destination: WrittenPrefix | null = null;
    let ignored = false;
    for (const entry of entries) {
      switch (entry.key) {
        case "Destination":
        case "Source": {
          const prefix = entry.value === "" ? null : parsePrefixValue(entry.value, false);
          if (prefix === null && entry.value !== "") {
            const text = `"${shown(entry.value)}" is no network; the line is ignored. Write it like 192.0.2.0/24.`;
            reader.say("systemd-networkd/bad-destination", "error", text, placeOf(entry));
            ignored = true;
          } else if (entry.key === "Destination") destination = prefix;
          break;
        }
        case "Gateway": {
          const keyword = /^_(dhcp4?|ipv6ra)$/.exec(entry.value)?.[1];
          if (keyword !== undefined) {
            route.learnedGateway = true;
            route.family = keyword === "ipv6ra" ? 6 : 4;
            break;
          }
          const gateway = parseAddress(entry.value);
          if (gateway === null && entry.value !== "") {
            this.#badGateway(entry);
            ignored = true;
          }
          route.gateway = gateway?.isUnspecified() === true ? null : gateway;
          route.gatewayPlace = placeOf(entry);
          break;
        }
        case "GatewayOnLink":
        case "GatewayOnlink":
          route.onLink = reader.boolean(entry);
          break;
        case "Metric":
          route.metric = reader.number(entry) ?? 0;
          break;
        case "MTUBytes":
          route.mtu = reader.size(entry);
          break;
        case "Table": {
          const table = parseTable(entry.value);
          route.table = table === 254 ? null : (table ?? -1);
          break;
        }
        case "PreferredSource":
          route.preferredSource = parseAddress(entry.value);
          if (route.preferredSource === null && entry.value !== "") this.#bad(entry, "an address");
          break;
        case "Type":
          if (!ROUTE_TYPES.has(entry.value)) this.#bad(entry, [...ROUTE_TYPES].join(", "));
          else route.type = entry.value;
          break;
        case "Scope":
          if (!/^(global|site|link|host|nowhere|\d{1,3})$/.test(entry.value)) this.#bad(entry, "global, link or host");
          else route.scope = entry.value;
      }
    }
    const family = destination?.address.family ?? route.family ?? route.gateway?.family ?? null;
    if (family === null) {
      if (ignored) return;
      const text = "A [Route] without Gateway= and Destination= leads nowhere and is ignored.";
      reader.say("systemd-networkd/incomplete", "error", text, place);
      return;
    }
    if (family === 6 && route.gateway?.family === 4) {
      const text = "A route for IPv6 cannot have an IPv4 gateway; the section is ignored.";
      reader.say("systemd-networkd/families-mixed", "error", text, route.gatewayPlace ?? place);
      return;
    }
    this.#routes.push({
      ...newRoute(family, place),
      ...route,
      family,
      ...(destination === null ? {} : { destination: destination.address, length: destination.length }),
    });
  }

  #prefix(entry: Entry): WrittenPrefix | null {
    const prefix = parsePrefixValue(entry.value, true);
    if (prefix === null) {
      const text = `"${shown(entry.value)}" is no address with its length; the line is ignored. Write it like 192.0.2.1/24.`;
      this.#reader.say("systemd-networkd/bad-address", "error", text, placeOf(entry));
      return null;
    }
    if (prefix.guessed) {
      const place = placeOf(entry);
      const { address, length } = prefix;
      const end = { start: place.span.end, end: place.span.end };
      const text =
        address.family === 6
          ? `${address} has no length and is taken as a single address (/128); write the length.`
          : `${address} has no length. networkd up to 255 takes /${length}, the network its old class had, and later ones /32: write the length.`;
      this.#reader.say("systemd-networkd/no-prefix-length", "warning", text, place, {
        fix:
          address.family === 6
            ? { title: "write /128", edits: [{ source: place.source, span: end, text: "/128" }] }
            : null,
      });
    }
    return prefix;
  }

  #bad(entry: Entry, expected: string): void {
    const text = `${entry.key}= is ${expected}; "${shown(entry.value)}" is not, and the line is ignored.`;
    this.#reader.say("systemd-networkd/bad-value", "error", text, placeOf(entry));
  }

  #badGateway(entry: Entry): void {
    const text = `"${shown(entry.value)}" is no address of a gateway; the line is ignored.`;
    this.#reader.say("systemd-networkd/bad-gateway", "error", text, placeOf(entry));
  }

  /** network_drop_invalid_addresses(): of two equal ones the later is kept. */
  #dropTwins(): void {
    const seen = new Map<string, NetworkAddress>();
    const dropped = new Set<NetworkAddress>();
    for (const one of this.#addresses) {
      const key = `${one.address}/${one.address.family === 6 ? "" : one.length}`;
      const before = seen.get(key);
      seen.set(key, one);
      if (before === undefined || one.address.isUnspecified()) continue;
      dropped.add(before);
      const text = `${one.address}/${one.length} is set twice; the earlier line is dropped.`;
      this.#reader.say("systemd-networkd/address-twice", "warning", text, one.place);
    }
    if (dropped.size === 0) return;
    const kept = this.#addresses.filter((one) => !dropped.has(one));
    this.#addresses.splice(0, this.#addresses.length, ...kept);
  }
}

const ROUTE_TYPES: ReadonlySet<string> = new Set(
  "unicast local broadcast anycast multicast blackhole unreachable prohibit throw nat xresolve".split(" "),
);

function newAddress(prefix: WrittenPrefix, place: Place): NetworkAddress {
  const { address, length } = prefix;
  return { address, length, peer: null, broadcast: null, metric: 0, prefixRoute: true, place };
}

function newRoute(family: Family, place: Place): NetworkRoute {
  return {
    family,
    destination: new Address(family, 0),
    length: 0,
    gateway: null,
    learnedGateway: false,
    onLink: null,
    metric: 0,
    type: "unicast",
    scope: null,
    preferredSource: null,
    table: null,
    mtu: null,
    place,
    gatewayPlace: null,
  };
}
