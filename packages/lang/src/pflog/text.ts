/**
 * Lines of `tcpdump -n -e -i pflog0`: OpenBSD's (usr.sbin/tcpdump/print-pflog.c), `rule 5/(match) block in on em0: …`, and
 * that of tcpdump.org, which FreeBSD and NetBSD have, `rule 5/0(match): block in on em0: …`.
 */
import type { PflogEntry } from "./types.ts";

const LINE =
  /^(?:(.*?)\s+)?rule (\d{1,10}|def)(?:\.([^\s/]{0,64}?)\.(\d{1,10}|def))?\/(?:(\d{1,3}))?\(([^)]{0,40})\)(?: \[uid [^\]]{0,60}\])?:? \[?(pass|block|match|scrub|nat|binat|rdr|no scrub|no nat|no binat|no rdr|synproxy-drop|defer)\]? (in|out) on ([\w.:-]{1,16}):(.*)$/;

/** @returns null when the line is not of pflog */
export function parsePflogLine(line: string): PflogEntry | null {
  // Lines of tcpdump are short; what is longer is none.
  if (line.length > 4_096) return null;
  const found = LINE.exec(line);
  if (found === null) return null;
  const [, time, rule, anchor, subrule, , reason, action, direction, name, packet] = found;
  return {
    time: time === undefined || time === "" ? null : time,
    rule: rule === "def" ? null : Number(rule),
    anchor: anchor === undefined || anchor === "" ? null : anchor,
    // tcpdump.org prints the number that means "none" as it is.
    subrule: subrule === undefined || subrule === "def" || subrule === "4294967295" ? null : Number(subrule),
    reason: reason as string,
    action: (action as string).replace(/^no /, ""),
    direction: direction as "in" | "out",
    interface: name as string,
    packet: (packet as string).replace(/ \[uid [^\]]*\]/, "").trim(),
  };
}
