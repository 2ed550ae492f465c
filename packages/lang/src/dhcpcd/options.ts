/** The options of dhcpcd.conf(5), from `cf_options[]` of if-options.c (dhcpcd 10; some only before), with what follows each. */

export type Argument = "none" | "optional" | "required";

export interface DhcpcdOption {
  readonly name: string;
  readonly argument: Argument;
  /** What the argument has to be, where dhcpcd is particular. */
  readonly value: "number" | "lease-time" | null;
  /** Has its effect above all blocks only. */
  readonly global: boolean;
}

const NONE = `background debug reconfigure release rebind persistent quiet exit noarp nobackground lastlease nogateway
  xidhwaddr broadcast nolink noipv4ll manager master renew printpidfile test dumplease variables oneshot ipv4only
  ipv6only anonymous randomise_hwaddr ipv6rs noipv6rs ipv6ra_autoconf ipv6ra_noautoconf ipv6ra_fork ipv4 noipv4 ipv6
  noipv6 noalias hostname_short nodev noauthrequired dhcp nodhcp dhcp6 nodhcp6 gateway bootp nodelay noup
  lastleaseextend inactive configure noconfigure arp_persistdefence nosyslog ipv6ra_own ipv6ra_own_default
  ipv6ra_accept_nopublic`;
const OPTIONAL = "hostname vendorclassid request inform inform6 waitip duid fqdn clientid ia_na ia_ta ia_pd";
const REQUIRED = `script env config logfile leasetime metric option timeout userclass msuserclass vsio vsio6 vendor
  allowinterfaces reboot nohook nooption require static whitelist blacklist denyinterfaces arping destination fallback
  iaid dev define definend define6 embed encap vendopt vendclass authprotocol authtoken controlgroup slaac reject mudurl
  link_rcvbuf request_time fallback_time ipv4ll_time initial_interval backoff_cutoff backoff_jitter allow`;

const NUMBERS = new Set(
  "metric timeout reboot link_rcvbuf request_time fallback_time ipv4ll_time initial_interval backoff_cutoff backoff_jitter".split(
    " ",
  ),
);

/** Read once, for the whole program: what a block says of them is never looked at. */
const GLOBAL = new Set(
  "allowinterfaces denyinterfaces controlgroup duid manager master nodev dev logfile persistent background nobackground oneshot quiet debug nosyslog".split(
    " ",
  ),
);

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

function make(names: string, argument: Argument): [string, DhcpcdOption][] {
  return words(names).map((name) => [
    name,
    {
      name,
      argument,
      value: NUMBERS.has(name) ? "number" : name === "leasetime" ? "lease-time" : null,
      global: GLOBAL.has(name),
    },
  ]);
}

export const DHCPCD_OPTIONS: ReadonlyMap<string, DhcpcdOption> = new Map([
  ...make(NONE, "none"),
  ...make(OPTIONAL, "optional"),
  ...make(REQUIRED, "required"),
]);

/** Words that begin a block: what follows is for the interfaces, the wireless network or the profile of that name. */
export const BLOCKS: readonly string[] = ["interface", "ssid", "profile"];
