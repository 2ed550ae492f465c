import { Source } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkMpd, checkMpdSecret, findMpdUser, loadMpd, loadMpdSecret } from "./index.ts";

/** A head-end as manuals have it, with abbreviations, `chap` for all of CHAP, and a part that is loaded. */
const SERVER = `startup:
	# the console
	set user admin "a long password" admin
	set console self 127.0.0.1 5005
	set console open

default:
	load l2tp_server

l2tp_server:
	set ippool add pool1 10.4.0.10 10.4.0.99
	create bundle template B
	set iface enable proxy-arp tcpmssfix
	set iface group vpn
	set ipcp ranges 10.4.0.1/32 \\
# a comment between
		ippool pool1
	set ipcp dns 192.0.2.53 192.0.2.54
	set bundle enable compression
	set ccp yes mppc
	set mppc yes e128 stateless
	cre link template L l2tp
	set link action bundle B "^[a-z]+$"
	set link enable multilink
	set link yes acfcomp protocomp
	set link no pap chap eap
	set link enable chap-msv2
	set auth enable radius-auth
	set radius server 192.0.2.9 "s3\\"cret-of-the-shop" 1645 1646
	set link keep-alive 10 60
	set link mtu 1460
	set l2tp self 192.0.2.1
	set l2tp enable length
	set link enable incoming
`;

function findings(text: string): string[] {
  const loaded = loadMpd(new Source("mpd.conf", text));
  return [...loaded.diagnostics, ...checkMpd(loaded)].map(
    ({ code, span }) => `${code} ${JSON.stringify(text.slice(span.start, span.end))}`,
  );
}

describe("mpd.conf", () => {
  it("is read", () => {
    const { pools, bundles, links, labels, complete } = loadMpd(new Source("f", SERVER));
    expect(findings(SERVER)).toEqual([]);
    expect([...labels.keys(), complete]).toEqual(["startup", "default", "l2tp_server", true]);
    expect(pools.map((one) => [one.name, one.ranges.map(({ first, last }) => `${first} ${last}`)])).toEqual([
      ["pool1", ["10.4.0.10 10.4.0.99"]],
    ]);
    const [bundle] = bundles;
    expect([bundle?.name, bundle?.isTemplate, bundle?.group, bundle?.dns.join(" ")]).toEqual([
      "B",
      true,
      "vpn",
      "192.0.2.53 192.0.2.54",
    ]);
    expect([`${bundle?.self?.range?.address}`, bundle?.peer?.pool]).toEqual(["10.4.0.1", "pool1"]);
    expect([...(bundle?.enabled ?? [])]).toEqual(["proxy-arp", "tcpmssfix", "compression"]);
    const [link] = links;
    expect([link?.type, link?.incoming, link?.logins, `${link?.self?.address}`]).toEqual([
      "l2tp",
      true,
      ["chap-msv2"],
      "192.0.2.1",
    ]);
    expect(link?.actions.map(({ kind, target, pattern }) => [kind, target, pattern])).toEqual([
      ["bundle", "B", "^[a-z]+$"],
    ]);
    expect(link?.radius.map((one) => [one.name, one.secret.reveal(), one.authPort, one.acctPort])).toEqual([
      ["192.0.2.9", 's3"cret-of-the-shop', 1645, 1646],
    ]);
  });

  it("copies templates, and takes back what was enabled", () => {
    const text =
      "default:\n create link template L l2tp\n set link enable chap pap incoming\n set link disable pap\n create link static M L\n set link no chap-md5\n link L\n set l2tp self 192.0.2.7 1702\n create bundle template B\n set ipcp ranges 0.0.0.0/0 10.0.0.2/32\n create bundle static C B\n";
    const { links, bundles } = loadMpd(new Source("f", text));
    expect(links.map((one) => [one.name, one.type, one.logins.join(" "), one.self?.port ?? null])).toEqual([
      ["L", "l2tp", "chap-md5 chap-msv1 chap-msv2", 1702],
      ["M", "l2tp", "chap-msv1 chap-msv2", null],
    ]);
    expect(bundles.map((one) => [one.name, one.self, `${one.peer?.range?.address}`])).toEqual([
      ["B", null, "10.0.0.2"],
      ["C", null, "10.0.0.2"],
    ]);
  });

  it("runs the label it is told to", () => {
    const text = "default:\n create link template A l2tp\nother:\n create link template B l2tp\n";
    expect(loadMpd(new Source("f", text), "other").links.map((one) => one.name)).toEqual(["B"]);
  });

  it.each([
    ["a command before labels", " set link enable incoming\ndefault:\n", ["mpd/no-label"]],
    ["a command that is not indented", "default:\nset link enable incoming\n", ["mpd/label", "mpd/label-unused"]],
    ["a label without its colon", "default\n create bundle template B\n", ["mpd/label"]],
    ["a label twice", `${SERVER}default:\n open\n`, ["mpd/label-twice"]],
    [
      "a label that is missing",
      SERVER.replace("load l2tp_server", "load l2tp-server"),
      ["mpd/label-missing", "mpd/label-unused"],
    ],
    ["labels in a circle", "default:\n load default\n", ["mpd/recursion"]],
    ["no label that is run", "main:\n open\n", ["mpd/label-unused", "mpd/no-default"]],
    ["a shortened command", SERVER.replace("set ipcp dns", "set ipc dns"), []],
    ["one that may be several", SERVER.replace("set ipcp dns", "set ip dns"), ["mpd/ambiguous-command"]],
    ["one there is not", SERVER.replace("set ipcp dns", "set ipcp dsn"), ["mpd/unknown-command"]],
    ["one there is not at all", SERVER.replace("set ipcp dns", "sett ipcp dns"), ["mpd/unknown-command"]],
    ["words missing", SERVER.replace("set ipcp dns 192.0.2.53 192.0.2.54", "set ipcp dns"), ["mpd/arguments"]],
    [
      "a comment behind a command",
      SERVER.replace("set link mtu 1460", "set link mtu 1460 # small"),
      ["mpd/trailing-comment", "mpd/arguments"],
    ],
    ["an address", SERVER.replace("192.0.2.53", "192.0.2.530"), ["mpd/address"]],
    ["a width", SERVER.replace("10.4.0.1/32", "10.4.0.1/33"), ["mpd/address"]],
    ["a pool there is not", SERVER.replace("ippool pool1", "ippool pool2"), ["mpd/unknown-pool"]],
    ["a pool with its own address", SERVER.replace("10.4.0.1/32", "10.4.0.11/32"), ["mpd/pool-has-self"]],
    ["a range backwards", SERVER.replace("10.4.0.99", "10.4.0.9"), ["mpd/pool-range", "mpd/unknown-pool"]],
    ["a range too large", SERVER.replace("10.4.0.99", "10.8.0.9"), ["mpd/pool-range", "mpd/unknown-pool"]],
    ["a group", SERVER.replace("group vpn", "group vpn1"), ["mpd/group"]],
    [
      "an action for a bundle there is not",
      SERVER.replace("set link action bundle B", "set link action bundle C"),
      ["mpd/unknown-bundle"],
    ],
    ["no action", SERVER.replace('\tset link action bundle B "^[a-z]+$"\n', ""), ["mpd/no-action"]],
    ["a link that takes no calls", SERVER.replace("\tset link enable incoming\n", ""), ["mpd/not-incoming"]],
    ["nobody asked", SERVER.replace("enable chap-msv2", "accept chap-msv2"), ["mpd/no-authentication"]],
    ["PAP", SERVER.replace("enable chap-msv2", "enable chap-msv2 pap"), ["mpd/pap"]],
    [
      "an option there is not",
      SERVER.replace("enable chap-msv2", "enable chap-ms2"),
      ["mpd/unknown-option", "mpd/no-authentication"],
    ],
    ["no RADIUS server", SERVER.replace(/\tset radius.*\n/, ""), ["mpd/no-radius-server"]],
    ["a weak secret", SERVER.replace('"s3\\"cret-of-the-shop"', "testing123"), ["mpd/radius-secret-weak"]],
    ["an open quote", SERVER.replace('"s3\\"cret-of-the-shop"', '"secret'), ["mpd/open-quote"]],
    ["a type of link there is not", SERVER.replace("template L l2tp", "template L lt2p"), ["mpd/unknown-link"]],
    ["a bundle there is not", "default:\n bundle X\n", ["mpd/unknown-bundle"]],
    ["a command for no bundle", "default:\n set ipcp no vjcomp\n", ["mpd/context"]],
    ["a command below the wrong create", `${SERVER}\tset ipcp no vjcomp\n`, ["mpd/context"]],
    ["a name twice", "default:\n create bundle template B\n create bundle template B\n", ["mpd/name-twice"]],
  ] as [string, string, string[]][])("finds: %s", (_, text, expected) => {
    expect(findings(text).map((finding) => finding.split(" ")[0])).toEqual(expected);
  });

  it("points at the word that is wrong", () => {
    expect(findings(SERVER.replace("set ipcp dns", "set ipcp dsn"))).toEqual(['mpd/unknown-command "dsn"']);
    expect(findings(SERVER.replace("chap-msv2", "chap-ms2"))[0]).toBe('mpd/unknown-option "chap-ms2"');
  });

  it("is read without loss, and nothing breaks", () => {
    const pieces =
      'default: startup: load create link bundle template L l2tp set ippool add ipcp ranges 10.0.0.1/32 ippool p # " \\ \\x41 ! enable incoming pap \n \n\t \r\n \\\n é \0'.split(
        " ",
      );
    const words = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join(" "));
    fc.assert(
      fc.property(fc.oneof(words, fc.string({ maxLength: 300 })), (text) => {
        for (const variant of [text, `\uFEFF${SERVER}${text.replaceAll("\n", "\r\n")}`]) {
          const loaded = loadMpd(new Source("f", variant));
          expect(loaded.syntax.print()).toBe(variant);
          checkMpd(loaded);
          const secrets = loadMpdSecret(new Source("f", variant));
          expect(secrets.syntax.print()).toBe(variant);
          checkMpdSecret(secrets);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it("says the same of lines that end as on Windows", () => {
    const codes = findings(SERVER.replaceAll("\n", "\r\n")).map((finding) => finding.split(" ")[0]);
    expect(codes).toEqual(["encoding/carriage-return"]);
  });

  it("takes time in proportion to its length, also when labels load each other", () => {
    const many = Array.from({ length: 20_000 }, (_, i) => ` set ippool add p${i} 10.0.0.1 10.0.0.2\n`).join("");
    expect(loadMpd(new Source("f", `default:\n${many}`)).pools.length).toBeGreaterThan(10_000);
    const loop = `default:\n${" load default\n".repeat(50)}`;
    expect(loadMpd(new Source("f", loop)).diagnostics.map((one) => one.code)).toContain("mpd/recursion");
  });
});

describe("mpd.secret", () => {
  const TEXT =
    '# users\nanna "aeQu3ahg5o\\"o\\\\J0ua" 10.4.0.111\nbert Oom2Ahk3ahqu9Ai\ncarl "with a blank \\x41" 10.4.0.64/28\n* !/usr/local/bin/ask\n';

  it("is read as mpd reads it", () => {
    const { users, diagnostics } = loadMpdSecret(new Source("f", TEXT));
    expect(diagnostics).toEqual([]);
    expect(users.map((one) => [one.name, one.password?.reveal() ?? null, `${one.range?.address ?? ""}`])).toEqual([
      ["anna", 'aeQu3ahg5o"o\\J0ua', "10.4.0.111"],
      ["bert", "Oom2Ahk3ahqu9Ai", ""],
      ["carl", "with a blank A", "10.4.0.64"],
      ["*", null, ""],
    ]);
    expect(users[2]?.range?.length).toBe(28);
  });

  it("finds a user as mpd does: the first line, or the program that is asked for everybody", () => {
    const secrets = loadMpdSecret(new Source("f", TEXT));
    expect(findMpdUser(secrets, "bert")?.password?.reveal()).toBe("Oom2Ahk3ahqu9Ai");
    expect(findMpdUser(secrets, "dora")?.name).toBe("*");
    expect(findMpdUser(loadMpdSecret(new Source("f", "* secretsecret\n")), "dora")).toBeNull();
  });

  it.each([
    ["anna\n", ["mpd/user-password"]],
    ["anna a long password\n", ["mpd/user-address", "mpd/user-words", "mpd/user-password-weak"]],
    ['anna "aeQu3ahg5ooJ0ua\n', ["mpd/open-quote"]],
    ["anna password\n", ["mpd/user-password-weak"]],
    ["anna aeQu3ahg5ooJ0ua 10.0.0.300\n", ["mpd/user-address"]],
    ["anna aeQu3ahg5ooJ0ua\nanna Oom2Ahk3ahqu9Ai\n", ["mpd/user-twice"]],
  ] as [string, string[]][])("finds in %j", (text, expected) => {
    const secrets = loadMpdSecret(new Source("f", text));
    expect([...secrets.diagnostics, ...checkMpdSecret(secrets)].map((one) => one.code)).toEqual(expected);
    for (const one of [...secrets.diagnostics, ...checkMpdSecret(secrets)]) {
      expect(one.message).not.toMatch(/aeQu3|Oom2/);
    }
  });
});
