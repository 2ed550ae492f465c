/** Users and groups of a fresh installation, as far as pf.conf may speak of them. */
import type { System } from "@pierhead/core";

/** Users of a fresh installation (etc/master.passwd); a tree's own passwd adds to them. */
export function baseUsers(system: System): Map<string, number> {
  if (system.family === "freebsd") return read(FREEBSD_USERS);
  return isOld(system) ? read(OPENBSD_USERS, OLD_USERS) : read(OPENBSD_USERS);
}

/** Groups of a fresh installation (etc/group): those of the users, and some more. */
export function baseGroups(system: System): Map<string, number> {
  const groups = baseUsers(system);
  for (const name of ["root", "toor"]) groups.delete(name);
  const more =
    system.family === "freebsd"
      ? read(FREEBSD_GROUPS)
      : isOld(system)
        ? read(OPENBSD_GROUPS, OLD_GROUPS)
        : read(OPENBSD_GROUPS);
  for (const [name, id] of more) groups.set(name, id);
  return groups;
}

/** Before these users were taken away, and NetBSD, whose pf is as old. */
function isOld(system: System): boolean {
  return system.family !== "openbsd" || system.major < 6;
}

function read(...lists: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const word of lists.join(" ").split(/\s+/)) {
    const [name, id] = word.split(":");
    if (name !== undefined && id !== undefined) found.set(name, Number(id));
  }
  return found;
}

/** OpenBSD 7.8. */
const OPENBSD_USERS = `
  root:0 daemon:1 operator:2 bin:3 build:21 sshd:27 _portmap:28 _identd:29 _rstatd:30 _rusersd:32 _fingerd:33
  _x11:35 _fc-cache:36 _unwind:48 _traceroute:50 _ping:51 _unbound:53 _dpb:54 _pbuild:55 _pfetch:56
  _pkgfetch:57 _pkguntar:58 _spamd:62 www:67 _isakmpd:68 _rpki-client:70 _bgplgd:71 _syslogd:73 _pflogd:74
  _bgpd:75 _tcpdump:76 _dhcp:77 _mopd:78 _tftpd:79 _rbootd:80 _ppp:82 _ntp:83 _ftp:84 _ospfd:85 _hostapd:86
  _dvmrpd:87 _ripd:88 _relayd:89 _ospf6d:90 _snmpd:91 _ypldap:93 _rad:94 _smtpd:95 _rwalld:96 _nsd:97 _ldpd:98
  _sndio:99 _ldapd:100 _iked:101 _iscsid:102 _smtpq:103 _file:104 _radiusd:105 _eigrpd:106 _vmd:107
  _tftp_proxy:108 _ftp_proxy:109 _sndiop:110 _syspatch:112 _slaacd:115 _dhcp6leased:116 _lldpd:119
  nobody:32767
`;

/** Groups of OpenBSD 7.8 that are not named and numbered like a user. */
const OPENBSD_GROUPS = `
  wheel:0 kmem:2 sys:3 tty:4 operator:5 bin:7 wsrc:9 users:10 auth:11 games:13 staff:20 wobj:21 guest:31
  _sshagnt:34 utmp:45 _radius:63 _token:64 _shadow:65 crontab:66 network:69 authpf:72 _agentx:92 dialer:117
  _shutdown:118 nogroup:32766
`;

/** Of OpenBSD 4.6, where they are gone or have another number since. */
const OLD_USERS = `
  smmsp:25 popa3d:26 _kdc:59 _kadmin:60 uucp:66 named:70 proxy:71 _afs:81 _rtadvd:92 _icbd:97
`;

/** Groups of OpenBSD 4.6, likewise. */
const OLD_GROUPS = `
  news:8 _lkm:61
`;

/** FreeBSD 15. */
const FREEBSD_USERS = `
  root:0 toor:0 daemon:1 operator:2 bin:3 tty:4 kmem:5 games:7 news:8 man:9 sshd:22 smmsp:25 mailnull:26
  bind:53 unbound:59 proxy:62 _pflogd:64 _dhcp:65 uucp:66 pop:68 auditdistd:78 www:80 ntpd:123 _ypldap:160
  hast:845 tests:977 nobody:65534
`;

/** Groups of FreeBSD 15 that are not named and numbered like a user. */
const FREEBSD_GROUPS = `
  wheel:0 kmem:2 sys:3 operator:5 mail:6 bin:7 games:13 ftp:14 staff:20 guest:31 video:44 realtime:47
  idletime:48 authpf:63 dialer:68 network:69 audit:77 u2f:116 nogroup:65533
`;
