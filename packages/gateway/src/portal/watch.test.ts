import { describe, expect, it } from "vitest";
import type { SpoofingSign } from "../firewall/index.ts";
import { Log } from "../monitor/log.ts";
import { watchSpoofing } from "./watch.ts";

const NO_LIMITS = {
  session: null,
  idle: null,
  octetsInput: null,
  octetsOutput: null,
  octetsTotal: null,
  rateUp: null,
  rateDown: null,
};

describe("what the packet filter sees", () => {
  const lines: string[] = [];
  const log = new Log({ format: "text", verbose: 0, write: (line) => lines.push(line.replace(/^\S+ /, "").trim()) });

  it("of somebody with another's address is in the log once, and in the status while it lasts", async () => {
    let signs: readonly SpoofingSign[] = [{ mac: "02:00:00:00:00:07", address: "192.0.2.9", packets: 3n }];
    let looks = 0;
    let looked = (): void => {};
    const abilities = { macBinding: true, newAddresses: true, rates: true };
    const spoofing = async (): Promise<readonly SpoofingSign[]> => {
      if (++looks === 4) looked();
      return signs;
    };
    const thrice = new Promise<void>((resolve) => {
      looked = resolve;
    });
    const service = await watchSpoofing({ spoofing, abilities }, { limits: NO_LIMITS }, log, 5);
    expect(service.troubles?.()).toEqual(["02:00:00:00:00:07 sends from 192.0.2.9, which is not its address."]);
    await thrice;
    expect(lines).toEqual(["warning: 02:00:00:00:00:07 sends from 192.0.2.9, which is not its address."]);
    signs = [];
    while ((service.troubles?.() ?? []).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await service.close();
  });

  it("and what it cannot do is said", async () => {
    lines.length = 0;
    const abilities = { macBinding: false, newAddresses: false, rates: false };
    const limits = { ...NO_LIMITS, rateDown: 1_000_000 };
    const service = await watchSpoofing({ spoofing: async () => [], abilities }, { limits }, log);
    await service.close();
    expect(lines).toEqual([expect.stringContaining("keeps no rates")]);
  });
});
