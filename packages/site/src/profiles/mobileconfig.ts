/** Apple's configuration profile: keys as Apple's device-management schema documents them (com.apple.vpn.managed). */
import { build } from "plist";
import { baseName, type Profile, type ProfileInput, splitRoutes } from "./profile.ts";
import { clientPolicy, espSuites, ikeSuites, NO_POLICY, type Suite } from "./suites.ts";

const CIPHERS: Readonly<Record<string, string>> = {
  AES_CBC_256: "AES-256",
  AES_CBC_128: "AES-128",
  AES_GCM_16_256: "AES-256-GCM",
  AES_GCM_16_128: "AES-128-GCM",
};
const INTEGRITY: Readonly<Record<string, string>> = {
  HMAC_SHA2_256_128: "SHA2-256",
  HMAC_SHA2_384_192: "SHA2-384",
  HMAC_SHA2_512_256: "SHA2-512",
  HMAC_SHA1_96: "SHA1-96",
};
/** IANA's numbers, as DiffieHellmanGroup has them. */
const GROUPS: Readonly<Record<string, number>> = {
  MODP_1024: 2,
  MODP_2048: 14,
  MODP_3072: 15,
  MODP_4096: 16,
  ECP_256: 19,
  ECP_384: 20,
  CURVE25519: 31,
};

type Value = string | number | boolean | Uint8Array | Value[] | Dictionary;
interface Dictionary {
  [key: string]: Value;
}

/** The profile: the same site and user always give the same identifiers, so that a new one takes the old one's place. */
export function mobileconfig(input: ProfileInput): Profile {
  const connection = input.service.protocol === "ikev2" ? ikev2(input) : l2tp(input);
  if (typeof connection === "string") return { refused: connection };
  const { site, host, title, user, authority, identity } = input;
  const own = `vpn.${site}.${host}.${input.uuid("user")}`;
  const payload = (kind: string, type: string, name: string, keys: Dictionary): Dictionary => ({
    PayloadType: type,
    PayloadVersion: 1,
    PayloadIdentifier: `${own}.${kind}`,
    PayloadUUID: input.uuid(kind),
    PayloadDisplayName: name,
    ...keys,
  });
  const certificates: Dictionary[] = [];
  if (authority !== null) {
    const keys = { PayloadCertificateFileName: `${baseName(input)}-ca.cer`, PayloadContent: authority.der };
    certificates.push(payload("ca", "com.apple.security.root", authority.commonName, keys));
  }
  if (identity !== null) {
    const keys = {
      PayloadCertificateFileName: `${user}.p12`,
      PayloadContent: identity.pkcs12,
      ...(identity.password === null ? {} : { Password: identity.password.reveal() }),
    };
    certificates.push(payload("identity", "com.apple.security.pkcs12", user, keys));
  }
  const profile = {
    PayloadType: "Configuration",
    PayloadVersion: 1,
    PayloadIdentifier: own,
    PayloadUUID: input.uuid("profile"),
    PayloadDisplayName: `${title} (${user})`,
    PayloadDescription: `Connects ${user} to ${input.server}.`,
    PayloadOrganization: site,
    PayloadContent: [
      ...certificates,
      payload("vpn", "com.apple.vpn.managed", title, { UserDefinedName: title, ...connection.keys }),
    ],
  };
  const secret = input.password !== null || input.psk !== null || identity !== null;
  return {
    files: [
      {
        path: `${baseName(input)}.mobileconfig`,
        content: `${build(profile)}\n`,
        secret,
      },
    ],
    notes: connection.notes,
  };
}

interface Connection {
  readonly keys: Dictionary;
  readonly notes: readonly string[];
}

function l2tp(input: ProfileInput): Connection {
  const { psk, password, server, user, service } = input;
  const everything = splitRoutes(input) === null;
  return {
    keys: {
      VPNType: "L2TP",
      IPv4: { OverridePrimary: everything ? 1 : 0 },
      PPP: {
        CommRemoteAddress: server,
        AuthName: user,
        ...(password === null ? {} : { AuthPassword: password.reveal() }),
      },
      IPSec: {
        AuthenticationMethod: "SharedSecret",
        ...(psk === null ? {} : { SharedSecret: new TextEncoder().encode(psk.reveal()) }),
      },
    },
    notes: everything
      ? []
      : [
          `Apple documents no routes for L2TP: without "send all traffic" only the addresses of the pool are reached, so turn it on in the connection to reach ${service.lans.map((lan) => lan.name).join(", ")}`,
        ],
  };
}

function ikev2(input: ProfileInput): Connection | string {
  const { server, service, user, password, authority, identity } = input;
  const policy = clientPolicy(input.headEnd);
  if (policy === null) return NO_POLICY;
  const [ike] = ikeSuites(policy, parameters);
  const [child] = espSuites(policy, (suite) => (suite.group === "" ? parameters(suite) : null));
  if (ike === undefined || child === undefined) {
    return `${policy.daemon} takes no ${ike === undefined ? "IKE" : "ESP"} proposal that Apple's profiles can name`;
  }
  const group = ike["DiffieHellmanGroup"] ?? 14;
  return {
    keys: {
      VPNType: "IKEv2",
      IKEv2: {
        RemoteAddress: server,
        RemoteIdentifier: service.name ?? server,
        LocalIdentifier: user,
        // How the server shows who it is; with EAP it says nothing about the user (strongSwan's interop pages).
        AuthenticationMethod: "Certificate",
        ...(authority === null ? {} : { ServerCertificateIssuerCommonName: authority.commonName }),
        ...(identity === null
          ? {
              ExtendedAuthEnabled: 1,
              AuthName: user,
              ...(password === null ? {} : { AuthPassword: password.reveal() }),
            }
          : {
              ExtendedAuthEnabled: 0,
              PayloadCertificateUUID: input.uuid("identity"),
              CertificateType: identity.keyType === "rsa" ? "RSA" : "ECDSA256",
            }),
        DeadPeerDetectionRate: "Medium",
        EnablePFS: 0,
        IKESecurityAssociationParameters: ike,
        ChildSecurityAssociationParameters: { ...child, DiffieHellmanGroup: group },
      },
    },
    notes:
      splitRoutes(input) === null
        ? []
        : ["which networks go through the tunnel is what the head-end agrees to, not part of the profile"],
  };
}

function parameters({ encryption, integrity, group }: Suite): Record<string, string | number> | null {
  const cipher = CIPHERS[encryption];
  // Combined ciphers have no integrity of their own; the key then names the PRF.
  const check = integrity === null ? "SHA2-256" : INTEGRITY[integrity];
  if (cipher === undefined || check === undefined) return null;
  if (group === "") return { EncryptionAlgorithm: cipher, IntegrityAlgorithm: check };
  const number = GROUPS[group];
  if (number === undefined) return null;
  return { EncryptionAlgorithm: cipher, IntegrityAlgorithm: check, DiffieHellmanGroup: number };
}
