import type { Compatibility, IpsecKind } from "@pierhead/site/clients";
import { EXIT, UsageError } from "../failure.ts";
import { compatText, sameNatText } from "../report/compat.ts";
import { colorsFor } from "../terminal.ts";
import type { Verb } from "./verb.ts";
import { vpnCa } from "./vpn-ca.ts";
import { vpnClients } from "./vpn-clients.ts";
import { vpnProbe } from "./vpn-probe.ts";

interface Flags {
  readonly system?: string;
  readonly platform?: string[];
  readonly json?: boolean;
}

export const vpn: Verb = (program, exit) => {
  const group = program
    .command("vpn")
    .description("VPN head-ends: who gets in, and why not")
    .addHelpText("after", "\nExample:\n  pierhead vpn compat /etc --system openbsd-7.8\n");
  group
    .command("compat")
    .description("which platforms can connect to a head-end, with which proposal, or what it would take")
    .argument("<path>", "the head-end's /etc, or a folder with its files")
    .option("-s, --system <system>", "operating system and release, like openbsd-7.8")
    .option("-p, --platform <name>", "this platform only; may be given again", collect)
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
Two clients of one kind behind one NAT are a question of their own, answered below the table.
The lists of what platforms offer each name their source; a platform nobody could be cited for is unknown, not guessed.

Exit status: 0 all known platforms connect; 1 some do not; 2 could not run.

Example:
  pierhead vpn compat /etc --system openbsd-7.8
  pierhead vpn compat examples/roadwarrior-vpn/built/openbsd-7.8/gate --platform windows-11
`,
    )
    .action(async (path: string, flags: Flags) => {
      const { readHost } = await import("../input/tree.ts");
      const { buildMachine } = await import("@pierhead/engine/build");
      const { readHeadEnd } = await import("@pierhead/engine/vpn");
      const { compatibility, ipsecKind, sameNat, sameNatSummary } = await import("@pierhead/site/clients");
      const { tree, system } = readHost(path, flags.system);
      const headEnd = readHeadEnd(buildMachine(tree, system));
      const all = headEnd === null ? [] : compatibility(headEnd);
      if (all.length === 0) {
        throw new UsageError(
          `${path}: there is no VPN head-end in it`,
          "ipsec.conf with npppd, or iked.conf, of an OpenBSD system; swanctl.conf, with mpd.conf or without, of a FreeBSD one",
        );
      }
      const names = [...new Set(all.map((one) => one.platform.name))];
      const strange = flags.platform?.find((one) => !names.includes(one));
      if (strange !== undefined) {
        throw new UsageError(`--platform ${strange}: there is none of that name`, names.join(", "));
      }
      const wanted = all.filter((one) => flags.platform?.includes(one.platform.name) ?? true);
      const kindOf = (one: Compatibility["protocol"]): IpsecKind | null =>
        headEnd === null ? null : ipsecKind(one, headEnd);
      if (flags.json === true) {
        const rows = wanted.map((one) => ({
          ...jsonOf(one),
          twoBehindOneNat: sameNat(kindOf(one.protocol), one.protocol, one.platform),
        }));
        process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      } else {
        const colors = colorsFor(process.stdout);
        const protocols = [...new Set(wanted.map((one) => one.protocol))];
        const shown = wanted.map((one) => one.platform);
        const nat = protocols.map((one) =>
          sameNatText(one, sameNatSummary(kindOf(one), one, [...new Set(shown)]), colors),
        );
        process.stdout.write(`${compatText(wanted, colors)}${nat.join("")}`);
      }
      exit(wanted.some((one) => one.verdict === "fails") ? EXIT.findings : EXIT.fine);
    });
  vpnClients(group, exit);
  vpnCa(group, exit);
  vpnProbe(group, exit);
};

function collect(value: string, all: string[] | undefined): string[] {
  return [...(all ?? []), value];
}

function jsonOf({ platform, ...rest }: Compatibility): object {
  return { platform: platform.name, title: platform.title, ...rest };
}
