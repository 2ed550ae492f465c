import { Secret } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import type { IpsecContext } from "./context.ts";

/** Static keys of both directions, as pairs of hexadecimal digits. */
export interface KeyPair {
  readonly out: Secret | null;
  readonly in: Secret | null;
  /** They are in files that cannot be read here; whether they fit is not known. */
  readonly unknown: boolean;
}

/** Octets a key file may have (`KEYSIZE_LIMIT`). */
const FILE_LIMIT = 1024;

/** `key`, `out:in`, or with `file` the names of files that hold them. */
export function readKeys(context: IpsecContext, text: string, origin: Origin, fromFile: boolean): KeyPair {
  const colon = text.indexOf(":");
  if (fromFile && context.environment.machineUnknown === true) return { out: null, in: null, unknown: true };
  const read = (part: string): Secret | null => {
    if (fromFile) return keyOfFile(context, part, origin);
    return keyOfDigits(context, part.startsWith("0x") ? part.slice(2) : part, origin);
  };
  const inbound = colon === -1 ? null : read(text.slice(colon + 1));
  if (context.report.halted) return { out: null, in: null, unknown: false };
  return { out: read(colon === -1 ? text : text.slice(0, colon)), in: inbound, unknown: false };
}

/** parsekey(): every two characters an octet; what is no digit is reported and becomes ff. */
function keyOfDigits(context: IpsecContext, digits: string, origin: Origin): Secret {
  let key = "";
  for (let i = 0; i + 1 < digits.length; i += 2) {
    const pair = digits.slice(i, i + 2);
    if (/^[0-9a-fA-F]{2}$/.test(pair)) key += pair.toLowerCase();
    else {
      context.report.error(
        "ipsec/key-digits",
        "keys need to be specified in hex digits",
        origin,
        "A key has a character that is no hexadecimal digit; write it as 0x and digits 0 to f.",
      );
      key += "ff";
    }
  }
  return new Secret(key);
}

function keyOfFile(context: IpsecContext, path: string, origin: Origin): Secret | null {
  const text = context.environment.readFile(path);
  if (text === null) {
    context.report.fatal(
      "ipsec/key-file",
      `ipsecctl: open ${path}: No such file or directory`,
      origin,
      `Key file ${path} cannot be read.`,
    );
    return null;
  }
  if (text.length === 0 || text.length > FILE_LIMIT) {
    context.report.fatal(
      "ipsec/key-file",
      `ipsecctl: ${path}: key too ${text.length === 0 ? "small" : "large"}`,
      origin,
      `Key file ${path} must have 1 to ${FILE_LIMIT} octets, hexadecimal digits only.`,
    );
    return null;
  }
  return keyOfDigits(context, text, origin);
}
