/** The file that starts a daemon of ours at boot, for each system's own way of doing so. */

export interface ServiceFile {
  /** Where the system looks for it. */
  readonly path: string;
  readonly mode: string;
  readonly text: string;
  /** Commands that switch it on. */
  readonly enable: readonly string[];
}

/** Linux: whom the portal runs as, and the one place where it keeps what it writes. */
export const PORTAL_USER = "pierhead";
export const PORTAL_STATE = "/var/lib/pierhead";

/** sysusers.d(5). */
export const PORTAL_USER_FILE: { readonly path: string; readonly line: string } = {
  path: "/etc/sysusers.d/pierhead.conf",
  line: `u ${PORTAL_USER} - "Captive portal" ${PORTAL_STATE}`,
};

/** What a daemon is started with. */
interface Daemon {
  /** The verb. */
  readonly verb: "monitor" | "portal";
  /** Flags that keep it in the foreground. */
  readonly foreground: string;
  /** The flag of its configuration, and where that is: on FreeBSD, elsewhere. */
  readonly flag: string;
  readonly config: { readonly freebsd: string; readonly others: string };
  /** What of the system it takes the place of. */
  readonly replaces: string | null;
  readonly linux: {
    readonly description: string;
    readonly documentation: string;
    readonly more: string;
    /** Lines of `[Unit]` and `[Service]`. */
    readonly unit: string;
    readonly restart: string;
    readonly service: string;
    /** Commands before those that switch it on. */
    readonly before: readonly string[];
  };
}

/** rc.subr(8). */
function openbsd({ verb, foreground, flag, config, replaces }: Daemon): ServiceFile {
  const name = `pierhead_${verb}`;
  const start = `\${daemon} ${[verb, ...words(foreground)].join(" ")} \${daemon_flags}`;
  return {
    path: `/etc/rc.d/${name}`,
    mode: "0555",
    text: `#!/bin/ksh

daemon="/usr/local/bin/pierhead"
daemon_flags="${flag} ${config.others}"
daemon_logger="daemon.info"

. /etc/rc.d/rc.subr

pexp="node .*pierhead.* ${verb} .*"
rc_bg=YES

rc_start() {
	rc_exec "${start}"
}

rc_configtest() {
	rc_exec "\${daemon} ${verb} -n \${daemon_flags}"
}

rc_cmd $1
`,
    enable: [
      ...(replaces === null ? [] : [`rcctl disable ${replaces}`]),
      `rcctl enable ${name}`,
      `rcctl start ${name}`,
    ],
  };
}

/** rc.subr(8), daemon(8). */
function freebsd({ verb, foreground, flag, config }: Daemon): ServiceFile {
  const name = `pierhead_${verb}`;
  const start = ["/usr/local/bin/pierhead", verb, ...words(foreground), flag, `\${${name}_config}`].join(" ");
  return {
    path: `/usr/local/etc/rc.d/${name}`,
    mode: "0555",
    text: `#!/bin/sh

# PROVIDE: ${name}
# REQUIRE: NETWORKING pf
# KEYWORD: shutdown

. /etc/rc.subr

name="${name}"
rcvar="${name}_enable"
load_rc_config $name
: \${${name}_enable:="NO"}
: \${${name}_config:="${config.freebsd}"}
: \${${name}_flags:=""}

pidfile="/var/run/${name}.pid"
required_files="\${${name}_config}"
extra_commands="reload configtest"
configtest_cmd="/usr/local/bin/pierhead ${verb} -n ${flag} \${${name}_config}"
start_precmd="${name}_flags_set"
command="/usr/sbin/daemon"
procname="\${${name}_node:-/usr/local/bin/node}"

${name}_flags_set()
{
	rc_flags="-p \${pidfile} -S -T \${name} -l daemon ${start} \${rc_flags}"
}

run_rc_command "$1"
`,
    enable: [`sysrc ${name}_enable=YES`, `service ${name} start`],
  };
}

/** systemd.service(5), systemd.exec(5). */
function linux({ verb, foreground, flag, config, linux: unit }: Daemon): ServiceFile {
  const start = ["/usr/local/bin/pierhead", verb, ...words(foreground), flag, config.others, ...words(unit.more)];
  return {
    path: `/etc/systemd/system/pierhead-${verb}.service`,
    mode: "0644",
    text: `[Unit]
Description=${unit.description}
Documentation=${unit.documentation}
Wants=network.target
After=network.target nftables.service
${unit.unit}
[Service]
Type=exec
ExecStartPre=/usr/local/bin/pierhead ${verb} -n ${flag} ${config.others}
ExecStart=${start.join(" ")}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=${unit.restart}
${unit.service}ProtectHome=yes
ProtectClock=yes
LockPersonality=yes
RestrictRealtime=yes

[Install]
WantedBy=multi-user.target
`,
    enable: [...unit.before, "systemctl daemon-reload", `systemctl enable --now pierhead-${verb}`],
  };
}

function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

/** Commands of its file change routes and rules, so little can be taken away from it. */
const MONITOR: Daemon = {
  verb: "monitor",
  foreground: "-d",
  flag: "-f",
  config: { freebsd: "/usr/local/etc/ifstated.conf", others: "/etc/ifstated.conf" },
  replaces: "ifstated",
  linux: {
    description: "Link monitor (runs ifstated.conf)",
    documentation: "man:ifstated.conf(5)",
    more: "--run-dir /run/pierhead",
    unit: "",
    restart: "200ms",
    service: `# Commands under way end by themselves; the monitor waits for them.
KillMode=mixed
RuntimeDirectory=pierhead
RuntimeDirectoryMode=0700
# The record of the last state has to be there after a crash.
RuntimeDirectoryPreserve=restart
`,
    before: [],
  },
};

const PORTAL: Daemon = {
  verb: "portal",
  foreground: "",
  flag: "-c",
  config: { freebsd: "/usr/local/etc/pierhead/portal.yaml", others: "/etc/pierhead/portal.yaml" },
  replaces: null,
  linux: {
    description: "Captive portal",
    documentation: "https://www.rfc-editor.org/rfc/rfc8952",
    more: "",
    unit: `# It goes on trying, however long something is away that it needs.
StartLimitIntervalSec=0
`,
    restart: "2s",
    service: `User=${PORTAL_USER}
# For nft, tc and ip, which inherit them; for ports below 1024.
AmbientCapabilities=CAP_NET_ADMIN CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
# What it writes: the store of portal.yaml and a certificate by ACME, and the control socket. Nothing else.
StateDirectory=pierhead
StateDirectoryMode=0700
RuntimeDirectory=pierhead-portal
RuntimeDirectoryMode=0700
UMask=0077
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
# Forwarding is switched on in sysctl.d(5).
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectProc=invisible
# Netlink is how the firewall is changed.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
# No MemoryDenyWriteExecute=: Node.js compiles into memory.
SystemCallArchitectures=native
SystemCallFilter=@system-service @pkey
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
`,
    before: [
      `echo '${PORTAL_USER_FILE.line}' >${PORTAL_USER_FILE.path}`,
      `systemd-sysusers ${PORTAL_USER_FILE.path}`,
      `chgrp -R ${PORTAL_USER} /etc/pierhead && chmod -R u=rwX,g=rX,o= /etc/pierhead`,
      "echo net.ipv4.ip_forward=1 >/etc/sysctl.d/60-pierhead.conf",
      "sysctl --system",
    ],
  },
};

const MAKERS: ReadonlyMap<string, (daemon: Daemon) => ServiceFile> = new Map([
  ["openbsd", openbsd],
  ["freebsd", freebsd],
  ["linux", linux],
]);

export const SERVICE_SYSTEMS: readonly string[] = [...MAKERS.keys()];

/** @param family openbsd, freebsd or linux; null for others */
export function serviceFile(family: string, daemon: "monitor" | "portal" = "monitor"): ServiceFile | null {
  return MAKERS.get(family)?.(daemon === "monitor" ? MONITOR : PORTAL) ?? null;
}
