/** A Unix socket that only its owner can open. */
import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";

const MOST_CLIENTS = 32;

/** The socket with whoever is connected: a bounded number, none left when it stops. */
export class PrivateSocket {
  readonly #path: string;
  readonly #what: string;
  readonly #serve: (client: Socket) => void;
  readonly #clients: Set<Socket> = new Set();
  #server: Server | null = null;

  /** @param what answers there when the socket is taken: `monitor` */
  constructor(path: string, what: string, serve: (client: Socket) => void) {
    this.#path = path;
    this.#what = what;
    this.#serve = serve;
  }

  /** @throws when another one answers at the path, or the socket cannot be made */
  async start(): Promise<void> {
    this.#server = await listenPrivately(this.#path, this.#what, (client) => this.#accept(client));
  }

  stop(): void {
    for (const client of this.#clients) client.destroy();
    this.#server?.close();
    if (this.#server !== null) rmSync(this.#path, { force: true });
    this.#server = null;
  }

  #accept(client: Socket): void {
    if (this.#clients.size >= MOST_CLIENTS) {
      client.destroy();
      return;
    }
    this.#clients.add(client);
    client.on("error", () => client.destroy());
    client.once("close", () => this.#clients.delete(client));
    client.setEncoding("utf8");
    this.#serve(client);
  }
}

async function listenPrivately(path: string, what: string, accept: (socket: Socket) => void): Promise<Server> {
  if (await answers(path)) throw new Error(`another ${what} answers at ${path}`);
  rmSync(path, { force: true });
  const server = createServer(accept);
  // From its first moment on nobody else may open it.
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    // The socket is made within the call: whatever else is going on keeps its own mask.
    const umask = process.umask(0o177);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(umask);
    }
  });
  chmodSync(path, 0o600);
  return server;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (value: boolean): void => {
      socket.destroy();
      resolve(value);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
