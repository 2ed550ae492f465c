/** FreeBSD's boot as far as the network goes: rc.d/netif, rc.d/routing, sysctl.conf (network.subr(8), rc.conf(5)). */
import { Address, type RelatedPlace, type Source, type Span } from "@pierhead/core";
import { parseIfconfig } from "@pierhead/lang/ifconfig";
import { evaluateRcConf, parseRcConf, type RcVariable, yesNo } from "@pierhead/lang/rc-conf";
import { parseSysctlConf } from "@pierhead/lang/sysctl";
import type { Word } from "@pierhead/lang/text";
import type { BuildContext } from "./context.ts";

export function bootFreebsd(context: BuildContext): void {
  const variables = readVariables(context);
  context.rcVariables = variables;
  readServices(context, variables);
  applySysctl(context);
  loadEnc(context, variables);
  const boot = new FreebsdBoot(context, variables);
  boot.interfaces();
  context.placeDynamic();
  boot.routes();
  const gateway = variables.get("gateway_enable");
  context.machine.setForwarding(yesNo(gateway?.value ?? "NO") === true, 4);
  context.machine.setForwarding(yesNo(variables.get("ipv6_gateway_enable")?.value ?? "NO") === true, 6);
  // rc.d/sysctl_lastload reads the file once more at the end of boot.
  applySysctl(context);
}

function readVariables(context: BuildContext): Map<string, RcVariable> {
  const files = context.tree
    .of("rc-conf")
    .filter(
      (file) =>
        file.path === "/etc/rc.conf" || file.path === "/etc/rc.conf.local" || file.path.startsWith("/etc/rc.conf.d/"),
    )
    .sort((a, b) => order(a.path) - order(b.path))
    .map((file) => parseRcConf(file.source, context.system));
  return evaluateRcConf(files);
}

function order(path: string): number {
  return path === "/etc/rc.conf" ? 0 : path === "/etc/rc.conf.local" ? 1 : 2;
}

function applySysctl(context: BuildContext): void {
  const source = context.tree.source("/etc/sysctl.conf");
  if (source === null) return;
  for (const setting of parseSysctlConf(source, context.system).settings) {
    context.machine.setSysctl(setting.name, setting.value);
  }
}

/** `NAME_enable`: YES or NO. */
function readServices(context: BuildContext, variables: ReadonlyMap<string, RcVariable>): void {
  for (const variable of variables.values()) {
    const name = /^(.+)_enable$/.exec(variable.name)?.[1];
    if (name === undefined) continue;
    context.services.set(name, {
      name,
      enabled: yesNo(variable.value) ?? false,
      flags: variables.get(`${name}_flags`)?.value ?? "",
      place: { source: variable.source, span: variable.nameSpan },
    });
  }
}

/** enc(4) is a module that GENERIC does not have in it: enc0 is there when boot loads it, and down until it is set up. */
function loadEnc(context: BuildContext, variables: ReadonlyMap<string, RcVariable>): void {
  const { machine, tree } = context;
  const listed = variables.get("kld_list")?.words ?? [];
  const loaded =
    listed.some(({ text }) => /(^|\/)if_enc(\.ko)?$/.test(text)) ||
    tree.files.some(
      ({ live, path, source }) =>
        live &&
        /^\/boot\/loader\.conf(\.local|\.d\/[^/]+\.conf)?$/.test(path) &&
        /^[ \t]*if_enc_load[ \t]*=[ \t]*"?yes/im.test(source.text),
    );
  if (loaded && machine.interface("enc0") === null) machine.addInterface({ name: "enc0", up: false });
}

class FreebsdBoot {
  readonly #context: BuildContext;
  readonly #variables: ReadonlyMap<string, RcVariable>;

  constructor(context: BuildContext, variables: ReadonlyMap<string, RcVariable>) {
    this.#context = context;
    this.#variables = variables;
  }

  interfaces(): void {
    for (const [name, place] of this.#names()) this.#context.declare(name, place);
    for (const name of [...this.#context.interfaces.keys()]) this.#start(name);
  }

  /** Interfaces the files speak of: cards first, then what is cloned on them. */
  #names(): Map<string, RelatedPlace> {
    const names = new Map<string, RelatedPlace>();
    const add = (name: string, variable: RcVariable, span: Span = variable.nameSpan): void => {
      if (name !== "" && !names.has(name)) {
        names.set(name, { source: variable.source, span, message: `${name} is set up here` });
      }
    };
    const children = new Set<string>();
    const parents = new Map<string, RcVariable>();
    for (const variable of this.#variables.values()) {
      const parent = /^(?:vlans|wlans)_(\w+)$/.exec(variable.name)?.[1];
      if (parent === undefined) continue;
      parents.set(parent, variable);
      for (const word of variable.words) children.add(childName(parent, word.text).replace(/[.\-/+]/g, "_"));
    }
    const cloned = new Set<string>();
    for (const list of ["cloned_interfaces", "gif_interfaces"]) {
      for (const word of this.#variables.get(list)?.words ?? []) cloned.add(word.text.split(":")[0] as string);
    }
    for (const variable of this.#variables.values()) {
      const match = /^ifconfig_([A-Za-z0-9]+?)(_alias\d+|_aliases|_ipv6|_descr|_name)?$/.exec(variable.name);
      const name = match?.[1];
      if (name === undefined || name === "DEFAULT" || name === "lo0" || children.has(name) || cloned.has(name))
        continue;
      if (match?.[2] === "_name" || !this.#renamed(name)) add(this.#newName(name), variable);
    }
    for (const word of this.#variables.get("network_interfaces")?.words ?? []) {
      if (/\d$/.test(word.text) && word.text !== "lo0") {
        add(word.text, this.#variables.get("network_interfaces") as RcVariable, word.span);
      }
    }
    for (const [parent, variable] of parents) add(parent, variable);
    for (const list of ["cloned_interfaces", "gif_interfaces"]) {
      const variable = this.#variables.get(list);
      for (const word of variable?.words ?? []) {
        const name = word.text.split(":")[0] as string;
        if (/^epair\d+$/.test(name)) {
          add(`${name}a`, variable as RcVariable, word.span);
          add(`${name}b`, variable as RcVariable, word.span);
        } else add(this.#newName(name), variable as RcVariable, word.span);
      }
    }
    for (const [parent, variable] of parents) {
      for (const word of variable.words) add(childName(parent, word.text), variable, word.span);
    }
    return names;
  }

  #renamed(name: string): boolean {
    return this.#variables.get(`ifconfig_${name}_name`) !== undefined;
  }

  /** `ifconfig_em0_name="lan0"`. */
  #newName(name: string): string {
    return this.#variables.get(`ifconfig_${name}_name`)?.value.trim() || name;
  }

  /** ifn_start: ifconfig_IF, ifconfig_IF_ipv6, then the aliases. */
  #start(name: string): void {
    const key = name.replace(/[.\-/+]/g, "_");
    const main = this.#variables.get(`ifconfig_${key}`) ?? this.#variables.get("ifconfig_DEFAULT");
    let configured = false;
    if (main !== undefined && !main.opaque) {
      const words: Word[] = [];
      let skipNext = false;
      for (const word of main.words) {
        if (skipNext) {
          skipNext = false;
          continue;
        }
        const upper = word.text.toUpperCase();
        if (upper === "DHCP" || upper === "SYNCDHCP" || upper === "NOSYNCDHCP") {
          this.#context.dynamic.set(name, {
            source: main.source,
            span: word.span,
            message: `${name} gets its address from a server`,
          });
        } else if (word.text === "vnet") skipNext = true;
        else if (upper !== "NOAUTO" && upper !== "WPA" && upper !== "HOSTAP") words.push(word);
      }
      if (words.length > 0) this.#ifconfig(name, words, main.source, main.valueSpan);
      configured = true;
    } else if (main?.opaque === true) this.#context.leave(main.value, main.source, main.valueSpan);
    const six = this.#variables.get(`ifconfig_${key}_ipv6`);
    if (six !== undefined && six.words.length > 0) {
      const first = six.words[0] as Word;
      const words = first.text.includes(":") ? [{ text: "inet6", span: first.span }, ...six.words] : six.words;
      this.#ifconfig(name, words, six.source, six.valueSpan);
      configured = true;
    }
    for (const { words, variable } of this.#aliases(key)) {
      this.#ifconfig(
        name,
        [...words, { text: "alias", span: variable.valueSpan }],
        variable.source,
        variable.valueSpan,
      );
      configured = true;
    }
    // "up" after everything, for every interface with any configuration.
    if (configured) this.#context.machine.setUp(name, true);
  }

  #aliases(key: string): { words: Word[]; variable: RcVariable }[] {
    const found: { words: Word[]; variable: RcVariable }[] = [];
    const list: RcVariable[] = [];
    const aliases = this.#variables.get(`ifconfig_${key}_aliases`);
    if (aliases !== undefined) list.push(aliases);
    const prefix = `ifconfig_${key}_alias`;
    list.push(
      ...[...this.#variables.values()]
        .filter((one) => one.name.startsWith(prefix) && /^\d+$/.test(one.name.slice(prefix.length)))
        .sort((a, b) => Number(a.name.slice(prefix.length)) - Number(b.name.slice(prefix.length))),
    );
    for (const variable of list) {
      let words: Word[] = [];
      const finish = (): void => {
        if (words.length > 1) for (const each of expandRange(words)) found.push({ words: each, variable });
        words = [];
      };
      for (const word of variable.words) {
        if (word.text === "inet" || word.text === "inet6" || word.text === "link" || word.text === "ether") finish();
        else if (words.length === 0) words.push({ text: word.text.includes(":") ? "inet6" : "inet", span: word.span });
        words.push(word);
      }
      finish();
    }
    const addresses = this.#variables.get(`ipv4_addrs_${key}`);
    for (const word of addresses?.words ?? []) {
      for (const each of expandRange([{ text: "inet", span: word.span }, word])) {
        found.push({ words: each, variable: addresses as RcVariable });
      }
    }
    return found;
  }

  #ifconfig(name: string, words: readonly Word[], source: Source, span: Span): void {
    const { settings, diagnostics } = parseIfconfig(source, words, this.#context.system);
    this.#context.diagnostics.push(...diagnostics);
    this.#context.ifconfig(name, settings, source, span);
  }

  /** rc.d/routing: static_routes in order, then defaultrouter. */
  routes(): void {
    this.#routes("static_routes", "route_", []);
    this.#default("defaultrouter", []);
    this.#routes("ipv6_static_routes", "ipv6_route_", ["-inet6"]);
    this.#default("ipv6_defaultrouter", ["-inet6"]);
  }

  #routes(list: string, prefix: string, modifiers: readonly string[]): void {
    for (const word of this.#variables.get(list)?.words ?? []) {
      const name = (word.text.split(":")[0] as string).replace(/[.\-/+]/g, "_");
      const variable = this.#variables.get(prefix + name);
      if (variable === undefined || variable.words.length === 0) continue;
      if (variable.opaque) {
        this.#context.leave(variable.value, variable.source, variable.valueSpan);
        continue;
      }
      this.#route(variable, modifiers, variable.words);
    }
  }

  #default(name: string, modifiers: readonly string[]): void {
    const variable = this.#variables.get(name);
    if (variable === undefined || variable.words.length === 0 || variable.value.toUpperCase() === "NO") return;
    const zero = new Address(modifiers.length > 0 ? 6 : 4, 0);
    // The placeholder of a leased address brings its own default route; a real one comes first.
    for (const route of this.#context.machine.routes.exact(0, zero, 0)) {
      if (this.#context.dynamic.has(route.interface ?? "")) this.#context.machine.routes.remove(route);
    }
    this.#route(variable, modifiers, [{ text: "default", span: variable.valueSpan }, ...variable.words]);
  }

  #route(variable: RcVariable, modifiers: readonly string[], words: readonly Word[]): void {
    const span = variable.valueSpan;
    const plain = ["add", ...modifiers].map((text) => ({ text, span }));
    this.#context.route(variable.source, [...plain, ...words], span);
  }
}

/** `vlans_em0="10 office"`: a number makes em0.10, a name is the interface's own. */
function childName(parent: string, word: string): string {
  return /^\d+$/.test(word) ? `${parent}.${word}` : word;
}

/** `inet 10.0.0.1-5/24`: the first keeps the length, the others are /32 (ifalias_expand_addr_inet). */
function expandRange(words: readonly Word[]): Word[][] {
  const address = words[1];
  if (address === undefined) return [];
  const match = /^((?:\d+\.){0,3})(\d+)-(\d+)((?:\.\d+){0,3})(\/\d+)?$/.exec(address.text);
  if (match === null || words[0]?.text !== "inet") return [[...words]];
  const [, head, low, high, tail, length] = match as unknown as [string, string, string, string, string, string?];
  const out: Word[][] = [];
  for (let i = Number(low); i <= Number(high) && out.length < 2048; i++) {
    const text = `${head}${i}${tail}${out.length === 0 ? (length ?? "/32") : "/32"}`;
    out.push([words[0] as Word, { text, span: address.span }, ...words.slice(2)]);
  }
  return out;
}
