/** What mpd takes but should be looked at. */
import { type Address, type Diagnostic, diagnostic, type Severity } from "@pierhead/core";
import type { Origin } from "../lexer/index.ts";
import { SHORT_PASSWORD, weaknessOf } from "../secrets/index.ts";
import { checkEncoding, nearest } from "../text/index.ts";
import type { MpdBundle, MpdConfiguration, MpdLink, MpdPool } from "./configuration.ts";
import type { MpdSecrets } from "./secret.ts";

type Say = (code: string, severity: Severity, message: string, origin: Origin) => void;

/** Checks a loaded mpd.conf. Its own errors are in `configuration.diagnostics`, these come on top. */
export function checkMpd(configuration: MpdConfiguration): readonly Diagnostic[] {
  const findings: Diagnostic[] = checkEncoding(configuration.source);
  const say: Say = (code, severity, message, { source, span }) =>
    findings.push(diagnostic(code, severity, message, source, span));
  const { source, labels, complete, links, bundles, pools } = configuration;
  if (!labels.has("default") && !labels.has("startup") && labels.size > 0) {
    const [origin] = labels.values();
    say(
      "mpd/no-default",
      "warning",
      "There is no label `default`, so mpd runs nothing of this unless it is given a label by name; add `default:` with `load …`.",
      origin ?? { source, span: { start: 0, end: 0 } },
    );
  }
  for (const link of links) checkLink(link, bundles, complete, say);
  for (const bundle of bundles) checkBundle(bundle, pools, complete, say);
  return findings;
}

function checkLink(link: MpdLink, bundles: readonly MpdBundle[], complete: boolean, say: Say): void {
  const { actions, incoming, origin, logins, places } = link;
  for (const action of actions) {
    if (action.kind !== "bundle" || !complete || bundles.some((one) => one.name === action.target)) continue;
    const meant = nearest(
      action.target,
      bundles.map((one) => one.name),
    );
    const hint = meant === null ? "create it." : `did you mean ${meant}?`;
    say(
      "mpd/unknown-bundle",
      "warning",
      `There is no bundle "${action.target}", and calls are refused; ${hint}`,
      action.origin,
    );
  }
  if (!link.isTemplate && !incoming) return;
  if (!incoming) {
    if (actions.length > 0) {
      say(
        "mpd/not-incoming",
        "warning",
        `Link ${link.name} has an action for calls and takes none; add \`set link enable incoming\`.`,
        origin,
      );
    }
    return;
  }
  if (actions.length === 0) {
    say(
      "mpd/no-action",
      "warning",
      `Nothing says what becomes of calls on ${link.name}, so they are refused; add \`set link action bundle NAME\`.`,
      places.get("link incoming") ?? origin,
    );
  }
  if (logins.length === 0) {
    say(
      "mpd/no-authentication",
      "warning",
      "Clients need not log in: no way to do it is enabled. Add `set link enable chap-msv2`.",
      places.get("link incoming") ?? origin,
    );
  }
  if (logins.includes("pap")) {
    say(
      "mpd/pap",
      "warning",
      "PAP sends passwords in the clear to whoever answers; use `set link no pap` and chap-msv2.",
      places.get("link pap") ?? origin,
    );
  }
  if (link.auth.has("radius-auth") && link.radius.length === 0) {
    say(
      "mpd/no-radius-server",
      "warning",
      "RADIUS decides, and there is no server; add `set radius server ADDRESS SECRET`, unless `set radius config` names a file.",
      places.get("auth radius-auth") ?? origin,
    );
  }
  for (const server of link.radius) {
    const weakness = weaknessOf(server.secret, SHORT_PASSWORD);
    if (weakness === null) continue;
    const text = `The secret shared with RADIUS is ${weakness}: whoever sees the traffic tries it out. Use 16 random characters or more.`;
    say("mpd/radius-secret-weak", "warning", text, server.origin);
  }
}

function checkBundle({ self, peer }: MpdBundle, pools: readonly MpdPool[], complete: boolean, say: Say): void {
  for (const side of [self, peer]) {
    if (side?.pool == null || !complete || pools.some((one) => one.name === side.pool)) continue;
    say(
      "mpd/unknown-pool",
      "warning",
      `There is no pool "${side.pool}", so clients get no address; add \`set ippool add ${side.pool} FIRST LAST\`.`,
      side.origin,
    );
  }
  const own = self?.range?.address;
  const pool = pools.find((one) => one.name === peer?.pool);
  const range = own === undefined ? undefined : pool?.ranges.find((one) => within(own, one));
  if (range !== undefined) {
    say(
      "mpd/pool-has-self",
      "warning",
      `The pool has ${own}, the head-end's own end of the links; leave it out.`,
      range.origin,
    );
  }
}

function within(address: Address, { first, last }: { readonly first: Address; readonly last: Address }): boolean {
  return first.compare(address) <= 0 && address.compare(last) <= 0;
}

/** Checks users: passwords that everybody knows. */
export function checkMpdSecret(secrets: MpdSecrets): readonly Diagnostic[] {
  const findings: Diagnostic[] = checkEncoding(secrets.source);
  for (const { password, passwordOrigin } of secrets.users) {
    const weakness = password === null ? null : weaknessOf(password, SHORT_PASSWORD);
    if (weakness === null) continue;
    const text = `This password is ${weakness}; anyone on the internet can try it. Use 12 random characters or more.`;
    findings.push(diagnostic("mpd/user-password-weak", "warning", text, passwordOrigin.source, passwordOrigin.span));
  }
  return findings;
}
