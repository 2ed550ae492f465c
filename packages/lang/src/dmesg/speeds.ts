/** Speeds a text names, in Mbit/s, the highest; null when it names none: `10/100/1000 PHY`, `Gigabit`, `2500Base-T`. */
export function megabitsInText(text: string): number | null {
  let most = 0;
  for (const match of text.matchAll(/(?<![\d.])(\d{1,5}(?:\.\d)?) ?(G?)base/gi)) {
    most = Math.max(most, Number(match[1]) * (match[2] === "" ? 1 : 1000));
  }
  const list = /(?<![\d/])10\/100(?:\/(1000|1Gb))?(?![\d])/.exec(text);
  if (list !== null) most = Math.max(most, list[1] === undefined ? 100 : 1000);
  if (/\bGigabit\b|\bGbE\b/i.test(text) && most < 1000) most = 1000;
  else if (/\bFast Ethernet\b|\bFE Family\b/i.test(text) && most < 100) most = 100;
  return most === 0 ? null : most;
}

/** Speed of one media word of ifmedia(4): `1000baseT-FDX`, `10GbaseT`, `none`. */
export function megabitsOfMedia(word: string): number | null {
  const match = /^(\d{1,5}(?:\.\d)?)(G?)base/i.exec(word);
  return match === null ? null : Number(match[1]) * (match[2] === "" ? 1 : 1000);
}

/** Highest speed of a PHY's media list, `none, 10baseT, 10baseT-FDX, …`; null when the text is not such a list. */
export function megabitsOfMediaList(text: string): number | null {
  if (!/^(?:none|manual|\d{1,5}G?base)/i.test(text)) return null;
  let most = 0;
  for (const word of text.split(/, ?/)) most = Math.max(most, megabitsOfMedia(word) ?? 0);
  return most === 0 ? null : most;
}

// The name lines of the PHY pages in section 4 of the OpenBSD 7.8 manual; the BSDs share these drivers.
const PHYS: ReadonlyMap<string, number> = new Map([
  ["acphy", 100],
  ["atphy", 1000],
  ["brswphy", 1000],
  ["ciphy", 1000],
  ["etphy", 1000],
  ["icsphy", 100],
  ["inphy", 100],
  ["iophy", 100],
  ["ipgphy", 1000],
  ["jmphy", 1000],
  ["luphy", 100],
  ["lxtphy", 100],
  ["mtdphy", 100],
  ["nsgphy", 1000],
  ["nsphy", 100],
  ["nsphyter", 100],
  ["qsphy", 100],
  ["rdcphy", 100],
  ["rgephy", 1000],
  ["sqphy", 100],
  ["tqphy", 100],
  ["txphy", 100],
  ["xmphy", 1000],
  ["ytphy", 1000],
]);

/** Highest speed that the PHY driver's manual names, in Mbit/s; null when it names none. */
export function megabitsOfPhy(driver: string): number | null {
  return PHYS.get(driver) ?? null;
}
