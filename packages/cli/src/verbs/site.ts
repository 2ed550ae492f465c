import type { Fact, Provider } from "@pierhead/site/providers";
import { EXIT, UsageError } from "../failure.ts";
import { type Colors, colorsFor, terminalWidth, wrap } from "../terminal.ts";
import type { Verb } from "./verb.ts";

export const site: Verb = (program, exit) => {
  const group = program
    .command("site")
    .description("about site files")
    .addHelpText(
      "after",
      `
Example:
  pierhead site schema > site.schema.json
  pierhead site providers hetzner
`,
    );
  group
    .command("schema")
    .description("the JSON Schema of site.yaml, for editors")
    .addHelpText(
      "after",
      `
Put the file beside your site and name it in the first line of site.yaml:
  # yaml-language-server: $schema=./site.schema.json

Exit status: 0 written; 2 could not run.

Example:
  pierhead site schema > site.schema.json
`,
    )
    .action(async () => {
      const { siteJsonSchema } = await import("@pierhead/site/schema");
      process.stdout.write(`${JSON.stringify(siteJsonSchema(), null, 2)}\n`);
    });
  group
    .command("providers")
    .description("what the networks of server providers expect of a guest, with where it is known from")
    .argument("[name]", "only this one: online-net, ovh, hetzner, generic")
    .option("--json", "the same facts for machines")
    .addHelpText(
      "after",
      `
Each fact is documented (the provider says so), reported (customers say so), unverified or unknown. What is not
documented is never a reason to refuse a site.

Exit status: 0 printed; 2 no such provider.

Example:
  pierhead site providers ovh
`,
    )
    .action(async (name: string | undefined, flags: { readonly json?: boolean }) => {
      const { PROVIDERS } = await import("@pierhead/site/providers");
      const all = Object.values(PROVIDERS);
      const wanted = name === undefined ? all : all.filter((one) => one.name === name);
      if (wanted.length === 0) {
        throw new UsageError(`no provider ${name}`, `there are ${all.map((one) => one.name).join(", ")}`);
      }
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ providers: wanted }, null, 2)}\n`);
      else process.stdout.write(`${wanted.map((one) => card(one, colorsFor(process.stdout))).join("\n")}`);
      exit(EXIT.fine);
    });
};

const ROWS: readonly (readonly [keyof Provider["facts"], string])[] = [
  ["gateway", "gateway"],
  ["mac", "MAC"],
  ["inet6", "IPv6"],
  ["duid", "DUID"],
  ["filtered", "filtered"],
  ["sharedWire", "wire"],
];

/** One provider as a table: what it is about, how well it is known, the fact, its sources. */
function card(provider: Provider, colors: Colors): string {
  const lead = 23;
  const width = Math.max(40, Math.min(terminalWidth(), 110) - lead);
  const indent = " ".repeat(lead);
  let text = `${colors.bold(provider.name)}  ${provider.title}\n`;
  for (const [key, label] of ROWS) {
    const one: Fact = provider.facts[key];
    const paint =
      one.evidence === "documented" ? colors.green : one.evidence === "reported" ? colors.yellow : colors.red;
    text += `  ${label.padEnd(9)}${paint(one.evidence.padEnd(12))}${wrap(one.text, width, indent)}\n`;
    for (const source of one.sources) text += `${indent}${colors.dim(source)}\n`;
  }
  return text;
}
