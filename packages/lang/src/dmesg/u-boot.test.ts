import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { inventoryCard, processorSummary } from "./card.ts";
import { parseDmesg } from "./parse.ts";

// The lines with facts out of public boot logs; addresses, serial numbers and builders' names are made up.

function card(log: string): string {
  const inventory = parseDmesg(new Source("dmesg", log));
  const said = inventory.diagnostics.map(({ code, severity }) => `${severity} ${code}`);
  return [...inventoryCard(inventory), ...said].join("\n");
}

describe("U-Boot", () => {
  it("Cavium EBT3000", () => {
    expect(
      card(`U-Boot 1.1.1 (Development build) (Build time: Jan 26 2007 - 14:06:35)
EBT3000 board revision major:4, minor:0, serial #: unknown
OCTEON CN38XX-NSP revision: 1, Core clock: 500 MHz, DDR clock: 266 MHz (532 Mhz data rate)
DRAM: 2048 MB
Flash: 8 MB
Clearing DRAM........ done
BIST check passed.
Net: octeth0, octeth1, octeth2, octeth3
Bus 0 (CF Card): OK`),
    ).toBe(`Product      EBT3000 (line 2)
System       none in this log: it ends in the boot loader
Firmware     U-Boot 1.1.1, Jan 26 2007 (line 1)
Processor    Cavium OCTEON CN38XX, 500 MHz, MIPS64 (line 3)
Memory       2 GiB (line 4)
Crypto       processor: OCTEON cryptographic unit (order code NSP), Cavium SDK, octeon-model.c (FreeBSD sys/contrib/octeon-sdk) (line 3)
Storage      boot-flash  8.4 MB, flash (line 5)
Network      octeth0  driver octeth, address not told, the boot loader's name (line 8)
             octeth1  driver octeth, address not told, the boot loader's name (line 8)
             octeth2  driver octeth, address not told, the boot loader's name (line 8)
             octeth3  driver octeth, address not told, the boot loader's name (line 8)
Log          9 lines: 6 read, 3 known and passed over, 0 unknown`);
  });

  it("Juniper SRX100", () => {
    expect(
      card(`U-Boot 1.1.6-JNPR-2.0 (Build time: Nov 17 2010 - 07:04:52)
SRX_100_HIGHMEM board revision major:0, minor:0, serial #: AT0000AF0000
OCTEON CN5020-SCP pass 1.1, Core clock: 500 MHz, DDR clock: 266 MHz (532 Mhz data rate)
DRAM:  1024 MB
Flash:  4 MB
Boot Media: nand-flash usb
Net:   pic init done (err = 0)octeth0
POST Passed`),
    ).toBe(`Product      Juniper SRX100 (high memory) (line 2)
             the log says "SRX_100_HIGHMEM" [the board code spells the product]
             serial number AT0000AF0000
System       none in this log: it ends in the boot loader
Firmware     U-Boot 1.1.6-JNPR-2.0, Nov 17 2010 (line 1)
Processor    Cavium OCTEON CN5020, 500 MHz, MIPS64, 2 cores (line 3)
Memory       1 GiB (line 4)
Crypto       processor: OCTEON cryptographic unit (order code SCP), Cavium SDK, octeon-model.c (FreeBSD sys/contrib/octeon-sdk) (line 3)
Storage      boot-flash  4.2 MB, flash (line 5)
Network      octeth0  driver octeth, address not told, the boot loader's name (line 7)
Log          8 lines: 6 read, 2 known and passed over, 0 unknown`);
  });

  // The articles lie beside the repository and are not part of it.
  const article = fileURLToPath(
    new URL("../../../../../shared/articles/juniper-srx/srx100-uboot.log", import.meta.url),
  );
  it.skipIf(!existsSync(article))(
    "the boot log of the article's SRX100 (skipped where the articles are absent)",
    () => {
      const inventory = parseDmesg(new Source("srx100-uboot.log", readFileSync(article, "latin1")));
      expect(inventory.product?.name).toBe("Juniper SRX100 (high memory)");
      expect(inventory.processor === null ? null : processorSummary(inventory.processor)).toBe(
        "Cavium OCTEON CN5020, 500 MHz, MIPS64, 2 cores",
      );
      expect(inventory.memory.total?.value).toBe(1024 ** 3);
      expect(inventory.lines).toEqual({ total: 18, facts: 6, passed: 12, unknown: 0 });
      expect(inventory.diagnostics).toEqual([]);
    },
  );
});
