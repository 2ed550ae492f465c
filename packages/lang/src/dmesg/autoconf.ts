import { diagnostic, interfaceDriver } from "@pierhead/core";
import type { Attached, Collector, InterfaceDraft, Verdict } from "./collector.ts";
import type { SpeedFact } from "./facts.ts";
import type { LogLine } from "./lines.ts";
import { megabitsInText, megabitsOfMediaList, megabitsOfPhy } from "./speeds.ts";

// What OpenBSD and NetBSD have in common: autoconf(9) prints `child at parent locators: what the driver says`,
// and drivers print `child: more` afterwards. FreeBSD shares the second form.

/** `em0 at pci1 dev 0 function 0 "Intel I210" rev 0x03: msi, address 00:0d:b9:41:6f:54` taken apart. */
export interface AttachLine {
  readonly name: string;
  readonly driver: string;
  readonly device: Attached;
  /** What follows the colon; empty when nothing does. */
  readonly text: string;
}

const ATTACH = /^([a-z][a-z0-9_]{0,30}\d) at ([A-Za-z][\w/-]{0,40})(?=[\s:,]|$)/;

const UNQUOTED =
  /^ (?:dev \d{1,3} function \d{1,2}|port \d{1,3}(?: configuration \d{1,2} interface \d{1,2})?) ([A-Za-z][^":]{1,80}?) rev (?:0x[0-9a-f]|\d\.\d)/;

/** Reads a line on which a device attaches; null when it is none. */
export function attachLine(line: LogLine): AttachLine | null {
  const match = ATTACH.exec(line.text);
  if (match === null) return null;
  const name = match[1] as string;
  const parent = match[2] as string;
  const rest = line.text.slice(match[0].length);
  const quote = rest.indexOf('"');
  const colon = rest.indexOf(": ");
  let description: string | null = null;
  let textStart = colon;
  if (quote !== -1 && (colon === -1 || quote < colon)) {
    const end = rest.indexOf('"', quote + 1);
    if (end !== -1) {
      description = rest.slice(quote + 1, end).trim();
      if (rest.slice(0, quote).endsWith("vendor ")) description = unknownProduct(rest, quote, end);
      textStart = rest.indexOf(": ", end);
      // Since 7.4 some drivers go on with a comma: "Intel I210" rev 0x03, msi, address …
      if (textStart === -1) textStart = end - 1;
    }
  }
  // Logs that went through a web form have lost their quotes: "vr0 at pci0 dev 6 function 0 VIA VT6105M rev 0x96: irq 11"
  const bare = description === null ? UNQUOTED.exec(rest) : null;
  if (bare !== null) description = bare[1] as string;
  const text = textStart === -1 ? "" : rest.slice(textStart + 2).trim();
  const place = /^ (?:dev \d{1,3} function \d{1,2}|port \d{1,3}|targ(?:et)? \d{1,3} lun \d{1,3}|drive \d{1,2})/.exec(
    rest,
  );
  return {
    name,
    driver: interfaceDriver(name),
    device: {
      parent,
      description: description === "" ? null : description,
      location: place === null ? parent : parent + place[0],
      span: line.span,
    },
    text,
  };
}

/** `vendor "Lenovo", unknown product 0x0003` */
function unknownProduct(rest: string, quote: number, end: number): string {
  const vendor = rest.slice(quote + 1, end);
  const product = /^, unknown product (0x[0-9a-f]{1,8})/.exec(rest.slice(end + 1));
  return product === null ? vendor : `${vendor} product ${product[1]}`;
}

const MAC = /\baddress:? ((?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2})\b(?!:)/i;
const HIDDEN_MAC = /\baddress:? (?:[0-9a-f]{2}:){0,5}(?:xx:){0,5}xx\b(?!:)/i;

/** The MAC address in a driver's words: octets of two lower-case digits; `hidden` when somebody masked it. */
export function macIn(text: string): string | "hidden" | null {
  const match = MAC.exec(text);
  if (match !== null) return normalMac(match[1] as string);
  return HIDDEN_MAC.test(text) ? "hidden" : null;
}

/** Two lower-case digits for every octet. */
export function normalMac(mac: string): string {
  return mac
    .toLowerCase()
    .split(":")
    .map((octet) => (octet.length === 1 ? `0${octet}` : octet))
    .join(":");
}

/** What drivers of OpenBSD and NetBSD print on the attachment's own line when they give up. */
const FAILED =
  /(?:failed to|can't|cannot|couldn't|could not|unable to) (?:allocate|map|establish|find|enable|read|init|set|get|load|reset)/;

/** Records what a line tells of a network interface: its attachment, its MAC address, both or neither. */
export function interfaceAttached(attach: AttachLine, line: LogLine, into: Collector): Verdict {
  const mac = macIn(attach.text);
  const facts = into.driverFacts(attach.driver);
  if (facts === null && mac === null) return "known";
  if (mac === null && FAILED.test(line.text)) {
    into.diagnostics.push(
      diagnostic(
        "dmesg/attach-failed",
        "warning",
        `${attach.name} did not attach (the line says why): the interface does not exist.`,
        into.source,
        line.span,
      ),
    );
    return "fact";
  }
  const draft = into.interfaceDraft(attach.name, line);
  if (draft === null) return "known";
  draft.isInterface = true;
  draft.detached = false;
  draft.kind = facts?.kind ?? draft.kind;
  draft.chip = attach.device.description ?? draft.chip;
  draft.location = attach.device.location;
  draft.span = line.span;
  if (mac !== null) setMac(draft, mac, line);
  const told = megabitsInText(draft.chip ?? "");
  if (told !== null && facts?.kind !== "wireless")
    raise(draft, { megabits: told, from: "text", span: line.span, reference: null });
  return "fact";
}

/** A MAC address on a line of its own: `athn0: …, address 00:…`, `wm0: Ethernet address 08:…`. */
export function interfaceSpoke(name: string, text: string, line: LogLine, into: Collector): Verdict {
  const mac = macIn(text);
  const known = into.interfaces.get(name);
  // "owmac0: Ethernet Address …" is the EEPROM that holds one.
  if (mac !== null && into.attached.get(name)?.parent.startsWith("onewire") !== true) {
    const draft = into.interfaceDraft(name, line);
    if (draft === null) return "known";
    const attached = into.attached.get(name);
    draft.isInterface = true;
    if (known === undefined && attached !== undefined) {
      draft.chip = attached.description;
      draft.location = attached.location;
      draft.span = attached.span;
    }
    setMac(draft, mac, line);
    return "fact";
  }
  if (known === undefined) return "known";
  const firmware =
    /^(?:error, -?\d{1,4}, )?(?:could not (?:read|load)|failed load(?: of)?) firmware(?: image| of file)? '?([\w./-]{1,60})/.exec(
      text,
    );
  if (firmware !== null) {
    into.diagnostics.push(
      diagnostic(
        "dmesg/no-firmware",
        "warning",
        `${name} lacks its firmware "${firmware[1]}": it will not work until the file is installed (fw_update(8)).`,
        into.source,
        line.span,
      ),
    );
    return "fact";
  }
  const link = /^link (?:state changed to )?(up|down)\b(?: \((\S{1,40})\))?/i.exec(text);
  if (link !== null) {
    const up = (link[1] as string).toLowerCase() === "up";
    known.link = { value: { up, megabits: link[2] === undefined ? null : megabitsInText(link[2]) }, span: line.span };
    return "fact";
  }
  return "known";
}

export function setMac(draft: InterfaceDraft, mac: string | "hidden", line: LogLine): void {
  draft.mac = mac === "hidden" ? null : mac;
  draft.macSpan = line.span;
}

/** Keeps the best-founded speed: a media list goes before words, words before a manual. */
export function raise(draft: InterfaceDraft, speed: SpeedFact): void {
  const rank = { media: 2, text: 1, driver: 0 };
  const old = draft.maximum;
  if (old === null || rank[speed.from] > rank[old.from] || (speed.from === old.from && speed.megabits > old.megabits)) {
    draft.maximum = speed;
  }
}

/** `rgephy0 at re0 phy 7: RTL8169S/8110S PHY, rev. 2`: null when the parent is no interface we know. */
export function phyAttached(attach: AttachLine, line: LogLine, into: Collector): Verdict | null {
  if (!attach.driver.endsWith("phy") && attach.driver !== "phy") return null;
  const draft = into.interfaces.get(attach.device.parent);
  if (draft === undefined) return "known";
  draft.isInterface = true;
  draft.phy = attach.text.replace(/, rev\. \d{1,3}.*$/, "");
  phySpeed(draft, attach.driver, attach.text, line);
  return "fact";
}

/** Speed from what a PHY says of itself, else from its driver's manual. */
export function phySpeed(draft: InterfaceDraft, driver: string, text: string, line: LogLine): void {
  const told = megabitsInText(text);
  if (told !== null) raise(draft, { megabits: told, from: "text", span: line.span, reference: null });
  else {
    const manual = megabitsOfPhy(driver);
    if (manual !== null) {
      raise(draft, { megabits: manual, from: "driver", span: line.span, reference: `${driver}(4), OpenBSD 7.8` });
    }
  }
}

/** `makphy0: 10baseT, 10baseT-FDX, …, auto`: the media of the interface the PHY is on. */
export function mediaList(draft: InterfaceDraft | undefined, text: string, line: LogLine): boolean {
  const most = megabitsOfMediaList(text);
  if (most === null) return false;
  if (draft !== undefined) raise(draft, { megabits: most, from: "media", span: line.span, reference: null });
  return draft !== undefined;
}

/** `em0 detached`, `em0: detached`: gone from the machine. */
export function detached(name: string, into: Collector): Verdict {
  const draft = into.interfaces.get(name);
  into.attached.delete(name);
  if (draft !== undefined) draft.detached = true;
  return draft !== undefined || into.storage.delete(name) ? "fact" : "known";
}

/** Bytes in `(8186044416 (7806MB))`-like memory lines: a count of bytes, or a number with KB, MB, GB. */
export function memoryBytes(words: string): number | null {
  const match = /^(\d{1,15})\s{0,3}(KB|MB|GB|K|M|G)?/i.exec(words);
  if (match === null) return null;
  const unit = (match[2] ?? "").charAt(0).toUpperCase();
  return Number(match[1]) * (unit === "K" ? 1024 : unit === "M" ? 1024 ** 2 : unit === "G" ? 1024 ** 3 : 1);
}

/** Model of a SCSI inquiry, `<ATA, SAMSUNG SSD 830, CXM0>`: vendor and product without the revision. */
export function inquiryModel(text: string): string | null {
  const start = text.indexOf("<");
  const end = start === -1 ? -1 : text.indexOf(">", start);
  if (end === -1 || end - start > 120) return null;
  const parts = text
    .slice(start + 1, end)
    .split(",")
    .map((part) => part.trim());
  if (parts.length < 3) return parts.join(" ").trim() || null;
  const [vendor, product] = parts as [string, string];
  const words = vendor === "ATA" || vendor === "NVMe" ? product : `${vendor} ${product}`;
  return words.trim() || null;
}
