/**
 * The rules of pf's anchor `pierhead` (pf.conf(5) of OpenBSD 7 and of FreeBSD 14): every one is quick, so that nothing after
 * the anchor decides about guests. The main ruleset names the anchor; see {@link ANCHOR_LINES}.
 */

import { FirewallError, type GardenAddress } from "./driver.ts";
import type { FamilyGround, Ground } from "./ground.ts";
import { network, port } from "./words.ts";

export type PfSystem = "openbsd" | "freebsd";

export const ANCHOR = "pierhead";

/** What the operator's pf.conf has, before its own rules of each kind. */
export const ANCHOR_LINES: Record<PfSystem, readonly string[]> = {
  openbsd: [`anchor "${ANCHOR}"`],
  freebsd: [`nat-anchor "${ANCHOR}"`, `rdr-anchor "${ANCHOR}"`, `anchor "${ANCHOR}"`],
};

const TAG = "pierhead_guest";

export function pfRules(ground: Ground, system: PfSystem): string {
  const { guests, uplink, families } = ground;
  const on = `on ${guests}`;
  const each = (lines: (family: FamilyGround, inet: string) => string[]): string[] =>
    families.flatMap((one) => lines(one, one.family === 4 ? "inet" : "inet6"));
  const links = families.flatMap((one) => one.networks.map((net) => `${net.address}/${net.length}`));
  const own = list(families.flatMap((one) => one.own));
  const resolvers = families.flatMap((one) => one.resolvers);
  const hidden = families.flatMap((one) =>
    one.networks
      .filter((net) => one.family === 4 || net.address.w0 >>> 25 === 0x7e)
      .map((net) => ({ inet: one.family === 4 ? "inet" : "inet6", net: `${net.address}/${net.length}` })),
  );
  const inline = system === "openbsd";
  const http = (one: FamilyGround): string => `${one.own[0]} port ${ground.redirectPort}`;

  const translation = inline
    ? []
    : [
        ...(ground.nat
          ? hidden.map(({ inet, net }) => `nat on ${uplink} ${inet} from ${net} to any -> (${uplink})`)
          : []),
        `no rdr ${on} from <signed> to any`,
        `no rdr ${on} from any to ${own}`,
        `rdr-anchor "garden"`,
        ...each((one, inet) =>
          one.resolvers
            .slice(0, 1)
            .map(
              (to) =>
                `no rdr ${on} ${inet} proto { tcp, udp } from any to ${list(one.resolvers)} port 53\nrdr ${on} ${inet} proto { tcp, udp } from any to any port 53 -> ${to}`,
            ),
        ),
        ...each((one, inet) => [`rdr ${on} ${inet} proto tcp from any to any port 80 -> ${http(one)}`]),
      ];
  const redirection = inline
    ? [
        ...each((one, inet) =>
          one.resolvers
            .slice(0, 1)
            .map((to) => `pass in quick ${on} ${inet} proto { tcp, udp } to any port 53 rdr-to ${to}`),
        ),
        ...each((one, inet) => [`pass in quick ${on} ${inet} proto tcp to any port 80 rdr-to ${http(one)}`]),
      ]
    : [];
  const hiding =
    inline && ground.nat
      ? hidden.map(
          ({ inet, net }) => `pass out quick on ${uplink} ${inet} from ${net} tagged ${TAG} nat-to (${uplink})`,
        )
      : [];

  return `${[
    "table <signed> persist counters",
    "table <closing> persist",
    // A negated list would be read as one rule for each.
    `table <link> const { ${[...links, "fe80::/10"].join(", ")} }`,
    ...translation,
    // What guests may not even say.
    `block drop in quick ${on} inet proto udp from any port 67 to any port 68`,
    `block drop in quick ${on} inet6 proto udp from any port 547 to any port 546`,
    `block drop in quick ${on} inet6 proto icmp6 all icmp6-type { routeradv, redir }`,
    `block drop in quick ${on} inet proto icmp all icmp-type { redir, routeradv }`,
    `pass in quick ${on} inet proto udp from any port 68 to any port 67`,
    `pass in quick ${on} inet6 proto udp from fe80::/10 port 546 to any port 547`,
    // Listener reports by number: 143 of RFC 3810 has no name.
    `pass in quick ${on} inet6 proto icmp6 all icmp6-type { routersol, neighbrsol, neighbradv, 131, 132, 143 }`,
    `block drop in quick ${on} from ! <link> to any`,
    `block drop in quick ${on} from ${own} to any`,
    ...refuse(`in quick ${on}`, "from <closing> to any"),
    `pass in quick ${on} proto tcp from any to ${own} port ${list(ground.portalPorts)}`,
    ...(ground.openPorts.length === 0
      ? []
      : [`pass in quick ${on} proto tcp from <signed> to ${own} port ${list(ground.openPorts)}`]),
    ...(resolvers.length === 0
      ? []
      : [`pass in quick ${on} proto { tcp, udp } from any to ${list(resolvers)} port 53 tag ${TAG}`]),
    ...refuse(`in quick ${on}`, "from any to self"),
    ...(ground.isolate ? refuse(`in quick ${on}`, "from any to <link>") : []),
    `pass in quick ${on} from <signed> to any tag ${TAG}`,
    `anchor "garden"`,
    ...redirection,
    ...refuse(`in quick ${on}`, "all"),
    ...hiding,
    `pass out quick on ${uplink} tagged ${TAG}`,
    ...(ground.isolate ? [] : [`pass out quick ${on} tagged ${TAG}`]),
    ...refuse("out quick", `tagged ${TAG}`),
    `pass out quick ${on} from self to any`,
    ...refuse(`out quick ${on}`, "all"),
  ].join("\n")}\n`;
}

/** TCP is reset, the rest hears that it is prohibited (RFC 1812, 5.2.7.1). */
function refuse(where: string, what: string): string[] {
  return [
    `block return-rst ${where} proto tcp ${what}`,
    `block return-icmp (filter-prohib, admin-unr) ${where} ${what}`,
  ];
}

/** The anchor `pierhead/garden`, of what is not over. */
export function pfGarden(guests: string, addresses: readonly GardenAddress[], system: PfSystem): string {
  const lines = addresses.map((one) => {
    const { address, length } = network(one.prefix);
    const inet = address.family === 4 ? "inet" : "inet6";
    if (one.port !== null) port(one.port);
    const protocol = one.protocol ?? (one.port === null ? null : "{ tcp, udp }");
    const what = `on ${guests} ${inet}${protocol === null ? "" : ` proto ${protocol}`} from any to ${address.masked(length)}/${length}${one.port === null ? "" : ` port ${one.port}`}`;
    return [`no rdr ${what}`, `pass in quick ${what} tag ${TAG}`] as const;
  });
  const translations = system === "freebsd" ? lines.map(([first]) => first) : [];
  return [...new Set([...translations, ...lines.map(([, second]) => second)])].map((line) => `${line}\n`).join("");
}

/** @throws FirewallError when pf.conf does not name the anchor, so that the rules would decide nothing */
export function checkAnchors(rules: string, system: PfSystem): void {
  // pfctl prints `anchor "pierhead" all`.
  const lacking = ANCHOR_LINES[system].filter((line) => !rules.split("\n").some((one) => one.startsWith(line)));
  if (lacking.length === 0) return;
  throw new FirewallError(
    `pf.conf lacks ${lacking.map((line) => `\`${line}\``).join(" and ")}: write it before other rules and run pfctl -f /etc/pf.conf`,
  );
}

function list(values: readonly unknown[]): string {
  return values.length === 1 ? `${values[0]}` : `{ ${values.join(", ")} }`;
}
