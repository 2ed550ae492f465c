/** What the checks of a VPN share: the files, and how things are said about them. */
import {
  type Address,
  type Diagnostic,
  diagnostic,
  type RelatedPlace,
  type Severity,
  type Source,
  type Span,
} from "@pierhead/core";
import type { MachineBuild } from "../build/index.ts";
import { ownSteps } from "../network/journey.ts";
import { type AttemptStep, type HeadEnd, l2tpLinks, ownAddresses } from "../vpn/index.ts";

export interface Place {
  readonly source: Source;
  readonly span: Span;
}

export class VpnFindings {
  readonly all: Diagnostic[] = [];
  readonly build: MachineBuild;
  readonly headEnd: HeadEnd;

  constructor(build: MachineBuild, headEnd: HeadEnd) {
    this.build = build;
    this.headEnd = headEnd;
  }

  say(code: string, severity: Severity, message: string, place: Place, related: readonly RelatedPlace[] = []): void {
    this.all.push(diagnostic(code, severity, message, place.source, place.span, { related }));
  }

  /** The file a finding without a line of its own belongs to. */
  fileOf(...paths: readonly string[]): Place | null {
    for (const path of paths) {
      const source = this.build.tree.source(path);
      if (source !== null) return { source, span: { start: 0, end: 0 } };
    }
    const first = this.build.tree.files.find((file) => file.live);
    return first === undefined ? null : { source: first.source, span: { start: 0, end: 0 } };
  }
}

/** An address the configuration itself says the head-end has; null when it leaves that to the machine. */
export function headEndAddress(headEnd: HeadEnd): { readonly address: Address; readonly origin: Place } | null {
  for (const peer of headEnd.peers) {
    for (const { source, rule } of peer.connections) {
      if (source.address !== null && !source.network) return { address: source.address, origin: rule.origin };
    }
  }
  for (const policy of headEnd.iked?.policies ?? []) {
    const { address, network } = policy.local;
    if (address !== null && !network) return { address, origin: policy.localOrigin ?? policy.origin };
  }
  for (const connection of headEnd.strongswan?.connections ?? []) {
    const [address] = ownAddresses(connection);
    if (address !== undefined) return { address, origin: connection.keys.get("local_addrs") ?? connection.origin };
  }
  for (const { self } of l2tpLinks(headEnd.mpd)) if (self !== null) return self;
  return null;
}

/** The rule that decided in the last pass of a step's packet, in the user's file. */
export function decidingRule(step: AttemptStep): Place | null {
  if (step.journey === null) return null;
  const last = ownSteps(step.journey, "filter").at(-1);
  return last?.result.rule?.rule.origin ?? null;
}
