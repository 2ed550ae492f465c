/** README.txt: how to use what was made, for whoever stands before the machine. */
import { type ApplianceInput, systemOf } from "./appliance.ts";
import { payloadName } from "./payload.ts";

/** @param bring files of the host that nobody puts there: certificates and secrets that `secrets` of the site does not name */
export function readme(input: ApplianceInput, bring: readonly string[]): string {
  const { host, disk, passwordHash, sshKeys } = input;
  const system = systemOf(host);
  return `${host.name}: a hotspot, from a bare machine
${"=".repeat(host.name.length + 32)}

${SYSTEMS[system](input)}
Before you begin
----------------

- The disk is wiped: ${disk === null ? "the installer takes its usual one. With several disks name it: `--disk`" : disk}.
- The files here hold secrets of yours. Serve them on a network of your own, and take them away afterwards.
- The cards are called as in the site: ${[host.hotspot?.uplink, host.hotspot?.lan]
    .flatMap((one) => (one === undefined ? [] : [`${one.interface} (${one.name})`]))
    .join(
      ", ",
    )}.${system === "debian" ? "\n  `ip link` on the machine says what they are called there; in the installer, on its second console (Alt-F2)." : ""}

Afterwards
----------

When the machine starts first it installs Node.js and the portal, which takes some minutes and needs the internet. Without
it, that is tried again at the next start${system === "debian" ? ", and every minute" : ""}. What it was made from lies in /var/pierhead until then, and is gone afterwards.
${system === "debian" ? debianProgress(input) : ""}
${
  sshKeys.length === 0
    ? "Nobody comes in over the network: no SSH key was given. On the console there is root's password."
    : `Come in as root with your SSH key: ssh root@${host.hotspot?.uplink.address?.address ?? "ADDRESS"}.${passwordHash === null ? " There is no password, on the console neither." : ""}`
}
${
  host.services.some((service) => service.port === "ssh" || service.port === "22")
    ? ""
    : "\nThe site has no `services: { ssh: { port: ssh } }`, so the rules let nobody in: build it again with that, or stay at the console.\n"
}
The portal's page for operators has no account yet. Make one:

    pierhead portal admin add NAME

and reach it by ssh -L 8444:127.0.0.1:8444 root@MACHINE. Vouchers: pierhead portal voucher create --count 20 --time 4h
${
  bring.length === 0
    ? ""
    : `\nThe portal does not start before these files are there, which the site does not put under \`secrets\`:\n${bring.map((file) => `    ${file}\n`).join("")}`
}`;
}

function debianProgress({ node }: ApplianceInput): string {
  return `
The console says how far it is, and in the end which address the machine has. Over SSH: journalctl -fu pierhead-appliance.
It fetches Debian's and npm's packages, and files of ${node === null ? "nodejs.org and " : ""}github.com. Where github.com is not to be had, the store's
library is compiled instead, which takes some minutes more.
`;
}

const SYSTEMS: Readonly<Record<ReturnType<typeof systemOf>, (input: ApplianceInput) => string>> = {
  openbsd: (input) => {
    const { host, url } = input;
    const set = payloadName(input);
    const release = `${host.system.major}.${host.system.minor}`;
    const version = `${host.system.major}${host.system.minor}`;
    const from =
      url === null
        ? `The sets come from the stick that the machine is started from:

  1. Write install${version}.img to a USB stick, and on an OpenBSD put our set beside the others:
         mount /dev/sd1a /mnt && cp ${set} /mnt/${release}/amd64/ && umount /mnt
  2. Serve this folder over HTTP, or have install.conf in the installer's own kernel (below).`
        : `The sets come from ${url}:

  1. Put this folder there, and beside ${set} the files of pub/OpenBSD/${release}/amd64 (SHA256.sig with them).
  2. In that folder: ls -ln > index.txt`;
    return `install.conf answers the questions of OpenBSD's installer (autoinstall(8)); ${set} is a set that the installer
takes because it is called like the host (install.site(5)).

${from}
  3. Start the machine and choose (A)utoinstall. As the response file's location give the address of install.conf:
         ${url ?? "http://192.0.2.5"}/install.conf

Without anybody there (PXE): let your DHCP server say \`next-server\` (the web server, which has install.conf at its top) and
\`filename "auto_install"\`, with auto_install a link to pxeboot on the TFTP server: autoinstall(8), diskless(8).

Without a web server: on an OpenBSD, put the answers into the installer's kernel, and that onto the stick:
         rdsetroot -x bsd.rd disk.fs && vnconfig vnd0 disk.fs && mount /dev/vnd0a /mnt
         cp install.conf /mnt/auto_install.conf && umount /mnt && vnconfig -u vnd0 && rdsetroot bsd.rd disk.fs
`;
  },
  freebsd: (input) => {
    const release = `${input.host.system.major}.${input.host.system.minor}-RELEASE`;
    return `installerconfig is a script for FreeBSD's installer (bsdinstall(8), "SCRIPTING"), pierhead.txz a distribution beside
kernel and base.

On a USB stick, prepared on a FreeBSD:
  1. Write FreeBSD-${release}-amd64-memstick.img to the stick.
  2. mount /dev/da0s2a /mnt
     cp installerconfig /mnt/etc/installerconfig
     cp pierhead.txz /mnt/usr/freebsd-dist/
     umount /mnt
  3. Start the machine from it. Nothing is asked; it restarts when it is done.

PXE: unpack the ISO into the NFS root of diskless(8), and copy the two files to the same places there.
As an image: bsdinstall(8), "BUILDING AUTOMATIC INSTALL MEDIA".
`;
  },
  debian: (input) => {
    const { host, url } = input;
    const card = host.hotspot?.uplink.interface ?? "auto";
    return `preseed.cfg answers the questions of Debian 12's installer, user-data and meta-data are for cloud-init. Either needs
pierhead.tgz.

On a USB stick: add preseed.cfg and pierhead.tgz to the top folder of the installer's image, and write hotspot.iso to the stick:
         xorriso -indev debian-12-amd64-netinst.iso -outdev hotspot.iso -boot_image any replay \\
             -map preseed.cfg /preseed.cfg -map pierhead.tgz /pierhead.tgz
     Start from it. Where the menu says "BIOS mode", press Escape and type
         auto preseed/file=/cdrom/preseed.cfg priority=critical
     Where it says "UEFI", press e on "Install", put this before the --- of the line that begins with linux, and press Ctrl-X:
         auto=true preseed/file=/cdrom/preseed.cfg priority=critical

PXE: serve this folder${url === null ? " (make it again with --url, so that pierhead.tgz is found)" : ` as ${url}`}.
     Start the installer's kernel (netboot) with these words; without the card, through which preseed.cfg comes, it asks for it:
         auto=true priority=critical interface=${card} hostname=${host.name} url=${url ?? "http://192.0.2.5"}/preseed.cfg

Cloud and virtual machines (debian-12-genericcloud image): a second disk called cidata with the three files,
         xorriso -as mkisofs -V cidata -J -r -o seed.iso user-data meta-data pierhead.tgz
     or user-data alone, where the cloud takes it${url === null ? " (made again with --url)" : `: pierhead.tgz is then fetched from ${url}`}. What comes
     over the network is compared with the sum that is written in user-data and preseed.cfg.
`;
  },
};
