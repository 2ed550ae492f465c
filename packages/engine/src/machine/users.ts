import type { System } from "@pierhead/core";

/** Users of a fresh installation that pf.conf may speak of (etc/master.passwd); a tree's own passwd adds to them. */
export function baseUsers(system: System): Map<string, number> {
  const users = new Map<string, number>([
    ["root", 0],
    ["daemon", 1],
    ["operator", 2],
    ["bin", 3],
    ["www", system.family === "freebsd" ? 80 : 67],
    ["proxy", system.family === "freebsd" ? 62 : 71],
    ["nobody", system.family === "freebsd" ? 65534 : 32767],
  ]);
  const more: readonly (readonly [string, number])[] =
    system.family === "freebsd"
      ? [
          ["tty", 4],
          ["kmem", 5],
          ["games", 7],
          ["news", 8],
          ["man", 9],
          ["sshd", 22],
          ["smmsp", 25],
          ["mailnull", 26],
          ["bind", 53],
          ["unbound", 59],
          ["_pflogd", 64],
          ["_dhcp", 65],
          ["uucp", 66],
          ["pop", 68],
          ["auditdistd", 78],
          ["ntpd", 123],
          ["_ypldap", 160],
          ["hast", 845],
        ]
      : [
          ["build", 21],
          ["sshd", 27],
          ["_portmap", 28],
          ["_identd", 29],
          ["_rstatd", 30],
          ["_rusersd", 32],
          ["_fingerd", 33],
          ["_x11", 35],
          ["_unwind", 48],
          ["_spamd", 62],
          ["named", 70],
          ["_syslogd", 73],
          ["_pflogd", 74],
          ["_bgpd", 75],
          ["_tcpdump", 76],
          ["_dhcp", 77],
          ["_mopd", 78],
          ["_tftpd", 79],
          ["_rbootd", 80],
          ["_ppp", 82],
          ["_ntp", 83],
          ["_ftp", 84],
          ["_ospfd", 85],
          ["_hostapd", 86],
          ["_dvmrpd", 87],
          ["_ripd", 88],
          ["_relayd", 89],
          ["_snmpd", 91],
          ["_ypldap", 93],
          ["_smtpd", 95],
          ["_unbound", 53],
          ["_nsd", 97],
          ["_iked", 104],
          ["_isakmpd", 68],
          ["_ifstated", 81],
        ];
  for (const [name, id] of more) users.set(name, id);
  return users;
}

/** Groups of a fresh installation (etc/group). */
export function baseGroups(system: System): Map<string, number> {
  const groups = baseUsers(system);
  groups.delete("root");
  groups.set("wheel", 0);
  groups.set("nobody", system.family === "freebsd" ? 65534 : 32767);
  if (system.family === "freebsd") {
    groups.set("nogroup", 65533);
    groups.set("authpf", 63);
  } else {
    groups.set("auth", 11);
    groups.set("nogroup", 32766);
    groups.set("authpf", 72);
  }
  return groups;
}
