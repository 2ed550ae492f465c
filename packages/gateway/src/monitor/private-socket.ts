/** A Unix socket that only its owner can open. */
import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * @param what answers there when the socket is taken: `monitor`
 * @throws when another one answers at the path, or the socket cannot be made
 */
export async function listenPrivately(path: string, what: string, accept: (socket: Socket) => void): Promise<Server> {
  if (await answers(path)) throw new Error(`another ${what} answers at ${path}`);
  rmSync(path, { force: true });
  const server = createServer(accept);
  // From its first moment on nobody else may open it.
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(umask);
  }
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
