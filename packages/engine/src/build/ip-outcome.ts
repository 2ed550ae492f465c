/** Says what became of a command of Linux's ip(8), in the words of what to do about it. */
import type { Address, Source, Span } from "@pierhead/core";
import type { IpCommand } from "@pierhead/lang/ip-command";
import type { RouteError } from "../machine/index.ts";
import type { BuildContext } from "./context.ts";

/** Notes the outcome of a command: a diagnostic when it was refused, the default route when it set one. */
export function ipOutcome(
  context: BuildContext,
  command: IpCommand,
  refused: RouteError | null,
  source: Source,
  span: Span,
): void {
  if (command.object === "route") {
    routeRefused(context, command, refused, source, span);
    return;
  }
  if (command.object === "address" && refused === null && command.action !== "delete" && command.device !== null) {
    const known = context.interfaces.get(command.device);
    if (known !== undefined && command.address !== null) {
      context.interfaces.set(command.device, { ...known, addresses: "known" });
    }
  }
  if (command.object === "link" && refused === null && command.mac !== null && command.device !== null) {
    context.cardAddress(command.device, command.mac, source, span);
  }
  if (refused === null || command.object === "other") return;
  if (refused === "no-interface") {
    context.say(
      "machine/no-interface",
      "error",
      `There is no interface ${command.device ?? ""} on this machine.`,
      source,
      span,
    );
  } else if (refused === "exists") {
    const what = command.object === "address" ? `${command.address}` : (command.device ?? "it");
    const text = `${what} is there already, so this command is refused (File exists).`;
    context.say("machine/address-exists", "warning", text, source, span);
  } else if (refused === "not-in-table") {
    context.say("machine/address-missing", "warning", "There is no such address, so this is refused.", source, span);
  } else context.say("machine/ip-refused", "error", "ip refuses this command: it names no interface.", source, span);
}

function routeRefused(
  context: BuildContext,
  command: Extract<IpCommand, { object: "route" }>,
  refused: RouteError | null,
  source: Source,
  span: Span,
): void {
  const isDefault = command.length === 0;
  if (refused === null) {
    if (command.gateway === null && command.action !== "delete" && command.type === "unicast") {
      context.order.onLink(command.destination, command.length, source, span, context.diagnostics.length);
    }
    const adds = command.action !== "delete" && command.action !== "flush";
    if (isDefault && adds && command.table === null && !context.defaultRoutes.has(command.family)) {
      context.defaultRoutes.set(command.family, { source, span, message: "the default route is set here" });
    }
    return;
  }
  const what = isDefault ? "the default route" : `the route to ${command.written}`;
  sayRefused(context, refused, {
    address: command.gateway,
    what,
    gateway: `${command.gateway}`,
    device: command.device,
    source,
    span: command.gatewaySpan ?? span,
    whole: span,
    onLinkWord: "onlink",
    family: command.family,
    isDefault,
  });
}

/** A route that was refused, for a message. */
export interface RefusedRoute {
  readonly what: string;
  readonly gateway: string;
  readonly address: Address | null;
  readonly device: string | null;
  readonly source: Source;
  /** Of the gateway. */
  readonly span: Span;
  /** Of the command. */
  readonly whole: Span;
  /** How the language says that the gateway is on the link. */
  readonly onLinkWord: string;
  readonly family: 4 | 6;
  readonly isDefault: boolean;
}

/** The diagnostic of a refused route. */
export function sayRefused(context: BuildContext, refused: RouteError, route: RefusedRoute): void {
  const { what, gateway, device, source, span, whole, onLinkWord } = route;
  const capital = what.slice(0, 1).toUpperCase() + what.slice(1);
  switch (refused) {
    case "unreachable":
      context.say(
        "machine/gateway-not-on-link",
        "error",
        `${gateway} is on no network of ${device ?? "this machine"} at this point, so the kernel refuses ${what} (Nexthop has invalid gateway): add \`${onLinkWord}\`, or first a route to ${gateway} on the link.`,
        source,
        span,
      );
      if (route.address !== null) context.order.refused(route.address, context.diagnostics);
      return;
    case "exists": {
      const before = route.isDefault ? context.defaultRoutes.get(route.family) : undefined;
      context.say(
        "machine/route-exists",
        "warning",
        `${capital} exists already; this one is refused (File exists). With another metric both can stand.`,
        source,
        whole,
        before === undefined ? [] : [before],
      );
      return;
    }
    case "not-in-table":
      context.say(
        "machine/route-not-in-table",
        "warning",
        `${capital} is not in the table: nothing is done.`,
        source,
        whole,
      );
      return;
    case "no-interface":
      context.say("machine/no-interface", "error", `There is no interface ${device} on this machine.`, source, span);
      return;
    case "interface-down":
      context.say(
        "machine/interface-down",
        "error",
        `${device} is down at this point, so the kernel refuses ${what}: bring it up first.`,
        source,
        span,
      );
      return;
    case "device-needed":
      context.say(
        "machine/device-needed",
        "error",
        `Which interface ${gateway === "null" ? what : gateway} is behind has to be said here: add \`dev NAME\`.`,
        source,
        span,
      );
      return;
    case "invalid-source":
      context.say(
        "machine/source-refused",
        "error",
        `The source of ${what} is no address of this machine at this point, so the kernel refuses it (Invalid prefsrc address).`,
        source,
        whole,
      );
      return;
    default:
      context.say(
        "machine/gateway-refused",
        "error",
        `${gateway} is an address of this machine or a broadcast address; it cannot be a gateway.`,
        source,
        span,
      );
  }
}
