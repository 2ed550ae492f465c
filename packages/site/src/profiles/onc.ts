/** ChromeOS: Open Network Configuration as Chromium specifies it (components/onc/docs/onc_spec.md). */
import { base64, baseName, type Profile, type ProfileInput, splitRoutes } from "./profile.ts";

export function onc(input: ProfileInput): Profile {
  const { service, server, title, user, password, psk, authority } = input;
  if (service.certificates)
    return { refused: "ChromeOS takes client certificates from its own store, not out of a file like this" };
  const ikev2 = service.protocol === "ikev2";
  const authorityId = `{${input.uuid("onc-ca")}}`;
  const credentials = password === null ? {} : { Password: password.reveal(), SaveCredentials: true };
  const vpn = ikev2
    ? {
        Type: "IPsec",
        Host: server,
        IPsec: {
          AuthenticationType: "EAP",
          IKEVersion: 2,
          RemoteIdentity: service.name ?? server,
          LocalIdentity: user,
          EAP: {
            Outer: "MSCHAPv2",
            // Without saved credentials the specification allows no identity either.
            ...(password === null ? { SaveCredentials: false } : { Identity: user, ...credentials }),
            ...(authority === null ? { UseSystemCAs: true } : { ServerCARefs: [authorityId], UseSystemCAs: false }),
          },
        },
      }
    : {
        Type: "L2TP-IPsec",
        Host: server,
        IPsec: {
          AuthenticationType: "PSK",
          IKEVersion: 1,
          ...(psk === null ? {} : { PSK: psk.reveal(), SaveCredentials: true }),
        },
        L2TP: { Username: user, ...credentials },
      };
  const configuration = {
    Type: "UnencryptedConfiguration",
    NetworkConfigurations: [{ GUID: `{${input.uuid("onc")}}`, Name: title, Type: "VPN", VPN: vpn }],
    // Without TrustBits it is good for this connection only, and not for web sites.
    ...(ikev2 && authority !== null
      ? { Certificates: [{ GUID: authorityId, Type: "Authority", X509: base64(authority.der) }] }
      : {}),
  };
  return {
    files: [
      {
        path: `${baseName(input)}.onc`,
        content: `${JSON.stringify(configuration, null, 2)}\n`,
        secret: password !== null || psk !== null,
      },
    ],
    notes: [
      'import it at chrome://network#general, "Import ONC file"',
      ...(splitRoutes(input) === null ? [] : ["ONC has no routes for it: everything goes through the tunnel"]),
    ],
  };
}
