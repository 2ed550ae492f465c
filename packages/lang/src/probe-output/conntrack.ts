/** Events of the connection tracking table, as `conntrack -E` prints them (conntrack(8)). */
import type { OutputReader, Reading } from "./types.ts";

export function conntrackReader(): OutputReader {
  return {
    line(text) {
      if (text.trim() === "") return [];
      const found = /^(?:\[\d+\.\d+\])?\s*\[(NEW|DESTROY|UPDATE)\]\s+(?:ipv[46]\s+\d+\s+)?(\S+)\s+\d+\s/.exec(text);
      if (found === null) {
        const lost = /overrun|No buffer space/i.test(text);
        return lost ? [{ kind: "lost", count: 0, text }] : [{ kind: "unread", text }];
      }
      if (found[1] === "UPDATE") return [];
      const event = found[1] as string;
      const readings: Reading[] = [{ kind: "event", table: "states", key: [event, found[2] as string] }];
      const from = / src=(\S+)/.exec(text)?.[1];
      if (event === "NEW" && from !== undefined) readings.push({ kind: "event", table: "creators", key: [from] });
      return readings;
    },
    end: () => [],
  };
}
