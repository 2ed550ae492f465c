/** What a CoA- or Disconnect-Request asks for (RFC 5176), once it is known whose it is. */
import { isIPv6 } from "node:net";
import { parseAddress } from "@pierhead/core";
import {
  ATTRIBUTES,
  type AttributeKind,
  type AttributeName,
  type AttributeSet,
  CODE,
  ERROR_CAUSE,
  SERVICE_TYPE,
} from "@pierhead/lang/radius-wire";
import { badLimits, LIMIT_ATTRIBUTES, readLimits } from "./limits.ts";
import type { NasFacts } from "./request.ts";
import type { DynamicRequest, SessionSelector } from "./types.ts";

export type ReadDynamic =
  | { readonly kind: "request"; readonly request: DynamicRequest }
  | { readonly kind: "refused"; readonly errorCause: number };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** @param code of CoA- or Disconnect-Request */
export function readDynamicRequest(
  code: number,
  set: AttributeSet,
  nas: Pick<NasFacts, "nasIdentifier" | "nasAddress" | "swapOctets">,
): ReadDynamic {
  const letter = code === CODE.coaRequest ? "D" : "d";
  if (set.integer("Service-Type") === SERVICE_TYPE.authorizeOnly) return refused(ERROR_CAUSE.unsupportedService);
  // RFC 5176, 3: what cannot be done as a whole is refused as a whole.
  const understood = (name: AttributeName | null): boolean =>
    name !== null && (ATTRIBUTES[name] as AttributeKind).use.includes(letter);
  if (set.opaque > 0 || !set.names().every(understood)) return refused(ERROR_CAUSE.unsupportedAttribute);
  if (!isForUs(set, nas)) return refused(ERROR_CAUSE.nasIdentificationMismatch);
  const selector = readSelector(set);
  if (selector === null) return refused(ERROR_CAUSE.invalidAttributeValue);
  if (Object.keys(selector).length === 0) return refused(ERROR_CAUSE.missingAttribute);
  if (letter === "d") return { kind: "request", request: { kind: "disconnect", selector } };
  if (badLimits(set).length > 0) return refused(ERROR_CAUSE.invalidAttributeValue);
  const limits = readLimits(set, nas.swapOctets);
  if (Object.keys(limits).length === 0) {
    const named = LIMIT_ATTRIBUTES.some((name) => set.has(name));
    return refused(named ? ERROR_CAUSE.invalidAttributeValue : ERROR_CAUSE.missingAttribute);
  }
  return { kind: "request", request: { kind: "coa", selector, limits } };
}

/** RFC 5176, 3: all NAS attributes that are there must be ours. An address we do not know of ours tells nothing. */
function isForUs(set: AttributeSet, nas: Pick<NasFacts, "nasIdentifier" | "nasAddress">): boolean {
  const identifier = set.text("NAS-Identifier");
  if (identifier !== undefined && identifier !== nas.nasIdentifier) return false;
  const own = nas.nasAddress === null ? null : parseAddress(nas.nasAddress)?.toString();
  if (own === null || own === undefined) return true;
  const named = isIPv6(own) ? "NAS-IPv6-Address" : "NAS-IP-Address";
  return !set.has(named) || set.address(named) === own;
}

/** Null when an attribute's value cannot be one. */
function readSelector(set: AttributeSet): SessionSelector | null {
  const selector: Mutable<SessionSelector> = {};
  const sessionId = set.text("Acct-Session-Id");
  if (sessionId !== undefined) selector.sessionId = sessionId;
  const user = set.text("User-Name");
  if (user !== undefined) selector.user = user;
  const station = set.text("Calling-Station-Id");
  if (station !== undefined) {
    const mac = readMac(station);
    if (mac === null) return null;
    selector.mac = mac;
  }
  for (const [name, family] of [
    ["Framed-IP-Address", 4],
    ["Framed-IPv6-Address", 16],
  ] as const) {
    const octets = set.octets(name);
    if (octets === undefined) continue;
    // There is room for one address; both would have to be of one session, which the one that is taken finds.
    if (octets.length !== family || set.all(name).length > 1) return null;
    selector.address ??= set.address(name) as string;
  }
  if (set.has("NAS-Port")) {
    const number = set.integer("NAS-Port");
    if (number === undefined) return null;
    selector.number = number;
  }
  const port = set.text("NAS-Port-Id");
  if (port !== undefined) {
    const number = /^\d{1,10}$/.test(port) ? Number(port) : null;
    if (number === null || (selector.number !== undefined && selector.number !== number)) return null;
    selector.number = number;
  }
  return selector;
}

/** `02:00:00:00:00:01` of any of the ways a MAC address is written; null when it is none. */
export function readMac(text: string): string | null {
  const digits = text.trim().replace(/[-:.]/g, "").toLowerCase();
  if (!/^[0-9a-f]{12}$/.test(digits)) return null;
  return (digits.match(/../g) as string[]).join(":");
}

function refused(errorCause: number): ReadDynamic {
  return { kind: "refused", errorCause };
}
