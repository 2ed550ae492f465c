/** What vmd takes but should be looked at. */
import { type Diagnostic, diagnostic, type RelatedPlace, type Severity } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import { checkEncoding } from "../text/index.ts";
import type { VmConfiguration, VmInterface } from "./configuration.ts";

/** Checks a loaded vm.conf. vmd's own errors are in `configuration.diagnostics`; these come on top. */
export function checkVmConf(configuration: VmConfiguration): readonly Diagnostic[] {
  const found: Diagnostic[] = checkEncoding(configuration.source);
  const say = (
    code: string,
    severity: Severity,
    message: string,
    origin: Origin,
    related: readonly RelatedPlace[] = [],
  ): void => {
    found.push(diagnostic(code, severity, message, origin.source, origin.span, { related }));
  };
  for (const macro of configuration.macros) {
    if (macro.used || macro.source === null) continue;
    const span = { start: macro.start, end: macro.end };
    const text = `The macro ${macro.name} is not used.`;
    say("vm-conf/unused-macro", "note", text, { source: macro.source, span });
  }
  const switches = new Map(configuration.switches.map((one) => [one.name, one]));
  const bridges = new Map<string, Origin>();
  for (const { interface: name, nameOrigin } of configuration.switches) {
    if (name === null) continue;
    const before = bridges.get(name);
    if (before !== undefined) {
      const text = `Two switches stand on ${name}: their guests are on one wire.`;
      say("vm-conf/switch-shared", "note", text, nameOrigin, [{ ...before, message: "the other one" }]);
    }
    bridges.set(name, nameOrigin);
  }
  const macs = new Map<string, Origin>();
  const taps = new Map<string, Origin>();
  for (const machine of configuration.machines) {
    for (const card of machine.interfaces) {
      if (card.switch !== null && !switches.has(card.switch.name)) {
        const text = `There is no switch "${card.switch.name}"; the card comes up on no wire at all.`;
        say("vm-conf/unknown-switch", "warning", text, card.switch.origin);
      }
      checkCard(card, say, macs);
      if (card.name === null || !machine.enabled) continue;
      const before = taps.get(card.name);
      if (before !== undefined) {
        const text = `${card.name} is another card's as well; the second vm does not start.`;
        say("vm-conf/tap-twice", "error", text, card.origin, [{ ...before, message: "the other card" }]);
      }
      taps.set(card.name, card.origin);
    }
    const count = machine.interfaces.length;
    if (machine.interfaceCount !== null && machine.interfaceCount > count && count > 0) {
      const more = machine.interfaceCount - count;
      const text = `\`interfaces ${machine.interfaceCount}\` adds ${more} more card${more === 1 ? "" : "s"} on no switch.`;
      say("vm-conf/more-interfaces", "note", text, machine.nameOrigin);
    }
  }
  return found;
}

type Say = (
  code: string,
  severity: Severity,
  message: string,
  origin: Origin,
  related?: readonly RelatedPlace[],
) => void;

function checkCard(card: VmInterface, say: Say, macs: Map<string, Origin>): void {
  if (card.lladdr === null) return;
  const { mac, origin } = card.lladdr;
  if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1) {
    const text = `${mac} is a group's address (the last bit of the first octet); no card can have it.`;
    say("vm-conf/group-address", "error", text, origin);
  }
  const before = macs.get(mac);
  if (before !== undefined) {
    const text = `${mac} is another card's as well: each takes the other's frames.`;
    say("vm-conf/lladdr-twice", "error", text, origin, [{ ...before, message: "the other card" }]);
  }
  macs.set(mac, origin);
}
