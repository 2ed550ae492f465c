/** QEMU with nvmm(4) on NetBSD: a script for each guest, and an rc.d script that starts them in order. */
import type { Guest } from "../model/site.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { diskLine, GUEST_FOLDER, guestScript, hardwarePaths, quote, type RunnerInput, rcScript } from "./runner.ts";

export function nvmmFiles(input: RunnerInput): BuiltFile[] {
  const { hypervisor, rc } = input;
  rc.line("guests=YES", hypervisor.path);
  const files = input.guests.map(({ guest, tap }) => startScript(input, guest, tap));
  const script = new FileWriter("/etc/rc.d/guests", { mode: 0o555 });
  rcScript(script, input, {
    rcvar: "guests",
    start: (guest) => `${running(guest)} || ${GUEST_FOLDER}/${guest.name}.sh`,
    // The monitor's power button: the guest shuts itself down.
    stop: (guest) => `${running(guest)} && echo system_powerdown | nc -NU ${monitor(guest)} > /dev/null`,
    running,
  });
  return [...files, script.finish()];
}

function pidFile(guest: Guest): string {
  return `/var/run/guest-${guest.name}.pid`;
}

function monitor(guest: Guest): string {
  return `/var/run/guest-${guest.name}.monitor`;
}

function running(guest: Guest): string {
  return `kill -0 "$(cat ${pidFile(guest)} 2> /dev/null)" 2> /dev/null`;
}

function startScript(input: RunnerInput, guest: Guest, tap: string): BuiltFile {
  const { hypervisor } = input;
  const from = hardwarePaths(guest);
  const disk = `${hypervisor.disks}/${guest.name}.img`;
  const out = new FileWriter(`${GUEST_FOLDER}/${guest.name}.sh`, { mode: 0o755 });
  guestScript(out, guest, input.site);
  out.blank().line(diskLine(guest, disk), from.disk, [...hypervisor.path, "disks"]);
  out.line(`ifconfig ${tap} create 2> /dev/null`, guest.path);
  out.line(`ifconfig ${tap} up`, guest.path);
  out.line(`brconfig ${hypervisor.bridge} add ${tap} 2> /dev/null`, guest.path, [...hypervisor.path, "bridge"]);
  out.blank().line("exec /usr/pkg/bin/qemu-system-x86_64 -accel nvmm \\", [...hypervisor.path, "kind"]);
  out.line(`\t-name ${quote(guest.name)} -smp ${guest.cpus} -m ${guest.memory} \\`, guest.path, from.cpus, from.memory);
  out.line(`\t-drive ${quote(`file=${disk},format=raw,if=virtio`)} \\`, from.disk, [...hypervisor.path, "disks"]);
  out.line(`\t-netdev ${quote(`tap,id=net0,ifname=${tap},script=no,downscript=no`)} \\`, guest.path);
  out.line(`\t-device ${quote(`virtio-net-pci,netdev=net0,mac=${guest.mac}`)} \\`, from.mac);
  out.line(
    `\t-display none -serial ${quote(`unix:/var/run/guest-${guest.name}.console,server=on,wait=off`)} \\`,
    guest.path,
  );
  out.line(`\t-monitor ${quote(`unix:${monitor(guest)},server=on,wait=off`)} \\`, guest.path);
  out.line(`\t-pidfile ${pidFile(guest)} -daemonize`, guest.path);
  return out.finish();
}
