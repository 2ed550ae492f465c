/** installerconfig of bsdinstall(8), "SCRIPTING": what to install where, and the script run in the new system. */
import { type ApplianceInput, type MediaFile, quoted, STORE } from "./appliance.ts";
import { payloadName } from "./payload.ts";

export function freebsdFiles(input: ApplianceInput): MediaFile[] {
  const { host, disk } = input;
  // Only one line after the first may begin with `#!`: there bsdinstall cuts the file in two.
  const text = `# ${host.name}: a scripted installation by bsdinstall(8). Made by pierhead; README.txt says how it is used.
PARTITIONS=${quoted(disk ?? "DEFAULT")}
# The last one is ours: ${STORE}, of which everything else is made.
DISTRIBUTIONS="kernel.txz base.txz ${payloadName(input)}"
export nonInteractive="YES"

#!/bin/sh
exec /bin/sh ${STORE}/place
`;
  return [{ name: "installerconfig", text }];
}
