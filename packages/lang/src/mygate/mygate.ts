/**
 * mygate(5): the default gateways. OpenBSD takes the first address of each family, line by line, and runs `!` lines as
 * commands (netstart, defaultroute); NetBSD hands the whole text to one `route add default` (rc.d/network).
 */
import {
  type Address,
  type Diagnostic,
  diagnostic,
  type Family,
  type Source,
  type Span,
  type System,
} from "@pierhead/core";
import { isBlankLine, parseLooseAddress, readFields, readLine, textLines, type Word } from "../text/index.ts";

export interface MygateLine {
  readonly kind: "blank" | "comment" | "gateway" | "command";
  /** With its line end. */
  readonly span: Span;
  readonly fields: readonly Word[];
}

/** One gateway that is used. */
export interface MygateGateway {
  readonly family: Family;
  /** Null for a host name. */
  readonly address: Address | null;
  readonly written: string;
  readonly span: Span;
}

export interface Mygate {
  readonly source: Source;
  readonly lines: readonly MygateLine[];
  /** At most one of each family, in order. */
  readonly gateways: readonly MygateGateway[];
  /** `!command` lines in order. */
  readonly commands: readonly { readonly text: string; readonly span: Span }[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads /etc/mygate. */
export function parseMygate(source: Source, system: System): Mygate {
  const { text } = source;
  const lines: MygateLine[] = [];
  const gateways: MygateGateway[] = [];
  const commands: { text: string; span: Span }[] = [];
  const diagnostics: Diagnostic[] = [];
  const textual = textLines(text);
  const say = (code: string, severity: Diagnostic["severity"], message: string, span: Span): void => {
    diagnostics.push(diagnostic(code, severity, message, source, span));
  };
  for (let i = 0; i < textual.length; ) {
    const line = readLine(text, textual, i);
    i = line.next;
    const span = { start: line.span.start, end: textual[i - 1]?.next ?? line.span.end };
    const fields = readFields(line);
    const first = fields[0];
    if (first === undefined || isBlankLine(line.text)) {
      lines.push({ kind: "blank", span, fields });
      continue;
    }
    if (first.text.startsWith("#")) {
      lines.push({ kind: "comment", span, fields });
      continue;
    }
    if (first.text.startsWith("!") && system.family === "openbsd") {
      lines.push({ kind: "command", span, fields });
      commands.push({ text: line.text.slice(line.text.indexOf("!") + 1).trim(), span: line.span });
      continue;
    }
    lines.push({ kind: "gateway", span, fields });
    const second = fields[1];
    if (second !== undefined) {
      say(
        second.text.startsWith("#") ? "mygate/comment-after-address" : "mygate/too-many-words",
        "error",
        second.text.startsWith("#")
          ? "A comment after the address is handed to route(8), which then refuses the line; put it on a line of its own."
          : "One address on a line: route(8) refuses what follows it.",
        { start: second.span.start, end: line.span.end },
      );
    }
    const gateway = readGateway(first);
    if (gateway.address === null) {
      say(
        looksLikeAddress(first.text) ? "mygate/bad-address" : "mygate/host-name",
        looksLikeAddress(first.text) ? "error" : "note",
        looksLikeAddress(first.text)
          ? `\`${first.text}\` is not an address.`
          : `\`${first.text}\` must be in /etc/hosts to be found before the network is up; write the address.`,
        first.span,
      );
    } else if (gateway.address.isUnspecified() || gateway.address.isMulticast() || gateway.address.isLoopback()) {
      say("mygate/bad-address", "error", `${gateway.address} cannot be a gateway.`, first.span);
    }
    if (gateways.some((other) => other.family === gateway.family)) {
      say(
        "mygate/second-gateway",
        "warning",
        `Only the first IPv${gateway.family} gateway is used; ${first.text} is ignored.`,
        first.span,
      );
      continue;
    }
    gateways.push(gateway);
  }
  const last = lines[lines.length - 1];
  if (last !== undefined && (last.kind === "gateway" || last.kind === "command") && !text.endsWith("\n")) {
    if (system.family === "openbsd") {
      const end = text.length;
      diagnostics.push(
        diagnostic(
          "mygate/no-last-newline",
          "warning",
          "The last line has no line end, and netstart drops such a line. End the file with one.",
          source,
          last.span,
          { fix: { title: "add the line end", edits: [{ source, span: { start: end, end }, text: "\n" }] } },
        ),
      );
    }
  }
  return { source, lines, gateways, commands, diagnostics };
}

/** The text again, byte for byte. */
export function printMygate(file: Mygate): string {
  const { text } = file.source;
  return (
    text.slice(0, file.lines[0]?.span.start ?? text.length) +
    file.lines.map((line) => text.slice(line.span.start, line.span.end)).join("")
  );
}

function readGateway(word: Word): MygateGateway {
  const address = parseLooseAddress(word.text);
  return {
    family: word.text.includes(":") ? 6 : 4,
    address,
    written: word.text,
    span: word.span,
  };
}

function looksLikeAddress(text: string): boolean {
  return text.includes(":") || !/[A-Za-z]/.test(text) || text.includes("/");
}
