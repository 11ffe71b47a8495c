import type { PreflightResult } from '../helpers/preflight/preflight-plan.ts'
import { runPreflight } from '../helpers/preflight/preflight.ts'
import { preflightPlan } from '../plugin/preflight-plan.ts'
import { singleLine } from '../reports/plain-text.ts'
import { textTable } from '../reports/progress/text-table.ts'
import { checkups } from '../suites/index.ts'
import { defineCommand } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import type { Output } from './output.ts'
import { openProfile, profileOption, projectOption, selectCheckups } from './profile-choice.ts'
import { reachCluster } from './reach-cluster.ts'

export const preflight = defineCommand({
  name: 'preflight',
  synopsis: '[--profile PROFILE] [--project CHECKUP]... [--json]',
  description: [
    'Looks whether the cluster has what a run with this profile needs: API, namespace, KubeVirt, permissions, networks and nodes. Creates and changes nothing. A run does the same before it creates anything.',
    'Statuses: ok; warning: the run goes on and does something less well; failed: a run would not start; unknown: it may not be looked at. With an embedded profile, its cluster is started for the look.',
  ],
  options: { ...profileOption, ...projectOption },
  exitCodes: {
    0: 'nothing failed',
    2: 'usage, profile or kubeconfig',
    3: 'something failed',
    6: 'the embedded cluster could not be started',
  },
  examples: ['npx kubevirt-acceptance preflight --profile my-cluster --project latency'],
  async run({ options, output }) {
    const profile = openProfile(options.profile, output)
    const selected = selectCheckups(profile, options.project)
    await using cluster = await reachCluster(profile)
    const results = await runPreflight(cluster.client, preflightPlan(profile, checkups, selected))
    const counts = countStatuses(results)
    const exitCode = counts.failed > 0 ? exitCodes.preflightFailed : exitCodes.ok
    output.print(...preflightLines(results, output), '', summary(counts, output))
    output.document({ profile: profile.name, checkups: selected, results, counts, exitCode })
    return exitCode
  },
})

type Counts = Record<PreflightResult['status'], number>

function countStatuses(results: readonly PreflightResult[]): Counts {
  const counts: Counts = { ok: 0, warning: 0, failed: 0, unknown: 0 }
  for (const { status } of results) counts[status] += 1
  return counts
}

const colours = { ok: 'green', warning: 'yellow', failed: 'red', unknown: 'yellow' } as const

/** One aligned row per result; what to do about it stands below it. */
function preflightLines(results: readonly PreflightResult[], { paint }: Output): string[] {
  const [titles = '', ...rows] = textTable(
    [{ title: 'status' }, { title: 'check' }, { title: 'detail' }],
    results.map(({ status, check, detail }) => [paint(colours[status], status), singleLine(check), singleLine(detail)]),
  )
  const indent = ' '.repeat(Math.max('status'.length, ...results.map(({ status }) => status.length)) + 2)
  return [
    titles,
    ...rows.flatMap((row, index) => {
      const remediation = singleLine(results[index]?.remediation ?? '')
      return remediation === '' ? [row] : [row, `${indent}-> ${remediation}`]
    }),
  ]
}

function summary(counts: Counts, { paint }: Output): string {
  const parts = (['ok', 'warning', 'failed', 'unknown'] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => `${counts[status]} ${status}`)
  const verdict = counts.failed > 0 ? paint('red', 'preflight failed') : paint('green', 'preflight passed')
  return `${verdict}: ${parts.join(', ')}`
}
