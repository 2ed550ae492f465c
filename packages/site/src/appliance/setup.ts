/** The script that makes the machine what it shall be: programs first, then the services. It may be run again. */
import type { Host } from "../model/site.ts";
import { type ApplianceInput, type PlacedFile, STORE, systemOf } from "./appliance.ts";
import { FORWARDING } from "./place.ts";

/** OpenBSD and FreeBSD: the store's library is compiled on the machine, against the headers that are there. */
const COMPILED = `npm_config_nodedir=/usr/local npm install --global --no-audit --no-fund --allow-scripts=better-sqlite3 ${STORE}/pierhead.tgz`;

export function setupScript(input: ApplianceInput): string {
  return `#!/bin/sh
# Installs Node.js, the portal and what it needs around it. Made by pierhead.
# Until it has come to its end it is run at every start of the machine.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
cd ${STORE}
${SYSTEMS[systemOf(input.host)](input)}`;
}

const SYSTEMS: Readonly<Record<ReturnType<typeof systemOf>, (input: ApplianceInput) => string>> = {
  openbsd: () => `
again() {
	echo ${STORE}/setup >>/etc/rc.firsttime
	echo "pierhead: not finished; it is tried again when the machine starts next" >&2
}
trap again EXIT
pkg_add -I node gmake python%3
${COMPILED}
trap - EXIT
# It holds secrets, and is needed no more. rc(8) starts the portal next.
rm -rf ${STORE}
`,
  freebsd: () => `
export ASSUME_ALWAYS_YES=yes
pkg install -y node22 npm-node22 gmake python3 dnsmasq
${COMPILED}
# It holds secrets, and is needed no more.
rm -rf ${STORE}
service dnsmasq start
service pierhead_portal start
`,
  debian: ({ host, node }) => `
# To the journal, and to whoever stands before the machine.
say() {
	echo "pierhead: $1"
	{ echo "pierhead: $1" >/dev/console; } 2>/dev/null || true
}
again() {
	say "not finished: journalctl -u pierhead-appliance says why. It is tried again every minute."
}
trap again EXIT

say "installing what the hotspot needs"
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold \\
	ca-certificates curl dnsmasq g++ make nftables openssh-server python3 xz-utils
systemctl enable nftables.service
systemctl restart nftables.service
# Rules first, then the machine is a gateway.
install -o root -g root -m 0644 ${STORE}/tree${FORWARDING} ${FORWARDING}
sysctl -q -p ${FORWARDING}
systemctl restart dnsmasq.service

# Debian 12 has Node.js 18; the portal needs 20.19 or later.
say "installing Node.js and the portal"
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then
${node === null ? FETCH_NODE : `	tar -xJf ${STORE}/node.tar.xz -C /usr/local --strip-components=1 --no-same-owner`}
fi
# The headers that came with it, when the store's library has to be compiled.
home=$(node -p 'require("node:path").dirname(require("node:path").dirname(process.execPath))')
if [ -e "$home/include/node/node.h" ]; then
	npm_config_nodedir=$home
	export npm_config_nodedir
fi
npm install --global --no-audit --no-fund --allow-scripts=better-sqlite3 ${STORE}/pierhead.tgz
${storeCheck(host)}systemctl daemon-reload
systemctl enable pierhead-portal.service
# A file that is still missing is no reason to install everything again.
systemctl restart pierhead-portal.service || true
trap - EXIT
# It answers before its pages listen, so it is asked until it has answered three times in a row.
tries=0
answers=0
while [ "$answers" -lt 3 ] && [ "$tries" -lt 30 ]; do
	tries=$((tries + 1))
	if pierhead portal status >/dev/null 2>&1; then answers=$((answers + 1)); else answers=0; fi
	sleep 2
done
if [ "$answers" -ge 3 ]; then
	say "done: ${host.name} is a hotspot"
else
	say "installed, but the portal does not run: journalctl -u pierhead-portal says why"
fi
install -o root -g root -m 0644 ${STORE}/issue ${ISSUE}
agetty --reload || true
# It holds secrets, and is needed no more.
rm -rf ${STORE}
`,
};

/** The store's library is optional to npm, which goes on without it; a portal with SQLite cannot. */
function storeCheck({ hotspot }: Host): string {
  const store = hotspot?.options.store;
  if (store !== undefined && !store.startsWith("sqlite:")) return "";
  return `if ! [ -e "$(npm root --global)/pierhead/node_modules/better-sqlite3/build/Release/better_sqlite3.node" ]; then
	say "better-sqlite3, the store's library, was neither fetched nor compiled"
	exit 1
fi
`;
}

/** What stands above the console's login prompt: issue.d of agetty(8). */
const ISSUE = "/etc/issue.d/pierhead.issue";

/** `\\4{CARD}` is the card's address when the prompt is shown. */
export function issueText({ host }: ApplianceInput, done: boolean): string {
  const uplink = host.hotspot?.uplink.interface ?? "";
  if (!done)
    return `${host.name} is being made a hotspot, which takes some minutes: this is said here when it is done.\n\n`;
  return `${host.name} is a hotspot. Its address is \\4{${uplink}}.
For operators: ssh root@\\4{${uplink}}, and there: pierhead portal admin add NAME\n\n`;
}

const FETCH_NODE = `	case $(dpkg --print-architecture) in
	amd64) arch=x64 ;;
	arm64) arch=arm64 ;;
	*)
		echo "pierhead: nodejs.org packs nothing for this processor; make the appliance with --with-node" >&2
		exit 1
		;;
	esac
	from=https://nodejs.org/dist/latest-v22.x
	curl -fsS "$from/SHASUMS256.txt" -o SHASUMS256.txt
	grep "linux-$arch\\.tar\\.xz\\$" SHASUMS256.txt >node.sum
	file=$(awk '{ print $2 }' node.sum)
	curl -fsS "$from/$file" -o "$file"
	sha256sum -c node.sum
	tar -xJf "$file" -C /usr/local --strip-components=1 --no-same-owner
	rm -f "$file"`;

/** What has the script run when the machine starts; OpenBSD has rc.firsttime(8) for it. */
export function starterFiles(input: ApplianceInput): PlacedFile[] {
  const owned = { owner: "root", group: systemOf(input.host) === "debian" ? "root" : "wheel" };
  switch (systemOf(input.host)) {
    case "openbsd":
      return [];
    case "freebsd":
      return [{ path: "/usr/local/etc/rc.d/pierhead_appliance", mode: 0o555, ...owned, text: FREEBSD_RC }];
    case "debian":
      return [
        { path: "/etc/systemd/system/pierhead-appliance.service", mode: 0o644, ...owned, text: UNIT },
        { path: ISSUE, mode: 0o644, ...owned, text: issueText(input, false) },
      ];
  }
}

/** rc.subr(8). Without a variable of rc.conf: when it is done, nothing is left to do. */
const FREEBSD_RC = `#!/bin/sh

# PROVIDE: pierhead_appliance
# REQUIRE: NETWORKING pf ntpdate
# BEFORE: pierhead_portal

. /etc/rc.subr

name="pierhead_appliance"
start_cmd="pierhead_appliance_start"
stop_cmd=":"

pierhead_appliance_start()
{
	[ -e ${STORE}/todo ] || return 0
	${STORE}/setup 2>&1 | tee -a /var/log/pierhead-appliance.log
}

load_rc_config $name
run_rc_command "$1"
`;

/** systemd.service(5). It goes on trying: the line may come up later. */
const UNIT = `[Unit]
Description=Makes this machine the hotspot it shall be
ConditionPathExists=${STORE}/todo
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=${STORE}/setup
Restart=on-failure
RestartSec=60
TimeoutStartSec=1h

[Install]
WantedBy=multi-user.target
`;
