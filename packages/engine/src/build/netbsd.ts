/** NetBSD's boot as far as the network goes: rc.d/network, with ifconfig.if(5), mygate(5) and netstart.local. */
import { parseIfconfig } from "@pierhead/lang/ifconfig";
import { parseMygate } from "@pierhead/lang/mygate";
import { parseIfconfigIf } from "@pierhead/lang/netstart";
import { evaluateRcConf, parseRcConf, type RcVariable, yesNo } from "@pierhead/lang/rc-conf";
import { matchPath } from "@pierhead/lang/registry";
import { parseSysctlConf } from "@pierhead/lang/sysctl";
import { blankSeparated, textLines, type Word } from "@pierhead/lang/text";
import type { BuildContext } from "./context.ts";

const ZERO = { start: 0, end: 0 };

export function bootNetbsd(context: BuildContext): void {
  const files = context.tree.of("rc-conf").map((file) => parseRcConf(file.source, context.system));
  const variables = evaluateRcConf(files);
  context.rcVariables = variables;
  for (const variable of variables.values()) {
    const enabled = yesNo(variable.value);
    if (enabled === null) continue;
    context.services.set(variable.name, {
      name: variable.name,
      enabled,
      flags: variables.get(`${variable.name}_flags`)?.value ?? "",
      place: { source: variable.source, span: variable.nameSpan },
    });
  }
  const sysctl = context.tree.source("/etc/sysctl.conf");
  if (sysctl !== null) {
    for (const setting of parseSysctlConf(sysctl, context.system).settings) {
      context.machine.setSysctl(setting.name, setting.value);
    }
  }
  startInterfaces(context, variables);
  context.placeDynamic();
  defaultRoute(context, variables);
  staticRoutes(context);
  if (variables.get("ip6mode")?.value === "router") context.machine.setForwarding(true, 6);
  scripts(context);
}

/** `ifconfig_IF` goes before `/etc/ifconfig.IF`. */
function startInterfaces(context: BuildContext, variables: ReadonlyMap<string, RcVariable>): void {
  const started = new Set<string>();
  for (const variable of variables.values()) {
    const name = /^ifconfig_(\w+)$/.exec(variable.name)?.[1];
    if (name === undefined || name === "lo0" || variable.words.length === 0) continue;
    started.add(name);
    context.declare(name, { source: variable.source, span: variable.nameSpan, message: `${name} is set up here` });
    if (variable.opaque) {
      context.leave(variable.value, variable.source, variable.valueSpan);
      continue;
    }
    if (variable.words[0]?.text === "dhcp") {
      const message = `${name} gets its address from a server`;
      context.dynamic.set(name, { source: variable.source, span: variable.valueSpan, message });
      context.machine.setUp(name, true);
      continue;
    }
    // Several commands stand one a line or with `;` between them.
    let words: Word[] = [];
    const finish = (): void => {
      if (words.length > 0) {
        const { settings, diagnostics } = parseIfconfig(variable.source, words, context.system);
        context.diagnostics.push(...diagnostics);
        context.ifconfig(name, settings, variable.source, variable.valueSpan);
      }
      words = [];
    };
    let end = variable.words[0]?.span.start ?? 0;
    for (const word of variable.words) {
      if (variable.source.text.slice(end, word.span.start).includes("\n")) finish();
      if (word.text !== ";") words.push({ ...word, text: word.text.replace(/;$/, "") });
      if (word.text.endsWith(";")) finish();
      end = word.span.end;
    }
    finish();
  }
  for (const file of context.tree.of("netstart")) {
    const name = matchPath("/etc/ifconfig.*", file.path);
    if (name === null || started.has(name)) continue;
    context.declare(name, { source: file.source, span: ZERO, message: "its file" });
    const read = parseIfconfigIf(file.source, context.system, name);
    context.netstart(name, read.commands, file.source);
  }
  for (const [name, known] of context.interfaces) {
    const aliases = variables.get(`ifaliases_${name}`);
    if (aliases === undefined || known.origin === "assumed") continue;
    for (let i = 0; i + 1 < aliases.words.length; i += 2) {
      const address = aliases.words[i] as Word;
      const mask = aliases.words[i + 1] as Word;
      const words = [
        { text: "inet", span: address.span },
        { text: "alias", span: address.span },
        address,
        ...(mask.text === "-" ? [] : [{ text: "netmask", span: mask.span }, mask]),
      ];
      const { settings, diagnostics } = parseIfconfig(aliases.source, words, context.system);
      context.diagnostics.push(...diagnostics);
      context.ifconfig(name, settings, aliases.source, aliases.valueSpan);
    }
  }
}

function defaultRoute(context: BuildContext, variables: ReadonlyMap<string, RcVariable>): void {
  const variable = variables.get("defaultroute");
  if (variable !== undefined && variable.words.length > 0) {
    const span = variable.valueSpan;
    const words = ["add", "default"].map((text) => ({ text, span }));
    context.route(variable.source, [...words, ...variable.words], span);
  } else {
    const source = context.tree.source("/etc/mygate");
    const gateway = source === null ? undefined : parseMygate(source, context.system).gateways[0];
    if (source !== null && gateway !== undefined) {
      const words = ["add", "default", gateway.written].map((text) => ({ text, span: gateway.span }));
      context.route(source, words, gateway.span);
    }
  }
  const six = variables.get("defaultroute6");
  if (six !== undefined && six.words.length > 0) {
    const words = ["add", "-inet6", "default"].map((text) => ({ text, span: six.valueSpan }));
    context.route(six.source, [...words, ...six.words], six.valueSpan);
  }
}

/** route.conf(5): arguments of `route add`, lines with `+` are commands at boot, with `-` at shutdown. */
function staticRoutes(context: BuildContext): void {
  const source = context.tree.source("/etc/route.conf");
  if (source === null) return;
  const { text } = source;
  for (const line of textLines(text)) {
    const words = blankSeparated(text, line.start, line.end);
    const first = words[0];
    if (first === undefined || first.text.startsWith("#") || first.text.startsWith("-")) continue;
    const span = { start: first.span.start, end: line.end };
    if (first.text.startsWith("+")) {
      context.shell(text.slice(span.start + 1, span.end), source, { start: span.start + 1, end: span.end }, null);
      continue;
    }
    const family = { text: `-${first.text}`, span: first.span };
    context.route(source, [{ text: "add", span: first.span }, family, ...words.slice(1)], span);
  }
}

/** Scripts that `rc.d/network` runs at its end. */
function scripts(context: BuildContext): void {
  for (const file of context.tree.of("netstart-local")) {
    const { text } = file.source;
    const lines = textLines(text).filter((line) => {
      const content = text.slice(line.start, line.end).trim();
      return content !== "" && !content.startsWith("#");
    });
    // A plain list of commands is followed line by line; anything with structure goes to the shell as a whole.
    const plain = lines.every(
      (line) => !/[\\`{}]|\b(if|then|else|fi|for|while|do|done|case|esac)\b|<</.test(text.slice(line.start, line.end)),
    );
    if (!plain) {
      context.shell(text, file.source, { start: 0, end: text.length }, null);
      continue;
    }
    for (const line of lines) {
      const words = blankSeparated(text, line.start, line.end);
      const command = words[0]?.text.replace(/^.*\//, "");
      const name = words[1]?.text;
      // `ifconfig vioif0 …` speaks of a card that is there.
      if (command === "ifconfig" && name !== undefined && /^[a-z]+\d+$/.test(name)) {
        context.declare(name, {
          source: file.source,
          span: words[1]?.span ?? ZERO,
          message: `${name} is set up here`,
        });
      }
      context.shell(text.slice(line.start, line.end), file.source, { start: line.start, end: line.end }, null);
    }
  }
}
