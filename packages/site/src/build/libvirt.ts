/** libvirt on Linux: the domain of each guest in XML, and a unit that defines and starts them in order. */
import type { Guest } from "../model/site.ts";
import type { SitePath } from "../read/index.ts";
import { type BuiltFile, FileWriter } from "./file.ts";
import { head } from "./gateway.ts";
import { GUEST_FOLDER, guestTitle, hardwarePaths, quote, type RunnerInput } from "./runner.ts";
import { isShared, NFT_FILE } from "./wire.ts";

export function libvirtFiles(input: RunnerInput): BuiltFile[] {
  const { hypervisor, guests, site, host } = input;
  const files = guests.map(({ guest, tap }) => domain(input, guest, tap));
  const script = new FileWriter("/usr/local/sbin/start-guests", { mode: 0o755 });
  script.line("#!/bin/sh");
  head(script, site, `${host.name}: its guests, each after those it waits for.`);
  script.line(`mkdir -p ${hypervisor.disks}`, [...hypervisor.path, "disks"]);
  if (isShared(host)) script.line(`nft -f ${NFT_FILE}`, host.path);
  for (const { guest } of guests) {
    const name = quote(guest.name);
    const disk = `${hypervisor.disks}/${guest.name}.qcow2`;
    script.blank();
    const { disk: diskPath, after } = hardwarePaths(guest);
    script.line(`[ -e ${disk} ] || qemu-img create -q -f qcow2 ${disk} ${guest.disk}G`, diskPath, [
      ...hypervisor.path,
      "disks",
    ]);
    script.line(`virsh -q define ${GUEST_FOLDER}/${guest.name}.xml`, guest.path);
    script.line(`virsh -q domstate ${name} | grep -q running || virsh -q start ${name}`, guest.path, after);
  }
  const unit = new FileWriter("/etc/systemd/system/guests.service");
  head(unit, site, "Enable it once: systemctl enable guests");
  unit.line("[Unit]").line(`Description=Guests of ${host.name}`, host.path);
  unit
    .line("Requires=libvirtd.service")
    .line("After=libvirtd.service network-online.target")
    .line("Wants=network-online.target");
  unit.blank().line("[Service]").line("Type=oneshot").line("RemainAfterExit=yes");
  unit.line("ExecStart=/usr/local/sbin/start-guests", hypervisor.path);
  unit.blank().line("[Install]").line("WantedBy=multi-user.target");
  return [...files, script.finish(), unit.finish()];
}

/** libvirt.org/formatdomain: KVM, a virtio disk, a virtio card on the bridge with the MAC of the provider's console. */
function domain(input: RunnerInput, guest: Guest, tap: string): BuiltFile {
  const { hypervisor, site } = input;
  const from = hardwarePaths(guest);
  const out = new FileWriter(`${GUEST_FOLDER}/${guest.name}.xml`, { mode: 0o600 });
  const xml = new XmlWriter(out);
  xml.comment(guestTitle(guest), guest.path);
  xml.comment(`Built by pierhead from the site "${site}": change that, not this file.`);
  xml.open("domain", { type: "kvm" }, [...hypervisor.path, "kind"]);
  xml.leaf("name", {}, guest.name, guest.path);
  xml.leaf("memory", { unit: "MiB" }, String(guest.memory), from.memory);
  xml.leaf("vcpu", {}, String(guest.cpus), from.cpus);
  xml.open("os", {});
  xml.leaf("type", { arch: "x86_64", machine: "q35" }, "hvm");
  xml.close("os");
  xml.open("features", {});
  xml.leaf("acpi", {}, null);
  xml.close("features");
  xml.leaf("cpu", { mode: "host-passthrough" }, null);
  xml.open("devices", {});
  xml.open("disk", { type: "file", device: "disk" }, from.disk);
  xml.leaf("driver", { name: "qemu", type: "qcow2" }, null, from.disk);
  xml.leaf("source", { file: `${hypervisor.disks}/${guest.name}.qcow2` }, null, from.disk, [
    ...hypervisor.path,
    "disks",
  ]);
  xml.leaf("target", { dev: "vda", bus: "virtio" }, null);
  xml.close("disk");
  xml.open("interface", { type: "bridge" }, guest.path);
  xml.leaf("source", { bridge: hypervisor.bridge }, null, [...hypervisor.path, "bridge"]);
  xml.leaf("mac", { address: guest.mac }, null, from.mac);
  xml.leaf("target", { dev: tap }, null, guest.path);
  xml.leaf("model", { type: "virtio" }, null);
  xml.close("interface");
  xml.leaf("console", { type: "pty" }, null);
  xml.close("devices");
  xml.close("domain");
  return out.finish();
}

/** Elements one a line, indented; text and attributes escaped (XML 1.0, 2.4). */
class XmlWriter {
  readonly #out: FileWriter;
  #depth = 0;

  constructor(out: FileWriter) {
    this.#out = out;
  }

  comment(text: string, ...from: readonly SitePath[]): void {
    // `--` ends a comment early (XML 1.0, 2.5).
    this.#line(`<!-- ${text.replaceAll(/-(?=-)/g, "- ")} -->`, from);
  }

  open(name: string, attributes: Readonly<Record<string, string>>, ...from: readonly SitePath[]): void {
    this.#line(`<${name}${shown(attributes)}>`, from);
    this.#depth++;
  }

  close(name: string): void {
    this.#depth--;
    this.#line(`</${name}>`, []);
  }

  leaf(
    name: string,
    attributes: Readonly<Record<string, string>>,
    text: string | null,
    ...from: readonly SitePath[]
  ): void {
    const head = `<${name}${shown(attributes)}`;
    this.#line(text === null ? `${head}/>` : `${head}>${escaped(text)}</${name}>`, from);
  }

  #line(text: string, from: readonly SitePath[]): void {
    this.#out.line(`${"  ".repeat(this.#depth)}${text}`, ...from);
  }
}

function shown(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escaped(value)}"`)
    .join("");
}

function escaped(text: string): string {
  const marks: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
  return text.replaceAll(/[&<>"']/g, (mark) => marks[mark] as string);
}
