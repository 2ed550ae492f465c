/** The style sheet of every page guests see: small, system fonts, light and dark. */
import { type Palette, palette } from "./colour.ts";

function variables(colours: Palette, rest: string): string {
  return `--a:${colours.accent};--o:${colours.onAccent};--b:${colours.border};--i:${colours.ink};--g:${colours.ground};--h:${colours.sky};--c:${colours.card};${rest}`;
}

const LIGHT = "--t:#1b1f24;--m:#535b65;--l:#8a929c;--e:#b3261e;--eb:#fdeceb;--ok:#176b37;--okb:#e7f5ec";
const DARK = "--t:#eef1f4;--m:#b0b9c3;--l:#727b86;--e:#ffb4ab;--eb:#3b1d1c;--ok:#8fdba9;--okb:#17301f";

const RULES = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--g) linear-gradient(var(--h),var(--g)) 0 0/100% 18rem no-repeat;color:var(--t);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{width:100%;max-width:29rem;margin:auto;padding:1.5rem 1rem}
header{text-align:center;margin-bottom:1.25rem}
header img{max-width:12rem;max-height:5rem}
.logo{color:var(--i)}
h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:0 0 .75rem}
p{margin:.5rem 0}
a{color:var(--i)}
.text{color:var(--m)}
.card{background:var(--c);border:1px solid rgba(128,128,128,.25);border-radius:14px;padding:1.25rem;margin:0 0 .75rem;box-shadow:0 1px 3px rgba(0,0,0,.06)}
details.card{padding:0}
details.card>form{padding:0 1.25rem 1.25rem}
summary{cursor:pointer;border-radius:13px}
details.card>summary{display:flex;align-items:center;justify-content:space-between;padding:1rem 1.25rem;list-style:none}
details.card>summary::-webkit-details-marker{display:none}
details.card>summary::after{content:"";flex:none;width:.55rem;height:.55rem;margin:-.25rem .2rem 0 1rem;border:solid var(--m);border-width:0 2px 2px 0;transform:rotate(45deg)}
details.card[open]>summary::after{margin-top:.25rem;transform:rotate(225deg)}
details.card>summary h2{margin:0}
form>.terms:first-of-type{margin-top:0}
label{display:block;font-weight:600;margin:.75rem 0 .3rem}
label:first-of-type{margin-top:0}
input:not([type=checkbox]):not([type=hidden]){width:100%;min-height:3rem;padding:.6rem .75rem;font:inherit;font-size:1.05rem;color:inherit;background:var(--c);border:1px solid var(--l);border-radius:9px}
input[aria-invalid]{border-color:var(--e)}
.code{letter-spacing:.08em;text-transform:uppercase}
.code::placeholder{text-transform:none}
label.agree{display:flex;gap:.7rem;align-items:flex-start;font-weight:400;margin:.25rem 0 .75rem}
.agree input{flex:none;width:1.4rem;height:1.4rem;margin:.05rem 0 0;accent-color:var(--a)}
.hint{color:var(--m);font-size:.92rem;margin:.3rem 0}
button,.button{display:block;width:100%;min-height:3.1rem;margin-top:1rem;padding:.75rem 1rem;font:inherit;font-size:1.05rem;font-weight:600;text-align:center;text-decoration:none;color:var(--o);background:var(--a);border:2px solid var(--b);border-radius:10px;cursor:pointer;overflow-wrap:anywhere}
button.quiet{color:var(--i);background:transparent;border-color:var(--l)}
button:hover,.button:hover{filter:brightness(1.08)}
:focus-visible{outline:3px solid var(--i);outline-offset:2px}
.note{border-left:4px solid;border-radius:9px;padding:.75rem 1rem;margin:0 0 .75rem;overflow-wrap:anywhere}
.note p{margin:.2rem 0}
.note strong{display:block}
.note strong span{display:inline-block;margin-right:.4em}
.bad{color:var(--e);background:var(--eb)}
.good{color:var(--ok);background:var(--okb)}
.terms{margin:.5rem 0 .75rem}
.terms summary{color:var(--i);text-decoration:underline}
.terms div{max-height:15rem;overflow:auto;padding:.25rem .75rem;margin-top:.5rem;border:1px solid var(--l);border-radius:9px;font-size:.92rem}
dl{margin:0;display:grid;grid-template-columns:1fr auto;gap:.55rem 1rem}
dt{color:var(--m)}
dd{margin:0;text-align:right;font-weight:600;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
footer{padding:0 1rem 1.5rem;text-align:center;font-size:.92rem}
nav ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;justify-content:center;gap:.1rem .25rem}
nav a,nav span{display:inline-block;padding:.35rem .5rem;min-height:2rem}
nav span{font-weight:700;text-decoration:underline;text-underline-offset:.25em;text-decoration-thickness:2px}
@media(prefers-reduced-motion:no-preference){button,.button{transition:filter .15s}}
@media(forced-colors:active){button,.button,.card,.note{border:1px solid}}`
  .trim()
  .replace(/\n/g, "");

/** The last one: every page of a portal has the same. */
let drawn: { readonly accent: string; readonly text: string } | null = null;

export function styleSheet(accent: string): string {
  if (drawn?.accent !== accent) drawn = { accent, text: draw(accent) };
  return drawn.text;
}

function draw(accent: string): string {
  const light = variables(palette(accent, false), LIGHT);
  const dark = variables(palette(accent, true), DARK);
  return `:root{color-scheme:light dark;${light}}@media(prefers-color-scheme:dark){:root{${dark}}}${RULES}`;
}
