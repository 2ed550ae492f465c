/** What becomes of every option of chilli.conf in portal.yaml. */

/**
 * `carried`: portal.yaml says it. `always`: the portal does it without being told. `machine`: the business of the
 * DHCP server, resolver or operating system now. `gone`: the portal does not do it, and the reason says what to do.
 */
export type ChilliFate =
  | { readonly kind: "carried" }
  | { readonly kind: "always"; readonly why: string }
  | { readonly kind: "machine"; readonly why: string }
  | { readonly kind: "gone"; readonly why: string };

const CARRIED = `
  net uamlisten dhcplisten dhcpif routeif dns1 dns2 radiusserver1 radiusserver2 radiusauthport radiusacctport radiussecret
  radiustimeout radiusretry radiusretrysec radiusnasid nasip nasmac coaport swapoctets definteriminterval
  defsessiontimeout defidletimeout defbandwidthmaxdown defbandwidthmaxup macauth macpasswd uamserver uamsecret uamport
  uamallowed uamdomain mschapv2 nochallenge locationname radiuslocationid radiuslocationname captiveportalvenue_info_url
  uamhomepage ssid vlan macsuffix radiusnasporttype macallowed
`;

const ALWAYS: readonly (readonly [names: string, why: string])[] = [
  ["seskeepalive usestatusfile statusfilesave", "sessions are in the store and outlive every restart"],
  ["uamdomainttl", "names in the garden are looked up again when their time to live ends"],
  ["nouamsuccess", "chilli itself leaves it unread; the login page hears of a success and leads on"],
  ["dhcpnotidle", "only traffic counts against the idle timeout"],
  ["nousergardendata", "the garden is not counted"],
  ["uamallowpost", "a POST is taken like a GET: what counts is in the address"],
  ["captiveportalapi_uri", "the RFC 8908 API is there as soon as there is a certificate"],
  ["papalwaysok", "a page that sends the password itself is answered"],
  [
    "patricia mmapring ringsize sndbuf rcvbuf txqlen childmax radiusqsize dhcphashsize maxclients",
    "the kernel forwards; nothing is to be sized",
  ],
  [
    "fg debug debugfacility logfacility loglevel pidfile statedir interval reload forgiving bin conf",
    "see `pierhead portal --help`",
  ],
  ["cmdsocket cmdsocketport unixipc", "`pierhead portal query` asks over the portal's own socket"],
  ["chillixml nowispr1 nowispr2", "smart clients get WISPr"],
  [
    "domaindnslocal uamaliasname uamaliasip uamhostname",
    "the portal's name is `portal.name`, which the resolver must know",
  ],
];

const MACHINE: readonly (readonly [names: string, why: string])[] = [
  [
    "lease leaseplus dynip statip nodynip autostatip dhcpstart dhcpend dhcpbroadcast dhcpgateway dhcpgatewayport dhcprelayagent dhcpmac dhcpmacset dhcpopt dhcpradius ethers strictdhcp domain mtu noc2c nosystemdns",
    "the DHCP server hands out addresses: dnsmasq or Kea beside the portal",
  ],
  [
    "uid gid usetap tundev noarpentries kname moddir module nexthop",
    "packets stay in the kernel; there is no tun device",
  ],
  ["ieee8021q only8021q vlanupdate", "make the VLAN an interface and name it as the guests' interface"],
  ["tcpwin tcpmss scalewin", "the packet filter clamps the segment size"],
  ["forcedns1 forcedns1port forcedns2 forcedns2port", "questions to other resolvers are answered by ours"],
  ["postauthproxy postauthproxyport postauthproxyssl natip natport routeonetone", "a rule of your packet filter"],
  ["wpadpacfile", "a page of a web server"],
];

const GONE: readonly (readonly [names: string, why: string])[] = [
  ["uamanydns", "guests ask our resolvers only: other name servers are a way past the portal"],
  ["uamanyip uamanyipex uamnatanyip uamnatanyipex layer3 ipsrcallowed", "guests have addresses of the guests' network"],
  ["coanoipcheck", "only addresses that are listed may change sessions"],
  ["noradallow", "nobody gets in because a server is silent"],
  ["moreif", "one guests' interface: bridge them"],
  ["redirssl uamuissl", "a certificate for somebody else's name is never made up; give `portal.certificate`"],
  [
    "sslkeyfile sslcertfile sslkeypass sslcafile sslciphers",
    "give `portal.certificate` the PEM files; a key with a password must be opened first",
  ],
  ["uamregex uamdomainfile ipwhitelist redirdnsreq", "the garden is addresses and names"],
  ["uamgardendata uamotherdata", "what is not in a session is not accounted"],
  ["authedallowed uamauthedallowed", "limits count everything"],
  ["wisprlogin", "smart clients are sent to `uam.server`"],
  ["redirurl", "people are sent where RADIUS says at once"],
  ["uamui uamuiport wwwdir wwwbin inject injectext injectwispr redir", "the page is the portal's own or `uam.server`"],
  ["uamlogoutip", "people sign out on the page"],
  ["challengetimeout challengetimeout2", "a challenge is good for one use and ten minutes"],
  [
    "conup condown macup macdown ipup ipdown locationupdate rtmonfile",
    "no scripts are run; follow the log or ask the HTTP API",
  ],
  ["macreauth macauthdeny strictmacauth", "a device whose MAC is refused may sign in on the page"],
  ["macallowlocal", "give the devices of macallowed a RADIUS account each, or a voucher"],
  ["localusers", "`pierhead portal user add` puts people into the store"],
  ["radsec", "give each server of `radius` its `tls`"],
  ["adminuser adminpasswd adminupdatefile extadmvsa", "configuration does not come over RADIUS"],
  [
    "proxylisten proxyport proxyclient proxysecret proxymacaccept proxyonacct proxylocattr wpaguests eapolenable",
    "802.1X is the access point's and the RADIUS server's own affair",
  ],
  ["uamaaaurl openidauth", "people are looked up in RADIUS or the store"],
  ["acctupdate", "limits are changed by CoA (RFC 5176)"],
  ["dnsparanoia", "the resolver is yours: it can refuse record types"],
  ["radiuslisten", "the kernel chooses the source address"],
  ["framedservice radiusoriginalurl", "Service-Type is Login"],
  [
    "vlanlocation locationstopstart locationcopycalled locationimmediateupdate locationopt82",
    "the location is told by NAS-Identifier and Called-Station-Id",
  ],
  ["bwbucketupsize bwbucketdnsize bwbucketminsize", "the kernel's queues need no bucket size"],
  ["peerid peerkey", "gateways share a PostgreSQL instead"],
  ["ipv6 ipv6mode ipv6only", "both families are always served"],
];

export const CHILLI_FATES: ReadonlyMap<string, ChilliFate> = new Map<string, ChilliFate>([
  ...table("always", ALWAYS),
  ...table("machine", MACHINE),
  ...table("gone", GONE),
  ...CARRIED.trim()
    .split(/\s+/)
    .map((name) => [name, { kind: "carried" }] as const),
]);

function table(
  kind: "always" | "machine" | "gone",
  rows: readonly (readonly [string, string])[],
): [string, ChilliFate][] {
  return rows.flatMap(([names, why]) => names.split(" ").map((name): [string, ChilliFate] => [name, { kind, why }]));
}
