import { describe, expect, it } from "vitest";
import { driversOf, findDriver, isClonedDriver } from "./drivers.ts";
import { armById, identifyProcessor, octeonById } from "./processors.ts";
import { isPlaceholder, loaderBoard, octeonBoard, withoutPlaceholder } from "./products.ts";
import { megabitsInText, megabitsOfMediaList } from "./speeds.ts";

describe("drivers", () => {
  it.each(["openbsd", "freebsd", "netbsd", "linux"] as const)("%s: each once, each with a source", (family) => {
    const drivers = driversOf(family);
    expect(drivers.length).toBeGreaterThan(40);
    expect(new Set(drivers.map(({ driver }) => driver)).size).toBe(drivers.length);
    for (const { driver, reference, hardware, megabits } of drivers) {
      expect(reference, driver).toMatch(/\(\d\), |driver/);
      expect(hardware.length, driver).toBeGreaterThan(2);
      expect(megabits === null || megabits >= 10, driver).toBe(true);
      expect(isClonedDriver(driver), driver).toBe(false);
    }
  });

  it("gives Junos FreeBSD's", () => {
    expect(findDriver("junos", "tsec")?.reference).toBe("tsec(4), FreeBSD 15");
    expect(findDriver("u-boot", "em")).toBeNull();
    expect(findDriver("openbsd", "constructor")).toBeNull();
  });
});

describe("processors", () => {
  it.each([
    ["Cavium OCTEON CN5020-SCP", "octeon", "Cavium OCTEON CN5020", "MIPS64", 2, true],
    ["Cavium OCTEON CN5010-CP", null, "Cavium OCTEON CN5010", "MIPS64", 1, false],
    ["CN70xx/CN71xx", "octeon", "Cavium OCTEON CN70xx/CN71xx", "MIPS64", null, null],
    ["Cavium OCTEON CN5860-NSP", null, "Cavium OCTEON CN5860", "MIPS64", 16, true],
    // CN7130 is not named after its count of cores.
    ["Cavium OCTEON CN7130-AAP", null, "Cavium OCTEON CN7130", "MIPS64", null, true],
    ["ARM Cortex A8", "armv7", "Arm Cortex-A8", "ARMv7", null, null],
    ["ARM Neoverse-N1", "arm64", "Arm Neoverse N1", "AArch64", null, null],
    ["Intel(R) Xeon(R) CPU E5-2660 v3 @ 2.60GHz", "amd64", "Intel Xeon E5-2660 v3", "x86-64", null, null],
    ["Intel(R) Core(TM)2 Duo CPU     E8500  @ 3.16GHz", "i386", "Intel Core2 Duo E8500", "x86", null, null],
    ["AMD GX-412TC SOC", "amd64", "AMD GX-412TC SOC", "x86-64", null, null],
    ["Freescale e500v2", "powerpc", "Freescale e500v2", "PowerPC", null, null],
  ])("%s", (words, port, name, architecture, cores, crypto) => {
    const identity = identifyProcessor(words, port);
    expect([identity.name, identity.architecture, identity.cores, identity.crypto]).toEqual([
      name,
      architecture,
      cores,
      crypto,
    ]);
  });

  it("knows ids, and says so when it does not", () => {
    expect(octeonById("000d0601")?.name).toBe("Cavium OCTEON CN50xx");
    expect(octeonById("000d0708")?.name).toBe("Cavium OCTEON CN52xx");
    expect(octeonById("00019374")).toBeNull();
    expect(armById("410fd081")?.name).toBe("Arm Cortex-A72");
    expect(armById("560f5815")).toBeNull();
  });
});

describe("products", () => {
  it("reads Juniper's board codes and looks up the others", () => {
    expect(loaderBoard("SRX_100_HIGHMEM")?.name).toBe("Juniper SRX100 (high memory)");
    expect(loaderBoard("SRX_240")?.name).toBe("Juniper SRX240");
    expect(loaderBoard("UBNT_E300")?.name).toContain("EdgeRouter 4");
    expect(loaderBoard("EBT3000")).toBeNull();
    expect(octeonBoard(20002)?.name).toContain("EdgeRouter Lite");
    expect(octeonBoard(20004)).toBeNull();
  });

  it("tells names from unfilled fields", () => {
    for (const name of [
      "Default string Default string",
      "To be filled by O.E.M. To be filled by O.E.M.",
      "",
      "..",
      "0000",
    ]) {
      expect(isPlaceholder(name), name).toBe(true);
    }
    for (const name of ["PC Engines apu2", "OpenBSD VMM", "O2", "BHYVE"]) expect(isPlaceholder(name), name).toBe(false);
    expect(withoutPlaceholder("Default string N100DC-ITX")).toBe("N100DC-ITX");
    expect(withoutPlaceholder("PC Engines PC Engines apu4")).toBe("PC Engines apu4");
    expect(withoutPlaceholder("LENOVO 20BU000GUS")).toBe("LENOVO 20BU000GUS");
  });
});

describe("speeds", () => {
  it.each([
    ["AR8035 10/100/1000 PHY", 1000],
    ["F2 10/100 PHY", 100],
    ["BCM5714 10/100/1000baseT/SX PHY", 1000],
    ["88E1111 Gigabit PHY", 1000],
    ["BCM5221 100baseTX PHY", 100],
    ["10GbaseSR", 10_000],
    ["2500Base-T", 2500],
    ["Realtek PCIe FE Family Controller", 100],
    ["Realtek PCIe GbE Family Controller", 1000],
    ["Intel PRO/1000MT (82540EM)", null],
    ["RTL8169S/8110S PHY", null],
  ])("%s", (text, megabits) => {
    expect(megabitsInText(text)).toBe(megabits);
  });

  it("reads media lists and nothing else", () => {
    expect(megabitsOfMediaList("none, 10baseT, 100baseTX-FDX, 1000baseT-FDX-master, auto")).toBe(1000);
    expect(megabitsOfMediaList("10baseT, 10baseT-FDX, 2500baseT, auto")).toBe(2500);
    expect(megabitsOfMediaList("no carrier")).toBeNull();
  });
});
