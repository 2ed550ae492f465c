/** The admin's style sheet: one file, no fonts or pictures from anywhere. */
export const STYLE = `
:root{--ink:#14181f;--soft:#5b6472;--paper:#fff;--back:#f4f5f7;--line:#dde1e7;--accent:#0a5fb4;--bad:#b3261e;--good:#1b7f4b;--in:#0a5fb4;--out:#c4610a;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#9aa4b2;--paper:#1b2028;--back:#12161c;--line:#303844;--accent:#6cb2f7;--bad:#ff8a80;--good:#69d39b;--in:#6cb2f7;--out:#ffab5e}}
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--back)}
header{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:center;padding:.6rem 1.2rem;background:var(--paper);border-bottom:1px solid var(--line)}
header strong{display:flex;gap:.5rem;align-items:center;margin-right:1rem}
svg.sign{color:var(--accent);flex:none}
nav{display:flex;flex-wrap:wrap;gap:.2rem}
nav a{padding:.3rem .6rem;border-radius:6px;color:var(--ink);text-decoration:none}
nav a[aria-current]{background:var(--accent);color:var(--paper)}
nav a:hover:not([aria-current]){background:var(--back)}
.who{margin-left:auto;display:flex;gap:.6rem;align-items:center;color:var(--soft)}
main{max-width:84rem;margin:0 auto;padding:1.2rem}
h1{font-size:1.4rem;margin:.2rem 0 1rem}
h2{font-size:1.05rem;margin:1.6rem 0 .6rem}
a{color:var(--accent)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.8rem}
.card,form.panel,.panel{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:.9rem 1.1rem}
.card b{display:block;font-size:1.5rem;font-variant-numeric:tabular-nums}
.card span{color:var(--soft)}
.scroll{position:relative;overflow-x:auto;background:var(--paper);border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.45rem .7rem;border-bottom:1px solid var(--line);white-space:nowrap}
td.wrap{white-space:normal;min-width:12rem}
td .row{flex-wrap:nowrap}
form.row{align-items:end}
tbody tr:hover{background:var(--back)}
tr:last-child td{border-bottom:0}
th{font-weight:600;color:var(--soft);font-size:.87rem}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
code{font:13px ui-monospace,monospace}
form.panel{display:grid;grid-template-columns:repeat(auto-fit,minmax(12rem,1fr));gap:.7rem 1rem;align-items:end}
label{display:block;font-size:.87rem;color:var(--soft)}
input,select,textarea{width:100%;margin-top:.15rem;padding:.45rem .55rem;border:1px solid var(--line);border-radius:6px;background:var(--back);color:var(--ink);font:inherit}
textarea{min-height:6rem}
button,.button{padding:.45rem .9rem;border:1px solid var(--accent);border-radius:6px;background:var(--accent);color:var(--paper);font:inherit;cursor:pointer;text-decoration:none;display:inline-block}
button.quiet,.button.quiet{background:none;color:var(--accent)}
button.bad{border-color:var(--bad);background:none;color:var(--bad)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.trouble,.said{border-radius:8px;padding:.6rem .9rem;margin:0 0 .8rem;border:1px solid var(--bad);color:var(--bad)}
.said{border-color:var(--good);color:var(--good)}
.soft{color:var(--soft)}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.row{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}
.login{max-width:22rem;margin:12vh auto}
.login h1{display:flex;gap:.6rem;align-items:center;justify-content:center}
.login form{grid-template-columns:1fr}
svg.graph{max-height:22rem;width:100%;height:auto;display:block}
svg .in{stroke:var(--in)}svg .out{stroke:var(--out)}svg .area{fill:var(--in);fill-opacity:.14;stroke:none}svg path{fill:none;stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}
svg .grid{stroke:var(--line);stroke-width:1}svg text{fill:var(--soft);font:9px system-ui,sans-serif}
@media (max-width:60rem){svg text{font-size:12px}}
@media (max-width:34rem){svg text{font-size:24px}svg.graph path{stroke-width:3}svg text.between{display:none}}
.key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;color:var(--soft);font-size:.87rem}
.key i{display:inline-block;width:1.4rem;border-top:3px solid var(--in);vertical-align:middle;margin-right:.35rem}
.key i.out{border-color:var(--out);border-top-style:dashed}
svg .out{stroke-dasharray:5 3}
iframe{width:100%;height:44rem;border:1px solid var(--line);border-radius:10px;background:#fff}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:1.2rem;align-items:start}
.two form.panel{grid-template-columns:1fr;align-content:start}
input[type=color]{height:2.6rem;padding:.25rem;cursor:pointer}
input[type=checkbox]{width:auto;margin:0}
`;
