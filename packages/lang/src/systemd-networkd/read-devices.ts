/** The meaning of `.netdev` and `.link` files (systemd.netdev(5), systemd.link(5)). */
import { type Diagnostic, parseAddress } from "@pierhead/core";
import type { LinkConfiguration, NetdevConfiguration, Place } from "./configuration.ts";
import type { NetworkdFile } from "./parse.ts";
import { type Entry, placeOf, shown, ValueReader } from "./reader.ts";

const KINDS: ReadonlySet<string> = new Set(
  (
    "bridge bond vlan macvlan macvtap ipvlan ipvtap vxlan geneve l2tp macsec vrf veth dummy ipip sit gre gretap ip6gre " +
    "ip6gretap ip6tnl vti vti6 erspan tun tap vcan vxcan wireguard xfrm netdevsim nlmon fou bareudp batadv ifb ipoib " +
    "wlan hsr"
  ).split(" "),
);

/** Longest name of an interface (IFNAMSIZ). */
const NAME_LENGTH = 15;

/** Reads a `.netdev` file with its drop-ins. */
export function readNetdev(files: readonly NetworkdFile[]): {
  readonly configuration: NetdevConfiguration;
  readonly diagnostics: readonly Diagnostic[];
} {
  const reader = new ValueReader(files);
  const first = files[0] as NetworkdFile;
  const place: Place = { source: first.source, span: first.ini.sections[0]?.span ?? { start: 0, end: 0 } };
  const settings = new Map<string, Entry>();
  for (const entry of reader.entries("NetDev")) settings.set(entry.key, entry);
  const name = settings.get("Name");
  const kind = settings.get("Kind");
  if (!first.dropIn && !first.ini.refused && first.ini.sections.length > 0) {
    for (const [key, entry] of [
      ["Name", name],
      ["Kind", kind],
    ] as const) {
      if (entry !== undefined && entry.value !== "") continue;
      const text = `A .netdev file needs ${key}= in [NetDev]; without it networkd ignores the file.`;
      reader.say("systemd-networkd/incomplete", "error", text, place);
    }
  }
  if (name !== undefined) checkName(reader, name);
  if (kind !== undefined && kind.value !== "" && !KINDS.has(kind.value)) {
    const text = `networkd makes no "${shown(kind.value)}"; the file is ignored.`;
    reader.say("systemd-networkd/bad-value", "error", text, placeOf(kind));
  }
  const mac = settings.get("MACAddress");
  const mtu = settings.get("MTUBytes");
  const vlan = reader.entries("VLAN").findLast((entry) => entry.key === "Id");
  const tunnel = (key: string): ReturnType<typeof parseAddress> => {
    const entry = reader.entries("Tunnel").findLast((one) => one.key === key);
    if (entry === undefined || /^(any|ipv4_link_local|ipv6_link_local|dhcp4|dhcp6|slaac|dhcp_pd|)$/.test(entry.value)) {
      return null;
    }
    const address = parseAddress(entry.value);
    if (address === null) {
      const text = `"${shown(entry.value)}" is no address; the line is ignored.`;
      reader.say("systemd-networkd/bad-address", "error", text, placeOf(entry));
    }
    return address;
  };
  const configuration: NetdevConfiguration = {
    name: name?.value || null,
    kind: kind?.value || null,
    mac: mac === undefined || mac.value === "none" ? null : reader.mac(mac),
    mtu: mtu === undefined ? null : reader.size(mtu),
    vlan: vlan === undefined ? null : reader.number(vlan, 4094),
    tunnel: { local: tunnel("Local"), remote: tunnel("Remote") },
    place,
  };
  return { configuration, diagnostics: reader.diagnostics };
}

/** Reads a `.link` file with its drop-ins. */
export function readLink(files: readonly NetworkdFile[]): {
  readonly configuration: LinkConfiguration;
  readonly diagnostics: readonly Diagnostic[];
} {
  const reader = new ValueReader(files);
  const match = reader.match();
  const first = files[0] as NetworkdFile;
  let name: string | null = null;
  let macAddress: LinkConfiguration["macAddress"] = null;
  let mtu: number | null = null;
  for (const entry of reader.entries("Link")) {
    if (entry.key === "Name") {
      checkName(reader, entry);
      name = entry.value || null;
    } else if (entry.key === "MACAddress") {
      const mac = reader.mac(entry);
      macAddress = mac === null ? null : { mac, place: placeOf(entry) };
    } else if (entry.key === "MTUBytes") mtu = reader.size(entry);
  }
  const empty = match.names === null && match.macs === null && match.others.length === 0;
  if (empty && !first.dropIn && !first.ini.refused && first.ini.sections.length > 0) {
    reader.say(
      "systemd-networkd/no-match",
      "error",
      "There is nothing in [Match] that udev could match, so it ignores the whole file; write `OriginalName=*` for all.",
      match.place ?? { source: first.source, span: (first.ini.sections[0] as { span: Place["span"] }).span },
    );
  }
  return { configuration: { match, name, macAddress, mtu }, diagnostics: reader.diagnostics };
}

function checkName(reader: ValueReader, entry: Entry): void {
  const { value } = entry;
  // ifname_valid(): no blanks, no `/`, `:` or `%`, not a number, not `.` or `..`.
  const valid =
    value.length <= NAME_LENGTH && /^[^\s/:%]+$/.test(value) && !/^\d+$|^\.{1,2}$|^(all|default)$/.test(value);
  if (valid || value === "") return;
  const text = `"${shown(value)}" cannot be the name of an interface: at most ${NAME_LENGTH} characters, without blanks, "/", ":" and "%", and no number.`;
  reader.say("systemd-networkd/bad-value", "error", text, placeOf(entry));
}
