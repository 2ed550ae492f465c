/** What chilli takes but should be looked at. */
import { type Diagnostic, diagnostic, Secret, type Severity } from "@pierhead/core";
import { SHORT_KEY, weaknessOf } from "../secrets/index.ts";
import type { ChilliConf } from "./parse.ts";
import { settingsOf } from "./values.ts";

const SECRETS = ["radiussecret", "uamsecret", "proxysecret"];

/** Checks a chilli.conf on its own. The parser's errors are in `conf.diagnostics`, these come on top. */
export function checkChilliConf(conf: ChilliConf): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const settings = settingsOf(conf);
  const say = (code: string, severity: Severity, message: string, name: string): void => {
    const entry = settings.entry(name);
    if (entry === null) return;
    found.push(diagnostic(code, severity, message, conf.source, entry.valueSpan));
  };
  for (const name of SECRETS) {
    const value = settings.entry(name)?.value ?? null;
    if (value === null) continue;
    const weakness = value === "" ? "short" : weaknessOf(new Secret(value), SHORT_KEY);
    if (weakness === null) continue;
    const why = weakness === "well-known" ? "stands in every manual" : "is soon tried out";
    say("chilli-conf/weak-secret", "warning", `This ${name} ${why}; take 16 random characters or more.`, name);
  }
  if (settings.has("radiusserver1") && !settings.has("radiussecret")) {
    const message = "There is no radiussecret, and chilli takes `testing123`; set one.";
    say("chilli-conf/default-secret", "error", message, "radiusserver1");
  }
  if (
    settings.has("uamserver") &&
    !settings.has("uamsecret") &&
    !/^https?:\/\/127\./.test(settings.text("uamserver"))
  ) {
    const message = "Without uamsecret anybody who sees a challenge can decode the password sent for it; set one.";
    say("chilli-conf/no-uamsecret", "warning", message, "uamserver");
  }
  say(
    "chilli-conf/any-dns",
    "warning",
    "Guests may ask any name server, so names carry data past the portal.",
    "uamanydns",
  );
  say(
    "chilli-conf/coa-from-anywhere",
    "warning",
    "Whoever knows the secret may end sessions, from any address.",
    "coanoipcheck",
  );
  say("chilli-conf/open-when-silent", "warning", "Everybody gets in while RADIUS does not answer.", "noradallow");
  return found;
}
