/** portal.yaml as it is written: quantities in words or numbers, secrets by name. The schema says what each key means. */
import type { SignInMethod } from "./config.ts";

type Quantity = string | number;

export interface PortalFile {
  gateway?: string | undefined;
  guests: { interface: string; addresses: string[]; isolate?: boolean | undefined };
  uplink: { interface: string; nat?: boolean | undefined };
  firewall: "nftables" | "pf";
  resolvers?: string[] | undefined;
  garden?: string[] | undefined;
  portal?: PageFile | undefined;
  look?: LookFile | undefined;
  signIn: SignInMethod[];
  click?: { pause?: Quantity | undefined } | undefined;
  limits?: LimitsFile | undefined;
  radius?: RadiusFile | undefined;
  store?: string | undefined;
  admin?:
    | {
        listen?: string | undefined;
        port?: number | undefined;
        certificate?: { chain: string; key: string } | undefined;
        fromGuests?: boolean | undefined;
      }
    | undefined;
  socket?: string | undefined;
  keep?: Quantity | undefined;
  gone?: Quantity | undefined;
  tick?: Quantity | undefined;
}

/** What a portal is told besides where it stands. */
export type PortalOptions = Omit<PortalFile, "guests" | "uplink" | "firewall" | "resolvers">;

export interface PageFile {
  name?: string | undefined;
  httpPort?: number | undefined;
  httpsPort?: number | undefined;
  certificate?: { chain: string; key: string } | { acme: string; email: string; folder: string } | undefined;
  landing?: string | undefined;
  venue?: string | undefined;
  uam?:
    | {
        server: string;
        secret?: string | undefined;
        port?: number | undefined;
        challenge?: boolean | undefined;
        homepage?: string | undefined;
        ssid?: string | undefined;
        vlan?: string | undefined;
      }
    | undefined;
}

export interface LookFile {
  title?: string | undefined;
  text?: string | undefined;
  logo?: string | undefined;
  accent?: string | undefined;
  terms?: string | undefined;
  language?: string | undefined;
}

export interface LimitsFile {
  session?: Quantity | undefined;
  idle?: Quantity | undefined;
  octetsInput?: Quantity | undefined;
  octetsOutput?: Quantity | undefined;
  octetsTotal?: Quantity | undefined;
  rateUp?: Quantity | undefined;
  rateDown?: Quantity | undefined;
}

export interface RadiusFile {
  servers: {
    host: string;
    authenticationPort?: number | undefined;
    accountingPort?: number | undefined;
    secret?: string | undefined;
    tls?: { port?: number | undefined; ca: string; certificate: string; key: string } | undefined;
  }[];
  timeout?: Quantity | undefined;
  attempts?: number | undefined;
  deadTime?: Quantity | undefined;
  nasIdentifier?: string | undefined;
  nasAddress?: string | undefined;
  calledStation?: string | undefined;
  location?: { id?: string | undefined; name?: string | undefined } | undefined;
  protocol?: "pap" | "chap" | "mschapv2" | undefined;
  swapOctets?: boolean | undefined;
  interim?: Quantity | undefined;
  macPassword?: string | undefined;
  macSuffix?: string | undefined;
  nasPortType?: number | undefined;
  dynamic?: { port?: number | undefined; clients: { address: string; secret: string }[] } | undefined;
}
