import { Source } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { inventoryCard } from "./card.ts";
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

  it("Juniper SRX100, the article's", () => {
    expect(
      card(`U-Boot 1.1.6-JNPR-2.0 (Build time: Nov 17 2010 - 07:04:52)

SRX_100_HIGHMEM board revision major:0, minor:0, serial #: AT0213AF1088
OCTEON CN5020-SCP pass 1.1, Core clock: 500 MHz, DDR clock: 266 MHz (532 Mhz data rate)
DRAM:  1024 MB
Starting Memory POST...
Checking datalines... OK
Checking address lines... OK
Checking 512K memory for U-Boot... OK.
Running U-Boot CRC Test... OK.
Flash:  4 MB
USB:   scanning bus for devices... 3 USB Device(s) found
       scanning bus for storage devices... 1 Storage Device(s) found
Clearing DRAM........ done
BIST check passed.
Boot Media: nand-flash usb
Net:   pic init done (err = 0)octeth0
POST Passed
Press SPACE to abort autoboot in 1 seconds`),
    ).toBe(`Product      Juniper SRX100 (high memory) (line 3)
             the log says "SRX_100_HIGHMEM" [the board code spells the product]
             serial number AT0213AF1088
System       none in this log: it ends in the boot loader
Firmware     U-Boot 1.1.6-JNPR-2.0, Nov 17 2010 (line 1)
Processor    Cavium OCTEON CN5020, 500 MHz, MIPS64, 2 cores (line 4)
Memory       1 GiB (line 5)
Crypto       processor: OCTEON cryptographic unit (order code SCP), Cavium SDK, octeon-model.c (FreeBSD sys/contrib/octeon-sdk) (line 4)
Storage      boot-flash  4.2 MB, flash (line 11)
Network      octeth0  driver octeth, address not told, the boot loader's name (line 17)
Log          18 lines: 6 read, 12 known and passed over, 0 unknown`);
  });
});
