/** Attributes by name, as data: RFC 2865, 2866, 2868, 2869, 3162, 5176, 6911, RFC 2548, WISPr and ChilliSpot. */

/** How a value is written: `tagged` has a tag of one octet before it when that is below 0x20 (RFC 2868, 3.6). */
export type AttributeFormat = "text" | "octets" | "integer" | "ipv4" | "ipv6" | "time" | "tagged";

/**
 * Where Pierhead has to do with an attribute, one letter each: `A` it sends it in Access-Request, `a` it acts on it in the
 * answers; `C` it sends it in Accounting-Request; `D` it understands it in CoA-Request, `d` in Disconnect-Request;
 * `r` it sends it in the answers to those. Without letters it is known by name and ignored.
 */
export interface AttributeKind {
  readonly vendor: number;
  readonly type: number;
  readonly format: AttributeFormat;
  readonly use: string;
}

export const VENDOR = { microsoft: 311, wispr: 14122, chillispot: 14559 } as const;

export const VENDOR_SPECIFIC = 26;

export const ATTRIBUTES = {
  "User-Name": { vendor: 0, type: 1, format: "text", use: "AaCDd" },
  "User-Password": { vendor: 0, type: 2, format: "octets", use: "A" },
  "CHAP-Password": { vendor: 0, type: 3, format: "octets", use: "A" },
  "NAS-IP-Address": { vendor: 0, type: 4, format: "ipv4", use: "ACDd" },
  "NAS-Port": { vendor: 0, type: 5, format: "integer", use: "ACDd" },
  "Service-Type": { vendor: 0, type: 6, format: "integer", use: "AD" },
  "Framed-IP-Address": { vendor: 0, type: 8, format: "ipv4", use: "ACDd" },
  "Filter-Id": { vendor: 0, type: 11, format: "text", use: "a" },
  "Reply-Message": { vendor: 0, type: 18, format: "text", use: "aDd" },
  State: { vendor: 0, type: 24, format: "octets", use: "AaDdr" },
  Class: { vendor: 0, type: 25, format: "octets", use: "aC" },
  "Session-Timeout": { vendor: 0, type: 27, format: "integer", use: "aD" },
  "Idle-Timeout": { vendor: 0, type: 28, format: "integer", use: "aD" },
  "Termination-Action": { vendor: 0, type: 29, format: "integer", use: "" },
  "Called-Station-Id": { vendor: 0, type: 30, format: "text", use: "ACDd" },
  "Calling-Station-Id": { vendor: 0, type: 31, format: "text", use: "ACDd" },
  "NAS-Identifier": { vendor: 0, type: 32, format: "text", use: "ACDd" },
  "Proxy-State": { vendor: 0, type: 33, format: "octets", use: "Ddr" },
  "Acct-Status-Type": { vendor: 0, type: 40, format: "integer", use: "C" },
  "Acct-Delay-Time": { vendor: 0, type: 41, format: "integer", use: "C" },
  "Acct-Input-Octets": { vendor: 0, type: 42, format: "integer", use: "C" },
  "Acct-Output-Octets": { vendor: 0, type: 43, format: "integer", use: "C" },
  "Acct-Session-Id": { vendor: 0, type: 44, format: "text", use: "ACDd" },
  "Acct-Authentic": { vendor: 0, type: 45, format: "integer", use: "C" },
  "Acct-Session-Time": { vendor: 0, type: 46, format: "integer", use: "C" },
  "Acct-Input-Packets": { vendor: 0, type: 47, format: "integer", use: "C" },
  "Acct-Output-Packets": { vendor: 0, type: 48, format: "integer", use: "C" },
  "Acct-Terminate-Cause": { vendor: 0, type: 49, format: "integer", use: "Cd" },
  "Acct-Input-Gigawords": { vendor: 0, type: 52, format: "integer", use: "C" },
  "Acct-Output-Gigawords": { vendor: 0, type: 53, format: "integer", use: "C" },
  "Event-Timestamp": { vendor: 0, type: 55, format: "time", use: "CDdr" },
  "CHAP-Challenge": { vendor: 0, type: 60, format: "octets", use: "A" },
  "NAS-Port-Type": { vendor: 0, type: 61, format: "integer", use: "ACDd" },
  "Tunnel-Type": { vendor: 0, type: 64, format: "tagged", use: "" },
  "Tunnel-Medium-Type": { vendor: 0, type: 65, format: "tagged", use: "" },
  Prompt: { vendor: 0, type: 76, format: "integer", use: "a" },
  "EAP-Message": { vendor: 0, type: 79, format: "octets", use: "" },
  "Message-Authenticator": { vendor: 0, type: 80, format: "octets", use: "AaDdr" },
  "Tunnel-Private-Group-Id": { vendor: 0, type: 81, format: "tagged", use: "a" },
  "Acct-Interim-Interval": { vendor: 0, type: 85, format: "integer", use: "aD" },
  "NAS-Port-Id": { vendor: 0, type: 87, format: "text", use: "ACDd" },
  "Chargeable-User-Identity": { vendor: 0, type: 89, format: "octets", use: "" },
  "NAS-IPv6-Address": { vendor: 0, type: 95, format: "ipv6", use: "ACDd" },
  "Framed-Interface-Id": { vendor: 0, type: 96, format: "octets", use: "" },
  "Framed-IPv6-Prefix": { vendor: 0, type: 97, format: "octets", use: "" },
  "Error-Cause": { vendor: 0, type: 101, format: "integer", use: "r" },
  "Framed-IPv6-Address": { vendor: 0, type: 168, format: "ipv6", use: "ACDd" },

  "MS-CHAP-Error": { vendor: 311, type: 2, format: "octets", use: "a" },
  "MS-CHAP-Challenge": { vendor: 311, type: 11, format: "octets", use: "A" },
  "MS-MPPE-Send-Key": { vendor: 311, type: 16, format: "octets", use: "" },
  "MS-MPPE-Recv-Key": { vendor: 311, type: 17, format: "octets", use: "" },
  "MS-CHAP2-Response": { vendor: 311, type: 25, format: "octets", use: "A" },
  "MS-CHAP2-Success": { vendor: 311, type: 26, format: "octets", use: "a" },

  "WISPr-Location-ID": { vendor: 14122, type: 1, format: "text", use: "AC" },
  "WISPr-Location-Name": { vendor: 14122, type: 2, format: "text", use: "AC" },
  "WISPr-Logoff-URL": { vendor: 14122, type: 3, format: "text", use: "A" },
  "WISPr-Redirection-URL": { vendor: 14122, type: 4, format: "text", use: "a" },
  "WISPr-Bandwidth-Min-Up": { vendor: 14122, type: 5, format: "integer", use: "" },
  "WISPr-Bandwidth-Min-Down": { vendor: 14122, type: 6, format: "integer", use: "" },
  "WISPr-Bandwidth-Max-Up": { vendor: 14122, type: 7, format: "integer", use: "aD" },
  "WISPr-Bandwidth-Max-Down": { vendor: 14122, type: 8, format: "integer", use: "aD" },
  "WISPr-Session-Terminate-Time": { vendor: 14122, type: 9, format: "text", use: "aD" },
  "WISPr-Session-Terminate-End-Of-Day": { vendor: 14122, type: 10, format: "text", use: "" },
  "WISPr-Billing-Class-Of-Service": { vendor: 14122, type: 11, format: "text", use: "" },

  "ChilliSpot-Max-Input-Octets": { vendor: 14559, type: 1, format: "integer", use: "aD" },
  "ChilliSpot-Max-Output-Octets": { vendor: 14559, type: 2, format: "integer", use: "aD" },
  "ChilliSpot-Max-Total-Octets": { vendor: 14559, type: 3, format: "integer", use: "aD" },
  "ChilliSpot-Bandwidth-Max-Up": { vendor: 14559, type: 4, format: "integer", use: "aD" },
  "ChilliSpot-Bandwidth-Max-Down": { vendor: 14559, type: 5, format: "integer", use: "aD" },
  "ChilliSpot-Config": { vendor: 14559, type: 6, format: "text", use: "a" },
  "ChilliSpot-Lang": { vendor: 14559, type: 7, format: "text", use: "" },
  "ChilliSpot-Version": { vendor: 14559, type: 8, format: "text", use: "" },
  "ChilliSpot-OriginalURL": { vendor: 14559, type: 9, format: "text", use: "" },
  "ChilliSpot-Acct-View-Point": { vendor: 14559, type: 10, format: "integer", use: "" },
  "ChilliSpot-Require-UAM": { vendor: 14559, type: 11, format: "text", use: "" },
  "ChilliSpot-Require-Splash": { vendor: 14559, type: 12, format: "text", use: "" },
  "ChilliSpot-Max-Input-Gigawords": { vendor: 14559, type: 21, format: "integer", use: "aD" },
  "ChilliSpot-Max-Output-Gigawords": { vendor: 14559, type: 22, format: "integer", use: "aD" },
  "ChilliSpot-Max-Total-Gigawords": { vendor: 14559, type: 23, format: "integer", use: "aD" },
  "ChilliSpot-VLAN-Id": { vendor: 14559, type: 24, format: "integer", use: "" },
} as const;

export type AttributeName = keyof typeof ATTRIBUTES;

/** Service-Type (RFC 2865, 5.6). */
export const SERVICE_TYPE = { login: 1, framed: 2, callCheck: 10, authorizeOnly: 17 } as const;

/** NAS-Port-Type (RFC 2865, 5.41). */
export const NAS_PORT_TYPE = { wireless80211: 19 } as const;

/** Acct-Status-Type (RFC 2866, 5.1). */
export const ACCT_STATUS = {
  Start: 1,
  Stop: 2,
  "Interim-Update": 3,
  "Accounting-On": 7,
  "Accounting-Off": 8,
} as const;

/** Acct-Authentic (RFC 2866, 5.6). */
export const ACCT_AUTHENTIC = { radius: 1, local: 2 } as const;

/** Acct-Terminate-Cause (RFC 2866, 5.10). */
export const TERMINATE_CAUSE = {
  "User-Request": 1,
  "Lost-Carrier": 2,
  "Idle-Timeout": 4,
  "Session-Timeout": 5,
  "Admin-Reset": 6,
  "Admin-Reboot": 7,
  "NAS-Error": 9,
  "NAS-Request": 10,
  "NAS-Reboot": 11,
} as const;

/** Error-Cause (RFC 5176, 3.5), those a portal can have. */
export const ERROR_CAUSE = {
  unsupportedAttribute: 401,
  missingAttribute: 402,
  nasIdentificationMismatch: 403,
  invalidRequest: 404,
  unsupportedService: 405,
  invalidAttributeValue: 407,
  sessionContextNotFound: 503,
  resourcesUnavailable: 506,
} as const;
