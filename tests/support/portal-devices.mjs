// Many devices in one namespace, each with an address of its own: HTTP as cheap as it gets, so that what is measured is the
// portal. A request a line on standard input, an answer a line on standard output.
import dgram from "node:dgram";
import net from "node:net";
import { createInterface } from "node:readline";

const [host, portText, firstAddress] = process.argv.slice(2);
const port = Number(portText);
const PATIENCE = 20_000;
const base = firstAddress.split(".").map(Number);

function addressOf(device) {
  const number = base[2] * 256 + base[3] + device;
  return `${base[0]}.${base[1]}.${number >> 8}.${number & 255}`;
}

const kept = new Map();
const tokens = new Map();

/** One request and its answer; `keep` uses the connection the device has, and leaves it open. */
function http(device, method, path, body, keep) {
  return new Promise((resolve) => {
    let socket = kept.get(device);
    if (socket === undefined || socket.destroyed || !keep) {
      socket = net.connect({ host, port, localAddress: addressOf(device), noDelay: true });
      if (keep) kept.set(device, socket);
    }
    let text = "";
    let wanted = -1;
    const end = (answer) => {
      socket.removeAllListeners("data").removeAllListeners("error").removeAllListeners("close");
      socket.on("error", () => {});
      socket.setTimeout(0);
      if (!keep || answer.status === 0) {
        socket.destroy();
        kept.delete(device);
      }
      resolve(answer);
    };
    const look = (whole) => {
      const head = text.indexOf("\r\n\r\n");
      if (head === -1) return;
      if (wanted === -1) {
        const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head));
        wanted = length === null ? -2 : Number(length[1]);
      }
      const answer = text.slice(head + 4);
      const done = wanted === -2 ? whole || answer.endsWith("0\r\n\r\n") : Buffer.byteLength(answer) >= wanted;
      if (done) end({ status: Number(text.slice(9, 12)), head: text.slice(0, head), body: answer });
    };
    socket.setTimeout(PATIENCE, () => end({ status: 0, body: "timeout" }));
    socket.on("data", (data) => {
      text += data.toString("utf8");
      look(false);
    });
    socket.on("error", (error) => end({ status: 0, body: error.code }));
    socket.on("close", () => {
      look(true);
      end({ status: 0, body: "closed" });
    });
    const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}:${port}`, "Accept: application/json"];
    if (body !== null) {
      lines.push("Content-Type: application/x-www-form-urlencoded", `Content-Length: ${Buffer.byteLength(body)}`);
    }
    if (!keep) lines.push("Connection: close");
    socket.write(`${lines.join("\r\n")}\r\n\r\n${body ?? ""}`);
  });
}

async function token(device, keep) {
  const known = tokens.get(device);
  if (known !== undefined) return known;
  const { status, body } = await http(device, "GET", "/", null, keep);
  const found = /name="token" value="([^"]+)"/.exec(body);
  if (status !== 200 || found === null) return null;
  tokens.set(device, found[1]);
  return found[1];
}

function reading({ status, body }) {
  const start = body.indexOf("{");
  const end = body.lastIndexOf("}");
  try {
    return { status, ...JSON.parse(body.slice(start, end + 1)) };
  } catch {
    return { status, result: "none", text: body.slice(0, 200) };
  }
}

const verbs = {
  /** Looks at the page, which gives the form's token. */
  page: async ({ device, keep }) => ({ result: (await token(device, keep === true)) === null ? "none" : "page" }),
  async in({ device, fields, keep }) {
    const had = tokens.get(device);
    const mine = await token(device, keep === true);
    if (mine === null) return { result: "none", status: 0 };
    const form = new URLSearchParams({ ...fields, token: mine }).toString();
    const answer = reading(await http(device, "POST", "/sign-in", form, keep === true));
    if (answer.status === 403 && had !== undefined && answer.why === "bad-request") tokens.delete(device);
    return answer;
  },
  async out({ device }) {
    const mine = await token(device, false);
    if (mine === null) return { result: "none", status: 0 };
    return reading(await http(device, "POST", "/sign-out", `token=${encodeURIComponent(mine)}`, false));
  },
  get: async ({ device, path, keep }) => reading(await http(device, "GET", path, null, keep === true)),
  forget: async ({ device }) => {
    kept.get(device)?.destroy();
    kept.delete(device);
    return { result: "forgotten" };
  },
  /** Datagrams of 1,000 octets in all to somewhere, `count` of them. */
  send: ({ device, to, count }) =>
    new Promise((resolve) => {
      const socket = dgram.createSocket("udp4");
      socket.on("error", () => {});
      socket.bind(0, addressOf(device), async () => {
        const block = Buffer.alloc(972);
        for (let sent = 0; sent < count; sent++) {
          await new Promise((done) => socket.send(block, 9, to, done));
        }
        socket.close();
        resolve({ result: "sent" });
      });
    }),
  /** Signs in devices `from` to `from + count - 1`, `abreast` at a time; how long it took and how many came in. */
  async storm({ from, count, abreast, keep, pages, fields }) {
    const devices = Array.from({ length: count }, (_, index) => from + index);
    const failures = new Map();
    const times = [];
    let next = 0;
    const each = async (work) => {
      next = 0;
      await Promise.all(
        Array.from({ length: abreast }, async () => {
          while (next < devices.length) await work(devices[next++]);
        }),
      );
    };
    if (!pages) await each((device) => token(device, keep));
    const started = performance.now();
    await each(async (device) => {
      const before = performance.now();
      const { result, text, status } = await verbs.in({ device, fields, keep });
      times.push(performance.now() - before);
      if (result !== "in")
        failures.set(`${status} ${result} ${text}`, (failures.get(`${status} ${result} ${text}`) ?? 0) + 1);
    });
    const took = performance.now() - started;
    for (const device of devices) {
      kept.get(device)?.destroy();
      kept.delete(device);
    }
    times.sort((a, b) => a - b);
    return {
      result: "storm",
      took,
      median: times[times.length >> 1],
      slowest: times.at(-1),
      cpu: process.cpuUsage(),
      failures: Object.fromEntries(failures),
    };
  },
};

createInterface({ input: process.stdin }).on("line", async (line) => {
  const request = JSON.parse(line);
  const answer = await verbs[request.verb](request);
  process.stdout.write(`${JSON.stringify({ id: request.id, ...answer })}\n`);
});
process.stdout.write('{"ready":true}\n');
