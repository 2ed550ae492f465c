/**
 * Truth, not opinion: what `vpn probe` finds at a real strongSwan against what it was configured with, and which pairs
 * of strongSwan get through phase 1 against what our reader of swanctl.conf says of them.
 */
import { parseSystem, Source, type System } from "@pierhead/core";
import {
  chooseProposal,
  loadSwanctl,
  type Proposal,
  proposalsInIkev1,
  type SwanctlConnection,
  type Transform,
} from "@pierhead/lang/swanctl";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundlePierhead } from "./support/bundle.ts";
import { CLIENT_ADDRESS, IkeWorld, ikeIsMissing } from "./support/ike-world.ts";

const reason = ikeIsMissing();
const LINUX = parseSystem("linux") as System;

/** Version (0: both) and proposals of each head-end. */
const SETS: readonly (readonly [version: 0 | 1 | 2, proposals: string])[] = [
  [1, "aes256-sha1-modp2048,3des-sha1-modp1024"],
  [1, "aes128-sha256-modp1536"],
  [1, "aes256-sha384-ecp384,aes256-sha256-modp3072"],
  [1, "aes128-aes256-sha1-sha256-modp1024-modp2048"],
  [2, "aes256-sha256-modp2048"],
  [2, "aes256-sha256-modp2048-ecp256,aes256gcm16-prfsha384-ecp384"],
  [2, "3des-sha1-modp1024,aes128-sha1-modp1536"],
  [2, "chacha20poly1305-prfsha256-x25519,aes128gcm12-prfsha512-modp4096"],
  [0, "aes128-aes256-sha256-sha1-modp1024-modp2048-x25519"],
  [0, "aes256ctr-aesxcbc-prfaesxcbc-ecp521,camellia256-sha512-modp3072"],
];

/** Set of the head-end, version and proposals of the client. */
const PAIRS: readonly (readonly [set: number, version: 0 | 1 | 2, proposals: string])[] = [
  [1, 1, "aes256-sha1-modp2048"],
  [1, 1, "aes128-sha1-modp2048,3des-sha1-modp1024"],
  [1, 1, "3des-md5-modp1024"],
  [1, 2, "aes256-sha1-modp2048"],
  [2, 1, "aes128-sha256-modp1536"],
  [2, 1, "aes256-aes128-sha256-modp1536"],
  [3, 1, "aes256-sha256-modp3072,aes256-sha384-ecp384"],
  [3, 1, "aes256-sha384-modp3072"],
  [4, 1, "aes256-sha256-modp2048"],
  [4, 1, "aes192-sha256-modp2048"],
  [5, 2, "aes256-sha256-modp2048"],
  [5, 2, "aes128-aes256-sha1-sha256-ecp256-modp2048"],
  [5, 1, "aes256-sha256-modp2048"],
  [6, 2, "aes256gcm16-prfsha384-ecp384"],
  [6, 0, "aes192-aes256-sha384-sha256-ecp384-ecp256"],
  [6, 2, "aes256-sha256-modp3072"],
  [7, 2, "aes128-3des-sha1-modp1536-modp1024"],
  [8, 2, "aes128gcm16-chacha20poly1305-prfsha256-modp4096-x25519"],
  [9, 1, "aes256-sha256-x25519"],
  [10, 2, "camellia256-aes256ctr-sha512-aesxcbc-prfsha512-prfaesxcbc-ecp521-modp3072"],
];

const address = (set: number): string => `10.99.0.${set}`;

function connection(
  name: string,
  version: number,
  proposals: string,
  more: string,
  ids: readonly [string, string],
): string {
  return `  ${name} {\n    version = ${version}\n    proposals = ${proposals}\n    ${more}\n    local {\n      auth = psk\n      id = ${ids[0]}\n    }\n    remote {\n      auth = psk\n      id = ${ids[1]}\n    }\n    children {\n      ${name} {\n        mode = tunnel\n      }\n    }\n  }\n`;
}

const SECRET = "secrets {\n  ike-all {\n    secret = only-in-this-test-0815\n  }\n}\n";

/** Answers aggressive mode, and so refuses main mode when it comes to identities. */
const AGGRESSIVE = connection("old", 1, "aes256-sha1-modp1024", "local_addrs = 10.99.0.11\n    aggressive = yes", [
  "old",
  "%any",
]);

const SERVER = `connections {\n${SETS.map(([version, proposals], index) =>
  connection(`s${index + 1}`, version, proposals, `local_addrs = ${address(index + 1)}`, [`s${index + 1}`, "%any"]),
).join("")}${AGGRESSIVE}}\n${SECRET}`;

const CLIENT = `connections {\n${PAIRS.map(([set, version, proposals], index) =>
  connection(
    `p${index + 1}`,
    version,
    proposals,
    `local_addrs = ${CLIENT_ADDRESS}\n    remote_addrs = ${address(set)}`,
    [`p${index + 1}`, `s${set}`],
  ),
).join("")}}\n${SECRET}`;

/** Stops answering after five open negotiations, and asks for cookies after three, as it does when nobody changes it. */
const LIMITED = `connections {\n${connection("all", 0, "aes128-aes256-3des-sha1-sha256-modp1024-modp2048,aes256gcm16-prfsha256-modp2048-ecp256", "local_addrs = 10.99.0.60", ["all", "%any"])}}\n${SECRET}`;

interface ProbeJson {
  readonly answers: boolean;
  readonly silence: string | null;
  readonly ports: readonly { readonly port: number; readonly version: number; readonly answer: string }[];
  readonly vendorIds: readonly { readonly name: string | null }[];
  readonly natTraversal: { readonly ikev1: boolean | null; readonly ikev2: boolean | null };
  readonly nat: { readonly us: boolean; readonly them: boolean } | null;
  readonly aggressive: { readonly answers: boolean; readonly text: string };
  readonly enumeration: {
    readonly ikev1: readonly { encryption: string; keyLength: number | null; hash: string; group: string }[];
    readonly ikev2: readonly { encryption: string[]; integrity: string[]; prf: string[]; groups: string[] }[];
    readonly cut: string | null;
  };
  readonly platforms: readonly { readonly platform: string; readonly protocol: string; readonly verdict: string }[];
  readonly offers: readonly { readonly version: number; readonly answer: string }[];
  readonly notes: readonly string[];
  readonly weaknesses: readonly string[];
  readonly packets: { readonly sent: number; readonly strange: number };
  readonly cut: string | null;
}

// What a configuration takes, one combination a line.

const HASHES: Readonly<Record<string, string>> = {
  HMAC_MD5_96: "MD5",
  HMAC_SHA1_96: "SHA",
  HMAC_SHA2_256_128: "SHA2_256",
  HMAC_SHA2_384_192: "SHA2_384",
  HMAC_SHA2_512_256: "SHA2_512",
};

function of(proposal: Proposal, type: Transform["type"]): Transform[] {
  return proposal.transforms.filter((one) => one.type === type);
}

function sized({ id, bits }: Transform): string {
  return bits > 0 ? `${id}_${bits}` : id;
}

function configured1(proposals: readonly Proposal[]): string[] {
  return proposals.flatMap((proposal) =>
    of(proposal, "encryption").flatMap(({ id, bits }) => {
      const cipher = { AES_CBC: "AES", CAMELLIA_CBC: "CAMELLIA", "3DES": "3DES" }[id];
      if (cipher === undefined) return [];
      return of(proposal, "integrity").flatMap((integrity) =>
        HASHES[integrity.id] === undefined
          ? []
          : of(proposal, "group").map(
              (group) => `${cipher} ${bits > 0 ? bits : "-"} ${HASHES[integrity.id]} ${group.id}`,
            ),
      );
    }),
  );
}

function product(...lists: readonly (readonly string[])[]): string[] {
  return lists
    .filter((list) => list.length > 0)
    .reduce<string[]>((all, list) => all.flatMap((one) => list.map((next) => `${one} ${next}`.trim())), [""]);
}

function configured2(proposals: readonly Proposal[]): string[] {
  return proposals.flatMap((proposal) =>
    product(
      of(proposal, "encryption").map(sized),
      of(proposal, "integrity").map((one) => one.id),
      of(proposal, "prf").map((one) => one.id),
      of(proposal, "group").map((one) => one.id),
    ),
  );
}

function connections(text: string): readonly SwanctlConnection[] {
  const read = loadSwanctl(new Source("swanctl.conf", text), LINUX);
  expect(read.diagnostics.flatMap((one) => (one.severity === "error" ? [one.message] : []))).toEqual([]);
  return read.connections;
}

/** Phase 1 or IKE_SA: what is agreed on, or null. */
function predicted(server: SwanctlConnection, client: SwanctlConnection): string | null {
  const version = client.version === 0 ? 2 : client.version;
  if (server.version !== 0 && server.version !== version) return null;
  const offered = version === 1 ? proposalsInIkev1(client.proposals) : client.proposals;
  const chosen = chooseProposal(server.proposals, offered);
  if (chosen === null) return null;
  return ["encryption", "prf", "group"]
    .map((type) => chosen.find((one) => one.type === type))
    .map((one) => (one === undefined ? "" : sized(one)))
    .join(" ");
}

/** `swanctl --list-sas --raw`: established ones, by connection. */
function established(raw: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of raw.split("list-sa event")) {
    const name = /^ \{(p\d+) \{/.exec(part)?.[1];
    if (name === undefined || !/ state=ESTABLISHED /.test(part)) continue;
    const value = (key: string): string => new RegExp(` ${key}=(\\S+)`).exec(part)?.[1] ?? "";
    const bits = value("encr-keysize");
    const cipher = value("encr-alg").replace(/^3DES_CBC$/, "3DES");
    const group = value("dh-group").replace(/^CURVE_25519$/, "CURVE25519");
    found.set(name, `${bits === "" ? cipher : `${cipher}_${bits}`} ${value("prf-alg").replace(/^PRF_/, "")} ${group}`);
  }
  return found;
}

describe.skipIf(reason !== null)(`IKE as it is${reason === null ? "" : ` (skipped: ${reason})`}`, () => {
  let world: IkeWorld;
  let pierhead = "";
  const probe = async (words: readonly string[]): Promise<{ status: number; json: ProbeJson; output: string }> => {
    const fast = ["--pause", "1ms", "--timeout", "2s", "--json"];
    const done = await world.run("client", process.execPath, [pierhead, "vpn", "probe", ...fast, ...words]);
    if (done.output === "") throw new Error(done.error);
    return { status: done.status, output: done.output, json: JSON.parse(done.output) as ProbeJson };
  };

  beforeAll(async () => {
    const servers = [...SETS.map((_, index) => address(index + 1)), "10.99.0.11", "10.99.0.20", "10.99.0.21"];
    world = new IkeWorld({ server: servers, limited: ["10.99.0.60"] });
    pierhead = await bundlePierhead(world.folder);
    const open =
      "dos_protection = no\ni_dont_care_about_security_and_use_aggressive_mode_psk = yes\nsend_vendor_id = yes";
    await Promise.all([
      world.charon("server", { settings: open, swanctl: SERVER }),
      world.charon("client", { swanctl: CLIENT }),
      world.charon("limited", { settings: "half_open_timeout = 2", swanctl: LIMITED }),
    ]);
    // 10.99.0.5 is reached through one NAT, and is behind another one as 10.99.0.20; 10.99.0.21 is filtered.
    world.nft(
      "client",
      "table ip t {\n chain c {\n type nat hook postrouting priority 100\n ip daddr 10.99.0.5 udp sport != { 500, 4500 } snat to 10.99.0.101\n }\n}\n",
    );
    world.nft(
      "server",
      "table ip t {\n chain c {\n type nat hook prerouting priority -100\n ip daddr 10.99.0.20 dnat to 10.99.0.6\n }\n chain f {\n type filter hook input priority 0\n ip daddr 10.99.0.21 drop\n }\n}\n",
    );
  });

  afterAll(() => world?.destroy());

  it("finds with one set of proposals after the other what is configured, and nothing else", async () => {
    const server = connections(SERVER);
    expect(SETS).toHaveLength(10);
    const found: unknown[] = [];
    const wanted: unknown[] = [];
    for (const pair of [0, 2, 4, 6, 8]) {
      const results = await Promise.all([pair, pair + 1].map((index) => probe([address(index + 1), "--enumerate"])));
      results.forEach(({ json }, offset) => {
        const index = pair + offset;
        const { version = 0, proposals = [] } = server[index] ?? {};
        const combinations1 = json.enumeration.ikev1.map(
          (one) => `${one.encryption} ${one.keyLength ?? "-"} ${one.hash} ${one.group}`,
        );
        const combinations2 = json.enumeration.ikev2.flatMap((one) =>
          product(one.encryption, one.integrity, one.prf, one.groups),
        );
        found.push([
          index + 1,
          combinations1.sort(),
          [...new Set(combinations2)].sort(),
          json.cut,
          json.packets.strange,
        ]);
        wanted.push([
          index + 1,
          version === 2 ? [] : configured1(proposals).sort(),
          version === 1 ? [] : configured2(proposals).sort(),
          null,
          0,
        ]);
      });
    }
    expect(found).toEqual(wanted);
  });

  it("tells ports, vendor, NAT traversal, NAT and aggressive mode", async () => {
    const [one, natted, behind, old] = await Promise.all(
      [address(1), address(5), "10.99.0.20", "10.99.0.11"].map((each) => probe([each])),
    );
    if (one === undefined || natted === undefined || behind === undefined || old === undefined) throw new Error();
    expect(one.json.ports.map(({ port, version }) => `${port} IKEv${version}`).sort()).toEqual([
      "4500 IKEv1",
      "4500 IKEv2",
      "500 IKEv1",
      "500 IKEv2",
    ]);
    expect(one.json.ports.every((each) => each.answer === "refused")).toBe(true);
    expect(one.json.vendorIds.map((each) => each.name)).toEqual(expect.arrayContaining(["strongSwan", "RFC 3947"]));
    expect([one.json.natTraversal, natted.json.natTraversal]).toEqual([
      { ikev1: true, ikev2: null },
      { ikev1: null, ikev2: true },
    ]);
    // The first by main mode's hashes, the others by IKE_SA_INIT's.
    expect([one.json.nat, natted.json.nat, behind.json.nat]).toEqual([
      { us: false, them: false },
      { us: true, them: false },
      { us: false, them: true },
    ]);
    expect([one, natted, old].map(({ json }) => json.aggressive.answers)).toEqual([false, false, true]);
    expect(old.json.weaknesses[0]).toMatch(/aggressive mode/);
    expect(one.output).not.toContain("only-in-this-test");
  });

  it("waits for a head-end that takes no more for now, and gives cookies back", async () => {
    const { json } = await probe(["10.99.0.60", "--patience", "2500ms", "--no-aggressive"]);
    expect(json.offers.map((one) => `${one.version} ${one.answer}`).sort()).toEqual([
      ...Array(7).fill("1 chosen"),
      ...Array(6).fill("2 chosen"),
    ]);
    expect(json.notes.join("\n")).toMatch(/stopped answering for a while[\s\S]*asks for a cookie/);
  });

  it("says what no answer means", async () => {
    const short = ["--timeout", "400ms"];
    const [filtered, closed] = await Promise.all([
      probe([...short, "10.99.0.21"]),
      probe([...short, "--port", "501", "--nat-t-port", "4501", "10.99.0.2"]),
    ]);
    expect([filtered.status, closed.status]).toEqual([2, 2]);
    expect([filtered.json.silence, closed.json.silence]).toMatchInlineSnapshot(`
      [
        "No answer at UDP 500 and 4500. Either a filter drops it (there, on the way, or here), or the host is down, or its daemon passes over strangers without a word; from here these look the same. Ask from another network, or look with tcpdump at the head-end whether the questions arrive.",
        "The host is there, and says that nothing listens at UDP 501 and 4501 (ICMP port unreachable): no IKE daemon runs, or it listens on another address.",
      ]
    `);
  });

  it("predicts which of 20 pairs get through, and what they agree on", async () => {
    const [servers, clients] = [connections(SERVER), connections(CLIENT)];
    const wanted = PAIRS.map(([set], index) => {
      const [server, client] = [servers[set - 1], clients[index]];
      return `p${index + 1} ${server === undefined || client === undefined ? "?" : predicted(server, client)}`;
    });
    for (let index = 0; index < PAIRS.length; index += 4) {
      const some = PAIRS.slice(index, index + 4).map((_, offset) => `p${index + offset + 1}`);
      await Promise.all(some.map((name) => world.swanctl("client", ["--initiate", "--ike", name, "--timeout", "30"])));
    }
    const seen = established(await world.swanctl("client", ["--list-sas", "--raw"]));
    expect(PAIRS.map((_, index) => `p${index + 1} ${seen.get(`p${index + 1}`) ?? null}`)).toEqual(wanted);
    // Some do, some do not: an answer that is always the same would prove nothing.
    expect([wanted.filter((one) => one.endsWith("null")).length, wanted.length]).toMatchInlineSnapshot(`
      [
        7,
        20,
      ]
    `);
  });
});
