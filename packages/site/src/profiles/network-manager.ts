/**
 * NetworkManager's keyfile (nm-settings-keyfile(5)) for its plugins l2tp (nm-l2tp-service.c: valid_properties) and
 * strongswan (nm_service.c of charon-nm).
 */
import {
  authorityFile,
  baseName,
  type Profile,
  type ProfileFile,
  type ProfileInput,
  pem,
  splitRoutes,
} from "./profile.ts";
import { clientPolicy, espSuites, ikeSuites, NO_POLICY, strongswanWords } from "./suites.ts";

/** GKeyFile: a backslash begins an escape, white space at the start is dropped, and at the end it is hard to see. */
export function keyfileValue(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\t", "\\t")
    .replaceAll("\r", "\\r")
    .replace(/^ +| +$/g, (spaces) => "\\s".repeat(spaces.length));
}

/** Where a user puts the certificates; keyfiles want absolute paths. */
const CERTIFICATES = "/etc/NetworkManager/certificates";

type Group = readonly [string, readonly (readonly [string, string])[]];

export function networkManager(input: ProfileInput): Profile {
  const ikev2 = input.service.protocol === "ikev2";
  const made = ikev2 ? strongswan(input) : l2tp(input);
  if (typeof made === "string") return { refused: made };
  const routes = splitRoutes(input);
  const groups: Group[] = [
    [
      "connection",
      [
        ["id", input.title],
        ["uuid", input.uuid("networkmanager")],
        ["type", "vpn"],
        ["autoconnect", "false"],
      ],
    ],
    ["vpn", made.vpn],
    ...(made.secrets.length === 0 ? [] : [["vpn-secrets", made.secrets] as const]),
    [
      "ipv4",
      [
        ["method", "auto"],
        ...(routes === null ? [] : ([["never-default", "true"]] as const)),
        ...(routes ?? []).map((network, index) => [`route${index + 1}`, network] as const),
      ],
    ],
    ["ipv6", [["method", "disabled"]]],
  ];
  const text = groups
    .map(([name, entries]) => `[${name}]\n${entries.map(([key, value]) => `${key}=${keyfileValue(value)}\n`).join("")}`)
    .join("\n");
  const file = `${baseName(input)}.nmconnection`;
  return {
    files: [{ path: file, content: text, secret: made.secrets.length > 0 }, ...made.files],
    notes: [
      `put it into /etc/NetworkManager/system-connections, owner root, mode 0600, then \`nmcli connection reload\``,
    ],
  };
}

interface Made {
  readonly vpn: readonly (readonly [string, string])[];
  readonly secrets: readonly (readonly [string, string])[];
  readonly files: readonly ProfileFile[];
}

function l2tp({ server, user, password, psk }: ProfileInput): Made {
  return {
    vpn: [
      ["service-type", "org.freedesktop.NetworkManager.l2tp"],
      ["gateway", server],
      ["user", user],
      ["user-auth-type", "password"],
      // 0: kept in this file; 2: asked for each time.
      ["password-flags", password === null ? "2" : "0"],
      ["machine-auth-type", "psk"],
      ["ipsec-enabled", "yes"],
      ["ipsec-psk-flags", psk === null ? "2" : "0"],
      ["refuse-eap", "yes"],
      ["refuse-pap", "yes"],
      ["refuse-chap", "yes"],
      ["refuse-mschap", "yes"],
    ],
    secrets: [
      ...(psk === null ? [] : ([["ipsec-psk", pluginKey(psk.reveal())]] as const)),
      ...(password === null ? [] : ([["password", password.reveal()]] as const)),
    ],
    files: [],
  };
}

/** The plugin takes what begins with 0s for base64: such a key is written as base64 itself. */
function pluginKey(key: string): string {
  return key.startsWith("0s") ? `0s${btoa(key)}` : key;
}

function strongswan(input: ProfileInput): Made | string {
  const { server, service, user, password, authority, identity } = input;
  const policy = clientPolicy(input.headEnd);
  if (policy === null) return NO_POLICY;
  const ike = ikeSuites(policy, strongswanWords).slice(0, 3);
  const esp = espSuites(policy, strongswanWords).slice(0, 3);
  const [firstIke, firstEsp] = [ike[0], esp[0]];
  if (firstIke === undefined || firstEsp === undefined)
    return `${policy.daemon} takes no proposal that strongSwan has by default`;
  const files: ProfileFile[] = [];
  const place = (name: string, content: string, secret: boolean): string => {
    files.push({ path: name, content, secret });
    return `${CERTIFICATES}/${name}`;
  };
  const vpn: [string, string][] = [
    ["service-type", "org.freedesktop.NetworkManager.strongswan"],
    ["address", server],
    ["remote-identity", service.name ?? server],
  ];
  if (authority !== null) vpn.push(["certificate", place(authorityFile(input), pem(authority.der), false)]);
  if (identity === null) vpn.push(["method", "eap"], ["user", user], ["password-flags", password === null ? "2" : "0"]);
  else {
    vpn.push(["method", "cert"], ["cert-source", "file"], ["local-identity", user]);
    vpn.push(["usercert", place(`${user}.crt.pem`, identity.certificate, false)]);
    vpn.push(["userkey", place(`${user}.key.pem`, identity.key.reveal(), true)]);
  }
  vpn.push(["virtual", "yes"], ["encap", "no"], ["ipcomp", "no"], ["proposal", "yes"]);
  vpn.push(["ike", ike.join(";")], ["esp", esp.join(";")]);
  const routes = splitRoutes(input);
  if (routes !== null) vpn.push(["remote-ts", routes.join(";")]);
  const secrets: [string, string][] = identity === null && password !== null ? [["password", password.reveal()]] : [];
  return { vpn, secrets, files };
}
