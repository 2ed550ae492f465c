/** A portal that runs: the engine, what serves it, its control socket and its ticks. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { PortalConfig } from "@pierhead/lang/portal-conf";
import type { Log } from "../monitor/log.ts";
import { ControlServer } from "./control/server.ts";
import { SessionEngine, SYSTEM_CLOCK } from "./engine/index.ts";
import type { PortalParts, Service } from "./parts.ts";
import type { Portal } from "./service.ts";

export interface PortalStart extends PortalParts {
  readonly config: PortalConfig;
  readonly log: Log;
  readonly version: string;
}

export interface RunningPortal {
  readonly portal: Portal;
  /** One look at counters and limits now; it happens by itself every `tick` seconds. */
  tick(): Promise<void>;
  /**
   * Takes over how it looks, the garden, the ways to come in and the limits of new sessions. Nobody is dropped.
   * @returns options that only a restart takes over
   */
  reload(config: PortalConfig): Promise<readonly string[]>;
  /** @returns sessions that were to be closed and could not be; the next start does it */
  stop(closeSessions: boolean): Promise<number>;
}

/** What is built once: it goes on as it was until a restart. */
const LASTING = ["gateway", "guests", "uplink", "firewall", "store", "radius", "socket", "tick"] as const;

/**
 * Order matters: the wall and the sessions first, then who serves guests.
 * @throws FirewallError, StoreError, or what a service throws when it cannot listen; then nothing is left listening
 */
export async function startPortal(start: PortalStart): Promise<RunningPortal> {
  const running = new PortalRun(start);
  await running.start();
  return running;
}

class PortalRun implements RunningPortal {
  readonly #start: PortalStart;
  readonly #engine: SessionEngine;
  readonly #control: ControlServer;
  #config: PortalConfig;
  #services: readonly Service[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(start: PortalStart) {
    this.#start = start;
    this.#config = start.config;
    const { config, accounting, clock = SYSTEM_CLOCK } = start;
    this.#engine = new SessionEngine({
      ...start,
      email: start.email ?? null,
      clock,
      accountingWaits: () => accounting?.wake(),
      pendingAccounting: () => accounting?.status().waiting ?? 0,
      troublesBeside: () => {
        const trouble = accounting?.status().trouble ?? null;
        return [...(trouble === null ? [] : [trouble]), ...this.#services.flatMap((one) => one.troubles?.() ?? [])];
      },
    });
    this.#control = new ControlServer(config.socket, {
      portal: this.#engine,
      store: start.store,
      gateway: config.gateway,
      config: () => this.#config,
      now: () => clock.now(),
    });
  }

  get portal(): Portal {
    return this.#engine;
  }

  async start(): Promise<void> {
    const { config, accounting } = this.#start;
    mkdirSync(dirname(config.socket), { recursive: true, mode: 0o700 });
    // Before anything is changed: two portals must not share one wall.
    await this.#control.start();
    try {
      await this.#engine.start();
      accounting?.start();
      this.#services = await this.#serve(config);
    } catch (error) {
      this.#control.stop();
      await accounting?.stop();
      throw error;
    }
    this.#timer = setInterval(() => void this.tick(), config.tick * 1000);
    await this.tick();
  }

  async tick(): Promise<void> {
    try {
      await this.#engine.tick();
    } catch (error) {
      this.#start.log.error("tick", `a look at the sessions failed: ${(error as Error).message}`);
    }
  }

  async reload(config: PortalConfig): Promise<readonly string[]> {
    const old = this.#config;
    const kept = LASTING.filter((key) => comparable(config[key]) !== comparable(old[key]));
    const next = { ...config, ...Object.fromEntries(LASTING.map((key) => [key, old[key]])) } as PortalConfig;
    await this.#engine.reload(next);
    this.#config = next;
    await this.#closeServices();
    try {
      this.#services = await this.#serve(next);
    } catch (error) {
      // The old one served a moment ago, so it can again.
      this.#config = old;
      await this.#engine.reload(old);
      this.#services = await this.#serve(old);
      throw error;
    }
    return kept;
  }

  async stop(closeSessions: boolean): Promise<number> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#control.stop();
    await this.#closeServices();
    const left = await this.#engine.stop(closeSessions);
    const { accounting, radius, neighbours, store } = this.#start;
    await accounting?.stop();
    await radius?.close();
    await neighbours.close();
    await store.close();
    return left;
  }

  #serve(config: PortalConfig): Promise<readonly Service[]> {
    const { store, firewall, log } = this.#start;
    return this.#start.serve({ config, portal: this.#engine, store, firewall, log });
  }

  async #closeServices(): Promise<void> {
    const services = this.#services;
    this.#services = [];
    await Promise.all(services.map((service) => service.close()));
  }
}

/** Equal for equal options; secrets count by what they are, not as `[secret]`. */
function comparable(value: unknown): string {
  return JSON.stringify(value) + secrets(value);
}

function secrets(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  if ("reveal" in value && typeof value.reveal === "function") return String(value.reveal());
  return Object.values(value).map(secrets).join("\0");
}
