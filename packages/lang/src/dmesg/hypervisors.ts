/** Signatures in CPUID leaf 0x40000000 and the hypervisors behind them: FreeBSD x86/identcpu.c, OpenBSD dev/pv/pvbus.c. */
const SIGNATURES: ReadonlyMap<string, string> = new Map([
  ["KVMKVMKVM", "KVM"],
  ["Microsoft Hv", "Hyper-V"],
  ["VMwareVMware", "VMware"],
  ["XenVMMXenVMM", "Xen"],
  ["bhyve bhyve", "bhyve"],
  ["VBoxVBoxVBox", "VirtualBox"],
  ["___ NVMM ___", "NVMM"],
  ["OpenBSDVMM58", "OpenBSD vmm"],
  ["TCGTCGTCGTCG", "QEMU"],
  ["ACRNACRNACRN", "ACRN"],
  ["prl hyperv", "Parallels"],
  ["lrpepyh vr", "Parallels"],
]);

/** The hypervisor of a CPUID signature; the signature itself when it is none we know. */
export function hypervisorOfSignature(signature: string): string {
  const trimmed = signature.trim();
  return SIGNATURES.get(trimmed) ?? trimmed;
}

/** Names that kernels give hypervisors (OpenBSD pvbus, Linux "Hypervisor detected"), spelled as we do. */
export function hypervisorOfName(name: string): string {
  const text = name.trim();
  if (/^OpenBSD/.test(text)) return "OpenBSD vmm";
  if (/^Microsoft|^Hyper-?V/i.test(text)) return "Hyper-V";
  if (/^VMware/i.test(text)) return "VMware";
  if (/^Xen/i.test(text)) return "Xen";
  return text;
}

/** Product names (SMBIOS vendor and product) that only virtual machines have. */
const PRODUCTS: readonly (readonly [RegExp, string])[] = [
  [/VirtualBox|innotek/i, "VirtualBox"],
  [/VMware/i, "VMware"],
  [/\bbhyve\b/i, "bhyve"],
  [/OpenBSD VMM/i, "OpenBSD vmm"],
  [/\bQEMU\b|Standard PC \(/i, "QEMU"],
  [/\bKVM\b/, "KVM"],
  [/Xen HVM domU/i, "Xen"],
  [/Microsoft Corporation Virtual Machine/i, "Hyper-V"],
  [/Parallels/i, "Parallels"],
  [/\bBochs\b/i, "QEMU"],
  [/Google Compute Engine/i, "KVM"],
  [/Amazon EC2 [a-z]/i, "KVM"],
  [/OpenStack/i, "QEMU"],
];

/** The hypervisor a product name gives away; null when it names real hardware or nothing known. */
export function hypervisorOfProduct(product: string): string | null {
  return PRODUCTS.find(([pattern]) => pattern.test(product))?.[1] ?? null;
}

/** The hypervisor in ACPI table ids (`<VBOX VBOXAPIC>`); null when they name none. */
export function hypervisorOfAcpi(ids: string): string | null {
  if (/^\s*VBOX\b/.test(ids)) return "VirtualBox";
  if (/^\s*BHYVE\b/.test(ids)) return "bhyve";
  if (/^\s*(?:BOCHS|QEMU)\b/.test(ids)) return "QEMU";
  if (/^\s*VRTUAL\b/.test(ids)) return "Hyper-V";
  if (/^\s*OVMM\b/.test(ids)) return "OpenBSD vmm";
  if (/^\s*Xen\b/i.test(ids)) return "Xen";
  return null;
}
