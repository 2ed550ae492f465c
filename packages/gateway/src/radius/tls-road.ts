/**
 * RADIUS over TLS (RFC 6614): one connection that is kept, opened when there is something to ask and again when it broke,
 * after pauses that grow while that leads to nothing. Nothing is sent twice over one connection (RFC 6613, 2.6.1).
 */
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { RadiusServerConfig } from "@pierhead/lang/portal-conf";
import { decodePacket, PacketStream } from "@pierhead/lang/radius-wire";
import { noCounts, type Outgoing, type Question, type Road, type RoadAnswer, type RoadCounts } from "./road.ts";

const IDENTIFIERS = 256;
const MOST_WAITING = 65_536;
/** Connections one request may see break before it is lost. */
const MOST_BREAKS = 2;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 60_000;
const CONNECT_TIMEOUT = 10_000;

interface Pending {
  readonly question: Question;
  readonly resolve: (answer: RoadAnswer) => void;
  outgoing: Outgoing | null;
  started: number;
  breaks: number;
  done: boolean;
  timer: NodeJS.Timeout | null;
}

export class TlsRoad implements Road {
  readonly counts: RoadCounts = noCounts();
  readonly #host: string;
  readonly #tls: NonNullable<RadiusServerConfig["tls"]>;
  readonly #slots: (Pending | undefined)[] = new Array<Pending | undefined>(IDENTIFIERS).fill(undefined);
  #waiting: Pending[] = [];
  #inFlight = 0;
  #next = 0;
  #socket: TLSSocket | null = null;
  #ready = false;
  #connecting = false;
  #writing = false;
  #closed = false;
  /** Connections in a row that brought no answer. */
  #failures = 0;
  #pauseUntil = 0;
  #trouble = "no connection";

  constructor(host: string, tls: NonNullable<RadiusServerConfig["tls"]>) {
    this.#host = host;
    this.#tls = tls;
  }

  ask(question: Question): Promise<RoadAnswer> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve(lost("closed"));
      if (this.#waiting.length >= MOST_WAITING) return resolve(lost("too many requests wait"));
      const started = performance.now();
      const pending: Pending = { question, resolve, outgoing: null, started, breaks: 0, done: false, timer: null };
      pending.timer = setTimeout(() => this.#timeOut(pending), question.attempts * question.timeout);
      this.counts.requests++;
      this.#waiting.push(pending);
      this.#pump();
    });
  }

  renew(): void {
    // Each connection looks the name up and reads the files anew.
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
    this.#loseAll("closed");
  }

  #pump(): void {
    if (this.#closed || this.#waiting.length === 0) return;
    const socket = this.#socket;
    if (socket === null || !this.#ready) {
      if (!this.#connecting) void this.#connect();
      return;
    }
    // One record of TLS for each packet: FreeRADIUS before 3.2.6 takes a record with more for a broken packet, and Node
    // puts into one what is written while it is busy.
    while (!this.#writing && this.#waiting.length > 0 && this.#inFlight < IDENTIFIERS) {
      const pending = this.#waiting.shift() as Pending;
      let identifier = this.#next;
      while (this.#slots[identifier] !== undefined) identifier = (identifier + 1) % IDENTIFIERS;
      this.#next = (identifier + 1) % IDENTIFIERS;
      try {
        pending.outgoing = pending.question.make(identifier);
      } catch (error) {
        finish(pending, lost((error as Error).message));
        continue;
      }
      this.#slots[identifier] = pending;
      this.#inFlight++;
      this.#writing = true;
      socket.write(pending.outgoing.bytes, () => {
        if (this.#socket !== socket) return;
        this.#writing = false;
        this.#pump();
      });
    }
  }

  async #connect(): Promise<void> {
    if (performance.now() < this.#pauseUntil) {
      this.#loseWaiting(this.#trouble);
      return;
    }
    this.#connecting = true;
    try {
      const { port, ca, certificate, key } = this.#tls;
      const [caPem, certificatePem, keyPem] = await Promise.all([readFile(ca), readFile(certificate), readFile(key)]);
      if (this.#closed) return;
      const socket = connect({
        host: this.#host,
        port,
        ca: caPem,
        cert: certificatePem,
        key: keyPem,
        minVersion: "TLSv1.2",
        // RFC 6614, 2.3: the server's certificate is for the name or address that was configured.
        ...(isIP(this.#host) === 0 ? { servername: this.#host } : {}),
      });
      this.#socket = socket;
      this.#attend(socket);
    } catch (error) {
      this.#failed(trouble(error as NodeJS.ErrnoException));
      this.#connecting = false;
      this.#loseWaiting(this.#trouble);
    }
  }

  #attend(socket: TLSSocket): void {
    const stream = new PacketStream();
    let useful = false;
    let why = "the connection was closed";
    socket.setTimeout(CONNECT_TIMEOUT, () => {
      why = "no TLS connection in time";
      socket.destroy();
    });
    socket.once("secureConnect", () => {
      socket.setTimeout(0);
      socket.setKeepAlive(true, 30_000);
      socket.setNoDelay(true);
      this.#connecting = false;
      this.#ready = true;
      this.#pump();
    });
    socket.on("error", (error) => {
      why = trouble(error);
    });
    socket.on("data", (bytes) => {
      const packets = stream.take(bytes);
      for (const packet of packets ?? []) useful = this.#take(packet) || useful;
      if (useful) this.#failures = 0;
      if (packets === null) {
        why = "it does not speak RADIUS";
        socket.destroy();
      } else this.#pump();
    });
    socket.once("close", () => {
      if (this.#socket !== socket) return;
      const opened = this.#ready;
      this.#socket = null;
      this.#ready = false;
      this.#writing = false;
      this.#connecting = false;
      if (!useful) this.#failed(why);
      const broken = this.#slots.filter((pending) => pending !== undefined);
      this.#slots.fill(undefined);
      this.#inFlight = 0;
      for (const pending of broken) if (++pending.breaks >= MOST_BREAKS) finish(pending, lost(why));
      this.#waiting = [...broken.filter(({ done }) => !done), ...this.#waiting];
      // A server that shuts idle connections may have done so while we wrote: that is no reason to leave it.
      if (opened && useful) this.#pump();
      else this.#loseWaiting(why);
    });
  }

  /** @returns whether it was an answer */
  #take(bytes: Uint8Array): boolean {
    const identifier = bytes[1] as number;
    const pending = this.#slots[identifier];
    const sound = decodePacket(bytes).kind === "packet";
    if (!sound || pending === undefined || !pending.question.believes(bytes, pending.outgoing as Outgoing)) {
      this.counts.discarded++;
      return false;
    }
    this.#free(identifier);
    const now = performance.now();
    const roundTrip = now - pending.started;
    this.counts.answered = now;
    this.counts.roundTrip = roundTrip;
    // A copy: the octets are part of what the stream holds.
    finish(pending, { kind: "answer", bytes: Uint8Array.from(bytes), roundTrip });
    return true;
  }

  #timeOut(pending: Pending): void {
    this.counts.timeouts++;
    const identifier = this.#slots.indexOf(pending);
    if (identifier !== -1) {
      // A late answer to it fits no other request: the authenticator differs.
      this.#free(identifier);
      // RFC 6613, 2.6: a connection over which nothing comes any more is dead, whatever TCP says.
      const silent = this.counts.answered === null || this.counts.answered < pending.started;
      if (silent) this.#socket?.destroy();
    }
    this.#waiting = this.#waiting.filter((one) => one !== pending);
    finish(pending, lost("timed out"));
    this.#pump();
  }

  #free(identifier: number): void {
    this.#slots[identifier] = undefined;
    this.#inFlight--;
  }

  #failed(why: string): void {
    this.#trouble = why;
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    this.#pauseUntil = performance.now() + pause * (0.75 + Math.random() * 0.5);
  }

  #loseWaiting(reason: string): void {
    for (const pending of this.#waiting.splice(0)) finish(pending, lost(reason));
  }

  #loseAll(reason: string): void {
    this.#loseWaiting(reason);
    for (const pending of this.#slots) if (pending !== undefined) finish(pending, lost(reason));
    this.#slots.fill(undefined);
    this.#inFlight = 0;
  }
}

function finish(pending: Pending, answer: RoadAnswer): void {
  if (pending.done) return;
  pending.done = true;
  if (pending.timer !== null) clearTimeout(pending.timer);
  pending.resolve(answer);
}

/** The code says what happened; messages of OpenSSL would add paths and addresses of its sources. */
function trouble(error: NodeJS.ErrnoException): string {
  return `TLS: ${error.code ?? error.message}`;
}

function lost(reason: string): RoadAnswer {
  return { kind: "lost", reason };
}
