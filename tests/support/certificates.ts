/** A CA of a test's own and certificates of it, made by openssl. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export function makeCa(folder: string): string {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      ...key,
      "-keyout",
      join(folder, "ca.key"),
      "-out",
      join(folder, "ca.pem"),
      "-days",
      "30",
      "-subj",
      "/CN=test",
    ],
    { stdio: "ignore" },
  );
  return readFileSync(join(folder, "ca.pem"), "utf8");
}

/** Writes NAME.pem and NAME.key; `days` may be negative for one that has expired. */
export function makeCertificate(
  folder: string,
  file: string,
  name: string,
  days: number,
): { chain: string; key: string } {
  const at = (suffix: string): string => join(folder, `${file}.${suffix}`);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", ...key, "-keyout", at("key"), "-out", at("csr"), "-subj", `/CN=${name}`], {
    stdio: "ignore",
  });
  writeFileSync(at("ext"), `subjectAltName=DNS:${name}\n`);
  const sign = [
    "-CA",
    join(folder, "ca.pem"),
    "-CAkey",
    join(folder, "ca.key"),
    "-CAcreateserial",
    "-extfile",
    at("ext"),
  ];
  execFileSync("openssl", ["x509", "-req", "-in", at("csr"), ...sign, "-out", at("pem"), "-days", String(days)], {
    stdio: "ignore",
  });
  return { chain: at("pem"), key: at("key") };
}
