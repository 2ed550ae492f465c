/** The profile for strongSwan connects: real strongSwan with it, against strongSwan with what the head-end's own files take. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Source } from "@pierhead/core";
import { buildMachine } from "@pierhead/engine/build";
import { type HeadEnd, readHeadEnd } from "@pierhead/engine/vpn";
import { buildSite } from "@pierhead/site/build";
import { readSite } from "@pierhead/site/read";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";
import { BEHIND, HEAD_END, noStrongswan, StrongswanWorld, swanctlFolder } from "./support/strongswan-world.ts";

const missing = noStrongswan();
if (missing !== null && process.env.CI === "true" && process.getuid?.() === 0) throw new Error(missing);

// Words that swanctl would take for base64, quotes of every kind, and what settings files are made of.
const PASSWORD = "0sQUJD'-$`{}#;=,&<>";
const PSK = "0skey key%key@key:'key";

function site(vpn: string): string {
  return `site: office
hosts:
  gate:
    system: openbsd-7.8
    uplinks:
      wan: { interface: em0, address: ${HEAD_END}/24, gateway: 10.99.7.9 }
    lans:
      lan: { interface: em1, addresses: [${BEHIND}/24] }
    vpn:
      ${vpn}
`;
}

const SITES = {
  password: site("ikev2: { name: vpn.example.org, pool: 10.87.44.0/24, users: { anna: { password: env:ANNA } } }"),
  certificate: site("ikev2: { name: vpn.example.org, auth: certificate, pool: 10.87.44.0/24, users: { anna: {} } }"),
  split: site(
    "ikev2: { name: vpn.example.org, pool: 10.87.44.0/24, reach: [lan], users: { anna: { password: env:ANNA } } }",
  ),
  l2tp: site("l2tp-ipsec: { psk: env:PSK, pool: 10.87.43.0/24, users: { anna: { password: env:ANNA } } }"),
};

function headEndOf(text: string): HeadEnd {
  const reading = readSite(new Source("site.yaml", text));
  const machine = reading.site === null ? undefined : buildSite(reading.site).machines[0];
  if (machine === undefined) throw new Error(reading.diagnostics.map((one) => one.message).join("\n"));
  const files = Object.fromEntries(machine.files.map((file) => [file.path.slice(1), file.text]));
  const headEnd = readHeadEnd(buildMachine(files, machine.system));
  if (headEnd === null) throw new Error("no head-end");
  return headEnd;
}

const NAMES: Readonly<Record<string, string>> = {
  AES_GCM_16_128: "aes128gcm16",
  AES_GCM_16_256: "aes256gcm16",
  AES_CBC_128: "aes128",
  AES_CBC_192: "aes192",
  AES_CBC_256: "aes256",
  "3DES": "3des",
  HMAC_SHA2_256: "prfsha256",
  HMAC_SHA2_384: "prfsha384",
  HMAC_SHA2_512: "prfsha512",
  HMAC_SHA1: "prfsha1",
  HMAC_SHA2_256_128: "sha256",
  HMAC_SHA2_384_192: "sha384",
  HMAC_SHA2_512_256: "sha512",
  HMAC_SHA1_96: "sha1",
};

/** Every proposal of iked's policy in strongSwan's words, all transforms of it: not those that a profile chose. */
function ikedProposals({ iked }: HeadEnd, protocol: "ike" | "esp"): string {
  const proposals = iked?.policies[0]?.proposals.filter((one) => one.protocol === protocol) ?? [];
  return proposals
    .map(({ transforms }) =>
      transforms
        .filter(({ type, id }) => type !== "esn" && id !== "NONE")
        .map(({ id, bits }) => NAMES[bits > 0 ? `${id}_${bits}` : id] ?? id.toLowerCase().replace("_", ""))
        .join("-"),
    )
    .join(", ");
}

function responder(headEnd: HeadEnd, remote: string): string {
  const local = headEnd.iked?.policies[0]?.flows.map(({ source }) => `${source.address}/${source.mask}`).join(", ");
  return `connections {
  rw {
    version = 2
    proposals = ${ikedProposals(headEnd, "ike")}
    local_addrs = ${HEAD_END}
    pools = p
    local {
      auth = pubkey
      certs = gate.pem
      id = vpn.example.org
    }
    remote {
      ${remote}
    }
    children {
      n {
        local_ts = ${local}
        esp_proposals = ${ikedProposals(headEnd, "esp")}
      }
    }
  }
}
pools {
  p {
    addrs = 10.87.44.0/24
  }
}
secrets {
  eap-anna {
    id = anna
    secret = 0s${Buffer.from(PASSWORD).toString("base64")}
  }
}
`;
}

describe.skipIf(missing !== null)(`profiles for strongSwan (skipped: ${missing ?? "no"})`, () => {
  let scratch = "";
  let program = "";
  let world: StrongswanWorld | null = null;

  function pierhead(...args: string[]): void {
    const run = spawnSync(process.execPath, [program, "vpn", ...args], {
      cwd: scratch,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1", ANNA: PASSWORD, PSK, P12: "not-needed-here" },
    });
    expect(run.status, run.stdout + run.stderr).toBe(0);
  }

  /** The user's folder of swanctl's files, as the profile has it. */
  function profile(name: keyof typeof SITES, ...more: string[]): string {
    writeFileSync(join(scratch, `${name}.yaml`), SITES[name]);
    pierhead("clients", `${name}.yaml`, "--server", HEAD_END, "--platform", "strongswan", "-o", name, ...more);
    const folder = join(scratch, `${name}-swanctl`);
    cpSync(join(scratch, name, "anna/strongswan/etc/swanctl"), folder, { recursive: true });
    return swanctlFolder(folder, { "swanctl.conf": "include conf.d/*.conf\n" });
  }

  function gate(name: string, conf: string): string {
    const iked = join(scratch, "gate/etc/iked");
    return swanctlFolder(join(scratch, `${name}-gate`), {
      "swanctl.conf": conf,
      "x509/gate.pem": readFileSync(join(iked, "certs/vpn.example.org.crt"), "utf8"),
      "private/gate.pem": readFileSync(join(iked, "private/local.key"), "utf8"),
      "x509ca/ca.pem": readFileSync(join(iked, "ca/ca.crt"), "utf8"),
    });
  }

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), `pierhead-swan-${process.pid}-`));
    program = await bundlePierhead(scratch);
    pierhead("ca", "init", "-d", "ca");
    pierhead("ca", "issue", "server", "vpn.example.org", "-d", "ca", "-o", "gate");
    pierhead("ca", "issue", "user", "anna", "-d", "ca", "-k", "ecdsa");
    world = new StrongswanWorld(scratch);
  });

  afterAll(async () => {
    await world?.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  it("connects by password, and packets go through", async () => {
    const client = profile("password", "--ca", "ca");
    const conf = responder(headEndOf(SITES.password), "auth = eap-mschapv2\n      eap_id = %any");
    await world?.start(gate("password", conf), client);
    const run = world?.initiate(client, "office-gate");
    expect([run?.status, run?.output]).toEqual([0, expect.stringContaining("initiate completed successfully")]);
    expect(world?.ping(BEHIND)).toBe(true);
  });

  it("connects by certificate", async () => {
    const client = profile("certificate", "--ca", "ca", "--p12-password", "env:P12");
    await world?.start(gate("certificate", responder(headEndOf(SITES.certificate), "auth = pubkey")), client);
    const run = world?.initiate(client, "office-gate");
    expect([run?.status, run?.output]).toEqual([0, expect.stringContaining("initiate completed successfully")]);
    expect(world?.log("g")).toContain("authentication of 'anna' with ECDSA");
    expect(world?.ping(BEHIND)).toBe(true);
  });

  it("asks for the networks that are reached and no more", async () => {
    const client = profile("split", "--ca", "ca");
    const conf = responder(headEndOf(SITES.split), "auth = eap-mschapv2\n      eap_id = %any");
    await world?.start(gate("split", conf), client);
    const run = world?.initiate(client, "office-gate");
    expect([run?.status, run?.output]).toEqual([
      0,
      expect.stringMatching(/TS 10\.87\.44\.1\/32 === 192\.168\.7\.0\/24/),
    ]);
  });

  it("agrees on phase 1 of L2TP with the key that is shared", async () => {
    const client = profile("l2tp");
    const conf = `connections {
  l2tp {
    version = 1
    proposals = aes256-sha256-modp2048, aes256-sha1-modp2048
    local_addrs = ${HEAD_END}
    local {
      auth = psk
    }
    remote {
      auth = psk
    }
    children {
      l2tp {
        mode = transport
        local_ts = dynamic[udp/1701]
        esp_proposals = aes256-sha1
      }
    }
  }
}
secrets {
  ike-all {
    secret = 0s${Buffer.from(PSK).toString("base64")}
  }
}
`;
    await world?.start(swanctlFolder(join(scratch, "l2tp-gate"), { "swanctl.conf": conf }), client);
    // strongSwan's own ESP has no transport mode: phase 1, and what is agreed on for phase 2, is as far as it goes.
    world?.initiate(client, "office-gate");
    expect(world?.log("c")).toMatch(/IKE_SA office-gate\[1\] established/);
    expect(world?.log("g")).toContain("selected proposal: ESP:AES_CBC_256/HMAC_SHA1_96/NO_EXT_SEQ");
    // What pppd runs when the link is up: everything through it but the way to the server.
    const script = join(scratch, "l2tp/anna/strongswan/etc/ppp/ip-up.d/office-gate");
    expect(world?.routesAfter(script, "10.87.43.1", [HEAD_END, "93.184.216.34"])).toEqual(["v0", "ppp9"]);
    expect(world?.routesAfter(script, "10.0.0.1", ["93.184.216.34"])).toEqual(["v0"]);
  });
});
