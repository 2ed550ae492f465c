/** FreeBSD: whether pf sees what comes out of IPsec at all, and without ESP's header (enc(4)). */
import { ENC, ENC_MASK, encMask } from "../network/enc.ts";
import { servesL2tp, servesRoadWarriors } from "../vpn/index.ts";
import type { Place, VpnFindings } from "./vpn-findings.ts";

export function checkEnc(findings: VpnFindings): void {
  const { build, headEnd } = findings;
  const { strongswan } = headEnd;
  if (build.system.family !== "freebsd" || strongswan === null || build.pf === null) return;
  const tunnels = strongswan.connections.some(servesRoadWarriors);
  if (!tunnels && !servesL2tp(headEnd)) return;
  const place = findings.fileOf("/etc/rc.conf", "/etc/sysctl.conf", "/etc/pf.conf");
  // Files alone, without any that sets interfaces up, say nothing about enc0.
  if (place === null || build.assumed) return;
  const link = build.machine.interface(ENC);
  if (link?.up !== true) {
    const how =
      link === null
        ? 'load the module with `if_enc_load="YES"` in loader.conf, and write `ifconfig_enc0="up"` in rc.conf'
        : 'write `ifconfig_enc0="up"` in rc.conf';
    const what = tunnels ? "a client reaches whatever the machine reaches" : "no rule for enc0 is ever asked";
    findings.say(
      "vpn/enc-down",
      "warning",
      `pf does not see what comes out of IPsec, and lets it pass: ${ENC} is ${link === null ? "not there" : "down"}, so ${what}. To filter, ${how}.`,
      place,
    );
    return;
  }
  if (!isLoaded(findings)) {
    findings.say(
      "vpn/enc-not-loaded",
      "warning",
      `rc.conf sets ${ENC} up and nothing loads it: the kernel as installed does not have it, and pf then sees nothing of what comes out of IPsec. Write \`if_enc_load="YES"\` in loader.conf.`,
      place,
    );
  }
  const mask = encMask(build.machine, "in");
  const sysctl = placeOf(findings, "net.enc.in.ipsec_filter_mask") ?? place;
  if (mask === 0) {
    findings.say(
      "vpn/enc-mask",
      "warning",
      "With `net.enc.in.ipsec_filter_mask=0` pf does not see what comes out of IPsec, and lets it pass; write 2.",
      sysctl,
    );
  } else if (tunnels && (mask & ENC_MASK.after) === 0) {
    findings.say(
      "vpn/enc-mask",
      "warning",
      `pf sees what comes out of IPsec with ESP's outer header only, from the client's own address: no rule can tell what is inside. Write \`net.enc.in.ipsec_filter_mask=2\` in sysctl.conf.`,
      sysctl,
    );
  }
}

/** A loader.conf or a kld_list of the tree names the module. */
function isLoaded({ build }: VpnFindings): boolean {
  return build.tree.files.some(
    ({ live, path, source }) =>
      live &&
      ((/^\/boot\/loader\.conf/.test(path) && /^[ \t]*if_enc_load[ \t]*=[ \t]*"?yes/im.test(source.text)) ||
        (/^\/etc\/rc\.conf/.test(path) && /^[ \t]*kld_list[ \t]*=.*\bif_enc\b/m.test(source.text))),
  );
}

function placeOf({ build }: VpnFindings, name: string): Place | null {
  const source = build.tree.source("/etc/sysctl.conf");
  const at = source?.text.indexOf(name) ?? -1;
  return source === null || at === -1 ? null : { source, span: { start: at, end: at + name.length } };
}
