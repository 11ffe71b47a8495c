import { checkup } from '../../fixtures/checkup.ts'
import { liveDataVolume, liveWaitingVolume } from './data-volumes.ts'
import { lifecycleContract } from './contract.ts'
import { liveDeletion } from './deletion.ts'
import { liveConsole, liveGuestAgent, liveSsh } from './guests.ts'
import { liveHotPlug } from './hot-plug.ts'
import type { Kind } from './kinds.ts'
import type { Bench, Context } from './machine.ts'
import { liveMigration } from './migration.ts'
import { unmetRequirements } from './needs.ts'
import { liveNetworkPolicy } from './network-policy.ts'
import { LifecycleReport } from './report.ts'
import { liveRunStrategies } from './run-strategies.ts'
import { liveSnapshot } from './snapshots.ts'
import { liveSriov } from './sriov.ts'
import { liveStateful } from './stateful.ts'
import { liveStateTable } from './state-table.ts'
import { liveStateless } from './stateless.ts'

checkup(lifecycleContract, async (context) => {
  const { parameters } = context
  const report = new LifecycleReport(parameters, context.sources)
  const unmet = await context.provision(() => unmetRequirements(context))
  report.lacking(...unmet)
  await context.keepRawOutput('requirements.json', JSON.stringify({ unmet }, null, 2), 'application/json')
  if (unmet.length > 0 && !parameters.required) context.skip(unmet.join('; '))
  if (unmet.length === 0) await live(context, report)
  if (report.answers.length > 0)
    await context.keepRawOutput('answers.json', JSON.stringify(report.answers, null, 2), 'application/json')
  await context.record(report.recording)
  context.judge(report.checks)
})

/** Lives as far as it can be lived. What went wrong on the way is a better verdict than what that led to. */
async function live(context: Context, report: LifecycleReport): Promise<void> {
  try {
    await lives[context.parameters.kind]({ context, report })
  } catch (error) {
    if (report.lacksSomething || context.signal.aborted || !report.hasFailures) throw error
    await context.keepRawOutput('ended-early.txt', `${error instanceof Error ? error.message : String(error)}\n`)
  }
}

const lives: Record<Kind, (bench: Bench) => Promise<void>> = {
  stateless: liveStateless,
  lifecycle: liveStateTable,
  'run-strategies': liveRunStrategies,
  console: liveConsole,
  'guest-agent': liveGuestAgent,
  ssh: liveSsh,
  'stateful-upload': liveStateful,
  'data-volume-blank': liveDataVolume,
  'data-volume-http': liveDataVolume,
  'data-volume-registry': liveDataVolume,
  'data-volume-clone': liveDataVolume,
  'data-volume-snapshot': liveDataVolume,
  'wait-for-first-consumer': liveWaitingVolume,
  migration: liveMigration,
  'snapshot-restore': liveSnapshot,
  'hot-plug': liveHotPlug,
  deletion: liveDeletion,
  sriov: liveSriov,
  'network-policy': liveNetworkPolicy,
}
