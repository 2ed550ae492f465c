/** Options of pools that FreeBSD has alone: `pool_opt` of its parse.y. */
import type { PoolOptions } from "./nodes.ts";
import { parseNumber } from "./ports.ts";
import type { Reader } from "./reader.ts";
import { Char, Token } from "./tokens.ts";

/** Reads one such option. Returns false when the next token begins none. */
export function parseFreebsdPoolOption(reader: Reader, options: PoolOptions): boolean {
  switch (reader.peek()) {
    case Token.endpointIndependent:
      reader.take("keyword");
      if (options.endpointIndependent) twice(reader, "endpoint-independent cannot be redefined");
      options.endpointIndependent = true;
      return true;
    case Token.preferIpv6Nexthop:
      reader.take("keyword");
      if (options.preferIpv6NextHop) twice(reader, "prefer-ipv6-nexthop cannot be redefined");
      options.preferIpv6NextHop = true;
      return true;
    case Token.mapEPortset:
      reader.take("keyword");
      parseMapE(reader, options);
      return true;
    default:
      return false;
  }
}

function twice(reader: Reader, tool: string): never {
  return reader.fail(tool, "pf/given-twice", "This option is given twice in this statement.");
}

/** `map-e-portset OFFSET/LENGTH/PSID` (RFC 7597 5.1). */
function parseMapE(reader: Reader, options: PoolOptions): void {
  const wrong = (tool: string, message: string): never => reader.fail(tool, "pf/invalid-map-e", message);
  const offset = parseNumber(reader);
  reader.expect(Char.slash);
  const length = parseNumber(reader);
  reader.expect(Char.slash);
  const id = parseNumber(reader);
  if (options.mapE !== null) twice(reader, "map-e-portset cannot be redefined");
  if (options.type !== "none") {
    wrong("map-e-portset cannot be used with address pools", "MAP-E shares one address: it goes with no pool type.");
  }
  if (offset <= 0 || offset >= 16) {
    wrong("MAP-E PSID offset must be 1-15", "The offset, the first number of map-e-portset, is 1 to 15.");
  }
  if (length < 0 || length >= 16 || offset + length > 16) {
    wrong("Invalid MAP-E PSID length", "Offset and length of map-e-portset are at most 16 together.");
  }
  if (length === 0) {
    wrong("PSID Length = 0: this means you do not need MAP-E", "A length of 0 leaves all ports to this host.");
  }
  if (id < 0 || id > 65535) wrong("Invalid MAP-E PSID", "The set's number is 0 to 65535.");
  options.mapE = { offset, length, id };
}
