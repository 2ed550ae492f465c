import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LANGUAGES, type Language, languageByName } from "../registry/index.ts";
import { formatFile } from "./index.ts";

const OPENBSD = parseSystem("openbsd-7.8") as System;

/** The new layout; every time also that doing it again changes nothing. */
function format(text: string, language: string, system: System = OPENBSD): string {
  const result = formatFile(new Source("x", text), languageByName(language) as Language, system);
  if (result.kind !== "formatted") return result.kind;
  const again = formatFile(new Source("x", result.text), languageByName(language) as Language, system);
  expect(again.kind === "formatted" ? again.text : again.kind).toBe(result.text);
  return result.text;
}

describe("pf.conf", () => {
  it("one blank between words, braces with blanks, brackets without", () => {
    expect(
      format('ext="em0"\npass  in   on $ext proto {tcp,udp} from   <  a > to ( $ext ) port {22 ,80}\n', "pf"),
    ).toBe('ext = "em0"\npass in on $ext proto { tcp, udp } from <a> to ($ext) port { 22, 80 }\n');
  });
  it("keeps comments where they are", () => {
    expect(format("# top\n\n\n\npass\t# here\n  # alone  \nblock in\t\t\t# there", "pf")).toBe(
      "# top\n\npass\t# here\n# alone\nblock in\t\t\t# there\n",
    );
  });
  it("bodies of anchors one tab in, joined lines four blanks in", () => {
    expect(
      format(
        'anchor "a" {\npass\n   # inner\nanchor "b" {\n    block\n}\n # last\n}\npass in \\\n  on em0 \\\n\tproto tcp\n',
        "pf",
      ),
    ).toBe(
      'anchor "a" {\n\tpass\n\t# inner\n\tanchor "b" {\n\t\tblock\n\t}\n\t# last\n}\npass in \\\n    on em0 \\\n    proto tcp\n',
    );
  });
  it("lists over several lines", () => {
    expect(format("table <a> {\n10.0.0.0/8\n  192.0.2.1 # one\n}\npass\n", "pf")).toBe(
      "table <a> {\n    10.0.0.0/8\n    192.0.2.1 # one\n    }\npass\n",
    );
  });
  it("wrong lines stay as they are", () => {
    expect(format("pass   in  frob   x\npass   out\n", "pf")).toBe("pass   in  frob   x\npass out\n");
  });
  it("CR LF and a byte order mark go", () =>
    expect(format("\ufeffpass in\r\n\r\nblock\r\n", "pf")).toBe("pass in\n\nblock\n"));
  it("nothing stays nothing", () => {
    expect(format("", "pf")).toBe("");
    expect(format("\n\n", "pf")).toBe("");
  });
});

describe("ifstated.conf", () => {
  it("indents blocks and bare ifs", () => {
    expect(
      format(
        'a = "ping" \n\n\nstate one {\ninit {\nrun "x"   # why\n}\nif em0.link.up\nset-state two\nif ( "p" every 10 ) {\n set-state two\n}\n}\nstate two {\n run "y"\n}\n',
        "ifstated",
      ),
    ).toBe(
      'a = "ping"\n\nstate one {\n\tinit {\n\t\trun "x"   # why\n\t}\n\tif em0.link.up\n\t\tset-state two\n\tif ( "p" every 10 ) {\n\t\tset-state two\n\t}\n}\nstate two {\n\trun "y"\n}\n',
    );
  });
});

describe("files of lines", () => {
  it("hostname.if, mygate, sysctl.conf, rc.conf", () => {
    expect(format('  inet   10.0.0.1  255.255.255.0\n\n\n\nup  \ndescription  "a  b"', "hostname-if")).toBe(
      'inet 10.0.0.1 255.255.255.0\n\nup\ndescription  "a  b"\n',
    );
    expect(format(" 192.0.2.1 \r\n", "mygate")).toBe("192.0.2.1\n");
    expect(format(" a.b=1  # x\n\n\n", "sysctl")).toBe("a.b=1  # x\n");
    expect(format('a="b"  \n\n\n\nc="d" \\\ne=1\n', "rc-conf")).toBe('a="b"\n\nc="d" \\\ne=1\n');
    expect(format('a="b  \nc"\n', "rc-conf")).toBe("refused");
    expect(format("up \\ \nmtu 1400\n", "hostname-if")).toBe("up \\ \nmtu 1400\n");
    expect(format("# a \\\n  b  \n\n\nup\n", "hostname-if")).toBe("# a \\\n  b  \n\nup\n");
    expect(format("ike passive esp \\\n   transport  \n\n\n", "ipsec")).toBe("ike passive esp \\\n   transport  \n");
  });
});

describe("any file", () => {
  it("says the same in its new layout, which is the last one", () => {
    const word = fc.constantFrom(
      ..."pass block in out on em0 { } ( ) , < > = ! \n \\\n # $x \" ' anchor state init run if set-state every 10 inet up \r\n \t table persist".split(
        " ",
      ),
      " ",
      "\n",
      "\n\n\n",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 50 }), fc.constantFrom("", " "), (words, separator) => {
        const text = words.join(separator);
        for (const language of LANGUAGES) format(text, language.name);
      }),
      { numRuns: 600 },
    );
  });

  const corpus = resolve(import.meta.dirname, "../../../../../shared/corpus");
  it.skipIf(!existsSync(corpus))("every pf.conf and ifstated.conf of the corpora", () => {
    let formatted = 0;
    let all = 0;
    for (const [folder, ending, language, system] of [
      ["pf-openbsd", ".in", "pf", "openbsd-7.8"],
      ["pf-freebsd", ".in", "pf", "freebsd-15.0"],
      ["ifstated", ".conf", "ifstated", "openbsd-7.8"],
    ] as const) {
      for (const name of readdirSync(join(corpus, folder))) {
        if (!name.endsWith(ending)) continue;
        all++;
        const text = readFileSync(join(corpus, folder, name), "utf8");
        if (format(text, language, parseSystem(system) as System) !== "refused") formatted++;
      }
    }
    expect(formatted / all).toBeGreaterThan(0.95);
  });
});
