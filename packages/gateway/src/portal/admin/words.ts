/** Numbers and times as the admin's pages and lists show them. */

/** `1.4 GB`; decimal units, as data plans have them. */
export function octetWords(octets: bigint | number): string {
  const amount = Number(octets);
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let size = 0;
  let rest = amount;
  while (rest >= 999.5 && size < units.length - 1) {
    rest /= 1000;
    size++;
  }
  return `${size === 0 ? rest : rest.toFixed(rest < 10 ? 1 : 0)} ${units[size]}`;
}

/** `2 d 3 h`, `14 min`, `5 s`: the two largest units. */
export function spanWords(seconds: number): string {
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ] as const;
  const parts: string[] = [];
  let rest = Math.max(0, Math.floor(seconds));
  for (const [unit, size] of units) {
    if (rest < size) continue;
    parts.push(`${Math.floor(rest / size)} ${unit}`);
    rest %= size;
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0 s";
}

/** `2026-11-24 15:04 UTC`: lists are compared across gateways, so there is one time zone. */
export function timeWords(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** `10 Mbit/s`. */
export function rateWords(bits: number): string {
  if (bits >= 1e9) return `${trim(bits / 1e9)} Gbit/s`;
  if (bits >= 1e6) return `${trim(bits / 1e6)} Mbit/s`;
  return `${trim(bits / 1e3)} kbit/s`;
}

function trim(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0).replace(/\.0$/, "");
}
