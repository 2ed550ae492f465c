/** The real parts of a portal, made from its configuration. The only file that knows which they are. */
import { randomBytes } from "node:crypto";
import { type GardenEntry, nftsetLine, type PortalConfig } from "@pierhead/lang/portal-conf";
import { createFirewall, type FirewallOptions, tendGarden } from "../firewall/index.ts";
import { createNeighbours } from "../neighbours/index.ts";
import { createAccountingSender, createDynamicServer, createRadiusClient } from "../radius/index.ts";
import { openStore, type Store } from "../store/index.ts";
import { createAdmin, type Look } from "./admin/index.ts";
import { forgetOldSessions } from "./forget.ts";
import { createPages, type FormMethod, isLanguage, readLogo, renderSignIn } from "./pages/index.ts";
import type { BindParts, Running, Service } from "./parts.ts";
import { watchLook } from "./saved-look.ts";
import { calledStation, logoffUrl } from "./station.ts";

/** Setting of the store with the key that open forms are sealed with: they outlive a restart. */
const PAGE_KEY = "page-key";

/** Milliseconds a name that had no address is talked about; it is asked for again every half minute. */
const TROUBLE_STAYS = 120_000;

export const bindParts: BindParts = async (config, log) => {
  const store = await openStore(config.store);
  try {
    const firewall = createFirewall(firewallOptions(config));
    const { rateUp, rateDown } = config.limits;
    if (!firewall.abilities.rates && (rateUp !== null || rateDown !== null)) {
      log.warning("rates", "this system's packet filter keeps no rates: those of the limits are not in force");
    }
    const system = systemOf(process.platform);
    const radius =
      config.radius === null
        ? null
        : createRadiusClient(
            { ...config.radius, calledStation: calledStation(config) },
            { logoffUrl: logoffUrl(config) },
          );
    const accounting =
      radius === null ? null : createAccountingSender({ gateway: config.gateway, store, client: radius });
    // Last: it listens from here on.
    const neighbours = await createNeighbours({ system, interface: config.guests.interface });
    return {
      firewall,
      neighbours,
      store,
      radius,
      accounting,
      serve: async (running) => [...(await serve(running)), ...forgetOldSessions(store, running.config, running.log)],
      close: () => firewall.release(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
};

function systemOf(platform: NodeJS.Platform): "linux" | "openbsd" | "freebsd" {
  if (platform === "linux" || platform === "openbsd" || platform === "freebsd") return platform;
  throw new Error(`a portal runs on Linux, OpenBSD and FreeBSD; this is ${platform}`);
}

function firewallOptions({ firewall }: PortalConfig): FirewallOptions {
  if (firewall === "nftables") return { kind: "nftables", enableForwarding: true };
  const system = systemOf(process.platform);
  if (system === "linux") throw new Error("Linux has no pf: write `firewall: nftables`");
  return { kind: "pf", system };
}

/** What was opened is closed again when the next one cannot be. */
async function serve(running: Running): Promise<readonly Service[]> {
  const services: Service[] = [];
  try {
    for (const open of [servePages, serveGarden, serveDynamic]) services.push(...(await open(running)));
    return services;
  } catch (error) {
    await Promise.all(services.map((service) => service.close()));
    throw error;
  }
}

/** Guests' pages, and the admin, which may change how they look. */
async function servePages({ config, portal, store, log }: Running): Promise<Service[]> {
  const look = await watchLook(store, config, log);
  const live: PortalConfig = {
    ...config,
    get look(): Look {
      return look.now;
    },
  };
  const report = (sentence: string): void => log.warning("pages", sentence);
  const open: Service[] = [look];
  try {
    const pages = createPages({ config: live, portal, key: await pageKey(store), report });
    await pages.start();
    open.push(pages);
    if (config.admin === null) return open;
    const admin = createAdmin({
      config,
      portal,
      store,
      now: Date.now,
      report: (sentence) => log.warning("admin", sentence),
      preview: async (tried) =>
        renderSignIn(tried, {
          logo: await logoInside(tried.logo),
          methods: config.signIn.filter((method): method is FormMethod => method !== "mac"),
          language: isLanguage(tried.language) ? tried.language : "en",
        }),
      lookChanged: (changed) => look.take(changed),
    });
    const port = await admin.start();
    open.push(admin);
    log.info("admin", `the page for operators is at ${config.admin.listen}, port ${port}`, { port });
    return open;
  } catch (error) {
    await Promise.all(open.map((service) => service.close()));
    throw error;
  }
}

/** A preview has no address of its own to take the picture from. */
async function logoInside(path: string | null): Promise<string | null> {
  const picture = path === null ? null : await readLogo(path);
  if (picture === null || typeof picture === "string") return null;
  return `data:${picture.type};base64,${picture.data.toString("base64")}`;
}

async function pageKey(store: Store): Promise<Uint8Array> {
  const known = await store.setting(PAGE_KEY);
  if (known !== null) return Buffer.from(known, "base64");
  const key = randomBytes(32);
  await store.putSetting(PAGE_KEY, key.toString("base64"));
  return key;
}

async function serveGarden({ config, firewall, log }: Running): Promise<Service[]> {
  // Guests' resolvers may be the gateway's own addresses, which the resolver on this machine has as well.
  const troubles = new Map<string, number>();
  for (const entry of config.garden) {
    if (config.firewall !== "nftables" || entry.kind !== "name" || !entry.below || entry.port !== null) continue;
    const line = nftsetLine(entry.name);
    log.info("garden", `names below ${entry.name} are opened as dnsmasq answers them, with ${line}`);
  }
  const garden = await tendGarden({
    entries: [...config.garden, ...loginPages(config)],
    servers: config.resolvers,
    open: (addresses) => firewall.garden(addresses),
    trouble: (sentence) => {
      if (!troubles.has(sentence)) log.warning("garden", sentence);
      troubles.set(sentence, Date.now());
    },
  });
  const lately = (): string[] => {
    const since = Date.now() - TROUBLE_STAYS;
    for (const [sentence, at] of troubles) if (at < since) troubles.delete(sentence);
    return [...troubles.keys()].slice(0, 10);
  };
  return [{ troubles: lately, close: () => garden.close() }];
}

/** Of `*.example.org` only the resolver learns which names there are; the page everybody needs is asked for by its own. */
function loginPages({ portal, garden }: PortalConfig): GardenEntry[] {
  return [portal.uam?.server, portal.uam?.homepage].flatMap((url): GardenEntry[] => {
    const { hostname, protocol, port } = new URL(url ?? "about:blank");
    const below = garden.some((one) => one.kind === "name" && one.below && hostname.endsWith(`.${one.name}`));
    return below
      ? [{ kind: "name", name: hostname, below: false, port: Number(port) || (protocol === "https:" ? 443 : 80) }]
      : [];
  });
}

async function serveDynamic({ config, portal, log }: Running): Promise<Service[]> {
  if (config.radius === null || config.radius.dynamic === null) return [];
  const server = createDynamicServer(config.radius, (request, from) => portal.dynamic(request, from));
  const port = await server.listen();
  log.info("dynamic", `CoA and Disconnect are taken on UDP port ${port}`, { port });
  return [server];
}
