/** Sets of templates: RFC 7011 section 3.4, RFC 3954 sections 5.2 and 6.1. */
import { u16, u32 } from "../bytes/index.ts";
import type { Template, TemplateField } from "./types.ts";

const VARIABLE = 0xffff;
/** More fields than there are elements that any exporter knows. */
const MOST_FIELDS = 512;

export interface TemplateSet {
  /** A template that is null is withdrawn (RFC 7011 section 8.1). */
  readonly templates: readonly { readonly id: number; readonly template: Template | null }[];
  /** What is wrong with the rest of the set; the templates before it are good. */
  readonly problem: string | null;
}

export function readTemplateSet(
  bytes: Uint8Array,
  start: number,
  end: number,
  version: 9 | 10,
  options: boolean,
): TemplateSet {
  const templates: { id: number; template: Template | null }[] = [];
  let at = start;
  // Template numbers begin at 256; what is smaller is padding.
  while (at + 4 <= end && u16(bytes, at) >= 256) {
    const id = u16(bytes, at);
    let count = u16(bytes, at + 2);
    let scopes = 0;
    at += 4;
    if (count === 0 && version === 10) {
      templates.push({ id, template: null });
      continue;
    }
    if (options) {
      if (at + 2 > end) return { templates, problem: `The options template ${id} is cut short.` };
      if (version === 10) scopes = u16(bytes, at);
      else {
        // NetFlow 9 tells octets: of the scope fields, then of the others.
        scopes = count >> 2;
        count = scopes + (u16(bytes, at) >> 2);
      }
      at += 2;
      scopes = Math.max(scopes, 1);
    }
    if (count > MOST_FIELDS) {
      return { templates, problem: `Template ${id} has ${count} fields, more than any record.` };
    }
    const fields: TemplateField[] = [];
    let least = 0;
    let variable = false;
    for (let i = 0; i < count; i++) {
      const wide = version === 10 && at < end && (bytes[at] as number) >= 0x80;
      if (at + (wide ? 8 : 4) > end) return { templates, problem: `Template ${id} is cut short.` };
      const element = version === 10 ? u16(bytes, at) & 0x7fff : u16(bytes, at);
      const length = u16(bytes, at + 2);
      // Fields without octets would let a small datagram cost more than its size.
      if (length === 0) return { templates, problem: `Template ${id} has a field of no octets.` };
      fields.push({ element, enterprise: wide ? u32(bytes, at + 4) : 0, length });
      variable ||= length === VARIABLE;
      least += length === VARIABLE ? 1 : length;
      at += wide ? 8 : 4;
    }
    templates.push({ id, template: { fields, least, variable, scopes } });
  }
  return { templates, problem: null };
}
