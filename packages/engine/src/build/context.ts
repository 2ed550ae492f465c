import {
  Address,
  type Diagnostic,
  diagnostic,
  type InterfaceAddress,
  type RelatedPlace,
  type Source,
  type Span,
  type System,
} from "@pierhead/core";
import type { NetstartCommand } from "@pierhead/lang/hostname-if";
import { type IfconfigSettings, parseIfconfig } from "@pierhead/lang/ifconfig";
import type { RcVariable } from "@pierhead/lang/rc-conf";
import { parseRoute, type RouteCommand } from "@pierhead/lang/route";
import { blankSeparated, unquoteFields, type Word } from "@pierhead/lang/text";
import type { InterfaceSpecification, Machine, RouteError, RouteSpecification } from "../machine/index.ts";
import type { Route } from "../network/routes.ts";
import type { ConfigTree } from "../tree/index.ts";
import { applyIfconfig } from "./apply-ifconfig.ts";
import { applyLease, type Lease } from "./apply-lease.ts";
import { applyRoute } from "./apply-route.ts";
import { RouteOrder } from "./route-order.ts";
import { runScript } from "./run-script.ts";

/** What a caller knows beside the files: a scenario's `interfaces:`, the command line, a machine that was asked. */
export interface BuildOptions {
  /** Interfaces the machine has. A field that is given wins over what the files say. */
  readonly interfaces?: readonly InterfaceSpecification[];
  /** Routes added after those of the files. */
  readonly routes?: readonly RouteSpecification[];
  readonly forwarding?: boolean;
  /** What DHCP servers give, by interface; others get an address that holds the place. */
  readonly leases?: ReadonlyMap<string, Lease>;
  readonly seed?: number;
  readonly clock?: number;
  /** Read ifstated.conf with what `pierhead monitor` takes beyond it. */
  readonly extensions?: boolean;
  /** Addresses of host names, by lower-case name. */
  readonly hosts?: ReadonlyMap<string, readonly Address[]>;
}

/** How an interface came into the machine. */
export interface InterfaceKnowledge {
  readonly name: string;
  /** `given` by the caller, `declared` by a file of the host, `assumed` because files speak of it. */
  readonly origin: "given" | "declared" | "assumed";
  /**
   * `known` addresses stand in a file or were given; `inferred` ones follow from what files say; `assumed` ones only
   * hold a place; `none`: it has none.
   */
  readonly addresses: "known" | "inferred" | "assumed" | "none";
  /** Where the files speak of it. */
  readonly evidence: readonly RelatedPlace[];
}

/** A program or switch that boot starts or leaves. */
export interface ServiceSetting {
  readonly name: string;
  readonly enabled: boolean;
  readonly flags: string;
  /** Where it is set; null: it is the default. */
  readonly place: { readonly source: Source; readonly span: Span } | null;
}

/** A link-layer address that a file gives a card. */
export interface CardAddress {
  readonly interface: string;
  /** Lower case, with colons. */
  readonly mac: string;
  readonly place: RelatedPlace;
}

/** Something the builder could not follow. */
export interface OpaqueCommand {
  readonly command: string;
  readonly source: Source;
  readonly span: Span;
}

/** What is shared while a machine is built. */
export class BuildContext {
  readonly tree: ConfigTree;
  readonly system: System;
  readonly machine: Machine;
  readonly options: BuildOptions;
  readonly diagnostics: Diagnostic[] = [];
  readonly interfaces: Map<string, InterfaceKnowledge> = new Map();
  readonly services: Map<string, ServiceSetting> = new Map();
  readonly opaque: OpaqueCommand[] = [];
  /** Variables of rc.conf and its relatives. */
  rcVariables: ReadonlyMap<string, RcVariable> = new Map();
  /** Interfaces whose address a server hands out, with where that is asked for. */
  readonly dynamic: Map<string, RelatedPlace> = new Map();
  /** Link-layer addresses that the files give cards. */
  readonly macs: CardAddress[] = [];
  readonly order: RouteOrder = new RouteOrder();
  /** Where each default route that was added comes from, by family. */
  readonly defaultRoutes: Map<4 | 6, RelatedPlace> = new Map();
  readonly #fixed: ReadonlySet<string>;

  constructor(tree: ConfigTree, system: System, machine: Machine, options: BuildOptions) {
    this.tree = tree;
    this.system = system;
    this.machine = machine;
    this.options = options;
    this.#fixed = new Set(
      (options.interfaces ?? []).filter((one) => one.addresses !== undefined).map((one) => one.name),
    );
    for (const one of options.interfaces ?? []) {
      this.interfaces.set(one.name, {
        name: one.name,
        origin: "given",
        addresses: (one.addresses ?? []).length > 0 ? "known" : "none",
        evidence: [],
      });
    }
  }

  /** The interface exists because a file of the host is about it. */
  declare(name: string, place: RelatedPlace | null): void {
    const known = this.interfaces.get(name);
    if (known === undefined) {
      this.interfaces.set(name, {
        name,
        origin: "declared",
        addresses: "none",
        evidence: place === null ? [] : [place],
      });
    } else if (place !== null) this.interfaces.set(name, { ...known, evidence: [...known.evidence, place] });
    if (this.machine.interface(name) === null) this.machine.addInterface({ name, up: false });
  }

  /** One `ifconfig` command of a file. */
  ifconfig(name: string, settings: IfconfigSettings, source: Source, span: Span): void {
    for (const change of settings.changes) {
      if (change.kind === "autoconf" && change.on && change.family === 4) {
        this.dynamic.set(name, { source, span: change.span, message: `${name} gets its address from a server` });
      }
    }
    for (const change of settings.changes) {
      if (change.kind === "mac" && change.mac !== null) this.cardAddress(name, change.mac, source, change.span);
    }
    const { address } = settings;
    // pppoe(4): 0.0.0.0 stands for what the other side will say.
    const negotiated = address?.address?.isUnspecified() === true && address.family === 4;
    if (negotiated) {
      this.dynamic.set(name, { source, span: address.span, message: `${name} gets its address from the other side` });
    }
    const fixed = this.#fixed.has(name);
    const outcome = applyIfconfig(this.machine, name, fixed || negotiated ? { ...settings, address: null } : settings);
    if (negotiated) this.machine.setUp(name, true);
    if (outcome === "no-interface") {
      this.say("machine/no-interface", "error", `There is no interface ${name} on this machine.`, source, span);
      return;
    }
    if (address?.address != null && !negotiated && outcome === "done" && address.action !== "remove") {
      const known = this.interfaces.get(name);
      if (known !== undefined) this.interfaces.set(name, { ...known, addresses: "known" });
    }
  }

  /** A card is given a link-layer address. */
  cardAddress(name: string, mac: string, source: Source, span: Span): void {
    const place = { source, span, message: `${name} gets its link-layer address here` };
    this.macs.push({ interface: name, mac: mac.toLowerCase(), place });
  }

  /** `route` with its arguments. */
  route(source: Source, words: readonly Word[], span: Span): void {
    const { command, diagnostics } = parseRoute(source, words, this.system, span);
    this.diagnostics.push(...diagnostics);
    if (command === null) return;
    this.routeOutcome(command, applyRoute(this.machine, command), source, span);
  }

  /** Notes what became of a `route` command. */
  routeOutcome(
    command: RouteCommand,
    refused: RouteError | "unknown-address" | null,
    source: Source,
    span: Span,
  ): void {
    const isDefault = command.destination?.length === 0;
    if (refused === null) {
      const { destination } = command;
      if (command.interfaceRoute && command.action === "add" && destination?.address != null) {
        this.order.onLink(destination.address, destination.length, source, span, this.diagnostics.length);
      }
      if (isDefault && command.action === "add") {
        const place = { source, span, message: "the default route is set here" };
        if (!this.defaultRoutes.has(command.family)) this.defaultRoutes.set(command.family, place);
      }
      return;
    }
    const what = isDefault ? "the default route" : `the route to ${command.destination?.written ?? "it"}`;
    const where = command.gatewaySpan ?? span;
    const gateway = command.gateway ?? command.interface ?? command.gatewayWritten;
    switch (refused) {
      case "unreachable":
        this.say(
          "machine/gateway-not-on-link",
          "error",
          `${gateway} is on no network of this machine at this point, so ${what} is not added: give the interface an address in its network, or first a route to ${gateway} on the link.`,
          source,
          where,
        );
        if (command.gateway !== null) this.order.refused(command.gateway, this.diagnostics);
        return;
      case "exists": {
        const before = isDefault ? this.defaultRoutes.get(command.family) : undefined;
        this.say(
          "machine/route-exists",
          "warning",
          `${capital(what)} exists already; this one is refused.`,
          source,
          span,
          before === undefined ? [] : [before],
        );
        return;
      }
      case "not-in-table":
        this.say(
          "machine/route-not-in-table",
          "warning",
          `There is no such route yet, so \`route ${command.action}\` is refused: ${command.destination?.written} is not in the table.`,
          source,
          span,
        );
        return;
      case "no-interface":
        this.say("machine/no-interface", "error", `There is no interface ${gateway} on this machine.`, source, where);
        return;
      case "unknown-address":
        this.leave(source.text.slice(span.start, span.end), source, span);
        return;
      default:
        this.say("machine/gateway-refused", "error", `${capital(what)} cannot lead there.`, source, where);
    }
  }

  /** A line of shell: `ifconfig`, `route` and `sysctl` are followed word by word, the rest goes to the shell. */
  shell(text: string, source: Source, span: Span, interfaceName: string | null): void {
    const fields = blankSeparated(source.text, span.start, span.end).map((word) => ({
      ...word,
      text: word.text.replaceAll(/\\?\$(?:if|int)\b/g, interfaceName ?? "$if"),
    }));
    const { words, needsShell, open } = unquoteFields(fields);
    const command = words[0]?.text.replace(/^.*\//, "");
    if (!needsShell && open === null) {
      if (command === "route") {
        this.route(source, words.slice(1), span);
        return;
      }
      const name = words[1]?.text;
      if (command === "ifconfig" && name !== undefined && words.length > 2) {
        const { settings, diagnostics } = parseIfconfig(source, words.slice(2), this.system);
        this.diagnostics.push(...diagnostics);
        if (settings.create && !this.interfaces.has(name)) this.declare(name, null);
        this.ifconfig(name, settings, source, span);
        return;
      }
    }
    runScript(this, text, source, span);
  }

  /** Commands of hostname.if or ifconfig.if in order. */
  netstart(name: string, commands: readonly NetstartCommand[], source: Source): void {
    for (const command of commands) {
      if (command.kind === "shell") this.shell(command.text, source, command.span, name);
      else this.ifconfig(name, command.settings, source, command.span);
    }
  }

  /** Gives interfaces that ask a server an address that stands for the one they will get. */
  placeDynamic(): void {
    let number = 0;
    for (const [name, place] of this.dynamic) {
      const found = this.machine.interface(name);
      if (found === null || this.#fixed.has(name)) continue;
      const lease = this.options.leases?.get(name);
      if (lease !== undefined) {
        applyLease(this.machine, name, lease);
        const known = this.interfaces.get(name);
        if (known !== undefined) this.interfaces.set(name, { ...known, addresses: "known" });
        if (lease.gateway !== null && !this.defaultRoutes.has(4)) this.defaultRoutes.set(4, place);
        continue;
      }
      if (found.addresses.some((own) => own.address.family === 4)) continue;
      const base = 0xc6130000 + (number++ << 8);
      const gateway = new Address(4, base + 1);
      const address: InterfaceAddress =
        found.kind === "point-to-point"
          ? { address: new Address(4, base + 100), length: 32, peer: gateway }
          : { address: new Address(4, base + 100), length: 24 };
      // What boot gave by hand is more than a place held: a second default route would stand beside it.
      const leads =
        found.kind === "broadcast" && this.machine.routes.exact(0, DEFAULT, 0).every((one) => !this.#byHand(one));
      if (leads) applyLease(this.machine, name, { address, gateway });
      else this.machine.addAddress(name, address);
      const known = this.interfaces.get(name);
      if (known !== undefined) this.interfaces.set(name, { ...known, addresses: "assumed" });
      this.say(
        "machine/dynamic-address",
        "note",
        `The address of ${name} is not in the files; ${address.address} stands for it, and ${gateway} for its gateway.`,
        place.source,
        place.span,
      );
      if (leads) {
        if (!this.defaultRoutes.has(4)) this.defaultRoutes.set(4, place);
      } else if (this.machine.routes.exact(0, DEFAULT, 0).length === 0) {
        if (this.machine.addRoute({ destination: DEFAULT, length: 0, gateway }) === null) {
          this.defaultRoutes.set(4, place);
        }
      }
    }
  }

  #byHand(route: Route): boolean {
    return route.interface === null || !this.machine.leases.has(route.interface);
  }

  /** A command nobody can follow: reported, never guessed. */
  leave(command: string, source: Source, span: Span): void {
    this.opaque.push({ command, source, span });
    this.say(
      "machine/opaque-command",
      "note",
      "What this command does to the network is not known here; the machine is built as if it did nothing.",
      source,
      span,
    );
  }

  say(
    code: string,
    severity: Diagnostic["severity"],
    message: string,
    source: Source | null,
    span: Span,
    related: readonly RelatedPlace[] = [],
  ): void {
    this.diagnostics.push(diagnostic(code, severity, message, source, span, { related }));
  }
}

const DEFAULT = new Address(4, 0);

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
