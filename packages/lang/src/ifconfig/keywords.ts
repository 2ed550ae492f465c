/**
 * The words ifconfig(8) knows and how many arguments follow each. One table per system: the words of all releases
 * together, since a file for an older release is still read right and a word that came later does no harm.
 */
import type { SystemFamily } from "@pierhead/core";

/** Arguments after a keyword; `?` takes the next word unless that is a keyword itself (`NEXTARG0`). */
export type Arity = 0 | 1 | 2 | "?";

/** OpenBSD: `cmds[]` of ifconfig.c, with the words earlier releases had beside them. */
const OPENBSD: ReadonlyMap<string, Arity> = table(
  [
    0,
    `up down arp -arp debug -debug alias -alias delete -nwid -joinlist -bssid -nwkey wpa -wpa -wpakey -chan
     -vnetid -parent -vlan -vlandev autoconf -autoconf anycast -anycast tentative -tentative eui64 temporary
     -temporary soii -soii monitor -monitor tcplro -tcplro -powersave -rtlabel -rdomain staticarp -staticarp
     mpls -mpls -mplslabel pwecw -pwecw pwefat -pwefat -pweneighbor -carppeer -syncdev -syncif -syncpeer defer
     -defer -tunnel -tunneldomain tunneldf -tunneldf tunnelecn -tunnelecn vnetflowid -vnetflowid -pppoesvc
     -pppoeac -flowsrc -flowdst -inet -inet6 -keepalive flush flushall addr rule -description -descr wol -wol
     -apn -class roaming -roaming -patch sffdump -wgpsk -wgdescription -wgdescr -wgpeerall create destroy link0
     -link0 link1 -link1 link2 -link2 -mode autoconfprivacy -autoconfprivacy deletetunnel giftunnel noinet6
     compress -trunkports tso -tso`,
  ],
  [
    1,
    `netmask mtu nwid join -join bssid nwkey wpaakms wpaciphers wpagroupcipher wpaprotos wpakey wpapsk broadcast
     prefixlen vnetid parent vlan vlandev vlanprio group -group trunkport -trunkport trunkproto lacpmode
     lacptimeout pltime vltime metric priority rtlabel rdomain mplslabel advbase advskew carppeer pass vhid state
     carpdev carpnodes balancing syncdev syncif syncpeer maxupd tunneladdr tunneldomain tunnelttl txprio rxprio
     pppoedev pppoesvc pppoeac authproto authname authkey peerproto peername peerkey peerflag -peerflag nwflag
     -nwflag flowsrc flowdst pflowproto add del addspan delspan discover -discover blocknonip -blocknonip learn
     -learn stp -stp edge -edge autoedge -autoedge -protected ptp -ptp autoptp -autoptp -endpoint deladdr maxaddr
     hellotime fwddelay maxage proto -ifcost timeout holdcnt spanpriority ipdst rules rulefile flushrule
     description descr pin apn patch addlocal wgpeer wgdescription wgdescr wgaip wgpsk wgpka wgport wgkey wgrtable
     -wgpeer mediaopt -mediaopt mode instance inst lladdr llprio phase timeslot`,
  ],
  [2, "pweneighbor tunnel keepalive protected static endpoint ifpriority ifcost chgpin puk wgendpoint"],
  ["?", "joinlist chan scan hwfeatures powersave class transceiver sff media"],
);

/** FreeBSD: the `DEF_CMD` families of sbin/ifconfig. */
const FREEBSD: ReadonlyMap<string, Arity> = table(
  [
    0,
    `-accept_rtadv -alias -allmulti -ampdu -ampdurx -ampdutx -amsdu -amsdurx -amsdutx -apbridge -arp
     -auto_linklocal -autoconf -beacons -bgscan -bssid -burst -debug -defaultif -defer -defqinq -defuntagged
     -deprecated -descr -description -dfs -dotd -doth -dturbo -dwds -ecm -enable_csum -enable_seq -ff -hidessid
     -ht -ht20 -ht40 -htcompat -hwrxtstmp -ifdisabled -ignore_source -inact -indoor -ipv6_only
     -lacp_fast_timeout -lacp_rxtest -lacp_strict -lacp_txtest -ldpc -ldpcrx -ldpctx -link0 -link1 -link2 -lro
     -meshforward -meshgate -meshpeering -mextpg -monitor -netcons -no_dad -no_prefer_iface -no_radr -noclamp
     -nud -nwkey -outdoor -pcp -polling -powersave -prefer_source -promisc -pureg -puren -quiet -rifs -rxcsum
     -rxcsum6 -shortgi -smps -staticarp -stbc -stbcrx -stbctx -stickyarp -syncdev -syncif -syncpeer -tentative
     -toe -tsn -tso -tso4 -tso6 -tunnel -txcsum -txcsum6 -txrtlmt -txtls -txtlsrtlmt -uapsd -udpencap
     -use_flowid -use_numa -vht -vht160 -vht40 -vht80 -vht80p80 -vhtstbc -vhtstbcrx -vhtstbctx -vlanfilter
     -vlanhwcsum -vlanhwfilter -vlanhwtag -vlanhwtso -vlanmtu -vxlanhwcsum -vxlanhwtso -vxlanlearn -wdslegacy
     -wep -wme -wmm -wol -wol_magic -wol_mcast -wol_ucast accept_rtadv add addr alias allmulti ampdu ampdurx
     ampdutx amsdu amsdurx amsdutx anycast anywhere apbridge arp auto_linklocal autoconf beacons bgscan burst
     compress create debug defaultif defer defqinq delete deletetunnel deprecated destroy dfs dotd doth down
     dturbo dwds ecm enable_csum enable_seq eui64 ff flush flushall hidessid ht ht20 ht40 htcompat hwrxtstmp
     ifaddr ifdisabled ifdstaddr ignore_source inact indoor ipv6_only lacp_fast_timeout lacp_rxtest lacp_strict
     lacp_txtest ldpc ldpcrx ldpctx link0 link1 link2 lro mac:allow mac:deny mac:detach mac:flush mac:open
     mac:radius mcast mcast6 meshforward meshgate meshpeering meshrt:flush mextpg monitor netcons no_dad
     no_prefer_iface no_radr noclamp noicmp normal nud outdoor plumb polling powersave prefer_source promisc
     pureg puren quiet remove rifs rxcsum rxcsum6 scan shortgi smps smpsdyn staticarp stbc stbcrx stbctx
     stickyarp tentative toe tsn tso tso4 tso6 txcsum txcsum6 txrtlmt txtls txtlsrtlmt uapsd udpencap unplumb up
     use_flowid use_numa vht vht160 vht40 vht80 vht80p80 vhtstbc vhtstbcrx vhtstbctx vlanfilter vlanhwcsum
     vlanhwfilter vlanhwtag vlanhwtso vlanmtu vxlanflush vxlanflushall vxlanhwcsum vxlanhwtso vxlanlearn
     wdslegacy wep wme wmm wol wol_magic wol_mcast wol_ucast`,
  ],
  [
    1,
    `-ack -acm -autoedge -autoptp -discover -edge -group -ifuntagged -ipsec -laggport -learn -mediaopt -private
     -ptp -qinq -rxtls -span -sticky -stp -vnet ack acm addm advbase advskew ampdudensity ampdulimit amsdulimit
     ap authmode autoedge autoptp bgscanidle bgscanintvl bintval bmiss bmissthreshold broadcast bssid carpver
     chanlist channel chanswitch country deftxkey defuntagged deladdr deletem descr description discover
     dtimperiod edge fib flowid_shift fragthreshold fwddelay grekey group hellotime holdcnt htprotmode
     hwmpmaxhops hwmprootmode inst instance ipsec lagghash laggport laggproto laggtype learn list lladdr mac:add
     mac:del mac:kick maclabel maxaddr maxage maxretry maxupd mcastrate media mediaopt meshid meshmetric
     meshpath meshrt:add meshrt:del meshttl metric mgmtrate mgtrate mode mtu name netmask nwid nwkey pass pcp
     peer peer6 pltime powersavemode powersavesleep prefixlen priority private protmode proto ptp qinq
     quiet_count quiet_duration quiet_offset quiet_period regdomain reqid roam:rate roam:rssi roaming rr_limit
     rtsthreshold rxtls scanvalid span ssid state station stationname stfv4br stfv4net sticky stp syncdev syncif
     syncpeer tdmabintval tdmaslot tdmaslotcnt tdmaslotlen timeout tunnelfib txpower ucastrate udpport version
     vhid vlan vlandev vlanpcp vlanproto vltime vnet vni vrrpinterval vrrpprio vxlandev vxlangroup vxlanid
     vxlanlocal vxlanlocalport vxlanmaxaddr vxlanremote vxlanremoteport vxlantimeout vxlanttl wepkey wepmode
     weptxkey wlanaddr wlanbssid wlandev wlanmode`,
  ],
  [
    2,
    `+iftagged -iftagged aifs bss:aifs bss:cwmax bss:cwmin bss:txoplimit cwmax cwmin ifmaxaddr ifpathcost
     ifpriority iftagged ifuntagged ifvlanproto static tunnel txoplimit vxlanportrange`,
  ],
  ["?", "-vlandev"],
);

/** NetBSD: the keyword parsers of sbin/ifconfig. */
const NETBSD: ReadonlyMap<string, Arity> = table(
  [
    0,
    `up down alias -alias delete create destroy arp -arp debug -debug link0 -link0 link1 -link1 link2 -link2
     trailers -trailers -linkstr -description -descr anycast -anycast tentative -tentative deprecated -deprecated
     eui64 deletetunnel hidessid -hidessid apbridge -apbridge powersave -powersave scan -bssid -chan -nwkey -frag
     -rts -syncdev -syncpeer -carpdev -vlanif promisc active -active ip4csum ip4csum-tx ip4csum-rx tcp4csum
     tcp4csum-tx tcp4csum-rx udp4csum udp4csum-tx udp4csum-rx tcp6csum tcp6csum-tx tcp6csum-rx udp6csum
     udp6csum-tx udp6csum-rx tso4 tso6 -ip4csum -ip4csum-tx -ip4csum-rx -tcp4csum -tcp4csum-tx -tcp4csum-rx
     -udp4csum -udp4csum-tx -udp4csum-rx -tcp6csum -tcp6csum-tx -tcp6csum-rx -udp6csum -udp6csum-tx -udp6csum-rx
     -tso4 -tso6 eee -eee vlan-hwtagging -vlan-hwtagging vlan-hwfilter -vlan-hwfilter ifdisabled -ifdisabled
     auto_linklocal -auto_linklocal -l2tp unnumbered -unnumbered`,
  ],
  [
    1,
    `broadcast metric mtu netmask preference prefixlen linkstr description descr pltime vltime instance inst media
     mediaopt -mediaopt mode vlan vlanif advbase advskew carpdev pass state vhid bssid chan frag list nwid nwkey
     rts ssid powersavesleep maxupd syncdev syncpeer agrport -agrport laggproto laggport -laggport lagghash
     laggtype agrproto tunneldomain ipsec`,
  ],
  [2, "tunnel session cookie"],
);

const NONE: ReadonlyMap<string, Arity> = new Map();

/** Keywords of `ifconfig` on a family of systems. */
export function ifconfigKeywords(family: SystemFamily): ReadonlyMap<string, Arity> {
  switch (family) {
    case "openbsd":
      return OPENBSD;
    case "freebsd":
    case "macos":
      return FREEBSD;
    case "netbsd":
      return NETBSD;
    default:
      return NONE;
  }
}

/** Keywords whose argument is a secret: it is never repeated in a message. */
export const SECRET_KEYWORDS: ReadonlySet<string> = new Set([
  "pass",
  "nwkey",
  "wpakey",
  "wpapsk",
  "authkey",
  "peerkey",
  "wgkey",
  "wgpsk",
  "wepkey",
  "pin",
  "chgpin",
  "puk",
]);

function table(...groups: readonly (readonly [Arity, string])[]): ReadonlyMap<string, Arity> {
  const map = new Map<string, Arity>();
  for (const [arity, words] of groups) for (const word of words.split(/\s+/)) map.set(word, arity);
  return map;
}
