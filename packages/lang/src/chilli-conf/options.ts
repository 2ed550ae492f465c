/**
 * The options of chilli.conf(5), as coova-chilli's src/cmdline.ggo declares them. A word with `=` has that value when the
 * file says nothing.
 */

export type ChilliArgument = "none" | "number" | "text";

export interface ChilliOption {
  readonly name: string;
  readonly argument: ChilliArgument;
  /** May be given again; each value is a list with commas. */
  readonly multiple: boolean;
  /** Value without a line; null when there is none. */
  readonly initial: string | null;
}

const FLAGS = `
  fg debug reload forgiving dhcpbroadcast nodynip vlanlocation locationstopstart locationcopycalled
  locationimmediateupdate locationopt82 mmapring coanoipcheck noradallow proxymacaccept proxyonacct
  dhcpmacset dhcpradius noc2c eapolenable nosystemdns uamanydns uamanyip uamnatanyip nouamsuccess nowispr1
  nowispr2 uamauthedallowed domaindnslocal radsec macauth macreauth macauthdeny macallowlocal
  strictmacauth strictdhcp ieee8021q only8021q radiusoriginalurl swapoctets statusfilesave
  postauthproxyssl wpaguests openidauth papalwaysok mschapv2 chillixml acctupdate dnsparanoia seskeepalive
  usetap noarpentries framedservice scalewin nochallenge redir injectwispr redirurl routeonetone
  nousergardendata uamgardendata uamotherdata uamallowpost redirssl uamuissl layer3 patricia redirdnsreq
  dhcpnotidle ipv6 ipv6only
`;

const NUMBERS = `
  debugfacility=1 logfacility=3 loglevel=6 interval=3600 uid=0 gid=0 dhcpstart=0 dhcpend=0 txqlen=100
  mtu=1500 autostatip=0 ringsize=0 sndbuf=0 rcvbuf=0 childmax=128 peerid=0 radiusauthport=1812
  radiusacctport=1813 radiustimeout=10 radiusretry=4 radiusretrysec=2 radiusnasporttype=19 coaport=0
  proxyport=0 dhcpgatewayport=67 lease=600 leaseplus=60 uamport=3990 uamuiport=3991 uamdomainttl=60
  defsessiontimeout=0 defidletimeout=0 defbandwidthmaxdown=0 defbandwidthmaxup=0 definteriminterval=300
  bwbucketupsize=0 bwbucketdnsize=0 bwbucketminsize=0 cmdsocketport=42424 postauthproxyport=0 tcpwin=0
  tcpmss=0 maxclients=512 dhcphashsize=56 radiusqsize=0 challengetimeout=600 challengetimeout2=1200
  natport=0 forcedns1port=0 forcedns2port=0
`;

const TEXTS = `
  bin conf pidfile statedir net=192.168.182.0/24 dynip statip uamanyipex uamnatanyipex dns1 dns2
  domain=coova.org ipup ipdown conup condown macup macdown vlanupdate locationupdate tundev peerkey
  radiuslisten radiusserver1 radiusserver2 radiussecret=testing123 radiusnasid=nas01 radiuslocationid
  radiuslocationname locationname proxylisten proxyclient proxysecret dhcpif dhcpmac nexthop dhcpgateway
  dhcprelayagent uamserver uamhomepage uamsecret uamlisten dhcplisten wisprlogin uamlogoutip=1.0.0.0
  uamaliasip=1.0.0.1 uamaliasname uamhostname uamaaaurl macsuffix macpasswd wwwdir wwwbin uamui adminuser
  adminpasswd adminupdatefile rtmonfile ethers nasmac nasip ssid vlan cmdsocket usestatusfile localusers
  postauthproxy wpadpacfile routeif inject injectext sslkeyfile sslkeypass sslcertfile sslcafile
  sslciphers unixipc natip ipwhitelist uamdomainfile kname moddir forcedns1 forcedns2 captiveportalapi_uri
  captiveportalvenue_info_url ipv6mode
`;

const LISTS = `
  proxylocattr moreif uamallowed uamdomain uamregex authedallowed macallowed ipsrcallowed module dhcpopt
  extadmvsa
`;

/** Letters that stand for an option of that name: getopt's short ones. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ["f", "fg"],
  ["d", "debug"],
  ["b", "bin"],
  ["r", "reload"],
  ["F", "forgiving"],
  ["c", "conf"],
  ["n", "net"],
]);

export const CHILLI_OPTIONS: ReadonlyMap<string, ChilliOption> = new Map(
  [
    ...options(FLAGS, "none", false),
    ...options(NUMBERS, "number", false),
    ...options(TEXTS, "text", false),
    ...options(LISTS, "text", true),
  ].map((option) => [option.name, option]),
);

function options(words: string, argument: ChilliArgument, multiple: boolean): ChilliOption[] {
  return words
    .trim()
    .split(/\s+/)
    .map((word) => {
      const equals = word.indexOf("=");
      return equals === -1
        ? { name: word, argument, multiple, initial: null }
        : { name: word.slice(0, equals), argument, multiple, initial: word.slice(equals + 1) };
    });
}

/** What getopt_long(3) takes a word for: the option of that name, or the only one that starts with it. */
export function findOption(word: string): ChilliOption | { readonly ambiguous: readonly string[] } | null {
  const exact = CHILLI_OPTIONS.get(word.length === 1 ? (SHORT.get(word) ?? "") : word);
  if (exact !== undefined) return exact;
  if (word.length < 2) return null;
  const starting = [...CHILLI_OPTIONS.keys()].filter((name) => name.startsWith(word));
  if (starting.length > 1) return { ambiguous: starting };
  return CHILLI_OPTIONS.get(starting[0] ?? "") ?? null;
}
