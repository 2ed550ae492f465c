/** Clients that are slow, many, or say nothing: the server of guests' pages and of the admin. */
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { GUESTS, type ListenLimits, listen, makeServer, shut } from "./listen.ts";

const open: { readonly servers: ReturnType<typeof makeServer>[]; readonly sockets: Socket[] } = {
  servers: [],
  sockets: [],
};
afterEach(async () => {
  for (const socket of open.sockets.splice(0)) socket.destroy();
  await Promise.all(open.servers.splice(0).map(shut));
});

/** Answers with what was posted. */
async function serve(
  limits: Partial<ListenLimits>,
  ownerOf: (address: string) => Promise<string | null> = async () => null,
) {
  const server = makeServer(async (request) => new Response(await request.text()), null, {
    limits: { ...GUESTS, ...limits },
    ownerOf,
  });
  open.servers.push(server);
  return listen(server, "127.0.0.1", 0);
}

/** Resolves with all that was answered when the server closes. */
function dial(port: number, first: string, localAddress = "127.0.0.1"): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  open.sockets.push(socket);
  let text = "";
  return new Promise((resolve) => {
    socket.setEncoding("utf8").on("data", (more) => {
      text += more;
    });
    socket.on("error", () => {}).on("close", () => resolve(text));
    socket.write(first);
  });
}

const POST = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n";
const QUICK = { head: 150, request: 300, look: 50 };

describe("a server", () => {
  it.each([
    ["whose head never ends", POST],
    ["whose body never ends", `${POST}\r\nname=`],
  ])("takes its time back from a request %s", async (_, start) => {
    expect(await dial(await serve(QUICK), start)).toMatch(/^HTTP\/1.1 408 /);
  });

  it("closes what nothing comes on, and what asks nothing more", async () => {
    expect(await dial(await serve({ idle: 100 }), "")).toBe("");
    const port = await serve({ pause: 100 });
    expect(await dial(port, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")).toMatch(/\r\n\r\nhi$/);
  });

  it.each<[string, Partial<ListenLimits>, (address: string) => Promise<string | null>]>([
    ["of one address", { ofAddress: 2 }, async () => null],
    ["of one owner of addresses", { ofOwner: 2 }, async (address) => (address === "127.0.0.9" ? "other" : "one")],
    ["in all, whoever they are", { connections: 2 }, async () => null],
  ])("has a limit of connections %s", async (what, limits, ownerOf) => {
    const port = await serve(limits, ownerOf);
    let closed = 0;
    const over = new Promise<void>((resolve) => {
      for (const n of [1, 1, 1, 1, 1]) {
        void dial(port, "", `127.0.0.${n}`).then(() => {
          closed++;
          if (closed === 3) resolve();
        });
      }
    });
    await over;
    expect(closed).toBe(3);
    if (what.startsWith("in all")) return;
    const answer = dial(port, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "127.0.0.9");
    expect(await answer).toMatch(/^HTTP\/1.1 200 /);
  });
});
