/** Everything that guests' browsers and devices talk to, as one thing to start and to close. */
import type { Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import { type Fetch, GUESTS, ListenError, listen, makeServer, shut } from "../listen.ts";
import type { Portal } from "../service.ts";
import { calledStation } from "../station.ts";
import { Challenges } from "../uam/challenge.ts";
import { Acme } from "./acme.ts";
import { originsOf, ownAddresses, uamAddress } from "./address.ts";
import { makeApp } from "./app.ts";
import { expiryWarning, type Judged, judge, readPair } from "./certificate.ts";
import { Logo } from "./logo.ts";
import { Seals } from "./seal.ts";
import type { House, SendLink } from "./visit.ts";

export interface PagesOptions {
  readonly config: PortalConfig;
  readonly portal: Portal;
  /** Milliseconds; the system's by default. */
  readonly now?: () => number;
  /** 32 octets forms are sealed with. A new one at every start makes open pages stale. */
  readonly key?: Uint8Array;
  /** The e-mail method is not offered without. */
  readonly sendLink?: SendLink;
  /** Sentences for the operator's log. */
  readonly report?: (sentence: string) => void;
  /** Where ACME's HTTP-01 is answered for the CA. */
  readonly acmePort?: number;
}

export interface Pages {
  /** The application, for whoever brings a listener. */
  readonly fetch: Fetch;
  /**
   * Listens, and gets the certificate.
   * @throws ListenError
   */
  start(): Promise<void>;
  close(): Promise<void>;
  /** Reads the certificate's files again; an order at the CA when one is due. Happens by itself every minute. */
  refresh(): Promise<void>;
  ports(): { readonly http: number; readonly https: number; readonly uam: number | null };
  /** Sentences about what does not work right now. */
  troubles(): readonly string[];
}

/** How often the certificate is looked at, and how long the CA is left alone after it refused: milliseconds. */
const LOOK = 60_000;
const CA_PAUSE = 3_600_000;

export function createPages(options: PagesOptions): Pages {
  const { config, portal } = options;
  const now = options.now ?? Date.now;
  const report = options.report ?? (() => {});
  const { portal: settings } = config;
  const ports = { http: settings.httpPort, https: settings.httpsPort, uam: settings.uam?.port ?? null };
  const servers: Server[] = [];
  let secureServers: SecureServer[] = [];
  let current: Judged | null = null;
  let certificateTrouble: string | null = null;
  let caPause = 0;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  const name = settings.name;
  const { certificate } = settings;
  const acme =
    certificate?.kind === "acme" && name !== null ? new Acme(certificate, name, now, options.acmePort) : null;
  const house: House = {
    config,
    portal,
    seals: new Seals(now, options.key),
    challenges: new Challenges(now),
    logo: new Logo(config.look.logo, now),
    acme: () => acme,
    origins: () => origins,
    secure: () => secureServers.length > 0 && current !== null && current.until > now(),
    now,
    sendLink: options.sendLink ?? null,
    called: calledStation(config) ?? "00-00-00-00-00-00",
    uamPort: () => ports.uam ?? ports.http,
    report,
  };
  let origins = originsOf(config, ports);
  const fetch = makeApp(house);
  const guests = { limits: GUESTS, ownerOf: async (address: string) => (await portal.client(address)).mac };

  async function certificateNow(): Promise<Judged | string | null> {
    if (certificate === null) return null;
    if (name === null) return "portal.name is missing: a certificate is for a name";
    if (certificate.kind === "files") {
      const pair = await readPair(certificate);
      return typeof pair === "string" ? pair : judge(pair, name, now());
    }
    const stored = (await acme?.stored()) ?? null;
    if (acme === null || !acme.due(stored)) return stored;
    if (now() < caPause) return stored ?? certificateTrouble;
    try {
      return await acme.order();
    } catch (error) {
      caPause = now() + CA_PAUSE;
      const why = `no certificate from ${new URL(certificate.directory).host}: ${(error as Error).message}`;
      report(why);
      return stored ?? why;
    }
  }

  async function refresh(): Promise<void> {
    const got = await certificateNow();
    if (closed || got === null) return;
    if (typeof got === "string") {
      // What is in use stays in use.
      certificateTrouble = got;
      return;
    }
    certificateTrouble = null;
    if (secureServers.length === 0) {
      const fresh = ownAddresses(config).map(() => makeServer(fetch, got.pair, guests));
      try {
        for (const [i, server] of fresh.entries())
          ports.https = await listen(server, ownAddresses(config)[i] as string, ports.https);
      } catch (error) {
        await Promise.all(fresh.map(shut));
        throw error;
      }
      secureServers = fresh;
      origins = originsOf(config, ports);
    } else if (current === null || current.pair.chain !== got.pair.chain || current.pair.key !== got.pair.key) {
      const context = { cert: got.pair.chain, key: got.pair.key, minVersion: "TLSv1.2" } as const;
      for (const server of secureServers) server.setSecureContext(context);
    }
    current = got;
  }

  return {
    fetch,
    ports: () => ({ ...ports }),
    refresh,
    async start(): Promise<void> {
      const addresses = ownAddresses(config);
      if (addresses.length === 0) throw new ListenError("guests.addresses names no address to listen on");
      try {
        for (const address of addresses) {
          const server = makeServer(fetch, null, guests);
          servers.push(server);
          ports.http = await listen(server, address, ports.http);
        }
        if (settings.uam !== null && ports.uam !== ports.http) {
          const server = makeServer(fetch, null, guests);
          servers.push(server);
          ports.uam = await listen(server, uamAddress(config), ports.uam ?? 0);
        }
        origins = originsOf(config, ports);
        // A CA takes its time; pages are there over HTTP meanwhile.
        if (certificate?.kind === "acme") void refresh().catch((error: Error) => report(error.message));
        else await refresh();
      } catch (error) {
        await this.close();
        throw error;
      }
      timer = setInterval(() => void refresh().catch((error: Error) => report(error.message)), LOOK);
      timer.unref();
    },
    async close(): Promise<void> {
      closed = true;
      if (timer !== null) clearInterval(timer);
      await Promise.all([...servers, ...secureServers].map(shut));
    },
    troubles: () =>
      [
        certificateTrouble === null ? null : `portal over HTTPS: ${certificateTrouble}`,
        current === null ? null : expiryWarning(current.until, now()),
        house.logo.trouble(),
      ].filter((sentence) => sentence !== null),
  };
}
