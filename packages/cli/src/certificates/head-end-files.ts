/** Where a head-end's daemon looks for certificates, below `/` of the head-end. */
export type HeadEndDaemon = "iked" | "strongswan";

interface Places {
  readonly authority: string;
  certificate(name: string): string;
  key(name: string): string;
  /** iked(8) wants the public key beside; null: nobody asks for it. */
  readonly publicKey: string | null;
  readonly revoked: string;
  /** What makes the daemon read the list again. */
  readonly reload: string;
}

export const PLACES: Readonly<Record<HeadEndDaemon, Places>> = {
  iked: {
    authority: "etc/iked/ca/ca.crt",
    certificate: (name) => `etc/iked/certs/${name}.crt`,
    key: () => "etc/iked/private/local.key",
    publicKey: "etc/iked/local.pub",
    revoked: "etc/iked/crls/ca.crl",
    reload: "ikectl reload",
  },
  // FreeBSD's port; names as the swanctl.conf that is built has them.
  strongswan: {
    authority: "usr/local/etc/swanctl/x509ca/ca.crt",
    certificate: (name) => `usr/local/etc/swanctl/x509/${name}.crt`,
    key: (name) => `usr/local/etc/swanctl/private/${name}.key`,
    publicKey: null,
    revoked: "usr/local/etc/swanctl/x509crl/ca.crl",
    // charon goes on with the list it has used until its time is up, whatever is loaded: that one has to be thrown away.
    reload: "swanctl --load-creds && swanctl --flush-certs",
  },
};

/** Null: there is no daemon of that name. */
export function daemonOf(text: string): HeadEndDaemon | null {
  return text === "iked" || text === "strongswan" ? text : null;
}
