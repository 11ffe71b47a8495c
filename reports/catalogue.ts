/** The catalogue of checks, from the contracts of the checkups: for people who read, configure, gate on or waive a check. */
import type { CheckDeclaration, CheckupContract } from '../helpers/run/checkup-contract.ts'

export interface CatalogueEntry {
  checkup: string
  id: string
  title: string
  proves: string
  measuredBy: string
  /** Names of the judged results. */
  results: readonly string[]
  limit: string
  setBy: string
  limitSource: string
  remediation: string
  /** A missed limit can be waived, a case that broke cannot. */
  waivable: boolean
}

export function catalogueOf(checkups: readonly CheckupContract[]): CatalogueEntry[] {
  return checkups.flatMap(({ name, checks }) => checks.map((check) => entryOf(name, check)))
}

function entryOf(checkup: string, check: CheckDeclaration): CatalogueEntry {
  const { id, title, proves, measuredBy, results, operator, defaultLimit, limitParameter, remediation } = check
  const isFixed = limitParameter === null
  return {
    checkup,
    id,
    title,
    proves,
    measuredBy,
    results,
    limit: defaultLimit === null ? 'none; not judged until it is set' : `${operator} ${defaultLimit}`,
    setBy: isFixed ? 'fixed' : limitParameter,
    limitSource: check.defaultLimitSource,
    remediation,
    waivable: !/\.(provisioned|measured)$/.test(id),
  }
}

/** As a Markdown document with one heading for each check. */
export function catalogueMarkdown(checkups: readonly CheckupContract[]): string {
  const entries = catalogueOf(checkups)
  const lines = [
    '# Checks',
    '',
    'Every check of every checkup, generated from the contracts in `suites/`. Write it anew with:',
    '',
    '```sh',
    'npx kubevirt-acceptance catalogue --format markdown --output docs/checks.md',
    '```',
    '',
    'A check without a limit is not judged. A missed limit can be accepted for a time by a waiver in the cluster profile. The gate',
    'shows it as waived, warns when nothing needs it any more, and ends with exit code 2 once its day is over:',
    '',
    '```yaml',
    'gate:',
    '  waivers:',
    '    - check: latency.max',
    '      case: latency/blue/**',
    '      until: 2026-12-31',
    '      reason: the switch of rack 4 is being replaced',
    '      owner: network team',
    '```',
    '',
    'What could not be set up or measured cannot be waived: nothing is known of the cluster then.',
    ...checkups.flatMap(({ name, title, description }) => [
      '',
      `## ${name}`,
      '',
      `${plain(title)}. ${plain(description)}`,
      ...entries.filter(({ checkup }) => checkup === name).flatMap(sectionOf),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

function sectionOf(entry: CatalogueEntry): string[] {
  const judged = entry.results.length === 0 ? '' : ` Judged: ${entry.results.map((name) => `\`${name}\``).join(', ')}.`
  const setBy = entry.setBy === 'fixed' ? 'fixed' : `set by \`${entry.setBy}\``
  return [
    '',
    `### ${entry.id}`,
    '',
    `${plain(entry.title)}.`,
    '',
    `- Proves: ${plain(entry.proves)}`,
    `- Measured: ${plain(entry.measuredBy)}${judged}`,
    `- Limit: ${plain(entry.limit)}, ${setBy}`,
    `- Source of the limit: ${plain(entry.limitSource)}`,
    `- When it fails: ${plain(entry.remediation)}`,
    `- To waive: ${entry.waivable ? `\`check: ${entry.id}\`` : 'not possible'}`,
  ]
}

/** Markup of its own has no place in a text from a contract. */
const plain = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll('<', '&lt;')
    .replaceAll(/(?<![`\w])[*_](?=\w)|(?<=\w)\*(?!\w)/g, String.raw`\$&`)
    .trim()
