/** A script for Windows: cmdlets and parameters as Microsoft documents the module VpnClient (Windows 8 and later). */
import { base64, baseName, type Profile, type ProfileFile, type ProfileInput, splitRoutes } from "./profile.ts";
import { clientPolicy, espSuites, ikeSuites, l2tpPolicy, NO_POLICY, type Suite } from "./suites.ts";

/**
 * A string nothing is expanded in (about_Quoting_Rules): only quotes are doubled. PowerShell takes four more characters
 * for the same quote (CharExtensions.IsSingleQuote).
 */
export function powershellString(text: string): string {
  return `'${text.replace(/['\u2018\u2019\u201a\u201b]/g, "$&$&")}'`;
}

/** What Set-VpnConnectionIPsecConfiguration wants, all of it. */
interface Transforms {
  readonly EncryptionMethod: string;
  readonly IntegrityCheckMethod: string;
  readonly DHGroup: string;
  readonly CipherTransformConstants: string;
  readonly AuthenticationTransformConstants: string;
  readonly PfsGroup: string;
}

/** @param knownToConnect what Windows offers by itself is good enough: L2TP is left as it is */
export function powershell(input: ProfileInput, knownToConnect: boolean): Profile {
  const ikev2 = input.service.protocol === "ikev2";
  const transforms = ikev2 ? ikev2Transforms(input) : knownToConnect ? null : l2tpTransforms(input);
  if (typeof transforms === "string") return { refused: transforms };
  const name = `${baseName(input)}.ps1`;
  const keyFile = `${baseName(input)}.key.txt`;
  const script = [
    ...head(input, name, ikev2),
    ...(ikev2 ? trust(input) : key(keyFile)),
    ...remove(ikev2),
    ...add(input),
    ...(transforms === null ? [] : secure(transforms, ikev2)),
    ...routes(input, ikev2),
    ...tail(input, keyFile),
  ];
  const { psk, identity } = input;
  const files: ProfileFile[] = [{ path: name, content: script.map((line) => `${line}\r\n`).join(""), secret: false }];
  // Beside the script and not in it: what PowerShell runs may be logged (script block logging).
  if (!ikev2 && psk !== null) files.push({ path: keyFile, content: psk.reveal(), secret: true });
  if (identity !== null) files.push({ path: `${input.user}.p12`, content: identity.pkcs12, secret: true });
  const notes = [];
  if (ikev2) notes.push("run it as administrator: the authority is trusted by the whole machine");
  if (input.identity === null) notes.push("Windows asks for the password at the first connection");
  return { files, notes };
}

function head({ server, title }: ProfileInput, name: string, ikev2: boolean): string[] {
  return [
    "#Requires -Version 5.1",
    ...(ikev2 ? ["#Requires -RunAsAdministrator"] : []),
    "<#",
    ".SYNOPSIS",
    `Adds the VPN connection "${title}". Run it again to replace it.`,
    ".EXAMPLE",
    `powershell.exe -ExecutionPolicy Bypass -File .\\${name}`,
    "#>",
    "[CmdletBinding()]",
    "param(",
    ...(ikev2
      ? []
      : [
          "  # The VPN server is behind NAT: Windows refuses that unless it is told (needs an administrator and a restart).",
          "  [switch]$ServerBehindNat",
        ]),
    ")",
    "Set-StrictMode -Version Latest",
    "$ErrorActionPreference = 'Stop'",
    `$Name = ${powershellString(title)}`,
    `$Server = ${powershellString(server)}`,
    "",
  ];
}

function key(keyFile: string): string[] {
  return [
    `$KeyFile = Join-Path -Path $PSScriptRoot -ChildPath ${powershellString(keyFile)}`,
    "if (Test-Path -LiteralPath $KeyFile) {",
    '  $Key = [System.IO.File]::ReadAllText($KeyFile).TrimEnd("`r", "`n")',
    "} else {",
    "  $Typed = Read-Host -Prompt 'Pre-shared key of the VPN' -AsSecureString",
    "  $Key = (New-Object -TypeName System.Net.NetworkCredential -ArgumentList '', $Typed).Password",
    "}",
    "",
  ];
}

function trust({ authority, identity, user }: ProfileInput): string[] {
  const lines: string[] = [];
  if (authority !== null) {
    const encoded = base64(authority.der).match(/.{1,96}/g) ?? [];
    lines.push(
      `# ${authority.commonName.replace(/[^\x20-\x7e]/g, "?")}: signed the server's certificate.`,
      "$Encoded = @(",
      ...encoded.map((line) => `  '${line}'`),
      ") -join ''",
      "$Bytes = [System.Convert]::FromBase64String($Encoded)",
      "$Authority = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList @(,$Bytes)",
      "$Store = New-Object -TypeName System.Security.Cryptography.X509Certificates.X509Store -ArgumentList 'Root', 'LocalMachine'",
      "$Store.Open('ReadWrite')",
      "$Store.Add($Authority)",
      "$Store.Close()",
      "",
    );
  }
  if (identity !== null) {
    lines.push(
      `$Identity = Join-Path -Path $PSScriptRoot -ChildPath ${powershellString(`${user}.p12`)}`,
      `$Password = Read-Host -Prompt ${powershellString(`Password of ${user}.p12`)} -AsSecureString`,
      "$null = Import-PfxCertificate -FilePath $Identity -CertStoreLocation Cert:\\LocalMachine\\My -Password $Password",
      "",
    );
  }
  return lines;
}

function remove(all: boolean): string[] {
  const scope = all ? " -AllUserConnection" : "";
  return [
    `if (Get-VpnConnection -Name $Name${scope} -ErrorAction SilentlyContinue) {`,
    `  Remove-VpnConnection -Name $Name${scope} -Force`,
    "}",
  ];
}

function add(input: ProfileInput): string[] {
  const ikev2 = input.service.protocol === "ikev2";
  const parameters: string[] = ["Name = $Name", "ServerAddress = $Server"];
  if (!ikev2) {
    parameters.push("TunnelType = 'L2tp'", "L2tpPsk = $Key", "AuthenticationMethod = 'MSChapv2'");
    parameters.push("EncryptionLevel = 'Required'", "RememberCredential = $true");
  } else if (input.identity === null) {
    parameters.push("TunnelType = 'Ikev2'", "AuthenticationMethod = 'Eap'");
    parameters.push("EapConfigXmlStream = (New-EapConfiguration).EapConfigXmlStream");
    parameters.push("EncryptionLevel = 'Maximum'", "RememberCredential = $true", "AllUserConnection = $true");
  } else {
    parameters.push("TunnelType = 'Ikev2'", "AuthenticationMethod = 'MachineCertificate'");
    parameters.push("EncryptionLevel = 'Maximum'", "AllUserConnection = $true");
  }
  if (splitRoutes(input) !== null) parameters.push("SplitTunneling = $true");
  parameters.push("Force = $true");
  return ["$Connection = @{", ...parameters.map((one) => `  ${one}`), "}", "Add-VpnConnection @Connection"];
}

function secure(transforms: Transforms, all: boolean): string[] {
  const words = Object.entries(transforms).map(([name, value]) => `  ${name} = '${value}'`);
  if (all) words.push("  AllUserConnection = $true");
  return [
    "# Of what the server takes; by itself Windows offers a 1024-bit group.",
    "$Transforms = @{",
    "  ConnectionName = $Name",
    ...words,
    "  Force = $true",
    "}",
    "Set-VpnConnectionIPsecConfiguration @Transforms",
  ];
}

function routes(input: ProfileInput, all: boolean): string[] {
  const networks = splitRoutes(input);
  if (networks === null || networks.length === 0) return [];
  return [
    `foreach ($Network in @(${networks.map(powershellString).join(", ")})) {`,
    `  Add-VpnConnectionRoute -ConnectionName $Name -DestinationPrefix $Network${all ? " -AllUserConnection" : ""}`,
    "}",
  ];
}

function tail({ service, user, identity }: ProfileInput, keyFile: string): string[] {
  const lines: string[] = [];
  if (service.protocol !== "ikev2") {
    lines.push(
      "if ($ServerBehindNat) {",
      "  $Policy = @{",
      "    Path = 'HKLM:\\SYSTEM\\CurrentControlSet\\Services\\PolicyAgent'",
      "    Name = 'AssumeUDPEncapsulationContextOnSendRule'",
      "    Value = 2",
      "    PropertyType = 'DWord'",
      "    Force = $true",
      "  }",
      "  $null = New-ItemProperty @Policy",
      "  Write-Output 'Restart Windows before you connect.'",
      "}",
      `if (Test-Path -LiteralPath $KeyFile) { Write-Output ${powershellString(`Delete ${keyFile} now: it is not needed any more.`)} }`,
    );
  }
  const how = identity === null ? ` Log in as ${user}.` : "";
  lines.push(`Write-Output ${powershellString(`Done. Settings > Network & internet > VPN has the connection.${how}`)}`);
  return lines;
}

const ENCRYPTION: Readonly<Record<string, string>> = {
  AES_CBC_256: "AES256",
  AES_CBC_128: "AES128",
  AES_GCM_16_256: "GCMAES256",
  AES_GCM_16_128: "GCMAES128",
};
const CHECKS: Readonly<Record<string, string>> = {
  HMAC_SHA2_256_128: "SHA256",
  HMAC_SHA2_384_192: "SHA384",
  HMAC_SHA1_96: "SHA1",
};
const ESP_CHECKS: Readonly<Record<string, string>> = { HMAC_SHA2_256_128: "SHA256128", HMAC_SHA1_96: "SHA196" };
const DH_GROUPS: Readonly<Record<string, string>> = {
  MODP_1024: "Group2",
  MODP_2048: "Group14",
  ECP_256: "ECP256",
  ECP_384: "ECP384",
};
const PFS_GROUPS: Readonly<Record<string, string>> = {
  "": "None",
  MODP_1024: "PFS2",
  MODP_2048: "PFS2048",
  ECP_256: "ECP256",
  ECP_384: "ECP384",
};

function ikev2Transforms({ headEnd }: ProfileInput): Transforms | string {
  const policy = clientPolicy(headEnd);
  if (policy === null) return NO_POLICY;
  const [ike] = ikeSuites(policy, (suite) => {
    // Windows names the PRF by the integrity; with combined ciphers nobody says which it is.
    const check = suite.integrity === null ? undefined : CHECKS[suite.integrity];
    const encryption = ENCRYPTION[suite.encryption];
    const group = DH_GROUPS[suite.group];
    if (check === undefined || encryption === undefined || group === undefined) return null;
    return { EncryptionMethod: encryption, IntegrityCheckMethod: check, DHGroup: group };
  });
  const [esp] = espSuites(policy, espTransforms);
  if (ike === undefined)
    return `${policy.daemon} takes no IKE proposal that Set-VpnConnectionIPsecConfiguration can name`;
  if (esp === undefined)
    return `${policy.daemon} takes no ESP proposal that Set-VpnConnectionIPsecConfiguration can name`;
  return { ...ike, ...esp };
}

function espTransforms({
  encryption,
  integrity,
  group,
}: Suite): Omit<Transforms, "EncryptionMethod" | "IntegrityCheckMethod" | "DHGroup"> | null {
  const cipher = ENCRYPTION[encryption];
  const check = integrity === null ? cipher : ESP_CHECKS[integrity];
  const pfs = PFS_GROUPS[group];
  if (cipher === undefined || check === undefined || pfs === undefined) return null;
  return { CipherTransformConstants: cipher, AuthenticationTransformConstants: check, PfsGroup: pfs };
}

const IKEV1_HASHES: Readonly<Record<string, string>> = { SHA: "SHA1", SHA2_256: "SHA256", SHA2_384: "SHA384" };
const IKEV1_CIPHERS: Readonly<Record<string, string>> = {
  "AES 256": "AES256",
  "AES 192": "AES192",
  "AES 128": "AES128",
  "3DES": "DES3",
};

/** What the head-end takes of the documented values, when Windows' own offers are refused. */
function l2tpTransforms({ headEnd }: ProfileInput): Transforms | string {
  const policy = l2tpPolicy(headEnd);
  const quick = policy?.quickMode ?? null;
  const cipher = quick === null ? undefined : IKEV1_CIPHERS[`${quick.encryption} ${quick.bits ?? ""}`.trim()];
  const check = quick?.hash === "SHA" ? "SHA196" : quick?.hash === "SHA2_256" ? "SHA256128" : undefined;
  const pfs = PFS_GROUPS[quick?.group ?? ""];
  for (const { encryption, bits, hash, group } of policy?.mainMode ?? []) {
    const method = IKEV1_CIPHERS[`${encryption} ${bits ?? ""}`.trim()];
    const sum = IKEV1_HASHES[hash];
    const dh = DH_GROUPS[group];
    if (method === undefined || sum === undefined || dh === undefined) continue;
    if (cipher === undefined || check === undefined || pfs === undefined) break;
    return {
      EncryptionMethod: method,
      IntegrityCheckMethod: sum,
      DHGroup: dh,
      CipherTransformConstants: cipher,
      AuthenticationTransformConstants: check,
      PfsGroup: pfs,
    };
  }
  return `${policy?.daemon ?? "the head-end"} takes no proposal that Set-VpnConnectionIPsecConfiguration can name`;
}
