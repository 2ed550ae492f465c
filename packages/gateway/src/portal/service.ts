/** What the pages, the JSON interfaces, the admin and the command line ask of the running portal. */
import type { Credentials, DynamicAnswer, DynamicRequest, RadiusLimits, RadiusServerStatus } from "../radius/types.ts";
import type { StoredSession } from "../store/store.ts";

export type SignIn =
  | { readonly method: "click" }
  | { readonly method: "voucher"; readonly code: string }
  | {
      readonly method: "password";
      readonly user: string;
      readonly credentials: Credentials;
      /** Whoever asks can ask people something else, and bring their answer. */
      readonly dialogue?: boolean;
    }
  /** What people answered to a question. */
  | { readonly method: "answer"; readonly key: string; readonly answer: string }
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
        | "already-in"
        /** Too late, or answered before. */
        | "stale-question";
      readonly message: string;
      /** Where the server sends people it refuses. */
      readonly redirect?: string | null;
    }
  /**
   * RADIUS wants to know something else first (Access-Challenge). `message` is its own, untrusted; "" when it has none. The key
   * goes back with the answer, which may be seen while it is typed, or not.
   */
  | { readonly kind: "question"; readonly message: string; readonly key: string; readonly echo: boolean }
  /** The time of a click is over, and so far nobody gets another one: Unix milliseconds of when the device may come again. */
  | { readonly kind: "pause"; readonly until: number }
  /** Seconds to wait: too many wrong tries from this device or for this name. */
  | { readonly kind: "slow-down"; readonly seconds: number }
  /** More people sign in at this moment than their passwords can be checked; nobody's fault, and over in a moment. */
  | { readonly kind: "busy" }
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
  /** When a device that is in the pause between two clicks may come again (Unix milliseconds); null: it is in none. */
  pause(mac: string): Promise<number | null>;
  signIn(address: string, how: SignIn): Promise<SignInAnswer>;
  /** The device at the address signs out; false when it was not in. */
  signOut(address: string): Promise<boolean>;
  /** By an administrator, with a line in the audit log; false when there is no such open session here. */
  kick(id: string, who: string): Promise<boolean>;
  sessions(): readonly StoredSession[];
  dynamic(request: DynamicRequest, from: string): Promise<DynamicAnswer>;
  status(): PortalStatus;
}
