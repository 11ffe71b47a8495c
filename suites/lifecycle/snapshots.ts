/** Snapshots of running VMs, and what comes back with them. */
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { conditionOf, describeState } from '../../helpers/kubernetes/conditions.ts'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { withDataVolume } from '../../helpers/kubevirt/storage.ts'
import { dataDisk, diskMarkerState, withDataSerial, writeOnDisk } from './data-disk.ts'
import { type Bench, caseLabel, caseLabelValue, logIn, Machine } from './machine.ts'
import { startStopped, stopRunning } from './stateless.ts'
import { volumeTemplate } from './volumes.ts'

const api = 'snapshot.kubevirt.io/v1beta1'
const [kept, lost] = ['before-the-snapshot', 'after-the-snapshot']

type Snapshot = KubernetesObject & {
  status?: { phase?: string; readyToUse?: boolean; indications?: string[]; error?: { message?: string } }
}
type Restore = KubernetesObject & { status?: { complete?: boolean } }

export async function liveSnapshot(bench: Bench): Promise<void> {
  const { context, report } = bench
  const { clock } = context
  const vm = await context.provision(() => {
    const template = volumeTemplate(context, { prefix: 'snapshot', source: { kind: 'blank' } })
    const name = template.metadata?.name ?? ''
    const options = [withDataVolume(name, 'data'), withDataSerial('data')]
    return Machine.create(bench, {
      prefix: 'snapshot',
      runStrategy: 'Halted',
      options,
      dataVolumeTemplates: [template],
    })
  })
  await context.measure(async () => {
    const first = await startStopped(bench, vm)
    const guest = await logIn(bench, first)
    const device = await dataDisk(guest)
    await writeOnDisk(guest, device, kept)
    const snapshot = await takeSnapshot(bench, vm)
    if (snapshot === null) return
    await writeOnDisk(guest, device, lost)
    await stopRunning(bench, vm, first)
    const asked = await clock.now()
    const restored = await restore(bench, vm, snapshot)
    report.state({ id: 'restore', metric: 'the restore is', actual: restored, limit: 'complete' })
    if (restored !== 'complete') return
    report.time('restore', (await clock.now()) - asked)
    const second = await startStopped(bench, vm)
    const again = await logIn(bench, second)
    const state = await diskMarkerState(again, await dataDisk(again), kept)
    report.state({
      id: 'marker',
      subject: 'restored disk',
      metric: 'what was written before the snapshot is',
      actual: state,
      limit: 'kept',
    })
  })
}

/** Its name, or null when it failed. */
async function takeSnapshot({ context, report }: Bench, vm: Machine): Promise<string | null> {
  const name = randomName('lifecycle-snapshot-')
  const asked = await context.clock.now()
  const snapshot = await context.create<Snapshot>({
    apiVersion: api,
    kind: 'VirtualMachineSnapshot',
    metadata: { name, namespace: context.namespace, labels: { [caseLabel]: caseLabelValue(context) } },
    spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: vm.name } },
  })
  const ended = await context.waitFor<Snapshot, Snapshot>(snapshot, {
    describe: 'be ready to use',
    until: (object) => {
      const { phase, readyToUse } = object.status ?? {}
      const isDone = (phase === 'Succeeded' && readyToUse === true) || phase === 'Failed'
      return isDone || hasFailed(object) ? object : undefined
    },
    limit: vm.limit,
  })
  const { phase, readyToUse, indications = [], error } = ended.status ?? {}
  const isReady = phase === 'Succeeded' && readyToUse === true
  report.state({
    id: 'snapshot',
    metric: 'the snapshot is',
    actual: isReady
      ? 'Succeeded, ready to use'
      : `${phase ?? 'without phase'}: ${error?.message ?? describeState(ended)}`,
    limit: 'Succeeded, ready to use',
  })
  if (!isReady) return null
  report.time('snapshot', (await context.clock.now()) - asked)
  report.state({
    id: 'snapshot-online',
    metric: `indications (${indications.join(', ') || 'none'}) say`,
    actual: indications.includes('Online') ? 'Online' : 'nothing of it',
    limit: 'Online',
  })
  return name
}

/** An error that its controller goes on trying to get over still is one. */
const hasFailed = (snapshot: Snapshot): boolean =>
  conditionOf(snapshot, 'Failure')?.status === 'True' || snapshot.status?.error?.message !== undefined

async function restore({ context }: Bench, vm: Machine, snapshot: string): Promise<string> {
  const made = await context.create<Restore>({
    apiVersion: api,
    kind: 'VirtualMachineRestore',
    metadata: {
      name: randomName('lifecycle-restore-'),
      namespace: context.namespace,
      labels: { [caseLabel]: caseLabelValue(context) },
    },
    spec: {
      target: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: vm.name },
      virtualMachineSnapshotName: snapshot,
    },
  })
  return context.waitFor<Restore, string>(made, {
    describe: 'be complete',
    until: (object) => {
      if (object.status?.complete === true) return 'complete'
      const failure = conditionOf(object, 'Failure')
      return failure?.status === 'True' ? `failed: ${failure.reason ?? failure.message ?? ''}` : undefined
    },
    limit: vm.limit,
  })
}
