import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vitest/config'
import { defineConfig } from 'vitest/config'
import { runDirectory } from '../../../helpers/run/run-directory.ts'
import { allureVitestSettings } from '../../allure/vitest-settings.ts'
import { createReporters } from '../../create-reporters.ts'
import { ids } from './sample-record.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const setUpFails = process.env['SET_UP_PHASE'] !== undefined
const scenario = process.env['SCENARIO'] ?? ''
const directory = runDirectory(process.env['RUNS'] ?? '', process.env['RUN_ID'] ?? '')
const planned = ids.slice(0, Number(process.env['PLANNED'] ?? 1))
if (process.env['PLANNED_EXTRA'] !== undefined) planned.push(ids[2] ?? '')

const { alias, inline } = allureVitestSettings()
const reporters = createReporters({
  directory,
  startedAt: new Date().toISOString(),
  command: process.argv.slice(1),
  version: '0.1.0',
  profile: { name: 'lab', path: 'profiles/lab.yaml', sha256: '0'.repeat(64), effective: { checkups: { sample: {} } } },
  plannedCases: { sample: planned.map((id) => ({ id, checkup: 'sample', title: `case ${id}`, parameters: { network: id.split('/')[1], nodes: ['a', 'b'] } })) },
  finish: process.env['LEFT_OVER'] === undefined ? undefined : async () => [process.env['LEFT_OVER'] ?? ''],
  secrets: () => ['registered-secret'],
})

/** Cancels on SIGINT in good order, as the plugin of this project does. */
const graceful: Plugin = {
  name: 'graceful',
  configureVitest({ vitest }) {
    const { EXIT_IN_MAIN, RUNNER_EXIT_CODE } = process.env
    if (RUNNER_EXIT_CODE !== undefined) vitest.onClose(() => void (process.exitCode = Number(RUNNER_EXIT_CODE)))
    if (EXIT_IN_MAIN !== undefined) setTimeout(() => process.exit(Number(EXIT_IN_MAIN)), 1500)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.removeAllListeners(signal)
      process.on(signal, () => void vitest.cancelCurrentRun('keyboard-input'))
    }
  },
}

export default defineConfig({
  plugins: [graceful],
  cacheDir: directory.root,
  root: here,
  resolve: { alias },
  test: {
    watch: false,
    reporters,
    server: { deps: { inline } },
    globalSetup: setUpFails ? [`${here}failing-global-setup.ts`] : [],
    projects: [{ extends: true, test: { name: 'sample', root: here, include: [`${here}${scenario}.scenario.ts`] } }],
  },
})
