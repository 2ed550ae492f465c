/**
 * A certificate by ACME (RFC 8555), proved with HTTP-01: the CA fetches a file from port 80 of the portal's name. That
 * request comes from the Internet, so besides the guests' listener a small one answers on port 80 while an order is open.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { Client, crypto } from "acme-client";
import { type Judged, judge, readPair } from "./certificate.ts";

const DAY = 86_400_000;
/** Days before the end from when on a new one is ordered. */
const RENEW_DAYS = 30;

export const CHALLENGE_PATH = "/.well-known/acme-challenge/";

export interface AcmeSettings {
  readonly directory: string;
  readonly email: string;
  /** Where account key, key and chain are kept, readable by us alone. */
  readonly folder: string;
}

export class Acme {
  readonly #settings: AcmeSettings;
  readonly #name: string;
  readonly #now: () => number;
  readonly #port: number;
  /** Token → key authorization. */
  readonly #open: Map<string, string> = new Map();

  /** @param port where HTTP-01 is answered for the CA */
  constructor(settings: AcmeSettings, name: string, now: () => number, port = 80) {
    this.#settings = settings;
    this.#name = name;
    this.#now = now;
    this.#port = port;
  }

  /** What to answer for a path below {@link CHALLENGE_PATH}; null when no such order is open. */
  answer(path: string): string | null {
    return path.startsWith(CHALLENGE_PATH) ? (this.#open.get(path.slice(CHALLENGE_PATH.length)) ?? null) : null;
  }

  #file(name: string): string {
    return join(this.#settings.folder, name);
  }

  /** The certificate that is there and will do for a while; null when one has to be ordered. */
  async stored(): Promise<Judged | null> {
    const pair = await readPair({ chain: this.#file("chain.pem"), key: this.#file("key.pem") });
    if (typeof pair === "string") return null;
    const judged = judge(pair, this.#name, this.#now());
    return typeof judged === "string" ? null : judged;
  }

  due(judged: Judged | null): boolean {
    return judged === null || judged.until - this.#now() < RENEW_DAYS * DAY;
  }

  /** @throws when the CA does not give one; the message says what it said */
  async order(): Promise<Judged> {
    await mkdir(this.#settings.folder, { recursive: true, mode: 0o700 });
    const client = new Client({ directoryUrl: this.#settings.directory, accountKey: await this.#accountKey() });
    const [key, csr] = await crypto.createCsr({ altNames: [this.#name] }, await crypto.createPrivateEcdsaKey());
    const listener = await this.#listen();
    try {
      const chain = await client.auto({
        csr,
        email: this.#settings.email,
        termsOfServiceAgreed: true,
        // We may not reach our own name from inside.
        skipChallengeVerification: true,
        challengePriority: ["http-01"],
        challengeCreateFn: async (_authorization, challenge, authorization) => {
          this.#open.set(challenge.token, authorization);
        },
        challengeRemoveFn: async (_authorization, challenge) => {
          this.#open.delete(challenge.token);
        },
      });
      const judged = judge({ chain, key: key.toString() }, this.#name, this.#now());
      if (typeof judged === "string") throw new Error(judged);
      await this.#write("key.pem", judged.pair.key);
      await this.#write("chain.pem", judged.pair.chain);
      return judged;
    } catch (error) {
      if (listener !== null) throw error;
      throw new Error(`${(error as Error).message} (another program has port ${this.#port}, where the CA asks)`);
    } finally {
      listener?.close();
      listener?.closeAllConnections();
      this.#open.clear();
    }
  }

  async #accountKey(): Promise<string> {
    try {
      return await readFile(this.#file("account.pem"), "utf8");
    } catch {
      const key = (await crypto.createPrivateEcdsaKey()).toString();
      await this.#write("account.pem", key);
      return key;
    }
  }

  async #write(name: string, text: string): Promise<void> {
    const path = this.#file(name);
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  /** Null when the port is taken: then whoever has it, the guests' listener perhaps, has to answer. */
  async #listen(): Promise<Server | null> {
    const server = createServer({ maxHeaderSize: 8_192 }, (request, response) => {
      const text = this.answer(request.url ?? "");
      response.writeHead(text === null ? 404 : 200, { "Content-Type": "text/plain", Connection: "close" });
      response.end(text ?? "");
    });
    server.maxConnections = 32;
    server.headersTimeout = 5_000;
    server.requestTimeout = 5_000;
    return await new Promise((resolve) => {
      server.once("error", () => resolve(null));
      server.listen(this.#port, () => resolve(server));
    });
  }
}
