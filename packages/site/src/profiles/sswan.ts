/** A profile of strongSwan's app for Android: JSON as its documentation and VpnProfileImportActivity have it. */
import { base64, baseName, type Profile, type ProfileInput, splitRoutes } from "./profile.ts";
import { clientPolicy, espSuites, ikeSuites, NO_POLICY, strongswanWords } from "./suites.ts";

/** The type a web server or a mail should give the file, so that Android opens the app. */
export const SSWAN_MEDIA_TYPE = "application/vnd.strongswan.profile";

export function sswan(input: ProfileInput): Profile {
  const { service, server, user, password, authority, identity } = input;
  if (service.protocol !== "ikev2") return { refused: "strongSwan's app for Android has no L2TP" };
  const policy = clientPolicy(input.headEnd);
  if (policy === null) return { refused: NO_POLICY };
  const [ike] = ikeSuites(policy, strongswanWords);
  const [esp] = espSuites(policy, strongswanWords);
  if (ike === undefined || esp === undefined)
    return { refused: `${policy.daemon} takes no proposal that strongSwan has by default` };
  const routes = splitRoutes(input);
  const profile = {
    uuid: input.uuid("sswan"),
    name: input.title,
    type: identity === null ? "ikev2-eap" : "ikev2-cert",
    remote: {
      addr: server,
      id: service.name ?? server,
      ...(authority === null ? {} : { cert: base64(authority.der) }),
    },
    local:
      identity === null
        ? { eap_id: user, ...(password === null ? {} : { shared_secret: password.reveal() }) }
        : { id: user, p12: base64(identity.pkcs12) },
    "ike-proposal": ike,
    "esp-proposal": esp,
    ...(routes === null ? {} : { "split-tunneling": { subnets: routes } }),
  };
  const secret = identity !== null || password !== null;
  return {
    files: [{ path: `${baseName(input)}.sswan`, content: `${JSON.stringify(profile, null, 2)}\n`, secret }],
    notes: [
      `for strongSwan's app; send it as ${SSWAN_MEDIA_TYPE}`,
      ...(identity === null && password !== null
        ? ["versions of the app that know no shared_secret ask for the password"]
        : []),
    ],
  };
}
