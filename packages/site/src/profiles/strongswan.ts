/** Linux with strongSwan, and with xl2tpd for L2TP: swanctl.conf(5), xl2tpd.conf(5), pppd(8). Paths are Debian's. */
import { baseName, type Profile, type ProfileFile, type ProfileInput, pem, splitRoutes } from "./profile.ts";
import { clientPolicy, espSuites, ikeSuites, ikev1Words, l2tpPolicy, NO_POLICY, strongswanWords } from "./suites.ts";

/**
 * A value between quotes (settings_lexer.l). What begins with 0s or 0x is decoded as base64 or hexadecimal by swanctl,
 * so a secret that does is written as base64.
 */
export function swanctlSecret(text: string): string {
  return swanctlString(/^0[sx]/i.test(text) ? `0s${btoa(text)}` : text);
}

function swanctlString(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** A word of pppd's options file: between double quotes, where a backslash takes away a character's meaning (getword). */
export function pppWord(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

const FOLDER = "strongswan/etc/swanctl";

export function strongswan(input: ProfileInput): Profile {
  return input.service.protocol === "ikev2" ? ikev2(input) : l2tp(input);
}

/** Sections and settings, indented. */
function section(name: string, lines: readonly string[]): string[] {
  return [`${name} {`, ...lines.map((line) => (line === "" ? "" : `  ${line}`)), "}"];
}

function ikev2(input: ProfileInput): Profile {
  const policy = clientPolicy(input.headEnd);
  if (policy === null) return { refused: NO_POLICY };
  const ike = ikeSuites(policy, strongswanWords).slice(0, 6);
  const esp = espSuites(policy, strongswanWords).slice(0, 6);
  if (ike.length === 0 || esp.length === 0)
    return { refused: `${policy.daemon} takes no proposal that strongSwan has by default` };
  const { server, service, user, password, authority, identity } = input;
  const base = baseName(input);
  const authorityFile = `${base}-ca.pem`;
  const connection = section(base, [
    "version = 2",
    `remote_addrs = ${server}`,
    "vips = 0.0.0.0",
    `proposals = ${ike.join(", ")}`,
    ...section(
      "local",
      identity === null
        ? ["auth = eap-mschapv2", `id = ${swanctlString(user)}`, `eap_id = ${swanctlString(user)}`]
        : ["auth = pubkey", `id = ${swanctlString(user)}`, `certs = ${user}.pem`],
    ),
    ...section("remote", [
      "auth = pubkey",
      `id = ${service.name ?? server}`,
      ...(authority === null ? [] : [`cacerts = ${authorityFile}`]),
    ]),
    ...section(
      "children",
      section(base, [
        `remote_ts = ${(splitRoutes(input) ?? ["0.0.0.0/0"]).join(", ")}`,
        `esp_proposals = ${esp.join(", ")}`,
      ]),
    ),
  ]);
  const secrets =
    identity === null && password !== null
      ? section(
          "secrets",
          section(`eap-${base}`, [`id = ${swanctlString(user)}`, `secret = ${swanctlSecret(password.reveal())}`]),
        )
      : [];
  const files: ProfileFile[] = [
    {
      path: `${FOLDER}/conf.d/${base}.conf`,
      content: text([...section("connections", connection), ...secrets]),
      secret: secrets.length > 0,
    },
  ];
  if (authority !== null)
    files.push({ path: `${FOLDER}/x509ca/${authorityFile}`, content: pem(authority.der), secret: false });
  if (identity !== null) {
    files.push({ path: `${FOLDER}/x509/${user}.pem`, content: identity.certificate, secret: false });
    files.push({ path: `${FOLDER}/private/${user}.pem`, content: identity.key.reveal(), secret: true });
  }
  const notes = [`copy it below /, \`swanctl --load-all\`, \`swanctl --initiate --child ${base}\``];
  if (password === null && identity === null) notes.push(`add the password as \`secrets { eap-${base} { … } }\``);
  if (authority === null) notes.push("put the authority's certificate into /etc/swanctl/x509ca");
  return { files, notes };
}

function l2tp(input: ProfileInput): Profile {
  const policy = l2tpPolicy(input.headEnd);
  if (policy === null) return { refused: "the head-end has no IPsec with a key for clients of any address" };
  const proposals = policy.mainMode.map(ikev1Words).filter((one) => one !== null);
  const esp = policy.quickMode === null ? null : ikev1Words(policy.quickMode);
  if (proposals.length === 0 || esp === null)
    return { refused: `${policy.daemon} takes no proposal that strongSwan has` };
  const { server, user, password, psk } = input;
  const base = baseName(input);
  const connection = section(base, [
    "version = 1",
    `remote_addrs = ${server}`,
    `proposals = ${proposals.join(", ")}`,
    ...section("local", ["auth = psk"]),
    // The head-end calls itself by its address, and behind NAT that is not the one it is reached by.
    ...section("remote", ["auth = psk", "id = %any"]),
    ...section(
      "children",
      section(base, [
        "mode = transport",
        "local_ts = dynamic[udp/1701]",
        "remote_ts = dynamic[udp/1701]",
        `esp_proposals = ${esp}`,
      ]),
    ),
  ]);
  const secrets =
    psk === null ? [] : section("secrets", section(`ike-${base}`, [`secret = ${swanctlSecret(psk.reveal())}`]));
  const options = `/etc/ppp/options.${base}`;
  const files: ProfileFile[] = [
    {
      path: `${FOLDER}/conf.d/${base}.conf`,
      content: text([...section("connections", connection), ...secrets]),
      secret: psk !== null,
    },
    {
      path: "strongswan/etc/xl2tpd/xl2tpd.conf",
      content: text([
        "[global]",
        "port = 1701",
        "",
        `[lac ${base}]`,
        `lns = ${server}`,
        "require chap = yes",
        "refuse pap = yes",
        "length bit = yes",
        `pppoptfile = ${options}`,
      ]),
      secret: false,
    },
    {
      path: `strongswan${options}`,
      content: text([
        `name ${pppWord(user)}`,
        ...(password === null ? [] : [`password ${pppWord(password.reveal())}`]),
        `remotename ${base}`,
        "ipcp-accept-local",
        "ipcp-accept-remote",
        // The head-end shows no name of its own: IPsec did that.
        "noauth",
        "refuse-eap",
        "refuse-pap",
        "refuse-chap",
        "refuse-mschap",
        "noccp",
        "mtu 1400",
        "mru 1400",
        "usepeerdns",
        // pppd leaves a default route that is there alone; the script below sets what is to go through the tunnel.
        "nodefaultroute",
      ]),
      secret: password !== null,
    },
    ...routeScript(input, base),
  ];
  return {
    files,
    notes: [
      `copy it below /, \`swanctl --load-all\`, \`swanctl --initiate --child ${base}\`, then \`xl2tpd-control connect-lac ${base}\``,
      "it takes the place of /etc/xl2tpd/xl2tpd.conf; a client that has one adds the [lac] section to it",
    ],
  };
}

/**
 * pppd runs what lies in ip-up.d when a link is up: run-parts wants names without a dot (pppd(8), SCRIPTS). Everything is
 * two halves, so that the default route stays, and the way to the server is held where it was. The routes go with the
 * link.
 */
function routeScript(input: ProfileInput, base: string): ProfileFile[] {
  const networks = splitRoutes(input);
  const lines = [
    "#!/bin/sh",
    "# What goes through the VPN.",
    `[ "$PPP_REMOTE" = ${input.service.gateway} ] || exit 0`,
    ...(networks === null
      ? [
          `server=$(getent ahostsv4 ${input.server} | sed -n '1s/ .*//p')`,
          "# shellcheck disable=SC2046",
          `ip route replace $(ip route get "$server" | sed -n '1s/ src .*//p')`,
        ]
      : []),
    ...(networks ?? ["0.0.0.0/1", "128.0.0.0/1"]).map((network) => `ip route replace ${network} dev "$PPP_IFACE"`),
  ];
  return [{ path: `strongswan/etc/ppp/ip-up.d/${base}`, content: text(lines), secret: false, executable: true }];
}

function text(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
