/** Pages that stand alone: no script, nothing from the network, and every text from outside escaped. */
import { singleLine } from './plain-text.ts'

export function escapeHtml(text: string): string {
  return singleLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

export interface HtmlRow {
  cells: readonly string[]
  /** Of the row: its verdict. */
  style?: string
  /** Shown when the pointer rests on the row, and read out by screen readers. */
  title?: string
}

/** @param rows their cells are text */
export function htmlTable(titles: readonly string[], rows: readonly HtmlRow[]): string {
  const head = titles.map((title) => `<th scope="col">${escapeHtml(title)}</th>`).join('')
  const body = rows.map(({ cells, style, title }) => {
    const attributes = `${style === undefined ? '' : ` class="${escapeHtml(style.replaceAll(' ', '-'))}"`}${title === undefined ? '' : ` title="${escapeHtml(title)}"`}`
    return `<tr${attributes}>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
  })
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table></div>`
}

/** @param body HTML whose texts are escaped already */
export function htmlPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`
}

const style = `
:root { color-scheme: light dark; --bad: #b3261e; --good: #1b7f3b; --odd: #8a5a00; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #7ddf9a; --odd: #ffd180; } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 90rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; } .scroll { overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .7rem; text-align: left; vertical-align: top; }
td { font-variant-numeric: tabular-nums; }
.worse td:last-child, .missing-after td, .failed td:last-child, .bad { color: var(--bad); font-weight: 600; }
.better td:last-child, .passed td:last-child, .good { color: var(--good); }
.missing-before td, .waived td, .odd { color: var(--odd); }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1rem; }
.card { border: 1px solid var(--line); border-radius: .4rem; padding: .8rem 1rem; }
.card h3 { font-size: .95rem; margin: 0; overflow-wrap: anywhere; } .card p { margin: .2rem 0; }
.value { font-size: 1.3rem; font-variant-numeric: tabular-nums; } svg { width: 100%; height: 4rem; }
`
