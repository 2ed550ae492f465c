/** bhyve(8) on FreeBSD without a manager: a script for each guest, and an rc.d script that starts them in order. */
import type { Guest } from "../model/site.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { diskLine, GUEST_FOLDER, guestScript, hardwarePaths, quote, type RunnerInput, rcScript } from "./runner.ts";
import { freebsdWireCommands } from "./wire.ts";

/** What the package edk2-bhyve (bhyve-firmware) installs. */
const FIRMWARE = "/usr/local/share/uefi-firmware/BHYVE_UEFI.fd";

export function bhyveFiles(input: RunnerInput): BuiltFile[] {
  const { hypervisor, rc } = input;
  rc.line('kld_list="vmm nmdm"', [...hypervisor.path, "kind"]);
  rc.line('guests_enable="YES"', hypervisor.path);
  const files = input.guests.map(({ guest, tap }) => startScript(input, guest, tap));
  const script = new FileWriter("/usr/local/etc/rc.d/guests", { mode: 0o555 });
  rcScript(script, input, {
    rcvar: "guests_enable",
    // daemon(8) keeps the script away from the terminal; the script keeps the guest running over its reboots.
    start: (guest) =>
      `${running(guest)} || daemon -f -t ${quote(`guest ${guest.name}`)} ${GUEST_FOLDER}/${guest.name}.sh`,
    // bhyve(8): SIGTERM is the power button.
    stop: (guest) => `pkill -TERM -x -f ${quote(`bhyve: ${guest.name}`)}`,
    running,
  });
  return [...files, script.finish()];
}

/** /dev/vmm/NAME is there as long as the guest is. */
function running(guest: Guest): string {
  return `[ -e /dev/vmm/${guest.name} ]`;
}

function startScript(input: RunnerInput, guest: Guest, tap: string): BuiltFile {
  const { hypervisor } = input;
  const from = hardwarePaths(guest);
  const disk = `${hypervisor.disks}/${guest.name}/disk.img`;
  const out = new FileWriter(`${GUEST_FOLDER}/${guest.name}.sh`, { mode: 0o755 });
  guestScript(out, guest, input.site);
  out.line(`# Its console: cu -l /dev/nmdm-${guest.name}B`);
  out.blank().line(diskLine(guest, disk), from.disk, [...hypervisor.path, "disks"]);
  out.line(`ifconfig ${tap} create 2> /dev/null`, guest.path);
  out.line(`ifconfig ${tap} description ${quote(guest.name)} up`, guest.path);
  out.line(`ifconfig ${hypervisor.bridge} addm ${tap} 2> /dev/null`, guest.path, [...hypervisor.path, "bridge"]);
  for (const { text, from: origin } of freebsdWireCommands(input.host, guest, tap)) out.line(text, ...origin);
  out.blank().line("# bhyve ends with 0 when the guest reboots, and then runs again.");
  out.line("while :; do");
  out.line(`\tbhyve -A -H -P -c ${guest.cpus} -m ${guest.memory}M \\`, from.cpus, from.memory);
  out.line("\t\t-s 0,hostbridge -s 31,lpc \\");
  out.line(`\t\t-s ${quote(`2,virtio-net,${tap},mac=${guest.mac}`)} \\`, from.mac);
  out.line(`\t\t-s ${quote(`3,virtio-blk,${disk}`)} \\`, from.disk, [...hypervisor.path, "disks"]);
  out.line(`\t\t-l ${quote(`com1,/dev/nmdm-${guest.name}A`)} \\`, guest.path);
  out.line(`\t\t-l ${quote(`bootrom,${FIRMWARE}`)} \\`, [...hypervisor.path, "kind"]);
  out.line(`\t\t${quote(guest.name)} || break`, guest.path);
  out.line("done");
  out.line(`bhyvectl --vm=${quote(guest.name)} --destroy`, guest.path);
  return out.finish();
}
