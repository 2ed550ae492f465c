import type { Span } from "@pierhead/core";
import { processorSummary } from "./card.ts";
import type { Inventory } from "./facts.ts";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * The same facts for machines: plain objects, numbers in bytes, MHz and Mbit/s, places as line numbers from 1.
 *
 * @param options `unknown: true` adds the lines of no known form, `{ line, text }` each, 10,000 at most
 */
export function inventoryJson(inventory: Inventory, options: { readonly unknown?: boolean } = {}): Json {
  const line = (span: Span | null): number | null =>
    span === null ? null : inventory.source.position(span.start).line;
  const { system, product, processor, memory, virtualisation } = inventory;
  return {
    file: inventory.source.name,
    grammar: inventory.grammar,
    boots: inventory.boots,
    system:
      system === null
        ? null
        : {
            family: system.family,
            name: system.name,
            version: system.version,
            kernel: system.kernel,
            architecture: system.architecture,
            system: system.system,
            line: line(system.span),
          },
    firmware: inventory.firmware.map(({ name, date, span }) => ({ name, date, line: line(span) })),
    product:
      product === null
        ? null
        : {
            name: product.name,
            serial: product.serial,
            how: product.how,
            evidence: product.evidence,
            reference: product.reference,
            line: line(product.span),
          },
    processor:
      processor === null
        ? null
        : {
            summary: processorSummary(processor),
            name: processor.name,
            architecture: processor.architecture,
            megahertz: processor.megahertz,
            cores: processor.cores,
            logical: processor.logical,
            packages: processor.packages,
            features: processor.features,
            reference: processor.reference,
            line: line(processor.span),
          },
    memory: {
      total: memory.total?.value ?? null,
      totalLine: line(memory.total?.span ?? null),
      available: memory.available?.value ?? null,
      availableLine: line(memory.available?.span ?? null),
    },
    storage: inventory.storage.map(({ name, kind, model, bytes, removable, parent, span }) => ({
      name,
      kind,
      model,
      bytes,
      removable,
      parent,
      line: line(span),
    })),
    interfaces: inventory.interfaces.map((one) => ({
      name: one.name,
      driver: one.driver,
      kind: one.kind,
      chip: one.chip,
      mac: one.mac,
      location: one.location,
      phy: one.phy,
      maximum:
        one.maximum === null
          ? null
          : {
              megabits: one.maximum.megabits,
              from: one.maximum.from,
              reference: one.maximum.reference,
              line: line(one.maximum.span),
            },
      link: one.link === null ? null : { ...one.link.value, line: line(one.link.span) },
      detached: one.detached,
      namedBy: one.namedBy,
      hardware: one.driverFacts?.hardware ?? null,
      notes: one.driverFacts?.notes ?? [],
      reference: one.driverFacts?.reference ?? null,
      line: line(one.span),
      macLine: line(one.macSpan),
    })),
    crypto: inventory.crypto.map(({ name, kind, description, reference, span }) => ({
      name,
      kind,
      description,
      reference,
      line: line(span),
    })),
    virtualisation:
      virtualisation === null
        ? null
        : {
            hypervisor: virtualisation.hypervisor,
            version: virtualisation.version,
            evidence: virtualisation.evidence,
            line: line(virtualisation.span),
          },
    canHost: inventory.canHost === null ? null : { with: inventory.canHost.value, line: line(inventory.canHost.span) },
    unattached: inventory.unattached.map(({ description, network, span }) => ({
      description,
      network,
      line: line(span),
    })),
    lines: { ...inventory.lines },
    ...(options.unknown === true
      ? {
          unknown: inventory.unknownLines.slice(0, 10_000).map((number) => ({
            line: number,
            text: inventory.source.line(number),
          })),
        }
      : {}),
  };
}
