/**
 * Names that pf.conf(5) has for ICMP types and codes. They are pfctl's own, not the system's, and are alike in all
 * dialects but for a few entries, which older systems lack or newer ones dropped.
 */
import type { Family, System } from "@pierhead/core";

// `name number;`: where one number has two names the first is printed.
const TYPES_4 = `echoreq 8;echorep 0;unreach 3;squench 4;redir 5;althost 6;routeradv 9;routersol 10;timex 11;
paramprob 12;timereq 13;timerep 14;inforeq 15;inforep 16;maskreq 17;maskrep 18;trace 30;dataconv 31;mobredir 32;
ipv6-where 33;ipv6-here 34;mobregreq 35;mobregrep 36;skip 39;photuris 40`;

const TYPES_6 = `unreach 1;toobig 2;timex 3;paramprob 4;echoreq 128;echorep 129;groupqry 130;listqry 130;grouprep 131;
listenrep 131;groupterm 132;listendone 132;routersol 133;routeradv 134;neighbrsol 135;neighbradv 136;redir 137;
routrrenum 138;wrureq 139;wrurep 140;fqdnreq 139;fqdnrep 140;niqry 139;nirep 140;mtraceresp 200;mtrace 201;
listenrepv2 143`;

// `name type code;`
const CODES_4 = `net-unr 3 0;host-unr 3 1;proto-unr 3 2;port-unr 3 3;needfrag 3 4;srcfail 3 5;net-unk 3 6;
host-unk 3 7;isolate 3 8;net-prohib 3 9;host-prohib 3 10;net-tos 3 11;host-tos 3 12;filter-prohib 3 13;
host-preced 3 14;cutoff-preced 3 15;redir-net 5 0;redir-host 5 1;redir-tos-net 5 2;redir-tos-host 5 3;normal-adv 9 0;
common-adv 9 16;transit 11 0;reassemb 11 1;badhead 12 0;optmiss 12 1;badlen 12 2;unknown-ind 40 1;auth-fail 40 2;
decrypt-fail 40 3`;

const CODES_6 = `admin-unr 1 1;noroute-unr 1 0;notnbr-unr 1 2;beyond-unr 1 2;addr-unr 1 3;port-unr 1 4;transit 3 0;
reassemb 3 1;badhead 4 0;nxthdr 4 1;redironlink 137 0;redirrouter 137 1`;

interface IcmpNames {
  readonly typeByName: Map<string, number>;
  readonly typeName: Map<number, string>;
  /** Keys `type/name`. */
  readonly codeByName: Map<string, number>;
  /** Keys `type * 256 + code`. */
  readonly codeName: Map<number, string>;
}

const cache = new Map<string, IcmpNames>();

/** Name of an ICMP (family 4) or ICMPv6 (family 6) type; null when pfctl prints it as a number. */
export function icmpTypeName(system: System, family: Family, type: number): string | null {
  return namesOf(system, family).typeName.get(type) ?? null;
}

/** Number of a type by pfctl's name for it, or null. */
export function icmpTypeByName(system: System, family: Family, name: string): number | null {
  return namesOf(system, family).typeByName.get(name) ?? null;
}

/** Name of a code of `type`; null when pfctl prints it as a number. */
export function icmpCodeName(system: System, family: Family, type: number, code: number): string | null {
  return namesOf(system, family).codeName.get(type * 256 + code) ?? null;
}

/** Number of a code of `type` by pfctl's name for it, or null. */
export function icmpCodeByName(system: System, family: Family, type: number, name: string): number | null {
  return namesOf(system, family).codeByName.get(`${type}/${name}`) ?? null;
}

function namesOf(system: System, family: Family): IcmpNames {
  const recent = isRecent(system);
  // `notnbr-unr` was obsolete since RFC 2463; OpenBSD dropped it, FreeBSD and the 4.6 family have it.
  const notNeighbor = !(system.family === "openbsd" && recent);
  const key = `${family}${recent}${notNeighbor}`;
  let names = cache.get(key);
  if (names === undefined) {
    names = family === 4 ? split(TYPES_4, CODES_4, true, true) : split(TYPES_6, CODES_6, recent, notNeighbor);
    cache.set(key, names);
  }
  return names;
}

/** Whether MLDv2 reports have a name: OpenBSD from 6.0, FreeBSD from 13. */
function isRecent(system: System): boolean {
  return (system.family === "openbsd" && system.major >= 6) || (system.family === "freebsd" && system.major >= 13);
}

function split(types: string, codes: string, listenerReport2: boolean, notNeighbor: boolean): IcmpNames {
  const names: IcmpNames = {
    typeByName: new Map(),
    typeName: new Map(),
    codeByName: new Map(),
    codeName: new Map(),
  };
  for (const entry of types.split(/;\s*/)) {
    const [name, number] = entry.split(" ") as [string, string];
    if (name === "listenrepv2" && !listenerReport2) continue;
    names.typeByName.set(name, Number(number));
    if (!names.typeName.has(Number(number))) names.typeName.set(Number(number), name);
  }
  for (const entry of codes.split(/;\s*/)) {
    const [name, type, code] = entry.split(" ") as [string, string, string];
    if (name === "notnbr-unr" && !notNeighbor) continue;
    names.codeByName.set(`${type}/${name}`, Number(code));
    const key = Number(type) * 256 + Number(code);
    if (!names.codeName.has(key)) names.codeName.set(key, name);
  }
  return names;
}
