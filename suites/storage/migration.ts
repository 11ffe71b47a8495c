/** Procedure migration: a VM moves to another node while fio runs in it. */
import { conditionOf } from '../../helpers/kubernetes/conditions.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { WaitFailedError } from '../../helpers/kubernetes/wait.ts'
import { GuestError } from '../../helpers/guest/guest-error.ts'
import { durationMilliseconds, parseWholeSeconds } from '../../helpers/units/duration.ts'
import { limitOf, readPoolFacts, type StorageContext } from './bring-up.ts'
import { isComplete, type PermutationResult } from './permutation-result.ts'
import { oneMachine, vmiReference, type FeatureMachine } from './feature-machine.ts'
import { FeatureReport, timed } from './feature-report.ts'
import type { Permutation } from './matrix.ts'
import { permutationKey } from './matrix.ts'
import { permutationJobFile } from './plan.ts'
import { runPermutation } from './run-permutation.ts'

type Migration = KubernetesObject & {
  status?: { phase?: string; phaseTransitionTimestamps?: { phase: string; phaseTransitionTimestamp: string }[] }
}

const profile = 'mixed-70-30'
const blockSize = '4k'
const askMilliseconds = 500
const beforeMigrationMilliseconds = 20_000

export async function runMigration(context: StorageContext): Promise<void> {
  const { parameters, namespace } = context
  const report = new FeatureReport()
  const permutation = permutationOf(context)
  const machine = await context.provision(() =>
    oneMachine(context, {
      file: permutationJobFile(parameters, permutation),
      startAt: null,
      timeoutSeconds: parseWholeSeconds(parameters.fioCompletionTimeout),
    }),
  )
  const refusal = await unmigratable(context, machine)
  if (refusal !== null && !parameters.requireMigratable) context.skip(refusal)
  await context.measure(async () => {
    const facts = await readPoolFacts(context, machine.objects.dataClaim)
    const measuring = runPermutation(
      context,
      { members: [machine], pool: machine.pool, facts, vmSize: machine.vmSize },
      { permutation, first: { startAt: null }, before: null },
    )
    // What fails first is told; the other one is not to be lost without anybody looking.
    measuring.catch(() => undefined)
    await context.clock.sleep(beforeMigrationMilliseconds, context.signal)
    const over = new AbortController()
    const gap = longestGap(context, machine, AbortSignal.any([context.signal, over.signal]))
    const migrated = await timed(context, () =>
      migrate(context, machine.machine.name, namespace).finally(() => over.abort()),
    )
    report.state('migration-succeeded', 'the migration is', refusal ?? migrated.value, 'Succeeded')
    report.time({ id: null, name: 'migrationSeconds', seconds: migrated.seconds, limitSeconds: null })
    report.time({
      id: 'migration-gap',
      name: 'migrationGapSeconds',
      seconds: await gap,
      limitSeconds: parameters.maxMigrationGapSeconds,
    })
    report.state('migration-fio', 'fio reports', fioState(await measuring), 'no error')
  })
  await report.conclude(context)
}

function permutationOf({ parameters }: StorageContext): Permutation {
  const identity = {
    pool: parameters.pools[0]?.split(/[=:]/)[0] ?? '',
    vmSize: parameters.vmSizes[0]?.split(':')[0] ?? '',
    pvcSize: parameters.pvcSizes[0] ?? '',
    concurrency: 1,
    profile,
    blockSize,
  }
  return { ...identity, key: permutationKey(identity), iodepth: null }
}

const fioState = (result: PermutationResult): string =>
  isComplete(result) ? 'no error' : result.vms.flatMap(({ problems }) => problems).join('; ')

/** Why the VM cannot move; null: it can. */
async function unmigratable({ reader }: StorageContext, machine: FeatureMachine): Promise<string | null> {
  const nodes = await reader.list<KubernetesObject & { spec?: { unschedulable?: boolean } }>({
    apiVersion: 'v1',
    kind: 'Node',
  })
  if ('known' in nodes) {
    const usable = nodes.known.filter(
      ({ metadata, spec }) => metadata.labels?.['kubevirt.io/schedulable'] === 'true' && spec?.unschedulable !== true,
    )
    if (usable.length < 2) return `the cluster has ${usable.length} node for VMs; a migration needs two`
  }
  const vmi = await reader.get(vmiReference(machine))
  const migratable = 'known' in vmi && vmi.known !== null ? conditionOf(vmi.known, 'LiveMigratable') : undefined
  if (migratable?.status === 'False')
    return `the VM cannot be migrated: ${migratable.reason ?? ''} ${migratable.message ?? ''}`.trim()
  return null
}

/** @returns its last phase */
async function migrate(context: StorageContext, vmiName: string, namespace: string): Promise<string> {
  const created = await context.create<Migration>({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: { name: `${vmiName}-migration`, namespace },
    spec: { vmiName },
  })
  try {
    return await context.operation('MIGRATE', vmiName, () =>
      context.waitFor<Migration, string>(created, {
        describe: 'succeed',
        limit: limitOf(context, 'migrationTimeout'),
        until: ({ status }) => (status?.phase === 'Succeeded' || status?.phase === 'Failed' ? status.phase : undefined),
      }),
    )
  } catch (error) {
    if (error instanceof WaitFailedError) return error.message
    throw error
  }
}

/** Seconds; asks until the signal, and never fails. */
async function longestGap(
  { clock }: StorageContext,
  { session }: FeatureMachine,
  signal: AbortSignal,
): Promise<number> {
  let longest = 0
  let last = await clock.now()
  while (!signal.aborted) {
    try {
      await session.run('true', durationMilliseconds('30s'))
    } catch (error) {
      if (!(error instanceof GuestError)) throw error
    }
    const now = await clock.now()
    longest = Math.max(longest, now - last)
    last = now
    try {
      await clock.sleep(askMilliseconds, signal)
    } catch {
      break
    }
  }
  return longest / 1000
}
