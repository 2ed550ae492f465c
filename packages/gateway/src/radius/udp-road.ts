/**
 * RADIUS over UDP to one port of one server. Sockets are connected, so that the kernel drops whatever comes from another
 * address and tells when nobody listens. Each has the 256 identifiers there are; more in flight means more sockets.
 */
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { decodePacket } from "@pierhead/lang/radius-wire";
import { noCounts, type Outgoing, type Question, type Road, type RoadAnswer, type RoadCounts } from "./road.ts";

const IDENTIFIERS = 256;
/** 16,384 requests in flight to one port of a server; further ones wait for their turn. */
const MOST_SOCKETS = 64;
/** Further ones than these are lost at once: whoever asks that much is not served by waiting. */
const MOST_WAITING = 65_536;
/** Room for an answer to every identifier, as the kernel counts. */
const RECEIVE_BUFFER = 1024 * 1024;

interface Pending {
  readonly question: Question;
  readonly resolve: (answer: RoadAnswer) => void;
  outgoing: Outgoing | null;
  sent: number;
  started: number;
  timer: NodeJS.Timeout | null;
}

interface Port {
  readonly socket: Socket;
  readonly slots: (Pending | undefined)[];
  inFlight: number;
  /** The identifier tried next: one that was just free is used last, so that late answers meet nobody. */
  next: number;
  ready: boolean;
  closed: boolean;
  /** It takes no new requests and is closed when it has no more. */
  retired: boolean;
}

export class UdpRoad implements Road {
  readonly counts: RoadCounts = noCounts();
  readonly #host: string;
  readonly #port: number;
  #ports: Port[] = [];
  readonly #waiting: Pending[] = [];
  #opening = false;
  /** Which of the name's addresses is next; the next one when that leads to nobody. */
  #turn = 0;
  #closed = false;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  ask(question: Question): Promise<RoadAnswer> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve(lost("closed"));
      if (this.#waiting.length >= MOST_WAITING) return resolve(lost("too many requests wait"));
      this.#waiting.push({ question, resolve, outgoing: null, sent: 0, started: 0, timer: null });
      this.#pump();
    });
  }

  renew(): void {
    if (isIP(this.#host) !== 0) return;
    this.#turn++;
    for (const port of this.#ports) {
      port.retired = true;
      if (port.inFlight === 0) shut(port);
    }
    this.#ports = this.#ports.filter(({ closed }) => !closed);
  }

  close(): void {
    this.#closed = true;
    for (const port of this.#ports) this.#abandon(port, "closed");
    for (const pending of this.#waiting.splice(0)) pending.resolve(lost("closed"));
  }

  /** Sends what waits, as far as there are identifiers. */
  #pump(): void {
    for (const port of this.#ports) {
      while (port.ready && !port.retired && port.inFlight < IDENTIFIERS && this.#waiting.length > 0) {
        this.#place(port, this.#waiting.shift() as Pending);
      }
      if (this.#waiting.length === 0) return;
    }
    if (this.#waiting.length > 0 && !this.#opening && this.#ports.length < MOST_SOCKETS) void this.#open();
  }

  #place(port: Port, pending: Pending): void {
    let identifier = port.next;
    while (port.slots[identifier] !== undefined) identifier = (identifier + 1) % IDENTIFIERS;
    port.next = (identifier + 1) % IDENTIFIERS;
    try {
      pending.outgoing = pending.question.make(identifier);
    } catch (error) {
      pending.resolve(lost((error as Error).message));
      return;
    }
    port.slots[identifier] = pending;
    port.inFlight++;
    this.counts.requests++;
    pending.started = performance.now();
    this.#send(port, identifier, pending);
  }

  /** The same octets each time: same identifier, same authenticator (RFC 2865, 2.5; RFC 5080, 2.2.1). */
  #send(port: Port, identifier: number, pending: Pending): void {
    pending.sent++;
    port.socket.send((pending.outgoing as Outgoing).bytes, () => {});
    // Jitter (RFC 5080, 2.2.1): not all that were lost together are sent again together.
    const wait = pending.question.timeout * (0.9 + Math.random() * 0.2);
    pending.timer = setTimeout(() => {
      this.counts.timeouts++;
      const { question } = pending;
      if (pending.sent < question.attempts && question.worthwhile()) this.#send(port, identifier, pending);
      else this.#release(port, identifier, lost("timed out"));
    }, wait);
  }

  #release(port: Port, identifier: number, answer: RoadAnswer): void {
    const pending = port.slots[identifier];
    if (pending === undefined) return;
    if (pending.timer !== null) clearTimeout(pending.timer);
    port.slots[identifier] = undefined;
    port.inFlight--;
    pending.resolve(answer);
    if (port.retired && port.inFlight === 0) {
      shut(port);
      this.#ports = this.#ports.filter(({ closed }) => !closed);
    }
    if (this.#waiting.length > 0) this.#pump();
  }

  #take(port: Port, bytes: Uint8Array): void {
    const decoded = decodePacket(bytes);
    const identifier = bytes[1] as number;
    const pending = decoded.kind === "packet" ? port.slots[identifier] : undefined;
    if (decoded.kind !== "packet" || pending === undefined) {
      this.counts.discarded++;
      return;
    }
    const exact = bytes.subarray(0, decoded.length);
    if (!pending.question.believes(exact, pending.outgoing as Outgoing)) {
      // Not ours: the right one may still come.
      this.counts.discarded++;
      return;
    }
    const now = performance.now();
    const roundTrip = now - pending.started;
    this.counts.answered = now;
    this.counts.roundTrip = roundTrip;
    this.#release(port, identifier, { kind: "answer", bytes: exact, roundTrip });
  }

  async #open(): Promise<void> {
    this.#opening = true;
    try {
      const addresses = await lookup(this.#host, { all: true });
      const { address, family } = addresses[this.#turn % addresses.length] as { address: string; family: number };
      if (this.#closed) return;
      const port = await this.#connect(address, family);
      if (this.#closed) this.#abandon(port, "closed");
      else this.#ports.push(port);
    } catch (error) {
      this.#turn++;
      const reason = `no way to it (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`;
      for (const pending of this.#waiting.splice(0)) pending.resolve(lost(reason));
    } finally {
      this.#opening = false;
    }
    if (!this.#closed) this.#pump();
  }

  #connect(address: string, family: number): Promise<Port> {
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    const next = Math.floor(Math.random() * IDENTIFIERS);
    const port: Port = {
      socket,
      slots: new Array<Pending | undefined>(IDENTIFIERS).fill(undefined),
      inFlight: 0,
      next,
      ready: false,
      closed: false,
      retired: false,
    };
    return new Promise((resolve, reject) => {
      socket.once("error", (error) => {
        shut(port);
        reject(error);
      });
      socket.connect(this.#port, address, () => {
        socket.removeAllListeners("error");
        try {
          socket.setRecvBufferSize(RECEIVE_BUFFER);
        } catch {
          // The system's limit is lower: of a burst of answers some are lost and asked for again.
        }
        // ECONNREFUSED: the host says that nobody listens there. Who could forge that could as well eat our packets.
        socket.on("error", () => this.#refused(port));
        socket.on("message", (bytes) => this.#take(port, bytes));
        port.ready = true;
        resolve(port);
      });
    });
  }

  #refused(port: Port): void {
    this.renew();
    // Those that take the places that get free have not been sent when the word came.
    const refused = [...port.slots.entries()].filter(([, pending]) => pending !== undefined);
    for (const [identifier, pending] of refused) {
      if (port.slots[identifier] === pending) this.#release(port, identifier, lost("nobody listens there"));
    }
  }

  #abandon(port: Port, reason: string): void {
    port.ready = false;
    for (let identifier = 0; identifier < IDENTIFIERS; identifier++) this.#release(port, identifier, lost(reason));
    shut(port);
  }
}

function shut(port: Port): void {
  if (port.closed) return;
  port.closed = true;
  port.ready = false;
  port.socket.close();
}

function lost(reason: string): RoadAnswer {
  return { kind: "lost", reason };
}
