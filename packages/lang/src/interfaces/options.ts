/** Families, methods and their options, as ifupdown's *.defn files have them. */

const STATIC = "address netmask broadcast metric gateway pointopoint hwaddress mtu scope";
const DHCP = "hostname metric leasehours leasetime vendor client hwaddress";
const TUNNEL = "address mode endpoint dstaddr local metric gateway ttl mtu netmask";
const SIX = "hwaddress mtu accept_ra autoconf privext";

/** Options by family and method. */
export const METHODS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  inet: {
    loopback: "",
    static: STATIC,
    manual: "hwaddress mtu",
    dhcp: DHCP,
    bootp: "bootfile server hwaddr",
    tunnel: TUNNEL,
    ppp: "provider unit options",
    wvdial: "provider",
    ipv4ll: "",
  },
  inet6: {
    auto: `${SIX} dhcp request_prefix ll-attempts ll-interval`,
    loopback: "",
    static:
      "address netmask metric gateway media hwaddress mtu accept_ra autoconf privext scope preferred-lifetime dad-attempts dad-interval",
    manual: SIX,
    dhcp: `${SIX} request_prefix ll-attempts ll-interval hostname`,
    v4tunnel: "address netmask endpoint local metric gateway ttl mtu preferred-lifetime",
    "6to4": "local mtu ttl metric preferred-lifetime",
    tunnel: `${TUNNEL} encaplimit`,
  },
  can: { static: "bitrate samplepoint loopback listenonly triple oneshot berr restart-ms" },
  link: { link: "", manual: "" },
};

/** Options every method has. */
export const COMMON_OPTIONS: readonly string[] = [
  "up",
  "post-up",
  "down",
  "pre-down",
  "pre-up",
  "post-down",
  "description",
];

/** What scripts of other packages read, by the start of the option's name. */
export const FOREIGN_OPTION: RegExp =
  /^(bridge|bond|wpa|wireless|dns|vlan|ethtool|link|hardware|offload|ethernet|fiber|tunnel|vxlan|wireguard|openvpn|batman|mesh|macvlan|ip-forward|ip6-forward|multicast|requires|use|network|ovs|alias|auto)([-_].*)?$|^(slaves|hotplug|group|team|up-delay|debug|request_prefix)$/;

/** Words that run a command. */
export const COMMAND_OPTIONS: ReadonlySet<string> = new Set([
  "up",
  "post-up",
  "down",
  "pre-down",
  "pre-up",
  "post-down",
]);
