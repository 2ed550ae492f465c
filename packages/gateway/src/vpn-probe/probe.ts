/**
 * What a head-end really accepts. First who answers where, by an offer nobody should take; then each offer as a client
 * would send it; then aggressive mode, once; and the single transforms when asked to.
 */

import { hex } from "@pierhead/lang/bytes";
import type { Ikev2Suites, Phase1Transform } from "@pierhead/lang/ike";
import { type Asker, makeAsker, type Road } from "./asker.ts";
import { Endpoint, Meter } from "./endpoint.ts";
import { enumerateIkev1, enumerateIkev2 } from "./enumerate.ts";
import { aggressiveMode, type MainMode, mainMode, natOfMainMode, speaksNatTraversal } from "./ikev1.ts";
import { saInit } from "./ikev2.ts";
import { PublicValues } from "./keys.ts";
import type {
  AggressiveResult,
  Answer,
  IkeVersion,
  NatSeen,
  OfferResult,
  PortAnswer,
  ProbeOffer,
  ProbeOptions,
  ProbeReport,
} from "./types.ts";

/** Broken long ago: a head-end that takes it has a weakness, one that does not answers without opening anything. */
export const HELLO1: readonly Phase1Transform[] = [
  { encryption: "DES", keyLength: null, hash: "MD5", group: "MODP_768" },
];
export const HELLO2: readonly Ikev2Suites[] = [
  { encryption: ["DES"], integrity: ["HMAC_MD5_96"], prf: ["HMAC_MD5"], groups: ["MODP_768"] },
];

/** Bounded in datagrams and time. Nothing is thrown for what the network does. */
export async function probeHeadEnd(options: ProbeOptions): Promise<ProbeReport> {
  const started = performance.now();
  const meter = new Meter(options.mostPackets, options.mostTime, options.signal);
  const values = new PublicValues();
  const report = options.progress ?? ((): void => {});
  report(`asking who answers at UDP ${options.port} and ${options.natPort}`);
  const endpoints = await openPorts(options, meter);
  try {
    const ports = await hello(endpoints, options, values);
    const roads = roadsOf(ports, endpoints, values);
    const asker = makeAsker(options, meter, roads);
    const run = { options, asker, values, roads };
    const asked = await askOffers(run);
    const aggressive = await askAggressive(run, asked);
    const enumeration = options.enumerate ? await enumerate(run) : null;
    const chosen = asked.results.flatMap(({ answer }) => (answer.kind === "chosen" ? [answer] : []));
    const ids = new Map(chosen.flatMap((one) => one.vendorIds).map((id) => [hex(id, "", 256), id]));
    const of = (version: IkeVersion): typeof chosen => chosen.filter((one) => one.chosen.version === version);
    return {
      ports,
      offers: asked.results,
      vendorIds: [...ids.values()],
      natTraversal: {
        ikev1: of(1).length === 0 ? null : of(1).some((one) => speaksNatTraversal(one.vendorIds)),
        ikev2: of(2).length === 0 ? null : of(2).some((one) => one.nat !== null),
      },
      nat: of(2).find((one) => one.nat !== null)?.nat ?? asked.nat,
      aggressive,
      enumeration,
      limited: asker.limited(),
      cookies: chosen.some((one) => one.cookie),
      packets: { sent: meter.sent, received: meter.received, strange: meter.strange },
      cut: asker.cut(),
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    for (const { endpoint } of endpoints) if (typeof endpoint !== "string") endpoint.close();
  }
}

interface Opened {
  readonly port: number;
  /** Or why there is none. */
  readonly endpoint: Endpoint | string;
}

async function openPorts({ address, port, natPort, timeout }: ProbeOptions, meter: Meter): Promise<Opened[]> {
  return [
    { port, endpoint: await Endpoint.open(address, port, false, timeout, meter) },
    { port: natPort, endpoint: await Endpoint.open(address, natPort, true, timeout, meter) },
  ];
}

/** Both versions at both ports, at the same time: four questions, twelve datagrams at most. */
async function hello(endpoints: readonly Opened[], options: ProbeOptions, values: PublicValues): Promise<PortAnswer[]> {
  const questions = endpoints.flatMap(({ port, endpoint }) =>
    ([1, 2] as const).map(async (version): Promise<PortAnswer> => {
      if (typeof endpoint === "string") return { port, version, answer: { kind: "unreachable", error: endpoint } };
      return { port, version, answer: await helloTo(endpoint, version, values) };
    }),
  );
  return Promise.all(options.signal?.aborted === true ? [] : questions);
}

async function helloTo(endpoint: Endpoint, version: IkeVersion, values: PublicValues): Promise<Answer> {
  if (version === 1) return (await mainMode(endpoint, HELLO1)).answer;
  return saInit(endpoint, HELLO2, values, { follow: false });
}

/**
 * Where each version is asked on: the port that answered, 500 first. A version that did not answer is asked all the
 * same where nothing says that nobody is there: some pass over an offer they do not take without a word.
 */
function roadsOf(
  ports: readonly PortAnswer[],
  endpoints: readonly Opened[],
  values: PublicValues,
): Map<IkeVersion, Road> {
  const roads = new Map<IkeVersion, Road>();
  const anybody = ports.some(({ answer }) => answered(answer));
  for (const version of [1, 2] as const) {
    const mine = ports.filter((one) => one.version === version);
    const best =
      mine.find(({ answer }) => answered(answer)) ??
      (anybody ? mine.find(({ port, answer }) => answer.kind === "silent" && heard(ports, port)) : undefined) ??
      mine.find(({ answer }) => answer.kind === "silent");
    const endpoint = endpoints.find((one) => one.port === best?.port)?.endpoint;
    if (best === undefined || endpoint === undefined || typeof endpoint === "string") continue;
    const control = answered(best.answer) && best.answer.kind !== "chosen";
    roads.set(version, { endpoint, control: control ? (one): Promise<Answer> => helloTo(one, version, values) : null });
  }
  return roads;
}

function heard(ports: readonly PortAnswer[], port: number): boolean {
  return ports.some((one) => one.port === port && answered(one.answer));
}

/** Whether somebody who speaks IKE is at the other end. */
export function answered(answer: Answer): boolean {
  return answer.kind !== "silent" && answer.kind !== "unreachable";
}

interface Run {
  readonly options: ProbeOptions;
  readonly asker: Asker;
  readonly values: PublicValues;
  readonly roads: ReadonlyMap<IkeVersion, Road>;
}

interface Asked {
  readonly results: OfferResult[];
  /** By main mode's second exchange; null when it was not needed or told nothing. */
  readonly nat: NatSeen | null;
}

async function askOffers({ options, asker, values, roads }: Run): Promise<Asked> {
  const results: OfferResult[] = [];
  // IKEv2 first: it tells about NAT without opening more.
  const offers = [...options.offers].sort((a, b) => b.version - a.version);
  let nat: NatSeen | null = null;
  const silent = new Set<IkeVersion>();
  for (const offer of offers) {
    if (silent.has(offer.version)) continue;
    asker.report(`IKEv${offer.version}: the offer of ${offer.name}`);
    let main: MainMode | null = null;
    const answer = await asker.ask(offer.version, async (endpoint) => {
      if (offer.version === 2) return saInit(endpoint, offer.suites, values, { follow: true });
      main = await mainMode(endpoint, offer.transforms);
      return main.answer;
    });
    if (answer === null) continue;
    const road = roads.get(offer.version);
    results.push({ name: offer.name, version: offer.version, port: road?.endpoint.port ?? 0, answer });
    // No answer to the hello and none to a real offer: this version is not there, and asking on would only take time.
    if (answer.kind === "silent" && road?.control === null && !spoke(results, offer)) silent.add(offer.version);
    const knows = results.some((one) => one.answer.kind === "chosen" && one.answer.nat !== null);
    if (main !== null && road !== undefined && nat === null && !knows && isNatTraversal(answer)) {
      nat = await natOfMainMode(road.endpoint, main, values);
    }
  }
  return { results, nat };
}

function spoke(results: readonly OfferResult[], offer: ProbeOffer): boolean {
  return results.some((one) => one.version === offer.version && answered(one.answer));
}

function isNatTraversal(answer: Answer): boolean {
  return answer.kind === "chosen" && speaksNatTraversal(answer.vendorIds);
}

/** What is asked for when nothing was chosen: what clients with aggressive mode offer (racoon, Cisco). */
const USUAL: readonly Phase1Transform[] = ["AES", "3DES"].flatMap((encryption) =>
  ["SHA2_256", "SHA", "MD5"].map((hash) => ({
    encryption,
    keyLength: encryption === "AES" ? 256 : null,
    hash,
    group: "MODP_1024",
  })),
);

async function askAggressive({ options, asker, values, roads }: Run, asked: Asked): Promise<AggressiveResult> {
  const not = (text: string): AggressiveResult => ({ asked: false, answers: false, text, transform: null });
  if (!options.aggressive) return not("not asked: it was told not to");
  const spoken = asked.results.some((one) => one.version === 1 && answered(one.answer));
  if (!roads.has(1) || (!spoken && roads.get(1)?.control === null)) return not("not asked: IKEv1 does not answer");
  // Aggressive mode cannot negotiate the group, so what main mode took is offered (RFC 2409 5.4).
  const taken = asked.results.flatMap(({ answer }) =>
    answer.kind === "chosen" && answer.chosen.version === 1 ? [answer.chosen.transform] : [],
  )[0];
  const transforms = taken === undefined ? USUAL : [taken];
  asker.report("IKEv1: aggressive mode, once");
  let leaks = false;
  const answer = await asker.ask(1, async (endpoint) => {
    const result = await aggressiveMode(endpoint, transforms, values);
    leaks = result.leaks;
    return result.answer;
  });
  if (answer === null) return not("not asked: a bound was reached");
  const [transform = null] = transforms;
  if (answer.kind === "chosen") {
    const text = leaks ? "it answers, with a hash made with the pre-shared key" : "it answers, without a hash";
    return {
      asked: true,
      answers: true,
      text,
      transform: answer.chosen.version === 1 ? answer.chosen.transform : null,
    };
  }
  return { asked: true, answers: false, text: refusalWords(answer), transform };
}

function refusalWords(answer: Exclude<Answer, { kind: "chosen" }>): string {
  switch (answer.kind) {
    case "refused":
      return `it says ${answer.notification}`;
    case "other-group":
      return `it wants group ${answer.group}`;
    case "silent":
      return "it does not answer";
    case "unreachable":
      return answer.error;
    case "garbled":
      return `an answer that cannot be used (${answer.why})`;
  }
}

async function enumerate({ asker, values, roads, options }: Run): Promise<ProbeReport["enumeration"]> {
  const wants = (version: IkeVersion): boolean =>
    roads.has(version) && options.offers.some((one) => one.version === version);
  const ikev2 = wants(2) ? await enumerateIkev2(asker, values) : null;
  const ikev1 = wants(1) ? await enumerateIkev1(asker) : null;
  return { ikev1, ikev2, cut: asker.cut() };
}
