/** Answers to an Access-Request, in the portal's words. The server is believed, what it says is still only text. */
import { AttributeSet, CODE, type RadiusPacket } from "@pierhead/lang/radius-wire";
import { readLimits } from "./limits.ts";
import { boundedClasses } from "./request.ts";
import type { AccessAnswer } from "./types.ts";

/** Characters of a message that are shown. */
const MOST_MESSAGE = 1_000;
const MOST_URL = 2_048;

/** ChilliSpot-Config that says of a device known by its MAC: it has to go by the page all the same. */
const MUST_ASK: ReadonlySet<string> = new Set(["require-uam-auth", "splash"]);

/** Codes an Access-Request is answered with. */
export const ACCESS_ANSWERS: ReadonlySet<number> = new Set([
  CODE.accessAccept,
  CODE.accessReject,
  CODE.accessChallenge,
]);

/**
 * Reads an answer that was checked.
 *
 * @param now Unix milliseconds: an Accept that has ended already (WISPr-Session-Terminate-Time) is a Reject
 */
export function readAccessAnswer(
  packet: RadiusPacket,
  set: AttributeSet,
  swapOctets: boolean,
  now: number,
): AccessAnswer {
  const message = readMessage(set);
  if (packet.code === CODE.accessChallenge) {
    const state = set.octets("State");
    // Without State nothing ties the next request to this one (RFC 2865, 5.24).
    if (state === undefined) return { kind: "reject", message };
    const patience = set.integer("Session-Timeout") || null;
    return { kind: "challenge", message, state: Uint8Array.from(state), echo: set.integer("Prompt") === 1, patience };
  }
  // CoovaChilli reads it in a Reject as well.
  const redirect = readUrl(set.texts("WISPr-Redirection-URL").join(""));
  if (packet.code !== CODE.accessAccept) return { kind: "reject", message, ...(redirect === null ? {} : { redirect }) };
  const limits = readLimits(set, swapOctets);
  if (limits.until !== undefined && limits.until <= now) return { kind: "reject", message };
  return {
    kind: "accept",
    limits,
    user: set.text("User-Name") || null,
    classes: boundedClasses(set.all("Class")).map((value) => Uint8Array.from(value)),
    message,
    redirect,
    filter: set.text("Filter-Id") || null,
    vlan: set.tagged("Tunnel-Private-Group-Id") || null,
    ...(set.texts("ChilliSpot-Config").some((word) => MUST_ASK.has(word)) ? { mustAsk: true } : {}),
  };
}

export function readAnswerOf(packet: RadiusPacket, swapOctets: boolean, now: number): AccessAnswer {
  return readAccessAnswer(packet, new AttributeSet(packet.attributes), swapOctets, now);
}

/** Reply-Message in order, or what MS-CHAP-Error has to say (RFC 2759, 6: `E=691 R=0 C=… V=3 M=text`). */
function readMessage(set: AttributeSet): string {
  const texts = set.texts("Reply-Message");
  if (texts.length === 0) {
    const error = set.octets("MS-CHAP-Error");
    const text = error === undefined ? null : /(?:^|\s)M=(.*)$/s.exec(Buffer.from(error.subarray(1)).toString("utf8"));
    if (text !== null) texts.push(text[1] as string);
  }
  return (
    texts
      .join("\n")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
      .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "")
      .slice(0, MOST_MESSAGE)
  );
}

/** Only where a browser goes by HTTP: no `javascript:`. */
function readUrl(text: string): string | null {
  if (text.length > MOST_URL || !/^https?:\/\//i.test(text)) return null;
  try {
    return new URL(text).href;
  } catch {
    return null;
  }
}
