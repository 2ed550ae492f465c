// What a guest's machine tries, all at once: a JSON list on standard input, answers in the same order on standard output.
import dgram from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import net from "node:net";

const PATIENCE = 4_000;

/** What was said, or the error's name; "timeout" is what must not happen. */
function tcp({ host, port, source }) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, localAddress: source });
    let text = "";
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PATIENCE, () => end("timeout"));
    socket.on("data", (data) => {
      text += data.toString("latin1", 0, 64);
      if (text.includes("\n")) end(text.split("\n")[0]);
    });
    socket.on("error", (error) => end(error.code));
    socket.on("close", () => resolve(text || "closed"));
  });
}

/** One datagram and its echo. */
function udp({ host, port, source, sourcePort, text = "question" }) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
    const timer = setTimeout(() => end("timeout"), PATIENCE / 4);
    const end = (answer) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    socket.on("message", (message) => end(`echo ${message}`));
    socket.on("error", (error) => end(error.code));
    socket.bind(sourcePort ?? 0, source, () => {
      socket.connect(port, host, (error) => {
        if (error) end(error.code);
        else socket.send(text);
      });
    });
  });
}

/** `count` datagrams of `size` octets, a few in flight; how many came back. */
function echoes({ host, port, count, size }) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket({ type: host.includes(":") ? "udp6" : "udp4", recvBufferSize: 4_000_000 });
    const block = Buffer.alloc(size);
    let back = 0;
    let timer = setTimeout(() => undefined, 0);
    const end = () => {
      socket.close();
      resolve(back);
    };
    socket.on("error", () => undefined);
    socket.on("message", () => {
      back++;
      clearTimeout(timer);
      timer = setTimeout(end, 1_000);
      if (back === count) {
        clearTimeout(timer);
        end();
      } else socket.send(block);
    });
    socket.connect(port, host, () => {
      timer = setTimeout(end, 1_000);
      socket.send(block);
    });
  });
}

/**
 * Takes from a stream for `seconds`, or fills a sink, at most until there is the file `until`; octets, and bits per second
 * after the first second; `cut` when it was not us who ended it.
 */
function bulk({ host, port, seconds, octets, send, until, talks }) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    let total = 0;
    let from = null;
    let last = null;
    let mine = false;
    const started = performance.now();
    const seen = (amount) => {
      total += amount;
      last = { at: performance.now(), total };
      if (from === null && last.at - started > 1_000) from = last;
      if (octets !== undefined && total >= octets) end();
    };
    const end = () => {
      mine = true;
      socket.destroy();
    };
    const timer = setTimeout(end, seconds * 1_000);
    const look = until === undefined ? undefined : setInterval(() => existsSync(until) && end(), 100);
    // Who only listens is told nothing: resets go to who sends.
    const talk = talks ? setInterval(() => socket.write("."), 300) : undefined;
    // The code says little: libuv ends a stream that was reset while its last data were read as if it had been finished.
    socket.on("error", () => undefined);
    // What a sender has written may lie in its own buffer: only the sink knows what came.
    socket.on("data", (data) => {
      if (send) seen(Math.max(0, Number(data.toString("latin1").trim().split("\n").at(-1)) - total));
      else seen(data.length);
    });
    if (send) {
      const block = Buffer.alloc(16_384);
      const filled = (failed) => {
        if (!failed) fill();
      };
      const fill = () => {
        if (!socket.destroyed) socket.write(block, filled);
      };
      socket.on("connect", fill);
    }
    socket.on("close", () => {
      clearTimeout(timer);
      clearInterval(look);
      clearInterval(talk);
      const rate = from === null || from === last ? null : ((last.total - from.total) * 8_000) / (last.at - from.at);
      resolve({ total, rate, cut: !mine, received: socket.bytesRead });
    });
  });
}

const kinds = { tcp, udp, echoes, bulk };
const tries = JSON.parse(readFileSync(0, "utf8"));
const answers = await Promise.all(tries.map((one) => kinds[one.kind](one)));
process.stdout.write(`${JSON.stringify(answers)}\n`, () => process.exit(0));
