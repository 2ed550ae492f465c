/** `radius` statements of iked.conf(5). */
import { type Address, Secret } from "@pierhead/core";
import { FAIL, type Production, parseNumericHost, type Reduction } from "../lexer/index.ts";
import { findConfigOption } from "./config-options.ts";
import type { IkedContext } from "./context.ts";

type Rule = Production<IkedContext>;

const AUTHENTICATION_PORT = 1812;
const ACCOUNTING_PORT = 1813;
const DAE_PORT = 3799;

interface Attribute {
  readonly vendor: number;
  readonly attribute: number;
}

export function radiusProductions(): readonly Rule[] {
  return [
    [
      "radius",
      "'radius' accounting 'server' STRING port 'secret' STRING",
      (context, at) => {
        const address = numericAddress(context, at, 4);
        if (address === null) return FAIL;
        const accounting = at.get<boolean>(2);
        const port = at.get<number>(5) || (accounting ? ACCOUNTING_PORT : AUTHENTICATION_PORT);
        const secret = new Secret(at.get(7));
        context.radius.push({ kind: "server", accounting, address, port, secret, origin: at.whole });
        return null;
      },
    ],
    ["radius", "'radius' accounting 'max-tries' NUMBER", (context, at) => limit(context, at, "max-tries", 1n)],
    ["radius", "'radius' accounting 'max-failovers' NUMBER", (context, at) => limit(context, at, "max-failovers", 0n)],
    ["radius", "'radius' 'config' af STRING radattr", attributeMap],
    [
      "radius",
      "'radius' 'dae' 'listen' 'on' STRING port",
      (context, at) => {
        const address = numericAddress(context, at, 5);
        if (address === null) return FAIL;
        const port = at.get<number>(6) || DAE_PORT;
        context.radius.push({ kind: "dae-listen", address, port, origin: at.whole });
        return null;
      },
    ],
    [
      "radius",
      "'radius' 'dae' 'client' STRING 'secret' STRING",
      (context, at) => {
        const address = numericAddress(context, at, 4);
        if (address === null) return FAIL;
        context.radius.push({ kind: "dae-client", address, secret: new Secret(at.get(6)), origin: at.whole });
        return null;
      },
    ],
    ["radattr", "hexdecnumber hexdecnumber", vendorAttribute],
    [
      "radattr",
      "hexdecnumber",
      (context, at) => {
        const attribute = at.get<bigint>(1);
        return attributeInRange(context, at, 1, attribute) ? { vendor: 0, attribute: Number(attribute) } : FAIL;
      },
    ],
    ["hexdecnumber", "STRING", numberOfWord],
    ["hexdecnumber", "NUMBER"],
    ["accounting", "", () => false],
    ["accounting", "'accounting'", () => true],
  ];
}

function numericAddress({ report, environment }: IkedContext, at: Reduction, index: number): Address | null {
  const text = at.get<string>(index);
  const host = parseNumericHost(text, environment.interfaces);
  if (host !== null) return host.address;
  report.error(
    "iked/radius-address",
    `could not parse the address: ${text}: name or service is not known`,
    at.origin(index),
    `"${text}" is no IPv4 or IPv6 address; names are not looked up here.`,
  );
  return null;
}

function limit(context: IkedContext, at: Reduction, name: string, smallest: bigint): unknown {
  const value = at.get<bigint>(4);
  if (value >= smallest) {
    context.radius.push({ kind: "limit", accounting: at.get(2), name, value: Number(value), origin: at.whole });
    return null;
  }
  const text = smallest === 1n ? "max-tries must a positive value" : "max-failovers must be 0 or a positive value";
  context.report.error("iked/radius-limit", text, at.origin(4), `\`${name}\` is ${smallest} or more.`);
  return FAIL;
}

function attributeMap(context: IkedContext, at: Reduction): unknown {
  const word = at.get<string>(4);
  const option = word === "none" ? "none" : findConfigOption(word, at.get<4 | 6 | null>(3) ?? 4);
  if (option === null || option === "protected-subnet") {
    context.report.error(
      "iked/config-option",
      "not a valid ikecfg option",
      at.origin(4),
      `"${word}" is no option that a RADIUS attribute can be given as.`,
    );
    return FAIL;
  }
  context.radius.push({ kind: "map", option, ...at.get<Attribute>(5), origin: at.whole });
  return null;
}

function vendorAttribute(context: IkedContext, at: Reduction): unknown {
  const vendor = at.get<bigint>(1);
  if (vendor < 0n || vendor > 0xffffffn) {
    context.report.error("iked/radius-attribute", "vendor-id must be in 0-0xffffff", at.origin(1));
    return FAIL;
  }
  const attribute = at.get<bigint>(2);
  if (!attributeInRange(context, at, 2, attribute)) return FAIL;
  return { vendor: Number(vendor), attribute: Number(attribute) };
}

function attributeInRange({ report }: IkedContext, at: Reduction, index: number, attribute: bigint): boolean {
  if (attribute >= 0n && attribute < 256n) return true;
  report.error("iked/radius-attribute", "attribute type must be in 0-255", at.origin(index));
  return false;
}

/** A number behind 0x. Others are refused: the limit iked gives strtonum(3) is read as -1. */
function numberOfWord({ report }: IkedContext, at: Reduction): unknown {
  const text = at.get<string>(1);
  const refuse = (what: string): typeof FAIL => {
    report.error("iked/radius-number", `\`${text}' ${what}`, at.origin(1), `"${text}" is no number.`);
    return FAIL;
  };
  if (!/^0x[0-9a-fA-F]/.test(text)) return refuse("is invalid");
  if (!/^0x[0-9a-fA-F]+$/.test(text)) return refuse("is not a number");
  const value = BigInt(text);
  if (value >= 2n ** 64n - 1n) return refuse("is out-of-range");
  return BigInt.asIntN(64, value);
}
