/** What the pages, the JSON interfaces, the admin and the command line ask of the running portal. */
import type { Credentials, DynamicAnswer, DynamicRequest, RadiusLimits, RadiusServerStatus } from "../radius/types.ts";
import type { StoredSession } from "../store/store.ts";

export type SignIn =
  | { readonly method: "click" }
  | { readonly method: "voucher"; readonly code: string }
  | { readonly method: "password"; readonly user: string; readonly credentials: Credentials }
  | { readonly method: "email"; readonly token: string };

export type SignInAnswer =
  | { readonly kind: "in"; readonly session: StoredSession; readonly redirect: string | null; readonly message: string }
  /** `message` is the server's Reply-Message, for people, untrusted; "" when there is none. */
  | {
      readonly kind: "refused";
      readonly why:
        | "wrong-credentials"
        | "unknown-voucher"
        | "expired"
        | "used-up"
        | "too-many-devices"
        | "revoked"
        | "method-not-offered"
        | "unknown-device"
        | "already-in";
      readonly message: string;
      /** Where the server sends people it refuses. */
      readonly redirect?: string | null;
    }
  /** Seconds to wait: too many wrong tries from this device or for this name. */
  | { readonly kind: "slow-down"; readonly seconds: number }
  /** Not the guest's fault: RADIUS silent, store or firewall failing. */
  | { readonly kind: "unavailable"; readonly reason: string };

export interface Client {
  /** Where the request comes from, without zone. */
  readonly address: string;
  /** Null when it is nobody's on the guests' link. */
  readonly mac: string | null;
  readonly session: StoredSession | null;
}

export interface PortalStatus {
  readonly gateway: string;
  readonly version: string;
  /** Milliseconds. */
  readonly started: number;
  readonly sessions: number;
  readonly pendingAccounting: number;
  readonly radius: readonly RadiusServerStatus[];
  /** Sentences about what does not work right now. */
  readonly troubles: readonly string[];
}

/** A device that an operator lets in, and what it may use. */
export interface Admission {
  /** A MAC, or an address of a device that is there. */
  readonly device: string;
  readonly user: string;
  readonly limits: RadiusLimits;
}

/** Lets devices in that have shown nothing: for who owns the portal. */
export interface Doorkeeper {
  /** A device that is in already has its limits changed. */
  admit(admission: Admission, who: string): Promise<SignInAnswer>;
}

export interface Portal {
  /** Who asks, by the address its request came from. */
  client(address: string): Promise<Client>;
  signIn(address: string, how: SignIn): Promise<SignInAnswer>;
  /** The device at the address signs out; false when it was not in. */
  signOut(address: string): Promise<boolean>;
  /** By an administrator, with a line in the audit log; false when there is no such open session here. */
  kick(id: string, who: string): Promise<boolean>;
  sessions(): readonly StoredSession[];
  dynamic(request: DynamicRequest, from: string): Promise<DynamicAnswer>;
  status(): PortalStatus;
}
