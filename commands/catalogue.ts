import { catalogueMarkdown, catalogueOf } from '../reports/catalogue.ts'
import { escapeHtml, htmlPage, htmlTable } from '../reports/html-page.ts'
import { checkups } from '../suites/index.ts'
import { defineCommand } from './command.ts'
import { checkedFormat, formatOptions, showResult } from './document-format.ts'
import { exitCodes } from './exit-codes.ts'
import { alignedPairs, plural } from './output.ts'

export const catalogue = defineCommand({
  name: 'catalogue',
  synopsis: '[--format FORMAT] [--output FILE] [--json]',
  description: [
    'Lists every check with its id, what it proves, how it is measured, its limit and where that comes from, and what to do when it fails.',
  ],
  options: formatOptions,
  exitCodes: { 0: 'printed', 2: 'wrong usage', 6: 'the file cannot be written' },
  examples: [
    'npx kubevirt-acceptance catalogue',
    'npx kubevirt-acceptance catalogue --format markdown --output docs/checks.md',
  ],
  run({ options, output }) {
    const format = checkedFormat(options.format, output)
    const entries = catalogueOf(checkups)
    showResult(
      {
        document: entries,
        conclusion: `${plural(entries.length, 'check')} of ${plural(checkups.length, 'checkup')}`,
        forms: {
          text: () => alignedPairs(entries.map(({ id, limit, title }) => [id, `${title} (${limit})`])).join('\n'),
          markdown: () => catalogueMarkdown(checkups),
          html: () =>
            htmlPage(
              'Checks',
              [
                '<h1>Checks</h1>',
                ...checkups.flatMap(({ name, title, description }) => [
                  `<h2>${escapeHtml(name)}</h2><p>${escapeHtml(`${title}. ${description}`)}</p>`,
                  htmlTable(
                    ['check', 'proves', 'measured', 'limit', 'set by', 'source', 'when it fails'],
                    entries
                      .filter(({ checkup }) => checkup === name)
                      .map(({ id, proves, measuredBy, limit, setBy, limitSource, remediation }) => ({
                        cells: [id, proves, measuredBy, limit, setBy, limitSource, remediation],
                      })),
                  ),
                ]),
              ].join('\n'),
            ),
        },
      },
      { format, file: options.output, output },
    )
    return Promise.resolve(exitCodes.ok)
  },
})
