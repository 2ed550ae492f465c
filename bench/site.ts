/**
 * A site of 200 hosts with 1,000 guests: read, built, every machine read back, checked and tried in the simulator; and how
 * that grows from a tenth of it. Then a policy of 1,000 rules made into pf.conf, beside generators in use today.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Source } from "@pierhead/core";
import { buildSite } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import { verifyMachine } from "@pierhead/site/verify";

const HOSTS = [
  { system: "freebsd-14.3", kind: "bhyve", bridge: "bridge0", card: "em0" },
  { system: "openbsd-7.8", kind: "vmd", bridge: "bridge0", card: "em0" },
  { system: "netbsd-10.1", kind: "qemu-nvmm", bridge: "bridge0", card: "wm0" },
  { system: "linux", kind: "libvirt", bridge: "br0", card: "eno1" },
  { system: "freebsd-14.3", kind: "vm-bhyve", bridge: "bridge0", card: "em0" },
] as const;

const GUESTS = [
  { system: "freebsd-14.3", card: "vtnet0" },
  { system: "openbsd-7.8", card: "vio0" },
  { system: "netbsd-10.1", card: "vioif0" },
  { system: "linux", card: "enp1s0" },
  { system: "openbsd-5.8", card: "vio0" },
] as const;

/** Every tenth host is a gateway with two lines and a LAN; the others have one line. Five guests on each. */
function siteText(hosts: number): string {
  const out = ["site: large", "hosts:"];
  for (let i = 0; i < hosts; i++) {
    const { system, kind, bridge, card } = HOSTS[i % HOSTS.length] as (typeof HOSTS)[number];
    const network = `10.${i >> 8}.${i & 255}`;
    out.push(`  host${i}:`, `    system: ${system}`, "    uplinks:");
    out.push(`      wan: { interface: ${card}, address: ${network}.2/24, gateway: ${network}.1 }`);
    if (i % 10 === 0) {
      out.push(
        `      second: { interface: em1, address: 172.${16 + (i >> 8)}.${i & 255}.2/24, gateway: 172.${16 + (i >> 8)}.${i & 255}.1 }`,
      );
      out.push("    lans:", `      lan: { interface: em2, addresses: [192.168.${i & 255}.1/24] }`);
    }
    out.push(`    hypervisor: { kind: ${kind}, bridge: ${bridge} }`);
    if (system !== "linux") out.push("    services:", "      ssh: { port: ssh }");
  }
  out.push("guests:");
  for (let i = 0; i < hosts * 5; i++) {
    const { system, card } = GUESTS[i % GUESTS.length] as (typeof GUESTS)[number];
    const hex = i.toString(16).padStart(6, "0").match(/../g)?.join(":");
    out.push(
      `  guest${i}: { on: host${Math.floor(i / 5)}, system: ${system}, interface: ${card}, address: 203.${i >> 8}.${i & 255}.7, mac: "00:50:56:${hex}" }`,
    );
  }
  return `${out.join("\n")}\n`;
}

interface Times {
  readonly read: number;
  readonly build: number;
  readonly verify: number;
  /** Seconds of one processor, whatever else the machine is doing. */
  readonly processor: number;
}

function once(hosts: number): Times {
  const source = new Source("site.yaml", siteText(hosts));
  const before = process.cpuUsage();
  const started = performance.now();
  const { site, diagnostics } = readSite(source);
  if (site === null || diagnostics.some((one) => one.severity === "error")) {
    throw new Error(diagnostics.map((one) => one.message).join("\n"));
  }
  const read = performance.now();
  const built = buildSite(site);
  const made = performance.now();
  for (const machine of built.machines) {
    const texts = new Map(machine.files.map((file) => [file.path, file.text]));
    const { ok, diagnostics: found } = verifyMachine(machine, {
      site,
      nameOf: (path) => `${machine.name}${path}`,
      textOf: (path) => texts.get(path) ?? "",
      readBeside: () => null,
    });
    if (!ok) throw new Error(`${machine.name}: ${found.map((one) => one.message).join("\n")}`);
  }
  const verify = performance.now() - made;
  const { user, system } = process.cpuUsage(before);
  return { read: read - started, build: made - read, verify, processor: (user + system) / 1e6 };
}

function show(name: string, hosts: number): Times {
  const times = once(hosts);
  const total = times.read + times.build + times.verify;
  const parts = `read ${times.read.toFixed(0)} ms, build ${times.build.toFixed(0)} ms, read back and tried ${times.verify.toFixed(0)} ms`;
  process.stdout.write(
    `${name.padEnd(30)} ${(total / 1000).toFixed(2).padStart(7)} s (processor ${times.processor.toFixed(2)} s)  ${parts}\n`,
  );
  return times;
}

once(20);
const small = show("20 hosts, 100 guests", 20);
const large = show("200 hosts, 1,000 guests", 200);
process.stdout.write(
  `ten times the site takes ${(large.processor / small.processor).toFixed(1)} times the processor\n`,
);

/** One rule a service: TCP to a port of the host, from one network. The same policy for each generator. */
const RULES = 1000;

function policySite(): string {
  const out = ["site: policy", "hosts:", "  edge:", "    system: openbsd-7.8", "    uplinks:"];
  out.push("      wan: { interface: em0, address: 192.0.2.2/24, gateway: 192.0.2.1 }", "    services:");
  for (let i = 0; i < RULES; i++) out.push(`      s${i}: { port: ${1024 + i}, from: [10.${i >> 8}.${i & 255}.0/24] }`);
  return `${out.join("\n")}\n`;
}

/** Capirca (aclgen): networks, services and a policy in three files. */
function writeCapirca(folder: string): void {
  const networks = ["HOST = 192.0.2.2/32"];
  const services: string[] = [];
  const terms = ["header {\n  target:: packetfilter large out inet\n}"];
  for (let i = 0; i < RULES; i++) {
    networks.push(`NET${i} = 10.${i >> 8}.${i & 255}.0/24`);
    services.push(`S${i} = ${1024 + i}/tcp`);
    terms.push(
      `term t${i} {\n  source-address:: NET${i}\n  destination-address:: HOST\n  destination-port:: S${i}\n  protocol:: tcp\n  action:: accept\n}`,
    );
  }
  for (const name of ["def", "pol", "out"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "def/NETWORK.net"), `${networks.join("\n")}\n`);
  writeFileSync(join(folder, "def/SERVICES.svc"), `${services.join("\n")}\n`);
  writeFileSync(join(folder, "pol/large.pol"), `${terms.join("\n")}\n`);
}

/** Firewall Builder: one file of XML with every object and rule. */
function writeFirewallBuilder(folder: string): void {
  const named = 'comment="" ro="False"';
  const set = (kind: string, id: string, inside: string): string =>
    `<${kind} id="${id}" name="${kind}" ${named} ipv4_rule_set="False" ipv6_rule_set="False" top_rule_set="True">${inside}<RuleSetOptions/></${kind}>`;
  const networks: string[] = [];
  const services: string[] = [];
  const rules: string[] = [];
  const flags = ["ack", "fin", "psh", "rst", "syn", "urg"].map(
    (flag) => `${flag}_flag="False" ${flag}_flag_mask="False"`,
  );
  for (let i = 0; i < RULES; i++) {
    networks.push(
      `<Network id="n${i}" name="n${i}" ${named} address="10.${i >> 8}.${i & 255}.0" netmask="255.255.255.0"/>`,
    );
    services.push(
      `<TCPService id="t${i}" name="t${i}" ${named} ${flags.join(" ")} established="False" dst_range_start="${1024 + i}" dst_range_end="${1024 + i}" src_range_start="0" src_range_end="0"/>`,
    );
    rules.push(
      `<PolicyRule id="r${i}" disabled="False" log="False" position="${i}" action="Accept" direction="Inbound" comment=""><Src neg="False"><ObjectRef ref="n${i}"/></Src><Dst neg="False"><ObjectRef ref="fw"/></Dst><Srv neg="False"><ServiceRef ref="t${i}"/></Srv><Itf neg="False"><ObjectRef ref="if"/></Itf><When neg="False"><IntervalRef ref="sysid2"/></When><PolicyRuleOptions/></PolicyRule>`,
    );
  }
  const never = ["day", "hour", "minute", "month", "weekday", "year"].map(
    (part) => `from_${part}="-1" to_${part}="-1"`,
  );
  const text = `<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE FWObjectDatabase SYSTEM "fwbuilder.dtd">
<FWObjectDatabase xmlns="http://www.fwbuilder.org/1.0/" version="24" lastModified="1" id="root">
<Library id="syslib000" color="#d4f8ff" name="Standard" comment="" ro="True"><AnyNetwork id="sysid0" name="Any" ${named} address="0.0.0.0" netmask="0.0.0.0"/><AnyIPService id="sysid1" protocol_num="0" name="Any" ${named}/><AnyInterval id="sysid2" name="Any" ${named} days_of_week="0,1,2,3,4,5,6" ${never.join(" ")}/></Library>
<Library id="lib" color="#d2ffd0" name="User" ${named}><ObjectGroup id="og" name="Objects" ${named}><ObjectGroup id="ogn" name="Networks" ${named}>${networks.join("\n")}</ObjectGroup></ObjectGroup>
<ServiceGroup id="sg" name="Services" ${named}><ServiceGroup id="sgt" name="TCP" ${named}>${services.join("\n")}</ServiceGroup></ServiceGroup>
<ObjectGroup id="fws" name="Firewalls" ${named}><Firewall id="fw" host_OS="openbsd" inactive="False" lastCompiled="0" lastInstalled="0" lastModified="1" platform="pf" version="ge_4.7" name="edge" ${named}>
${set("NAT", "nat", "")}${set("Policy", "pol", rules.join("\n"))}${set("Routing", "rt", "")}
<Interface id="if" dedicated_failover="False" dyn="False" label="outside" security_level="0" unnum="False" unprotected="False" name="em0" ${named}><IPv4 id="ip" name="edge:em0:ip" ${named} address="192.0.2.2" netmask="255.255.255.0"/><InterfaceOptions/></Interface>
<Management address="0.0.0.0"><SNMPManagement enabled="False" snmp_read_community="" snmp_write_community=""/><FWBDManagement enabled="False" identity="" port="-1"/><PolicyInstallScript arguments="" command="" enabled="False"/></Management><FirewallOptions/></Firewall></ObjectGroup></Library></FWObjectDatabase>
`;
  writeFileSync(join(folder, "large.fwb"), text);
}

/** Median time of a program that leaves `result` behind; null when it is not installed or makes nothing. */
function timed(program: string, args: readonly string[], folder: string, result: string): number | null {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    rmSync(join(folder, result), { recursive: true, force: true });
    const started = performance.now();
    const { error } = spawnSync(program, args, { cwd: folder, stdio: "ignore" });
    times.push(performance.now() - started);
    if (error !== undefined || !existsSync(join(folder, result))) return null;
  }
  return median(times);
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] as number;
}

const folder = mkdtempSync(join(tmpdir(), "pierhead-bench-"));
try {
  writeCapirca(folder);
  writeFirewallBuilder(folder);
  writeFileSync(join(folder, "site.yaml"), policySite());
  const source = new Source("site.yaml", policySite());
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const started = performance.now();
    const { site } = readSite(source);
    if (site === null) throw new Error("the site is none");
    const rules = buildSite(site).machines[0]?.files.find((file) => file.path === "/etc/pf.conf")?.text ?? "";
    times.push(performance.now() - started);
    if ((rules.match(/^pass in .* port /gm) ?? []).length !== RULES) throw new Error("rules are missing");
  }
  const command = join(process.cwd(), "packages/cli/dist/pierhead.js");
  const ours = timed(process.execPath, [command, "build", "site.yaml", "-o", "out-site"], folder, "out-site");
  const first = median(times);
  const rows: [string, number | null][] = [
    [`pf.conf of ${RULES} rules: read and build`, first],
    ["  pierhead build, as a process, all checks", ours],
    [
      "  Firewall Builder (fwb_pf), as a process",
      timed("fwb_pf", ["-f", "large.fwb", "-d", ".", "edge"], folder, "edge.conf"),
    ],
    [
      "  Capirca (aclgen), as a process",
      timed(
        "aclgen",
        [
          "--base_directory",
          ".",
          "--policy_file",
          "pol/large.pol",
          "--definitions_directory",
          "def",
          "--output_directory",
          "out",
        ],
        folder,
        "out/large.pf",
      ),
    ],
  ];
  for (const [name, time] of rows) {
    const shown = time === null ? "not there" : `${time.toFixed(0).padStart(6)} ms  ${(time / first).toFixed(1)}x`;
    process.stdout.write(`${name.padEnd(46)} ${shown}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
