/** Writes export messages, for tests and benchmarks. */

export function u16(value: number): number[] {
  return [(value >> 8) & 255, value & 255];
}

export function u32(value: number): number[] {
  return [...u16(Math.floor(value / 65_536) & 65_535), ...u16(value & 65_535)];
}

export function u64(value: number): number[] {
  return [...u32(Math.floor(value / 2 ** 32)), ...u32(value % 2 ** 32)];
}

export interface Flow4 {
  readonly from: readonly [number, number, number, number];
  readonly to: readonly [number, number, number, number];
  readonly fromPort: number;
  readonly toPort: number;
  readonly bytes: number;
  readonly packets: number;
}

/** NetFlow 5 with an engine of Cisco's manner, or pflow(4)'s (42). */
export function netflow5(flows: readonly Flow4[], sequence: number, engine = 0): Uint8Array {
  const header = [
    ...u16(5),
    ...u16(flows.length),
    ...u32(10_000),
    ...u32(1_700_000_000),
    ...u32(500_000_000),
    ...u32(sequence),
  ];
  const records = flows.flatMap((flow) => [
    ...flow.from,
    ...flow.to,
    ...u32(0),
    ...u16(1),
    ...u16(2),
    ...u32(flow.packets),
    ...u32(flow.bytes),
    ...u32(4_000),
    ...u32(9_000),
    ...u16(flow.fromPort),
    ...u16(flow.toPort),
    0,
    0x1b,
    6,
    0,
    ...u32(0),
    ...u32(0),
  ]);
  return Uint8Array.from([...header, engine, engine, 0, 0, ...records]);
}

/** Fields of pflow(4)'s templates 256 and 257: source, destination, then the same in both (if_pflow.h). */
const PFLOW_FIELDS: readonly (readonly [number, number])[] = [
  [10, 4],
  [14, 4],
  [2, 8],
  [1, 8],
  [152, 8],
  [153, 8],
  [7, 2],
  [11, 2],
  [5, 1],
  [4, 1],
];

export function set(id: number, body: readonly number[]): number[] {
  return [...u16(id), ...u16(body.length + 4), ...body];
}

export function template(id: number, fields: readonly (readonly [number, number])[]): number[] {
  return [
    ...u16(id),
    ...u16(fields.length),
    ...fields.flatMap(([element, length]) => [...u16(element), ...u16(length)]),
  ];
}

export function pflowTemplates(): number[] {
  const four = template(256, [[8, 4], [12, 4], ...PFLOW_FIELDS]);
  const six = template(257, [[27, 16], [28, 16], ...PFLOW_FIELDS]);
  return set(2, [...four, ...six]);
}

export function pflowRecord(addresses: readonly number[], flow: Omit<Flow4, "from" | "to">): number[] {
  return [
    ...addresses,
    ...u32(1),
    ...u32(2),
    ...u64(flow.packets),
    ...u64(flow.bytes),
    ...u64(1_700_000_000_000),
    ...u64(1_700_000_005_000),
    ...u16(flow.fromPort),
    ...u16(flow.toPort),
    0,
    6,
  ];
}

export function ipfix(sets: readonly number[], sequence: number, domain = 0): Uint8Array {
  return Uint8Array.from([
    ...u16(10),
    ...u16(sets.length + 16),
    ...u32(1_700_000_010),
    ...u32(sequence),
    ...u32(domain),
    ...sets,
  ]);
}

export function netflow9(sets: readonly number[], sequence: number, source = 0): Uint8Array {
  return Uint8Array.from([
    ...u16(9),
    ...u16(1),
    ...u32(10_000),
    ...u32(1_700_000_000),
    ...u32(sequence),
    ...u32(source),
    ...sets,
  ]);
}
