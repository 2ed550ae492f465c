/**
 * A hotspot that ran CoovaChilli, with its chilli.conf migrated: a login page of another server, names below a domain,
 * devices known by their MAC, a RADIUS server that looks at what chilli tells it. Real kernel, FreeRADIUS and dnsmasq.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";
import { freeTcpPorts } from "./support/free-ports.ts";
import { type FreeRadius, freeRadiusMissing, startFreeRadius } from "./support/freeradius.ts";
import { PORTAL, PortalWorld, portalWorldIsMissing } from "./support/portal-world.ts";

const SECRET = "a secret of the tests";
const UAM_SECRET = "what the page and chilli share";
const USERS = `
anna Cleartext-Password := "correct horse"
 Session-Timeout := 3600,
 ChilliSpot-Max-Input-Octets := 50000000

broke Cleartext-Password := "correct horse", Auth-Type := Reject
 Reply-Message := "No credit",
 WISPr-Redirection-URL := "http://pay.vendor.example/broke"

02-77-00-00-00-11@pier Cleartext-Password := "02-77-00-00-00-11@pier"
`;
interface Answer {
  readonly challenge?: string;
  readonly accounting?: { readonly inputOctets: number };
}

const missing =
  portalWorldIsMissing() ??
  freeRadiusMissing() ??
  (spawnSync("dnsmasq", ["--version"]).stdout?.toString().includes(" nftset") ? null : "needs dnsmasq with nftset");
if (missing !== null) console.warn(`a migrated hotspot: skipped, ${missing}`);

describe.skipIf(missing !== null)("a hotspot whose chilli.conf was migrated", () => {
  let world: PortalWorld;
  let radius: FreeRadius;
  let folder = "";
  let pierhead = "";
  let log = "";
  let api: string;
  const said: { code: string; message: string }[] = [];

  const curl = (place: "guest" | "other", ...words: string[]): string =>
    world.run(place, ["sh", "-c", 'curl -s -m 10 "$@" || true', "curl", ...words]);
  const json = (command: string): Answer => JSON.parse(curl("guest", `${api}/json/${command}`));
  const location = (...words: string[]): URL =>
    new URL(curl("guest", "-o", "/dev/null", "-w", "%{redirect_url}", ...words));

  async function eventually(what: string, is: () => boolean): Promise<void> {
    const until = Date.now() + 30_000;
    while (!is()) {
      if (Date.now() > until)
        throw new Error(`${what} did not happen:\n${log.slice(-3_000)}${radius.log().slice(-2_000)}`);
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  /** The answer of a login page that shares nothing with us. */
  function chap(challenge: string, password: string): string {
    const script = `import hashlib, sys
key = hashlib.md5(bytes.fromhex(sys.argv[1]) + sys.argv[2].encode()).digest()
print(hashlib.md5(b"\\x00" + sys.argv[3].encode() + key).hexdigest())`;
    return execFileSync("python3", ["-c", script, challenge, UAM_SECRET, password], { encoding: "utf8" }).trim();
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), `pierhead-migrated-${process.pid}-`));
    // Where SQLite's library is found.
    symlinkSync(resolve(import.meta.dirname, "../node_modules"), join(folder, "node_modules"));
    pierhead = await bundlePierhead(folder);
    world = new PortalWorld();
    radius = await startFreeRadius({ secret: SECRET, users: USERS, prefix: world.prefix("gateway") });
    const [uamPort = 0] = await freeTcpPorts(1);
    api = `http://${PORTAL.gateway[4]}:${uamPort}`;
    writeFileSync(
      join(folder, "chilli.conf"),
      `net 10.77.0.0/255.255.255.0
uamlisten ${PORTAL.gateway[4]}
uamport ${uamPort}
dhcpif guest0
dns1 ${PORTAL.gateway[4]}
radiusserver1 127.0.0.1
radiusserver2 127.0.0.1
radiusauthport ${radius.ports.authentication}
radiusacctport ${radius.ports.accounting}
radiussecret "${SECRET}"
radiusnasid pier
radiustimeout 2
definteriminterval 600
uamserver http://login.vendor.example/hotspot
uamsecret "${UAM_SECRET}"
uamdomain .vendor.example
ssid "Pier & Co"
macauth
macsuffix @pier
`,
    );
    const migrated = JSON.parse(
      execFileSync(
        process.execPath,
        [
          pierhead,
          "migrate",
          join(folder, "chilli.conf"),
          "--uplink",
          "wan0",
          "-o",
          join(folder, "portal.yaml"),
          "--json",
        ],
        { encoding: "utf8" },
      ),
    );
    said.push(...migrated.diagnostics);
    appendFileSync(
      join(folder, "portal.yaml"),
      `store: sqlite:${join(folder, "portal.db")}\nsocket: ${join(folder, "run", "portal.sock")}\ntick: 1s\n`,
    );
    // ip-netns(8): files of this folder take the place of those in /etc.
    for (const place of ["guest", "other"] as const) {
      mkdirSync(`/etc/netns/${world.name(place)}`, { recursive: true });
      writeFileSync(`/etc/netns/${world.name(place)}/resolv.conf`, `nameserver ${PORTAL.gateway[4]}\n`);
    }
    await world.serve("internet", {
      http: [80],
      stream: [8000],
      addresses: [PORTAL.server, PORTAL.garden, PORTAL.resolver].map((one) => one[4]),
    });
    const nftset = said.map(({ message }) => /nftset=\S+/.exec(message)?.[0]).filter((line) => line !== undefined);
    writeFileSync(
      join(folder, "dnsmasq.conf"),
      `no-resolv
no-hosts
interface=guest0
bind-interfaces
host-record=login.vendor.example,${PORTAL.garden[4]}
host-record=cdn.vendor.example,${PORTAL.resolver[4]}
host-record=site.example,${PORTAL.server[4]}
${nftset.join("\n")}
`,
    );
    const words = ["--keep-in-foreground", "--user=root", `--conf-file=${join(folder, "dnsmasq.conf")}`, "--pid-file"];
    world.spawn("gateway", ["dnsmasq", ...words, `--log-facility=${join(folder, "dnsmasq.log")}`]);
    const [tool = "", ...rest] = world.prefix("gateway");
    const { SSH_CONNECTION: _, ...env } = process.env;
    const portal = spawn(tool, [...rest, process.execPath, pierhead, "portal", "-c", join(folder, "portal.yaml")], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [portal.stdout, portal.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        log += text;
      });
    await eventually("the portal's start", () => log.includes('"started"') || portal.exitCode !== null);
    await eventually("the portal's answer", () => curl("guest", `${api}/json/status`) !== "");
  });

  afterAll(async () => {
    if (world !== undefined) {
      for (const place of ["guest", "other", "gateway"] as const) {
        const { stdout } = spawnSync("ip", ["netns", "pids", world.name(place)], { encoding: "utf8" });
        for (const pid of stdout.split("\n").filter(Boolean)) {
          try {
            process.kill(Number(pid), "SIGKILL");
          } catch {
            // It has just ended.
          }
        }
        rmSync(`/etc/netns/${world.name(place)}`, { recursive: true, force: true });
      }
    }
    await radius?.stop();
    world?.destroy();
    if (folder !== "") rmSync(folder, { recursive: true, force: true });
  });

  it("says what is different, and nothing is wrong", () => {
    expect(said.map(({ code }) => code).sort()).toEqual(["chilli-conf/names-below", "chilli-conf/octets"]);
    expect(readFileSync(join(folder, "radius.secret"), "utf8")).toBe(`${SECRET}\n`);
  });

  it("leads a guest to the vendor's page, with what the page reads", () => {
    const url = location("http://site.example/news?a=1");
    expect(url.origin + url.pathname).toBe("http://login.vendor.example/hotspot");
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      res: "notyet",
      uamip: PORTAL.gateway[4],
      uamport: new URL(api).port,
      called: "02-77-00-00-00-01",
      mac: "02-77-00-00-00-10",
      ip: PORTAL.guest[4],
      ssid: "Pier & Co",
      nasid: "pier",
      userurl: "http://site.example/news?a=1",
    });
    expect(curl("guest", url.href)).toContain("login.vendor.example");
  });

  it("opens names below uamdomain as they are asked for", () => {
    expect(curl("guest", "http://cdn.vendor.example/logo")).toContain("cdn.vendor.example");
    expect(location("http://site.example/").hostname).toBe("login.vendor.example");
  });

  it("refuses in the server's words, and sends on whom it sends on", () => {
    const challenge = json("status").challenge as string;
    const query = `username=broke&response=${chap(challenge, "correct horse")}`;
    expect(json(`logon?${query}`)).toMatchObject({
      clientState: 0,
      message: "No credit",
      redir: { redirectionURL: "http://pay.vendor.example/broke" },
    });
    expect(location(`${api}/logon?${query}`).href).toBe("http://pay.vendor.example/broke");
  });

  it("logs in by JSON, counts, logs out, and RADIUS hears what chilli told it", async () => {
    const challenge = json("status").challenge as string;
    expect(json(`logon?username=anna&response=${chap(challenge, "correct horse")}`)).toMatchObject({
      clientState: 1,
      session: { userName: "anna", sessionTimeout: 3600, maxInputOctets: 50_000_000 },
    });
    const [bulk] = (await world.try("guest", [
      { kind: "bulk", host: PORTAL.server[4], port: 8000, octets: 3_000_000, seconds: 60 },
    ])) as { total: number }[];
    const got = bulk?.total ?? 0;
    expect(got).toBeGreaterThanOrEqual(3_000_000);
    await eventually("a look at the counters", () => {
      const { accounting } = json("status");
      return (accounting?.inputOctets ?? 0) > got;
    });
    const query = ["portal", "-s", join(folder, "run", "portal.sock"), "query", "list", "ip", PORTAL.guest[4]];
    const columns = execFileSync(process.execPath, [pierhead, ...query], { encoding: "utf8" }).split(" ");
    expect(columns.slice(0, 6)).toEqual([
      "02-77-00-00-00-10",
      PORTAL.guest[4],
      "pass",
      expect.any(String),
      "1",
      "anna",
    ]);
    expect(json("logoff")).toMatchObject({ clientState: 0 });
    await eventually("the Stop", () => radius.records().some((one) => one["Acct-Status-Type"] === "Stop"));
    const stop = radius.records().find((one) => one["Acct-Status-Type"] === "Stop");
    expect(stop).toMatchObject({
      "User-Name": "anna",
      "NAS-Identifier": "pier",
      "NAS-IP-Address": PORTAL.gateway[4],
      "Called-Station-Id": "02-77-00-00-00-01",
    });
    // chilli without swapoctets: input is what the device received.
    expect(Number(stop?.["Acct-Input-Octets"])).toBeGreaterThan(got);
    expect(Number(stop?.["Acct-Output-Octets"])).toBeLessThan(got / 2);
  });

  it("lets a device in by its MAC with macsuffix", async () => {
    curl("other", `${api}/json/status`);
    await eventually("the device's session", () =>
      radius.records().some((one) => one["User-Name"] === "02-77-00-00-00-11@pier"),
    );
    expect(curl("other", "http://site.example/")).toContain("site.example");
  });
});
