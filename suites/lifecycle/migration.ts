/** Live migration: how long it takes, phase by phase, and how long the guest stands still. */
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { conditionOf } from '../../helpers/kubernetes/conditions.ts'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { WaitTimeoutError } from '../../helpers/kubernetes/wait.ts'
import type { VirtualMachineInstance } from '../../helpers/kubevirt/virtual-machine-instance.ts'
import type { VirtualMachine } from '../../fixtures/virtual-machine.ts'
import type { Guest } from '../../helpers/guest/guest.ts'
import { bootId, Heartbeat, markerState, readClocks, writeMarker } from './guest-commands.ts'
import { type Bench, caseLabel, caseLabelValue, lacks, logIn, Machine } from './machine.ts'
import { phaseTransitionsOf } from './report.ts'

const heartbeatMilliseconds = 100
const marker = '/tmp/lifecycle-marker'

type Migration = KubernetesObject & { status?: { phase?: string } }
type MigrationState = { targetNode?: string; mode?: string; failureReason?: string }
type Pod = KubernetesObject & { spec?: { nodeName?: string }; status?: { phase?: string } }

export async function liveMigration(bench: Bench): Promise<void> {
  const { context } = bench
  const migratable = ({ spec }: VirtualMachineInstance) => {
    spec.evictionStrategy = 'LiveMigrate'
  }
  const { vm, machine } = await context.provision(async () => {
    const made = await Machine.create(bench, { prefix: 'migration', runStrategy: 'Always', options: [migratable] })
    return { vm: made, machine: await made.running() }
  })
  await context.measure(async () => {
    const allowed = await vm.condition('vmi', 'LiveMigratable', 'True')
    if (allowed !== 'True') {
      const why = conditionOf(await vm.readVmi(), 'LiveMigratable')
      lacks(bench, `the VMI is not live-migratable: ${why?.reason ?? 'no reason'}: ${why?.message ?? ''}`)
      return
    }
    let guest = await logIn(bench, machine)
    const boot = await bootId(guest)
    await writeMarker(guest, marker, boot)
    for (let round = 1; round <= context.parameters.repeats; round++) {
      const moved = await migrateOnce(bench, { vm, machine, guest, round })
      if (moved === null) return
      guest = moved
      const subject = `migration ${round}`
      const actual = (await bootId(guest)) === boot ? 'the same' : 'changed'
      bench.report.state({ id: 'boot-id', subject, metric: 'boot id of the guest', actual, limit: 'the same' })
      bench.report.state({
        id: 'marker',
        subject: `memory, ${subject}`,
        metric: 'a file in it is',
        actual: await markerState(guest, marker, boot),
        limit: 'kept',
      })
    }
  })
}

interface Round {
  vm: Machine
  machine: VirtualMachine
  guest: Guest
  round: number
}

/** The guest on its new node; null when it was not moved. */
async function migrateOnce(bench: Bench, { vm, machine, guest, round }: Round): Promise<Guest | null> {
  const { context, report } = bench
  const { clock } = context
  const subject = `migration ${round}`
  const source = (await vm.readVmi()).status?.nodeName ?? ''
  const heartbeat = await Heartbeat.start(guest, heartbeatMilliseconds, `/tmp/lifecycle-heartbeat-${round}`)
  const before = await readClocks(guest, clock)
  const asked = await clock.now()
  const phase = await migrate(bench, vm)
  const done = phase === 'Succeeded' ? phase : `${phase}: ${await failureReason(vm)}`
  report.state({ id: 'migration', subject, metric: 'the migration is', actual: done, limit: 'Succeeded' })
  if (done !== 'Succeeded') return null
  report.time('migration', (await clock.now()) - asked)
  const vmi = await movedVmi(bench, vm, source)
  const { nodeName = 'none', migrationState } = (vmi.status ?? {}) as {
    nodeName?: string
    migrationState?: MigrationState
  }
  report.results['nodeName'] = nodeName
  const target = migrationState?.targetNode
  report.state({
    id: 'migrated-node',
    subject,
    metric: `from ${source} to ${nodeName} (${migrationState?.mode ?? 'mode unknown'}):`,
    actual:
      nodeName === source
        ? 'the same node'
        : target === nodeName
          ? 'another node'
          : `not the target ${target ?? 'unknown'}`,
    limit: 'another node',
  })
  // Its console ended on the node that it left.
  const again = await logIn(bench, machine)
  const after = await readClocks(again, clock)
  const lost = after.cluster - before.cluster - (after.guest - before.guest)
  const beats = await heartbeat.beats(again)
  await heartbeat.stop(again)
  report.time('interruption', interruption(beats, lost))
  await oneLauncher(bench, vm, subject)
  return again
}

/** The VMI knows more of it than the migration itself. */
async function failureReason(vm: Machine): Promise<string> {
  const { migrationState } = ((await vm.readVmi()).status ?? {}) as { migrationState?: MigrationState }
  return migrationState?.failureReason ?? 'without a reason'
}

/** The phase that it ended in. */
async function migrate({ context, report }: Bench, vm: Machine): Promise<string> {
  const migration = await context.create<Migration>({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstanceMigration',
    metadata: {
      name: randomName('lifecycle-migration-'),
      namespace: context.namespace,
      labels: { [caseLabel]: caseLabelValue(context) },
    },
    spec: { vmiName: vm.name },
  })
  let last = ''
  return context.waitFor<Migration, string>(migration, {
    describe: 'succeed',
    until: (object) => {
      const phase = object.status?.phase ?? ''
      if (phase !== '' && phase !== last) context.progress('MIGRATE', vm.name, phase)
      last = phase
      if (phase !== 'Succeeded' && phase !== 'Failed') return undefined
      report.phases(`migration of ${vm.name}`, phaseTransitionsOf(object))
      return phase
    },
    limit: vm.limit,
  })
}

/** Its status follows the migration; as it is when the time is up, where it does not. */
async function movedVmi({ context }: Bench, vm: Machine, source: string): Promise<VirtualMachineInstance> {
  try {
    return await context.waitFor<VirtualMachineInstance, VirtualMachineInstance>(vm.vmiReference, {
      describe: `leave node ${source}`,
      until: (vmi) => (vmi.status?.nodeName !== source ? vmi : undefined),
      limit: vm.limit,
    })
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
    return vm.readVmi()
  }
}

/**
 * The longest gap between two beats beyond their usual distance, and what the guest's clock lost meanwhile: a guest does
 * not see for itself how long it stood still when its clock stood still too.
 * @param beats uptime at each beat, in milliseconds
 * @param lost time that passed for the cluster and not for the guest, in milliseconds
 */
export function interruption(beats: readonly number[], lost: number): number {
  const gaps = beats.slice(1).map((beat, index) => beat - (beats[index] ?? beat))
  const sorted = gaps.toSorted((one, other) => one - other)
  const usual = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
  return Math.max(0, (sorted.at(-1) ?? 0) - usual) + Math.max(0, lost)
}

async function oneLauncher({ context, report }: Bench, vm: Machine, subject: string): Promise<void> {
  const { reader, namespace, clock, signal } = context
  const uid = (await vm.readVmi()).metadata.uid ?? ''
  const labelSelector = `kubevirt.io/created-by=${uid}`
  const running = async () => {
    const found = await reader.list<Pod>({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector })
    if ('missing' in found) return null
    return found.known.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
  }
  const giveUpAt = (await clock.now()) + sourcePodMilliseconds
  let pods = await running()
  while (pods !== null && pods.length > 1 && (await clock.now()) < giveUpAt) {
    await clock.sleep(pollMilliseconds, signal)
    pods = await running()
  }
  if (pods === null) return
  report.state({
    id: 'migration-source',
    subject,
    metric: 'after the migration there is',
    actual:
      pods.length === 1
        ? 'one launcher'
        : `${pods.length} launchers on ${pods.map(({ spec }) => spec?.nodeName).join(', ')}`,
    limit: 'one launcher',
  })
}
/** The old launcher ends within seconds. */
const sourcePodMilliseconds = 60_000
const pollMilliseconds = 1000
