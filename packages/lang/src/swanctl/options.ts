/** The keys of swanctl.conf(5), section by section (swanctl.opt, vici_config.c, vici_attribute.c, vici_authority.c). */
import type { ValueKind } from "./values.ts";

/** A key, with what it takes. */
export interface Option {
  readonly value: ValueKind;
  /** Several values with commas between. */
  readonly list: boolean;
}

function options(
  rows: Readonly<Record<string, ValueKind>>,
  lists: Readonly<Record<string, ValueKind>> = {},
): ReadonlyMap<string, Option> {
  const map = new Map<string, Option>();
  for (const [key, value] of Object.entries(rows)) map.set(key, { value, list: false });
  for (const [key, value] of Object.entries(lists)) map.set(key, { value, list: true });
  return map;
}

/** `connections.NAME`. */
export const CONNECTION_OPTIONS: ReadonlyMap<string, Option> = options(
  {
    version: "number",
    aggressive: "boolean",
    pull: "boolean",
    dscp: "binary",
    encap: "boolean",
    mobike: "boolean",
    dpd_delay: "time",
    dpd_timeout: "time",
    fragmentation: ["yes", "accept", "no", "force"],
    childless: ["allow", "prefer", "never", "force"],
    send_certreq: "boolean",
    send_cert: ["ifasked", "always", "never"],
    ocsp: ["both", "reply", "request", "never"],
    keyingtries: "number",
    unique: ["never", "no", "replace", "keep"],
    local_port: "number",
    remote_port: "number",
    reauth_time: "time",
    rekey_time: "time",
    over_time: "time",
    rand_time: "time",
    ppk_id: "text",
    ppk_required: "boolean",
    if_id_in: "interface-id",
    if_id_out: "interface-id",
    mediation: "boolean",
    mediated_by: "text",
    mediation_peer: "text",
  },
  { local_addrs: "text", remote_addrs: "text", proposals: "ike-proposal", vips: "address", pools: "text" },
);

/** `connections.NAME.local…` and `remote…`. */
export const AUTHENTICATION_OPTIONS: ReadonlyMap<string, Option> = options(
  {
    auth: "authentication",
    id: "text",
    ca_id: "text",
    aaa_id: "text",
    eap_id: "text",
    xauth_id: "text",
    revocation: ["strict", "ifuri", "relaxed"],
    round: "number",
  },
  { groups: "text", cert_policy: "text", certs: "text", cacerts: "text", pubkeys: "text" },
);

/** `connections.NAME.local.cert…` and `cacert…`. */
export const CERTIFICATE_OPTIONS: ReadonlyMap<string, Option> = options({
  handle: "text",
  slot: "number",
  module: "text",
  file: "text",
});

/** `connections.NAME.children.NAME`. */
export const CHILD_OPTIONS: ReadonlyMap<string, Option> = options(
  {
    updown: "text",
    hostaccess: "boolean",
    mode: ["tunnel", "transport", "transport_proxy", "iptfs", "beet", "drop", "pass"],
    policies: "boolean",
    policies_fwd_out: "boolean",
    replay_window: "number",
    rekey_time: "time",
    life_time: "time",
    rand_time: "time",
    rekey_bytes: "bytes",
    life_bytes: "bytes",
    rand_bytes: "bytes",
    rekey_packets: "number",
    life_packets: "number",
    rand_packets: "number",
    dpd_action: "action",
    start_action: "action",
    close_action: "action",
    ipcomp: "boolean",
    inactivity: "time",
    reqid: "number",
    mark_in: "mark",
    mark_in_sa: "boolean",
    mark_out: "mark",
    set_mark_in: "set-mark",
    set_mark_out: "set-mark",
    tfc_padding: "padding",
    priority: "number",
    interface: "text",
    hw_offload: ["no", "yes", "crypto", "packet", "auto"],
    sha256_96: "boolean",
    copy_df: "boolean",
    copy_ecn: "boolean",
    copy_dscp: ["no", "in", "out", "yes"],
    icmp: "boolean",
    if_id_in: "interface-id",
    if_id_out: "interface-id",
    label: "text",
    label_mode: ["system", "simple", "selinux"],
    per_cpu_sas: ["encap", "yes", "true", "enabled", "1", "no", "false", "disabled", "0"],
  },
  { ah_proposals: "ah-proposal", esp_proposals: "esp-proposal", local_ts: "selector", remote_ts: "selector" },
);

/** Keys of `pools.NAME` besides `addrs`; any number is one, too. */
export const POOL_ATTRIBUTES: readonly string[] = [
  "address",
  "dns",
  "nbns",
  "dhcp",
  "netmask",
  "server",
  "subnet",
  "p_cscf",
  "split_include",
  "split_exclude",
];

/** `authorities.NAME`. */
export const AUTHORITY_OPTIONS: ReadonlyMap<string, Option> = options(
  { cacert: "text", file: "text", handle: "text", slot: "number", module: "text", cert_uri_base: "text" },
  { crl_uris: "text", ocsp_uris: "text" },
);

/** What the name of a section of `secrets` may start with; the first that fits counts. */
export const SECRET_KINDS = [
  "eap",
  "xauth",
  "ntlm",
  "ike",
  "ppk",
  "private",
  "rsa",
  "ecdsa",
  "pkcs8",
  "pkcs12",
  "token",
] as const;

export type SecretKind = (typeof SECRET_KINDS)[number];

/** Keys of sections of `secrets`; `id…` belongs to shared ones. */
export const SHARED_SECRETS: ReadonlySet<SecretKind> = new Set(["eap", "xauth", "ntlm", "ike", "ppk"]);

/** Top sections, of which swanctl reads nothing else. */
export const TOP_SECTIONS: readonly string[] = ["connections", "secrets", "pools", "authorities"];
