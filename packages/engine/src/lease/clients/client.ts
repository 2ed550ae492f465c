import type { Lease4 } from "@pierhead/lang/dhcpv4";
import { type IaLease, type IdentityAssociation, INFINITE } from "@pierhead/lang/dhcpv6";

/** Seconds after the grant. A client that adds chance has two ends; others one moment. */
export interface Moment {
  readonly earliest: number;
  readonly latest: number;
}

/** An address or prefix that a client takes. Times in seconds after the grant; `Infinity` is for ever. */
export interface Taken {
  /** `2001:db8::10`, `2001:db8:1::/56`. */
  readonly address: string;
  readonly kind: IdentityAssociation["kind"] | "IPv4";
  readonly preferred: number;
  readonly valid: number;
}

/** Addresses that are renewed together. */
export interface Group {
  readonly leases: readonly Taken[];
  /** When it asks the server that gave the lease (Renew; REQUEST unicast); null is never. */
  readonly renew: Moment | null;
  /** When it asks any server (Rebind; REQUEST broadcast); null is never. */
  readonly rebind: Moment | null;
  /** When it gives up before the lifetimes end if no server answers, and why; null when it does not. */
  readonly givesUp: { readonly at: number; readonly why: Said } | null;
}

/** Something about a client, with the place in its source that makes it so. */
export interface Said {
  readonly text: string;
  /** `src/dhcp6.c dhcp6_findia()`. */
  readonly where: string;
}

/** What a client does with a grant. */
export interface Plan {
  readonly groups: readonly Group[];
  /** What it does not take, and why. */
  readonly refused: readonly Said[];
  readonly notes: readonly Said[];
}

/** How one client handles what servers send, read off its source. */
export interface ClientModel {
  readonly name: string;
  /** Of the source that was read. */
  readonly version: string;
  /** Where people meet it. */
  readonly systems: string;
  readonly plan6: ((associations: readonly IdentityAssociation[]) => Plan) | null;
  readonly plan4: ((lease: Lease4) => Plan) | null;
  /** What it does when its last address has expired. */
  readonly afterExpiry: string;
}

/** Seconds of a 32-bit timer: 0xffffffff never comes. */
export function seconds(value: number): number {
  return value === INFINITE ? Number.POSITIVE_INFINITY : value;
}

/** A moment without chance; null when it never comes. */
export function at(value: number): Moment | null {
  return value === Number.POSITIVE_INFINITY ? null : { earliest: value, latest: value };
}

export function takenOf(lease: IaLease, kind: Taken["kind"]): Taken {
  const address = kind === "IA_PD" ? `${lease.address}/${lease.length}` : `${lease.address}`;
  return { address, kind, preferred: seconds(lease.preferred), valid: seconds(lease.valid) };
}

export function nameOf(association: IdentityAssociation): string {
  return `${association.kind} ${association.id.toString(16)}`;
}

/** `T1 4500 s > T2 3000 s`, for what a client refuses. */
export function timersOf({ t1, t2 }: IdentityAssociation): string {
  return `T1 ${word(t1)}, T2 ${word(t2)}`;
}

export function word(value: number): string {
  return value === INFINITE ? "infinite" : `${value} s`;
}

/** Whether a status code says that there is nothing to have (RFC 8415 21.13). */
export function failed(status: { readonly code: number } | null): boolean {
  return status !== null && status.code !== 0;
}

/** Everything in one group; nothing when no address was taken. */
export function oneGroup(
  leases: readonly Taken[],
  renew: Moment | null,
  rebind: Moment | null,
  givesUp: Group["givesUp"] = null,
): readonly Group[] {
  return leases.length === 0 ? [] : [{ leases, renew, rebind, givesUp }];
}

export function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}

export function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

export function taken4(lease: Lease4, leaseTime: number): Taken {
  const valid = seconds(leaseTime);
  return { address: `${lease.address}`, kind: "IPv4", preferred: valid, valid };
}
