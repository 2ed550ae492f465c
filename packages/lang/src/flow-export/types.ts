/** One flow, or one direction of it, as an exporter counted it. */
export interface FlowRecord {
  readonly family: 4 | 6;
  readonly from: string;
  readonly to: string;
  readonly fromPort: number;
  readonly toPort: number;
  /** IP protocol number. */
  readonly protocol: number;
  readonly bytes: number;
  readonly packets: number;
  /** Milliseconds since 1970; null where the exporter does not say. */
  readonly start: number | null;
  readonly end: number | null;
  /** Index of the interface it came by and left by; 0 is not known. */
  readonly input: number;
  readonly output: number;
  readonly tcpFlags: number;
  readonly tos: number;
}

/** What is wrong with a message, or was before it. */
export interface FlowProblem {
  /** `flows/…`, see docs/diagnostics/flows.md. */
  readonly code: string;
  readonly message: string;
  /** Records concerned, where they can be counted. */
  readonly count: number;
}

export interface DecodedMessage {
  /** NetFlow 5 or 9, IPFIX is 10; 0 is none of them. */
  readonly version: number;
  readonly records: readonly FlowRecord[];
  readonly problems: readonly FlowProblem[];
}

/** A field of a template: information element, enterprise (0 is IANA's), octets (65535 is variable). */
export interface TemplateField {
  readonly element: number;
  readonly enterprise: number;
  readonly length: number;
}

export interface Template {
  readonly fields: readonly TemplateField[];
  /** Octets of a record, the least where fields are variable. */
  readonly least: number;
  readonly variable: boolean;
  /** Fields at its beginning that say what the record is about: an options template, whose records are no flows. */
  readonly scopes: number;
}
