/** The control socket: JSON lines over a Unix socket that only its owner can open. */
import type { Socket } from "node:net";
import { LineSplitter } from "../../monitor/lines.ts";
import { PrivateSocket } from "../../monitor/private-socket.ts";
import { answer, type ControlContext } from "./answer.ts";
import { toJson } from "./json.ts";
import { parseRequest } from "./requests.ts";

const LONGEST_REQUEST = 1024 * 1024;

export class ControlServer {
  readonly #context: ControlContext;
  readonly #socket: PrivateSocket;

  constructor(path: string, context: ControlContext) {
    this.#context = context;
    this.#socket = new PrivateSocket(path, "portal", (client) => this.#serve(client));
  }

  /** @throws when another portal answers at the socket, or it cannot be made */
  start(): Promise<void> {
    return this.#socket.start();
  }

  stop(): void {
    this.#socket.stop();
  }

  #serve(socket: Socket): void {
    const lines = new LineSplitter((line) => void this.#answer(socket, line), LONGEST_REQUEST);
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
