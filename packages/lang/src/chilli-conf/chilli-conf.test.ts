import { Source } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkChilliConf, parseChilliConf, printChilliConf, settingsOf } from "./index.ts";

/** What it says in the end, and what is wrong with it: `code "place"`. */
function read(text: string): { values: string[]; findings: string[] } {
  const conf = parseChilliConf(new Source("chilli.conf", text));
  const settings = settingsOf(conf);
  expect(printChilliConf(conf)).toBe(text);
  return {
    values: [...settings.names()].flatMap((name) =>
      (settings.entries(name)[0]?.option.multiple ?? false)
        ? settings.list(name).map((one) => `${name}=${one.text}`)
        : [settings.entry(name)?.value === null ? name : `${name}=${settings.text(name)}`],
    ),
    findings: [...conf.diagnostics, ...checkChilliConf(conf)].map(
      ({ code, span }) => `${code.slice("chilli-conf/".length)} ${JSON.stringify(text.slice(span.start, span.end))}`,
    ),
  };
}

describe("chilli.conf", () => {
  // Each was put to the parser that gengetopt makes of coova-chilli's cmdline.ggo.
  const cases: [text: string, values: string[], findings: string[]][] = [
    ["", [], []],
    ["# nothing\n\n \t\n", [], []],
    ["net 10.1.0.0/24\n", ["net=10.1.0.0/24"], []],
    ["net=10.1.0.0/24", ["net=10.1.0.0/24"], []],
    ["net = 10.1.0.0/24 # ours\r\n", ["net=10.1.0.0/24"], []],
    ["uamserver 'http://x/#y z'\n", ["uamserver=http://x/#y z"], ['no-uamsecret "http://x/#y z"']],
    ["uamserver http://x/#y\n", ["uamserver=http://x/"], ['no-uamsecret "http://x/"']],
    ["lease 700\nlease 800\n", ["lease=700"], ['given-twice "lease"']],
    ["uamallowed a,b\nuamallowed c\\,d\n", ["uamallowed=a", "uamallowed=b", "uamallowed=c,d"], []],
    ["macauth\n", ["macauth"], []],
    ["macauth on\n", [], ['value-for-switch "on"']],
    ["macauth=\n", [], ['value-for-switch "macauth"']],
    ["lease\n", [], ['no-value "lease"']],
    ["lease=\n", ["lease="], []],
    ["lease 0x10\n", ["lease=0x10"], []],
    ["lease 1z\n", [], ['number "1z"']],
    ["uamallowed a, b\n", [], ['behind-value "b"']],
    ['uamserver "x\n', [], ['quote "\\"x"']],
    ["radiusser 1\n", [], ['ambiguous "radiusser"']],
    ["swapo\n", ["swapoctets"], ['abbreviated "swapo"']],
    ["radiusecret x\n", [], ['unknown-option "radiusecret"']],
    ["=x\n", [], ['no-name "=x"']],
    ["include /etc/chilli/main.conf\n", [], []],
    ["include\n", [], ['include "include"']],
    ["radiusserver1 192.0.2.1\n", ["radiusserver1=192.0.2.1"], ['default-secret "192.0.2.1"']],
    ["radiussecret testing123\n", ["radiussecret=testing123"], ['weak-secret "testing123"']],
    [`domain ${"x".repeat(2050)}\n`, [], [`line-too-long "${"x".repeat(11)}"`]],
  ];
  for (const [text, values, findings] of cases) {
    it(JSON.stringify(text.slice(0, 60)), () => expect(read(text)).toEqual({ values, findings }));
  }

  it("numbers are C's", () => {
    const { settings } = {
      settings: settingsOf(parseChilliConf(new Source("x", "lease 0x10\nuamport 017\nmtu=-3\n"))),
    };
    expect([settings.number("lease"), settings.number("uamport"), settings.number("mtu")]).toEqual([16, 15, -3]);
    expect(settings.number("radiusauthport")).toBe(1812);
  });

  it("a secret is never in a finding", () => {
    const text = "radiussecret hunter2hunter\nuamserver https://x/\nuamsecret abc\n";
    const conf = parseChilliConf(new Source("x", text));
    const said = JSON.stringify([...conf.diagnostics, ...checkChilliConf(conf)].map(({ message }) => message));
    expect(said).not.toMatch(/hunter2|abc/);
  });

  it("whatever stands there is printed again", () => {
    const part = fc.constantFrom(
      "net",
      "macauth",
      "=",
      " ",
      "\n",
      "\r\n",
      '"',
      "'",
      "#",
      "10",
      "include",
      "\ufeff",
      "é",
    );
    fc.assert(fc.property(fc.array(part, { maxLength: 20 }), (parts) => void read(parts.join(""))));
  });
});
