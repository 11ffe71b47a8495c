/** DataVolumes from each kind of source, and those that wait for the VM that uses them. */
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { withDataVolume } from '../../helpers/kubevirt/storage.ts'
import type { DataVolume, DataVolumeSource } from '../../helpers/kubevirt/claims.ts'
import { dataVolumeSourceOf } from './kinds.ts'
import { type Bench, caseLabel, caseLabelValue, Machine, stepLimit, type VmSeen } from './machine.ts'
import { snapshotClassOf, waitingClassOf } from './needs.ts'
import { expected } from './answers.ts'
import { createVolume, type Filled, judgeClaim, untilFilled } from './volumes.ts'

export async function liveDataVolume(bench: Bench): Promise<void> {
  const { context, report } = bench
  const source = await context.provision(() => prepareSource(bench))
  await context.measure(async () => {
    const kind = dataVolumeSourceOf(context.parameters.kind) ?? 'blank'
    const volume = await createVolume(bench, { prefix: kind, source })
    const { claim } = await untilFilled(bench, volume)
    judgeClaim(bench, claim)
    if (kind !== 'clone' && kind !== 'snapshot') return
    const { annotations = {} } = claim.metadata
    const cloneType = annotations['cdi.kubevirt.io/cloneType'] ?? null
    const fallback = annotations['cdi.kubevirt.io/cloneFallbackReason']
    report.results['cloneType'] = cloneType
    report.state({
      id: 'clone-type',
      metric: `cloned by${fallback === undefined ? '' : ` (${fallback})`}`,
      actual: cloneType ?? 'unknown means',
      limit: context.parameters.expectedCloneType ?? null,
    })
  })
}

async function prepareSource(bench: Bench): Promise<DataVolumeSource> {
  const { context } = bench
  const { namespace, parameters } = context
  const kind = dataVolumeSourceOf(parameters.kind)
  if (kind === 'http') return { kind, url: parameters.imageUrl ?? '' }
  if (kind === 'registry') return { kind, url: `docker://${parameters.containerDiskImage}` }
  if (kind === 'blank' || kind === undefined) return { kind: 'blank' }
  const origin = await createVolume(bench, { prefix: 'source', source: { kind: 'blank' } })
  const name = origin.metadata.name ?? ''
  await filledQuietly(bench, origin)
  return kind === 'clone'
    ? { kind: 'claim', namespace, name }
    : { kind: 'snapshot', namespace, name: await snapshotOf(bench, name) }
}

/** What the case starts from is not what it judges. */
async function filledQuietly({ context }: Bench, volume: DataVolume): Promise<void> {
  await context.waitFor<DataVolume, true>(volume, {
    describe: 'be filled',
    until: ({ status }) => (status?.phase === 'Succeeded' ? true : undefined),
    limit: stepLimit(context),
  })
}

type VolumeSnapshot = KubernetesObject & { status?: { readyToUse?: boolean; error?: { message?: string } } }

async function snapshotOf({ context }: Bench, claim: string): Promise<string> {
  const name = randomName('lifecycle-snapshot-')
  const volumeSnapshotClassName = await snapshotClassOf(context)
  const snapshot = await context.create<VolumeSnapshot>({
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name, namespace: context.namespace, labels: { [caseLabel]: caseLabelValue(context) } },
    spec: {
      source: { persistentVolumeClaimName: claim },
      ...(volumeSnapshotClassName !== undefined && { volumeSnapshotClassName }),
    },
  })
  await context.waitFor<VolumeSnapshot, true>(snapshot, {
    describe: 'be ready to use',
    until: ({ status }) => (status?.readyToUse === true ? true : undefined),
    failIf: ({ status }) => status?.error?.message,
    limit: stepLimit(context),
  })
  return name
}

/** How long a volume that waits is watched for whether it really does. */
const waitingMilliseconds = 10_000
const waitingPhases = new Set(['WaitForFirstConsumer', 'PendingPopulation'])

export async function liveWaitingVolume(bench: Bench): Promise<void> {
  const { context, report } = bench
  const { clock, signal } = context
  const storageClass = await waitingClassOf(context)
  if (storageClass === undefined) throw new Error('there is no class that waits for the first consumer')
  const { volume, vm } = await context.provision(async () => {
    const made = await createVolume(bench, {
      prefix: 'waiting',
      source: { kind: 'blank' },
      waitsForConsumer: true,
      storageClass,
    })
    const name = made.metadata.name ?? ''
    const options = [withDataVolume(name, 'data')]
    return { volume: made, vm: await Machine.create(bench, { prefix: 'consumer', runStrategy: 'Halted', options }) }
  })
  await context.measure(async () => {
    await clock.sleep(waitingMilliseconds, signal)
    const phase = await phaseOf(bench, volume)
    report.state({
      id: 'waits-for-consumer',
      subject: 'before the VM is started',
      metric: 'the DataVolume is',
      actual: waitingPhases.has(phase) ? 'waiting' : phase,
      limit: 'waiting',
    })
    const asked = await clock.now()
    await vm.expect(expected.accepted, ['vm', 'start'], 'while its volume waits')
    const statuses = statusesUntilRunning(bench, vm)
    const filled: Promise<Filled> = untilFilled(bench, volume)
    const [machine, seen, { claim }] = await Promise.all([vm.running(), statuses, filled])
    report.time('start', (await clock.now()) - asked)
    const waited = ['WaitingForVolumeBinding', 'Provisioning'].some((each) => seen.includes(each))
    report.state({
      id: 'waits-for-consumer',
      subject: 'until the VM runs',
      metric: `the VM (${seen.join(', ')}) is`,
      actual: waited ? 'waiting' : 'not waiting',
      limit: 'waiting',
    })
    judgeClaim(bench, claim, storageClass)
    report.results['nodeName'] = machine.node
  })
}

async function phaseOf({ context }: Bench, { metadata, apiVersion, kind }: DataVolume): Promise<string> {
  const { name = '', namespace = context.namespace } = metadata
  return context.waitFor<DataVolume, string>(
    { apiVersion, kind, namespace, name },
    { describe: 'have a phase', until: ({ status }) => status?.phase, limit: stepLimit(context) },
  )
}

/** Every status that the VM shows until it runs. */
async function statusesUntilRunning({ context }: Bench, vm: Machine): Promise<string[]> {
  const seen: string[] = []
  return context.waitFor<VmSeen, string[]>(vm.reference, {
    describe: 'run',
    until: ({ status }) => {
      const shown = status?.printableStatus ?? ''
      if (shown !== '' && seen.at(-1) !== shown) seen.push(shown)
      return shown === 'Running' ? seen : undefined
    },
    limit: vm.limit,
  })
}
