/** One UDP port of the head-end: sends a question, repeats it politely, and takes the answer that belongs to it. */
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { hex } from "@pierhead/lang/bytes";
import { decodeIke, type IkeMessage } from "@pierhead/lang/ike";

/** When, of the time for an answer, the question is sent: at once, and twice more (RFC 7296 2.1 wants longer and longer). */
const REPEATS = [0, 0.25, 0.55] as const;

/** What everybody who sends shares: how much was sent, and how much still may be. */
export class Meter {
  sent = 0;
  received = 0;
  /** Datagrams that are no answer to anything that was asked. */
  strange = 0;
  readonly mostPackets: number;
  /** `performance.now()` when it has to end. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;

  constructor(mostPackets: number, mostTime: number, signal: AbortSignal | undefined) {
    this.mostPackets = mostPackets;
    this.deadline = performance.now() + mostTime;
    this.signal = signal;
  }

  /** Why no more is asked; null when there is room. */
  get spent(): string | null {
    if (this.signal?.aborted === true) return "it was interrupted";
    if (this.sent + REPEATS.length > this.mostPackets) return `the bound of ${this.mostPackets} datagrams is reached`;
    if (performance.now() > this.deadline) return "the time for everything is up";
    return null;
  }
}

export type Reply =
  | { readonly kind: "message"; readonly message: IkeMessage }
  | { readonly kind: "silent" }
  | { readonly kind: "unreachable"; readonly error: string };

interface Waiting {
  readonly accepts: (message: IkeMessage) => boolean;
  readonly done: (reply: Reply) => void;
}

const MARKER = new Uint8Array(4);

export class Endpoint {
  readonly port: number;
  /** UDP 4500: four zero octets before IKE. */
  readonly marked: boolean;
  readonly remote: string;
  readonly #meter: Meter;
  readonly #timeout: number;
  readonly #socket: Socket;
  readonly #waiting: Map<string, Waiting> = new Map();
  /** What was asked so far: who was asked twice may answer twice, and late. As many as datagrams may be sent. */
  readonly #asked: Map<string, Waiting["accepts"][]> = new Map();
  #local: { address: string; port: number } | null = null;

  private constructor(remote: string, port: number, marked: boolean, timeout: number, meter: Meter) {
    this.remote = remote;
    this.port = port;
    this.marked = marked;
    this.#timeout = timeout;
    this.#meter = meter;
    this.#socket = createSocket(isIPv6(remote) ? "udp6" : "udp4");
    this.#socket.on("message", (bytes) => this.#take(bytes));
    this.#socket.on("error", (error) => this.#failed(error));
  }

  /** A connected socket: only datagrams of that address and port arrive, and ICMP errors do. */
  static async open(
    remote: string,
    port: number,
    marked: boolean,
    timeout: number,
    meter: Meter,
  ): Promise<Endpoint | string> {
    const endpoint = new Endpoint(remote, port, marked, timeout, meter);
    const error = await new Promise<string | null>((resolve) => {
      // The callback of connect() is an event listener; without one the error is thrown.
      endpoint.#socket.once("connect", () => resolve(null));
      endpoint.#socket.once("error", (failed) => resolve(systemWords(failed)));
      endpoint.#socket.connect(port, remote);
    });
    if (error !== null) {
      endpoint.close();
      return error;
    }
    endpoint.#local = endpoint.#socket.address();
    return endpoint;
  }

  /** Our own address and port, as we see them. */
  get local(): { readonly address: string; readonly port: number } {
    return this.#local ?? { address: "", port: 0 };
  }

  /** @param accepts which messages with our cookie or SPI answer the question; others are passed over */
  async ask(packet: Uint8Array, accepts: (message: IkeMessage) => boolean): Promise<Reply> {
    const key = hex(packet.subarray(0, 8));
    const datagram = this.marked ? Buffer.concat([MARKER, packet]) : packet;
    let timer: NodeJS.Timeout | undefined;
    let stopped: (() => void) | undefined;
    const reply = await new Promise<Reply>((resolve) => {
      this.#waiting.set(key, { accepts, done: resolve });
      this.#asked.set(key, [...(this.#asked.get(key) ?? []), accepts]);
      stopped = (): void => resolve({ kind: "silent" });
      this.#meter.signal?.addEventListener("abort", stopped, { once: true });
      const step = (index: number): void => {
        const share = REPEATS[index];
        if (share === undefined) {
          resolve({ kind: "silent" });
          return;
        }
        this.#meter.sent++;
        this.#socket.send(datagram, (error) => {
          if (error !== null) this.#failed(error);
        });
        timer = setTimeout(() => step(index + 1), ((REPEATS[index + 1] ?? 1) - share) * this.#timeout);
      };
      step(0);
    });
    clearTimeout(timer);
    if (stopped !== undefined) this.#meter.signal?.removeEventListener("abort", stopped);
    this.#waiting.delete(key);
    return reply;
  }

  close(): void {
    this.#socket.removeAllListeners("message");
    // Errors of datagrams that are still under way must not end the process.
    this.#socket.close();
  }

  #take(bytes: Uint8Array): void {
    this.#meter.received++;
    const body = this.marked ? bytes.subarray(4) : bytes;
    const message = decodeIke(body);
    if ((this.marked && bytes.subarray(0, 4).some((octet) => octet !== 0)) || message.header === null) {
      this.#meter.strange++;
      return;
    }
    const key = hex(message.header.initiator);
    const waiting = this.#waiting.get(key);
    if (waiting?.accepts(message) === true) waiting.done({ kind: "message", message });
    else if (this.#asked.get(key)?.some((accepts) => accepts(message)) !== true) this.#meter.strange++;
  }

  #failed(error: Error): void {
    const reply: Reply = { kind: "unreachable", error: systemWords(error) };
    for (const waiting of [...this.#waiting.values()]) waiting.done(reply);
  }
}

function systemWords(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return WORDS[code] ?? (code === "" ? error.message : code);
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "ICMP port unreachable: nothing listens there",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable: this machine has no route to it",
  EACCES: "refused by this machine (EACCES), as for a broadcast address",
  EPERM: "refused by this machine's own packet filter (EPERM)",
  EADDRNOTAVAIL: "this machine has no address of that family (EADDRNOTAVAIL)",
  EINVAL: "this machine cannot send to that address (EINVAL)",
};
