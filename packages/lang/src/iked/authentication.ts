import { Secret } from "@pierhead/core";
import { FAIL, type Origin, type ParseReport } from "../lexer/index.ts";
import type { IkedAuthentication } from "./configuration.ts";
import type { IkedEnvironment } from "./hosts.ts";
import { hexadecimalOctets } from "./octets.ts";
import { METHODS } from "./transforms.ts";

/** Octets a key may have, and a key file. */
const KEY_LIMIT = 1024;

/** Any signature: what a rule has that says nothing. */
export function defaultAuthentication(): IkedAuthentication {
  return { method: "signature", eap: null, preSharedKey: null, text: null, origin: null };
}

export const EAP_RADIUS: Omit<IkedAuthentication, "origin"> = {
  method: "signature",
  eap: "RADIUS",
  preSharedKey: null,
  text: null,
};

export function eapByWord(report: ParseReport, word: string, origin: Origin): IkedAuthentication | typeof FAIL {
  const name = word.replaceAll("-", "_");
  const eap = { mschap_v2: "MSCHAP_V2", radius: "RADIUS" }[name.toLowerCase()] as IkedAuthentication["eap"] | undefined;
  if (eap != null) return { ...EAP_RADIUS, eap, origin };
  report.error(
    "iked/eap-method",
    `unsupported EAP method: ${name}`,
    origin,
    `iked speaks EAP "mschap-v2" and "radius" only, not "${word}".`,
  );
  return FAIL;
}

export function methodByWord(report: ParseReport, word: string, origin: Origin): IkedAuthentication | typeof FAIL {
  const method = METHODS.find((name) => name.startsWith(word));
  if (method !== undefined && method !== "none") return { ...defaultAuthentication(), method, origin };
  report.error(
    "iked/authentication-mode",
    "not a valid authentication mode",
    origin,
    `"${word}" is no authentication; it is psk, eap, ${METHODS.slice(1).join(", ")}.`,
  );
  return FAIL;
}

/** `psk WORD`: octets in hexadecimal digits behind 0x, or the text itself. */
export function keyOfWord(report: ParseReport, word: string, origin: Origin): IkedAuthentication | typeof FAIL {
  const text = new Secret(word);
  if (word.startsWith("0x")) return keyOfDigits(report, word.slice(2), text, origin);
  const octets = hexadecimalOctets(word);
  const length = octets.length / 2;
  if (length > KEY_LIMIT) {
    report.error("iked/psk-too-long", "psk too long", origin, `A pre-shared key has at most ${KEY_LIMIT} octets.`);
    return FAIL;
  }
  return key(octets, length, text, origin);
}

/** `psk file NAME`. */
export function keyOfFile(
  report: ParseReport,
  environment: IkedEnvironment,
  path: string,
  origin: Origin,
): IkedAuthentication | typeof FAIL {
  const content = environment.readFile(path);
  if (content === null && environment.machineUnknown === true) {
    return { method: "psk", eap: null, preSharedKey: new Secret(""), text: null, origin };
  }
  if (content === null) {
    report.fatal(
      "iked/key-file",
      `iked: open ${path}: No such file or directory`,
      origin,
      `Key file ${path} cannot be read.`,
    );
    return FAIL;
  }
  if (content.length === 0 || content.length > KEY_LIMIT) {
    report.fatal(
      "iked/key-file",
      `iked: ${path}: key too ${content.length === 0 ? "small" : "large"}`,
      origin,
      `Key file ${path} must have 1 to ${KEY_LIMIT} octets, hexadecimal digits only.`,
    );
    return FAIL;
  }
  return keyOfDigits(report, content, new Secret(content), origin);
}

/** parsekey(): every two characters an octet; what is no digit is reported and becomes ff. */
function keyOfDigits(
  report: ParseReport,
  digits: string,
  text: Secret,
  origin: Origin,
): IkedAuthentication | typeof FAIL {
  const length = digits.length >> 1;
  if (length > KEY_LIMIT) {
    report.note("iked/psk-too-long", "error", `A pre-shared key has at most ${KEY_LIMIT} octets.`, origin);
    return FAIL;
  }
  let octets = "";
  for (let i = 0; i < (length & 255); i++) {
    const pair = digits.slice(i * 2, i * 2 + 2);
    if (/^[0-9a-fA-F]{2}$/.test(pair)) octets += pair.toLowerCase();
    else {
      report.error(
        "iked/key-digits",
        "keys need to be specified in hex digits",
        origin,
        "A key that starts with 0x has a character that is no hexadecimal digit.",
      );
      octets += "ff";
    }
  }
  return key(octets, length, text, origin);
}

/** iked keeps the length in one octet: of 256 octets none are left, of 300 the first 44. */
function key(octets: string, length: number, text: Secret, origin: Origin): IkedAuthentication {
  return {
    method: "psk",
    eap: null,
    preSharedKey: new Secret(octets.slice(0, (length & 255) * 2)),
    text,
    origin,
  };
}
