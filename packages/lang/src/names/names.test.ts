import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, test } from "vitest";
import {
  icmpCodeByName,
  icmpCodeName,
  icmpTypeByName,
  icmpTypeName,
  protocolByName,
  protocolByNumber,
  serviceByName,
  serviceByPort,
  syslogPriorityByName,
  syslogPriorityName,
  tosByName,
} from "./index.ts";

const openbsd46 = parseSystem("openbsd-4.6") as System;
const openbsd78 = parseSystem("openbsd-7.8") as System;
const freebsd = parseSystem("freebsd-15.0") as System;

describe("services", () => {
  test.each([
    [openbsd46, "ssh", "tcp", 22],
    [openbsd46, "http", "tcp", 80],
    [openbsd78, "www", "tcp", 80],
    [openbsd78, "http", "udp", null],
    [freebsd, "http", "tcp", 80],
    [freebsd, "echo", "sctp", 7],
    [freebsd, "SSH", "tcp", null],
  ] as const)("%o %s/%s is %s", (system, name, protocol, port) => {
    expect(serviceByName(system, name, protocol)).toBe(port);
  });

  test("the official name answers for a port", () => {
    expect(serviceByPort(openbsd46, 80, "tcp")).toBe("www");
    expect(serviceByPort(freebsd, 80, "tcp")).toBe("http");
    expect(serviceByPort(freebsd, 5555, "tcp")).toBe("personal-agent");
    expect(serviceByPort(openbsd78, 24, "tcp")).toBeNull();
  });
});

test("protocols by name, alias and number", () => {
  expect(protocolByName(openbsd78, "icmp6")).toBe(58);
  expect(protocolByName(openbsd78, "TCP")).toBe(6);
  expect(protocolByNumber(openbsd78, 58)).toBe("ipv6-icmp");
  expect(protocolByNumber(freebsd, 0)).toBe("ip");
  expect(protocolByNumber(openbsd46, 200)).toBeNull();
  expect(protocolByName(freebsd, "carp")).toBe(112);
});

test("ICMP types and codes, with the first of several names printed", () => {
  expect(icmpTypeByName(openbsd78, 4, "echoreq")).toBe(8);
  expect(icmpTypeByName(openbsd78, 6, "listqry")).toBe(130);
  expect(icmpTypeName(openbsd78, 6, 130)).toBe("groupqry");
  expect(icmpTypeName(openbsd46, 6, 143)).toBeNull();
  expect(icmpTypeName(freebsd, 6, 143)).toBe("listenrepv2");
  expect(icmpTypeName(openbsd78, 4, 41)).toBeNull();
  expect(icmpCodeByName(openbsd78, 4, 3, "port-unr")).toBe(3);
  expect(icmpCodeByName(openbsd78, 4, 5, "port-unr")).toBeNull();
  expect(icmpCodeName(openbsd46, 6, 1, 2)).toBe("notnbr-unr");
  expect(icmpCodeName(openbsd78, 6, 1, 2)).toBe("beyond-unr");
});

test("TOS words", () => {
  expect(tosByName(openbsd46, "lowdelay")).toBe(0x10);
  expect(tosByName(openbsd46, "ef")).toBeNull();
  expect(tosByName(openbsd78, "EF")).toBe(0xb8);
  expect(tosByName(openbsd78, "va")).toBeNull();
  expect(tosByName(freebsd, "va")).toBe(0xb0);
  expect(tosByName(freebsd, "cs0")).toBe(0);
});

test("syslog priorities", () => {
  expect(syslogPriorityByName("WARNING")).toBe(4);
  expect(syslogPriorityByName("none")).toBeNull();
  expect(syslogPriorityName(4)).toBe("warn");
});
