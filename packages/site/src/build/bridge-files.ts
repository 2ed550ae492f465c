/** What sets the bridge up at boot, with the host's card in it. Guests' taps are added when a guest starts. */
import { isAtLeast } from "@pierhead/core";
import type { Guest } from "../model/site.ts";
import type { Bridge } from "./bridge.ts";
import { bareCard, type Card } from "./card.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { filteredGuests } from "./guest-rules.ts";
import type { Station } from "./station.ts";
import { openbsdWireRules } from "./wire.ts";

/** The bridge as a card of its own, for hosts that have no address on it. */
export function bareBridge(bridge: Bridge): Card {
  return bareCard(bridge.name, [...bridge.path, "bridge"]);
}

/** Files of OpenBSD, FreeBSD and NetBSD; on Linux the bridge is set up with the cards. */
export function bridgeFiles(station: Station, guests: readonly Guest[]): BuiltFile[] {
  const { bridge, host } = station;
  if (bridge === null) return [];
  switch (host.system.family) {
    case "openbsd":
      return openbsdBridge(bridge, station, guests);
    case "freebsd":
      return freebsdBridge(bridge, isAtLeast(host.system, "freebsd", 13), filteredGuests(host, guests).length > 0);
    case "netbsd":
      return netbsdBridge(bridge, station);
    default:
      return [];
  }
}

/**
 * bridge(4) leaves the card its addresses. veb(4) takes the card whole: the host itself is then on a vport(4) beside it.
 */
function openbsdBridge(bridge: Bridge, station: Station, guests: readonly Guest[]): BuiltFile[] {
  const { cards } = station;
  const path = [...bridge.path, "bridge"];
  const out = new FileWriter(`/etc/hostname.${bridge.name}`, { mode: 0o640 });
  out.line(`add ${bridge.card}`, bridge.cardPath, path);
  if (bridge.name.startsWith("veb")) {
    for (const card of cards) if (/^vport\d/.test(card.interface)) out.line(`add ${card.interface}`, card.path, path);
  }
  openbsdWireRules(out, station.host, guests);
  out.line("up", path);
  const files = [out.finish()];
  // A card without addresses is brought up by nobody else.
  if (!cards.some((card) => card.interface === bridge.card)) {
    files.push(new FileWriter(`/etc/hostname.${bridge.card}`, { mode: 0o640 }).line("up", bridge.cardPath).finish());
  }
  return files;
}

/**
 * The bridge takes the MAC of the card, as providers drop frames from one they do not know, and leaves guests' frames to
 * the guests' own rules, unless strangers are on the wire. These switches come with the module, after sysctl.conf was read: the loader keeps them.
 */
function freebsdBridge(bridge: Bridge, hasFolder: boolean, filtered: boolean): BuiltFile[] {
  const path = [...bridge.path, "bridge"];
  // loader.conf.d is read from FreeBSD 13 on; loader.conf itself may be what mounts the root.
  const out = new FileWriter(hasFolder ? "/boot/loader.conf.d/bridge.conf" : "/boot/loader.conf.local");
  const sees = filtered ? "what guests send and get on card and taps, too" : "what is for the host only";
  out.line(`# The bridge has the MAC of its first card, and pf sees ${sees}.`, path);
  out.line('net.link.bridge.inherit_mac="1"', path);
  out.line(`net.link.bridge.pfil_member="${filtered ? 1 : 0}"`, path);
  out.line('net.link.bridge.pfil_bridge="0"', path);
  return [out.finish()];
}

/** NetBSD: the address stays on the card. */
function netbsdBridge(bridge: Bridge, station: Station): BuiltFile[] {
  const path = [...bridge.path, "bridge"];
  const out = new FileWriter(`/etc/ifconfig.${bridge.name}`);
  out.line("create", path);
  out.line(`!/sbin/brconfig ${bridge.name} add ${bridge.card} up`, bridge.cardPath, path);
  const files = [out.finish()];
  if (!station.cards.some((card) => card.interface === bridge.card)) {
    files.push(new FileWriter(`/etc/ifconfig.${bridge.card}`).line("up", bridge.cardPath).finish());
  }
  return files;
}
