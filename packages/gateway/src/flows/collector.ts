/** Listens for exported flows and keeps the decoders of the exporters apart. */
import { createSocket, type Socket } from "node:dgram";
import { FlowDecoder, type FlowProblem, type FlowRecord } from "@pierhead/lang/flow-export";

export interface CollectorOptions {
  readonly host: string;
  readonly port: number;
  /** Only these addresses may export; null takes everybody. */
  readonly allowed: ReadonlySet<string> | null;
  readonly onRecords: (records: readonly FlowRecord[], exporter: string) => void;
}

/** What is told of one exporter. */
export interface ExporterStatus {
  readonly address: string;
  messages: number;
  records: number;
  /** Records or messages that the sequence numbers miss. */
  lost: number;
  version: number;
}

/** Exporters that are kept apart. Forged senders could bring any number. */
const MOST_EXPORTERS = 256;
const MOST_PROBLEMS = 64;
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** Feeds datagrams, from a socket or a capture, to one decoder for each exporter. */
export class FlowSorter {
  readonly exporters: Map<string, ExporterStatus> = new Map();
  /** By code: what was wrong, how often, and the first words about it. */
  readonly problems: Map<string, { readonly message: string; count: number }> = new Map();
  readonly #decoders: Map<string, FlowDecoder> = new Map();
  readonly #onRecords: CollectorOptions["onRecords"];

  constructor(onRecords: CollectorOptions["onRecords"]) {
    this.#onRecords = onRecords;
  }

  take(datagram: Uint8Array, exporter: string): void {
    let decoder = this.#decoders.get(exporter);
    let status = this.exporters.get(exporter);
    if (decoder === undefined || status === undefined) {
      if (this.#decoders.size >= MOST_EXPORTERS) {
        this.#problem({
          code: "flows/too-much",
          message: `More than ${MOST_EXPORTERS} exporters; ${exporter} is left out.`,
          count: 1,
        });
        return;
      }
      decoder = new FlowDecoder();
      status = { address: exporter, messages: 0, records: 0, lost: 0, version: 0 };
      this.#decoders.set(exporter, decoder);
      this.exporters.set(exporter, status);
    }
    const { version, records, problems } = decoder.decode(datagram);
    status.messages++;
    status.records += records.length;
    if (version > 0) status.version = version;
    for (const problem of problems) {
      if (problem.code === "flows/lost") status.lost += problem.count;
      this.#problem(problem);
    }
    if (records.length > 0) this.#onRecords(records, exporter);
  }

  #problem({ code, message, count }: FlowProblem): void {
    const known = this.problems.get(code);
    if (known !== undefined) known.count += count;
    else if (this.problems.size < MOST_PROBLEMS) this.problems.set(code, { message, count });
  }
}

export class FlowCollector {
  readonly sorter: FlowSorter;
  readonly #options: CollectorOptions;
  #socket: Socket | null = null;
  /** Datagrams of senders that are not allowed. */
  refused = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.sorter = new FlowSorter(options.onRecords);
  }

  /** Binds the socket. @returns the port, which the system chose when 0 was asked for */
  listen(): Promise<number> {
    const { host, port, allowed } = this.#options;
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    this.#socket = socket;
    socket.on("message", (message, from) => {
      if (allowed !== null && !allowed.has(from.address)) {
        this.refused++;
        return;
      }
      this.sorter.take(message, from.address);
    });
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, host, () => {
        socket.off("error", reject);
        socket.on("error", () => {});
        try {
          socket.setRecvBufferSize(RECEIVE_BUFFER);
        } catch {
          // The system's limit is lower; bursts may be lost, and the sequence numbers tell.
        }
        resolve(socket.address().port);
      });
    });
  }

  close(): void {
    this.#socket?.close();
    this.#socket = null;
  }
}
