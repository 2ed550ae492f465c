/** The file that starts the monitor at boot, for each system's own way of doing so. */

export interface ServiceFile {
  /** Where the system looks for it. */
  readonly path: string;
  readonly mode: string;
  readonly text: string;
  /** Commands that switch it on. */
  readonly enable: readonly string[];
}

/** rc.subr(8). */
const OPENBSD: ServiceFile = {
  path: "/etc/rc.d/pierhead_monitor",
  mode: "0555",
  text: `#!/bin/ksh

daemon="/usr/local/bin/pierhead"
daemon_flags="-f /etc/ifstated.conf"
daemon_logger="daemon.info"

. /etc/rc.d/rc.subr

pexp="node .*pierhead.* monitor .*"
rc_bg=YES

rc_start() {
	rc_exec "\${daemon} monitor -d \${daemon_flags}"
}

rc_configtest() {
	rc_exec "\${daemon} monitor -n \${daemon_flags}"
}

rc_cmd $1
`,
  enable: ["rcctl disable ifstated", "rcctl enable pierhead_monitor", "rcctl start pierhead_monitor"],
};

/** rc.subr(8), daemon(8). */
const FREEBSD: ServiceFile = {
  path: "/usr/local/etc/rc.d/pierhead_monitor",
  mode: "0555",
  text: `#!/bin/sh

# PROVIDE: pierhead_monitor
# REQUIRE: NETWORKING pf
# KEYWORD: shutdown

. /etc/rc.subr

name="pierhead_monitor"
rcvar="pierhead_monitor_enable"
load_rc_config $name
: \${pierhead_monitor_enable:="NO"}
: \${pierhead_monitor_config:="/usr/local/etc/ifstated.conf"}
: \${pierhead_monitor_flags:=""}

pidfile="/var/run/pierhead_monitor.pid"
required_files="\${pierhead_monitor_config}"
extra_commands="reload configtest"
configtest_cmd="/usr/local/bin/pierhead monitor -n -f \${pierhead_monitor_config}"
start_precmd="pierhead_monitor_flags_set"
command="/usr/sbin/daemon"
procname="\${pierhead_monitor_node:-/usr/local/bin/node}"

pierhead_monitor_flags_set()
{
	rc_flags="-p \${pidfile} -S -T \${name} -l daemon /usr/local/bin/pierhead monitor -d -f \${pierhead_monitor_config} \${rc_flags}"
}

run_rc_command "$1"
`,
  enable: ["sysrc pierhead_monitor_enable=YES", "service pierhead_monitor start"],
};

/** systemd.service(5), systemd.exec(5). Commands of the file change routes and rules, so little can be taken away. */
const LINUX: ServiceFile = {
  path: "/etc/systemd/system/pierhead-monitor.service",
  mode: "0644",
  text: `[Unit]
Description=Link monitor (runs ifstated.conf)
Documentation=man:ifstated.conf(5)
Wants=network.target
After=network.target nftables.service

[Service]
Type=exec
ExecStartPre=/usr/local/bin/pierhead monitor -n -f /etc/ifstated.conf
ExecStart=/usr/local/bin/pierhead monitor -d -f /etc/ifstated.conf --run-dir /run/pierhead
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=200ms
# Commands under way end by themselves; the monitor waits for them.
KillMode=mixed
RuntimeDirectory=pierhead
RuntimeDirectoryMode=0700
# The record of the last state has to be there after a crash.
RuntimeDirectoryPreserve=restart
ProtectHome=yes
ProtectClock=yes
LockPersonality=yes
RestrictRealtime=yes

[Install]
WantedBy=multi-user.target
`,
  enable: ["systemctl daemon-reload", "systemctl enable --now pierhead-monitor"],
};

const FILES: ReadonlyMap<string, ServiceFile> = new Map([
  ["openbsd", OPENBSD],
  ["freebsd", FREEBSD],
  ["linux", LINUX],
]);

export const SERVICE_SYSTEMS: readonly string[] = [...FILES.keys()];

/** @param family openbsd, freebsd or linux; null for others */
export function serviceFile(family: string): ServiceFile | null {
  return FILES.get(family) ?? null;
}
