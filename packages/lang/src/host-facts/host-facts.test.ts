import { describe, expect, it } from "vitest";
import { readIfconfigAll, readIpLinks, readPciconf, readProc, readSysctlHw } from "./index.ts";

describe("ifconfig -a", () => {
  it.each([
    [
      "OpenBSD",
      "em0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500\n\tlladdr 00:0d:b9:41:7d:00\n\tindex 1 priority 0 llprio 3\n\tmedia: Ethernet autoselect (1000baseT full-duplex,rxpause)\n\tstatus: active\n\tinet 192.0.2.1 netmask 0xffffff00 broadcast 192.0.2.255\npflog0: flags=141<UP,RUNNING,PROMISC> mtu 33136\n",
      [
        ["em0", "00:0d:b9:41:7d:00", 1_500, "up", true, 1_000, "em"],
        ["pflog0", null, 33_136, "unknown", true, null, "pflog"],
      ],
    ],
    [
      "FreeBSD",
      "ix0: flags=1008802<BROADCAST,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 9000\n\toptions=4e53fbb<RXCSUM,TXCSUM>\n\tether 00:0d:b9:41:7d:01\n\tmedia: Ethernet autoselect (10Gbase-T <full-duplex>)\n\tstatus: no carrier\n",
      [["ix0", "00:0d:b9:41:7d:01", 9_000, "down", false, 10_000, "ix"]],
    ],
    [
      "NetBSD",
      "wm0: flags=0x8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500\n\taddress: 00:0d:b9:41:7d:02\n\tmedia: Ethernet autoselect (100baseTX full-duplex)\n\tstatus: active\n",
      [["wm0", "00:0d:b9:41:7d:02", 1_500, "up", true, 100, "wm"]],
    ],
  ])("%s", (_, text, expected) => {
    expect(
      readIfconfigAll(text).map(({ name, mac, mtu, link, up, megabits, driver }) => [
        name,
        mac,
        mtu,
        link,
        up,
        megabits,
        driver,
      ]),
    ).toEqual(expected);
  });

  it("what is none", () => expect(readIfconfigAll("ifconfig: no such interface\n\tether zz\n")).toEqual([]));
});

describe("sysctl hw", () => {
  it.each([
    [
      "OpenBSD",
      "hw.model=AMD GX-412TC SOC\nhw.ncpu=4\nhw.ncpuonline=2\nhw.physmem=4261412864\nhw.vendor=PC Engines\nhw.product=APU2\nhw.serialno=1234\n",
      ["AMD GX-412TC SOC", 2, 4_261_412_864, "PC Engines APU2"],
    ],
    [
      "FreeBSD",
      "hw.machine: amd64\nhw.model: Intel(R) Atom(TM) CPU\nhw.ncpu: 2\nhw.physmem: 2113900544\n",
      ["Intel(R) Atom(TM) CPU", 2, 2_113_900_544, null],
    ],
    [
      "NetBSD",
      "hw.model = Intel 686-class\nhw.ncpu = 1\nhw.physmem = -1\nhw.physmem64 = 8589934592\n",
      ["Intel 686-class", 1, 8_589_934_592, null],
    ],
    ["nothing", "", [null, null, null, null]],
  ])("%s", (_, text, expected) => {
    const { processor, processors, memory, product } = readSysctlHw(text);
    expect([processor, processors, memory, product]).toEqual(expected);
  });
});

it("pciconf -lv: devices, and those without a driver", () => {
  const text =
    "em0@pci0:0:25:0:\tclass=0x020000 rev=0x04 hdr=0x00 vendor=0x8086 device=0x1502\n    vendor     = 'Intel Corporation'\n    device     = '82579LM Gigabit Network Connection'\n    class      = network\n    subclass   = ethernet\nnone3@pci0:2:0:0:\tclass=0x028000 rev=0x00\n    vendor     = 'Qualcomm'\n    class      = network\n";
  expect(readPciconf(text)).toEqual([
    {
      address: "pci0:0:25:0",
      driver: "em0",
      vendor: "Intel Corporation",
      device: "82579LM Gigabit Network Connection",
      kind: "network",
    },
    { address: "pci0:2:0:0", driver: null, vendor: "Qualcomm", device: null, kind: "network" },
  ]);
});

describe("Linux", () => {
  it("ip -j -d link", () => {
    const list = [
      {
        ifname: "lo",
        flags: ["LOOPBACK", "UP"],
        mtu: 65_536,
        operstate: "UNKNOWN",
        link_type: "loopback",
        address: "00:00:00:00:00:00",
      },
      { ifname: "eth0", flags: ["UP"], mtu: 1_500, operstate: "UP", link_type: "ether", address: "02:00:00:00:00:01" },
      {
        ifname: "br0",
        flags: [],
        mtu: 1_500,
        operstate: "DOWN",
        link_type: "ether",
        address: "02:00:00:00:00:02",
        linkinfo: { info_kind: "bridge" },
      },
      null,
      { ifname: 7 },
    ];
    expect(
      readIpLinks(JSON.stringify(list)).map(({ name, mac, link, up, driver }) => [name, mac, link, up, driver]),
    ).toEqual([
      ["lo", null, "unknown", true, "loopback"],
      ["eth0", "02:00:00:00:00:01", "up", true, null],
      ["br0", "02:00:00:00:00:02", "down", false, "bridge"],
    ]);
    for (const text of ["", "{}", "[", "[1,2]"]) expect(readIpLinks(text)).toEqual([]);
  });

  it("/proc", () => {
    const cpuinfo = "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n";
    expect(readProc(cpuinfo, "MemTotal:       1000 kB\n")).toEqual({
      processor: "AMD EPYC",
      processors: 2,
      memory: 1_024_000,
      product: null,
    });
    expect(readProc("", "")).toEqual({ processor: null, processors: null, memory: null, product: null });
  });
});
