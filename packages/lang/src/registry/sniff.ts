/** Guesses by content, for files whose name says nothing. Each looks at the first lines only. */
import { textLines } from "../text/index.ts";

const LINES = 200;

/** Lines that hold something, without leading blanks. */
function lines(text: string): string[] {
  const found: string[] = [];
  for (const line of textLines(text)) {
    const content = text.slice(line.start, line.end).trimStart();
    if (content === "" || content.startsWith("#")) continue;
    found.push(content);
    if (found.length === LINES) break;
  }
  return found;
}

/** Whether at least one line matches `sure`, and all others `possible`. */
function looksLike(text: string, sure: RegExp, possible: RegExp): boolean {
  const found = lines(text);
  return found.some((line) => sure.test(line)) && found.every((line) => sure.test(line) || possible.test(line));
}

export function sniffPf(text: string): boolean {
  const found = lines(text);
  const rules = found.filter((line) =>
    /^(pass|block|match)\s+((in|out|quick|on|log|all|proto|from|to|drop|return|inet6?)\b|$)|^(block|pass|block drop|block return)( all)?$|^set (skip|block-policy|state-policy|limit|timeout|optimization|loginterface)\b|^(anchor|nat-anchor|rdr-anchor)\s+["\w]|^table\s*<|^(nat|rdr|binat)\s+(on|pass|log)\b|^antispoof\b|^scrub\s+(in|out|on|all)\b/.test(
      line,
    ),
  );
  return rules.length > 0 && rules.length * 3 >= found.length;
}

export function sniffIfstated(text: string): boolean {
  const found = lines(text);
  return (
    found.some((line) => /^state\s+\S+\s*\{/.test(line)) &&
    found.some((line) => /\b(set-state|init-state|init\s*\{|run\s+["'])/.test(line))
  );
}

export function sniffHostnameIf(text: string): boolean {
  return looksLike(
    text,
    /^(inet6?\s+(alias\s+)?[0-9a-f.:]+([/\s]|$)|inet6?\s+autoconf\b|dhcp\b|rtsol\b|vnetid\s|vlan\s+\d+\s+vlandev|trunkproto\s|wgkey\s|pppoedev\s)/,
    /^(!|up\b|down\b|dest\s|mtu\s|group\s|description\s|descr\s|media\s|-?[a-z0-9]+\b)/,
  );
}

export function sniffSysctl(text: string): boolean {
  return looksLike(text, /^(net|kern|vm|hw|ddb|machdep|vfs|fs|security|user|debug)(\.[\w%-]+)+\s*=/, /^$/);
}

export function sniffRcConf(text: string): boolean {
  return looksLike(
    text,
    /^(\w+_(enable|flags)|ifconfig_\w+|hostname|defaultrouter|defaultroute|static_routes|route_\w+|cloned_interfaces|pkg_scripts|ipsec|pf|pf_rules)=/,
    /^(export\s+)?[A-Za-z_]\w*=/,
  );
}

/** A shell script that configures the network. */
export function sniffNetstart(text: string): boolean {
  return looksLike(text, /^(\/sbin\/)?(ifconfig|route)\s+\S+/, /^(\/s?bin\/|\/usr\/s?bin\/)?[a-z]/);
}
