/** Loads swanctl.conf(5) the way `swanctl --load-all` and charon do it together. */
import { type Diagnostic, diagnostic, type Source, type System } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import { nearest } from "../text/index.ts";
import type {
  AuthenticationRound,
  Placed,
  SwanctlAuthority,
  SwanctlChild,
  SwanctlConfiguration,
  SwanctlConnection,
  SwanctlPool,
  SwanctlSecret,
} from "./configuration.ts";
import { checkKeys, isPrintable, Keys, Problem, placedItems, type Say, shorten, UNREADABLE } from "./keys.ts";
import {
  AUTHENTICATION_OPTIONS,
  AUTHORITY_OPTIONS,
  CERTIFICATE_OPTIONS,
  CHILD_OPTIONS,
  CONNECTION_OPTIONS,
  POOL_ATTRIBUTES,
  SECRET_KINDS,
  SHARED_SECRETS,
  TOP_SECTIONS,
} from "./options.ts";
import { parsePool } from "./pool.ts";
import { defaultProposals, type Proposal, type Protocol, parseProposal } from "./proposals.ts";
import { checkReferences } from "./references.ts";
import { readSettings, SectionView } from "./settings.ts";
import type { ReadIncluded } from "./tokens.ts";
import { parseAction, parseAuthentication, parseHost, parseSelector, type TrafficSelector } from "./values.ts";

/**
 * Loads a swanctl.conf(5); never throws, whatever the text.
 *
 * @param read files named by `include`; null, or a null answer: they count as not known
 */
export function loadSwanctl(source: Source, system: System, read: ReadIncluded | null = null): SwanctlConfiguration {
  const settings = readSettings(source, read);
  const diagnostics: Diagnostic[] = [...settings.diagnostics];
  const say: Say = (code, severity, message, origin) => {
    diagnostics.push(diagnostic(code, severity, message, origin.source, origin.span));
  };
  checkReferences(settings.root, settings.complete, say);
  const root = SectionView.of(settings.root);
  for (const { key, keyOrigin } of root.settings()) {
    say(
      "swanctl/outside",
      "warning",
      `"${shorten(key)}" stands in no section, so nothing reads it; move it into one.`,
      keyOrigin,
    );
  }
  for (const { name, origin } of root.sections()) {
    if (TOP_SECTIONS.includes(name)) continue;
    const meant = nearest(name, TOP_SECTIONS);
    const hint = meant === null ? `it reads ${TOP_SECTIONS.join(", ")}` : `did you mean ${meant}?`;
    say("swanctl/outside", "warning", `swanctl reads no section "${shorten(name)}"; ${hint}.`, origin);
  }
  return {
    source,
    system,
    settings,
    connections: childrenOf(root, "connections", say).map((view) => loadConnection(view, system, say)),
    secrets: childrenOf(root, "secrets", say).map((view) => loadSecret(view, say)),
    pools: childrenOf(root, "pools", say).map((view) => loadPool(view, say)),
    authorities: childrenOf(root, "authorities", say).map((view) => loadAuthority(view, system, say)),
    diagnostics,
    accepted: settings.accepted,
  };
}

function childrenOf(root: SectionView, name: string, say: Say): readonly SectionView[] {
  const section = root.section(name);
  for (const { key, keyOrigin } of section?.settings() ?? []) {
    const text = `"${shorten(key)}" stands directly in ${name}, where only sections are read; put it into one: NAME { ${shorten(key)} = … }.`;
    say("swanctl/outside", "warning", text, keyOrigin);
  }
  return section?.sections() ?? [];
}

function loadConnection(view: SectionView, system: System, say: Say): SwanctlConnection {
  const problem = new Problem();
  const where = { what: "Connections", discarded: "config", system };
  checkKeys(view, CONNECTION_OPTIONS, where, problem, say);
  const keys = new Keys(view);
  const local: AuthenticationRound[] = [];
  const remote: AuthenticationRound[] = [];
  const children: SwanctlChild[] = [];
  for (const section of view.sections()) {
    const lower = section.name.toLowerCase();
    if (lower === "children") {
      for (const child of section.sections()) children.push(loadChild(child, system, problem, say));
      for (const { key, keyOrigin } of section.settings()) {
        const text = `"${shorten(key)}" stands directly in children, where only sections are read; put it into a section: children { NAME { … } }.`;
        say("swanctl/outside", "warning", text, keyOrigin);
      }
    } else if (lower.startsWith("local")) local.push(loadRound(section, system, problem, say));
    else if (lower.startsWith("remote")) remote.push(loadRound(section, system, problem, say));
    else {
      const meant = nearest(lower, ["local", "remote", "children"]);
      const hint = meant === null ? "there are local…, remote… and children" : `did you mean ${meant}?`;
      const text = `Connections have no section "${shorten(section.name)}", and charon discards the connection; ${hint}.`;
      say("swanctl/unknown-section", "error", text, section.origin);
      problem.set(isPrintable(section.name) ? `invalid section: ${section.name}` : UNREADABLE);
    }
  }
  const reauthTime = keys.time("reauth_time");
  return {
    name: view.name,
    origin: view.origin,
    version: keys.number("version", 0),
    aggressive: keys.boolean("aggressive", false),
    localAddresses: addresses(keys, "local_addrs"),
    remoteAddresses: addresses(keys, "remote_addrs"),
    proposals: proposalsOf(view, keys, [["proposals", "ike"]], "ike"),
    local: byRound(local, view),
    remote: byRound(remote, view),
    virtualAddresses: keys.items("vips").map(({ value }) => value),
    pools: keys.items("pools"),
    children,
    // swanctl.opt: four hours, unless only reauthentication is asked for.
    rekeyTime: keys.time("rekey_time") ?? (reauthTime === null || reauthTime === 0 ? 4 * 3600 : 0),
    reauthTime: reauthTime ?? 0,
    dpdDelay: keys.time("dpd_delay") ?? 0,
    keys: keys.places(),
    problem: problem.text,
  };
}

function addresses(keys: Keys, key: string): readonly string[] {
  const found = keys.items(key).map(({ value }) => value);
  return found.length === 0 ? ["%any"] : found;
}

/** One side without a section authenticates by public key, as anyone. */
function byRound(rounds: readonly AuthenticationRound[], view: SectionView): readonly AuthenticationRound[] {
  if (rounds.length > 0) return [...rounds].sort((a, b) => a.round - b.round);
  const { origin } = view;
  const nothing = { id: null, eapId: null, certificates: [], caCertificates: [] };
  return [{ name: "", origin, round: 0, method: "pubkey", detail: "", methodOrigin: origin, ...nothing }];
}

function proposalsOf(
  view: SectionView,
  keys: Keys,
  names: readonly (readonly [key: string, protocol: Protocol])[],
  fallback: Protocol,
): readonly Proposal[] {
  const found: Proposal[] = [];
  // In the order of the file: charon adds the lists one after the other.
  for (const { key } of view.settings()) {
    const protocol = names.find(([name]) => name === key)?.[1];
    if (protocol === undefined) continue;
    for (const { value, origin } of keys.items(key)) {
      if (value.toLowerCase() === "default") found.push(...defaultProposals(protocol, origin));
      else {
        const proposal = parseProposal(value, protocol, origin);
        if (!("problem" in proposal)) found.push(proposal);
      }
    }
  }
  return found.length === 0 ? defaultProposals(fallback, view.origin) : found;
}

function loadRound(view: SectionView, system: System, problem: Problem, say: Say): AuthenticationRound {
  checkKeys(
    view,
    AUTHENTICATION_OPTIONS,
    { what: "local and remote sections", discarded: "config", system },
    problem,
    say,
  );
  for (const section of view.sections()) {
    const lower = section.name.toLowerCase();
    if (!lower.startsWith("cert") && !lower.startsWith("cacert")) {
      const text = `Sections within ${view.name} are named cert… or cacert…; charon discards the connection because of "${shorten(section.name)}".`;
      say("swanctl/unknown-section", "error", text, section.origin);
      problem.set(isPrintable(section.name) ? `invalid section: ${section.name}` : UNREADABLE);
      continue;
    }
    checkKeys(section, CERTIFICATE_OPTIONS, { what: "Certificates", discarded: "config", system }, problem, say);
    const both = section.get("handle") !== null && section.get("file") !== null;
    if (both || (section.get("handle") === null && section.get("file") === null)) {
      const text = both ? "handle and file path given" : "handle or file path missing";
      problem.set(`${text}: ${section.name}`);
      say("swanctl/certificate", "error", `A certificate has either file or handle (${text}).`, section.origin);
    }
  }
  const keys = new Keys(view);
  const auth = keys.text("auth");
  const choice = auth === null ? null : parseAuthentication(auth.value);
  return {
    name: view.name,
    origin: view.origin,
    round: keys.number("round", 0),
    method: choice?.method ?? "pubkey",
    detail: choice?.detail ?? "",
    methodOrigin: auth?.origin ?? view.origin,
    id: keys.text("id"),
    eapId: keys.text("eap_id"),
    certificates: keys.items("certs"),
    caCertificates: keys.items("cacerts"),
  };
}

function loadChild(view: SectionView, system: System, problem: Problem, say: Say): SwanctlChild {
  checkKeys(view, CHILD_OPTIONS, { what: "Children", discarded: "config", system }, problem, say);
  for (const section of view.sections()) {
    const text = `Children have no sections, so nothing reads "${shorten(section.name)}"; remove it.`;
    say("swanctl/outside", "warning", text, section.origin);
  }
  const keys = new Keys(view);
  const life = keys.time("life_time");
  const rekey = keys.time("rekey_time") ?? (life === null ? 3600 : Math.trunc(life / 1.1));
  const esp = ["esp_proposals", "esp"] as const;
  return {
    name: view.name,
    origin: view.origin,
    mode: keys.word("mode", "tunnel"),
    proposals: proposalsOf(view, keys, [esp, ["ah_proposals", "ah"]], "esp"),
    localSelectors: selectors(keys, "local_ts", system, view.origin),
    remoteSelectors: selectors(keys, "remote_ts", system, view.origin),
    rekeyTime: rekey,
    lifeTime: life ?? Math.trunc(rekey * 1.1),
    startAction: parseAction(keys.word("start_action", "none")) ?? [],
    keys: keys.places(),
  };
}

function selectors(keys: Keys, key: string, system: System, origin: Origin): readonly Placed<TrafficSelector>[] {
  const found: Placed<TrafficSelector>[] = [];
  for (const item of keys.items(key)) {
    const value = parseSelector(item.value, system);
    if (value !== null) found.push({ value, origin: item.origin });
  }
  if (found.length > 0) return found;
  return [{ value: { network: null, protocol: 0, firstPort: 0, lastPort: 65_535, longPrefix: false }, origin }];
}

function loadSecret(view: SectionView, say: Say): SwanctlSecret {
  const kind = SECRET_KINDS.find((prefix) => view.name.startsWith(prefix)) ?? null;
  const secret = view.get("secret");
  if (kind === null) {
    const text = `swanctl passes over secret "${shorten(view.name)}"; its name must start with ${SECRET_KINDS.join(", ")}.`;
    say("swanctl/secret-kind", "error", text, view.origin);
  } else if (SHARED_SECRETS.has(kind) && secret === null) {
    say(
      "swanctl/secret-missing",
      "error",
      `"${view.name}" has no secret, so it is passed over; add \`secret = …\`.`,
      view.origin,
    );
  }
  const ids: Placed<string>[] = [];
  for (const setting of view.settings()) {
    const { key, value, valueOrigin, keyOrigin } = setting;
    const isKnown =
      key === "secret" || key === "file" || key === "handle" || key === "slot" || key === "module" || key === "pin";
    if (key.startsWith("id")) ids.push({ value: value as string, origin: valueOrigin });
    else if (!isKnown) {
      const text = `Secrets have no key "${shorten(key)}"; it does nothing.${key.startsWith("owner") ? " Owners are given by id, id-1, …" : ""}`;
      say("swanctl/secret-key", "warning", text, keyOrigin);
    }
    if (setting.swallowed !== null) {
      const text = `Everything up to the end of the line is the value of ${key}; begin a new line before the next key, or quote the value.`;
      say("swanctl/value-swallows", "warning", text, setting.swallowed);
    }
  }
  return {
    kind,
    name: view.name,
    origin: view.origin,
    secret: secret?.secret ?? null,
    secretOrigin: secret?.valueOrigin ?? null,
    ids,
    file: view.get("file")?.value ?? null,
  };
}

function loadPool(view: SectionView, say: Say): SwanctlPool {
  const problem = new Problem();
  const attributes: Placed<string>[] = [];
  const dns: string[] = [];
  let range: SwanctlPool["range"] = null;
  for (const setting of view.settings()) {
    const { key, keyOrigin, valueOrigin } = setting;
    const value = setting.value as string;
    if (setting.swallowed !== null) {
      say(
        "swanctl/value-swallows",
        "warning",
        `Everything up to the end of the line is the value of ${key}; begin a new line.`,
        setting.swallowed,
      );
    }
    if (key === "addrs") {
      const found = parsePool(value);
      if (found !== null) range = { ...found, origin: valueOrigin };
      else {
        problem.set(isPrintable(value) ? `invalid addrs value: ${value}` : "invalid addrs value");
        const text = `"${shorten(value)}" is no pool; write a network as 10.3.0.0/24 or a range as 10.3.0.10-10.3.0.99.`;
        say("swanctl/pool-addresses", "error", text, valueOrigin);
      }
      continue;
    }
    const known = POOL_ATTRIBUTES.includes(key);
    const items = placedItems(setting);
    // atoi(3): a number that is not 0.
    if (!known && !/^[+-]?0*[1-9]/.test(key)) {
      if (items.length === 0) continue;
      problem.set(isPrintable(key) ? `invalid attribute: ${key}` : UNREADABLE);
      const meant = nearest(key, ["addrs", ...POOL_ATTRIBUTES]);
      const hint =
        meant === null ? `there are addrs, ${POOL_ATTRIBUTES.join(", ")} and numbers` : `did you mean ${meant}?`;
      say("swanctl/pool-attribute", "error", `Pools have no attribute "${shorten(key)}"; ${hint}.`, keyOrigin);
      continue;
    }
    attributes.push({ value: key, origin: keyOrigin });
    for (const item of items) {
      const slash = item.value.indexOf("/");
      if (parseHost(slash === -1 ? item.value : item.value.slice(0, slash)) !== null) {
        if (key === "dns") dns.push(item.value);
      } else if (known) {
        problem.set(`invalid attribute value for ${key}`);
        say(
          "swanctl/pool-attribute",
          "error",
          `"${shorten(item.value)}" is neither an address nor a network.`,
          item.origin,
        );
      }
    }
  }
  if (view.get("addrs") === null) {
    problem.set(`missing addrs for pool '${view.name}'`);
    say(
      "swanctl/pool-addresses",
      "error",
      `Pool "${view.name}" has no addrs, and charon refuses it; add them.`,
      view.origin,
    );
  }
  return { name: view.name, origin: view.origin, range, attributes, dns, problem: problem.text };
}

function loadAuthority(view: SectionView, system: System, say: Say): SwanctlAuthority {
  const problem = new Problem();
  checkKeys(view, AUTHORITY_OPTIONS, { what: "Authorities", discarded: "authority", system }, problem, say);
  return { name: view.name, origin: view.origin, problem: problem.text };
}
