import { type Address, parseAddress, Source } from "@pierhead/core";
import { protocolByName } from "@pierhead/lang/names";
import { loadPf, type PfEnvironment } from "@pierhead/lang/pf";
import type { KillHost, KillSelection, LoadSelection, PacketFilter } from "./packet-filter.ts";
import { type Arguments, readArguments } from "./pfctl-arguments.ts";
import {
  type ShowOptions,
  showAnchors,
  showInfo,
  showLabels,
  showLimits,
  showRules,
  showTables,
  showTimeouts,
} from "./pfctl-show.ts";
import { duplicateWarnings, type Printed, readHost, runTableCommand } from "./pfctl-table.ts";

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly exit: number;
  /** Standard output, with its newlines. */
  readonly output: string;
  /** Standard error, with its newlines. */
  readonly errors: string;
}

/**
 * Runs `pfctl ARGUMENTS` against a simulated packet filter: loading (`-f`, `-a`), flushing, tables (`-t -T`), killing
 * (`-k`, `-K`), showing (`-s`), enabling. Files are read through the environment; `-f -` is `stdin`.
 */
export function runPfctl(
  filter: PacketFilter,
  words: readonly string[],
  stdin: string | null,
  environment: PfEnvironment,
): CommandResult {
  const parsed = readArguments(words, environment.system);
  if (typeof parsed === "string") return { exit: 1, output: "", errors: `${parsed}\n` };
  const printed: Printed = { output: [], errors: [], exit: 0 };
  new Command(filter, parsed, stdin, environment, printed).run();
  const text = (lines: readonly string[]): string => (lines.length === 0 ? "" : `${lines.join("\n")}\n`);
  return { exit: printed.exit, output: text(printed.output), errors: text(printed.errors) };
}

/** Steps of pfctl's `main()`, in its order. */
class Command {
  readonly filter: PacketFilter;
  readonly given: Arguments;
  readonly stdin: string | null;
  readonly environment: PfEnvironment;
  readonly printed: Printed;

  constructor(
    filter: PacketFilter,
    given: Arguments,
    stdin: string | null,
    environment: PfEnvironment,
    printed: Printed,
  ) {
    this.filter = filter;
    this.given = given;
    this.stdin = stdin;
    this.environment = environment;
    this.printed = printed;
  }

  run(): void {
    const { given } = this;
    if (given.disable && !this.#disable()) return;
    if (given.show !== null) this.#show(given.show);
    if (given.flush !== null) this.#flush(given.flush);
    if (given.killStates.length > 0 && !this.#killStates()) return;
    if (given.killNodes.length > 0 && !this.#killNodes()) return;
    if (given.tableCommand !== null && given.table !== null) this.#table(given.table, given.tableCommand);
    else if (given.file !== null) this.#load(given.file);
    if (given.enable) this.#enable();
    if (given.debugLevel !== null) this.filter.core.debug = given.debugLevel;
  }

  #say(text: string): void {
    if (!this.given.quiet) this.printed.errors.push(text);
  }

  #fail(text: string): void {
    this.printed.errors.push(`pfctl: ${text}`);
    this.printed.exit = 1;
  }

  #disable(): boolean {
    if (!this.filter.enabled) {
      this.#fail("pf not enabled");
      return false;
    }
    this.filter.enabled = false;
    this.#say("pf disabled");
    return true;
  }

  #enable(): void {
    if (this.filter.enabled) {
      this.#fail("pf already enabled");
      return;
    }
    this.filter.enabled = true;
    this.#say("pf enabled");
  }

  #show(what: string): void {
    const { core } = this.filter;
    const { given, printed } = this;
    const options: ShowOptions = { verbosity: given.verbosity, debug: given.debug, recurse: given.recurse };
    switch (what) {
      case "rules": {
        const lists = core.kernel.separateTranslation ? (["scrub", "filter"] as const) : (["filter"] as const);
        for (const list of lists) this.#showRules(list, options);
        return;
      }
      case "nat":
        for (const list of ["nat", "binat", "rdr"] as const) this.#showRules(list, options);
        return;
      case "states":
        for (const state of core.states) {
          if (given.interface !== null && state.kif.name !== given.interface) continue;
          if (given.rule !== null && state.rule.number !== given.rule) continue;
          printed.output.push(...this.filter.describeState(state, given.verbosity));
        }
        return;
      case "Sources":
        printed.output.push(...this.filter.sourceNodeLines(given.verbosity));
        return;
      case "Anchors":
        printed.output.push(...showAnchors(core, given.anchor, given.verbosity > 0));
        return;
      case "Tables":
        printed.output.push(...showTables(core, given.anchor, options));
        return;
      case "info":
        printed.output.push(...showInfo(core, given.verbosity > 0));
        return;
      case "labels":
        printed.output.push(...showLabels(core, given.anchor));
        return;
      case "timeouts":
        printed.output.push(...showTimeouts(core));
        return;
      case "memory":
        printed.output.push(...showLimits(core));
        return;
      case "Running":
        printed.output.push(this.filter.enabled ? "Enabled" : "Disabled");
        if (!this.filter.enabled) printed.exit = 1;
        return;
      case "all":
        this.#show("rules");
        this.#show("states");
        this.#show("Sources");
        this.#show("info");
        this.#show("timeouts");
        this.#show("memory");
        this.#show("Tables");
        return;
    }
  }

  #showRules(list: "scrub" | "filter" | "nat" | "binat" | "rdr", options: ShowOptions): void {
    const { given, printed } = this;
    const lines = showRules(this.filter.core, given.anchor, list, options, given.wildcard, given.rule);
    if (lines === null) printed.errors.push("pfctl: Anchor does not exist");
    else printed.output.push(...lines);
  }

  #flush(what: string): void {
    const { filter, given } = this;
    const { anchor } = given;
    const rules = (): void => {
      filter.flush("rules", anchor);
      this.#say("rules cleared");
    };
    switch (what) {
      case "rules":
        rules();
        return;
      case "nat":
        filter.flush("nat", anchor);
        this.#say("nat cleared");
        return;
      case "states":
        this.#say(`${filter.flush("states", "", given.interface)} states cleared`);
        return;
      case "Sources":
        filter.flush("Sources");
        this.#say("source tracking entries cleared");
        return;
      case "info":
        filter.flush("info", "", given.interface);
        this.#say(`pf: statistics cleared${given.interface === null ? "" : ` for interface ${given.interface}`}`);
        return;
      case "Tables":
        this.#say(`${filter.flush("Tables", anchor)} tables deleted.`);
        return;
      case "Reset":
        filter.flush("Reset");
        this.#say("pf: interface flags reset");
        return;
      case "osfp":
        filter.flush("osfp");
        return;
      case "all":
        this.#say(`${filter.flush("Tables", anchor)} tables deleted.`);
        rules();
        if (filter.core.kernel.separateTranslation) filter.flush("nat", anchor);
        if (anchor !== "") return;
        this.#say(`${filter.flush("states")} states cleared`);
        filter.flush("Sources");
        this.#say("source tracking entries cleared");
        filter.flush("info");
        this.#say("pf: statistics cleared");
        filter.flush("Reset");
        this.#say("pf: interface flags reset");
        return;
    }
  }

  /** @returns false when pfctl ends here */
  #killStates(): boolean {
    const [first, second] = this.given.killStates as [string, string | undefined];
    const { filter, given } = this;
    const common: KillSelection = {
      ...(given.interface === null ? {} : { interface: given.interface }),
      routingDomain: given.routingDomain,
      ...(given.matching ? { matching: true } : {}),
    };
    const report = (killed: number): boolean => {
      this.#say(`killed ${killed} states`);
      return true;
    };
    switch (first) {
      case "label":
        if (second === undefined) return this.#usage("no label specified");
        return report(filter.killStates({ ...common, label: second }));
      case "id": {
        const match = /^([0-9a-f]+)(?:\/([0-9a-f]+))?$/i.exec(second ?? "");
        if (match === null) return this.#usage("no id specified");
        const creator = match[2] === undefined ? null : Number.parseInt(match[2], 16);
        return report(filter.killStates({ ...common, id: { id: BigInt(`0x${match[1]}`), creator } }));
      }
      case "key": {
        const key = this.#readKey(second ?? "");
        if (key === null) return false;
        return report(filter.killStates({ ...common, key }));
      }
      case "source": {
        const addresses = this.#hosts(second ?? "");
        if (addresses === null) return false;
        const limiter = filter.core.limiters.sources.get(given.limiter ?? 0);
        if (limiter === undefined) return this.#usage("no such source limiter");
        for (const { address } of addresses) {
          const source = limiter.find(address, given.routingDomain);
          if (source !== null) limiter.remove(source);
        }
        return true;
      }
      case "gateway": {
        if (second === undefined) return this.#usage("no gateway specified");
        const gateways = this.#hosts(second);
        if (gateways === null) return false;
        let killed = 0;
        for (const gateway of gateways) killed += filter.killStates({ ...common, gateway });
        this.#say(`killed ${killed} states from ${gateways.length} gateway`);
        return true;
      }
      case "nat":
        if (second !== undefined && filter.core.kernel.killsByWire) {
          const selection = { ...common, translated: true };
          return this.#killPairs(second, undefined, selection, (one) => filter.killStates(one), "states");
        }
        return this.#killPairs(first, second, common, (selection) => filter.killStates(selection), "states");
      default:
        return this.#killPairs(first, second, common, (selection) => filter.killStates(selection), "states");
    }
  }

  #killNodes(): boolean {
    const [first, second] = this.given.killNodes as [string, string | undefined];
    return this.#killPairs(first, second, {}, (selection) => this.filter.killSourceNodes(selection), "src nodes");
  }

  #killPairs(
    first: string,
    second: string | undefined,
    common: KillSelection,
    kill: (selection: KillSelection) => number,
    what: string,
  ): boolean {
    const sources = this.#hosts(first);
    if (sources === null) return false;
    let killed = 0;
    let destinations = 0;
    for (const source of sources) {
      if (second === undefined) {
        killed += kill({ ...common, source });
        continue;
      }
      const far = this.#hosts(second);
      if (far === null) return false;
      destinations = 0;
      for (const destination of far) {
        if (destination.address.family !== source.address.family) continue;
        destinations++;
        killed += kill({ ...common, source, destination });
      }
    }
    this.#say(`killed ${killed} ${what} from ${sources.length} sources and ${destinations} destinations`);
    return true;
  }

  #usage(text: string): false {
    this.#fail(text);
    return false;
  }

  #hosts(word: string): KillHost[] | null {
    const found = readHost(this.environment, word);
    if (found.length > 0) return found;
    this.#fail("getaddrinfo: no address associated with name");
    return null;
  }

  #readKey(text: string): NonNullable<KillSelection["key"]> | null {
    const [protocol, left, arrow, right] = text.trim().split(/\s+/);
    const number = protocol === undefined ? null : protocolByName(this.environment.system, protocol);
    if (right === undefined || (arrow !== "->" && arrow !== "<-")) {
      this.#fail('key must be "protocol host1:port1 direction host2:port2" format');
      return null;
    }
    if (number === null) {
      this.#fail(`invalid protocol: ${protocol}`);
      return null;
    }
    const [source, destination] = arrow === "->" ? [left, right] : [right, left];
    const first = readEnd(source as string);
    const second = readEnd(destination as string);
    if (first === null || second === null) {
      this.#fail(`invalid host: ${first === null ? source : destination}`);
      return null;
    }
    return { protocol: number, first, second };
  }

  #table(table: string, command: string): void {
    const { given } = this;
    runTableCommand(
      this.filter.core,
      this.environment,
      {
        anchor: given.anchor,
        table,
        command,
        words: given.words,
        file: given.file,
        stdin: this.stdin,
        verbosity: given.verbosity,
        quiet: given.quiet,
        dryRun: given.noAction,
      },
      this.printed,
    );
  }

  #load(file: string): void {
    const { given, printed, filter, environment } = this;
    const text = file === "-" ? (this.stdin ?? "") : environment.readFile(file);
    const name = file === "-" ? "stdin" : (environment.fileName?.(file) ?? file);
    if (text === null) {
      this.#fail(`${file}: No such file or directory`);
      printed.errors.push("pfctl: Syntax error in config file: pf rules not loaded");
      return;
    }
    if (given.anchor === "") filter.core.fingerprints.load(environment.readFile("/etc/pf.os"));
    const load = loadPf(new Source(name, text), environment, {
      anchor: given.anchor,
      strict: true,
      leaveNumbers: true,
      verbose: given.verbosity > 1 ? 2 : given.verbosity > 0 ? 1 : 0,
      defines: given.defines,
      ...(given.optimize === null ? {} : { optimize: given.optimize }),
      ...(given.only === null ? {} : { only: given.only }),
    });
    if (given.anchor === "" || load.exit === 0) {
      for (const table of load.configuration.anchor(given.anchor).tables.keys()) {
        if (!table.startsWith("__automatic_")) {
          printed.errors.push(...duplicateWarnings(filter.core, given.anchor, table));
        }
      }
    }
    printed.errors.push(...load.stderr);
    if (load.exit !== 0) {
      this.#fail("Syntax error in config file: pf rules not loaded");
      return;
    }
    if (given.noAction) return;
    const selection: LoadSelection = {
      optimize: load.optimize,
      tableIdentifier: filter.core.random().toString(16),
      ...(given.only === null
        ? {}
        : {
            rules: given.only.filter ?? false,
            translation: given.only.nat ?? false,
            options: given.only.options ?? false,
            tables: given.only.tables ?? false,
          }),
    };
    if (given.anchor === "") filter.load(load.configuration, selection);
    else {
      const { configuration } = load;
      filter.loadAnchor(given.anchor, configuration.anchor(given.anchor), selection, configuration.options);
    }
    for (const { anchor, file: inner } of load.configuration.loads) this.#loadInner(anchor, inner);
  }

  /** `load anchor NAME from FILE`. */
  #loadInner(anchor: string, file: string): void {
    const text = this.environment.readFile(file);
    if (text === null) {
      this.#fail(`${file}: No such file or directory`);
      return;
    }
    const name = this.environment.fileName?.(file) ?? file;
    const load = loadPf(new Source(name, text), this.environment, {
      anchor,
      strict: true,
      leaveNumbers: true,
      verbose: 0,
    });
    this.printed.errors.push(...load.stderr);
    if (load.exit !== 0) {
      this.#fail("load anchors");
      return;
    }
    const { configuration } = load;
    this.filter.loadAnchor(anchor, configuration.anchor(anchor), { optimize: load.optimize }, configuration.options);
  }
}

/** `192.0.2.1:80`, `2001:db8::1[80]`. */
function readEnd(text: string): { readonly address: Address; readonly port: number } | null {
  const match = /^(.*)\[(\d+)\]$/.exec(text) ?? /^([^:]*):(\d+)$/.exec(text);
  const address = match === null ? null : parseAddress(match[1] as string);
  return match === null || address === null ? null : { address, port: Number(match[2]) };
}
