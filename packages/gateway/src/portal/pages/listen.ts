/** Listening to guests, who may be slow, many, or malicious. */
import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps, type Server as SecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { plainAddress } from "./address.ts";
import type { Fetch } from "./app.ts";
import type { KeyPair } from "./certificate.ts";

/**
 * Connections in all, of one address, and of one device: a browser opens six to a host, a device has as many IPv6 addresses
 * as it likes, and behind an access point that bridges by translation all devices are one.
 */
const MOST_CONNECTIONS = 4_096;
const MOST_OF_ONE = 64;
const MOST_OF_DEVICE = 256;
/** Milliseconds in which a request's head, and all of it, has to be there. */
const HEAD_TIME = 8_000;
const REQUEST_TIME = 15_000;

const SERVER_OPTIONS = {
  maxHeaderSize: 16_384,
  headersTimeout: HEAD_TIME,
  requestTimeout: REQUEST_TIME,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 5_000,
} as const;

/** A server that could not be put up, with a sentence that says where and why. */
export class ListenError extends Error {}

/** Whose an address is; null when it is nobody's. */
export type OwnerOf = (address: string) => Promise<string | null>;

/** @param pair gives HTTPS */
export function makeServer(fetch: Fetch, pair: KeyPair, ownerOf: OwnerOf): SecureServer;
export function makeServer(fetch: Fetch, pair: null, ownerOf: OwnerOf): Server;
export function makeServer(fetch: Fetch, pair: KeyPair | null, ownerOf: OwnerOf): Server | SecureServer {
  const listener = getRequestListener((request, env) => fetch(request, env as HttpBindings), {
    // HTTP/1.0 needs no Host; such a request is for a name nobody has.
    hostname: "unknown.invalid",
    overrideGlobalObjects: false,
  });
  if (pair === null) return limited(createHttp(SERVER_OPTIONS, listener), ownerOf);
  const { chain: cert, key } = pair;
  const options = { ...SERVER_OPTIONS, cert, key, minVersion: "TLSv1.2", handshakeTimeout: HEAD_TIME } as const;
  return limited(createHttps(options, listener), ownerOf);
}

function limited<S extends Server | SecureServer>(server: S, ownerOf: OwnerOf): S {
  server.maxConnections = MOST_CONNECTIONS;
  server.timeout = 30_000;
  const addresses = new Map<string, number>();
  const devices = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress ?? "");
    if (!counted(addresses, address, MOST_OF_ONE, socket)) return;
    ownerOf(address).then(
      (owner) => {
        if (owner !== null && !socket.destroyed) counted(devices, owner, MOST_OF_DEVICE, socket);
      },
      // Its request asks again, and is told what is wrong.
      () => {},
    );
  });
  return server;
}

/** False for a connection too many, which is closed. */
function counted(counts: Map<string, number>, name: string, most: number, socket: Socket): boolean {
  const count = (counts.get(name) ?? 0) + 1;
  if (count > most) {
    socket.destroy();
    return false;
  }
  counts.set(name, count);
  socket.once("close", () => {
    const rest = (counts.get(name) ?? 1) - 1;
    if (rest === 0) counts.delete(name);
    else counts.set(name, rest);
  });
  return true;
}

/**
 * @returns the port
 * @throws ListenError. An IPv6 address that is being checked for duplicates is waited for.
 */
export async function listen(
  server: Server | SecureServer,
  address: string,
  port: number,
  patience = 10_000,
): Promise<number> {
  const until = Date.now() + patience;
  for (;;) {
    const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
      const failed = (cause: NodeJS.ErrnoException): void => resolve(cause);
      server.once("error", failed);
      server.listen(port, address, () => {
        server.removeListener("error", failed);
        resolve(null);
      });
    });
    if (error === null) return (server.address() as AddressInfo).port;
    if (error.code !== "EADDRNOTAVAIL" || Date.now() >= until) {
      const why =
        {
          EADDRINUSE: "another program has it",
          EACCES: "not allowed to",
          EADDRNOTAVAIL: "no interface has that address",
        }[error.code ?? ""] ?? error.code;
      throw new ListenError(`cannot listen on ${address} port ${port}: ${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

export async function shut(server: Server | SecureServer): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
