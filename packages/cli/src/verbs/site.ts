import type { Verb } from "./verb.ts";

export const site: Verb = (program) => {
  const group = program
    .command("site")
    .description("about site files")
    .addHelpText(
      "after",
      `
Example:
  pierhead site schema > site.schema.json
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
};
