import type { LinkState } from "@pierhead/core";

/** What one line of the system's monitor says about links. */
export type LinkLine =
  | { readonly kind: "link"; readonly interface: string; readonly link: LinkState }
  | { readonly kind: "departed"; readonly interface: string }
  /** Something has changed, and the line does not say what: all interfaces are to be looked at. */
  | { readonly kind: "look" };
