import { type Diagnostic, diagnostic, isAtLeast, type Span, type System } from "@pierhead/core";
import { nearest } from "../text/index.ts";
import { evaluateRcConf, type RcVariable, yesNo } from "./evaluate.ts";
import { FREEBSD_NAMES, FREEBSD_PATTERNS, NETBSD_NAMES } from "./names.ts";
import type { RcConf } from "./tree.ts";

/** OpenBSD, rc.subr `_rc_parse_conf`: everything else must end in one of the suffixes. */
const OPENBSD_KEYS: ReadonlySet<string> = new Set([
  "accounting",
  "amd_master",
  "check_quotas",
  "ipsec",
  "library_aslr",
  "multicast",
  "multicast_host",
  "multicast_router",
  "nfs_server",
  "pexp",
  "pf",
  "pf_rules",
  "pkg_scripts",
  "savecore_flags",
  "shlib_dirs",
  "spamd_black",
]);
const OPENBSD_SUFFIX = /_(execdir|flags|logger|rtable|timeout|user)$/;

/** What one file says wrong, as its own system would read it. */
export function checkRcConf(file: RcConf, system: System): Diagnostic[] {
  const found: Diagnostic[] = [];
  found.push(...checkTwice(file));
  if (system.family === "openbsd") found.push(...checkOpenbsd(file, system));
  else if (system.family === "freebsd" || system.family === "netbsd") found.push(...checkVariables(file, system));
  return found;
}

function checkTwice(file: RcConf): Diagnostic[] {
  const found: Diagnostic[] = [];
  const seen = new Map<string, Span>();
  for (const statement of file.statements) {
    if (statement.kind !== "assignment") continue;
    for (const assignment of statement.assignments) {
      const before = seen.get(assignment.name);
      seen.set(assignment.name, assignment.nameSpan);
      if (before === undefined) continue;
      // `x="$x more"` builds on the value before.
      if (assignment.parts.some((part) => part.kind === "variable" && part.name === assignment.name)) continue;
      found.push(
        diagnostic(
          "rc-conf/set-twice",
          "warning",
          `\`${assignment.name}\` is set twice; this one, the later, wins.`,
          file.source,
          assignment.nameSpan,
          { related: [{ source: file.source, span: before, message: "it was set here" }] },
        ),
      );
    }
  }
  return found;
}

function checkOpenbsd(file: RcConf, system: System): Diagnostic[] {
  const found: Diagnostic[] = [];
  const lineByLine = isAtLeast(system, "openbsd", 5, 6);
  for (const statement of file.statements) {
    if (statement.kind === "ignored") {
      found.push(
        diagnostic(
          "rc-conf/ignored-line",
          "warning",
          "This line is no `name=value`; rc skips it.",
          file.source,
          statement.span,
        ),
      );
    }
    if (statement.kind !== "assignment") continue;
    for (const assignment of statement.assignments) {
      const { name } = assignment;
      if (lineByLine && !OPENBSD_KEYS.has(name) && !OPENBSD_SUFFIX.test(name)) {
        const meant = nearest(name, OPENBSD_KEYS);
        found.push(
          diagnostic(
            "rc-conf/ignored-name",
            "warning",
            `rc ignores \`${name}\`: it is no variable of rc.conf and does not end in _flags${meant === null ? "" : `; did you mean \`${meant}\`?`}`,
            file.source,
            assignment.nameSpan,
          ),
        );
      }
      if (lineByLine && assignment.parts.some((part) => part.kind === "text" && /\$[A-Za-z_{(]/.test(part.text))) {
        found.push(
          diagnostic(
            "rc-conf/not-expanded",
            "warning",
            "rc reads the value as it stands: nothing after `$` is replaced.",
            file.source,
            assignment.valueSpan,
          ),
        );
      }
    }
  }
  return found;
}

function checkVariables(file: RcConf, system: System): Diagnostic[] {
  const found: Diagnostic[] = [];
  const variables = evaluateRcConf([file]);
  const names = system.family === "freebsd" ? FREEBSD_NAMES : NETBSD_NAMES;
  for (const variable of variables.values()) {
    if (variable.opaque) continue;
    const kind = names.get(variable.name);
    if (kind === "switch" && yesNo(variable.value) === null) {
      found.push(
        diagnostic(
          "rc-conf/not-yes-or-no",
          "error",
          `\`${variable.name}\` must be YES or NO, not \`${variable.value}\`; rc warns and takes it as NO.`,
          variable.source,
          variable.valueSpan,
        ),
      );
    }
    if (kind === undefined && system.family === "freebsd" && !FREEBSD_PATTERNS.test(variable.name)) {
      // Ports bring variables of their own: only a slip of one letter in a long name counts.
      const meant = nearest(variable.name, names.keys(), 1);
      if (meant !== null && meant.replace(/_enable$/, "").length > 5 && !usedElsewhere(file, variable.name)) {
        found.push(
          diagnostic(
            "rc-conf/unknown-name",
            "warning",
            `rc.conf has no variable \`${variable.name}\`; did you mean \`${meant}\`?`,
            variable.source,
            variable.nameSpan,
            {
              fix: {
                title: `write \`${meant}\``,
                edits: [{ source: variable.source, span: variable.nameSpan, text: meant }],
              },
            },
          ),
        );
      }
    }
  }
  found.push(...checkUnset(file, names));
  if (system.family === "freebsd") {
    found.push(...checkStaticRoutes(variables, "static_routes", "route_"));
    found.push(...checkStaticRoutes(variables, "ipv6_static_routes", "ipv6_route_"));
  }
  return found;
}

function usedElsewhere(file: RcConf, name: string): boolean {
  return file.statements.some(
    (statement) =>
      statement.kind === "assignment" &&
      statement.assignments.some((one) => one.parts.some((part) => part.kind === "variable" && part.name === name)),
  );
}

/** A variable used before this file sets it is empty, unless the defaults have it. */
function checkUnset(file: RcConf, names: ReadonlyMap<string, string>): Diagnostic[] {
  const found: Diagnostic[] = [];
  const set = new Set<string>();
  const all = new Set<string>();
  for (const statement of file.statements) {
    if (statement.kind === "shell") return [];
    if (statement.kind === "assignment") for (const one of statement.assignments) all.add(one.name);
  }
  for (const statement of file.statements) {
    if (statement.kind !== "assignment") continue;
    for (const assignment of statement.assignments) {
      for (const part of assignment.parts) {
        if (part.kind !== "variable" || part.operator !== null) continue;
        if (set.has(part.name) || names.has(part.name) || /^[A-Z_]+$/.test(part.name)) continue;
        const later = all.has(part.name) && part.name !== assignment.name;
        const meant = later ? null : nearest(part.name, set);
        found.push(
          diagnostic(
            "rc-conf/unset-variable",
            "error",
            later
              ? `\`$${part.name}\` is empty here: it is set further down.`
              : `\`$${part.name}\` is empty: nothing sets it${meant === null ? "" : `; did you mean \`$${meant}\`?`}`,
            file.source,
            part.span,
          ),
        );
      }
      set.add(assignment.name);
    }
  }
  return found;
}

/** rc.d/routing: each name in the list needs its variable, or the route is left out with a warning at boot. */
function checkStaticRoutes(variables: ReadonlyMap<string, RcVariable>, list: string, prefix: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  const listed = variables.get(list);
  const names = new Set<string>();
  for (const word of listed?.words ?? []) {
    const name = (word.text.split(":")[0] as string).replace(/[.\-/+]/g, "_");
    names.add(name);
    const variable = variables.get(prefix + name);
    if (listed === undefined || (variable !== undefined && (variable.value !== "" || variable.opaque))) continue;
    found.push(
      diagnostic(
        "rc-conf/route-not-found",
        "error",
        `\`${list}\` names \`${word.text}\`, but \`${prefix}${name}\` is not set; the route is not added.`,
        listed.source,
        word.span,
      ),
    );
  }
  for (const variable of variables.values()) {
    if (!variable.name.startsWith(prefix) || listed?.opaque === true) continue;
    const name = variable.name.slice(prefix.length);
    if (names.has(name) || name === "" || name === "enable" || name === "flags") continue;
    found.push(
      diagnostic(
        "rc-conf/route-not-listed",
        "warning",
        `\`${variable.name}\` is never used: \`${list}\` does not name \`${name}\`.`,
        variable.source,
        variable.nameSpan,
      ),
    );
  }
  return found;
}
