/** The status socket: JSON lines over a Unix socket that only its owner can open. */
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { connect, type Socket } from "node:net";
import { LineSplitter } from "./lines.ts";
import { formatMetrics } from "./metrics.ts";
import { PrivateSocket } from "./private-socket.ts";
import type { MonitorStatus } from "./status.ts";

/** A watcher that does not read this much is dropped. */
const MOST_UNREAD = 4 * 1024 * 1024;

/**
 * Serves the status. A client gets one line with the status; after it has sent `watch` it gets another one at every
 * change, at most ten a second, and at least one a second.
 */
export class StatusServer {
  readonly #status: () => MonitorStatus;
  readonly #watchers: Set<Socket> = new Set();
  readonly #socket: PrivateSocket;
  #pending: NodeJS.Timeout | null = null;
  #beat: NodeJS.Timeout | null = null;

  constructor(path: string, status: () => MonitorStatus) {
    this.#status = status;
    this.#socket = new PrivateSocket(path, "monitor", (client) => this.#serve(client));
  }

  /** @throws when another monitor answers at the socket, or it cannot be made */
  async start(): Promise<void> {
    await this.#socket.start();
    this.#beat = setInterval(() => this.#send(), 1_000);
  }

  /** Something has changed. */
  changed(): void {
    if (this.#pending !== null || this.#watchers.size === 0) return;
    this.#pending = setTimeout(() => {
      this.#pending = null;
      this.#send();
    }, 100);
  }

  stop(): void {
    if (this.#beat !== null) clearInterval(this.#beat);
    if (this.#pending !== null) clearTimeout(this.#pending);
    this.#socket.stop();
  }

  #serve(socket: Socket): void {
    socket.once("close", () => this.#watchers.delete(socket));
    const lines = new LineSplitter((line) => {
      if (line.trim() === "watch") this.#watchers.add(socket);
    });
    socket.on("data", (text: string) => lines.push(text));
    socket.write(`${JSON.stringify(this.#status())}\n`);
  }

  #send(): void {
    if (this.#watchers.size === 0) return;
    const line = `${JSON.stringify(this.#status())}\n`;
    for (const socket of this.#watchers) {
      if (socket.writableLength > MOST_UNREAD) socket.destroy();
      else socket.write(line);
    }
  }
}

/**
 * Reads the status of a running monitor; with `watch` again and again until the connection ends.
 * @throws when no monitor answers
 */
export function readStatus(path: string, take: (status: MonitorStatus) => void, watch: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let seen = false;
    const lines = new LineSplitter(
      (line) => {
        if (seen && !watch) return;
        seen = true;
        take(JSON.parse(line) as MonitorStatus);
        if (!watch) socket.destroy();
      },
      64 * 1024 * 1024,
    );
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      try {
        lines.push(text);
      } catch (error) {
        socket.destroy();
        reject(error);
      }
    });
    socket.once("connect", () => {
      if (watch) socket.write("watch\n");
    });
    socket.once("error", reject);
    socket.once("close", () => (seen ? resolve() : reject(new Error("the monitor said nothing"))));
  });
}

/** Serves `GET /metrics`. */
export function serveMetrics(host: string, port: number, status: () => MonitorStatus): Promise<HttpServer> {
  const server = createHttpServer((request, response) => {
    if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404, { "content-type": "text/plain" }).end("the metrics are at /metrics\n");
      return;
    }
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
    response.end(formatMetrics(status()));
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
