/** What dhcpcd refuses, and what it takes without doing what was meant. */
import { type Diagnostic, diagnostic, parseAddress, parsePrefix, type Severity, type Span } from "@pierhead/core";
import { checkEncoding, nearest } from "../text/index.ts";
import { checkIaid, type DelegationProblem, readDelegation, wholeNumber } from "./delegation.ts";
import { BLOCKS, DHCPCD_OPTIONS } from "./options.ts";
import { statementsOf } from "./parse.ts";
import type { DhcpcdFile, DhcpcdStatement } from "./tree.ts";

export function checkDhcpcd(file: DhcpcdFile): Diagnostic[] {
  const check = new Check(file);
  check.run();
  return [...checkEncoding(file.source), ...check.found];
}

class Check {
  readonly found: Diagnostic[] = [];
  readonly #file: DhcpcdFile;
  readonly #statements: readonly DhcpcdStatement[];

  constructor(file: DhcpcdFile) {
    this.#file = file;
    this.#statements = statementsOf(file);
  }

  run(): void {
    for (const { block } of this.#file.lines) {
      if (block === null || block.name !== null) continue;
      const message = `\`${block.kind}\` needs a name; what follows is for nobody.`;
      this.#say("dhcpcd/missing-argument", "error", message, block.span);
    }
    for (const one of this.#statements) this.#statement(one);
    this.#reach();
  }

  #say(code: string, severity: Severity, message: string, span: Span): void {
    this.found.push(diagnostic(code, severity, message, this.#file.source, span));
  }

  #statement(one: DhcpcdStatement): void {
    const option = DHCPCD_OPTIONS.get(one.name);
    if (option === undefined) {
      const meant = nearest(one.name, [...DHCPCD_OPTIONS.keys(), ...BLOCKS]);
      const hint = meant === null ? "" : ` Is \`${meant}\` meant?`;
      const shown = one.name.length > 40 ? `${one.name.slice(0, 40)}…` : one.name;
      const message = `dhcpcd knows no option \`${shown}\` and goes on without the line.${hint}`;
      this.#say("dhcpcd/unknown-option", "error", message, one.nameSpan);
      return;
    }
    if (option.argument === "required" && one.argument === null) {
      this.#say("dhcpcd/missing-argument", "error", `\`${one.name}\` needs something behind it.`, one.nameSpan);
      return;
    }
    if (option.argument === "none" && one.argument !== null) {
      const message = `\`${one.name}\` takes nothing: dhcpcd does not look at what follows.`;
      this.#say("dhcpcd/unused-argument", "warning", message, one.argumentSpan);
    }
    if (option.global && one.block !== null) {
      const message = `\`${one.name}\` is for the whole program, and dhcpcd looks for it above the first block only; here it does nothing.`;
      this.#say("dhcpcd/global-in-block", "warning", message, one.nameSpan);
    }
    this.#value(one, option.value);
  }

  #value(one: DhcpcdStatement, kind: "number" | "lease-time" | null): void {
    const { argument } = one;
    if (argument === null) {
      if (one.name === "ia_pd" && one.block === null) this.#outside(one);
      return;
    }
    const fits = kind === null || wholeNumber(argument, 0, 0xffffffff) !== null;
    if (!fits && !(kind === "lease-time" && argument === "-1")) {
      this.#say("dhcpcd/number", "error", `\`${one.name}\` takes a number, not \`${argument}\`.`, one.argumentSpan);
    }
    switch (one.name) {
      case "ia_pd":
        this.#delegation(one);
        break;
      case "ia_na":
      case "ia_ta":
        if (one.block === null) this.#outside(one);
        break;
      case "iaid": {
        const problems: DelegationProblem[] = [];
        checkIaid(argument, one.argumentSpan, problems);
        for (const { code, message, span } of problems) this.#say(code, "error", message, span);
        break;
      }
      case "static":
        this.#static(one, argument);
        break;
      case "duid":
        if (!/^(?:ll|lt|uuid|llt)$/.test(argument) && !/^[0-9a-f]{1,2}(?::[0-9a-f]{1,2})+$/i.test(argument)) {
          const message = "A DUID is `ll`, `lt`, `uuid`, or its octets like 00:03:00:01:….";
          this.#say("dhcpcd/duid", "error", message, one.argumentSpan);
        }
        break;
      default:
    }
  }

  #outside(one: DhcpcdStatement): void {
    const message = `\`${one.name}\` belongs into the block of the interface it is for; above all blocks dhcpcd refuses it.`;
    this.#say("dhcpcd/outside-block", "error", message, one.nameSpan);
  }

  #delegation(one: DhcpcdStatement): void {
    if (one.block === null) this.#outside(one);
    const { request, problems } = readDelegation(this.#file.source.text, one);
    for (const { code, message, span } of problems) this.#say(code, "error", message, span);
    for (const part of request.parts) {
      if (part.interface !== one.block?.name || one.block.kind !== "interface") continue;
      const message = `The prefix comes in on ${part.interface}: it can keep none of it, unless the server excludes one (RFC 6603).`;
      this.#say("dhcpcd/delegated-part", "warning", message, part.span);
    }
  }

  #static(one: DhcpcdStatement, argument: string): void {
    const equals = argument.indexOf("=");
    if (equals === -1) {
      const message = "`static` gives a value to an option: `static ip_address=192.0.2.10/24`.";
      this.#say("dhcpcd/static", "error", message, one.argumentSpan);
      return;
    }
    const value = argument.slice(equals + 1).trim();
    const wrong = (what: string): void => {
      this.#say("dhcpcd/static", "error", `\`${value}\` is no ${what}.`, one.argumentSpan);
    };
    switch (argument.slice(0, equals)) {
      case "ip_address":
        if (value !== "" && parsePrefix(value)?.address.family !== 4) wrong("IPv4 address");
        break;
      case "ip6_address":
        if (parsePrefix(value)?.address.family !== 6) wrong("IPv6 address");
        break;
      case "routers":
      case "domain_name_servers":
        for (const word of value.split(/[\s,]+/))
          if (word !== "" && parseAddress(word) === null) wrong("list of addresses");
        break;
      default:
    }
  }

  /** Whether dhcpcd runs where it delegates to, and hears of a router where it asks. */
  #reach(): void {
    const listed = (name: string): string[] =>
      this.#statements
        .filter((one) => one.name === name && one.block === null)
        .flatMap((one) => (one.argument ?? "").split(/[\s,]+/).filter((word) => word !== ""));
    const allowed = listed("allowinterfaces");
    const denied = listed("denyinterfaces");
    const deaf = this.#statements.some((one) => one.name === "noipv6rs" && one.block === null);
    for (const one of this.#statements) {
      if (one.name !== "ia_pd" || one.block?.kind !== "interface") continue;
      const { text } = this.#file.source;
      for (const part of readDelegation(text, one).request.parts) {
        if (part.interface === "-" || part.interface === "") continue;
        const runs =
          (allowed.length === 0 || allowed.some((pattern) => fits(pattern, part.interface))) &&
          !denied.some((pattern) => fits(pattern, part.interface));
        if (runs) continue;
        const message = `dhcpcd gives a part of the prefix only to interfaces it runs on, and \`allowinterfaces\` or \`denyinterfaces\` keeps it off ${part.interface}.`;
        this.#say("dhcpcd/delegated-elsewhere", "error", message, part.span);
      }
      const hears = this.#statements.some((other) => other.name === "ipv6rs" && other.block === one.block);
      if (deaf && !hears) {
        const message = `No router is listened to on ${one.block.name ?? ""} (\`noipv6rs\` above), so there will be a prefix and no default route; write \`ipv6rs\` into the block.`;
        this.#say("dhcpcd/no-routers", "warning", message, one.nameSpan);
      }
    }
    for (const one of this.#statements) {
      if (one.name !== "allowinterfaces" || one.argument === null) continue;
      for (const word of one.argument.matchAll(/[^\s,]+/g)) {
        if (!denied.includes(word[0])) continue;
        const start = one.argumentSpan.start + word.index;
        const span = { start, end: start + word[0].length };
        this.#say("dhcpcd/allowed-and-denied", "warning", `${word[0]} is denied as well, and that counts.`, span);
      }
    }
  }
}

/** fnmatch(3), as far as names of interfaces go. */
function fits(pattern: string, name: string): boolean {
  if (pattern.length > 64) return false;
  // One pass with one memory of the last star: linear in what can be tried.
  let p = 0;
  let n = 0;
  let star = -1;
  let mark = 0;
  while (n < name.length) {
    if (p < pattern.length && (pattern[p] === "?" || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (pattern[p] === "*") {
      star = p++;
      mark = n;
    } else if (star !== -1) {
      p = star + 1;
      n = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
