/**
 * Rules that let packets in which then come to nothing: blocked on the way out, or with answers that are blocked, leave by
 * another line, or pass this machine by. All of it follows from what was sent through the machine (`pf-crossings.ts`).
 */
import { type Address, type Diagnostic, diagnostic, PROTOCOL, type RelatedPlace } from "@pierhead/core";
import { type Anchor, dialectOf, formatRule, type Origin, type Rule, routeInsertion } from "@pierhead/lang/pf";
import type { LoadedPf, MachineBuild } from "../build/index.ts";
import { type Crossing, crossingsOf, type Fate } from "./pf-crossings.ts";
import { rulesInForce, secondLines } from "./pf-lines.ts";
import { checkTranslatedBefore } from "./pf-never.ts";
import { outsideWorld } from "./pf-outside.ts";
import { isComplete, statementsOf } from "./pf-walk.ts";

export function checkStatePolicy(pf: LoadedPf, build: MachineBuild): Diagnostic[] {
  // ifstated changes rules and routes when it starts: `failover` looks at that. Guesses are not judged.
  if (build.assumed || build.ifstated !== null || build.opaque.length > 0) return [];
  if (!pf.enabled || !isComplete(pf) || hasOpenAnchors(pf)) return [];
  const lines = secondLines(build);
  const { all, complete } = crossingsOf(build, new Set(lines.keys()));
  if (!complete) {
    const message =
      "These rules tell more packets apart than a check sends: whether what they pass also gets out, and is answered, was not examined. `prove` takes the time.";
    return [diagnostic("pf/crossings-not-examined", "note", message, pf.source, { start: 0, end: 0 })];
  }
  const groups = groupsOf(all);
  return [
    ...blockedOut(groups.usual, build),
    ...answersBlocked([...groups.usual, ...groups.far], build),
    ...answersElsewhere(groups.far, build, pf, lines),
    ...halfSeen(groups.usual),
    ...checkTranslatedBefore(all, build),
  ];
}

/** What the rules of one statement, for one interface, let in. */
interface Group {
  readonly origin: Origin;
  readonly rules: Set<Rule>;
  readonly crossings: Crossing[];
}

function groupsOf(all: readonly Crossing[]): { usual: Group[]; far: Group[] } {
  const kinds = [new Map<string, Group>(), new Map<string, Group>()] as const;
  for (const one of all) {
    const { rule } = one;
    if (rule === null || rule.origin === null) continue;
    const key = `${rule.origin.source.name} ${rule.origin.span.start} ${rule.interface ?? ""}`;
    const groups = kinds[one.secondLine ? 1 : 0];
    const group = groups.get(key) ?? { origin: rule.origin, rules: new Set(), crossings: [] };
    group.rules.add(rule);
    group.crossings.push(one);
    groups.set(key, group);
  }
  return { usual: [...kinds[0].values()], far: [...kinds[1].values()] };
}

type FateOf<K extends Fate["kind"]> = Extract<Fate, { readonly kind: K }>;

/** Rules all of whose forwarded packets end at a default block of the way out. */
function blockedOut(groups: readonly Group[], build: MachineBuild): Diagnostic[] {
  interface Case {
    readonly group: Group;
    readonly example: Crossing;
    readonly fate: FateOf<"blocked">;
  }
  const cases = new Map<string, Case[]>();
  for (const group of groups) {
    const forwarded = group.crossings.filter(({ fate }) => fate.kind === "sent" || fate.kind === "blocked");
    const whole = forwarded.every(endsAtDefault) ? forwarded[0] : undefined;
    // What goes to the world counts for itself: other networks may be closed on purpose.
    const example = whole ?? waysToWorld(forwarded, build).find((way) => way.every(endsAtDefault))?.[0];
    if (example === undefined || example.fate.kind !== "blocked") continue;
    const { fate } = example;
    if (fate.by === null || mayPassOut(fate.interface, build)) continue;
    const isLocal = group.crossings.some((one) => one.fate.kind === "local");
    if (isLocal && !(isForClients(group) && !isOutside(example.arrival, build))) continue;
    const key = `${example.arrival} ${fate.interface} ${fate.routeTo} ${fate.by.number}`;
    cases.set(key, [...(cases.get(key) ?? []), { group, example, fate }]);
  }
  return [...cases.values()].map(([first, ...others]) => {
    const { group, example, fate } = first as Case;
    const why = fate.routeTo ? `${fate.interface}, where route-to sends it` : fate.interface;
    const related: RelatedPlace[] = others
      .slice(0, 5)
      .map((one) => ({ ...one.group.origin, message: "the same happens to what this rule passes in" }));
    if (fate.by?.origin != null) related.unshift({ ...fate.by.origin, message: "blocked by this rule" });
    return diagnostic(
      "pf/passed-in-blocked-out",
      "warning",
      `What this rule lets in by ${example.arrival} is blocked on its way out of ${why}: a forwarded packet is filtered twice, and no rule passes it out there. For example: \`${example.example}\`.`,
      group.origin.source,
      group.origin.span,
      { related },
    );
  });
}

function endsAtDefault({ fate }: Crossing): boolean {
  return fate.kind === "blocked" && fate.by !== null && isDefault(fate.by);
}

/** Packets that leave, or should, by one interface where a default route or route-to leads. */
function waysToWorld(crossings: readonly Crossing[], build: MachineBuild): Crossing[][] {
  const ways = new Map<string, Crossing[]>();
  for (const one of crossings) {
    const { fate } = one;
    if (fate.kind !== "sent" && fate.kind !== "blocked") continue;
    const isToWorld = isOutside(fate.interface, build) || (fate.kind === "blocked" && fate.routeTo);
    if (isToWorld) ways.set(fate.interface, [...(ways.get(fate.interface) ?? []), one]);
  }
  return [...ways.values()];
}

/** A block for everything, or everything out of an interface: a block made for these packets is meant. */
function isDefault(rule: Rule): boolean {
  const { from, to } = rule;
  return (
    rule.protocol === 0 &&
    rule.tagged === null &&
    rule.receivedOn === null &&
    from.address.kind === "any" &&
    to.address.kind === "any" &&
    from.port === null &&
    to.port === null
  );
}

/** The rule lets pass what clients ask of the world, and not only what a gateway itself is asked. */
function isForClients({ rules }: Group): boolean {
  return [...rules].some(({ protocol, to }) => {
    if (protocol === 0) return true;
    if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp) return false;
    if (to.port === null) return true;
    return to.port.operator === "=" && (to.port.first === 80 || to.port.first === 443);
  });
}

function isOutside(name: string, build: MachineBuild): boolean {
  return build.machine.routes.list(0).some((route) => route.length === 0 && route.interface === name);
}

/** A rule for the way out depends on what only a running machine knows: tables that fill, tags of IPsec. */
function mayPassOut(name: string, build: MachineBuild): boolean {
  const { machine } = build;
  const outside = outsideWorld(build);
  const out = machine.interface(name);
  for (const rule of rulesInForce(machine)) {
    if (rule.action !== "pass" || rule.direction === "in") continue;
    const isHere =
      rule.interface === null ||
      rule.interfaceNegated ||
      rule.interface === name ||
      (out?.groups.includes(rule.interface) ?? false);
    if (!isHere) continue;
    if (rule.tagged !== null && outside.setsTags) return true;
    for (const { address } of [rule.from, rule.to]) {
      if (address.kind !== "table") continue;
      const table = machine.pf.core.tables.active("", address.name);
      if (table === null || outside.tables.has(address.name) || table.entries().length === 0) return true;
    }
  }
  return false;
}

/** Anchors that programs or commands fill may hold rules for anything. Proxies of one protocol are known to be narrow. */
function hasOpenAnchors(pf: LoadedPf): boolean {
  const loaded = new Set([...pf.anchors.keys()].map((path) => path.replace(/^\//, "")));
  const pending: Anchor[] = [pf.load.configuration.main];
  for (let anchor = pending.pop(); anchor !== undefined; anchor = pending.pop()) {
    for (const { anchor: call } of anchor.filter) {
      if (call === null || call.inline || loaded.has(call.path)) continue;
      if (!NARROW.has(call.path.split("/")[0] as string)) return true;
    }
    pending.push(...anchor.children.values());
  }
  return false;
}

const NARROW: ReadonlySet<string> = new Set(["ftp-proxy", "tftp-proxy", "ftpsesame"]);

/** Rules of whose packets no answer gets through. */
function answersBlocked(groups: readonly Group[], build: MachineBuild): Diagnostic[] {
  const found: Diagnostic[] = [];
  const reported = new Set<string>();
  for (const group of groups) {
    const answers = group.crossings.flatMap((crossing) => {
      const { fate } = crossing;
      const isEnd = (fate.kind === "local" || fate.kind === "sent") && fate.answer.kind !== "none";
      return isEnd ? [{ crossing, answer: fate.answer }] : [];
    });
    const first = answers[0];
    if (first === undefined || first.answer.kind !== "blocked") continue;
    if (!answers.every(({ answer }) => answer.kind === "blocked")) continue;
    const { crossing, answer } = first;
    const stateless = [crossing.rule, crossing.out?.rule].find((rule) => rule?.keepState === "none") ?? null;
    const place = stateless?.origin ?? group.origin;
    const key = `${place.source.name} ${place.span.start}`;
    if (reported.has(key)) continue;
    reported.add(key);
    const way =
      answer.direction === "out" ? `on its way out of ${answer.interface}` : `when it comes in by ${answer.interface}`;
    const why =
      stateless !== null
        ? "no state is kept, and no rule passes it"
        : answer.interface !== crossing.arrival && answer.direction === "out"
          ? `the state is bound to ${crossing.arrival}; let it float (\`keep state (floating)\`), and send the answer back with \`reply-to\``
          : "the state is not for that interface";
    const by = answer.by === null ? "" : ` by \`${formatRule(answer.by, build.system)}\``;
    found.push(
      diagnostic(
        "pf/answer-blocked",
        "warning",
        `The answer to what this rule passes is blocked ${way}${by}: ${why}. For example the answer to \`${crossing.example}\`.`,
        place.source,
        place.span,
        answer.by?.origin == null ? {} : { related: [{ ...answer.by.origin, message: "blocked by this rule" }] },
      ),
    );
  }
  return found;
}

/** Rules for a second line whose answers leave by the default route. */
function answersElsewhere(
  groups: readonly Group[],
  build: MachineBuild,
  pf: LoadedPf,
  lines: ReadonlyMap<string, Address | null>,
): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const group of groups) {
    const answers = group.crossings.flatMap((crossing) => {
      const { fate } = crossing;
      if ((fate.kind !== "local" && fate.kind !== "sent") || fate.answer.kind !== "passed") return [];
      return [{ crossing, out: fate.answer.interface }];
    });
    const first = answers[0];
    if (first === undefined || answers.some(({ crossing, out }) => out === crossing.arrival)) continue;
    const { crossing, out } = first;
    const gateway = lines.get(crossing.arrival) ?? null;
    const edit = gateway === null ? null : replyTo(group, crossing.arrival, gateway, build, pf);
    const router = gateway === null ? `the router of ${crossing.arrival}` : `${gateway}`;
    found.push(
      diagnostic(
        "pf/answer-leaves-elsewhere",
        "warning",
        `Answers to what this rule lets in by ${crossing.arrival} leave by ${out}, where the default route leads, with an address of ${crossing.arrival}: most providers drop that. Add \`reply-to\` with ${router}. For example the answer to \`${crossing.example}\`.`,
        group.origin.source,
        group.origin.span,
        edit === null ? {} : { fix: edit },
      ),
    );
  }
  return found;
}

function replyTo(group: Group, name: string, gateway: Address, build: MachineBuild, pf: LoadedPf): Diagnostic["fix"] {
  // With a router of one family the rule would no longer be for the other one.
  if ([...group.rules].some((rule) => rule.family !== gateway.family || rule.interface !== name || rule.route !== null))
    return null;
  const { source, span } = group.origin;
  if (source !== pf.source) return null;
  const statement = [...statementsOf(pf.load)].find((one) => one.span.start === span.start);
  if (statement === undefined) return null;
  const dialect = dialectOf(build.system);
  const text = dialect.routeTo === "option" ? `reply-to ${gateway}` : `reply-to (${name} ${gateway})`;
  const at = routeInsertion(statement, dialect);
  return { title: `add \`${text}\``, edits: [{ source, span: { start: at, end: at }, text: ` ${text}` }] };
}

/** TCP that comes in and goes out by one interface, toward a router that answers the sender directly. */
function halfSeen(groups: readonly Group[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const group of groups) {
    const one = group.crossings.find(({ fate }) => fate.kind === "sent" && fate.halfSeen !== null);
    if (one === undefined || one.fate.kind !== "sent") continue;
    found.push(
      diagnostic(
        "pf/half-seen-connection",
        "warning",
        `Connections that come in and go out by ${one.arrival} stall after some time: the next router is on the network of the sender and answers it directly, so pf sees one direction only and drops what follows the first 64 KB (${one.fate.halfSeen}). Pass them with \`keep state (sloppy)\`, or give the hosts that route. For example: \`${one.example}\`.`,
        group.origin.source,
        group.origin.span,
      ),
    );
  }
  return found;
}
