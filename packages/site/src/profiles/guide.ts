/** One page for one user: how to connect on each platform, and what to do when it does not. Nothing is loaded from elsewhere. */
import type { ProfileFile, ProfileInput } from "./profile.ts";
import { escapeHtml, qrSvg } from "./qr.ts";
import { type Steps, stepsFor } from "./steps.ts";
import type { PlatformResult } from "./targets.ts";

export interface GuideOptions {
  /** Where the user's files can be had; null: nowhere but here. */
  readonly url: string | null;
}

export function guide(input: ProfileInput, results: readonly PlatformResult[], options: GuideOptions): ProfileFile {
  const ways = new Map<string, Steps>();
  // Files to open first, what is done by hand after them.
  const sorted = [...results].sort((a, b) => Number(a.outcome === "by hand") - Number(b.outcome === "by hand"));
  for (const result of sorted) {
    const steps = stepsFor(result, input);
    if (steps !== null && !ways.has(steps.heading)) ways.set(steps.heading, steps);
  }
  // The key stands on the page only where it has to be typed.
  const key = results.some((one) => one.outcome === "by hand") ? (input.psk?.reveal() ?? null) : null;
  const refused = results.filter((one) => one.outcome === "none");
  const title = `${input.title} for ${input.user}`;
  const content = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${key === null ? "" : '<p class="secret" role="note"><strong>This page holds a secret key.</strong> Do not pass it on, print it or leave it lying about; delete it when you are connected.</p>\n'}${facts(input, key)}
${code(input, options)}
<nav aria-label="Platforms"><ul>
${[...ways.keys()].map((heading) => `<li><a href="#${slug(heading)}">${escapeHtml(heading)}</a></li>`).join("\n")}
<li><a href="#trouble">When it does not connect</a></li>
</ul></nav>
${[...ways.values()].map(section).join("\n")}
${trouble(input)}
${refused.length === 0 ? "" : nothing(refused)}
</main>
</body>
</html>
`;
  return { path: "guide.html", content, secret: key !== null };
}

function facts({ server, user, service }: ProfileInput, key: string | null): string {
  const rows: (readonly [string, string])[] = [
    ["Server", server],
    ["User name", user],
    ["Kind", service.protocol === "ikev2" ? "IKEv2" : "L2TP with IPsec and a pre-shared key"],
    ["Reaches", [...service.lans.map((lan) => lan.name), ...(service.internet ? ["the internet"] : [])].join(", ")],
    ...(key === null ? [] : ([["Pre-shared key", key]] as const)),
  ];
  const lines = rows.map(
    ([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd><code>${escapeHtml(value)}</code></dd></div>`,
  );
  return `<dl>\n${lines.join("\n")}\n</dl>\n<p>Your password is not on this page. Who runs the VPN gives it to you another way.</p>`;
}

/** The address of the files, or what has to be typed on a phone; never a key or a password. */
function code({ server, user, title }: ProfileInput, { url }: GuideOptions): string {
  const text = url ?? `${title}\nServer: ${server}\nUser name: ${user}`;
  const label = url === null ? "QR code: server and user name" : "QR code: where your files are";
  const caption =
    url === null
      ? "Point the phone's camera at it to copy the server and the user name. No key and no password is in it."
      : `Point the phone's camera at it: it opens <a href="${escapeHtml(url)}">${escapeHtml(url)}</a>.`;
  return `<figure>${qrSvg(text, label)}<figcaption>${caption}</figcaption></figure>`;
}

function section({ heading, steps }: Steps): string {
  const items = steps.map((one) => `<li>${marked(one)}</li>`).join("\n");
  return `<section aria-labelledby="${slug(heading)}">\n<h2 id="${slug(heading)}">${escapeHtml(heading)}</h2>\n<ol>\n${items}\n</ol>\n</section>`;
}

/** `*menu*` and `` `typed` `` as elements. */
function marked(text: string): string {
  return text
    .split(/(\*[^*]+\*|`[^`]+`)/)
    .map((part) => {
      if (/^\*[^*]+\*$/.test(part)) return `<b>${escapeHtml(part.slice(1, -1))}</b>`;
      if (/^`[^`]+`$/.test(part)) return `<code>${escapeHtml(part.slice(1, -1))}</code>`;
      return escapeHtml(part);
    })
    .join("");
}

function trouble({ service, server }: ProfileInput): string {
  const ikev2 = service.protocol === "ikev2";
  const rows: (readonly [string, string])[] = [
    [
      "The server does not answer; Windows: error 809",
      "The network you are in lets UDP ports 500 and 4500 not through. Try the phone's own connection in place of the hotel's.",
    ],
    [
      "User name or password is wrong; Windows: error 691",
      "Capital letters count. Remove the saved password and type it again.",
    ],
    ...(ikev2
      ? ([
          [
            "The certificate is not trusted; Windows: error 13801",
            `Install the profile again: the certificate of the server's authority comes with it. The server has to be written \`${server}\`, not as an address.`,
          ],
          [
            "Windows: error 13868 (policy match)",
            "Run the script again: it sets the algorithms that the server takes.",
          ],
        ] as const)
      : ([
          [
            "Windows: error 789",
            "The pre-shared key differs; or the server is behind NAT: run the script as administrator with `-ServerBehindNat`, then restart.",
          ],
        ] as const)),
    [
      "It connects, but nothing is reached",
      "Is your home network the same as the one at the far end? Then your own machine cannot tell the two apart. Try the phone's own connection.",
    ],
    [
      "Nothing helps",
      "Tell who runs the VPN the platform and its version, the time to the minute, and the words of the message.",
    ],
  ];
  const items = rows.map(([what, then]) => `<dt>${escapeHtml(what)}</dt>\n<dd>${marked(then)}</dd>`);
  return `<section aria-labelledby="trouble">\n<h2 id="trouble">When it does not connect</h2>\n<dl class="long">\n${items.join("\n")}\n</dl>\n</section>`;
}

function nothing(refused: readonly PlatformResult[]): string {
  const items = refused.map((one) => `<li>${escapeHtml(one.title)}: ${escapeHtml(one.reason)}</li>`);
  return `<section aria-labelledby="without">\n<h2 id="without">Not for</h2>\n<ul>\n${items.join("\n")}\n</ul>\n</section>`;
}

function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}

const STYLE = `
:root{color-scheme:light dark;--line:#c9ced6;--soft:#f2f4f7;--warn:#fff1d6;--warnline:#b26a00;--link:#0b57d0}
@media (prefers-color-scheme:dark){:root{--line:#454b55;--soft:#23272e;--warn:#3a2c10;--warnline:#e0a030;--link:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0;font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:44rem;margin:0 auto;padding:1rem 1rem 4rem}
h1{font-size:1.6rem;line-height:1.25}
h2{font-size:1.2rem;margin:2rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--line)}
a{color:var(--link)}
code{font:.95em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--soft);padding:.1em .3em;border-radius:.25em;overflow-wrap:anywhere}
dl{margin:1rem 0}
dl:not(.long)>div{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:.4rem 0;border-bottom:1px solid var(--line)}
dl:not(.long) dt{flex:0 0 9rem;font-weight:600}
dd{margin:0;min-width:0}
.long dt{font-weight:600;margin-top:.8rem}
.secret{background:var(--warn);border-left:.3rem solid var(--warnline);padding:.75rem 1rem}
figure{margin:1rem 0;max-width:15rem}
figure svg{display:block;width:100%;height:auto}
figcaption{font-size:.9rem}
li{margin:.35rem 0}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0}
@media print{nav{display:none}section{break-inside:avoid}}
`.trim();
