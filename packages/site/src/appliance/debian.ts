/** Debian 12: preseed.cfg for its installer, user-data and meta-data for cloud-init. */
import { stringify } from "yaml";
import { netmask } from "../build/card.ts";
import { type ApplianceInput, type MediaFile, quoted, STORE } from "./appliance.ts";
import { payloadName } from "./payload.ts";

/** @param sha256 of the payload as it is written, in hexadecimal: it may come over the network */
export function debianFiles(input: ApplianceInput, sha256: string): MediaFile[] {
  return [
    { name: "preseed.cfg", text: preseed(input, sha256) },
    { name: "user-data", text: `#cloud-config\n${stringify(userData(input, sha256), { lineWidth: 0 })}` },
    {
      name: "meta-data",
      text: stringify({
        "instance-id": `${input.host.name}-${sha256.slice(0, 12)}`,
        "local-hostname": input.host.name,
      }),
    },
  ];
}

const AT = "/var/pierhead.tgz";

/**
 * The stick the installer came from is a disk like others to partman. When there is one beside it, that is taken; of several
 * none is chosen here, and the installer asks.
 */
const ONLY_DISK = [
  `from=$(awk '$2 == "/cdrom" || $2 == "/hd-media" { print $1 }' /proc/mounts); set --;`,
  `for one in $(list-devices disk); do case "$from" in *"$one"*) ;; *) set -- "$@" "$one" ;; esac; done;`,
  `if [ $# -eq 1 ]; then debconf-set partman-auto/disk "$1"; debconf-set grub-installer/bootdev "$1"; fi`,
].join(" ");

function preseed(input: ApplianceInput, sha256: string): string {
  const { host, passwordHash, disk } = input;
  const d = (question: string, type: string, value: string): string => `d-i ${question} ${type} ${value}`.trimEnd();
  const lines = [
    `# ${host.name}: answers for the installer of Debian 12. Made by pierhead; README.txt says how it is used.`,
    d("debian-installer/locale", "string", "en_US.UTF-8"),
    d("keyboard-configuration/xkb-keymap", "select", "us"),
    ...network(input),
    d("mirror/country", "string", "manual"),
    d("mirror/http/hostname", "string", "deb.debian.org"),
    d("mirror/http/directory", "string", "/debian"),
    d("mirror/http/proxy", "string", ""),
    "# Root comes in with an SSH key, and there is nobody else.",
    d("passwd/root-login", "boolean", "true"),
    d("passwd/make-user", "boolean", "false"),
    d("passwd/root-password-crypted", "password", passwordHash ?? "!"),
    d("clock-setup/utc", "boolean", "true"),
    d("time/zone", "string", "Etc/UTC"),
    d("clock-setup/ntp", "boolean", "true"),
    "# The whole disk.",
    disk === null ? d("partman/early_command", "string", ONLY_DISK) : d("partman-auto/disk", "string", disk),
    d("partman-auto/method", "string", "regular"),
    d("partman-auto/choose_recipe", "select", "atomic"),
    d("partman-lvm/device_remove_lvm", "boolean", "true"),
    d("partman-md/device_remove_md", "boolean", "true"),
    d("partman-partitioning/confirm_write_new_label", "boolean", "true"),
    "# What was on it, a system started by a BIOS maybe, is no reason to stop.",
    d("partman-efi/non_efi_system", "boolean", "true"),
    d("partman/choose_partition", "select", "finish"),
    d("partman/confirm", "boolean", "true"),
    d("partman/confirm_nooverwrite", "boolean", "true"),
    "tasksel tasksel/first multiselect standard, ssh-server",
    d("pkgsel/include", "string", "openssh-server nftables ca-certificates curl xz-utils"),
    d("pkgsel/upgrade", "select", "full-upgrade"),
    "popularity-contest popularity-contest/participate boolean false",
    d("grub-installer/only_debian", "boolean", "true"),
    d("grub-installer/bootdev", "string", disk ?? "default"),
    d("preseed/late_command", "string", late(input, sha256)),
    d("finish-install/reboot_in_progress", "note", ""),
  ];
  return `${lines.join("\n")}\n`;
}

/** For the installer alone: in the new system the cards are those of the site. */
function network({ host }: ApplianceInput): string[] {
  const line = host.hotspot?.uplink;
  if (line === undefined) return [];
  const set = (question: string, type: string, value: string): string => `d-i netcfg/${question} ${type} ${value}`;
  const names = [
    set("choose_interface", "select", line.interface),
    set("get_hostname", "string", host.name),
    set("hostname", "string", host.name),
    "d-i netcfg/get_domain string",
  ];
  if (line.address === null || line.gateway === null) return names;
  const resolvers = host.dns.filter((one) => one.family === 4);
  return [
    ...names,
    set("disable_autoconfig", "boolean", "true"),
    set("get_ipaddress", "string", `${line.address.address}`),
    set("get_netmask", "string", netmask(line.address)),
    set("get_gateway", "string", `${line.gateway}`),
    set("get_nameservers", "string", resolvers.join(" ")),
    set("confirm_static", "boolean", "true"),
  ];
}

/** One line: run by the installer's own shell, with the new system below /target. */
function late(input: ApplianceInput, sha256: string): string {
  const name = payloadName(input);
  const target = `/target${AT}`;
  const fetch = input.url === null ? "false" : `wget -O ${target} ${quoted(`${input.url}/${name}`)}`;
  return [
    `cp /cdrom/${name} ${target} || cp /hd-media/${name} ${target} || ${fetch} || exit 1;`,
    `echo "${sha256}  ${target}" | sha256sum -c || exit 1;`,
    `tar -xzf ${target} -C /target || exit 1;`,
    `rm -f ${target};`,
    `in-target /bin/sh ${STORE}/place`,
  ].join(" ");
}

function userData(input: ApplianceInput, sha256: string): object {
  const { host, sshKeys, passwordHash } = input;
  const root = {
    name: "root",
    lock_passwd: passwordHash === null,
    ...(sshKeys.length === 0 ? {} : { ssh_authorized_keys: sshKeys }),
  };
  return {
    hostname: host.name,
    disable_root: false,
    ssh_pwauth: false,
    users: [root],
    package_update: true,
    packages: ["ca-certificates", "curl", "nftables"],
    write_files: [
      // The cards are those of the site.
      { path: "/etc/cloud/cloud.cfg.d/99-pierhead.cfg", content: "network: {config: disabled}\n" },
    ],
    runcmd: [["sh", "-c", cloudScript(input, sha256)]],
    // When cloud-init has come to its end, and only if the files are in their places.
    power_state: { mode: "reboot", condition: `test -e ${STORE}/todo` },
  };
}

/** From the disk the two files came from (NoCloud), or from where the folder is served. */
function cloudScript(input: ApplianceInput, sha256: string): string {
  const name = payloadName(input);
  const fetch =
    input.url === null
      ? `echo "pierhead: there is no ${name} on the disk called cidata" >&2; exit 1`
      : `curl -fsS ${quoted(`${input.url}/${name}`)} -o ${AT}`;
  return `set -eu
umask 077
mkdir -p /run/pierhead-seed
if mount -o ro LABEL=cidata /run/pierhead-seed || mount -o ro LABEL=CIDATA /run/pierhead-seed; then
	cp /run/pierhead-seed/${name} ${AT} || true
	umount /run/pierhead-seed
fi
if [ ! -s ${AT} ]; then
	${fetch}
fi
echo "${sha256}  ${AT}" | sha256sum -c
tar -xzf ${AT} -C /
rm -f ${AT}
/bin/sh ${STORE}/place
`;
}
