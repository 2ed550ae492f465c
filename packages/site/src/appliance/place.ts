/** The script that puts a host's files in their places, run inside the new system while it is installed. */
import { PORTAL_USER, PORTAL_USER_FILE } from "@pierhead/lang/service-file";
import { type ApplianceInput, type PlacedFile, quoted, STORE, systemOf } from "./appliance.ts";

/** Debian: only when the rules are loaded does the machine forward at all. */
export const FORWARDING = "/etc/sysctl.d/60-pierhead.conf";

/** Where root is at home on all three systems. */
const ROOT_HOME = "/root";

export function placeScript(input: ApplianceInput): string {
  const { host, files } = input;
  const wheel = systemOf(host) === "debian" ? "root" : "wheel";
  return `#!/bin/sh
# Puts the files of ${host.name} in their places. Made by pierhead.
set -eu
umask 022

# put OWNER GROUP MODE FILE
put() {
	mkdir -p "$(dirname "$4")"
	install -o "$1" -g "$2" -m "$3" "${STORE}/tree$4" "$4"
}

${portalFolder(input)}
${files
  .filter(({ path }) => path !== FORWARDING)
  .map(putLine)
  .join("\n")}

keys=${ROOT_HOME}/.ssh
mkdir -p "$keys"
chmod 0700 "$keys"
install -o root -g ${wheel} -m 0600 ${STORE}/authorized_keys "$keys/authorized_keys"
${SYSTEMS[systemOf(host)](input)}`;
}

/** Debian: the portal is a user of its own, who reads the folder and writes nothing there. */
function portalFolder(input: ApplianceInput): string {
  const folder = quoted(portalFolderOf(input));
  if (systemOf(input.host) !== "debian") return `mkdir -p ${folder}\nchmod 0700 ${folder}`;
  return `systemd-sysusers ${STORE}/tree${PORTAL_USER_FILE.path}
mkdir -p ${folder}
chgrp ${PORTAL_USER} ${folder}
chmod 0750 ${folder}`;
}

export function portalFolderOf({ host }: ApplianceInput): string {
  return host.system.family === "freebsd" ? "/usr/local/etc/pierhead" : "/etc/pierhead";
}

function putLine({ path, mode, owner, group }: PlacedFile): string {
  return `put ${owner} ${group} ${mode.toString(8).padStart(4, "0")} ${quoted(path)}`;
}

const SYSTEMS: Readonly<Record<ReturnType<typeof systemOf>, (input: ApplianceInput) => string>> = {
  // rc(8) runs the file once, when the network is up and before the portal is started.
  openbsd: () => `
# Packages come from here, wherever the sets came from.
echo https://cdn.openbsd.org/pub/OpenBSD >/etc/installurl
echo ${STORE}/setup >>/etc/rc.firsttime
rm -f /install.site
`,
  // sshd takes the first value it finds, and its file has none.
  freebsd: ({ passwordHash }) => `
echo 'PermitRootLogin prohibit-password' >>/etc/ssh/sshd_config
# What is installed has root without a password.
${passwordHash === null ? "pw usermod root -h -" : `echo ${quoted(passwordHash)} | pw usermod root -H 0`}
sysrc sshd_enable=YES
touch ${STORE}/todo
chmod 0555 /usr/local/etc/rc.d/pierhead_appliance
`,
  debian: ({ passwordHash }) => `
${passwordHash === null ? "usermod --lock root" : `echo ${quoted(`root:${passwordHash}`)} | chpasswd --encrypted`}
# The cards are systemd-networkd's alone.
printf 'auto lo\\niface lo inet loopback\\n' >/etc/network/interfaces
rm -f /etc/netplan/*.yaml /etc/network/interfaces.d/*
systemctl enable systemd-networkd.service pierhead-appliance.service
touch ${STORE}/todo
`,
};
