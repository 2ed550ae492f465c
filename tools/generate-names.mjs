// Turns a system's services(5) or protocols(5) file into the compact text that packages/lang/src/names keeps.
//
//   node tools/generate-names.mjs services  EXPORT_NAME "what it is" < services  > services-….ts
//   node tools/generate-names.mjs protocols EXPORT_NAME "what it is" < protocols > protocols-….ts
//
// An entry is `name number[protocols][ aliases]`, entries are parted by `;`, protocols are letters (see LETTERS).
// Order is kept: the first entry that fits answers, as in getservbyport(3). Adjacent lines that differ in protocol
// only become one entry.
import { readFileSync } from "node:fs";

const LETTERS = { tcp: "t", udp: "u", sctp: "s", ddp: "d", divert: "v" };
const WIDTH = 116;
const [kind, exportName, what] = process.argv.slice(2);

const entries = [];
for (const raw of readFileSync(0, "utf8").split("\n")) {
  const words = raw.replace(/#.*/, "").trim().split(/\s+/);
  if (words.length < 2 || words[0] === "") continue;
  const [name, number, ...aliases] = words;
  if (kind === "protocols") {
    entries.push({ name, number, letters: "", aliases: aliases.join(" ") });
    continue;
  }
  const [port, protocol] = number.split("/");
  const letter = LETTERS[protocol];
  if (letter === undefined) throw new Error(`unknown protocol ${protocol}`);
  const last = entries.at(-1);
  const joined = aliases.join(" ");
  if (last !== undefined && last.name === name && last.number === port && last.aliases === joined)
    last.letters += letter;
  else entries.push({ name, number: port, letters: letter, aliases: joined });
}

let text = "";
let line = "";
for (const entry of entries) {
  const one = `${entry.name} ${entry.number}${entry.letters}${entry.aliases === "" ? "" : ` ${entry.aliases}`};`;
  if (line.length + one.length > WIDTH) {
    text += `${line}\n`;
    line = "";
  }
  line += one;
}
text += line;
if (text.includes("`") || text.includes("$")) throw new Error("the text needs escapes");
process.stdout.write(`// Made by tools/generate-names.mjs. ${what}.\nexport const ${exportName} = \`\n${text}\n\`;\n`);
