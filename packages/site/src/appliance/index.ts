import type { ApplianceInput, MediaFile } from "./appliance.ts";
import { systemOf } from "./appliance.ts";
import { debianFiles } from "./debian.ts";
import { freebsdFiles } from "./freebsd.ts";
import { openbsdFiles } from "./openbsd.ts";
import { readme } from "./readme.ts";

export type { ApplianceInput, MediaFile, Payload, PlacedFile } from "./appliance.ts";
export { systemOf } from "./appliance.ts";
export { appliancePayload, payloadName } from "./payload.ts";
export { octets, type TarEntry, tar } from "./tar.ts";

/**
 * The files beside the payload, README.txt among them.
 *
 * @param sha256 of the payload as it is written, in hexadecimal
 * @param bring files that the portal needs and nobody puts on the host
 */
export function applianceFiles(input: ApplianceInput, sha256: string, bring: readonly string[]): MediaFile[] {
  const files = {
    openbsd: () => openbsdFiles(input),
    freebsd: () => freebsdFiles(input),
    debian: () => debianFiles(input, sha256),
  }[systemOf(input.host)]();
  return [...files, { name: "README.txt", text: readme(input, bring) }];
}
