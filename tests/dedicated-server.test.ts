import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseSystem, Source, type System } from "@pierhead/core";
import { checkTree } from "@pierhead/engine/check";
import { type BuiltMachine, buildSite } from "@pierhead/site/build";
import type { Site } from "@pierhead/site/model";
import { readSite } from "@pierhead/site/read";
import { verifyMachine } from "@pierhead/site/verify";
import { describe, expect, it } from "vitest";

const folder = resolve(import.meta.dirname, "../examples/dedicated-server");
const sites = ["site.yaml", ...readdirSync(resolve(folder, "other-hosts")).map((name) => `other-hosts/${name}`)];

function read(name: string): Site {
  const { site, diagnostics } = readSite(new Source(name, readFileSync(resolve(folder, name), "utf8")));
  // A Linux host has no rules of ours, and that is said.
  const told = diagnostics.filter((one) => one.severity !== "note");
  expect(told.map((one) => one.code)).toEqual(name.endsWith("linux.yaml") ? ["site/no-firewall"] : []);
  return site as Site;
}

function hasProgram(name: string): boolean {
  return spawnSync(name, ["--version"]).error === undefined;
}

describe.each(sites)("%s", (name) => {
  const site = read(name);
  const built = buildSite(site);
  const main = name === "site.yaml";

  it("is what lies in the example", async () => {
    for (const machine of built.machines) {
      // The guests are the same everywhere but for the files that Linux takes.
      if (!main && machine.kind === "guest" && machine.name !== "tux") continue;
      const at = main ? "built" : `built-${name.replace(/^other-hosts\/|\.yaml$/g, "")}`;
      for (const file of machine.files) {
        await expect(file.text).toMatchFileSnapshot(resolve(folder, at, machine.name, file.path.slice(1)));
      }
    }
  });

  it("is read back without findings, and every machine reaches its gateway", () => {
    for (const machine of built.machines) {
      const { diagnostics, ok } = verifyMachine(machine, {
        site,
        nameOf: (path) => `${machine.name}${path}`,
        textOf: (path) => machine.files.find((file) => file.path === path)?.text as string,
        readBeside: () => null,
      });
      expect(diagnostics.filter((one) => one.severity !== "note")).toEqual([]);
      expect(ok).toBe(true);
      expect(machine.gateways.length).toBe(1);
    }
  });

  it("has each MAC on the virtual card, and in no guest's own configuration", () => {
    const host = built.machines.find((machine) => machine.kind === "host") as BuiltMachine;
    for (const guest of site.guests) {
      // What ties the guest to its MAC on the bridge is no card.
      const onHost = host.files.filter(
        (file) => file.text.includes(guest.mac) && !/hostname\.(?:bridge|veb)\d|wire\.nft/.test(file.path),
      );
      expect(onHost.length).toBe(1);
      const own = built.machines.find((machine) => machine.name === guest.name) as BuiltMachine;
      // A .link file names the card that has the MAC; nothing sets it.
      const set = own.files.filter((file) => file.text.includes(guest.mac) && !file.path.endsWith(".link"));
      expect(set).toEqual([]);
    }
  });

  it("says where every line comes from", () => {
    for (const machine of built.machines) {
      for (const file of machine.files) {
        expect(file.lines.length).toBe(file.text.split("\n").length - 1);
        expect(file.lines.some((from) => from.length > 0)).toBe(true);
      }
    }
  });

  it("has shell scripts that a shell reads", () => {
    const scripts = built.machines
      .flatMap((machine) => machine.files)
      .filter((file) => file.text.startsWith("#!/bin/sh"));
    for (const script of scripts) {
      const { status, stderr } = spawnSync("sh", ["-n"], { input: script.text, encoding: "utf8" });
      expect(`${script.path}: ${stderr}`).toBe(`${script.path}: `);
      expect(status).toBe(0);
      expect(script.mode & 0o111).not.toBe(0);
    }
  });

  it("starts guests after those they wait for", () => {
    const host = built.machines.find((machine) => machine.kind === "host") as BuiltMachine;
    const starter = host.files.find(
      (file) => /rc\.d\/guests$|start-guests$|vm\.conf$|rc\.conf$/.test(file.path) && file.text.includes("obsd"),
    );
    const text = starter?.text ?? "";
    expect(text.indexOf("nbsd")).toBeGreaterThan(-1);
    expect(text.indexOf("nbsd")).toBeLessThan(text.indexOf("obsd"));
  });
});

describe("XML of libvirt", () => {
  const built = buildSite(read("other-hosts/linux.yaml"));
  const files = built.machines.flatMap((machine) => machine.files).filter((file) => file.path.endsWith(".xml"));

  it("is there for every guest", () => expect(files.length).toBe(4));

  it.skipIf(!hasProgram("xmllint"))("is well-formed (needs xmllint)", () => {
    for (const file of files) {
      const { stderr, status } = spawnSync("xmllint", ["--noout", "-"], { input: file.text, encoding: "utf8" });
      expect(stderr).toBe("");
      expect(status).toBe(0);
    }
  });
});

/** The article's own three files, mistakes of the web page included. */
const articles = resolve(import.meta.dirname, "../../shared/articles/dedicated-server-guests");

describe.skipIf(!existsSync(articles))("the article's own files (needs ../shared/articles)", () => {
  const check = (file: string, path: string, system: string): string[] =>
    checkTree({ [path]: readFileSync(resolve(articles, file), "utf8") }, parseSystem(system) as System).map((one) => {
      const { line } = one.source?.position(one.span.start) ?? { line: 0 };
      return `${line} ${one.severity} ${one.code}`;
    });

  it("works on FreeBSD, then and now", () => {
    for (const system of ["freebsd-10.2", "freebsd-14.3"]) {
      expect(check("freebsd-rc.conf", "etc/rc.conf", system)).toEqual(["6 note machine/gateway-on-link"]);
    }
  });

  it("works on OpenBSD, then and now", () => {
    for (const system of ["openbsd-5.9", "openbsd-7.8"]) {
      expect(check("openbsd-hostname.vio0", "etc/hostname.vio0", system)).toEqual(["3 note machine/gateway-on-link"]);
    }
  });

  it("has a blank on NetBSD that is none, so that the default route is missing; and a flag with another name today", () => {
    const always = ["1 note machine/no-default-route", "3 error route/missing-gateway", "3 warning encoding/odd-blank"];
    expect(check("netbsd-netstart.local", "etc/netstart.local", "netbsd-7.0")).toEqual(always);
    const now = check("netbsd-netstart.local", "etc/netstart.local", "netbsd-10.1");
    expect(now).toEqual([always[0], "2 warning route/cloning-gone", ...always.slice(1)]);
  });

  it("works on NetBSD once the blank is one", () => {
    const text = readFileSync(resolve(articles, "netbsd-netstart.local"), "utf8").replaceAll("\u00a0", " ");
    const found = checkTree({ "etc/netstart.local": text }, parseSystem("netbsd-7.0") as System);
    expect(found.map((one) => one.code)).toEqual(["machine/gateway-on-link"]);
  });
});
