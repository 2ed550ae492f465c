/** vm-bhyve on FreeBSD: a file for each guest, the switch that is our bridge, and the list in rc.conf. */
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";
import { guestTitle, hardwarePaths, type RunnerInput } from "./runner.ts";

/** Name of the switch, as vm-bhyve's own templates have it. */
const SWITCH = "public";

export function vmBhyveFiles({ hypervisor, guests, site, rc }: RunnerInput): BuiltFile[] {
  const { disks } = hypervisor;
  rc.line('vm_enable="YES"', [...hypervisor.path, "kind"]);
  rc.line(`vm_dir="${disks}"`, [...hypervisor.path, "disks"]);
  const names = guests.map(({ guest }) => guest.name).join(" ");
  rc.line(`vm_list="${names}"\t# started in this order`, ...guests.map(({ guest }) => [...guest.path, "after"]));
  rc.line('vm_delay="5"', hypervisor.path);
  // The bridge is set up in rc.conf: a manual switch takes it as it is.
  const system = new FileWriter(`${disks}/.config/system.conf`);
  system.line(`switch_list="${SWITCH}"`, hypervisor.path).line(`type_${SWITCH}="manual"`, hypervisor.path);
  system.line(`bridge_${SWITCH}="${hypervisor.bridge}"`, [...hypervisor.path, "bridge"]);
  const files = [system.finish()];
  for (const { guest } of guests) {
    const from = hardwarePaths(guest);
    const out = new FileWriter(`${disks}/${guest.name}/${guest.name}.conf`);
    head(out, site, guestTitle(guest));
    out.line('loader="uefi"', [...hypervisor.path, "kind"]);
    out.line(`cpu="${guest.cpus}"`, from.cpus).line(`memory="${guest.memory}M"`, from.memory);
    out.line('network0_type="virtio-net"', guest.path).line(`network0_switch="${SWITCH}"`, guest.path);
    out.line(`network0_mac="${guest.mac}"`, from.mac);
    out.line('disk0_type="virtio-blk"', from.disk).line('disk0_name="disk0.img"', from.disk);
    out.line(`disk0_size="${guest.disk}G"`, from.disk);
    files.push(out.finish());
  }
  return files;
}
