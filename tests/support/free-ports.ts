/** Ports of 127.0.0.1 that nobody has, for programs that cannot be told to choose one themselves. */
import { createSocket } from "node:dgram";
import { type AddressInfo, createServer } from "node:net";

/** All are taken before one is given back: no two are the same. */
export async function freeTcpPorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()))),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** As for TCP. */
export async function freeUdpPorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket("udp4"));
  await Promise.all(
    sockets.map((socket) => new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()))),
  );
  const ports = sockets.map((socket) => socket.address().port);
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  return ports;
}
