/** Linux's route(8) of net-tools, as the commands of ip(8) that do the same. */
import { Address, diagnostic, parseAddress, type Source, type Span } from "@pierhead/core";
import { parseNetmask, type Word } from "../text/index.ts";
import type { IpReading } from "./parse.ts";
import type { IpRouteCommand } from "./types.ts";

/**
 * Reads `route [-A inet6|-6] add|del [-net|-host] TARGET [netmask M] [gw G] [metric N] [mss N] [reject] [[dev] IF]`.
 *
 * @param words what follows `route`
 * @param span of the whole command
 */
export function parseNetToolsRoute(source: Source, words: readonly Word[], span: Span): IpReading {
  let at = 0;
  let six = false;
  for (let word = words[at]; word?.text.startsWith("-") === true; word = words[at]) {
    at++;
    if (word.text === "-6" || word.text === "--inet6") six = true;
    else if (word.text === "-A") six = words[at++]?.text === "inet6";
  }
  const action = words[at++]?.text;
  if (action !== "add" && action !== "del" && action !== "delete") {
    return { command: { object: "other", changes: false, span }, diagnostics: [] };
  }
  const wrong = (code: string, message: string, place: Span): IpReading => ({
    command: null,
    diagnostics: [diagnostic(code, "error", message, source, place)],
  });
  let kind: "net" | "host" | null = null;
  for (let word = words[at]; word !== undefined && /^-(net|host)$/.test(word.text); word = words[++at]) {
    kind = word.text === "-net" ? "net" : "host";
  }
  const target = words[at++];
  if (target === undefined) return wrong("ip-command/incomplete", "The destination is missing.", span);
  const isDefault = target.text === "default";
  const [head = "", tail] = target.text.split("/", 2);
  const written = isDefault ? new Address(six ? 6 : 4, 0) : parseAddress(head);
  if (written === null) {
    return wrong("ip-command/bad-address", `"${target.text.slice(0, 40)}" is no address.`, target.span);
  }
  let length = isDefault ? 0 : tail === undefined ? written.bits : Number(tail);
  let hasLength = isDefault || tail !== undefined;
  if (written.isUnspecified() && tail === undefined) length = 0;
  const found: { -readonly [K in keyof IpRouteCommand]?: IpRouteCommand[K] } = {};
  while (at < words.length) {
    const word = words[at++] as Word;
    const value = words[at];
    switch (word.text) {
      case "netmask": {
        const mask = value === undefined ? null : parseNetmask(value.text);
        if (mask === null || mask < 0) {
          return wrong("ip-command/bad-address", "The netmask is none.", value?.span ?? word.span);
        }
        length = mask;
        hasLength = true;
        at++;
        break;
      }
      case "gw":
      case "gateway": {
        const gateway = value === undefined ? null : parseAddress(value.text);
        if (gateway === null) {
          return wrong("ip-command/bad-address", "The gateway is no address.", value?.span ?? word.span);
        }
        found.gateway = gateway;
        found.gatewaySpan = value?.span ?? null;
        at++;
        break;
      }
      case "metric":
        found.metric = Number(value?.text ?? 0) || 0;
        at++;
        break;
      case "mss":
      case "window":
      case "irtt":
        at++;
        break;
      case "reject":
        found.type = "unreachable";
        break;
      case "mod":
      case "dyn":
      case "reinstate":
        break;
      case "dev":
        found.device = value?.text.split(":")[0] ?? null;
        at++;
        break;
      default:
        found.device = word.text.split(":")[0] ?? null;
    }
  }
  if (kind === "host" && length !== written.bits && !isDefault) {
    return wrong("ip-command/bad-address", "A host has no netmask.", target.span);
  }
  if (kind === "net" && !hasLength) {
    return wrong("ip-command/incomplete", "A network needs `netmask` or a length.", target.span);
  }
  if (!written.equals(written.masked(length))) {
    return wrong("ip-command/bad-address", "The netmask does not fit the destination: route refuses.", target.span);
  }
  const command: IpRouteCommand = {
    object: "route",
    // SIOCADDRT asks for no exclusive route: a second one of a prefix goes before the first, for IPv6 beside it.
    action: action !== "add" ? "delete" : written.family === 4 ? "prepend" : "append",
    family: written.family,
    destination: written,
    length,
    written: target.text,
    gateway: null,
    gatewaySpan: null,
    device: null,
    onLink: false,
    // route adds 1 to the metric and the kernel takes it off again; IPv6 gets 1.
    metric: written.family === 6 ? 1 : null,
    source: null,
    table: null,
    scope: null,
    type: "unicast",
    mtu: null,
    multipath: false,
    ...found,
    span,
  };
  return { command, diagnostics: [] };
}
