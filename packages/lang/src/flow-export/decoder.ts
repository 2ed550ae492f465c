/** One exporter's messages, in the order they come: NetFlow 5, NetFlow 9 (RFC 3954), IPFIX (RFC 7011). */
import { u16, u32 } from "../bytes/index.ts";
import { type Boot, readRecord } from "./fields.ts";
import { readNetflow5 } from "./netflow5.ts";
import { readTemplateSet } from "./templates.ts";
import type { DecodedMessage, FlowProblem, FlowRecord, Template } from "./types.ts";

/** Bounds of what an exporter can make us remember. */
const MOST_TEMPLATES = 1_024;
const MOST_DOMAINS = 256;
/** A jump of the sequence that is larger is a restart of the exporter. */
const LARGEST_GAP = 1_000_000;
/** More problems than this in one datagram are not listed. */
const MOST_PROBLEMS = 16;

interface Layout {
  readonly version: 9 | 10;
  readonly header: number;
  readonly templateSet: number;
  readonly optionsSet: number;
}

const NETFLOW9: Layout = { version: 9, header: 20, templateSet: 0, optionsSet: 1 };
const IPFIX: Layout = { version: 10, header: 16, templateSet: 2, optionsSet: 3 };

/** Remembers the templates of one exporter and counts what got lost on the way. */
export class FlowDecoder {
  /** By version, domain and number of the template. */
  readonly #templates: Map<string, Template> = new Map();
  /** The next sequence number, by version and domain. */
  readonly #expected: Map<string, number> = new Map();

  /** Templates that are known now. */
  get templates(): number {
    return this.#templates.size;
  }

  /** Reads one datagram. Never throws; costs time in proportion to it. */
  decode(bytes: Uint8Array): DecodedMessage {
    if (bytes.length < 2) return refused(0, "flows/damaged", "A datagram too short to be a message.");
    const version = u16(bytes, 0);
    if (version === 5) return this.#netflow5(bytes);
    if (version === 9) return this.#sets(bytes, NETFLOW9);
    if (version === 10) return this.#sets(bytes, IPFIX);
    return refused(
      0,
      "flows/unknown-version",
      `A message of version ${version}; NetFlow 5 and 9 and IPFIX (10) are read.`,
    );
  }

  #netflow5(bytes: Uint8Array): DecodedMessage {
    const message = readNetflow5(bytes);
    if (message === null) return refused(5, "flows/damaged", "A NetFlow 5 message without its header.");
    const problems: FlowProblem[] = [];
    if (message.missing > 0) {
      const text = "A NetFlow 5 message holds fewer records than its header says.";
      problems.push({ code: "flows/damaged", message: text, count: message.missing });
    }
    const sent = message.records.length + message.missing;
    this.#count(`5/${message.engine}`, message.sequence, sent, problems);
    return { version: 5, records: message.records, problems };
  }

  #sets(bytes: Uint8Array, layout: Layout): DecodedMessage {
    const { version, header } = layout;
    const name = version === 9 ? "NetFlow 9" : "IPFIX";
    if (bytes.length < header) return refused(version, "flows/damaged", `An ${name} message without its header.`);
    const problems: FlowProblem[] = [];
    const say = (code: string, message: string, count = 1): void => {
      if (problems.length < MOST_PROBLEMS) problems.push({ code, message, count });
    };
    let end = bytes.length;
    if (version === 10) {
      const length = u16(bytes, 2);
      if (length > end) say("flows/damaged", "An IPFIX message is longer than the datagram it came in.");
      else if (length < header) return refused(10, "flows/damaged", "An IPFIX message shorter than its header.");
      else end = length;
    }
    const domain = u32(bytes, version === 9 ? 16 : 12);
    const sequence = u32(bytes, version === 9 ? 12 : 8);
    const boot: Boot = version === 9 ? u32(bytes, 8) * 1000 - u32(bytes, 4) : null;
    const records: FlowRecord[] = [];
    let counted = 0;
    let unknown = 0;
    let firstUnknown = 0;
    for (let at = header; at + 4 <= end; ) {
      const id = u16(bytes, at);
      const length = u16(bytes, at + 2);
      const next = at + length;
      if (length < 4 || next > end) {
        say("flows/damaged", `A set of ${length} octets does not fit into its ${name} message.`);
        break;
      }
      if (id === layout.templateSet) this.#learn(bytes, at + 4, next, version, domain, false, say);
      else if (id === layout.optionsSet) this.#learn(bytes, at + 4, next, version, domain, true, say);
      else if (id >= 256) {
        const template = this.#templates.get(key(version, domain, id));
        if (template === undefined) {
          unknown++;
          if (unknown === 1) firstUnknown = id;
        } else counted += this.#records(bytes, at + 4, next, template, boot, records);
      } else say("flows/damaged", `A set with the reserved number ${id}.`);
      at = next;
    }
    if (unknown > 0) {
      say("flows/no-template", `Data of template ${firstUnknown}, which the exporter has not sent yet.`, unknown);
    }
    // NetFlow 9 counts messages, IPFIX the records before this one; those without a template cannot be counted.
    if (version === 9) this.#count(`9/${domain}`, sequence, 1, problems);
    else if (unknown === 0) this.#count(`10/${domain}`, sequence, counted, problems);
    else this.#expected.delete(`10/${domain}`);
    return { version, records, problems };
  }

  /** @returns how many records there were, those of options included */
  #records(
    bytes: Uint8Array,
    start: number,
    end: number,
    template: Template,
    boot: Boot,
    records: FlowRecord[],
  ): number {
    let counted = 0;
    // What is left and shorter than a record is padding.
    for (let at = start; template.least > 0 && at + template.least <= end; ) {
      if (template.scopes > 0 && !template.variable) {
        at += template.least;
        counted++;
        continue;
      }
      const { record, next } = readRecord(bytes, at, end, template, boot);
      if (next < 0) break;
      if (record !== null && template.scopes === 0) records.push(record);
      counted++;
      at = next;
    }
    return counted;
  }

  #learn(
    bytes: Uint8Array,
    start: number,
    end: number,
    version: 9 | 10,
    domain: number,
    options: boolean,
    say: (code: string, message: string) => void,
  ): void {
    const { templates, problem } = readTemplateSet(bytes, start, end, version, options);
    for (const { id, template } of templates) {
      const name = key(version, domain, id);
      if (template === null) this.#templates.delete(name);
      else if (this.#templates.has(name) || this.#templates.size < MOST_TEMPLATES) this.#templates.set(name, template);
      else
        say("flows/too-much", `The exporter sends more than ${MOST_TEMPLATES} templates; template ${id} is not kept.`);
    }
    if (problem !== null) say("flows/damaged", problem);
  }

  /** Compares a sequence number with the one that was to come. */
  #count(stream: string, sequence: number, sent: number, problems: FlowProblem[]): void {
    const expected = this.#expected.get(stream);
    if (expected === undefined && this.#expected.size >= MOST_DOMAINS) return;
    this.#expected.set(stream, (sequence + sent) >>> 0);
    if (expected === undefined) return;
    const gap = (sequence - expected) >>> 0;
    if (gap === 0) return;
    if (gap <= LARGEST_GAP) {
      const what = stream.startsWith("9/") ? "messages" : "records";
      problems.push({
        code: "flows/lost",
        message: `${gap} ${what} got lost between the exporter and here.`,
        count: gap,
      });
    } else if ((expected - sequence) >>> 0 <= LARGEST_GAP) {
      // An older message that comes late: the newer number stays the one to follow.
      this.#expected.set(stream, expected);
    }
  }
}

function key(version: number, domain: number, id: number): string {
  return `${version}/${domain}/${id}`;
}

function refused(version: number, code: string, message: string): DecodedMessage {
  return { version, records: [], problems: [{ code, message, count: 1 }] };
}
