/** The RADIUS client: requests out of records, servers in order of preference, answers that were checked. */
import { randomBytes } from "node:crypto";
import type { RadiusConfig, RadiusServerConfig } from "@pierhead/lang/portal-conf";
import {
  AttributeSet,
  attribute,
  CODE,
  decodePacket,
  encodePacket,
  type RadiusAttribute,
  type RadiusPacket,
} from "@pierhead/lang/radius-wire";
import { ACCESS_ANSWERS, readAccessAnswer } from "./answer.ts";
import { type CredentialAttributes, credentialAttributes, MOST_PASSWORD } from "./credentials.ts";
import { AUTHENTICATOR_LENGTH, checkAnswer, signAccessRequest, signRequest } from "./digest.ts";
import { accessAttributes, accountingAttributes, type NasFacts } from "./request.ts";
import type { Outgoing, Road } from "./road.ts";
import { Roads, type RoadsAnswer, type RoadsOptions } from "./roads.ts";
import { TlsRoad } from "./tls-road.ts";
import type { AccessAnswer, AccessRequest, AccountingRecord, RadiusClient, RadiusServerStatus } from "./types.ts";
import { UdpRoad } from "./udp-road.ts";

export interface RadiusClientOptions {
  /** WISPr-Logoff-URL of Access-Requests. */
  readonly logoffUrl?: string | null;
  /** Unix milliseconds. */
  readonly now?: () => number;
  /** Milliseconds that only rise. */
  readonly clock?: () => number;
}

/** RFC 6614, 2.3: what MD5 is fed with where TLS protects. */
const RADSEC = Buffer.from("radsec");
/** RFC 2865, 5.1: User-Name is one attribute. */
const MOST_USER = 253;
const MESSAGE_AUTHENTICATOR_PLACE = attribute("Message-Authenticator", new Uint8Array(AUTHENTICATOR_LENGTH));

/** Why answers that came were not believed: what an operator has to mend. */
type Doubts = Map<Server, string>;

const DOUBT = {
  authenticator: "answered, but not with this shared secret",
  "message-authenticator": "answered without a good Message-Authenticator",
} as const;

interface Server {
  readonly config: RadiusServerConfig;
  readonly secret: Uint8Array;
  /** The same one over TLS. */
  readonly authentication: Road;
  readonly accounting: Road;
}

export function createRadiusClient(config: RadiusConfig, options: RadiusClientOptions = {}): RadiusClient {
  return new Client(config, options);
}

class Client implements RadiusClient {
  readonly #config: RadiusConfig;
  readonly #nas: NasFacts;
  readonly #now: () => number;
  readonly #servers: readonly Server[];
  readonly #authentication: Roads<Server>;
  readonly #accounting: Roads<Server>;

  constructor(config: RadiusConfig, options: RadiusClientOptions) {
    this.#config = config;
    this.#nas = { ...config, logoffUrl: options.logoffUrl ?? null };
    this.#now = options.now ?? Date.now;
    this.#servers = config.servers.map(openServer);
    const patience: RoadsOptions = {
      attempts: Math.max(1, config.attempts),
      timeout: config.timeout * 1000,
      deadTime: config.deadTime * 1000,
      clock: options.clock ?? (() => performance.now()),
    };
    const ways = (which: "authentication" | "accounting"): { server: Server; road: Road }[] =>
      this.#servers.map((server) => ({ server, road: server[which] }));
    this.#authentication = new Roads(ways("authentication"), patience);
    // One connection lives or dies as a whole; two ports need not.
    this.#accounting = this.#servers.some(({ config }) => config.tls === null)
      ? new Roads(ways("accounting"), patience)
      : this.#authentication;
  }

  async authenticate(request: AccessRequest): Promise<AccessAnswer> {
    if (!fits(request)) return { kind: "reject", message: "" };
    let attributes: readonly RadiusAttribute[];
    try {
      attributes = accessAttributes(request, this.#nas);
    } catch (error) {
      return { kind: "silence", reason: `The request cannot be written: ${(error as Error).message}.` };
    }
    // Of the request that was answered.
    let credentials: CredentialAttributes | null = null;
    const doubts: Doubts = new Map();
    const answered = await this.#authentication.ask((server) => ({
      make: (identifier) => {
        const authenticator = randomBytes(AUTHENTICATOR_LENGTH);
        const made = credentialAttributes(request, this.#config.protocol, server.secret, authenticator);
        credentials = made;
        const packet = {
          code: CODE.accessRequest,
          identifier,
          authenticator,
          // First, so that nothing an attacker chose comes before it (CVE-2024-3596).
          attributes: [MESSAGE_AUTHENTICATOR_PLACE, ...attributes, ...made.attributes],
        };
        const bytes = encodePacket(packet);
        signAccessRequest(bytes, server.secret);
        return { bytes, authenticator };
      },
      believes: (bytes, outgoing) =>
        ACCESS_ANSWERS.has(bytes[0] as number) && believes(bytes, outgoing, server, doubts),
    }));
    if (answered.kind === "silence") return { kind: "silence", reason: silence(answered, doubts) };
    const packet = packetOf(answered.bytes);
    const set = new AttributeSet(packet.attributes);
    const proof = credentials as CredentialAttributes | null;
    if (packet.code === CODE.accessAccept && proof?.proven(set) === false) {
      const who = answered.server.config.host;
      return { kind: "silence", reason: `${who} accepted without showing that it knows the password (MS-CHAPv2).` };
    }
    return readAccessAnswer(packet, set, this.#config.swapOctets, this.#now());
  }

  async account(record: AccountingRecord): Promise<boolean> {
    const answered = await this.#accounting.ask((server) => {
      // Once for each server: what is sent again is the same packet, which servers know for a duplicate. One with another
      // Acct-Delay-Time would be another request (RFC 2866, 4.1) and, when only the answer was lost, another record.
      const attributes = accountingAttributes(record, this.#nas, this.#now());
      return {
        make: (identifier) => {
          const authenticator = new Uint8Array(AUTHENTICATOR_LENGTH);
          const bytes = encodePacket({ code: CODE.accountingRequest, identifier, authenticator, attributes });
          signRequest(bytes, server.secret);
          return { bytes, authenticator: bytes.subarray(4, 20) };
        },
        believes: (bytes, outgoing) =>
          bytes[0] === CODE.accountingResponse && believes(bytes, outgoing, server, new Map()),
      };
    });
    return answered.kind === "answer";
  }

  status(): readonly RadiusServerStatus[] {
    return this.#servers.map((server) => {
      const roads = new Set([server.authentication, server.accounting]);
      const sum = (which: "requests" | "timeouts" | "discarded"): number =>
        [...roads].reduce((total, road) => total + road.counts[which], 0);
      return {
        host: server.config.host,
        alive: this.#authentication.alive(server) && this.#accounting.alive(server),
        roundTrip: server.authentication.counts.roundTrip ?? server.accounting.counts.roundTrip,
        requests: sum("requests"),
        timeouts: sum("timeouts"),
        discarded: sum("discarded"),
      };
    });
  }

  async close(): Promise<void> {
    for (const { authentication, accounting } of this.#servers) {
      authentication.close();
      accounting.close();
    }
  }
}

function openServer(config: RadiusServerConfig): Server {
  if (config.tls !== null) {
    const road = new TlsRoad(config.host, config.tls);
    return { config, secret: RADSEC, authentication: road, accounting: road };
  }
  return {
    config,
    secret: Buffer.from(config.secret.reveal()),
    authentication: new UdpRoad(config.host, config.authenticationPort),
    accounting: new UdpRoad(config.host, config.accountingPort),
  };
}

/** What cannot be put into a request is nobody's name or password. */
function fits(request: AccessRequest): boolean {
  const { user, credentials } = request;
  if (user === "" || Buffer.byteLength(user) > MOST_USER) return false;
  if (credentials.kind !== "password") return credentials.response.length === (credentials.kind === "chap" ? 16 : 24);
  return Buffer.byteLength(credentials.password) <= MOST_PASSWORD;
}

/** TLS has checked who sends; over UDP a Message-Authenticator has to be there. */
function believes(bytes: Uint8Array, outgoing: Outgoing, server: Server, doubts: Doubts): boolean {
  const verdict = checkAnswer(bytes, outgoing.authenticator, server.secret, server.config.tls === null);
  if (verdict !== "good") doubts.set(server, DOUBT[verdict]);
  return verdict === "good";
}

function packetOf(bytes: Uint8Array): RadiusPacket {
  const decoded = decodePacket(bytes);
  if (decoded.kind === "damaged") throw new Error("a road gave a damaged packet");
  return decoded.packet;
}

function silence({ reasons }: Extract<RoadsAnswer<Server>, { kind: "silence" }>, doubts: Doubts): string {
  if (reasons.length === 0) return "No RADIUS server is configured.";
  const each = reasons.map(({ server, reason }) => `${server.config.host} ${doubts.get(server) ?? reason}`);
  return `No RADIUS server answered: ${each.join(", ")}.`;
}
