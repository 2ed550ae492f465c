import { EXIT, UsageError } from "../failure.ts";
import { readOctets } from "../input/octets.ts";
import { summarize } from "../report/json.ts";
import { prettyDiagnostics, prettySummary } from "../report/pretty.ts";
import { colorsFor } from "../terminal.ts";
import type { Verb } from "./verb.ts";

interface Flags {
  readonly now?: string;
  readonly json?: boolean;
}

export const lease: Verb = (program, exit) => {
  program
    .command("lease")
    .description("DHCP leases: will they be renewed before they end")
    .addHelpText("after", "\nExample:\n  pierhead lease check capture.pcapng\n")
    .command("check")
    .description("judge DHCPv6 and DHCPv4 exchanges, and say when each client loses its address")
    .argument("<file...>", "a capture (pcap, pcapng), a client's lease file, or a client's log; - is standard input")
    .option("--now <time>", "judge lease files as of this time (ISO 8601) instead of today")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
Lease files: dhcpcd (IF.lease, IF.lease6), dhclient (dhclient.leases, dhclient6.leases), systemd-networkd
(/run/systemd/netif/leases), OpenBSD. Logs: dhcpcd, dhclient, dhcp6c,
systemd-networkd, odhcp6c. Times are UTC.

Exit status: 0 nothing or only warnings and notes; 1 an error; 2 could not run.

Example:
  tcpdump -i em0 -w lease.pcap udp port 546 or udp port 547
  pierhead lease check lease.pcap
  pierhead lease check /var/lib/dhcpcd/eth0.lease6 --json
`,
    )
    .action(async (files: string[], flags: Flags) => {
      const now = flags.now === undefined ? Date.now() : Date.parse(flags.now);
      if (Number.isNaN(now)) {
        throw new UsageError(`--now ${flags.now}: it is a time like 2026-11-24T12:00:00Z`);
      }
      const { readEvidence } = await import("@pierhead/lang/leases");
      const { assess } = await import("@pierhead/engine/lease");
      const { leaseJson, leaseReport, withoutInfinity } = await import("../report/lease.ts");
      const reports = files.map((file) => {
        const { name, bytes, modified } = readOctets(file);
        return assess(readEvidence(name, bytes, modified === null ? {} : { modified }), { now: now / 1000 });
      });
      const diagnostics = reports.flatMap((report) => report.diagnostics);
      if (flags.json === true) {
        const all = { files: reports.map(leaseJson), summary: summarize(diagnostics) };
        process.stdout.write(`${JSON.stringify(all, withoutInfinity, 2)}\n`);
      } else {
        const colors = colorsFor(process.stdout);
        for (const report of reports) {
          process.stdout.write(`${leaseReport(report, colors)}\n`);
          if (report.diagnostics.length > 0) process.stdout.write(`${prettyDiagnostics(report.diagnostics, colors)}\n`);
        }
        process.stdout.write(`${prettySummary(summarize(diagnostics), colors)}\n`);
      }
      exit(summarize(diagnostics).errors > 0 ? EXIT.findings : EXIT.fine);
    });
};
