/** Whether a rewritten pf.conf does what the old one did: the same machine, once with each. */
import { type Diagnostic, Source, type System } from "@pierhead/core";
import { loadPf } from "@pierhead/lang/pf";
import { type BuildOptions, buildMachine } from "../build/index.ts";
import { Machine } from "../machine/machine.ts";
import type { ConfigTree, TreeTexts } from "../tree/index.ts";
import { type DiffOptions, type DiffReport, diffMachines } from "./diff.ts";

export interface MigrationProof {
  /** Null: one of the files does not load, so nothing can be compared; {@link errors} say why. */
  readonly report: DiffReport | null;
  /** Errors of the old file, or else of the new one. */
  readonly errors: readonly Diagnostic[];
  /** Which file the errors are about. */
  readonly wrong: "old" | "new" | null;
}

/**
 * The new rules do the same: no packet that begins a connection, or a question, changes fate. Marginal ones may:
 * kernels do not agree about them, whatever the rules say (from OpenBSD 4.7 on an ICMP answer makes no state, for one).
 */
export function isProved({ report }: MigrationProof): boolean {
  return report?.complete === true && report.changes.every((change) => change.marginal);
}

/** A migration: the host as it is, and the new text of its pf.conf. */
export interface MigrationCase {
  readonly files: ConfigTree | TreeTexts;
  readonly from: System;
  readonly to: System;
  readonly text: string;
  /** Name of the new file in reports. */
  readonly name: string;
  /** The old file, when it is not the one boot reads. */
  readonly old?: Source;
}

/**
 * Sends a packet of every class through the machine with the old rules, as the old system decides, and with the new
 * ones, as the new system does. Interfaces, addresses, routes and files are the same on both.
 */
export function proveMigration(
  migration: MigrationCase,
  options: DiffOptions & { readonly build?: BuildOptions } = {},
): MigrationProof {
  const { files, from, to, text, name } = migration;
  const { machine: before, pf } = buildMachine(files, from, options.build);
  const old = migration.old ?? pf?.source ?? null;
  if (old !== null && old !== pf?.source) {
    const load = loadPf(old, before.environment());
    const errors = load.diagnostics.filter((one) => one.severity === "error");
    if (errors.length > 0) return { report: null, errors, wrong: "old" };
    before.pf.load(load.configuration);
  } else {
    const errors = (pf?.diagnostics ?? []).filter((one) => one.severity === "error");
    if (errors.length > 0) return { report: null, errors, wrong: "old" };
  }
  const after = sameMachine(before, to);
  const load = loadPf(new Source(name, text), after.environment());
  const errors = load.diagnostics.filter((one) => one.severity === "error");
  if (errors.length > 0) return { report: null, errors, wrong: "new" };
  after.pf.load(load.configuration);
  for (const [path, anchor] of pf?.anchors ?? []) after.pf.loadAnchor(path, anchor.configuration.anchor(path));
  // The comparison is about the rules, whatever boot does with them.
  before.pf.enabled = true;
  after.pf.enabled = true;
  return { report: diffMachines(before, after, options), errors: [], wrong: null };
}

/** The same box with another system: interfaces, addresses, routes, switches, names and files. */
export function sameMachine(machine: Machine, system: System): Machine {
  const copy = new Machine(system, {
    interfaces: machine.interfaces().map(({ name, addresses, groups, link, up, kind, mtu, routingDomain, mac }) => ({
      name,
      addresses: [...addresses],
      groups: [...groups],
      link,
      up,
      kind,
      mtu,
      routingDomain,
      mac,
    })),
    files: machine.files,
    fileNames: machine.fileNames,
    automaticEgress: false,
  });
  for (const route of machine.routes.list()) {
    const { origin, table, destination, length, gateway, label, discard, priority, mtu, multipath, weight } = route;
    if (origin !== "static" && origin !== "dynamic") continue;
    const out = gateway === null ? { interface: route.interface } : { gateway };
    const more = system.family === machine.system.family ? { priority } : {};
    copy.addRoute({ table, destination, length, ...out, label, discard, mtu, multipath, weight, ...more }, true);
  }
  for (const family of [4, 6] as const) copy.setForwarding(machine.forwards(family), family);
  for (const [name, addresses] of machine.hosts) copy.hosts.set(name, addresses);
  for (const [name, id] of machine.users) copy.users.set(name, id);
  for (const [name, id] of machine.groups) copy.groups.set(name, id);
  copy.services.push(...machine.services);
  return copy;
}
