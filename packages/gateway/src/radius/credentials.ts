/** Credentials as attributes, and what an Accept to them must prove. */
import { randomBytes } from "node:crypto";
import type { RadiusConfig } from "@pierhead/lang/portal-conf";
import { type AttributeSet, attribute, type RadiusAttribute } from "@pierhead/lang/radius-wire";
import { hidePassword } from "./digest.ts";
import { authenticatorResponse, chap2Response, ntPasswordHash, ntResponse } from "./mschap.ts";
import type { AccessRequest } from "./types.ts";
import { chapResponse } from "./uam.ts";

/** RFC 2865, 5.2. */
export const MOST_PASSWORD = 128;

export interface CredentialAttributes {
  readonly attributes: readonly RadiusAttribute[];
  /** False when the Accept does not show that the server knows the password (RFC 2759, 8.8). */
  readonly proven: (set: AttributeSet) => boolean;
}

const NOTHING_TO_PROVE = (): boolean => true;

/** Made anew for each server: each has its own secret, and a challenge is used once. */
export function credentialAttributes(
  request: AccessRequest,
  protocol: RadiusConfig["protocol"],
  secret: Uint8Array,
  authenticator: Uint8Array,
): CredentialAttributes {
  const { credentials } = request;
  if (credentials.kind === "chap") {
    return chap(credentials.identifier, credentials.response, credentials.challenge);
  }
  if (credentials.kind === "mschapv2") {
    const { challenge, response } = credentials;
    return mschap(0, challenge, challenge, response, NOTHING_TO_PROVE);
  }
  const { password } = credentials;
  // A MAC's password is no secret, and servers look it up as text; CoovaChilli sends PAP whatever the page's protocol is.
  if (protocol === "pap" || request.service === "mac") {
    const hidden = hidePassword(Buffer.from(password), secret, authenticator);
    return { attributes: [attribute("User-Password", hidden)], proven: NOTHING_TO_PROVE };
  }
  const [challenge, identifier] = [randomBytes(16), randomBytes(1)[0] as number];
  if (protocol === "chap") return chap(identifier, chapResponse(identifier, password, challenge), challenge);
  const peer = randomBytes(16);
  const hash = ntPasswordHash(password);
  const response = ntResponse(challenge, peer, request.user, hash);
  const expected = authenticatorResponse(hash, response, peer, challenge, request.user);
  return mschap(identifier, challenge, peer, response, (set) => {
    // RFC 2548, 2.3.3: the identifier, then the text.
    const success = set.octets("MS-CHAP2-Success");
    return success !== undefined && Buffer.from(success.subarray(1)).toString("latin1").startsWith(expected);
  });
}

function chap(identifier: number, response: Uint8Array, challenge: Uint8Array): CredentialAttributes {
  return {
    attributes: [
      attribute("CHAP-Password", Uint8Array.of(identifier, ...response)),
      attribute("CHAP-Challenge", challenge),
    ],
    proven: NOTHING_TO_PROVE,
  };
}

function mschap(
  identifier: number,
  challenge: Uint8Array,
  peer: Uint8Array,
  response: Uint8Array,
  proven: CredentialAttributes["proven"],
): CredentialAttributes {
  return {
    attributes: [
      attribute("MS-CHAP-Challenge", challenge),
      attribute("MS-CHAP2-Response", chap2Response(identifier, peer, response)),
    ],
    proven,
  };
}
