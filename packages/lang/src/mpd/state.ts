/** Links, bundles and pools while the commands of mpd.conf run, and which of them is worked on. */
import type { Address, Prefix } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import { LOGINS, type MpdLogin } from "./commands.ts";
import type { MpdAction, MpdBundle, MpdLink, MpdPool, MpdRadiusServer, MpdRange, MpdSide } from "./configuration.ts";

export interface BundleDraft {
  readonly name: string;
  readonly isTemplate: boolean;
  readonly origin: Origin;
  self: MpdSide | null;
  peer: MpdSide | null;
  dns: readonly Address[];
  group: string | null;
  readonly enabled: Set<string>;
}

export interface LinkDraft {
  readonly name: string;
  readonly isTemplate: boolean;
  readonly type: string;
  readonly origin: Origin;
  self: MpdLink["self"];
  peer: Prefix | null;
  actions: MpdAction[];
  readonly radius: MpdRadiusServer[];
  readonly options: Set<string>;
  readonly auth: Set<string>;
  mru: number;
  readonly places: Map<string, Origin>;
}

/** LCP_DEFAULT_MRU. */
const DEFAULT_MRU = 1500;

export class MpdState {
  readonly #pools = new Map<string, { origin: Origin; ranges: MpdRange[] }>();
  readonly #bundles = new Map<string, BundleDraft>();
  readonly #links = new Map<string, LinkDraft>();
  bundle: BundleDraft | null = null;
  link: LinkDraft | null = null;

  has(kind: "link" | "bundle", name: string): boolean {
    return kind === "link" ? this.#links.has(name) : this.#bundles.has(name);
  }

  choose(kind: "link" | "bundle", name: string): boolean {
    const found = kind === "link" ? this.#links.get(name) : this.#bundles.get(name);
    if (found === undefined) return false;
    this.bundle = kind === "bundle" ? (found as BundleDraft) : null;
    this.link = kind === "link" ? (found as LinkDraft) : null;
    return true;
  }

  addToPool(name: string, range: MpdRange): void {
    const pool = this.#pools.get(name);
    if (pool === undefined) this.#pools.set(name, { origin: range.origin, ranges: [range] });
    else pool.ranges.push(range);
  }

  /** @returns false when there is no such template; the bundle is made without one then */
  createBundle(name: string, isTemplate: boolean, template: string | null, origin: Origin): boolean {
    const from = template === null ? undefined : this.#bundles.get(template);
    this.link = null;
    this.bundle = {
      self: from?.self ?? null,
      peer: from?.peer ?? null,
      dns: from?.dns ?? [],
      group: from?.group ?? null,
      name,
      isTemplate,
      origin,
      enabled: new Set(from?.enabled ?? []),
    };
    this.#bundles.set(name, this.bundle);
    return template === null || from !== undefined;
  }

  /** @returns false when `template` is no link to copy, and there is no type either */
  createLink(name: string, isTemplate: boolean, type: string | null, template: string, origin: Origin): boolean {
    const from = type === null ? this.#links.get(template) : undefined;
    this.bundle = null;
    this.link = {
      name,
      isTemplate,
      origin,
      type: type ?? from?.type ?? "",
      self: from?.self ?? null,
      peer: from?.peer ?? null,
      actions: [...(from?.actions ?? [])],
      radius: [...(from?.radius ?? [])],
      options: new Set(from?.options ?? []),
      // AuthInit().
      auth: new Set(from?.auth ?? ["internal", "acct-mandatory"]),
      mru: from?.mru ?? DEFAULT_MRU,
      places: new Map(from?.places ?? []),
    };
    this.#links.set(name, this.link);
    return type !== null || from !== undefined;
  }

  option(menu: string, name: string, on: boolean, origin: Origin): void {
    const target =
      menu === "auth"
        ? this.link?.auth
        : menu === "link"
          ? this.link?.options
          : menu === "bundle" || menu === "iface"
            ? this.bundle?.enabled
            : undefined;
    if (target === undefined) return;
    if (on) target.add(name);
    else target.delete(name);
    this.link?.places.set(`${menu} ${name}`, origin);
  }

  finish(): { pools: readonly MpdPool[]; bundles: readonly MpdBundle[]; links: readonly MpdLink[] } {
    return {
      pools: [...this.#pools].map(([name, pool]) => ({ name, ...pool })),
      bundles: [...this.#bundles.values()],
      links: [...this.#links.values()].map(({ options, ...link }) => ({
        ...link,
        incoming: options.has("incoming"),
        logins: LOGINS.filter((one): one is MpdLogin => options.has(one)),
      })),
    };
  }
}
