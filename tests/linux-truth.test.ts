/**
 * Truth, not opinion: what our routes and neighbours say of a Linux guest against what a kernel, the real ifup and the
 * real systemd-networkd do, in network namespaces with a provider's filters.
 */
import { type Diagnostic, parseAddress, parseSystem, type System } from "@pierhead/core";
import { buildMachine, type MachineBuild } from "@pierhead/engine/build";
import { formatDestination, type Route } from "@pierhead/engine/network";
import { pingOnWire, type Wire, type WirePort } from "@pierhead/engine/wire";
import { afterAll, describe, expect, it } from "vitest";
import {
  closeWorld,
  type Guest,
  type KernelRoute,
  type Observation,
  observe,
  openWorld,
  type PingTarget,
  WORLD,
  type WorldOptions,
  whyNotNamespaces,
} from "./support/linux-namespaces.ts";
import { TRUTH_CASES, type TruthCase } from "./support/linux-truth-cases.ts";

const LINUX = parseSystem("linux") as System;
const reason = whyNotNamespaces();
/** So many worlds at a time: they mostly wait. */
const AT_ONCE = 10;

/** What is compared: lines that were refused, the table, who answers. */
interface Truth {
  readonly refused: readonly string[];
  readonly routes: readonly string[];
  readonly pings: Readonly<Record<PingTarget, boolean>>;
}

function address(text: string): NonNullable<ReturnType<typeof parseAddress>> {
  const found = parseAddress(text);
  if (found === null) throw new Error(`${text} is no address`);
  return found;
}

// Ours.

function ours(one: TruthCase): Truth {
  const sold: Guest = one.guest ?? WORLD.guest;
  const card = one.card ?? "eth0";
  const build = buildMachine(one.files, LINUX, { interfaces: [{ name: card, mac: sold.mac, up: false }] });
  const guest = port("guest", sold, build.machine, card);
  const wire: Wire = {
    router: {
      addresses: [address(WORLD.gateway[4]), address(WORLD.gateway[6]), address(WORLD.linkLocal)],
      answersForPorts: one.proxies ?? false,
    },
    ports: [guest, port("neighbour", WORLD.neighbour, neighbour(), "eth0")],
    isolated: one.isolated ?? true,
  };
  const ping = (target: string, options = {}): boolean => pingOnWire(wire, guest, address(target), options).ok;
  return {
    refused: [...new Set(build.diagnostics.filter(isRefusal).map(lineOf))].sort(),
    routes: build.machine.routes.list(0).filter(isKept).map(routeText).sort(),
    pings: {
      gateway: ping(WORLD.gateway[one.family]),
      remote: ping(WORLD.remote[one.family]),
      neighbour: ping(WORLD.neighbour[one.family]),
      big: ping(WORLD.remote[one.family], { size: 1400, dontFragment: true }),
    },
  };
}

/** A machine on its port, with what the provider lets through. */
function port(name: string, who: Guest, machine: MachineBuild["machine"], card: string): WirePort {
  const addresses = [address(who[4]), address(who[6])].map((own) => ({ address: own, length: own.bits }));
  return { name, machine, interface: card, allowed: { mac: who.mac, addresses } };
}

/** The other guest, set up as it should be. */
function neighbour(): MachineBuild["machine"] {
  const text = `[Match]\nName=eth0\n[Network]\nAddress=${WORLD.neighbour[4]}/32\nAddress=${WORLD.neighbour[6]}/128\nGateway=${WORLD.linkLocal}\n[Route]\nGateway=${WORLD.gateway[4]}\nGatewayOnLink=yes\n`;
  const files = { "/etc/systemd/network/1.network": text };
  return buildMachine(files, LINUX, { interfaces: [{ name: "eth0", mac: WORLD.neighbour.mac, up: false }] }).machine;
}

const REFUSALS =
  /^machine\/(gateway-not-on-link|route-order|gateway-refused|route-exists|route-not-in-table|no-interface|interface-down|device-needed|address-exists|address-missing|ip-refused|source-refused)$|^ip-command\/|^interfaces\/bad-address$/;

function isRefusal(one: Diagnostic): boolean {
  return REFUSALS.test(one.code);
}

function lineOf(one: Diagnostic): string {
  return `${one.source?.position(one.span.start).line}`;
}

function isKept(route: Route): boolean {
  return route.origin !== "local" && route.origin !== "broadcast";
}

function routeText(route: Route): string {
  const via = route.gateway === null ? "" : ` via ${route.gateway}`;
  const discard = route.discard === null ? "" : "discard ";
  const metric = route.priority === 0 ? "" : ` metric ${route.priority}`;
  const out = route.discard === null ? ` dev ${route.interface}` : "";
  return `${discard}${formatDestination(route)}${via}${out}${metric}${route.onLink === true ? " onlink" : ""}`;
}

// The kernel's.

function theirs(one: TruthCase, seen: Observation): Truth {
  return {
    refused: (seen.state === "" ? refusedByIfup : refusedByNetworkd)(one, seen),
    routes: seen.routes
      .filter((route) => !/^(fe80::\/64|ff00::\/8|multicast)/.test(route.dst))
      .flatMap(kernelText)
      .sort(),
    pings: seen.pings,
  };
}

function kernelText(route: KernelRoute): string[] {
  if (route.nexthops !== undefined) {
    return route.nexthops.flatMap((hop) => kernelText({ dst: route.dst, metric: route.metric ?? 0, ...hop }));
  }
  const discard = route.type === "blackhole" || route.type === "unreachable" || route.type === "prohibit";
  const via = route.gateway === undefined ? "" : ` via ${route.gateway}`;
  const metric = (route.metric ?? 0) === 0 ? "" : ` metric ${route.metric}`;
  const out = discard ? "" : ` dev ${route.dev}`;
  const onLink = route.flags?.includes("onlink") === true ? " onlink" : "";
  return [`${discard ? "discard " : ""}${route.dst}${via}${out}${metric}${onLink}`];
}

/**
 * networkd names no lines: a gateway is refused when its interface has a file that networkd took, and the gateway is in
 * no route.
 */
function refusedByNetworkd(one: TruthCase, seen: Observation): string[] {
  if (seen.state === "unmanaged") return [];
  const lines: string[] = [];
  for (const text of Object.values(one.files)) {
    text.split("\n").forEach((line, index) => {
      const gateway = /^Gateway=(.*)$/.exec(line)?.[1];
      if (gateway === undefined) return;
      if (!seen.routes.some((route) => route.gateway === gateway)) lines.push(`${index + 1}`);
    });
  }
  return lines.sort();
}

/** ifup -v shows each command before it runs it; what comes between that and the next are its complaints. */
function refusedByIfup(one: TruthCase, seen: Observation): string[] {
  const text = one.files["/etc/network/interfaces"] ?? "";
  const lines = text.split("\n");
  const refused = new Set<string>();
  let command = "";
  for (const said of seen.log.split("\n")) {
    if (/^(Error:|RTNETLINK answers:|Cannot find device|Command |Object )/.test(said)) {
      const line = lineOfCommand(lines, command);
      if (line !== null) refused.add(`${line}`);
    } else if (/^( ?ip |\/lib\/)/.test(said) || lines.some((line) => line.trim() === `up ${said.trim()}`))
      command = said.trim();
  }
  return [...refused].sort();
}

function lineOfCommand(lines: readonly string[], command: string): number | null {
  const byHand = lines.findIndex((line) => line.trim() === `up ${command}`);
  if (byHand !== -1) return byHand + 1;
  const option = /route (add|replace) default/.test(command) ? "gateway" : /addr add/.test(command) ? "address" : null;
  const own = option === null ? -1 : lines.findIndex((line) => line.trim().startsWith(`${option} `));
  return own === -1 ? null : own + 1;
}

describe.skipIf(reason !== null)("a Linux guest in network namespaces", () => {
  const observations = new Map<TruthCase, Promise<Observation>>();
  const taken = new Set<TruthCase>();
  const queueOf = (cases: readonly TruthCase[]): TruthCase | undefined => {
    const next = cases.find((one) => !taken.has(one));
    if (next !== undefined) taken.add(next);
    return next;
  };
  const waiting = new Map<TruthCase, (seen: Promise<Observation>) => void>();
  for (const one of TRUTH_CASES) {
    observations.set(one, new Promise<Observation>((resolve) => waiting.set(one, (seen) => resolve(seen))));
  }
  const work = async (cases: readonly TruthCase[], options: WorldOptions): Promise<void> => {
    const world = openWorld(options);
    for (let one = queueOf(cases); one !== undefined; one = queueOf(cases)) {
      const seen = world.then((open) => observe(open, one));
      waiting.get(one)?.(seen);
      await seen.catch(() => null);
    }
    await closeWorld(await world);
  };
  const observeAlone = async (one: TruthCase): Promise<Observation> => {
    const world = await openWorld(usual.includes(one) ? {} : one);
    try {
      return await observe(world, one);
    } finally {
      await closeWorld(world);
    }
  };
  const usual = TRUTH_CASES.filter(
    (one) => one.isolated === undefined && one.proxies === undefined && one.guest === undefined,
  );
  const done: Promise<void>[] = [];
  if (reason === null) {
    for (let i = 0; i < AT_ONCE; i++) done.push(work(usual, {}));
    for (const one of TRUTH_CASES) if (!usual.includes(one)) done.push(work([one], one));
  }
  afterAll(async () => {
    await Promise.all(done);
  });

  it("has enough cases, right and wrong", () => {
    expect(TRUTH_CASES.length).toBeGreaterThanOrEqual(40);
    expect(TRUTH_CASES.filter((one) => one.works).length).toBeGreaterThan(15);
    expect(TRUTH_CASES.filter((one) => !one.works).length).toBeGreaterThan(15);
  });

  for (const one of TRUTH_CASES) {
    // A ping that a busy machine answers too late is asked again, in a world of its own; a kernel that disagrees does so twice.
    it(one.title, { retry: 1 }, async ({ task }) => {
      const again = (task.result?.retryCount ?? 0) > 0;
      const seen = await (again ? observeAlone(one) : (observations.get(one) as Promise<Observation>));
      expect(ours(one), seen.log).toEqual(theirs(one, seen));
      expect(seen.pings.remote).toBe(one.works);
    });
  }
});

describe("the comparison with the kernel", () => {
  it.skipIf(reason !== null)("runs", () => expect(reason).toBeNull());
  it.skipIf(reason === null)(`is skipped: ${reason}`, () => {
    // The gate installs the programs; only a machine that forbids namespaces may pass over this.
    if (process.env["CI"] === "true" && process.getuid?.() === 0) expect(reason).toMatch(/may not/);
  });
});
