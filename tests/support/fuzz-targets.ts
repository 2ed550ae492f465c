/** Everything that reads text from outside, with good inputs to start from. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseAddress, parseSystem, Source, type System } from "@pierhead/core";
import { checkTree } from "@pierhead/engine/check";
import { diffTrees, readPolicies } from "@pierhead/engine/prove";
import { readScenario } from "@pierhead/engine/scenario";
import { parsePacketLine } from "@pierhead/engine/trace";
import { isLanguage } from "@pierhead/gateway/portal/pages";
import { percentDecode, uamBody, uamEncode, uamQuery } from "@pierhead/gateway/portal/uam";
import { wisprComment } from "@pierhead/gateway/portal/wispr";
import { parseDmesg } from "@pierhead/lang/dmesg";
import { FlowDecoder, FlowTable } from "@pierhead/lang/flow-export";
import { readIfconfigAll, readIpLinks, readPciconf, readProc, readSysctlHw } from "@pierhead/lang/host-facts";
import { readAsDaemon } from "@pierhead/lang/ifstated";
import { ikedPrint } from "@pierhead/lang/iked";
import { parseIp, parseNetToolsRoute } from "@pierhead/lang/ip-command";
import { ipsecctlPrint } from "@pierhead/lang/ipsec";
import { loadPf, migratePf, type PfEnvironment, pfctlPrint } from "@pierhead/lang/pf";
import { parsePflogLine, readPflogHeader } from "@pierhead/lang/pflog";
import {
  bpftraceReader,
  btraceReader,
  conntrackReader,
  dtraceReader,
  type OutputReader,
  readNetstat,
  readPfInfo,
  readPfRules,
  Tally,
} from "@pierhead/lang/probe-output";
import { LANGUAGES } from "@pierhead/lang/registry";
import { blankSeparated } from "@pierhead/lang/text";
import { buildSite } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import { parseRequest } from "../../packages/gateway/src/portal/control/requests.ts";
import { chooseLanguage } from "../../packages/gateway/src/portal/pages/language.ts";
import { safeUrl } from "../../packages/gateway/src/portal/pages/wanted.ts";
import {
  ipfix,
  netflow5,
  netflow9,
  pflowRecord,
  pflowTemplates,
  set,
  template,
} from "../../packages/lang/src/flow-export/build.test-helper.ts";
import { ikeSeeds, runIke } from "./ike-seeds.ts";
import { captureSeeds, leaseTextSeeds, messageSeeds, runLease, runMessage } from "./lease-seeds.ts";
import { radiusSeeds, runRadius } from "./radius-seeds.ts";
import { INTERFACES } from "./random-rules.ts";

export interface FuzzTarget {
  readonly name: string;
  readonly seeds: readonly string[];
  /** How much of the work it gets, compared with 1. */
  readonly share: number;
  run(text: string): void;
}

const root = resolve(import.meta.dirname, "../..");
const examples = join(root, "examples/two-isps");

const SEEDS: Record<string, readonly string[]> = {
  portal: [
    readFileSync(resolve(import.meta.dirname, "../../examples/hotspot/portal.yaml"), "utf8").replace(/^ *#.*\n/gm, ""),
    "guests: { interface: em1, addresses: [10.1.0.1/16, '2001:db8::1/64'] }\nuplink: { interface: em0, nat: false }\nfirewall: pf\nsignIn: [mac, email]\ngarden: [tcp:[2001:db8::1]:443, '*.example.org', 1.2.3.4/8:53]\nportal: { name: a.example.org, uam: { server: 'https://b.example.org/x', secret: env:X }, certificate: { acme: 'https://ca.example.org/', email: a@b.org, folder: /x } }\nlimits: { session: 1h30m, rateUp: 2.5Mbps, octetsInput: 2GiB }\nradius: { servers: [{ host: r, tls: { ca: /a, certificate: /b, key: /c } }], interim: 30 }\nstore: postgresql://u@h/d\nadmin: { listen: '::', fromGuests: true }\n",
  ],
  pf: [
    'ext = "em0"\ntable <bad> persist { 10.0.0.0/8, !10.1.0.0/16, 2001:db8::/32 }\nset skip on lo\nset timeout { tcp.first 10, frag 5 }\nanchor "a/*" in on $ext { pass quick inet proto { tcp, udp } from <bad> to any port { 22, 80:90, >= 1024 } flags S/SA keep state (max 10, source-track rule) }\nmatch out on egress nat-to (egress:0)\npass in on em0 proto tcp to port 80 rdr-to 10.0.0.1 port 8080 tag T label "x$nr"\nblock return-icmp(3,13) log (all, to pflog1) from no-route\n',
    'queue root on em0 bandwidth 10M max 10M\nqueue std parent root bandwidth 5M default\nantispoof quick for { lo0 em1 } label x\nload anchor q from "/etc/q"\npass out route-to 10.0.0.1 least-states sticky-address\n',
    "scrub in all fragment reassemble no-df\naltq on em0 cbq bandwidth 10Mb queue { a, b }\nqueue a bandwidth 50% cbq(default borrow red)\nnat on em0 from 10/8 to any -> (em0) port 1024:2048 static-port\nrdr pass on em0 proto tcp from any to any port 80 -> { 10.0.0.1, 10.0.0.2 } round-robin\nbinat on em0 from 10.0.0.1 to any -> 192.0.2.1\nether pass in on em0 proto 0x0800 from 00:11:22:33:44:55 l3 from 10.0.0.1 tag x\n",
  ],
  ipsec: [
    'ike passive esp transport proto udp from 192.0.2.1 to any port 1701 main auth hmac-sha1 enc aes group modp1024 quick auth hmac-sha2-256 enc aes psk "mekmitasdigoat"\nflow esp from 10.0.0.0/8 to 10.1.0.0/16 peer 192.0.2.2\nesp from 192.0.2.1 to 192.0.2.2 spi 0xdeadbeef:0xbeefdead authkey 0x54f79f479a32814347bb768d3e01b2b58e49ce67\ntcpmd5 from 10.0.0.1 to 10.0.0.2 spi 0x100\n',
  ],
  iked: [
    'user "a" "secret"\nikev2 "w" passive esp from 0.0.0.0/0 to 10.1.0.0/16 local 192.0.2.1 peer any ikesa enc aes-256 auth hmac-sha2-256 group ecp256 childsa enc aes-128-gcm srcid "vpn.example" eap "mschap-v2" config address 10.1.0.0/16\n',
  ],
  npppd: [
    'authentication LOCAL type local { users-file "/etc/npppd/npppd-users" }\ntunnel L2TP protocol l2tp { listen on 0.0.0.0 }\nipcp IPCP { pool-address 10.0.0.2-10.0.0.254\n dns-servers 10.0.0.1 }\ninterface pppx0 address 10.0.0.1 ipcp IPCP\nbind tunnel from L2TP authenticated by LOCAL to pppx0\n',
  ],
  mpd: [
    'startup:\n\tset user a b admin\ndefault:\n\tload l2tp\nl2tp:\n\tset ippool add p 10.0.0.2 10.0.0.9\n\tcreate bundle template B\n\tset iface group vpn\n\tset ipcp ranges 10.0.0.1/32 \\\n# c\n\tippool p\n\tset ipcp dns 192.0.2.53\n\tcreate link template L l2tp\n\tset link action bundle B "^a.*$"\n\tset link no pap chap eap\n\tset link enable chap-msv2 incoming\n\tset radius server 192.0.2.9 "a\\x41\\"b" 1812\n\tset l2tp self 192.0.2.1 1701\n',
  ],
  "mpd-secret": ['anna "a\\"b\\\\c" 10.0.0.7/32\nbert pw\n* !/usr/local/bin/ask \\\n x\n'],
  "npppd-users": ["taro:\\\n\t:password=taro's password:\\\n\t:framed-ip-address=10.0.0.101:\n"],
  ifstated: [
    'a = "em0.link.up"\nb = \'( "ping -q -c 1 192.0.2.1" every 10 )\'\ninit-state s\nstate s {\n\tinit { run "route change default 192.0.2.1" }\n\tif ! $a && ( $b || em1.link.down ) set-state t\n}\nstate t { if $a { run "x" set-state s } }\n',
  ],
  "hostname-if": [
    'inet 192.0.2.1 255.255.255.0 NONE description "x"\ninet6 2001:db8::1 64\n!route add default 192.0.2.254\nvlan 10 vlandev em0\nup\n',
  ],
  mygate: ["192.0.2.1\n2001:db8::1\n"],
  sysctl: ["net.inet.ip.forwarding=1 # gateway\nnet.pipex.enable = 1\n"],
  "rc-conf": [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is shell
    'ifconfig_em0="inet 192.0.2.1/24"\ngw="192.0.2.254"\nstatic_routes="gateway default"\nroute_gateway="-host $gw -interface em0"\nroute_default="default ${gw}"\nif [ -n "$x" ]; then y=1; fi\n',
  ],
  "systemd-networkd": [
    "[Match]\nName=eth0 en*\nMACAddress=02:00:00:12:34:56\n\n[Link]\nMTUBytes=1400\n\n[Network]\nAddress=198.51.100.10/32\nGateway=192.0.2.1\nDHCP=ipv6\nVLAN=vlan10\n\n[Address]\nAddress=2001:db8::1/128\nPeer=2001:db8::2/128\n\n[Route]\n# a comment\nDestination=0.0.0.0/0\nGateway=192.0.2.1\nGatewayOnLink=yes\nMetric=5\n[DHCPPrefixDelegation]\nSubnetId=auto \\\n more\n",
    "[NetDev]\nName=he6\nKind=sit\n[Tunnel]\nLocal=198.51.100.10\nRemote=192.0.2.77\n",
  ],
  interfaces: [
    "auto lo eth0 /en*\niface lo inet loopback\n\niface eth0 inet static\n  address 198.51.100.10/32\n  pointopoint 192.0.2.1\n  gateway 192.0.2.1\n  hwaddress ether 02:00:00:12:34:56\n  up ip route add 192.0.2.1 dev $IFACE\n  up ip -6 route add default \\\n    via fe80::1 dev eth0\niface eth0 inet6 static inherits eth0\n  netmask 64\nmapping eth*\n  script /x\n  map a\nsource interfaces.d/*\nrename a=b\n",
  ],
  "dhcpcd-conf": [
    'allowinterfaces em0 em?\ndenyinterfaces tap*\nipv6only\nduid 00:03:00:01:52:54:00:12:34:56\nnoipv6rs\nslaac private # c\nenv x="a # b"\nstatic ip_address=192.0.2.1/24\ninterface em0\n\tipv6rs\n\tiaid 1\n\tia_na 1\n\tia_pd 2/2001:db8::/48 em1/1/64/1 em2/0x2/64 -\nssid a b\nprofile x\nmetric 5\nleasetime -1\n',
  ],
  "vm-conf": [
    'sets="/var/www/"\nswitch "uplink" {\n\tinterface veb0\n\tgroup guests\n\tlocked lladdr\n\trdomain 1\n\tdown\n}\nvm "a.b" {\n\tdisable\n\tmemory 1.5G\n\tboot $sets "bsd.rd"\n\tboot device net\n\tdisk /home/a.img format qcow2\n\tinterface tap3 { switch "uplink" locked lladdr 02:00:00:12:34:56 }\n\tlocal interface\n\tinterfaces 4\n\towner root:wheel\n\tallow instance { boot, memory\n disk }\n}\nvm "a.b" instance "c" { enable }\nlocal inet6 prefix fd00::/64\nstaggered start parallel 4 delay 30\nagentx path "/x"\n',
  ],
  "ip command": [
    "-6 route replace 2001:db8::/32 via inet6 fe80::1 dev eth0 metric 5 onlink src 2001:db8::1 table 100 proto static mtu lock 1400",
    "addr add 192.0.2.1/24 peer 192.0.2.2/32 broadcast + dev eth0 noprefixroute scope link metric 7",
    "link set dev eth0 mtu 1400 address 02:00:00:00:00:01 up",
  ],
  dmesg: [
    'OpenBSD 7.8 (GENERIC.MP) #1: Mon Oct  6 10:00:00 MDT 2025\nreal mem = 4261412864 (4064MB)\ncpu0 at mainbus0: apid 0 (boot processor)\ncpu0: AMD GX-412TC SOC, 998.25 MHz, 16-30-01\nem0 at pci1 dev 0 function 0 "Intel I210" rev 0x03: msi, address 00:0d:b9:41:7d:00\n',
  ],
  bpftrace: [
    '{"type": "attached_probes", "data": {"probes": 4}}\n\n{"type": "map", "data": {"@in4": {"lo,127.0.0.1,127.0.0.1": 168}}}\n{"type": "hist", "data": {"@latency": {"srv0": [{"max": -1, "count": 1}, {"min": 2, "max": 3, "count": 5}]}}}\n{"type": "lost_events", "data": {"events": 12}}\n',
  ],
  dtrace: [
    "in\tem0\t192.0.2.1\t192.0.2.2\t1234\nhistogram\tlatency\tem1\n\n           value  ------------- Distribution ------------- count    \n               4 |                                         0        \n               8 |@@@@@@@@@@@@@@@@@@@@@@@@@@               17       \n              16 |                                         0        \n\ndtrace: 12 aggregation drops on CPU 1\n",
  ],
  btrace: ["@connects[123, ssh]: 4\n@us:\n[1]                 1 |@@@@|\n[2K, 4K)            9 |@@@@|\n@ticks: 3\n"],
  conntrack: [
    "    [NEW] tcp      6 120 SYN_SENT src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1 id=5\n [DESTROY] icmp     1 src=192.0.2.1 dst=192.0.2.2 type=8 code=0 id=1 src=192.0.2.2 dst=192.0.2.1 type=0 code=0 id=1 id=7\n",
  ],
  pflog: [
    "Nov 24 10:00:00.000001 rule 7.ftp-proxy.2/(match) [uid 0, pid 99] pass in on em0: [uid 5, pid 7] 203.0.113.9.4000 > 192.0.2.1.22: S",
    " 00:00:01.000000 rule 12/0(match): block in on em0: 203.0.113.9.4000 > 192.0.2.1.22: Flags [S]",
    `d\x02\x01\x00em0${"\0".repeat(54)}\x01${"\0".repeat(39)}E\0\0(${"\0".repeat(40)}`,
  ],
  host: [
    "em0: flags=8843<UP,BROADCAST> mtu 1500\n\tlladdr 00:0d:b9:41:7d:00\n\tmedia: Ethernet autoselect (1000baseT full-duplex)\n\tstatus: active\nhw.model=AMD\nhw.physmem=1024\nem0@pci0:0:25:0:\tclass=0x020000\n    class      = network\nMemTotal: 12 kB\nprocessor : 0\n",
    '[{"ifname":"eth0","flags":["UP"],"mtu":1500,"operstate":"UP","link_type":"ether","address":"02:00:00:00:00:01","linkinfo":{"info_kind":"veth"}}]',
  ],
  counters: [
    "block drop in log all\n  [ Evaluations: 12        Packets: 3         Bytes: 180         States: 0     ]\nState Table                          Total             Rate\n  current entries                        4               \n  inserts                              700            1.0/s\nName    Mtu   Network     Address              Ipkts Idrop    Opkts Odrop Colls\nem0     1500  <Link>      00:0d:b9:41:7d:00   100     2      200     3     0\n\t12 data packets (340 bytes) retransmitted\n",
  ],
  policies: [
    "- name: web\n  from: 192.168.1.0/24\n  to: [internet, self, vr1:network, 2001:db8::/32]\n  proto: [tcp, udp]\n  port: [80, 443, '1000:2000']\n  always: pass\n  via: vr2\n  as: 203.0.113.220/32\n  when: isp1=down, vr0=up\n- name: no smb\n  in: [vr0, vr1]\n  port: 445\n  never: return-rst\n",
    "- name: x\n  never: pass\n",
  ],
  diff: [
    "set skip on lo\nblock\npass out\npass in on em1 from 10.0.0.0/24\n\n#----\nblock return\npass out quick on em0 nat-to (em0)\npass in on em1 proto tcp to port { 22 80 } tag A\n",
    'table <a> { 10.0.0.0/8 }\nanchor "x" { pass in from <a> }\nmatch in proto tcp to port 80 rdr-to 10.0.0.9\n\n#----\ntable <a> { 10.1.0.0/16 }\nanchor "x" { block in quick from <a> }\npass in route-to 10.0.0.7\n',
  ],
  packet: [
    "in vr1 tcp 192.168.1.10:40000 > 93.184.216.34:443 S ttl=4",
    '{ in: vr1, proto: udp, from: "[2001:db8::1]:5", to: "[2001:db8::2]:53" }',
  ],
};

function exampleTexts(pattern: RegExp): string[] {
  const found: string[] = [];
  const pending = [examples];
  while (pending.length > 0) {
    const folder = pending.pop() as string;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (pattern.test(entry.name)) found.push(readFileSync(path, "utf8"));
    }
  }
  return found;
}

/** Some of the upstream cases, where they are at hand: richer seeds. */
function corpusTexts(folder: string, pattern: RegExp): string[] {
  const path = join(root, "../shared/corpus", folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => pattern.test(name))
    .map((name) => readFileSync(join(path, name), "utf8"))
    .filter((text) => text.length < 4_000);
}

function environment(system: System): PfEnvironment {
  return {
    system,
    interfaces: INTERFACES,
    resolveHost: (name) => (name === "localhost" ? [parseAddress("127.0.0.1") as never] : []),
    readFile: (path) => (path === "/etc/q" ? "pass\n" : null),
    userId: (name) => (name === "root" ? 0 : null),
    groupId: (name) => (name === "wheel" ? 0 : null),
  };
}

const system = (name: string): System => parseSystem(name) as System;

/** What guests send, through everything that reads it; what comes out keeps its promises. */
function runPortalRequest(text: string): void {
  for (const value of uamQuery(text).values()) {
    const decoded = Buffer.from(value).toString() === value ? percentDecode(uamEncode(value)) : value;
    if (decoded !== value) throw new Error("encoded text does not come back");
  }
  const url = safeUrl(text);
  if (url !== null && !/^https?:\/\/[\x21-\x7e]+$/.test(url)) throw new Error("an unsafe URL was let through");
  const body = uamBody({ message: text }, text);
  if (body !== null && /[<\r\n]/.test(body.text)) throw new Error("JSON that could be taken for markup");
  if (!isLanguage(chooseLanguage(text, text, text))) throw new Error("no language");
  const comment = wisprComment({ kind: "AuthenticationReply", code: 100, message: text, logoff: text });
  if (comment.slice(4, -3).includes("--")) throw new Error("a WISPr message ends its comment");
}

export function fuzzTargets(): FuzzTarget[] {
  const pfSeeds = [
    ...(SEEDS["pf"] as string[]),
    ...exampleTexts(/^pf\.conf$|^balance\./),
    ...corpusTexts("pf-openbsd", /\.in$/),
    ...corpusTexts("pf-openbsd-4.6", /\.in$/),
    ...corpusTexts("pf-freebsd", /\.in$/),
  ];
  const targets: FuzzTarget[] = [];
  for (const name of ["openbsd-7.8", "openbsd-5.8", "openbsd-4.6", "freebsd-15.0", "netbsd-10.1"]) {
    const at = environment(system(name));
    targets.push({
      name: `pfctl ${name}`,
      seeds: pfSeeds,
      share: 2,
      run: (text) => {
        pfctlPrint(text, "stdin", at, { optimize: "basic", verbose: 2 });
        loadPf(new Source("pf.conf", text), at, { syntax: true });
      },
    });
  }
  for (const language of LANGUAGES) {
    const seeds = language.name === "pf" ? pfSeeds : (SEEDS[language.name] ?? exampleTexts(/hostname|mygate/));
    const on = system(
      language.families.includes("openbsd")
        ? "openbsd-7.8"
        : language.families.includes("freebsd")
          ? "freebsd-15.0"
          : language.families.includes("netbsd")
            ? "netbsd-10.1"
            : "linux",
    );
    targets.push({
      name: `lang ${language.name}`,
      seeds,
      share: 1,
      run: (text) => {
        const read = language.read(
          new Source(language.title, text),
          on,
          language.paths[0]?.replace("*", "em0") ?? language.title,
        );
        if (read.print() !== text) throw new Error("the tree does not print what was read");
      },
    });
  }
  const openbsd = environment(system("openbsd-7.8"));
  targets.push(
    {
      name: "portal control",
      seeds: [
        '{"verb":"kick","who":"02:00:00:00:00:01"}',
        '{"verb":"voucher-create","count":20,"batch":"b","duration":3600,"octets":1e9,"note":"n"}',
        '{"verb":"user-add","name":"a","password":null,"devices":2,"rateUp":1}',
        '{"verb":"user-set","name":"a","password":"b","disabled":true,"rateDown":null}',
      ],
      share: 1,
      run: (text) => {
        const request = parseRequest(text);
        if (typeof request === "string" && request === "") throw new Error("refused without a word");
      },
    },
    {
      name: "portal request",
      seeds: [
        "?username=anna%40b+c&response=00ff&userurl=http%3a%2f%2fexample.org%2fx&callback=a.b&lang=%u20ac",
        "http://[2001:db8::1]:8080/a?b=c#d",
        "de-AT,de;q=0.9,en;q=0.8,*;q=0.1",
        "chilliJSON.reply",
      ],
      share: 1,
      run: runPortalRequest,
    },
    {
      name: "ipsecctl",
      seeds: [...(SEEDS["ipsec"] as string[]), ...corpusTexts("ipsec-openbsd-7.8", /\.in$/)],
      share: 1,
      run: (text) => ipsecctlPrint(text, "stdin", openbsd, { keys: true }),
    },
    {
      name: "iked",
      seeds: [...(SEEDS["iked"] as string[]), ...corpusTexts("iked", /\.conf$/)],
      share: 1,
      run: (text) => ikedPrint(text, "iked.conf", openbsd),
    },
    {
      name: "ifstated daemon",
      seeds: [...(SEEDS["ifstated"] as string[]), ...corpusTexts("ifstated", /\.conf$/)],
      share: 1,
      run: (text) => readAsDaemon(new Source("ifstated.conf", text), { interfaces: null }),
    },
    {
      name: "dmesg",
      seeds: SEEDS["dmesg"] as string[],
      share: 1,
      run: (text) => parseDmesg(new Source("dmesg", text)),
    },
    {
      name: "scenario",
      seeds: exampleTexts(/scenario\.yaml$/),
      share: 0.3,
      run: (text) => readScenario(new Source("x.scenario.yaml", text)),
    },
    ...probeOutputs(),
    ...migrations(pfSeeds),
    {
      name: "policies",
      seeds: SEEDS["policies"] as string[],
      share: 1,
      run: (text) => readPolicies(new Source("x.policy.yaml", text), system("openbsd-7.8")),
    },
    {
      name: "diff of two pf.conf",
      seeds: SEEDS["diff"] as string[],
      share: 0.1,
      run: (text) => diffOfHalves(text),
    },
    {
      name: "packet line",
      seeds: SEEDS["packet"] as string[],
      share: 0.5,
      run: (text) => parsePacketLine(text, system("openbsd-7.8")),
    },
    {
      name: "ip command",
      seeds: SEEDS["ip command"] as string[],
      share: 0.5,
      run: (text) => {
        const source = new Source("x", text);
        const span = { start: 0, end: text.length };
        parseIp(source, blankSeparated(text, 0, text.length), span);
        parseNetToolsRoute(source, blankSeparated(text, 0, text.length), span);
      },
    },
    {
      name: "check of a Linux tree",
      seeds: [...(SEEDS["systemd-networkd"] as string[]), ...(SEEDS["interfaces"] as string[])],
      share: 0.05,
      run: (text) =>
        checkTree(
          {
            "/etc/systemd/network/1.network": text,
            "/etc/network/interfaces": text,
            "/etc/systemd/network/2.netdev": text,
          },
          system("linux"),
        ),
    },
    {
      name: "lease capture",
      seeds: captureSeeds(),
      share: 1,
      run: runLease,
    },
    {
      name: "DHCP message",
      seeds: messageSeeds(),
      share: 1,
      run: runMessage,
    },
    {
      name: "IKE message",
      seeds: ikeSeeds(),
      share: 1,
      run: runIke,
    },
    {
      name: "lease file or log",
      seeds: leaseTextSeeds(),
      share: 1,
      run: runLease,
    },
    {
      name: "RADIUS packet",
      seeds: radiusSeeds(),
      share: 1,
      run: runRadius,
    },
    {
      name: "check of a tree",
      seeds: SEEDS["pf"] as string[],
      share: 0.02,
      run: (text) =>
        checkTree(
          { "/etc/pf.conf": text, "/etc/hostname.em0": "inet 192.0.2.1/24\n", "/etc/ifstated.conf": text },
          system("openbsd-7.8"),
        ),
    },
  );
  return targets;
}

/** Whatever is migrated, the changes are ranges of the old file, and what was left is said. */
function migrations(seeds: readonly string[]): FuzzTarget[] {
  const roads = [
    ["openbsd-4.6", "openbsd-7.8"],
    ["openbsd-7.8", "freebsd-15.0"],
    ["freebsd-15.0", "openbsd-7.8"],
    ["openbsd-6.6", "openbsd-4.6"],
  ] as const;
  return roads.map(([from, to]) => ({
    name: `migrate ${from} to ${to}`,
    seeds,
    share: 1,
    run: (text) => {
      const { changes } = migratePf(new Source("pf.conf", text), system(from), system(to));
      for (const { span, before } of changes) {
        if (text.slice(span.start, span.end) !== before) throw new Error("a change is not of the old text");
      }
    },
  }));
}

/** The two halves of the text are the rules before and after. */
function diffOfHalves(text: string): void {
  const middle = text.indexOf(HALF);
  const [before, after] = middle === -1 ? [text, text] : [text.slice(0, middle), text.slice(middle + HALF.length)];
  const tree = (rules: string): Record<string, string> => ({
    "/etc/pf.conf": rules,
    "/etc/hostname.em0": "inet 192.0.2.1/24\n",
    "/etc/hostname.em1": "inet 10.0.0.1/24\n",
  });
  const on = system("openbsd-7.8");
  const report = diffTrees(tree(before), tree(after), { before: on, after: on }, { limit: 200, families: [4] });
  if (before === after && report.changes.length > 0) throw new Error("a file differs from itself");
}

const HALF = "\n#----\n";

/** What the tools of `pierhead probe` print. */
function probeOutputs(): FuzzTarget[] {
  const keys = (table: string): number | null =>
    (({ in: 3, latency: 1, connects: 4, us: 0 }) as Record<string, number>)[table] ?? null;
  const readers: Record<string, () => OutputReader> = {
    bpftrace: () => bpftraceReader(keys),
    dtrace: () => dtraceReader(keys),
    btrace: () => btraceReader(keys),
    conntrack: conntrackReader,
  };
  const targets = Object.entries(readers).map(
    ([name, make]): FuzzTarget => ({
      name: `output of ${name}`,
      seeds: SEEDS[name] as string[],
      share: 0.5,
      run: (text) => {
        const [reader, tally] = [make(), new Tally(100)];
        for (const line of text.split("\n")) tally.add(reader.line(line));
        tally.add(reader.end());
        tally.look();
      },
    }),
  );
  targets.push({
    name: "flows",
    seeds: flowSeeds(),
    share: 1,
    run: (text) => {
      const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0) & 255);
      const [decoder, table] = [new FlowDecoder(), new FlowTable("pair", 100)];
      // One datagram, and the same cut in two: templates of the first part hold for the second.
      const half = bytes.length >> 1;
      for (const part of [bytes, bytes.subarray(0, half), bytes.subarray(half), bytes]) {
        for (const record of decoder.decode(part).records) table.add(record);
      }
      table.top(10);
    },
  });
  targets.push({
    name: "tools of this machine",
    seeds: SEEDS["host"] as string[],
    share: 0.3,
    run: (text) => {
      readIfconfigAll(text);
      readIpLinks(text);
      readPciconf(text);
      readProc(text, text);
      readSysctlHw(text);
    },
  });
  targets.push({
    name: "site",
    seeds: SITE_SEEDS,
    share: 0.1,
    run: (text) => {
      const { site, diagnostics } = readSite(new Source("site.yaml", text));
      if (site === null && diagnostics.length === 0) throw new Error("neither a site nor a word about it");
      if (site !== null && !diagnostics.some((one) => one.severity === "error")) buildSite(site);
    },
  });
  targets.push({
    name: "pflog",
    seeds: SEEDS["pflog"] as string[],
    share: 0.5,
    run: (text) => {
      parsePflogLine(text);
      readPflogHeader(
        Uint8Array.from(text, (character) => character.charCodeAt(0) & 255),
        null,
      );
    },
  });
  targets.push({
    name: "output of pfctl and netstat",
    seeds: SEEDS["counters"] as string[],
    share: 0.5,
    run: (text) => {
      const tally = new Tally(100);
      for (let look = 0; look < 2; look++) {
        tally.add([...readPfRules(text), ...readPfInfo(text), ...readNetstat(text, ["drop", "retransmit"])]);
        tally.look();
      }
    },
  });
  return targets;
}

const SITE_SEEDS: readonly string[] = [
  `site: a
hosts:
  h: { system: openbsd-7.8, uplinks: { wan: { interface: em0, address: 192.0.2.50/24, gateway: 192.0.2.1, mtu: 1400 } },
       hypervisor: { kind: vmd, bridge: bridge0 }, services: { ssh: { port: ssh, from: [10.0.0.0/8] } } }
guests:
  g: { on: h, system: linux, interface: ens3, address: 198.51.100.10, mac: "00:50:56:00:01:aa", after: [k], dns: [9.9.9.9] }
  k: { on: h, system: netbsd-10.1, interface: vioif0, address: 203.0.113.1, mac: "00:50:56:00:01:ab",
       inet6: { address: "2001:db8::5/64", gateway: "fe80::1" } }
`,
  `site: b
hosts:
  edge:
    system: freebsd-14.3
    uplinks:
      isp1: { interface: em0, dhcp: true, weight: 2, description: one }
      isp2: { interface: em1, address: 203.0.113.7/32, gateway: 192.0.2.65, probe: 9.9.9.9 }
    lans: { lan: { interface: em2, addresses: [192.168.1.1/24, "2001:db8:1::1/64"] } }
    balance: { preferred: isp2, pin: [{ uplink: isp2, ports: [https, 22] }] }
    failover: { every: 5, timeout: 2 }
`,
];

/** Messages of all versions as text, an octet a character. */
function flowSeeds(): string[] {
  const flow = { from: [10, 0, 0, 1], to: [192, 0, 2, 80], fromPort: 1, toPort: 2, bytes: 3, packets: 4 } as const;
  const record = pflowRecord([...flow.from, ...flow.to], flow);
  const small = [
    ...set(
      0,
      template(256, [
        [8, 4],
        [12, 4],
        [1, 4],
      ]),
    ),
    ...set(256, [10, 0, 0, 1, 10, 0, 0, 2, 0, 0, 1, 0]),
  ];
  const variable = [
    ...set(
      2,
      template(300, [
        [8, 4],
        [82, 0xffff],
        [12, 4],
      ]),
    ),
    ...set(300, [10, 0, 0, 1, 2, 65, 66, 10, 0, 0, 2]),
  ];
  return [
    netflow5([flow, flow], 7, 42),
    ipfix([...pflowTemplates(), ...set(256, [...record, ...record])], 1),
    ipfix(variable, 1),
    netflow9(small, 3),
  ].map((message) => String.fromCharCode(...message));
}
