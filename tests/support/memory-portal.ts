/** A portal without kernel, store and RADIUS: what pages ask of one, with the meaning the real one has. */
import { createHash } from "node:crypto";
import { Secret } from "@pierhead/core";
import type { Client, Portal, PortalStatus, SignIn, SignInAnswer } from "@pierhead/gateway/portal";
import { type Credentials, ntResponseMatches } from "@pierhead/gateway/radius";
import type { SessionLimitsNow, StoredSession } from "@pierhead/gateway/store";
import type { PortalConfig } from "@pierhead/lang/portal-conf";

interface Ticket {
  readonly code: string;
  readonly duration: number | null;
  readonly octets: bigint | null;
  readonly devices: number;
  expires: number | null;
  revoked: boolean;
  usedOctets: bigint;
  readonly usedBy: Set<string>;
}

const FREE: SessionLimitsNow = {
  until: null,
  idle: 600,
  octetsInput: null,
  octetsOutput: null,
  octetsTotal: null,
  rateUp: null,
  rateDown: null,
  interim: null,
};

const WRONG_TRIES = 5;
const PENALTY = 30_000;

export class MemoryPortal implements Portal {
  now: () => number;
  /** Address → MAC; others are nobody's. */
  readonly devices: Map<string, string> = new Map([["127.0.0.1", "02:00:00:00:00:01"]]);
  readonly users: Map<string, string> = new Map([["anna", "correct horse"]]);
  readonly vouchers: Map<string, Ticket> = new Map();
  readonly mails: Map<string, string> = new Map();
  /** Credentials every password sign-in came with. */
  readonly asked: { readonly user: string; readonly credentials: Credentials }[] = [];
  /** What a server says with its answer, by user. */
  readonly replies: Map<string, { message: string; redirect: string | null }> = new Map();
  clickSeconds: number | null = 3_600;
  /** What a user is asked besides the password, and what is right. */
  readonly seconds: Map<string, { message: string; answer: string; echo: boolean }> = new Map();
  readonly questions: Map<string, { mac: string; user: string; answer: string }> = new Map();
  /** MAC → when it may click again. */
  readonly pauses: Map<string, number> = new Map();
  readonly #open: Map<string, StoredSession> = new Map();
  readonly #wrong: Map<string, { count: number; until: number }> = new Map();
  #numbers = 0;

  constructor(now: () => number = Date.now) {
    this.now = now;
  }

  addVoucher(code: string, more: Partial<Ticket> = {}): Ticket {
    const ticket: Ticket = {
      code,
      duration: 7_200,
      octets: 500_000_000n,
      devices: 1,
      expires: null,
      revoked: false,
      usedOctets: 0n,
      usedBy: new Set(),
      ...more,
    };
    this.vouchers.set(code.replace(/[\s-]/g, "").toUpperCase(), ticket);
    return ticket;
  }

  async client(address: string): Promise<Client> {
    const mac = this.devices.get(address) ?? null;
    const session = mac === null ? null : (this.#open.get(mac) ?? null);
    if (mac !== null && session?.limits.until != null && session.limits.until <= this.now()) {
      this.#open.delete(mac);
      return { address, mac, session: null };
    }
    return { address, mac, session };
  }

  /** Traffic of a session, as the kernel would count it. */
  use(mac: string, input: bigint, output: bigint): void {
    const session = this.#open.get(mac);
    if (session === undefined) return;
    this.#open.set(mac, {
      ...session,
      inputOctets: session.inputOctets + input,
      outputOctets: session.outputOctets + output,
      active: this.now(),
    });
  }

  async pause(mac: string): Promise<number | null> {
    const until = this.pauses.get(mac) ?? 0;
    return until > this.now() ? until : null;
  }

  async signIn(address: string, how: SignIn): Promise<SignInAnswer> {
    const { mac, session } = await this.client(address);
    if (mac === null) return refused("unknown-device");
    if (session !== null) return refused("already-in");
    const wrong = this.#wrong.get(mac);
    if (wrong !== undefined && wrong.count >= WRONG_TRIES) {
      if (this.now() < wrong.until) return { kind: "slow-down", seconds: (wrong.until - this.now()) / 1_000 };
      this.#wrong.delete(mac);
    }
    const answer = this.#check(mac, how);
    if (answer.kind === "refused" && (answer.why === "wrong-credentials" || answer.why === "unknown-voucher"))
      this.#wrong.set(mac, { count: (this.#wrong.get(mac)?.count ?? 0) + 1, until: this.now() + PENALTY });
    if (answer.kind === "in") {
      this.#wrong.delete(mac);
      this.#open.set(mac, answer.session);
    }
    return answer;
  }

  #check(mac: string, how: SignIn): SignInAnswer {
    switch (how.method) {
      case "click": {
        const paused = this.pauses.get(mac) ?? 0;
        if (paused > this.now()) return { kind: "pause", until: paused };
        const until = this.clickSeconds === null ? null : this.now() + this.clickSeconds * 1_000;
        return this.#in(mac, "", "click", { ...FREE, until }, "");
      }
      case "voucher": {
        const ticket = this.vouchers.get(how.code.replace(/[\s-]/g, "").toUpperCase());
        if (ticket === undefined) return refused("unknown-voucher");
        if (ticket.revoked) return refused("revoked");
        if (ticket.expires !== null && ticket.expires <= this.now()) return refused("expired");
        if (ticket.octets !== null && ticket.usedOctets >= ticket.octets) return refused("used-up");
        if (!ticket.usedBy.has(mac) && ticket.usedBy.size >= ticket.devices) return refused("too-many-devices");
        ticket.usedBy.add(mac);
        const until = ticket.duration === null ? null : this.now() + ticket.duration * 1_000;
        const left = ticket.octets === null ? null : ticket.octets - ticket.usedOctets;
        return this.#in(mac, ticket.code, "voucher", { ...FREE, until, octetsTotal: left }, ticket.code);
      }
      case "answer": {
        const question = this.questions.get(how.key);
        if (question === undefined || question.mac !== mac) return refused("stale-question");
        this.questions.delete(how.key);
        if (how.answer !== question.answer) return refused("wrong-credentials");
        return this.#in(mac, question.user, "password", FREE, "");
      }
      case "password": {
        this.asked.push({ user: how.user, credentials: how.credentials });
        if (how.user === "crowd") return { kind: "busy" };
        if (how.user === "silent") return { kind: "unavailable", reason: "radius 192.0.2.7 says nothing" };
        const reply = this.replies.get(how.user) ?? { message: "", redirect: null };
        const password = this.users.get(how.user);
        if (password === undefined || !matches(how.credentials, how.user, password))
          return { kind: "refused", why: "wrong-credentials", ...reply };
        const second = this.seconds.get(how.user);
        if (second !== undefined && how.dialogue === true) {
          const key = `key-${this.questions.size}`;
          this.questions.set(key, { mac, user: how.user, answer: second.answer });
          return { kind: "question", key, message: second.message, echo: second.echo };
        }
        const answer = this.#in(mac, how.user, "password", { ...FREE, until: this.now() + 5_400_000 }, "");
        return answer.kind === "in" ? { ...answer, ...reply } : answer;
      }
      case "email": {
        const mail = this.mails.get(how.token);
        if (mail === undefined) return refused("expired");
        this.mails.delete(how.token);
        return this.#in(mac, mail, "email", FREE, "");
      }
    }
  }

  #in(
    mac: string,
    user: string,
    method: StoredSession["method"],
    limits: SessionLimitsNow,
    voucher: string,
  ): SignInAnswer {
    const none = { inputOctets: 0n, outputOctets: 0n, inputPackets: 0n, outputPackets: 0n };
    const number = ++this.#numbers;
    const session: StoredSession = {
      id: `65a0${number.toString(16).padStart(8, "0")}`,
      gateway: "pier",
      number,
      mac,
      addresses: [...this.devices].filter(([, other]) => other === mac).map(([address]) => address),
      user,
      method,
      voucher: voucher === "" ? null : voucher,
      radius: method === "password",
      classes: [],
      state: "open",
      started: this.now(),
      ended: null,
      cause: null,
      limits,
      ...none,
      kernel: none,
      active: this.now(),
      reported: this.now(),
    };
    return { kind: "in", session, redirect: null, message: "" };
  }

  async signOut(address: string): Promise<boolean> {
    const mac = this.devices.get(address);
    return mac !== undefined && this.#open.delete(mac);
  }

  async kick(id: string): Promise<boolean> {
    for (const [mac, session] of this.#open) if (session.id === id) return this.#open.delete(mac);
    return false;
  }

  sessions(): readonly StoredSession[] {
    return [...this.#open.values()];
  }

  async dynamic(): Promise<{ kind: "refused"; errorCause: number }> {
    return { kind: "refused", errorCause: 405 };
  }

  status(): PortalStatus {
    return {
      gateway: "pier",
      version: "0",
      started: 0,
      sessions: this.#open.size,
      pendingAccounting: 0,
      radius: [],
      troubles: [],
    };
  }
}

function refused(why: Extract<SignInAnswer, { kind: "refused" }>["why"]): SignInAnswer {
  return { kind: "refused", why, message: "" };
}

/** As a RADIUS server that knows the password would. */
function matches(credentials: Credentials, user: string, password: string): boolean {
  switch (credentials.kind) {
    case "password":
      return credentials.password === password;
    case "chap": {
      const { identifier, challenge, response } = credentials;
      const hash = createHash("md5").update(Uint8Array.of(identifier)).update(password).update(challenge).digest();
      return hash.equals(response);
    }
    case "mschapv2":
      return ntResponseMatches(credentials, user, password);
  }
}

/** A portal.yaml that was read: guests on loopback, free ports. */
export function portalConfig(change: {
  readonly portal?: Partial<PortalConfig["portal"]>;
  readonly look?: Partial<PortalConfig["look"]>;
  readonly signIn?: PortalConfig["signIn"];
  readonly radius?: PortalConfig["radius"];
}): PortalConfig {
  return {
    gateway: "pier",
    guests: { interface: "lo", addresses: ["127.0.0.1/8"], isolate: true },
    uplink: { interface: "lo", nat: false },
    firewall: "nftables",
    resolvers: [],
    garden: [],
    portal: {
      name: null,
      httpPort: 0,
      httpsPort: 0,
      certificate: null,
      landing: null,
      uam: null,
      ...change.portal,
    },
    look: {
      title: "Palace Pier Wi-Fi",
      text: "Welcome to Brighton. Enjoy the view, and an hour of Internet on us.",
      logo: null,
      accent: "#0b5e8c",
      terms: "Be kind to each other.\n\nThe network comes without warranty; we keep records as the law demands.",
      language: "en",
      ...change.look,
    },
    signIn: change.signIn ?? ["click", "voucher", "password"],
    limits: {
      session: null,
      idle: null,
      octetsInput: null,
      octetsOutput: null,
      octetsTotal: null,
      rateUp: null,
      rateDown: null,
    },
    radius: change.radius ?? null,
    store: new Secret("sqlite::memory:"),
    admin: null,
    socket: "/nonexistent",
    tick: 10,
    keep: null,
    places: new Map(),
  };
}
