/** Reads a site: text or TypeScript in, model and diagnostics out. */
import { compareDiagnostics, type Diagnostic, KNOWN_SYSTEMS, type Source, type Span } from "@pierhead/core";
import { type IssueWords, issueDiagnostics, YamlText } from "@pierhead/lang/yaml-text";
import { checkBuilt } from "../model/check-built.ts";
import { CheckContext, type Places } from "../model/check-context.ts";
import { checkGuests } from "../model/check-guests.ts";
import { checkHost } from "../model/check-host.ts";
import { checkHotspot } from "../model/check-hotspot.ts";
import { checkHostNames, checkReferences } from "../model/check-names.ts";
import { checkVpn, vpnSecrets } from "../model/check-vpn.ts";
import { startOrder } from "../model/order.ts";
import { resolveGuests, resolveHosts, type SystemOverride } from "../model/resolve.ts";
import type { Site } from "../model/site.ts";
import { type HostDescription, type SiteDescription, siteJsonSchema, siteSchema } from "../schema/index.ts";

export interface ReadSiteOptions {
  /** Whether a secret can be had: the variable is set, the file is there. Absent: not looked at. */
  readonly hasSecret?: (reference: string) => boolean;
  /** The files are going to be written: a secret that cannot be had is an error, and not only worth knowing. */
  readonly needsSecrets?: boolean;
  /** Another system for a host or guest than the file says. */
  readonly system?: SystemOverride;
}

export interface SiteReading {
  /** Null when the file is no site; with errors in the diagnostics it must not be built. */
  readonly site: Site | null;
  readonly diagnostics: readonly Diagnostic[];
}

const WORDS: IssueWords = {
  unknownKey: "site/unknown-key",
  wrongName: "site/wrong-name",
  missingKey: "site/missing-key",
  wrongValue: "site/wrong-value",
  shape: "A site file is a list of keys: `site:`, `hosts:`, `guests:`.",
  union: "a service name like https, or a number from 1 to 65535",
  schema: siteJsonSchema,
  special: (path, given) =>
    path[path.length - 1] === "system"
      ? {
          code: "site/unknown-system",
          message: `There is no system \`${String(given)}\`; systems are written like ${KNOWN_SYSTEMS.join(", ")}.`,
        }
      : null,
};

/** Reads a site file. Never throws. */
export function readSite(source: Source, options: ReadSiteOptions = {}): SiteReading {
  const document = new YamlText(source, { syntax: "site/syntax", duplicateKey: "site/duplicate-key" });
  if (document.diagnostics.length > 0) return { site: null, diagnostics: document.diagnostics };
  const parsed = siteSchema.safeParse(document.value);
  if (!parsed.success) {
    const diagnostics = issueDiagnostics(parsed.error.issues, document, WORDS).sort(compareDiagnostics);
    return { site: null, diagnostics };
  }
  return finish(parsed.data, document, options);
}

/** A site written in TypeScript; its diagnostics have no place. */
export function siteOf(description: SiteDescription, options: ReadSiteOptions = {}): SiteReading {
  const parsed = siteSchema.safeParse(description);
  const nowhere: Places = { source: null, place: () => ZERO, keyPlace: () => ZERO };
  if (!parsed.success) {
    const diagnostics = parsed.error.issues.map((issue): Diagnostic => {
      const where = issue.path.map(String).join(".");
      const message = `${where === "" ? "The site" : where}: ${issue.message}.`;
      return { code: "site/wrong-value", severity: "error", message, source: null, span: ZERO, related: [], fix: null };
    });
    return { site: null, diagnostics };
  }
  return finish(parsed.data, nowhere, options);
}

const ZERO: Span = { start: 0, end: 0 };

function finish(description: SiteDescription, places: Places, options: ReadSiteOptions): SiteReading {
  const override = options.system ?? (() => null);
  const context = new CheckContext(places);
  const hosts = resolveHosts(description, override);
  const byName = new Map(hosts.map((host) => [host.name, host]));
  for (const host of hosts) {
    checkHostNames(host, context);
    checkHost(host, context);
    checkHotspot(host, description.hosts[host.name] as HostDescription, context);
    checkVpn(host, description.hosts[host.name] as HostDescription, context);
    for (const secret of [...host.secrets, ...vpnSecrets(host)]) {
      if (options.hasSecret?.(secret.reference) !== false) continue;
      const what = secret.reference.startsWith("env:")
        ? `the variable ${secret.reference.slice(4)} is not set`
        : `there is no file ${secret.reference.slice(5)}`;
      const severity = options.needsSecrets === false ? "warning" : "error";
      context.say("site/missing-secret", severity, `This secret cannot be had: ${what}.`, secret.path);
    }
  }
  checkReferences(description, byName, context);
  const guests = resolveGuests(description, byName, override);
  checkGuests(description, byName, guests, context);
  checkBuilt(description, byName, guests, context);
  const site: Site = {
    name: description.site,
    hosts,
    guests: startOrder(guests).sorted,
    source: places.source,
    place: (path) => places.place(path),
  };
  return { site, diagnostics: context.diagnostics.sort(compareDiagnostics) };
}
