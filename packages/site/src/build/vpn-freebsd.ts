/**
 * The files of a FreeBSD head-end: strongSwan for IKE, mpd5 for L2TP and PPP. Their daemons come from ports
 * (security/strongswan, net/mpd5); enc(4), by which pf sees what comes out of IPsec, is a module of the kernel.
 */
import { formatPrefix, isAtLeast } from "@pierhead/core";
import type { Host } from "../model/site.ts";
import type { VpnService } from "../model/vpn.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";
import { ikev2Proposals, proposalWords } from "./vpn-freebsd-offers.ts";
import { dynamicRanges, mainModeOffers, SECRET } from "./vpn-offers.ts";

/** Group of the clients' interfaces: ng0, ng1 and so on come and go, and ng_iface(4) puts them into none. */
export const CLIENT_GROUP = "vpn";

const SWANCTL = "/usr/local/etc/swanctl";
const MPD = "/usr/local/etc/mpd5";

/** L2TP in ESP, with the sums every platform has one of; RFC 3193 wants nothing of PFS. */
const QUICK_MODE = "aes256-sha256, aes256-sha1, aes128-sha1";

export function freebsdVpnFiles(host: Host, site: string): BuiltFile[] {
  if (host.vpn.length === 0) return [];
  const { vpn } = host;
  return [
    modules(host),
    swanctlConf(host, site),
    ...vpn.flatMap((service) => (service.protocol === "l2tp-ipsec" ? mpdFiles(host, service, site) : [])),
    ...vpn.flatMap((service) =>
      service.protocol === "ikev2" && service.radius !== null ? [eapRadius(host, service, site)] : [],
    ),
  ];
}

/** Lines of rc.conf and sysctl.conf. */
export function enableFreebsdVpn(host: Host, rc: FileWriter, sysctl: FileWriter): void {
  const [first] = host.vpn;
  if (first === undefined) return;
  // Down, enc0 shows pf nothing: whatever comes out of IPsec would pass unseen.
  rc.line('ifconfig_enc0="up"', first.path);
  rc.line('strongswan_enable="YES"', ...host.vpn.map((one) => one.path));
  rc.line('strongswan_interface="vici"', first.path);
  for (const { protocol, path } of host.vpn) if (protocol === "l2tp-ipsec") rc.line('mpd_enable="YES"', path);
  sysctl.line("# pf sees on enc0 what came out of ESP without ESP's header, once (enc(4))", first.path);
  sysctl.line("net.enc.in.ipsec_filter_mask=2", first.path);
  sysctl.line("net.enc.out.ipsec_filter_mask=1", first.path);
}

/** loader.conf.d is read from FreeBSD 13 on. ipsec first: enc(4) hooks into it. */
function modules(host: Host): BuiltFile {
  const [first] = host.vpn;
  const path = first?.path ?? host.path;
  const folder = isAtLeast(host.system, "freebsd", 13);
  return new FileWriter(folder ? "/boot/loader.conf.d/vpn.conf" : "/boot/loader.conf.local")
    .line("# IPsec, and enc0 for pf, are there before the network comes up.", path)
    .line('ipsec_load="YES"', path)
    .line('if_enc_load="YES"', path)
    .finish();
}

/** The line's address; with a lease charon listens on all, and pf lets strangers in by the line only. */
function local(out: FileWriter, { uplink, path }: VpnService): void {
  if (uplink?.address == null) return;
  out.line(`\t\tlocal_addrs = ${uplink.address.address}`, path, [...path, "uplink"]);
}

function swanctlConf(host: Host, site: string): BuiltFile {
  const out = new FileWriter(`${SWANCTL}/swanctl.conf`, SECRET);
  const names = host.vpn.flatMap((one) => (one.name === null ? [] : [one.name]));
  const certificate = names.map(
    (name) => ` The certificate is x509/${name}.crt beside it, its key private/${name}.key.`,
  );
  head(out, site, `${host.name}: IKE of VPN clients.${certificate.join("")}`);
  out.blank().line("connections {");
  for (const service of host.vpn) {
    if (service.protocol === "ikev2") ikev2Connection(out, service);
    else l2tpConnection(out, service);
  }
  out.line("}");
  for (const service of host.vpn) if (service.protocol === "ikev2") clientPool(out, service);
  const secret = (name: string, reference: string, ...from: Parameters<FileWriter["line"]>[1][]): void => {
    out.line(`\t${name} {`, ...from);
    if (name.startsWith("eap-")) out.line(`\t\tid = "${name.slice(4)}"`, ...from);
    out.line(`\t\tsecret = "${out.secret(reference, "settings")}"`, ...from).line("\t}");
  };
  out.blank().line("secrets {");
  for (const { protocol, psk, path, users } of host.vpn) {
    // Without `id` it is for everybody: behind NAT nobody knows a client's identity beforehand.
    if (psk !== null) secret("ike-clients", psk, [...path, "psk"]);
    if (protocol !== "ikev2") continue;
    for (const user of users) if (user.password !== null) secret(`eap-${user.name}`, user.password, user.path);
  }
  return out.line("}").finish();
}

/** L2TP in IPsec (RFC 3193): main mode with a key all share, then transport mode for UDP 1701. */
function l2tpConnection(out: FileWriter, service: VpnService): void {
  const { path } = service;
  const offers = mainModeOffers(service);
  out.line("\tl2tp {", path);
  out.line("\t\tversion = 1", path);
  local(out, service);
  const words = offers.map((one) => proposalWords(one.transform)).join(", ");
  out.line(`\t\tproposals = ${words}`, ...new Set(offers.map((one) => one.from)));
  // Clients behind NAT call themselves by addresses that many of them have: none may throw out another.
  out.line("\t\tunique = never", path);
  out.line("\t\tdpd_delay = 30s", path);
  out.line("\t\tlocal {", path).line("\t\t\tauth = psk", path).line("\t\t}");
  out.line("\t\tremote {", path).line("\t\t\tauth = psk", path).line("\t\t}");
  out.line("\t\tchildren {", path).line("\t\t\tl2tp {", path);
  out.line("\t\t\t\tmode = transport", path);
  out.line("\t\t\t\tlocal_ts = dynamic[udp/1701]", path);
  out.line("\t\t\t\tremote_ts = dynamic[udp]", path);
  out.line(`\t\t\t\tesp_proposals = ${QUICK_MODE}`, path);
  out.line("\t\t\t}").line("\t\t}").line("\t}");
}

function ikev2Connection(out: FileWriter, service: VpnService): void {
  const { path, name, radius, lans, internet } = service;
  out.line("\tclients {", path);
  out.line("\t\tversion = 2", path);
  local(out, service);
  const offers = ikev2Proposals(service);
  out.line(`\t\tproposals = ${offers.map((one) => one.words).join(", ")}`, ...new Set(offers.map((one) => one.from)));
  out.line("\t\tpools = clients", [...path, "pool"]);
  out.line("\t\tsend_cert = always", path);
  // One user has a phone and a laptop.
  out.line("\t\tunique = never", path);
  out.line("\t\tdpd_delay = 30s", path);
  out.line("\t\tlocal {", path).line("\t\t\tauth = pubkey", path);
  out.line(`\t\t\tcerts = ${name}.crt`, [...path, "name"]);
  out.line(`\t\t\tid = ${name}`, [...path, "name"]).line("\t\t}");
  out.line("\t\tremote {", path);
  if (service.certificates) {
    // Of any authority in x509ca, which has to be the head-end's own alone.
    out.line("\t\t\tauth = pubkey", path, [...path, "auth"]).line("\t\t}");
  } else {
    out.line(`\t\t\tauth = ${radius === null ? "eap-mschapv2" : "eap-radius"}`, radius === null ? path : radius.path);
    out.line("\t\t\teap_id = %any", path).line("\t\t}");
  }
  out.line("\t\tchildren {", path).line("\t\t\tclients {", path);
  const networks = internet
    ? ["0.0.0.0/0"]
    : lans.flatMap((lan) =>
        lan.addresses
          .filter(({ address }) => address.family === 4)
          .map(({ address, length }) => formatPrefix({ address: address.masked(length), length })),
      );
  // The route a client gets: all of it, or the networks it may reach and nothing of its own.
  out.line(`\t\t\t\tlocal_ts = ${networks.join(", ") || "0.0.0.0/0"}`, path, ...lans.map((lan) => lan.path));
  out.line("\t\t\t\tesp_proposals = aes256gcm16, aes256-sha256, aes256-sha1", path);
  out.line("\t\t\t}").line("\t\t}").line("\t}");
}

function clientPool(out: FileWriter, { path, pool, dns }: VpnService): void {
  out
    .blank()
    .line("pools {")
    .line("\tclients {", [...path, "pool"]);
  out.line(`\t\taddrs = ${formatPrefix(pool)}`, [...path, "pool"]);
  if (dns.length > 0) out.line(`\t\tdns = ${dns.join(", ")}`, [...path, "dns"]);
  out.line("\t}").line("}");
}

/** Beside the files of the other plugins. The port's option EAPRADIUS has to be on. */
function eapRadius(host: Host, { radius, path }: VpnService, site: string): BuiltFile {
  const out = new FileWriter("/usr/local/etc/strongswan.d/charon/eap-radius.conf", SECRET);
  head(out, site, `${host.name}: users are known to RADIUS. strongSwan has to be built with the port's EAPRADIUS.`);
  const from = radius?.path ?? path;
  out.line("eap-radius {", from).line("\tload = yes", from).line("\tservers {", from).line("\t\tusers {", from);
  out.line(`\t\t\taddress = ${radius?.server}`, from).line(`\t\t\tport = ${radius?.port}`, from);
  out.line(`\t\t\tsecret = "${out.secret(radius?.secret ?? "", "settings")}"`, [...from, "secret"]);
  return out.line("\t\t}").line("\t}").line("}").finish();
}

function mpdFiles(host: Host, service: VpnService, site: string): BuiltFile[] {
  const conf = mpdConf(host, service, site);
  return service.radius === null ? [conf, mpdSecret(service)] : [conf];
}

/** A bundle for the clients' PPP, then a link for calls: `create` changes what the commands below it are about. */
function mpdConf(host: Host, service: VpnService, site: string): BuiltFile {
  const { path, radius, gateway, dns, uplink } = service;
  const pool = [...path, "pool"];
  const out = new FileWriter(`${MPD}/mpd.conf`, SECRET);
  head(out, site, `${host.name}: PPP for clients that came in by IPsec.`);
  out.blank().line("default:", path);
  for (const [from, to] of dynamicRanges(service)) out.line(`\tset ippool add clients ${from} ${to}`, pool);
  out.line("\tcreate bundle template clients", path);
  out.line(`\tset iface group ${CLIENT_GROUP}`, path);
  // Full packets of TCP fit into ESP, L2TP and PPP without being cut.
  out.line("\tset iface enable tcpmssfix", path);
  out.line(`\tset ipcp ranges ${gateway}/32 ippool clients`, pool);
  out.line("\tset ipcp no vjcomp", path);
  if (dns.length > 0) out.line(`\tset ipcp dns ${dns.join(" ")}`, [...path, "dns"]);
  out.line("\tcreate link template l2tp-clients l2tp", path);
  out.line("\tset link action bundle clients", path);
  out.line("\tset link no pap chap eap", path);
  out.line("\tset link enable chap-msv2", path);
  out.line("\tset link keep-alive 30 120", path);
  out.line("\tset link mtu 1400", path).line("\tset link mru 1400", path);
  if (radius !== null) {
    out.line("\tset auth disable internal", radius.path);
    out.line("\tset auth enable radius-auth radius-acct", radius.path);
    const secret = out.secret(radius.secret, "mpd");
    out.line(`\tset radius server ${radius.server} "${secret}" ${radius.port} 1813`, radius.path);
    out.line("\tset radius enable message-authentic", radius.path);
  }
  if (uplink?.address != null) {
    out.line(`\tset l2tp self ${uplink.address.address}`, path, [...path, "uplink"]);
  }
  out.line("\tset link enable incoming", path);
  return out.finish();
}

/** One user a line. No comment: only root reads it. */
function mpdSecret(service: VpnService): BuiltFile {
  const out = new FileWriter(`${MPD}/mpd.secret`, SECRET);
  for (const user of service.users) {
    const password = out.secret(user.password ?? "", "mpd");
    const address = user.address === null ? "" : ` ${user.address}`;
    out.line(`${user.name} "${password}"${address}`, user.path, [...user.path, "password"]);
  }
  return out.finish();
}
