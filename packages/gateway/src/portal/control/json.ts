/** Facts as JSON: octets are numbers as long as JSON's numbers hold them, octet strings are hexadecimal. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "bigint") return item <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(item) : item.toString();
    if (item instanceof Uint8Array) return Buffer.from(item).toString("hex");
    return item;
  });
}

/** What comes out at the other end. */
export type Json<Value> = Value extends bigint
  ? number
  : Value extends Uint8Array
    ? string
    : Value extends readonly (infer Item)[]
      ? readonly Json<Item>[]
      : Value extends object
        ? { readonly [Key in keyof Value]: Json<Value[Key]> }
        : Value;
