/** What the options of a portal say together. */
import { type Diagnostic, diagnostic, type Prefix, parseAddress, parsePrefix, type Severity } from "@pierhead/core";
import type { YamlPath, YamlText } from "../yaml-text/index.ts";
import type { PortalConfig } from "./config.ts";
import type { PortalFile } from "./file.ts";
import { webHost } from "./web-address.ts";

type Say = (code: string, severity: Severity, message: string, path: YamlPath) => void;

/** Seconds: RFC 2869, 2.1 (must not be smaller than 60, should not be smaller than 600). */
const LEAST_INTERIM = 60;
const GOOD_INTERIM = 600;

export function checkPortal(file: PortalFile, config: Omit<PortalConfig, "places">, document: YamlText): Diagnostic[] {
  const found: Diagnostic[] = [];
  const say: Say = (code, severity, message, path) => {
    found.push(diagnostic(code, severity, message, document.source, document.place(path)));
  };
  checkInterfaces(config, say);
  checkAdmin(file, config, say);
  checkPage(config, say);
  checkGarden(config, say);
  checkPorts(config, say);
  checkResolvers(config, say);
  checkSignIn(config, say);
  checkPause(config, say);
  checkGone(config, say);
  checkLimits(config, say);
  checkRadius(file, config, say);
  checkStore(file, say);
  return found;
}

function checkInterfaces({ guests, uplink }: Omit<PortalConfig, "places">, say: Say): void {
  if (guests.interface === uplink.interface) {
    const message = `Guests and the uplink are both on \`${uplink.interface}\`: the wall would stand in front of the operator too. Guests need an interface of their own, a VLAN for example.`;
    say("portal/same-interface", "error", message, ["uplink", "interface"]);
  }
  const prefixes = prefixesOf(guests.addresses);
  prefixes.forEach((prefix, index) => {
    const path = ["guests", "addresses", index];
    const { address, length } = prefix;
    const bits = address.family === 4 ? 32 : 128;
    if (length < bits - 1 && address.equals(address.masked(length))) {
      say("portal/guest-address", "error", `${address} is the network, and not an address in it.`, path);
    }
    if (address.isLinkLocal()) {
      const message = `${address} is of the link only, where nobody is forwarded from; the gateway has such an address by itself. Name the one of the guests' network.`;
      say("portal/guest-address", "error", message, path);
    }
    if (length === bits) say("portal/guest-address", "error", `In a network of one address nobody else is.`, path);
    const same = prefixes.findIndex((other) => other.address.family === address.family && within(other, address));
    if (same < index) {
      say("portal/guest-address", "error", `${address} is in the network of ${guests.addresses[same]} already.`, path);
    }
  });
}

/** An admin page that only guests could reach, and guests may not. */
function checkAdmin(file: PortalFile, { guests, admin }: Omit<PortalConfig, "places">, say: Say): void {
  if (admin === null) return;
  const listen = parseAddress(admin.listen);
  const path = file.admin?.listen === undefined ? ["admin"] : ["admin", "listen"];
  if (listen === null) return;
  const atGuests = prefixesOf(guests.addresses).some((prefix) => within(prefix, listen));
  if (atGuests && !admin.fromGuests) {
    const message = `The admin page would stand behind its own wall: ${admin.listen} is on the guests' side, and guests may not reach it. Listen at 127.0.0.1 or at an address of the uplink, or say \`fromGuests: true\`.`;
    say("portal/admin-behind-wall", "error", message, path);
  }
  if (admin.fromGuests && !atGuests && !listen.isUnspecified()) {
    const message = `Guests may reach the admin page, but it listens at ${admin.listen}, where they cannot.`;
    say("portal/admin-behind-wall", "warning", message, ["admin", "fromGuests"]);
  }
  if (admin.certificate === null && !listen.isLoopback()) {
    const severity = admin.fromGuests ? "error" : "warning";
    const message =
      "The password of the admin page would travel in the clear: give it a `certificate`, or listen at 127.0.0.1.";
    say("portal/admin-in-clear", severity, message, path);
  }
}

function checkPage({ portal, garden }: Omit<PortalConfig, "places">, say: Say): void {
  if (portal.name !== null && portal.certificate === null) {
    const message = `There is no certificate for ${portal.name}: passwords travel in the clear, and phones get no RFC 8908. Give \`certificate\` a chain and key, or \`acme\`.`;
    say("portal/no-certificate", "warning", message, ["portal", "name"]);
  }
  if (portal.name === null && portal.certificate !== null) {
    say("portal/no-name", "error", "A certificate is for a name: say which with `name`.", ["portal", "certificate"]);
  }
  if (portal.uam !== null) {
    if (portal.uam.secret === null) {
      const message =
        "Without a secret the login page gets passwords that anybody on the way can read, and anybody may answer in its place.";
      say("portal/uam-without-secret", "warning", message, ["portal", "uam"]);
    }
    for (const [key, what] of [
      ["server", "login page"],
      ["homepage", "home page"],
    ] as const) {
      const host = webHost(portal.uam[key] ?? "");
      const address = host === null ? null : parseAddress(host);
      const reachable = garden.some((entry) =>
        entry.kind === "name"
          ? host === entry.name || (entry.below && host?.endsWith(`.${entry.name}`) === true)
          : address !== null && within(parsePrefix(entry.prefix), address),
      );
      if (host === null || reachable) continue;
      const message = `Nobody reaches the ${what} before coming in: \`garden\` has no ${host}.`;
      say("portal/uam-outside-garden", "error", message, ["portal", "uam", key]);
    }
    if (portal.uam.challenge === false) {
      const message =
        "Without a challenge the password people type is in the address their browser asks for, and in its history.";
      say("portal/uam-without-challenge", "warning", message, ["portal", "uam", "challenge"]);
    }
  }
}

/** Which names there are below one nobody can ask; the resolver tells of those it is asked for. */
function checkGarden({ garden, firewall }: Omit<PortalConfig, "places">, say: Say): void {
  garden.forEach((entry, index) => {
    if (entry.kind !== "name" || !entry.below) return;
    const path = ["garden", index];
    if (firewall === "pf") {
      const message = `pf learns of no name below ${entry.name}: only that one itself is opened. Give each name a line.`;
      say("portal/names-below", "warning", message, path);
    } else if (entry.port !== null) {
      const message = `A resolver opens addresses, not ports: only ${entry.name} itself is opened at port ${entry.port}. Leave the port out, or give each name a line.`;
      say("portal/names-below", "warning", message, path);
    }
  });
}

function checkPorts(config: Omit<PortalConfig, "places">, say: Say): void {
  const { portal, guests, admin } = config;
  const taken: { port: number; path: YamlPath; what: string }[] = [];
  const take = (port: number, path: YamlPath, what: string): void => {
    const other = taken.find((one) => one.port === port);
    if (other !== undefined) {
      say("portal/same-port", "error", `Port ${port} is taken by ${other.what} already.`, path);
    }
    if (port === 22) {
      say("portal/same-port", "warning", `Port 22 is where ssh listens, most likely.`, path);
    }
    taken.push({ port, path, what });
  };
  take(portal.httpPort, ["portal", "httpPort"], "the page (`httpPort`)");
  if (portal.certificate !== null) take(portal.httpsPort, ["portal", "httpsPort"], "the page over HTTPS (`httpsPort`)");
  if (portal.uam !== null) take(portal.uam.port, ["portal", "uam", "port"], "the UAM interface (`uam.port`)");
  if (admin === null) return;
  const listen = parseAddress(admin.listen);
  const beside = prefixesOf(guests.addresses).some(({ address }) => listen !== null && address.equals(listen));
  if (beside || listen?.isUnspecified() === true) take(admin.port, ["admin", "port"], "the admin page");
}

function checkResolvers({ guests, resolvers }: Omit<PortalConfig, "places">, say: Say): void {
  const prefixes = prefixesOf(guests.addresses);
  resolvers.forEach((text, index) => {
    const resolver = parseAddress(text);
    if (resolver === null) return;
    const path = ["resolvers", index];
    if (resolver.isLoopback() || resolver.isUnspecified() || resolver.isMulticast()) {
      say("portal/resolver", "error", `Guests cannot reach ${text}; name the gateway's address on their side.`, path);
    } else if (!prefixes.some(({ address }) => address.family === resolver.family)) {
      const kind = resolver.family === 4 ? "IPv4" : "IPv6";
      say("portal/resolver", "error", `Guests have no ${kind} address, so they cannot ask ${text}.`, path);
    }
  });
}

function checkSignIn({ signIn, look, radius }: Omit<PortalConfig, "places">, say: Say): void {
  signIn.forEach((method, index) => {
    if (signIn.indexOf(method) < index) {
      say("portal/sign-in", "error", `\`${method}\` stands here twice.`, ["signIn", index]);
    }
  });
  if (signIn.includes("password") && radius === null) {
    const message =
      "There is no `radius`, so passwords are those of local users: `pierhead portal user add NAME` makes them.";
    say("portal/local-users", "note", message, ["signIn", signIn.indexOf("password")]);
  }
  if (signIn.includes("mac") && radius === null) {
    const message =
      "There is no `radius`, so a device comes in when a local user is called like its MAC (02-00-00-00-00-01).";
    say("portal/local-users", "note", message, ["signIn", signIn.indexOf("mac")]);
  }
  if (signIn.length === 1 && signIn[0] === "mac") {
    say("portal/sign-in", "warning", "The page has nothing to offer to a device that is not known.", ["signIn"]);
  }
  if (signIn.includes("email")) {
    const message =
      "Nothing of ours sends mail: `email` needs a program that starts the portal with a sender of its own.";
    say("portal/sign-in", "warning", message, ["signIn", signIn.indexOf("email")]);
  }
  if (signIn.includes("click") && look.terms === null) {
    const message = "Nobody sees terms before coming in by `click`: give `look` some `terms`.";
    say("portal/no-terms", "note", message, ["signIn", signIn.indexOf("click")]);
  }
}

const DAY = 86_400;

/** What a device had is read from the sessions that are kept. */
function checkPause({ signIn, click, limits, keep }: Omit<PortalConfig, "places">, say: Say): void {
  const pause = click?.pause ?? null;
  if (pause === null) return;
  const path = ["click", "pause"];
  if (!signIn.includes("click")) {
    say("portal/click-pause", "warning", "Nobody comes in by `click` here: `signIn` does not list it.", path);
  }
  if (limits.session === null) {
    const message =
      "There is no end for a pause to come after: say with `session` in `limits` how long a click is good for.";
    say("portal/click-pause", "error", message, path);
    return;
  }
  const needed = limits.session + (pause === "tomorrow" ? DAY : pause);
  if (keep !== null && keep < needed) {
    const message = `Sessions are forgotten after ${keep} s (\`keep\`), and the pause with them; it needs ${needed} s (\`session\` and \`pause\`).`;
    say("portal/click-pause", "error", message, path);
  }
}

/** Seconds a phone may be off the air while it sleeps. */
const SLEEP = 600;

function checkGone({ gone = null, firewall, limits, tick }: Omit<PortalConfig, "places">, say: Say): void {
  if (gone === null) return;
  const warn = (message: string): void => say("portal/gone", "warning", message, ["gone"]);
  if (firewall === "pf") {
    warn("Only Linux can ask whether a device is still there: here sessions wait for theirs, or end by `idle`.");
  } else if (gone < SLEEP || gone < 6 * tick) {
    warn("Phones are off the air that long while they sleep, and would have to sign in again each time.");
  }
  if (limits.idle !== null && limits.idle <= gone) {
    const message = "Where nobody says otherwise, `idle` in `limits` ends the session first.";
    say("portal/gone", "note", message, ["gone"]);
  }
}

function checkLimits({ limits, tick }: Omit<PortalConfig, "places">, say: Say): void {
  if (tick > 300) {
    const message = "A volume that is used up is noticed with the next look at the counters, up to this much later.";
    say("portal/tick", "warning", message, ["tick"]);
  }
  if (limits.idle !== null && limits.idle < 2 * tick) {
    const message = `Idle time is measured every ${tick} s (\`tick\`), so this ends sessions that are not idle.`;
    say("portal/short-idle", "warning", message, ["limits", "idle"]);
  } else if (limits.idle !== null && limits.idle < 60) {
    say("portal/short-idle", "warning", "Phones sleep longer than that, and sign in again each time.", [
      "limits",
      "idle",
    ]);
  }
  if (limits.session !== null && limits.idle !== null && limits.idle >= limits.session) {
    say("portal/short-idle", "note", "The session ends before it can be idle that long.", ["limits", "idle"]);
  }
}

function checkRadius(file: PortalFile, { radius }: Omit<PortalConfig, "places">, say: Say): void {
  if (radius === null) return;
  if (radius.interim !== null && radius.interim < LEAST_INTERIM) {
    const message = `Interim-Updates every ${radius.interim} s: RFC 2869 forbids less than ${LEAST_INTERIM}, and servers drown.`;
    say("portal/short-interim", "warning", message, ["radius", "interim"]);
  } else if (radius.interim !== null && radius.interim < GOOD_INTERIM) {
    const message = `RFC 2869 advises ${GOOD_INTERIM} s or more between Interim-Updates.`;
    say("portal/short-interim", "note", message, ["radius", "interim"]);
  }
  const seen = new Set<string>();
  file.radius?.servers.forEach((server, index) => {
    const path = ["radius", "servers", index];
    if (server.secret === undefined && server.tls === undefined) {
      say("portal/radius-server", "error", "`secret` is missing here; only `tls` does without.", path);
    }
    const key = `${server.host} ${server.authenticationPort ?? 1812} ${server.tls?.port ?? ""}`;
    if (seen.has(key)) say("portal/radius-server", "error", `${server.host} stands here twice.`, [...path, "host"]);
    seen.add(key);
  });
}

/** A password inside the URL would be in a file that is copied and shown. */
function checkStore({ store }: PortalFile, say: Say): void {
  if (store === undefined || !/^postgres/.test(store)) return;
  if (/^postgres(?:ql)?:\/\/[^@/?]*:[^@/?]+@/.test(store) || /[?&]password=/.test(store)) {
    const message = "A password must not stand here: put the whole URL where `env:NAME` or `file:path` finds it.";
    say("portal/secret-in-file", "error", message, ["store"]);
  }
}

function prefixesOf(addresses: readonly string[]): Prefix[] {
  return addresses.map((text) => parsePrefix(text)).filter((prefix) => prefix !== null);
}

function within(prefix: Prefix | null, address: NonNullable<ReturnType<typeof parseAddress>>): boolean {
  if (prefix === null || prefix.address.family !== address.family) return false;
  return address.isIn(prefix.address.masked(prefix.length), prefix.length);
}
