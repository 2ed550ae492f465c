/** The control socket: JSON lines over a Unix socket that only its owner can open. */
import { rmSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { LineSplitter } from "../../monitor/lines.ts";
import { listenPrivately } from "../../monitor/private-socket.ts";
import { answer, type ControlContext } from "./answer.ts";
import { toJson } from "./json.ts";
import { parseRequest } from "./requests.ts";

const MOST_CLIENTS = 32;
const LONGEST_REQUEST = 1024 * 1024;

export class ControlServer {
  readonly #path: string;
  readonly #context: ControlContext;
  readonly #clients: Set<Socket> = new Set();
  #server: Server | null = null;

  constructor(path: string, context: ControlContext) {
    this.#path = path;
    this.#context = context;
  }

  /** @throws when another portal answers at the socket, or it cannot be made */
  async start(): Promise<void> {
    this.#server = await listenPrivately(this.#path, "portal", (socket) => this.#accept(socket));
  }

  stop(): void {
    for (const client of this.#clients) client.destroy();
    this.#server?.close();
    if (this.#server !== null) rmSync(this.#path, { force: true });
    this.#server = null;
  }

  #accept(socket: Socket): void {
    if (this.#clients.size >= MOST_CLIENTS) {
      socket.destroy();
      return;
    }
    this.#clients.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#clients.delete(socket));
    const lines = new LineSplitter((line) => void this.#answer(socket, line), LONGEST_REQUEST);
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => lines.push(text));
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    const request = parseRequest(line);
    let text: string;
    try {
      if (typeof request === "string") text = toJson({ error: request });
      else text = toJson({ result: await answer(this.#context, request) });
    } catch (error) {
      text = toJson({ error: error instanceof Error ? error.message : String(error) });
    }
    if (!socket.destroyed) socket.write(`${text}\n`);
  }
}
