import { Source } from "@pierhead/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatIfstatedJson, printExpression, printIfstated, readIfstated } from "./index.ts";

const interfaces = new Set(["em0", "em1", "em2"]);

/** Diagnostics as `line:column code`, and fixes as what the first edit writes. */
function say(text: string): string[] {
  const source = new Source("ifstated.conf", text);
  const read = readIfstated(source, { interfaces });
  expect(printIfstated(read.file)).toBe(text);
  return read.diagnostics.map(({ code, span, fix }) => {
    const { line, column } = source.position(span.start);
    const edit = fix?.edits[0];
    return `${line}:${column} ${code}${edit === undefined ? "" : ` => ${JSON.stringify(edit.text)}`}`;
  });
}

const state = (body: string): string => `state s {\n${body}\n}\n`;

describe("wrong files", () => {
  it.each([
    [state("if em0.link.up\nset-state s"), []],
    [
      `${state("set-state all working")}state allworking {\nrun "x"\n}\n`,
      ['2:11 ifstated/extra-words => "allworking"'],
    ],
    [state('if $isp1\nrun "x"').replace(/^/, 'isp = "em0.link.up"\n'), ['3:4 ifstated/undefined-macro => "$isp"']],
    [state("if em0.link.up\nset-state t"), ['3:11 ifstated/undeclared-state => "s"']],
    [state("run ls -l"), ['2:5 ifstated/extra-words => "\\"ls -l\\""']],
    [state('if em0.link.up&&em1.link.up\nrun "x"'), ['2:13 ifstated/missing-space => "up && "']],
    [state('if "true"\nrun "x"'), ["2:4 ifstated/syntax"]],
    [state('if "true" every 0\nrun "x"'), ["2:17 ifstated/invalid-interval"]],
    [state('if em9.link.up\nrun "x"'), ["2:4 ifstated/unknown-interface"]],
    [state('if em0\nrun "x"'), ["2:4 ifstated/syntax"]],
    [state('if (em0.link.up\nrun "x"'), ["2:16 ifstated/syntax"]],
    [state('if em0.link.up {\nrun "x"\n} else {\nrun "y"\n}'), ["4:3 ifstated/syntax"]],
    [state('if em0.link.up\nrun "x"\nelse\nrun "y"'), ["4:1 ifstated/no-else"]],
    [state('iff em0.link.up {\nrun "x"\n}\nbogus\nrun "z"'), ['2:1 ifstated/syntax => "if"', "5:1 ifstated/syntax"]],
    ['state s {\nrun "x"\nstate t {\nrun "y"\n}\n', ["3:1 ifstated/unclosed-block"]],
    ['state s {\nif em0.link.up {\nrun "x"\n', ["4:1 ifstated/unclosed-block"]],
    [`${state('run "x"')}}\n`, ["4:1 ifstated/unmatched-brace"]],
    ['state s {\nrun "x"\n}', ['3:2 ifstated/newline-expected => "\\n"']],
    ['state s { run "x" }\n', ['1:19 ifstated/newline-expected => "\\n"']],
    ["state s {\n\n}\n", ["1:9 ifstated/empty-block"]],
    [
      "state up {\nset-state up\n}\n",
      ['1:7 ifstated/reserved-word => "\\"up\\""', '2:11 ifstated/reserved-word => "\\"up\\""'],
    ],
    [state('run "x"') + state('run "y"'), ["4:7 ifstated/duplicate-state"]],
    [`init-state t\n${state('run "x"')}`, ['1:12 ifstated/invalid-start-state => "s"']],
    [`set-state s\n${state('run "x"')}`, ["1:1 ifstated/set-state-outside-state"]],
    [`init {\nrun "y"\n}\n${state('run "x"')}`, ["1:1 ifstated/init-outside-state"]],
    [`"a b" = "c"\n${state('run "x"')}`, ["1:1 ifstated/macro-name"]],
    [state('run "x"\nif em0.link.up'), ["4:1 ifstated/missing-action"]],
    // A quote without a partner costs its line, whether or not the number of quotes left is even.
    [state("run 'one\nrun 'two'\nbogus"), ["2:5 ifstated/unterminated-string", "4:1 ifstated/syntax"]],
    [
      state("run 'one\nrun 'two\nrun 'three'"),
      ["2:5 ifstated/unterminated-string", "3:5 ifstated/unterminated-string"],
    ],
    [`${state('run "x"')}\0\nfoo\n`, ["4:1 ifstated/nul-character", "5:1 ifstated/syntax"]],
  ])("%j", (text, expected) => {
    expect(say(text)).toEqual(expected);
  });

  it("keeps what follows a wrong line", () => {
    const text = `x = "em0.link.up\ny = "em1.link.up"\n${state('if $y\nrun "x"\nwhat\nif em0.link.up && && {\nrun "inner"\n}')}`;
    const { configuration, diagnostics } = readIfstated(new Source("f", text));
    expect(diagnostics.map(({ code }) => code)).toEqual([
      "ifstated/unterminated-string",
      "ifstated/syntax",
      "ifstated/syntax",
    ]);
    expect(configuration.macros.map(({ name }) => name)).toEqual(["x", "y"]);
    expect(configuration.states[0]?.body).toHaveLength(2);
  });
});

describe("places", () => {
  it("knows where each character of a command stands", () => {
    const text = state("run 'a \\\n\"b\" it\\'s'");
    const [action] = readIfstated(new Source("f", text)).configuration.states[0]?.body ?? [];
    if (action?.kind !== "run") throw new Error("no run");
    expect(action.command).toBe(`a "b" it's`);
    expect(text[action.offsets?.[2] ?? 0]).toBe('"');
    expect(text[action.offsets?.[8] ?? 0]).toBe("'");
  });

  it("groups && and || from the left", () => {
    const text = state('if em0.link.up || em1.link.up && ! (em2.link.up || em0.link.down)\nrun "x"');
    const [action] = readIfstated(new Source("f", text)).configuration.states[0]?.body ?? [];
    if (action?.kind !== "if" || action.condition === null) throw new Error("no if");
    const grouped = "(em0.link.up || em1.link.up) && ! (em2.link.up || em0.link.down)";
    expect(printExpression(action.condition)).toBe(grouped);
  });

  it("lets macros of the command line win", () => {
    const source = new Source("f", `x = "em0.link.up"\n${state('if $x\nrun "x"')}`);
    const { configuration } = readIfstated(source, { macros: new Map([["x", "em1.link.down"]]) });
    expect(formatIfstatedJson(configuration)).toContain('{"link": "em1", "is": "down"}');
  });
});

const seeds = [
  `isp1 = '( "ping -c 1 192.0.2.1" every 10 )'\nboth = "em0.link.up && em1.link.up"\ninit-state a\nstate a {\n\tinit {\n\t\trun "x \\\n y"\n\t}\n\tif ! $isp1 || $both {\n\t\tset-state b # c\n\t}\n}\nstate b {\n\tif em0.link.unknown && ( em1.link.up )\n\t\tif $isp1\n\t\t\tset-state "a"\n\tinit run 'z'\n}\n`,
  `if em0.link.up\n\trun "one"\nstate two words {\n\trun "it\\'s"\n\tif "a" every 1 && "b" every 4294967295\n\t\trun $m\n}\nm = '"n"'\n`,
];
const scraps = [
  ..."{}()!.=#$\"'\\\n\t -9é\0",
  "&&",
  "||",
  "state ",
  "run ",
  "if ",
  "init ",
  "set-state ",
  "$both",
  "\\\n",
];

/** A file somebody's cat walked over. */
const mangled: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(400), fc.nat(6), fc.oneof(fc.constantFrom(...scraps), fc.string({ maxLength: 3 }))), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([seed, edits]) => {
    let text = seed;
    for (const [at, drop, put] of edits) text = text.slice(0, at) + put + text.slice(at + drop);
    return text;
  });

describe("any text", () => {
  it("is printed as it was, and means to us what it means to the daemon", () => {
    fc.assert(
      fc.property(mangled, (text) => {
        const read = readIfstated(new Source("f", text), { interfaces });
        expect(printIfstated(read.file)).toBe(text);
        const errors = read.diagnostics.filter(({ severity }) => severity === "error");
        expect(errors.map(({ code }) => code)).not.toContain("ifstated/daemon-rejects");
        // The daemon stops at a NUL and is content.
        if (text.includes("\0")) return;
        expect(errors.length === 0).toBe(read.daemon.accepted);
        if (!read.daemon.accepted) return;
        const mine = JSON.parse(formatIfstatedJson(read.configuration));
        const { startState, global, states } = read.daemon;
        expect([mine.startState, mine.global.body, mine.states]).toEqual([startState, global, states]);
      }),
      { numRuns: 20_000, seed: 5 },
    );
  });

  it("with CRLF is refused as the daemon refuses it, and still understood line by line", () => {
    const { configuration, diagnostics } = readIfstated(new Source("f", seeds[0]?.replaceAll("\n", "\r\n") ?? ""));
    expect(configuration.states.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(diagnostics.length).toBeGreaterThan(0);
  });

  it.each([
    ["parentheses", state(`if ${"(".repeat(50_000)}em0.link.up${")".repeat(50_000)}\nrun "x"`), 1],
    ["negations", state(`if ${"! ".repeat(50_000)}em0.link.up\nrun "x"`), 1],
    ["operators", state(`if ${"em0.link.up && ".repeat(50_000)}em1.link.up\nrun "x"`), 0],
    ["blocks", state(`${"if em0.link.up {\n".repeat(20_000)}run "x"\n${"}\n".repeat(20_000)}`), 1],
    ["ifs", state(`${"if em0.link.up\n".repeat(20_000)}run "x"`), 1],
    ["states", Array.from({ length: 2_000 }, (_, i) => `state s${i} {\nset-state s${i + 1}\n}\n`).join(""), 1],
  ])("nests as deep as it likes: %s", (_, text, least) => {
    const read = readIfstated(new Source("f", text));
    expect(read.diagnostics.length).toBeGreaterThanOrEqual(least);
    expect(formatIfstatedJson(read.configuration).length).toBeGreaterThan(0);
  });
});
