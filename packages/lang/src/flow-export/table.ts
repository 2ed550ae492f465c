/** Sums of flows by what they have in common. */
import type { FlowRecord } from "./types.ts";

/** What a row is about. */
export type FlowGrouping = "pair" | "host" | "from" | "to" | "service" | "flow";

export const FLOW_GROUPINGS: readonly FlowGrouping[] = ["pair", "host", "from", "to", "service", "flow"];

export const GROUPING_COLUMNS: Readonly<Record<FlowGrouping, readonly string[]>> = {
  pair: ["from", "to"],
  host: ["host"],
  from: ["from"],
  to: ["to"],
  service: ["protocol", "port"],
  flow: ["protocol", "from", "from port", "to", "to port"],
};

export interface FlowRow {
  readonly key: readonly string[];
  bytes: number;
  packets: number;
  flows: number;
}

/** Adds up records. Rows beyond the limit are added to one row for all others, so that sums stay true. */
export class FlowTable {
  readonly grouping: FlowGrouping;
  readonly #limit: number;
  readonly #rows: Map<string, FlowRow> = new Map();
  readonly others: FlowRow = { key: [], bytes: 0, packets: 0, flows: 0 };
  readonly all: FlowRow = { key: [], bytes: 0, packets: 0, flows: 0 };

  constructor(grouping: FlowGrouping, limit: number) {
    this.grouping = grouping;
    this.#limit = limit;
  }

  add(record: FlowRecord): void {
    count(this.all, record);
    switch (this.grouping) {
      case "pair":
        this.#addTo(`${record.from}\t${record.to}`, record);
        return;
      case "from":
        this.#addTo(record.from, record);
        return;
      case "to":
        this.#addTo(record.to, record);
        return;
      case "host":
        this.#addTo(record.from, record);
        if (record.to !== record.from) this.#addTo(record.to, record);
        return;
      case "service":
        this.#addTo(`${record.protocol}\t${servicePort(record)}`, record);
        return;
      case "flow":
        this.#addTo(`${record.protocol}\t${record.from}\t${record.fromPort}\t${record.to}\t${record.toPort}`, record);
    }
  }

  #addTo(name: string, record: FlowRecord): void {
    let row = this.#rows.get(name);
    if (row === undefined) {
      if (this.#rows.size >= this.#limit) {
        count(this.others, record);
        return;
      }
      row = { key: name.split("\t"), bytes: 0, packets: 0, flows: 0 };
      this.#rows.set(name, row);
    }
    count(row, record);
  }

  /** The rows with the most bytes, at most so many. */
  top(most: number): FlowRow[] {
    return [...this.#rows.values()].sort((a, b) => b.bytes - a.bytes || b.flows - a.flows).slice(0, most);
  }

  get size(): number {
    return this.#rows.size;
  }
}

function count(row: FlowRow, record: FlowRecord): void {
  row.bytes += record.bytes;
  row.packets += record.packets;
  row.flows++;
}

/** The end that is the service: the well-known port, else the lower one. */
function servicePort({ fromPort, toPort, protocol }: FlowRecord): number {
  if (protocol !== 6 && protocol !== 17 && protocol !== 132) return 0;
  if (fromPort === 0 || toPort === 0) return Math.max(fromPort, toPort);
  return Math.min(fromPort, toPort);
}
