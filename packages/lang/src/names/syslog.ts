// syslog(3) priorities in the order of syslog.h: where a number has two names the first is printed.
const PRIORITIES: readonly (readonly [string, number])[] = [
  ["alert", 1],
  ["crit", 2],
  ["debug", 7],
  ["emerg", 0],
  ["err", 3],
  ["error", 3],
  ["info", 6],
  ["notice", 5],
  ["panic", 0],
  ["warn", 4],
  ["warning", 4],
];

// syslog(3) facilities, number shifted right by 3.
const FACILITIES: readonly (readonly [string, number])[] = [
  ["auth", 4],
  ["authpriv", 10],
  ["cron", 9],
  ["daemon", 3],
  ["ftp", 11],
  ["kern", 0],
  ["lpr", 6],
  ["mail", 2],
  ["news", 7],
  ["security", 4],
  ["syslog", 5],
  ["user", 1],
  ["uucp", 8],
  ["local0", 16],
  ["local1", 17],
  ["local2", 18],
  ["local3", 19],
  ["local4", 20],
  ["local5", 21],
  ["local6", 22],
  ["local7", 23],
];

/** Number (0 emergency to 7 debug) of a syslog priority; case does not count; null when it is none. */
export function syslogPriorityByName(name: string): number | null {
  const word = name.toLowerCase();
  return PRIORITIES.find(([known]) => known === word)?.[1] ?? null;
}

/** Name of a syslog priority as pfctl(8) prints it (`warn` for 4), or null. */
export function syslogPriorityName(priority: number): string | null {
  return PRIORITIES.find(([, number]) => number === priority)?.[0] ?? null;
}

/** Number (0 kern to 23 local7) of a syslog facility; case does not count; null when it is none. */
export function syslogFacilityByName(name: string): number | null {
  const word = name.toLowerCase();
  return FACILITIES.find(([known]) => known === word)?.[1] ?? null;
}

/** Name of a syslog facility, or null. */
export function syslogFacilityName(facility: number): string | null {
  return FACILITIES.find(([, number]) => number === facility)?.[0] ?? null;
}
