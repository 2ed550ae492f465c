/** What a person does on each platform, in the words of its menus. `*…*` is a word of a menu, `` `…` `` is typed. */
import { authorityFile, baseName, type ProfileInput } from "./profile.ts";
import type { PlatformResult } from "./targets.ts";

export interface Steps {
  readonly heading: string;
  readonly steps: readonly string[];
}

/** One page has each way once, although several platforms may take it. */
export function stepsFor(result: PlatformResult, input: ProfileInput): Steps | null {
  if (result.outcome === "none") return null;
  const file = result.files[0] ?? "";
  if (result.outcome === "by hand") return byHand(result, input);
  switch (result.format) {
    case "mobileconfig":
      return result.platform === "macos" ? macos(file, input) : iphone(file, input, result);
    case "powershell":
      return windows(file, input);
    case "sswan":
      return android(file, input);
    case "networkmanager":
      return networkManager(result, input);
    case "onc":
      return chromeos(file, input);
    default:
      return linux(input);
  }
}

function password({ password: kept, service }: ProfileInput): string {
  if (service.certificates)
    return "Your certificate is in the file; type the password of its key where it is asked for.";
  return kept === null ? "Type your password when it is asked for." : "Your password is in the file already.";
}

function iphone(file: string, input: ProfileInput, { platform }: PlatformResult): Steps {
  const old = platform === "apple-2015";
  return {
    heading: old ? "iPhone, iPad and Mac of 2015 and before" : "iPhone and iPad",
    steps: [
      `Get \`${file}\` onto the device (AirDrop, mail, or the Files app) and open it.`,
      old
        ? "Touch *Install*; on a Mac, *Continue* and *Install*."
        : "Open *Settings*, touch *Profile Downloaded*, then *Install*. If it is gone: *General* › *VPN & Device Management*.",
      `${password(input)} The warning about an unsigned or unverified profile is right: read who gave you this file.`,
      old ? "Switch *VPN* on in *Settings*." : `*Settings* › *VPN*: choose *${input.title}* and switch it on.`,
    ],
  };
}

function macos(file: string, input: ProfileInput): Steps {
  return {
    heading: "Mac",
    steps: [
      `Open \`${file}\`.`,
      "*System Settings* › *Privacy & Security* › *Profiles* (macOS 15: *General* › *Device Management*): open it with a double click and choose *Install…*.",
      password(input),
      `*System Settings* › *VPN*: switch *${input.title}* on.`,
    ],
  };
}

function windows(file: string, input: ProfileInput): Steps {
  const ikev2 = input.service.protocol === "ikev2";
  const beside = ikev2
    ? input.identity === null
      ? ""
      : `, with \`${input.user}.p12\` beside it`
    : ", with the file `….key.txt` beside it";
  return {
    heading: "Windows 10 and 11",
    steps: [
      `Copy \`${file}\` to your computer${beside}.`,
      `Right-click *Start*, choose *Terminal${ikev2 ? " (Admin)" : ""}* (Windows 10: *Windows PowerShell${ikev2 ? " (Admin)" : ""}*), and change to the folder.`,
      `\`powershell.exe -ExecutionPolicy Bypass -File .\\${file}\``,
      `*Settings* › *Network & internet* › *VPN* › *${input.title}* › *Connect*.${input.identity === null ? ` User name: \`${input.user}\`.` : ""}`,
    ],
  };
}

function android(file: string, input: ProfileInput): Steps {
  return {
    heading: "Android",
    steps: [
      "Install *strongSwan VPN Client* from the app store.",
      `Get \`${file}\` onto the device. In the app: *⋮* › *Import VPN profile*, choose the file, then *Import*.`,
      password(input),
      `Touch *${input.title}* to connect.`,
      ...(input.identity === null
        ? [
            `Without an app (Android 11 and later): *Settings* › *Network & internet* › *VPN* › *+*. Type *IKEv2/IPSec MSCHAPv2*, Server address \`${input.server}\`, IPSec identifier \`${input.user}\`, Username \`${input.user}\`${input.authority === null ? "" : `; as *IPSec CA certificate* choose \`${authorityFile(input)}\`, after *Security* › *Encryption & credentials* › *Install a certificate* › *VPN & app user certificate*`}.`,
          ]
        : []),
    ],
  };
}

function networkManager({ files }: PlatformResult, input: ProfileInput): Steps {
  const [file = "", ...certificates] = files;
  const ikev2 = input.service.protocol === "ikev2";
  return {
    heading: "Linux with NetworkManager",
    steps: [
      `\`sudo apt install ${ikev2 ? "network-manager-strongswan libcharon-extauth-plugins" : "network-manager-l2tp"}\` (Debian, Ubuntu; others have the like).`,
      ...(certificates.length === 0
        ? []
        : [`\`sudo install -D -m 600 -t /etc/NetworkManager/certificates ${certificates.join(" ")}\``]),
      `\`sudo install -m 600 ${file} /etc/NetworkManager/system-connections/\``,
      "`sudo nmcli connection reload`",
      `*Settings* › *Network* › *VPN*: switch *${input.title}* on.`,
    ],
  };
}

function chromeos(file: string, input: ProfileInput): Steps {
  return {
    heading: "Chromebook",
    steps: [
      "Open `chrome://network#general` in the browser.",
      `*Import ONC file*: choose \`${file}\`.`,
      `*Settings* › *Network* › *VPN* › *${input.title}* › *Connect*.`,
    ],
  };
}

function linux(input: ProfileInput): Steps {
  const base = baseName(input);
  const l2tp = input.service.protocol !== "ikev2";
  return {
    heading: "Linux with strongSwan",
    steps: [
      `\`sudo apt install strongswan-swanctl charon-systemd libcharon-extauth-plugins${l2tp ? " xl2tpd" : ""}\``,
      `\`sudo cp -R --no-preserve=ownership strongswan/etc /\`${l2tp ? " (it takes the place of `/etc/xl2tpd/xl2tpd.conf`)" : ""}`,
      "`sudo swanctl --load-all`",
      `\`sudo swanctl --initiate --child ${base}\``,
      ...(l2tp ? [`\`sudo systemctl restart xl2tpd && sudo xl2tpd-control connect-lac ${base}\``] : []),
    ],
  };
}

function byHand({ platform }: PlatformResult, input: ProfileInput): Steps {
  const { server, user, title, service } = input;
  if (platform === "windows-7") {
    const l2tp = service.protocol !== "ikev2";
    return {
      heading: "Windows 7",
      steps: [
        "*Control Panel* › *Network and Sharing Center* › *Set up a new connection or network* › *Connect to a workplace* › *Use my Internet connection (VPN)*.",
        `Internet address \`${server}\`, Destination name \`${title}\`; tick *Don't connect now*. User name \`${user}\`.`,
        l2tp
          ? "In the properties of the connection: *Security* › Type of VPN *Layer 2 Tunneling Protocol with IPsec (L2TP/IPSec)* › *Advanced settings* › *Use preshared key for authentication*: the key above."
          : `In the properties of the connection: *Security* › Type of VPN *IKEv2*, *Use Extensible Authentication Protocol (EAP)*, *Microsoft: Secured password (EAP-MSCHAP v2)*. \`${authorityFile(input)}\` goes into *Trusted Root Certification Authorities* of the computer account (\`mmc\`, *Certificates*).`,
      ],
    };
  }
  return {
    heading: "Android 11 and before",
    steps: [
      "*Settings* › *Network & internet* › *Advanced* › *VPN* › *+* (some makers: *Connections* › *More connection settings* › *VPN*).",
      `Name \`${title}\`, Type *L2TP/IPSec PSK*, Server address \`${server}\`.`,
      "Leave *L2TP secret* and *IPSec identifier* empty: with an identifier it does not connect.",
      "*IPSec pre-shared key*: the key above.",
      `Save, touch the connection, and log in as \`${user}\`.`,
    ],
  };
}
