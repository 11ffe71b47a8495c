/**
 * Draws the plots of a run into its Allure results. Done when a report is built, not when the run ends: drawing costs
 * time (0.25 s and 30 ms for each plot) that whoever waits for the verdict need not spend, and run.json has all numbers.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Attachment, Globals, TestResult } from 'allure-js-commons'
import { writeAtomically } from '../../helpers/run/run-directory.ts'
import type { RunDocument } from '../../helpers/run/run-document.ts'
import { resultId } from '../allure/case-result.ts'
import { html, measurementHtml } from '../allure/measurement-table.ts'
import { errorText } from '../test-view.ts'
import type { PlotJob } from './plot-jobs.ts'
import { casePlots, runPlots } from './plot-jobs.ts'

/** In larger runs only what did not pass shows its plots at once; those of the others are attachments. */
const maximumShownCases = 50

/**
 * Adds the plots to the results that are there; may be done again with the same outcome.
 * @returns one sentence for each plot that could not be drawn: the report is built without it
 */
export async function drawPlots(document: RunDocument, resultsDirectory: string): Promise<string[]> {
  const problems: string[] = []
  const draw = async (jobs: readonly PlotJob[], id: string): Promise<Attachment[]> => {
    const drawn: Attachment[] = []
    for (const [index, { name, spec }] of jobs.entries()) {
      const source = `${id}-plot-${index}.svg`
      try {
        const { renderSvg } = await import('./render-svg.ts')
        writeAtomically(join(resultsDirectory, source), await renderSvg(spec))
        drawn.push({ name, type: 'image/svg+xml', source })
      } catch (error) {
        problems.push(`${name} could not be drawn: ${errorText(error)}`)
      }
    }
    return drawn
  }
  const records = [...document.earlierAttempts, ...document.cases]
  const isSmall = records.length <= maximumShownCases
  for (const record of records) {
    const id = resultId(document.id, record.id, record.attempt)
    const path = join(resultsDirectory, `${id}-result.json`)
    if (!existsSync(path)) continue
    const result = JSON.parse(readFileSync(path, 'utf8')) as TestResult
    const attachments = await draw(casePlots(record), id)
    result.attachments = [...attachments, ...withoutPlots(result.attachments, id)]
    if (attachments.length > 0 && (isSmall || record.verdict !== 'passed'))
      result.descriptionHtml = `${images(attachments, resultsDirectory)}${measurementHtml(record.measurements, record.tables)}`
    writeAtomically(path, JSON.stringify(result))
  }
  const id = resultId(document.id, 'run', 0)
  const overviews = await draw(runPlots(document), id)
  if (overviews.length > 0) {
    const path = join(resultsDirectory, `${id}-globals.json`)
    const globals = existsSync(path)
      ? (JSON.parse(readFileSync(path, 'utf8')) as Globals)
      : { attachments: [], errors: [] }
    const timestamp = Date.parse(document.completedAt)
    const attachments = [
      ...overviews.map((overview) => ({ ...overview, timestamp })),
      ...withoutPlots(globals.attachments, id),
    ]
    writeAtomically(path, JSON.stringify({ ...globals, attachments }))
  }
  return problems
}

/** Shown where the case is described, so that nobody has to open an attachment to see them. */
function images(attachments: readonly Attachment[], resultsDirectory: string): string {
  return attachments
    .map(({ name, source }) => {
      const content = readFileSync(join(resultsDirectory, source)).toString('base64')
      return `<img alt="${html(name)}" src="data:image/svg+xml;base64,${content}">`
    })
    .join('')
}

function withoutPlots<T extends { source: string }>(attachments: readonly T[], id: string): T[] {
  return attachments.filter(({ source }) => !source.startsWith(`${id}-plot-`))
}
