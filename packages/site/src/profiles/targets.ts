/** What each platform gets: a profile, words for a person, or the reason why neither would connect. */
import { CLIENTS, type Compatibility, compatibility } from "../clients/index.ts";
import { mobileconfig } from "./mobileconfig.ts";
import { networkManager } from "./network-manager.ts";
import { onc } from "./onc.ts";
import { powershell } from "./powershell.ts";
import type { Profile, ProfileFile, ProfileInput } from "./profile.ts";
import { sswan } from "./sswan.ts";
import { strongswan } from "./strongswan.ts";

export type ProfileFormat = "mobileconfig" | "powershell" | "networkmanager" | "strongswan" | "sswan" | "onc";

/** The platforms of the catalogue, and one that offers nothing of its own: the profile says everything. */
export const TARGETS: readonly { readonly name: string; readonly title: string }[] = [
  ...CLIENTS.map(({ name, title }) => ({ name, title })),
  { name: "strongswan", title: "Linux, strongSwan (and xl2tpd)" },
];

export interface PlatformResult {
  readonly platform: string;
  readonly title: string;
  readonly protocol: "l2tp-ipsec" | "ikev2";
  /** `by hand`: there is no file format for it; the guide has the words of its menus. */
  readonly outcome: "profile" | "by hand" | "none";
  readonly format: ProfileFormat | null;
  /** Paths below the user's folder. */
  readonly files: readonly string[];
  /** Why there is none, or what is not known; "" when there is nothing to say. */
  readonly reason: string;
  /** The change of the head-end that would let it in. */
  readonly change: string | null;
  readonly notes: readonly string[];
}

export interface PlatformProfiles {
  readonly results: readonly PlatformResult[];
  readonly files: readonly ProfileFile[];
}

const FORMATS: Readonly<Record<string, ProfileFormat>> = {
  "windows-10": "powershell",
  "windows-11": "powershell",
  "apple-2015": "mobileconfig",
  ios: "mobileconfig",
  macos: "mobileconfig",
  "android-11": "sswan",
  "android-12": "sswan",
  networkmanager: "networkmanager",
  chromeos: "onc",
  strongswan: "strongswan",
};

/** @param wanted names of {@link TARGETS}; null: all */
export function platformProfiles(input: ProfileInput, wanted: readonly string[] | null): PlatformProfiles {
  const { protocol } = input.service;
  const compat = new Map(
    compatibility(input.headEnd)
      .filter((one) => one.protocol === protocol)
      .map((one) => [one.platform.name, one]),
  );
  const made = new Map<ProfileFormat, Profile>();
  const files: ProfileFile[] = [];
  const results = TARGETS.filter(({ name }) => wanted === null || wanted.includes(name)).map(
    ({ name, title }): PlatformResult => {
      const known = compat.get(name);
      const base = { platform: name, title, protocol, format: null, files: [], reason: "", change: null, notes: [] };
      if (known?.verdict === "not offered") return { ...base, outcome: "none", reason: known.reason };
      const format = formatFor(name, input);
      if (format === null) return byHand(base, name, known, input);
      if (!saysProposals(format, protocol)) {
        const refusal = refused(known);
        // Windows can be told other proposals than it has by itself.
        if (refusal !== null && format !== "powershell") return { ...base, outcome: "none", ...refusal };
      }
      let profile = made.get(format);
      if (profile === undefined) {
        profile = write(format, input, known);
        made.set(format, profile);
        if ("files" in profile) files.push(...profile.files);
      }
      if ("refused" in profile)
        return { ...base, outcome: "none", reason: profile.refused, change: known?.change ?? null };
      const notKnown = known?.verdict === "unknown" && !saysProposals(format, protocol);
      return {
        ...base,
        outcome: "profile",
        format,
        files: profile.files.map((one) => one.path),
        reason: notKnown ? "not known to connect: no source for what it offers could be cited" : "",
        notes: profile.notes,
      };
    },
  );
  return { results, files };
}

function formatFor(platform: string, { service }: ProfileInput): ProfileFormat | null {
  const format = FORMATS[platform] ?? null;
  // Android imports no L2TP profile.
  return format === "sswan" && service.protocol !== "ikev2" ? null : format;
}

/** Whether the profile names the algorithms, so that what the platform offers by itself does not matter. */
function saysProposals(format: ProfileFormat, protocol: string): boolean {
  return format === "strongswan" || (protocol === "ikev2" && format !== "onc");
}

function refused(known: Compatibility | undefined): Pick<PlatformResult, "reason" | "change"> | null {
  return known?.verdict === "fails" ? { reason: known.reason, change: known.change } : null;
}

type Base = Omit<PlatformResult, "outcome">;

function byHand(base: Base, name: string, known: Compatibility | undefined, input: ProfileInput): PlatformResult {
  const refusal = refused(known);
  if (refusal !== null) return { ...base, outcome: "none", ...refusal };
  if (known?.verdict !== "connects") {
    return { ...base, outcome: "none", reason: known?.reason ?? "nothing is known of it" };
  }
  if (name === "mikrotik") {
    const menus = known.protocol === "ikev2" ? "`/ip ipsec peer` and `identity`" : "`/interface l2tp-client`";
    const reason = `it would connect; a router is set up by its own commands (${menus}), not by a file`;
    return { ...base, outcome: "none", reason };
  }
  if (input.service.certificates)
    return { ...base, outcome: "none", reason: "no way to install the certificate is written down here" };
  const reason =
    name === "windows-7"
      ? "Windows 7 has no cmdlets for VPN connections (they came with Windows 8)"
      : "Android imports no profile for it";
  const notes = known.note === "" ? [] : [known.note];
  return { ...base, outcome: "by hand", reason, notes };
}

function write(format: ProfileFormat, input: ProfileInput, known: Compatibility | undefined): Profile {
  switch (format) {
    case "mobileconfig":
      return mobileconfig(input);
    case "powershell":
      return powershell(input, known?.verdict === "connects");
    case "networkmanager":
      return networkManager(input);
    case "strongswan":
      return strongswan(input);
    case "sswan":
      return sswan(input);
    case "onc":
      return onc(input);
  }
}
