/** `rule …` of bridge(4) and veb(4), as brconfig.c bridge_rule takes it: it is the last thing ifconfig reads of a line. */
import { parseInetAton, type Word } from "../text/index.ts";

/** @param words behind `rule`. @returns the word that cannot stand there with why, or null */
export function bridgeRuleProblem(words: readonly Word[]): { readonly at: number; readonly message: string } | null {
  let i = 0;
  const text = (): string | undefined => words[i]?.text;
  const wrong = (message: string): { at: number; message: string } => ({ at: i, message });
  if (text() !== "block" && text() !== "pass") return wrong("A rule begins with `block` or `pass`.");
  i++;
  if (text() === "in" || text() === "out" || text() === "in/out") i++;
  if (text() !== "on") return wrong("`in`, `out` or `in/out` may stand here, then `on` and an interface.");
  i++;
  if (text() === undefined) return wrong("`on` needs an interface.");
  i++;
  let arp = false;
  for (; i < words.length; i++) {
    const word = text() as string;
    if (word === "arp" || word === "rarp") {
      arp = true;
      continue;
    }
    if (arp && (word === "request" || word === "reply")) continue;
    const value = words[i + 1]?.text;
    switch (word) {
      case "src":
      case "dst":
      case "sha":
      case "tha":
        if (!arp && (word === "sha" || word === "tha"))
          return wrong(`\`${word}\` looks into ARP: \`arp\` comes first.`);
        if (value === undefined || !/^[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5}$/i.test(value)) {
          return wrong(`\`${word}\` needs a MAC address.`);
        }
        break;
      case "spa":
      case "tpa":
        if (!arp) return wrong(`\`${word}\` looks into ARP: \`arp\` comes first.`);
        if (value === undefined || parseInetAton(value) === null) return wrong(`\`${word}\` needs an IPv4 address.`);
        break;
      case "tag":
        if (value === undefined) return wrong("`tag` needs a name.");
        break;
      default:
        return wrong(`\`${word}\` means nothing in a rule of a bridge.`);
    }
    i++;
  }
  return null;
}
