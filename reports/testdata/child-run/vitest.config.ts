import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vitest/config'
import { defineConfig } from 'vitest/config'
import { runDirectory } from '../../../helpers/run/run-directory.ts'
import { allureVitestSettings } from '../../allure/vitest-settings.ts'
import { createReporters } from '../../create-reporters.ts'
import { ids } from './sample-record.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const scenario = process.env['SCENARIO'] ?? ''
const directory = runDirectory(process.env['RUNS'] ?? '', process.env['RUN_ID'] ?? '')
const planned = ids.slice(0, Number(process.env['PLANNED'] ?? 1))

const { alias, inline } = allureVitestSettings()
const reporters = createReporters({
  directory,
  startedAt: new Date().toISOString(),
  command: process.argv.slice(1),
  version: '0.1.0',
  profile: { name: 'lab', path: 'profiles/lab.yaml', sha256: '0'.repeat(64), effective: { checkups: { sample: {} } } },
  plannedCases: { sample: planned.map((id) => ({ id, checkup: 'sample', title: `case ${id}` })) },
  secrets: () => ['registered-secret'],
})

/** Cancels on SIGINT in good order, as the plugin of this project does. */
const graceful: Plugin = {
  name: 'graceful',
  configureVitest({ vitest }) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.removeAllListeners(signal)
      process.on(signal, () => void vitest.cancelCurrentRun('keyboard-input'))
    }
  },
}

export default defineConfig({
  plugins: [graceful],
  root: here,
  resolve: { alias },
  test: {
    watch: false,
    reporters,
    server: { deps: { inline } },
    globalSetup: scenario === 'global-setup-failure' ? [`${here}failing-global-setup.ts`] : [],
    projects: [{ extends: true, test: { name: 'sample', root: here, include: [`${here}${scenario}.scenario.ts`] } }],
  },
})
