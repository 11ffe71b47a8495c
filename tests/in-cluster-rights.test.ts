/** Each checkup, as a Job with the rights that `manifests` prints, shows all that it shows with every right. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadProfile } from '../helpers/profile/load-profile.ts'
import { checkups } from '../suites/index.ts'
import { repository } from './acceptance-run.ts'
import { commandFolder } from './command-line.ts'
import { documentIn, type JobRun } from './in-cluster-jobs.ts'

const limits = { timeout: 240_000 }
const packaged = loadProfile(join(repository, 'cluster-profiles/embedded.yaml'), checkups)

test.each(packaged.checkups.map(({ name }) => name))(
  'checkup %s runs with the rights that are printed',
  limits,
  async (checkup) => {
    using folder = commandFolder()
    const run = await folder.run('run', checkup, '--in-cluster', '--json')
    expect(run.exitCode, run.stderr).toBe(0)
    const result = run.json() as JobRun
    expect(result).toMatchObject({ status: { succeeded: 'true', failureReason: '' }, leftovers: [] })
    // With less than the checkup looks at, cases would be skipped.
    expect(documentIn(result)).toMatchObject({ verdict: 'passed', leftovers: [], verdictCounts: { skipped: 0 } })
  },
)
