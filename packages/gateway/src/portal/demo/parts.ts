/**
 * The programs a demo starts inside its namespaces. What listens at a loopback port of the machine is opened by the demo and
 * handed over, since a socket stays in the namespace it was made in: so the portal sees the guest's own address.
 */
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Server } from "node:net";
import { ADMIN_PORT, GARDEN, PORTAL_ORIGIN, SITE_ORIGIN } from "./plan.ts";

const PARTS = ["internet", "guest-view", "admin-view"] as const;
export type DemoPart = (typeof PARTS)[number];

/** Octets of the big file. */
const BIG = 20_000_000;

export function isDemoPart(text: string): text is DemoPart {
  return (PARTS as readonly string[]).includes(text);
}

/** Plays a part until the demo that started it is gone. */
export async function playPart(part: DemoPart): Promise<void> {
  const gone = new Promise<void>((resolve) => process.once("disconnect", resolve));
  // Ctrl-C of a terminal meets everybody: the demo says when it is over.
  for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => undefined);
  if (part === "internet") await internet();
  else if (part === "admin-view") onServer((server) => forward(server, "127.0.0.1", ADMIN_PORT));
  else guestView();
  process.send?.("ready");
  await gone;
}

async function internet(): Promise<void> {
  const server = createServer((request, response) => {
    if (request.url === "/big") return big(response);
    const isGarden = request.headers.host?.split(":")[0] === GARDEN;
    const said = isGarden
      ? "This is in the walled garden: guests reach it before they sign in."
      : "You are out. This page is the Internet of the demo.";
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", Connection: "close" }).end(
      `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>The Internet</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem}:root{color-scheme:light dark}</style>
<h1>${isGarden ? "The garden" : "The Internet"}</h1><p>${said}</p>
<p>Your request came from ${request.socket.remoteAddress?.replace(/^::ffff:/, "")}.</p>
<p><a href="/big">A file of 20 MB</a>, to see rate and volume at work.</p></html>\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen({ port: 80, host: "::" }, resolve));
}

function big(response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": String(BIG) });
  const block = Buffer.alloc(64_000);
  let left = BIG;
  const fill = (): void => {
    while (left > 0) {
      const size = Math.min(left, block.length);
      left -= size;
      if (!response.write(block.subarray(0, size))) return;
    }
    response.end();
  };
  response.on("drain", fill);
  fill();
}

function onServer(take: (server: Server, name: string) => void): void {
  process.on("message", (name, server) => {
    if (typeof name === "string" && server !== undefined) take(server as Server, name);
  });
}

function forward(server: Server, host: string, port: number): void {
  server.on("connection", (near) => {
    const far = connect({ host, port });
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.pipe(far).pipe(near);
  });
}

/**
 * Pages as the guest sees them, for a browser outside. Each local origin stands for one of the guest's world, in what is sent
 * (Host, Origin, Referer) and in what comes back (Location, links).
 */
function guestView(): void {
  const local = new Map<string, string>();
  onServer((server, name) => {
    const origin = name === "site" ? SITE_ORIGIN : PORTAL_ORIGIN;
    const address = server.address();
    if (address === null || typeof address === "string") return;
    local.set(origin, `http://127.0.0.1:${address.port}`);
    const view = createServer((near, answer) => relay(near, answer, origin, local));
    server.on("connection", (socket) => view.emit("connection", socket));
  });
}

function relay(
  near: IncomingMessage,
  answer: ServerResponse,
  origin: string,
  local: ReadonlyMap<string, string>,
): void {
  const outward = (text: string): string => swap(text, local, ([far, here]) => [here, far]);
  const homeward = (text: string): string => swap(text, local, ([far, here]) => [far, here]);
  const headers: IncomingMessage["headers"] = { ...near.headers, host: new URL(origin).host, connection: "close" };
  delete headers["accept-encoding"];
  for (const name of ["origin", "referer"] as const) {
    const value = headers[name];
    if (typeof value === "string") headers[name] = outward(value);
  }
  // One family, so that the portal always names the same address of its own.
  const far = ask(`${origin}${near.url}`, { method: near.method, headers, agent: false, family: 4 }, (found) => {
    const back = { ...found.headers };
    if (back.location !== undefined) back.location = homeward(back.location);
    if (!/^text\/html/.test(back["content-type"] ?? "")) {
      answer.writeHead(found.statusCode ?? 502, back);
      found.pipe(answer);
      return;
    }
    const chunks: Buffer[] = [];
    found.on("data", (chunk: Buffer) => chunks.push(chunk));
    found.on("end", () => {
      // Links only: what a form holds is sealed by the portal.
      const page = Buffer.concat(chunks).toString("utf8");
      const body = Buffer.from(page.replace(/ href="[^"]*"/g, homeward));
      delete back["transfer-encoding"];
      answer.writeHead(found.statusCode ?? 502, { ...back, "content-length": String(body.length) }).end(body);
    });
  });
  far.on("error", (error: NodeJS.ErrnoException) => {
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(502, { "Content-Type": "text/plain" }).end(`The guest gets no answer: ${error.code}\n`);
  });
  near.on("error", () => far.destroy());
  near.pipe(far);
}

function swap(
  text: string,
  local: ReadonlyMap<string, string>,
  pair: (entry: readonly [string, string]) => readonly [from: string, to: string],
): string {
  let out = text;
  for (const entry of local) {
    const [from, to] = pair(entry);
    out = out.replaceAll(from, to);
  }
  return out;
}
