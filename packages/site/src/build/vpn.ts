/** The files of an OpenBSD head-end: isakmpd's and npppd's for L2TP/IPsec, iked's for IKEv2. */
import { formatPrefix } from "@pierhead/core";
import { mainModeWords } from "@pierhead/engine/vpn";
import type { Host } from "../model/site.ts";
import type { VpnService } from "../model/vpn.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";
import { dynamicRanges, mainModeOffers, SECRET } from "./vpn-offers.ts";

/** Quick mode keeps one proposal, the last rule's; every platform has this one. No platform offers PFS here. */
const QUICK_MODE = "quick auth hmac-sha1 enc aes-256 group none";

export function vpnFiles(host: Host, site: string): BuiltFile[] {
  return host.vpn.flatMap((service) =>
    service.protocol === "ikev2"
      ? [ikedConf(host, service, site)]
      : [
          ipsecConf(host, service, site),
          npppdConf(host, service, site),
          ...(service.radius === null ? [npppdUsers(service)] : []),
        ],
  );
}

/** Lines of rc.conf.local and sysctl.conf. */
export function enableVpn(host: Host, rc: FileWriter, sysctl: FileWriter): void {
  for (const { protocol, path } of host.vpn) {
    if (protocol === "ikev2") {
      rc.line("iked_flags=", path);
      continue;
    }
    // -K: no keynote policy file; what ipsecctl tells it is the policy.
    rc.line("isakmpd_flags=-K", path).line("ipsec=YES", path).line("npppd_flags=", path);
    sysctl.line("net.pipex.enable=1\t# pppx(4) needs it", path);
  }
}

/** The line's address, or its interface, which ipsecctl resolves when a lease has told. */
function local({ uplink }: VpnService): string {
  return uplink?.address === null || uplink === null ? (uplink?.interface ?? "egress") : `${uplink.address.address}`;
}

function ipsecConf(host: Host, service: VpnService, site: string): BuiltFile {
  const out = new FileWriter("/etc/ipsec.conf", SECRET);
  head(out, site, `${host.name}: L2TP clients, in transport mode. All share one key.`);
  const path = service.path;
  const key = out.secret(service.psk ?? "", "quoted");
  for (const { transform, from } of mainModeOffers(service)) {
    out.line(`ike passive esp transport proto udp from ${local(service)} to any port 1701 \\`, path, [
      ...path,
      "uplink",
    ]);
    out.line(`\tmain ${mainModeWords(transform)} ${QUICK_MODE} \\`, from);
    out.line(`\tpsk "${key}"`, [...path, "psk"]);
  }
  return out.finish();
}

function npppdConf(host: Host, service: VpnService, site: string): BuiltFile {
  const { path, radius, gateway, dns } = service;
  const out = new FileWriter("/etc/npppd/npppd.conf", SECRET);
  head(out, site, `${host.name}: PPP for clients that came in by IPsec.`);
  if (radius === null) {
    out.line("authentication USERS type local {", [...path, "users"]);
    out.line('\tusers-file "/etc/npppd/npppd-users"', [...path, "users"]).line("}");
  } else {
    out.line("authentication USERS type radius {", radius.path);
    out.line("\tauthentication-server {", radius.path);
    out.line(
      `\t\taddress ${radius.server} port ${radius.port} secret "${out.secret(radius.secret, "quoted")}"`,
      radius.path,
    );
    out.line("\t}", radius.path).line("}");
  }
  out.blank().line("tunnel L2TP protocol l2tp {", path);
  out.line("\tlisten on 0.0.0.0", path);
  out.line("\tl2tp-require-ipsec yes", path);
  out.line("\tauthentication-method mschapv2", path);
  // Full packets of TCP fit into ESP, L2TP and PPP without being cut.
  out.line("\ttcp-mss-adjust yes", path);
  out.line("}");
  out.blank().line("ipcp CLIENTS {", [...path, "pool"]);
  const fixed = service.users.flatMap((user) => (user.address === null ? [] : [user]));
  for (const { address, path: at } of fixed) out.line(`\tpool-address ${address} for static`, [...at, "address"]);
  for (const [from, to] of dynamicRanges(service)) {
    out.line(`\tpool-address ${from}-${to} for dynamic`, [...path, "pool"]);
  }
  if (dns.length > 0) out.line(`\tdns-servers ${dns.join(" ")}`, [...path, "dns"]);
  out.line("}");
  out.blank().line(`interface pppx0 address ${gateway} ipcp CLIENTS`, [...path, "pool"]);
  out.line("bind tunnel from L2TP authenticated by USERS to pppx0", path);
  return out.finish();
}

/** npppd-users(5): records of getcap(3). No comment: only root reads it, and npppd copies none. */
function npppdUsers(service: VpnService): BuiltFile {
  const out = new FileWriter("/etc/npppd/npppd-users", SECRET);
  for (const user of service.users) {
    out.line(`${user.name}:\\`, user.path);
    const more = user.address === null ? "" : "\\";
    out.line(`\t:password=${out.secret(user.password ?? "", "getcap")}:${more}`, [...user.path, "password"]);
    if (user.address !== null) out.line(`\t:framed-ip-address=${user.address}:`, [...user.path, "address"]);
  }
  return out.finish();
}

function ikedConf(host: Host, service: VpnService, site: string): BuiltFile {
  const { path, radius, pool, dns, name } = service;
  const out = new FileWriter("/etc/iked.conf", SECRET);
  head(
    out,
    site,
    `${host.name}: IKEv2 clients. The certificate is /etc/iked/certs/${name}.crt, its key /etc/iked/private/local.key.`,
  );
  for (const { name: user, password, path: at } of service.users) {
    if (password !== null) out.line(`user "${user}" "${out.secret(password, "quoted")}"`, at);
  }
  if (radius !== null) {
    out.line(
      `radius server ${radius.server} port ${radius.port} secret "${out.secret(radius.secret, "quoted")}"`,
      radius.path,
    );
  }
  out.line('ikev2 "clients" passive esp \\', path);
  for (const network of reached(service)) out.line(`\tfrom ${network} to dynamic \\`, path, [...path, "reach"]);
  out.line(`\tlocal ${local(service)} peer any \\`, path, [...path, "uplink"]);
  out.line(`\tsrcid "${name}" \\`, [...path, "name"]);
  // Without `eap` a signature is wanted, by a certificate of an authority in /etc/iked/ca.
  if (!service.certificates) out.line(radius === null ? '\teap "mschap-v2" \\' : "\teap radius \\", path);
  out.line(`\tconfig address ${formatPrefix(pool)} \\`, [...path, "pool"]);
  for (const server of dns) out.line(`\tconfig name-server ${server} \\`, [...path, "dns"]);
  out.line('\ttag "VPN"', path);
  return out.finish();
}

/** What iked agrees to carry: clients that ask for everything get no more than this, and route no more (RFC 7296 2.9). */
function reached({ internet, lans, pool }: VpnService): string[] {
  const networks = lans.flatMap((lan) =>
    lan.addresses
      .filter((prefix) => prefix.address.family === pool.address.family)
      .map(({ address, length }) => formatPrefix({ address: address.masked(length), length })),
  );
  return internet || networks.length === 0 ? ["0.0.0.0/0"] : networks;
}
