/** Listens for CoA- and Disconnect-Requests (RFC 5176) of those who may send them. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv4 } from "node:net";
import { parseAddress } from "@pierhead/core";
import type { RadiusConfig } from "@pierhead/lang/portal-conf";
import {
  AttributeSet,
  attribute,
  CODE,
  decodePacket,
  ERROR_CAUSE,
  encodePacket,
  type RadiusAttribute,
  type RadiusPacket,
} from "@pierhead/lang/radius-wire";
import { AUTHENTICATOR_LENGTH, checkRequest, signAnswer } from "./digest.ts";
import { readDynamicRequest } from "./dynamic-request.ts";
import type { DynamicAnswer, DynamicHandler, DynamicRequest } from "./types.ts";

export interface DynamicServerOptions {
  /** Address to listen on; null for all. */
  readonly host?: string | null;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

/** Requests since the start. */
export interface DynamicCounts {
  done: number;
  refused: number;
  /** Sent again by the client and answered as before. */
  repeated: number;
  /** Not answered: who sent it is not listed. */
  unknown: number;
  /** Not answered: damaged, or not signed with the client's secret. */
  bad: number;
  /** Not answered: Event-Timestamp out of the window, or seen from another port already. */
  stale: number;
}

export interface DynamicServer {
  readonly counts: Readonly<DynamicCounts>;
  /** Binds the socket. @returns the port, which the system chose when 0 was configured */
  listen(): Promise<number>;
  close(): Promise<void>;
}

/** RFC 5176, 6.3: for Event-Timestamp and for duplicates. Milliseconds. */
const WINDOW = 300_000;
/** Without Event-Timestamp an equal packet may be meant anew: only as long as a client sends again. */
const REPEAT_WINDOW = 30_000;
/** Requests that are remembered for each window, and that are worked on at the same time. */
const MOST_REMEMBERED = 65_536;
const MOST_WORKING = 256;

interface Remembered {
  readonly from: string;
  readonly until: number;
  /** Null while it is worked on. */
  answer: Uint8Array | null;
}

/**
 * @param config what of the RADIUS configuration it needs; `dynamic` must be there
 * @param handler carries requests out; called with the client's address
 */
export function createDynamicServer(
  config: Pick<RadiusConfig, "dynamic" | "nasIdentifier" | "nasAddress" | "swapOctets">,
  handler: (request: DynamicRequest, from: string) => ReturnType<DynamicHandler>,
  options: DynamicServerOptions = {},
): DynamicServer {
  return new Server(config, handler, options);
}

class Server implements DynamicServer {
  readonly counts: DynamicCounts = { done: 0, refused: 0, repeated: 0, unknown: 0, bad: 0, stale: 0 };
  readonly #config: Parameters<typeof createDynamicServer>[0];
  readonly #handler: Parameters<typeof createDynamicServer>[1];
  readonly #host: string | null;
  readonly #now: () => number;
  readonly #secrets: ReadonlyMap<string, Uint8Array>;
  /**
   * By client and authenticator, which is over everything else, the identifier too; those with Event-Timestamp and those
   * without, each in the order they are forgotten.
   */
  readonly #timed: Map<string, Remembered> = new Map();
  readonly #untimed: Map<string, Remembered> = new Map();
  #working = 0;
  #socket: Socket | null = null;

  constructor(
    config: Parameters<typeof createDynamicServer>[0],
    handler: Parameters<typeof createDynamicServer>[1],
    options: DynamicServerOptions,
  ) {
    this.#config = config;
    this.#handler = handler;
    this.#host = options.host ?? null;
    this.#now = options.now ?? Date.now;
    const clients = config.dynamic?.clients ?? [];
    this.#secrets = new Map(clients.map(({ address, secret }) => [plain(address), Buffer.from(secret.reveal())]));
  }

  async listen(): Promise<number> {
    const port = this.#config.dynamic?.port ?? 0;
    const host = this.#host;
    try {
      return await this.#bind(host ?? "::", port);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A kernel without IPv6.
      if (host === null && (code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL")) return this.#bind("0.0.0.0", port);
      throw error;
    }
  }

  #bind(host: string, port: number): Promise<number> {
    const socket = createSocket(isIPv4(host) ? "udp4" : "udp6");
    return new Promise((resolve, reject) => {
      socket.once("error", (error) => {
        socket.close();
        reject(error);
      });
      socket.bind(port, host, () => {
        socket.removeAllListeners("error");
        socket.on("error", () => {});
        socket.on("message", (bytes, from) => this.#take(bytes, from));
        this.#socket = socket;
        resolve(socket.address().port);
      });
    });
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  #take(bytes: Uint8Array, from: RemoteInfo): void {
    const client = plain(from.address);
    const secret = this.#secrets.get(client);
    if (secret === undefined) {
      this.counts.unknown++;
      return;
    }
    const decoded = decodePacket(bytes);
    if (decoded.kind === "damaged") {
      this.counts.bad++;
      return;
    }
    const { packet, length } = decoded;
    const ours = packet.code === CODE.coaRequest || packet.code === CODE.disconnectRequest;
    if (!ours || checkRequest(bytes.subarray(0, length), secret) !== "good") {
      this.counts.bad++;
      return;
    }
    const set = new AttributeSet(packet.attributes);
    const now = this.#now();
    if (!isCurrent(set, now)) {
      this.counts.stale++;
      return;
    }
    const timed = set.has("Event-Timestamp");
    const memory = timed ? this.#timed : this.#untimed;
    forget(memory, now);
    const key = `${client} ${Buffer.from(packet.authenticator).toString("hex")}`;
    const source = `${from.address} ${from.port}`;
    const known = memory.get(key);
    if (known !== undefined) {
      // From another port it is not a client that sends again.
      if (known.from !== source) this.counts.stale++;
      else {
        this.counts.repeated++;
        if (known.answer !== null) this.#send(known.answer, from);
      }
      return;
    }
    // Nothing may be forgotten before its time, or it could be replayed: better no answer now.
    if (this.#working >= MOST_WORKING || memory.size >= MOST_REMEMBERED) return;
    const until = now + (timed ? WINDOW * 2 : REPEAT_WINDOW);
    const remembered: Remembered = { from: source, until, answer: null };
    memory.set(key, remembered);
    void this.#work(packet, set, client).then((answer) => {
      remembered.answer = answerPacket(packet, set, answer, secret);
      this.#send(remembered.answer, from);
    });
  }

  async #work(packet: RadiusPacket, set: AttributeSet, client: string): Promise<DynamicAnswer> {
    this.#working++;
    let answer: DynamicAnswer;
    try {
      const read = readDynamicRequest(packet.code, set, this.#config);
      answer = read.kind === "refused" ? read : await this.#handler(read.request, client);
    } catch {
      answer = { kind: "refused", errorCause: ERROR_CAUSE.resourcesUnavailable };
    }
    this.#working--;
    this.counts[answer.kind]++;
    return answer;
  }

  #send(bytes: Uint8Array, to: RemoteInfo): void {
    this.#socket?.send(bytes, to.port, to.address, () => {});
  }
}

function forget(memory: Map<string, Remembered>, now: number): void {
  for (const [key, { until, answer }] of memory) {
    if (until > now || answer === null) return;
    memory.delete(key);
  }
}

/** RFC 5176, 6.3: when it is there it must be of now, and readable. */
function isCurrent(set: AttributeSet, now: number): boolean {
  if (!set.has("Event-Timestamp")) return true;
  const seconds = set.integer("Event-Timestamp");
  return seconds !== undefined && Math.abs(now - seconds * 1000) <= WINDOW;
}

function answerPacket(
  { code, identifier, authenticator }: RadiusPacket,
  set: AttributeSet,
  answer: DynamicAnswer,
  secret: Uint8Array,
): Uint8Array {
  const done = answer.kind === "done";
  const attributes: RadiusAttribute[] = [attribute("Message-Authenticator", new Uint8Array(AUTHENTICATOR_LENGTH))];
  // RFC 5176, 3.6: unchanged and in order.
  for (const value of set.all("Proxy-State")) attributes.push(attribute("Proxy-State", value));
  const state = set.octets("State");
  if (state !== undefined) attributes.push(attribute("State", state));
  const time = set.integer("Event-Timestamp");
  if (time !== undefined) attributes.push(attribute("Event-Timestamp", time));
  if (answer.kind === "refused") attributes.push(attribute("Error-Cause", answer.errorCause));
  const bytes = encodePacket({
    code: code + (done ? 1 : 2),
    identifier,
    authenticator,
    attributes: fitting(attributes),
  });
  signAnswer(bytes, authenticator, secret);
  return bytes;
}

/** A request full of Proxy-State has no room for our own attributes: those that came last are left out. */
function fitting(attributes: readonly RadiusAttribute[]): readonly RadiusAttribute[] {
  let room = 4_000;
  return attributes.filter(({ type, value }) => {
    if (type !== 33) return true;
    room -= value.length + 2;
    return room >= 0;
  });
}

/** `192.0.2.1` of `::ffff:192.0.2.1`, and one way to write each address; without zone. */
function plain(address: string): string {
  const text = address.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
  return parseAddress(text)?.toString() ?? text;
}
