/** vm.conf(5) of OpenBSD's vmd(8). */
import { isAtLeast } from "@pierhead/core";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";
import { guestTitle, hardwarePaths, type RunnerInput } from "./runner.ts";

const SWITCH = "guests";

export function vmdFiles({ host, hypervisor, guests, site, rc }: RunnerInput): BuiltFile[] {
  rc.line("vmd_flags=", [...hypervisor.path, "kind"]);
  const out = new FileWriter("/etc/vm.conf");
  head(out, site, `${host.name}: its guests, in the order in which they start.`);
  if (guests.length > 4)
    out.line("# /dev has four taps: sh /dev/MAKEDEV makes more (vm.conf(5), CAVEATS).", hypervisor.path);
  const waits = guests.filter(({ guest }) => guest.after.length > 0);
  // `staggered` came with 6.6; before, all start at once.
  if (waits.length > 0 && isAtLeast(host.system, "openbsd", 6, 6)) {
    out.blank().line("staggered start parallel 1 delay 10", ...waits.map(({ guest }) => [...guest.path, "after"]));
  }
  out.blank().line(`switch "${SWITCH}" {`, hypervisor.path);
  out.line(`\tinterface ${hypervisor.bridge}`, [...hypervisor.path, "bridge"]).line("}");
  for (const { guest, tap } of guests) {
    const from = hardwarePaths(guest);
    out
      .blank()
      .line(
        `# ${guestTitle(guest)}; ${guest.disk} GB: vmctl create -s ${guest.disk}G ${hypervisor.disks}/${guest.name}.qcow2`,
        guest.path,
        from.disk,
      );
    out.line(`vm "${guest.name}" {`, guest.path);
    out.line(`\tmemory ${guest.memory}M`, from.memory);
    out.line(`\tdisk "${hypervisor.disks}/${guest.name}.qcow2" format qcow2`, from.disk, [...hypervisor.path, "disks"]);
    out.line(`\tinterface ${tap} {`, guest.path);
    out.line(`\t\tswitch "${SWITCH}"`, hypervisor.path);
    // Locked: frames from another address are dropped, so the guest cannot take a neighbour's.
    out.line(`\t\tlocked lladdr ${guest.mac}`, from.mac);
    out.line("\t}").line("}");
  }
  return [out.finish()];
}
