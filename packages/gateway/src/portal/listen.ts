/** Listening to people who may be slow, many, or malicious: for guests' pages and for the admin. */
import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps, type Server as SecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { plainAddress } from "./pages/address.ts";
import type { KeyPair } from "./pages/certificate.ts";

export type Fetch = (request: Request, env: HttpBindings) => Response | Promise<Response>;

/** How many may come, and how long they may take: milliseconds. */
export interface ListenLimits {
  /** Connections in all, of one address, and of one owner of addresses. */
  readonly connections: number;
  readonly ofAddress: number;
  readonly ofOwner: number;
  /** In which a request's head, and all of it, has to be there. */
  readonly head: number;
  readonly request: number;
  /** How often that is looked at. */
  readonly look: number;
  /** In which nothing at all happens on a connection, and between two requests. */
  readonly idle: number;
  readonly pause: number;
}

/**
 * A browser opens six connections to a host, a device has as many IPv6 addresses as it likes, and behind an access point that
 * bridges by translation all devices are one.
 */
export const GUESTS: ListenLimits = {
  connections: 4_096,
  ofAddress: 64,
  ofOwner: 256,
  head: 8_000,
  request: 15_000,
  look: 2_000,
  idle: 30_000,
  pause: 5_000,
};

/** Few people, some behind one tunnel or proxy; a sheet of many vouchers takes its time. */
export const OPERATORS: ListenLimits = { ...GUESTS, connections: 512, ofOwner: 128, idle: 120_000 };

/** A server that could not be put up, with a sentence that says where and why. */
export class ListenError extends Error {}

/** Whose an address is; null when it is nobody's. */
export type OwnerOf = (address: string) => Promise<string | null>;

export interface ListenOptions {
  readonly limits: ListenLimits;
  readonly ownerOf: OwnerOf;
  /** Puts the library's Request and Response in the place of Node's, which making a request out of another needs. */
  readonly replaceGlobals?: boolean;
}

/** @param pair gives HTTPS */
export function makeServer(fetch: Fetch, pair: KeyPair, options: ListenOptions): SecureServer;
export function makeServer(fetch: Fetch, pair: null, options: ListenOptions): Server;
export function makeServer(fetch: Fetch, pair: KeyPair | null, options: ListenOptions): Server | SecureServer;
export function makeServer(fetch: Fetch, pair: KeyPair | null, options: ListenOptions): Server | SecureServer {
  const { limits } = options;
  const listener = getRequestListener((request, env) => fetch(request, env as HttpBindings), {
    // HTTP/1.0 needs no Host; such a request is for a name nobody has.
    hostname: "unknown.invalid",
    overrideGlobalObjects: options.replaceGlobals === true,
  });
  const settings = {
    maxHeaderSize: 16_384,
    headersTimeout: limits.head,
    requestTimeout: limits.request,
    connectionsCheckingInterval: limits.look,
    keepAliveTimeout: limits.pause,
  };
  if (pair === null) return limited(createHttp(settings, listener), options);
  const { chain: cert, key } = pair;
  const secure = { ...settings, cert, key, minVersion: "TLSv1.2", handshakeTimeout: limits.head } as const;
  return limited(createHttps(secure, listener), options);
}

function limited<S extends Server | SecureServer>(server: S, { limits, ownerOf }: ListenOptions): S {
  server.maxConnections = limits.connections;
  server.timeout = limits.idle;
  const addresses = new Map<string, number>();
  const owners = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress ?? "");
    if (!counted(addresses, address, limits.ofAddress, socket)) return;
    ownerOf(address).then(
      (owner) => {
        if (owner !== null && !socket.destroyed) counted(owners, owner, limits.ofOwner, socket);
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
