// Servers of one namespace: `node portal-servers.mjs '{"tcp":[80],"udp":[53],"stream":[8000],"sink":[8001]}'`.
// A TCP server says which port it is; a UDP server sends back what it gets; a stream never ends; a sink says how many octets it got.
// `"http":[80]` serves a page, and `"https":[443]` as well with `"certificate":{"chain":FILE,"key":FILE}`.
import dgram from "node:dgram";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";

const wanted = JSON.parse(process.argv[2]);
const servers = [];
const listen = (port, talk) =>
  new Promise((resolve) => {
    const server = net.createServer((socket) => {
      socket.on("error", () => undefined);
      talk(socket, port);
    });
    server.listen({ port, host: "::" }, resolve);
    servers.push(server);
  });

for (const port of wanted.tcp ?? []) await listen(port, (socket) => socket.end(`port ${port}\n`));
const page = (request, response) => {
  const body = `<!doctype html><title>The Internet</title><h1>The Internet</h1><p>${request.headers.host}</p>\n`;
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", Connection: "close" }).end(body);
};
for (const port of wanted.http ?? []) {
  await new Promise((resolve) => http.createServer(page).listen({ port, host: "::" }, resolve));
}
for (const port of wanted.https ?? []) {
  const { chain, key } = wanted.certificate;
  const server = https.createServer({ cert: readFileSync(chain), key: readFileSync(key) }, page);
  await new Promise((resolve) => server.listen({ port, host: "::" }, resolve));
}
const block = Buffer.alloc(65_536);
for (const port of wanted.stream ?? []) {
  await listen(port, (socket) => {
    const fill = () => {
      while (!socket.destroyed && socket.write(block));
    };
    socket.on("drain", fill).resume();
    fill();
  });
}
for (const port of wanted.sink ?? []) {
  await listen(port, (socket) => {
    const timer = setInterval(() => socket.write(`${socket.bytesRead}\n`), 100);
    socket.on("close", () => clearInterval(timer)).resume();
  });
}
// A socket of `::` answers from an address of the kernel's choice, so each address has its own.
for (const port of wanted.udp ?? []) {
  for (const address of wanted.addresses) {
    const type = address.includes(":") ? "udp6" : "udp4";
    const socket = dgram.createSocket({ type, ipv6Only: type === "udp6", recvBufferSize: 4_000_000 });
    socket.on("message", (message, from) => socket.send(message, from.port, from.address));
    await new Promise((resolve) => socket.bind(port, address, resolve));
  }
}
process.stdout.write("ready\n");
