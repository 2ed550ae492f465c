import { parseSystem, type System } from "@pierhead/core";
import { describe, expect, it } from "vitest";
import { buildMachine } from "../build/index.ts";
import { compile } from "../ifstated/index.ts";
import {
  analyzeFailover,
  type FailoverOptions,
  type FailoverReport,
  failoverToJson,
  findAxes,
  findSpace,
  renderFailover,
  testLine,
} from "./index.ts";

const system = parseSystem("openbsd-7.8") as System;

const office: Record<string, string> = {
  "etc/hostname.vr0": "inet 198.51.100.199/24\n",
  "etc/hostname.vr1": "inet 192.168.1.1/24\n",
  "etc/hostname.vr2": "inet 203.0.113.220/24\n",
  "etc/mygate": "203.0.113.200\n",
  "etc/sysctl.conf": "net.inet.ip.forwarding=1\n",
  "etc/pf.conf": `set skip on lo
block drop
match out on vr0 inet from vr1:network nat-to (vr0)
match out on vr2 inet from vr1:network nat-to (vr2)
pass in quick on vr1 inet from vr1:network to (vr1)
anchor "balance" in on vr1 inet from vr1:network
pass out
pass in on vr0 inet proto tcp to (vr0) port https reply-to 198.51.100.100
pass in on vr2 inet proto tcp to (vr2) port https
`,
  "etc/ifstated.conf": `isp1 = '( "ping -q -c 1 -w 1 -I 198.51.100.199 198.51.100.100" every 10 )'
isp2 = '( "ping -q -c 1 -w 1 -I 203.0.113.220 203.0.113.200" every 10 )'
state both {
	init {
		run 'echo "pass in route-to { 198.51.100.100, 203.0.113.200 } round-robin" | pfctl -a balance -f -'
		run 'echo "pass in proto tcp to port https route-to 203.0.113.200" | pfctl -a balance/https -f -'
		run 'route -qn change default 203.0.113.200'
	}
	if ! $isp1
		set-state one
	if ! $isp2
		set-state two
}
state one {
	init {
		run 'echo "pass in route-to 203.0.113.200" | pfctl -a balance -f -'
		run 'route -qn change default 203.0.113.200'
	}
	if $isp1
		set-state both
	if ! $isp2
		set-state none
}
state two {
	init {
		run 'echo "pass in route-to 198.51.100.100" | pfctl -a balance -f -'
		run 'route -qn change default 198.51.100.100'
		run 'pfctl -q -k 192.168.1.0/24'
	}
	if $isp2
		set-state both
	if ! $isp1
		set-state none
}
state none {
	init run 'pfctl -q -a balance -F rules'
	if $isp1 && ! $isp2
		set-state two
	if $isp2 && ! $isp1
		set-state one
	if $isp1 && $isp2
		set-state both
}
`,
};

function analyze(files: Record<string, string>, options: FailoverOptions = {}): FailoverReport {
  const { ifstated } = buildMachine(files, system);
  if (ifstated === null) throw new Error("no ifstated.conf");
  return analyzeFailover(() => buildMachine(files, system).machine, ifstated.configuration, options);
}

describe("an office with two lines", () => {
  const report = analyze(office);

  it("under every condition", () => {
    const lines = renderFailover(report);
    expect(lines.slice(0, 6)).toMatchInlineSnapshot(`
      [
        "Conditions",
        "  condition             state  default route             http        https       dns         icmp        udp",
        "  isp1 up, isp2 up      both   203.0.113.200 (vr2)       vr0 or vr2  vr0 or vr2  vr0 or vr2  vr0 or vr2  vr0 or vr2",
        "  isp1 up, isp2 down    two    198.51.100.100 (vr0)      vr0         vr0         vr0         vr0         vr0",
        "  isp1 down, isp2 up    one    203.0.113.200 (vr2)       vr2         vr2         vr2         vr2         vr2",
        "  isp1 down, isp2 down  none   203.0.113.200 (vr2) DEAD  block       block       block       block       block",
      ]
    `);
    const text = lines.join("\n");
    expect(text).toMatch(/the gateway's own https +isp1 down, isp2 down +passes.*; the line is dead\n/);
    expect(text).toMatch(/inbound https on vr0 +every condition +passes.*; the answer leaves vr0 for 198.51.100.100\n/);
    expect(text).toMatch(/inbound https on vr2 +isp1 up, isp2 down +.*leaves vr0.*, another line than it came by\n/);
  });

  it("on every change", () => {
    const lines = renderFailover(report);
    expect(lines.slice(lines.indexOf("Changes"))).toMatchInlineSnapshot(`
      [
        "Changes",
        "  from                  to                    state       takes  blackout                               connections that were open",
        "  isp1 up, isp2 up      isp1 up, isp2 down    two         14 s   http, https, dns, icmp, udp            4 cut, 1 goes on, 1 moved",
        "  isp1 up, isp2 up      isp1 down, isp2 up    one         14 s   http, https, dns, icmp, udp            3 stranded, 3 goes on",
        "  isp1 up, isp2 down    isp1 up, isp2 up      both        10 s   none                                   6 goes on",
        "  isp1 up, isp2 down    isp1 down, isp2 down  none        16 s   http, https, dns, icmp, udp stay lost  6 stranded",
        "  isp1 down, isp2 up    isp1 up, isp2 up      both        10 s   none                                   6 goes on",
        "  isp1 down, isp2 up    isp1 down, isp2 down  none        16 s   http, https, dns, icmp, udp stay lost  6 stranded",
        "  isp1 down, isp2 down  isp1 up, isp2 down    two         12 s   http, https, dns, icmp, udp            -",
        "  isp1 down, isp2 down  isp1 down, isp2 up    one         12 s   http, https, dns, icmp, udp            -",
        "  isp1 up, isp2 up      isp1 down, isp2 down  one → none  20 s   http, https, dns, icmp, udp stay lost  6 stranded",
        "  isp1 up, isp2 down    isp1 down, isp2 up    both → one  14 s   http, https, dns, icmp, udp            6 stranded",
        "  isp1 down, isp2 up    isp1 up, isp2 down    both → two  14 s   http, https, dns, icmp, udp            4 cut, 2 moved",
        "  isp1 down, isp2 down  isp1 up, isp2 up      two → both  8 s    http, https, dns, icmp, udp            -",
        "",
        "Worst blackout: 14 s, when isp1 up, isp2 up becomes isp1 up, isp2 down:",
        "      10 s  until isp2 is tested again (every 10)",
        "       2 s  isp2 does not answer: 2 s",
        "       2 s  isp2 is tested on entering two, before its init block",
        "Under isp1 down, isp2 down the default route stays on a dead line (203.0.113.200).",
        "On a second visit to two, one, none a change within the first interval can pass unnoticed until the next change: ifstated looks only when every test has ended once since it came.",
        "After 5 of 12 changes open connections stay on a dead line: their states are not killed.",
      ]
    `);
  });

  it("as plain data", () => {
    const data = JSON.parse(JSON.stringify(failoverToJson(report)));
    expect(data.conditions).toHaveLength(4);
    expect(data.conditions[0].anchors[0]).toMatchObject({ path: "balance" });
    expect(data.worst.reaction.seconds).toBe(14);
    expect(data.axes[0]).toMatchObject({ name: "isp1", target: "198.51.100.100", interface: "vr0", secondsToFail: 2 });
  });
});

describe("axes", () => {
  const { machine } = buildMachine(office, system);

  it.each([
    ["ping -q -c 1 -w 1 -I 198.51.100.199 8.8.8.8 >/dev/null", "8.8.8.8 vr0"],
    ["ping -q -c1 -w1 203.0.113.200", "203.0.113.200 vr2"],
    ["/sbin/ping -c 1 192.0.2.1 && true", "192.0.2.1 null"],
    ["nc -z -w 2 -s 203.0.113.220 192.0.2.1 443", "192.0.2.1 vr2"],
    ["test -f /etc/nope", "null null"],
    ["curl -sm 3 http://198.51.100.100/x", "198.51.100.100 vr0"],
  ])("%s", (command, expected) => {
    const line = testLine(command, machine);
    expect(`${line.target} ${line.interface}`).toBe(expected);
  });

  it("are bounded, fewest things wrong first, and say what was left out", () => {
    const tests = Array.from({ length: 9 }, (_, i) => `if "ping -c 1 -w 1 192.0.2.${i}" every 10\nrun "true"\n`).join(
      "",
    );
    const { ifstated } = buildMachine({ ...office, "etc/ifstated.conf": `state a {\n${tests}}\n` }, system);
    if (ifstated === null) throw new Error("no ifstated.conf");
    const space = findSpace(findAxes(compile(ifstated.configuration), machine), 12, 20);
    expect(space.conditions).toHaveLength(12);
    expect(space.conditions[0]?.values.every((value) => value === "up")).toBe(true);
    expect(space.conditions[10]?.values.filter((value) => value === "down")).toHaveLength(2);
    expect(space.leftOut.conditions).toBe(512 - 12);
    expect(space.transitions).toHaveLength(20);
    expect(space.leftOut.transitions).toBeGreaterThan(0);
  });

  it("hold links beside tests", () => {
    const text = "state a {\nif vr0.link.down\nset-state b\n}\nstate b {\nif vr0.link.up\nset-state a\n}\n";
    const report = analyze({ ...office, "etc/ifstated.conf": text });
    expect(report.conditions.map(({ condition, state }) => `${condition.name}: ${state}`)).toEqual([
      "vr0.link up: a",
      "vr0.link down: b",
    ]);
    expect(report.transitions.map(({ reaction }) => reaction?.seconds)).toEqual([0, 0]);
  });

  it("may be none at all", () => {
    const report = analyze({ ...office, "etc/ifstated.conf": 'state a {\nrun "true"\n}\n' });
    expect(report.conditions.map(({ state }) => state)).toEqual(["a"]);
    expect(report.transitions).toEqual([]);
    expect(renderFailover(report)[0]).toContain("asks nothing");
  });
});

describe("trouble", () => {
  it("tells states that chase each other", () => {
    const text = office["etc/ifstated.conf"]?.replace(
      "if $isp1 && ! $isp2\n\t\tset-state two",
      "if ! $isp1\n\t\tset-state one",
    );
    const report = analyze({ ...office, "etc/ifstated.conf": text ?? "" });
    const both = report.conditions.find(({ condition }) => condition.name === "isp1 down, isp2 down");
    expect(both?.flapping).toContain("none");
    expect(renderFailover(report).join("\n")).toContain("never comes to rest");
  });

  it("tells commands that fail, and those it cannot follow", () => {
    const text = `state a {\nrun "route -n delete 10.9.9.0/24"\nrun "/usr/local/sbin/tell"\nrun "pfctl -f /etc/missing"\n}\n`;
    const lines = renderFailover(analyze({ ...office, "etc/ifstated.conf": text })).join("\n");
    expect(lines).toContain("In a the command `pfctl -f /etc/missing` fails");
    expect(lines).toContain("Not known: `/usr/local/sbin/tell`");
  });
});

describe("probes of pierhead monitor", () => {
  const tests = office["etc/ifstated.conf"] as string;
  const lines = tests.indexOf("state both");
  const probes = `probe line1 { icmp 198.51.100.100 interface vr0 every 100ms timeout 150ms loss 3 of 5 recover 5 }
probe line2 { tcp 203.0.113.200 port 443 source 203.0.113.220 every 200ms timeout 1s loss 2 of 4 recover 3 hold-down 5s }
isp1 = '( line1 )'
isp2 = '( line2 && vr2.link.up )'
`;
  const files = { ...office, "etc/ifstated.conf": probes + tests.slice(lines) };
  const built = (): ReturnType<typeof buildMachine> => buildMachine(files, system, { extensions: true });

  function reactions(): Record<string, number> {
    const { ifstated } = built();
    if (ifstated === null) throw new Error("no ifstated.conf");
    expect(ifstated.diagnostics).toEqual([]);
    const report = analyzeFailover(() => built().machine, ifstated.configuration);
    const found: Record<string, number> = {};
    for (const { from, to, changes, reaction } of report.transitions) {
      if (changes === 1 && reaction !== null) found[`${from.name} > ${to.name}`] = reaction.seconds;
    }
    return found;
  }

  it("without the extensions the file is refused, as ifstated refuses it", () => {
    const { ifstated } = buildMachine(files, system);
    expect(ifstated?.diagnostics.some(({ severity }) => severity === "error")).toBe(true);
  });

  it("are axes, with what they watch", () => {
    const { ifstated, machine } = built();
    if (ifstated === null) throw new Error("no ifstated.conf");
    const axes = findAxes(compile(ifstated.configuration), machine, ifstated.configuration.probes);
    expect(axes.map((axis) => [axis.kind, axis.name, axis.kind === "link" ? null : axis.line.interface])).toEqual([
      ["probe", "line1", "vr0"],
      ["probe", "line2", "vr2"],
      ["link", "vr2", null],
    ]);
  });

  it("tell after the time they need: lost or answered questions, the hold-down, the start of commands", () => {
    const seconds = reactions();
    const all = "line1 up, line2 up, vr2.link up";
    // Three questions lost at 0.1 s each and 0.15 s for the last; two commands of state one.
    expect(seconds[`${all} > line1 down, line2 up, vr2.link up`]).toBe(0.55);
    // Two lost at 0.2 s and 1 s for the last; three commands of state two.
    expect(seconds[`${all} > line1 up, line2 down, vr2.link up`]).toBe(1.55);
    // The link tells at once.
    expect(seconds[`${all} > line1 up, line2 up, vr2.link down`] ?? 9).toBeLessThanOrEqual(0.2);
    // Up again not before the hold-down is over; three commands of state both.
    expect(seconds[`line1 up, line2 down, vr2.link up > ${all}`]).toBe(5.15);
  });

  it("are in the JSON with their thresholds", () => {
    const { ifstated } = built();
    if (ifstated === null) throw new Error("no ifstated.conf");
    const report = analyzeFailover(() => built().machine, ifstated.configuration, { quick: true });
    const { axes } = failoverToJson(report) as { axes: object[] };
    expect(axes[0]).toEqual({
      kind: "probe",
      name: "line1",
      method: "icmp",
      target: "198.51.100.100",
      every: 0.1,
      timeout: 0.15,
      loss: { lost: 3, of: 5 },
      recover: 5,
      holdDown: 0,
      interface: "vr0",
    });
  });
});
