/** Complete deletion: what belongs to a VM goes with it. */
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { type ObjectReference, referenceTo } from '../../helpers/kubernetes/resources.ts'
import { WaitFailedError, WaitTimeoutError } from '../../helpers/kubernetes/wait.ts'
import { withDataVolume } from '../../helpers/kubevirt/storage.ts'
import { type Bench, caseLabel, caseLabelValue, type Context, Machine } from './machine.ts'
import { readClaim, volumeTemplate } from './volumes.ts'

type Volume = KubernetesObject & {
  spec?: { persistentVolumeReclaimPolicy?: string }
  status?: { phase?: string }
}

interface Belonging {
  subject: string
  reference: ObjectReference
}

export async function liveDeletion(bench: Bench): Promise<void> {
  const { context, report } = bench
  const { clock } = context
  const { vm, name } = await context.provision(async () => {
    const template = volumeTemplate(context, { prefix: 'deletion', source: { kind: 'blank' } })
    const volume = template.metadata?.name ?? ''
    const options = [withDataVolume(volume, 'data')]
    const made = await Machine.create(bench, {
      prefix: 'deletion',
      runStrategy: 'Always',
      options,
      dataVolumeTemplates: [template],
    })
    await made.running()
    return { vm: made, name: volume }
  })
  await context.measure(async () => {
    const belongings = await belongingsOf(context, vm, name)
    const claim = await readClaim(context, name)
    const volume = await readVolume(context, claim?.spec?.volumeName)
    const asked = await clock.now()
    await context.release([vm.vm])
    for (const { subject, reference } of belongings)
      report.state({
        id: 'gone',
        subject,
        metric: 'after the VM was deleted it is',
        actual: await fate(context, vm, reference),
        limit: 'gone',
      })
    report.time('deletion', (await clock.now()) - asked)
    if (volume !== undefined) await judgeVolume(bench, vm, volume)
    await countLeftovers(bench)
  })
}

async function belongingsOf(context: Context, vm: Machine, volume: string): Promise<Belonging[]> {
  const { namespace, reader } = context
  const vmi = await vm.readVmi()
  const labelSelector = `kubevirt.io/created-by=${vmi.metadata.uid ?? ''}`
  const pods = await reader.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector })
  const claim = await readClaim(context, volume)
  const prime = claim?.metadata.annotations?.['cdi.kubevirt.io/storage.populator.pvcPrime']
  const claimNamed = (name: string): ObjectReference => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    namespace,
    name,
  })
  return [
    { subject: 'VMI', reference: referenceTo(vmi) },
    ...('known' in pods ? pods.known.map((pod) => ({ subject: 'launcher pod', reference: referenceTo(pod) })) : []),
    {
      subject: 'DataVolume',
      reference: { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', namespace, name: volume },
    },
    { subject: 'claim', reference: claimNamed(volume) },
    // CDI fills it in place of the claim itself.
    { subject: 'prime claim', reference: claimNamed(prime ?? `prime-${claim?.metadata.uid ?? ''}`) },
  ]
}

/** `gone`, or that it is still there when the time is up. */
async function fate(context: Context, vm: Machine, reference: ObjectReference): Promise<string> {
  try {
    await context.waitUntilGone(reference, vm.limit)
    return 'gone'
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error
    return `still there (${error.message})`
  }
}

async function readVolume({ reader }: Context, name: string | undefined): Promise<Volume | undefined> {
  if (name === undefined) return undefined
  const found = await reader.get<Volume>({ apiVersion: 'v1', kind: 'PersistentVolume', name })
  return 'known' in found ? (found.known ?? undefined) : undefined
}

/** What is retained, and of no more use to anybody, is removed by the case. */
async function judgeVolume({ context, report }: Bench, vm: Machine, volume: Volume): Promise<void> {
  const reference = referenceTo(volume)
  const policy = volume.spec?.persistentVolumeReclaimPolicy ?? 'Retain'
  const stated = { id: 'persistent-volume', subject: policy, metric: 'after the claim is gone the volume is' }
  if (policy === 'Delete') {
    report.state({ ...stated, actual: await fate(context, vm, reference), limit: 'gone' })
    return
  }
  const phase = await releasedPhase(context, vm, reference)
  report.state({ ...stated, actual: phase, limit: 'Released' })
  if (phase === 'Released') await context.remove(reference, vm.limit)
}

/** `Released`, or what it is when the time is up. */
async function releasedPhase(context: Context, vm: Machine, reference: ObjectReference): Promise<string> {
  let last = 'unknown'
  try {
    await context.waitFor<Volume, true>(reference, {
      describe: 'be Released',
      until: ({ status }) => {
        last = status?.phase ?? 'unknown'
        return last === 'Released' ? true : undefined
      },
      limit: vm.limit,
    })
  } catch (error) {
    if (error instanceof WaitFailedError) return 'gone'
    if (!(error instanceof WaitTimeoutError)) throw error
  }
  return last
}

const labelledKinds = [
  ['kubevirt.io/v1', 'VirtualMachine'],
  ['kubevirt.io/v1', 'VirtualMachineInstance'],
  ['v1', 'Pod'],
  ['cdi.kubevirt.io/v1beta1', 'DataVolume'],
  ['v1', 'PersistentVolumeClaim'],
] as const

async function countLeftovers({ context, report }: Bench): Promise<void> {
  const { reader, namespace } = context
  const labelSelector = `${caseLabel}=${caseLabelValue(context)}`
  const left: string[] = []
  for (const [apiVersion, kind] of labelledKinds) {
    const found = await reader.list({ apiVersion, kind, namespace, labelSelector })
    if ('known' in found) left.push(...found.known.map(({ metadata }) => `${kind} ${metadata.name ?? ''}`))
  }
  report.count({
    id: 'labelled-leftovers',
    name: 'labelledLeftovers',
    metric:
      left.length === 0
        ? 'objects of the case that are left'
        : `objects of the case that are left (${left.join(', ')})`,
    actual: left.length,
    limit: 0,
    unit: 'count',
  })
}
