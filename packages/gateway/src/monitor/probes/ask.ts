/** Probes that ask one question at a time: TCP, HTTP, DNS. */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { connect, isIPv6 } from "node:net";
import type { ProbeDefinition } from "@pierhead/lang/ifstated";
import type { Asker } from "./asker.ts";

/** One question: calls `done` once, with whether there was an answer. @returns gives it up */
type Ask = (probe: ProbeDefinition, done: (answered: boolean) => void) => () => void;

/** The connection is made. A refusal is an answer of the host, but not of what was asked for. */
const askTcp: Ask = (probe, done) => {
  const socket = connect({
    host: probe.target,
    port: probe.port ?? 0,
    ...(probe.source === null ? {} : { localAddress: probe.source }),
  });
  socket.once("connect", () => done(true));
  socket.on("error", () => done(false));
  return () => socket.destroy();
};

/** A response that is no error: 200 to 399. */
const askHttp: Ask = (probe, done) => {
  const get = probe.target.startsWith("https:") ? getHttps : getHttp;
  const request = get(
    probe.target,
    { agent: false, ...(probe.source === null ? {} : { localAddress: probe.source }) },
    (response) => {
      const status = response.statusCode ?? 0;
      done(status >= 200 && status < 400);
      response.destroy();
    },
  );
  request.on("error", () => done(false));
  return () => request.destroy();
};

/** A response to our question (RFC 1035 4.1.1): no error, or that the name does not exist. */
const askDns: Ask = (probe, done) => {
  const socket = createSocket(isIPv6(probe.target) ? "udp6" : "udp4");
  const id = randomInt(0x10000);
  const close = (): void => {
    try {
      socket.close();
    } catch {
      // It is closed already.
    }
  };
  socket.on("error", () => done(false));
  socket.on("message", (message) => {
    if (isDnsAnswer(message, id)) done(true);
  });
  const ask = (): void => {
    // Connected, so that only the target's packets arrive.
    socket.connect(probe.port ?? 53, probe.target, (error?: Error) => {
      if (error !== undefined) done(false);
      else socket.send(dnsQuestion(id, probe.query), () => {});
    });
  };
  if (probe.source === null) ask();
  else socket.bind(0, probe.source, ask);
  return close;
};

/** A query for the addresses of a name; for the root, its name servers. */
export function dnsQuestion(id: number, name: string): Buffer {
  const labels = name.split(".").filter((label) => label !== "");
  const parts: Buffer[] = [Buffer.from([id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])];
  for (const label of labels) {
    const bytes = Buffer.from(label, "latin1");
    parts.push(Buffer.from([bytes.length]), bytes);
  }
  parts.push(Buffer.from([0, 0, labels.length === 0 ? 2 : 1, 0, 1]));
  return Buffer.concat(parts);
}

export function isDnsAnswer(message: Buffer, id: number): boolean {
  if (message.length < 12 || message.readUInt16BE(0) !== id) return false;
  const flags = message.readUInt16BE(2);
  const code = flags & 15;
  return (flags & 0x8000) !== 0 && (code === 0 || code === 3);
}

const ASK: Readonly<Record<Exclude<ProbeDefinition["method"], "icmp">, Ask>> = {
  tcp: askTcp,
  http: askHttp,
  dns: askDns,
};

/** Asks at every interval, whether or not the question before has been answered. */
export function startAsking(probe: ProbeDefinition, result: (latency: number | null) => void): Asker {
  const ask = ASK[probe.method === "icmp" ? "tcp" : probe.method];
  const open = new Set<() => void>();
  const once = (): void => {
    const started = performance.now();
    let over = false;
    const finish = (answered: boolean): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      open.delete(stop);
      giveUp?.();
      result(answered ? (performance.now() - started) / 1000 : null);
    };
    let giveUp: (() => void) | null = null;
    const stop = (): void => {
      over = true;
      clearTimeout(timer);
      giveUp?.();
    };
    const timer = setTimeout(() => finish(false), probe.timeout * 1000);
    open.add(stop);
    giveUp = ask(probe, finish);
    if (over) giveUp();
  };
  const timer = setInterval(once, probe.every * 1000);
  once();
  return {
    pid: null,
    stop(): void {
      clearInterval(timer);
      for (const stop of open) stop();
      open.clear();
    },
  };
}
