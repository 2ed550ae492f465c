/** Which server is asked: the first that lives, in the order of the configuration. */
import type { Question, Road, RoadAnswer } from "./road.ts";

type RoadState =
  | { readonly kind: "alive" }
  /** Left alone until then (milliseconds of a monotonic clock); afterwards one request at a time tries it. */
  | { readonly kind: "dead"; readonly until: number; readonly probed: boolean };

interface Way<S> {
  readonly server: S;
  readonly road: Road;
  state: RoadState;
}

export interface RoadsOptions {
  readonly attempts: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly deadTime: number;
  /** Milliseconds that only rise, for the dead time. */
  readonly clock: () => number;
}

export type RoadsAnswer<S> =
  | { readonly kind: "answer"; readonly bytes: Uint8Array; readonly server: S; readonly question: Question }
  | { readonly kind: "silence"; readonly reasons: readonly { readonly server: S; readonly reason: string }[] };

export class Roads<S> {
  readonly #ways: readonly Way<S>[];
  readonly #options: RoadsOptions;

  constructor(roads: readonly { readonly server: S; readonly road: Road }[], options: RoadsOptions) {
    this.#ways = roads.map((one) => ({ ...one, state: { kind: "alive" } }));
    this.#options = options;
  }

  alive(server: S): boolean {
    return this.#ways.find((way) => way.server === server)?.state.kind === "alive";
  }

  /**
   * Asks one server after the other until one answers. A server whose time as a dead one is over gets one request, once:
   * who makes that request waits no longer than one timeout for the preferred server to come back.
   */
  async ask(make: (server: S) => Pick<Question, "make" | "believes">): Promise<RoadsAnswer<S>> {
    const reasons: { server: S; reason: string }[] = [];
    const tried = new Set<Way<S>>();
    for (let way = this.#choose(tried); way !== null; way = this.#choose(tried)) {
      tried.add(way);
      const { question, answer } = await this.#try(way, make);
      if (answer.kind === "answer") return { kind: "answer", bytes: answer.bytes, server: way.server, question };
      reasons.push({ server: way.server, reason: answer.reason });
    }
    return { kind: "silence", reasons };
  }

  /** The next to try: in order those alive or due, and when there is none, those that are dead. */
  #choose(tried: ReadonlySet<Way<S>>): Way<S> | null {
    const now = this.#options.clock();
    const left = this.#ways.filter((way) => !tried.has(way));
    const good = left.find(({ state }) => state.kind === "alive" || (now >= state.until && !state.probed));
    return good ?? left[0] ?? null;
  }

  async #try(
    way: Way<S>,
    make: (server: S) => Pick<Question, "make" | "believes">,
  ): Promise<{ question: Question; answer: RoadAnswer }> {
    const { state } = way;
    const others = this.#ways.some((one) => one !== way && one.state.kind === "alive");
    const due = state.kind === "dead" && this.#options.clock() >= state.until && !state.probed;
    if (state.kind === "dead" && due) {
      way.state = { ...state, probed: true };
      way.road.renew();
    }
    const question: Question = {
      ...make(way.server),
      attempts: due && others ? 1 : this.#options.attempts,
      timeout: this.#options.timeout,
      // Others wait for it as well and one of them found it dead: no need to find out again, when there is another.
      worthwhile: () => way.state.kind === "alive" || due || !others,
    };
    const asked = performance.now();
    const answer = await way.road.ask(question);
    if (answer.kind === "answer") way.state = { kind: "alive" };
    else if (due || way.road.counts.answered === null || way.road.counts.answered < asked) {
      // Not dead when it answered others meanwhile: it only does not want to answer this.
      way.state = { kind: "dead", until: this.#options.clock() + this.#options.deadTime, probed: false };
    }
    return { question, answer };
  }
}
