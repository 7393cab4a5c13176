/** How the page looks: on a wide screen, on a phone, in the dark, on paper. It loads no font. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f5f1; --card: #ffffff; --ink: #1d2129; --quiet: #5b6270; --rule: #d9d6cd; --accent: #0b5c8a;
  --answer: #eaf1f4; --knee: #a13d00; --bad: #a1260d; --plot-background: var(--card);
  --c1: #0072b2; --c2: #d55e00; --c3: #009e73; --c4: #a64d8c; --c5: #c78500; --c6: #3fa2dc; --c7: #6b6b6b; --c8: #5a4fb5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14161a; --card: #1c1f25; --ink: #e8e6e0; --quiet: #a3a9b5; --rule: #363b45; --accent: #7cc4ee;
    --answer: #1d2a33; --knee: #ffb077; --bad: #ff9a85;
    --c1: #4fb0ec; --c2: #ff8b3d; --c3: #2fcfa0; --c4: #e39bcb; --c5: #f0b93a; --c6: #9ad7fb; --c7: #a8a8a8; --c8: #a79bff;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif;
}
header, main, footer { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 36px; }
h1 { font-size: clamp(1.5rem, 1.1rem + 1.8vw, 2.2rem); line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 1.5rem; line-height: 1.25; margin: 48px 0 4px; }
h3 { font-size: 1.05rem; margin: 28px 0 4px; }
h4 { font-size: 0.9rem; margin: 14px 0 4px; }
p { margin: 6px 0; max-width: 72ch; }
p.origin { max-width: none; }
.origin, .caption, figcaption, footer, .status { color: var(--quiet); font-size: 0.875rem; }
a { color: var(--accent); }
code { font-family: ui-monospace, 'SFMono-Regular', 'DejaVu Sans Mono', Menlo, monospace; font-size: 0.9em; }
nav ul, .answer ul { margin: 4px 0; padding-left: 1.2em; }
nav ul { list-style: none; padding: 0; }
nav li { margin: 4px 0; }
nav a { font-weight: 650; }
.answer {
  background: var(--answer); border-left: 5px solid var(--accent); border-radius: 0 10px 10px 0;
  padding: 16px 20px; margin: 16px 0 20px;
}
.answer .question { color: var(--quiet); margin: 0; font-weight: 600; }
.answer .short { font-size: clamp(1.15rem, 1rem + 0.8vw, 1.5rem); line-height: 1.35; font-weight: 650; margin: 4px 0 8px; max-width: 54ch; }
.figures { display: grid; gap: 18px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); }
.figures.one { grid-template-columns: 1fr; }
.figures.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 12px; }
.figures.series { grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); }
figure {
  margin: 0; min-width: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
  padding: 14px 16px 10px; display: flex; flex-direction: column;
}
figure[hidden] { display: none; }
figure h3 { margin: 0; }
.small figure h3, .series figure h3 { font-size: 0.9rem; }
figure figure { border: 0; padding: 0; }
.plot { margin-top: auto; padding-top: 8px; min-width: 0; }
.plot svg { display: block; }
.plot figure { margin: 0; }
.plot [class*='-swatches'] { font: inherit; font-size: 0.8rem; min-height: 0; margin-bottom: 2px; flex-wrap: wrap; }
.controls { display: flex; flex-wrap: wrap; gap: 8px 18px; margin: 8px 0 14px; }
.controls.inner { margin: 6px 0 0; }
.controls.inner + .figures { margin-top: 10px; }
.choice { display: inline-flex; align-items: center; gap: 8px; font-size: 0.875rem; max-width: 100%; }
.choice span { color: var(--quiet); }
select, input, button { font: inherit; font-size: 0.875rem; color: inherit; }
select, input[type='search'] {
  background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 5px 8px; min-width: 0; max-width: 100%;
}
input[type='search'] { width: 22em; }
button { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 5px 12px; cursor: pointer; }
button:disabled { opacity: 0.5; cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.wide { overflow-x: auto; margin: 8px 0; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 12px; border-bottom: 1px solid var(--rule); white-space: nowrap; vertical-align: top; }
thead th { color: var(--quiet); font-weight: 600; }
td.number { text-align: right; }
td.text { white-space: normal; min-width: 16em; }
thead th button { border: 0; background: none; padding: 0; font-weight: 600; color: inherit; }
thead th[aria-sort='ascending'] button::after { content: ' ↑'; }
thead th[aria-sort='descending'] button::after { content: ' ↓'; }
button.open { border: 0; background: none; padding: 0 4px; color: var(--accent); font-weight: 600; }
button.open::before { content: '▸ '; }
button.open[aria-expanded='true']::before { content: '▾ '; }
tr.details > td { background: var(--card); white-space: normal; }
.detail { display: flex; flex-wrap: wrap; gap: 4px 32px; max-width: min(1100px, calc(100vw - 60px)); }
.detail section { min-width: 0; max-width: 100%; }
dl { margin: 0; }
dl div { display: flex; gap: 14px; justify-content: space-between; border-bottom: 1px dotted var(--rule); }
dt { color: var(--quiet); }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; text-align: right; }
.facts dl { max-width: 60rem; }
.pager { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
details { margin: 14px 0; }
summary { cursor: pointer; font-weight: 600; padding: 4px 0; }
h1, h2, h3, p, li { overflow-wrap: anywhere; }
pre { overflow-x: auto; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 12px; font-size: 0.8rem; }
.claims { list-style: none; padding: 0; }
.claims li { margin: 6px 0; }
.verdict { display: inline-block; border-radius: 6px; padding: 0 8px; margin-right: 6px; border: 1px solid currentColor; }
.verdict.holds { color: var(--c3); }
.verdict.refuted { color: var(--bad); }
.verdict.depends { color: var(--knee); }
.verdict.undecided { color: var(--quiet); }
.failed { color: var(--bad); }
.failures li { overflow-wrap: anywhere; }
footer { padding-top: 30px; padding-bottom: 40px; }
@media (max-width: 560px) {
  header, main, footer { padding-left: 12px; padding-right: 12px; }
  header { padding-top: 20px; }
  figure { padding: 12px 10px 8px; }
  .answer { padding: 12px 14px; }
  .controls { flex-direction: column; gap: 6px; }
  input[type='search'] { width: 100%; }
  dl div { gap: 8px; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --answer: #f2f2f2; }
  body { font-size: 11pt; }
  .controls, .pager, .choice, nav { display: none; }
  figure { break-inside: avoid; }
  .figures { grid-template-columns: 1fr 1fr; }
}
`;
