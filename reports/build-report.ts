/**
 * `npm run report [-- <run id>]`: builds the Allure report of a run (the newest one by default) as a single HTML file
 * that opens from disk, without Java, a web server or a connection to anywhere.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { $ } from 'zx'
import { isRunId, listRuns, runDirectory, writeAtomically } from '../helpers/run/run-directory.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { allureConfiguration } from './allure/report-configuration.ts'
import { dashboardFile, dashboardHtml } from './dashboard/dashboard.ts'
import { readMetricHistory } from './dashboard/metric-history.ts'
import { drawPlots } from './plots/draw-plots.ts'

export interface ReportRequest {
  /** Holds `runs/` and `history.jsonl`. */
  reportsDirectory: string
  /** Default: the newest run. */
  runId?: string | undefined
}

export interface BuiltReport {
  runId: string
  /** Absolute path of index.html. */
  path: string
}

/** Rejects with a message for the user when there is no such run, or when Allure fails. */
export async function buildReport({ reportsDirectory, runId }: ReportRequest): Promise<BuiltReport> {
  const runsDirectory = resolve(reportsDirectory, 'runs')
  const directory = runDirectory(runsDirectory, chooseRun(runsDirectory, runId))
  if (!existsSync(directory.allureResults))
    throw new Error(
      `${directory.allureResults}: run ${directory.id} has no Allure results. Did it end before its first test?`,
    )
  const document = documentOf(directory.runJson)
  for (const problem of await drawPlots(document, directory.allureResults))
    process.stderr.write(`warning: the report lacks a plot: ${problem}\n`)
  const historyFile = resolve(reportsDirectory, 'history.jsonl')
  // Before the report: building it appends this run to the history.
  const dashboard = dashboardHtml(document, readMetricHistory(document, { runsDirectory, historyFile }))
  const temporary = mkdtempSync(join(tmpdir(), 'kubevirt-acceptance-report-'))
  try {
    const configuration = allureConfiguration(document, historyFile)
    const configurationFile = join(temporary, 'allurerc.mjs')
    writeFileSync(configurationFile, `export default ${JSON.stringify(configuration, null, 2)}\n`)
    const output = join(temporary, 'report')
    await generate(directory.allureResults, configurationFile, output)
    // Written beside and moved over, so that an earlier report stays until there is a new one.
    const html = withoutAnalytics(readFileSync(join(output, 'index.html'), 'utf8'))
    const path = join(directory.allureReport, 'index.html')
    writeAtomically(join(directory.allureReport, dashboardFile), dashboard)
    writeAtomically(path, withDashboardLink(html))
    return { runId: directory.id, path }
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

function chooseRun(runsDirectory: string, asked: string | undefined): string {
  const runs = listRuns(runsDirectory)
  const known =
    runs.length === 0 ? 'there are none' : `there are: ${runs.slice(0, 10).join(', ')}${runs.length > 10 ? ', …' : ''}`
  if (asked === undefined) {
    const [newest] = runs
    if (newest === undefined)
      throw new Error(
        `${runsDirectory}: no run to report on. Run a checkup first, e.g. npx vitest run --project=latency`,
      )
    return newest
  }
  if (!isRunId(asked) || !runs.includes(asked)) throw new Error(`${runsDirectory}: no run '${asked}'; ${known}`)
  return asked
}

function documentOf(path: string): RunDocument {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as RunDocument
  } catch (error) {
    throw new Error(`${path}: cannot be read; the run was killed before it could write it, or is still under way`, {
      cause: error,
    })
  }
}

async function generate(results: string, configuration: string, output: string): Promise<void> {
  // Next to dist/, which is all that the package exports.
  const cli = fileURLToPath(new URL('../cli.js', import.meta.resolve('allure')))
  const run = await $({
    quiet: true,
    nothrow: true,
    env: { ...process.env, NO_COLOR: '1' },
  })`${process.execPath} ${cli} generate ${results} --config ${configuration} --output ${output}`
  if (run.exitCode !== 0 || !existsSync(join(output, 'index.html')))
    throw new Error(`allure generate ${results} failed with exit code ${run.exitCode}: ${run.stderr || run.stdout}`)
}

/** Allure's page loads Google's tag manager, with no way to turn it off: an acceptance report must call nobody. */
export function withoutAnalytics(html: string): string {
  const cleaned = html
    .replaceAll(/<script\b[^>]*\bsrc="[^"]*googletagmanager[^"]*"[^>]*>\s*<\/script>/g, '')
    .replaceAll(
      /<script\b[^>]*>(?:(?!<\/script>)[\s\S])*?window\.dataLayer(?:(?!<\/script>)[\s\S])*?<\/script>/g,
      (script) => (script.length < 2000 ? '' : script),
    )
    .replaceAll('"analyticsEnable":true', '"analyticsEnable":false')
  if (/<script\b[^>]*\bsrc="https?:/.test(cleaned))
    throw new Error(
      'the report would load a script from the network; reports/build-report.ts does not know how to remove it',
    )
  return cleaned
}

/** Allure makes links of absolute addresses only, and the report has to open from wherever it was copied to. */
function withDashboardLink(html: string): string {
  const style =
    'position:fixed;right:16px;bottom:12px;z-index:9;padding:6px 12px;border-radius:6px;background:#1f2937;color:#fff;font:14px system-ui,sans-serif;text-decoration:none'
  const link = `<a id="measurement-dashboard" href="${dashboardFile}" style="${style}">Measurements: limits, margins, history</a>`
  const end = html.lastIndexOf('</body>')
  if (end < 0)
    throw new Error('the report has no </body>; reports/build-report.ts does not know where to link the dashboard')
  return `${html.slice(0, end)}${link}${html.slice(end)}`
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { reports: { type: 'string', default: 'reports' }, help: { type: 'boolean', short: 'h', default: false } },
  })
  if (values.help || positionals.length > 1) {
    process.stdout.write(
      'npm run report [-- [--reports <directory, default reports>] [<run id, default the newest>]]\n',
    )
    process.exitCode = values.help ? 0 : 2
    return
  }
  const { runId, path } = await buildReport({ reportsDirectory: values.reports, runId: positionals[0] })
  process.stdout.write(`report of run ${runId}: ${path}\n${pathToFileURL(path).href}\n`)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  })
