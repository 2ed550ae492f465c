/** What this machine is now, beside its boot log. */
import type { HostInventory } from "@pierhead/gateway/inventory";
import { type Inventory, inventoryInterfaces } from "@pierhead/lang/dmesg";
import { type Colors, plural, printable } from "../terminal.ts";

export function hostCard(host: HostInventory, log: Inventory, colors: Colors): string {
  const out: string[] = ["", colors.bold("Now")];
  const { processor, processors, memory, product } = host.hardware;
  const say = (title: string, text: string | null): void => {
    if (text !== null) out.push(`  ${title.padEnd(11)} ${printable(text)}`);
  };
  say("machine", product);
  say(
    "processor",
    [processor, processors === null ? null : plural(processors, "processor")]
      .filter((one) => one !== null)
      .join(", ") || null,
  );
  say("memory", memory === null ? null : `${(memory / 2 ** 20).toFixed(0)} MB`);
  if (host.interfaces.length > 0) {
    const known = new Set(inventoryInterfaces(log).map(({ name }) => name));
    const rows = [["interface", "link", "speed", "mtu", "address", "driver", ""]];
    for (const one of host.interfaces) {
      rows.push([
        printable(one.name),
        one.up ? one.link : "off",
        one.megabits === null
          ? "-"
          : one.megabits >= 1_000
            ? `${one.megabits / 1_000} Gbit/s`
            : `${one.megabits} Mbit/s`,
        one.mtu === null ? "-" : String(one.mtu),
        one.mac ?? "-",
        printable(one.driver ?? "-"),
        known.has(one.name) ? "in the boot log" : "",
      ]);
    }
    const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length))) ?? [];
    out.push(
      "",
      ...rows.map((row, at) => {
        const line = `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd();
        return at === 0 ? colors.dim(line) : line;
      }),
    );
  }
  const idle = host.devices.filter(({ driver, kind }) => driver === null && kind === "network");
  if (idle.length > 0) {
    out.push("", colors.yellow("Network devices without a driver"));
    for (const one of idle)
      out.push(`  ${one.address}  ${printable(`${one.vendor ?? ""} ${one.device ?? ""}`.trim())}`);
  }
  for (const text of host.missing) out.push("", colors.yellow(`not known: ${printable(text)}`));
  return `${out.join("\n")}\n`;
}
