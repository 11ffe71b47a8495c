/** Procedure clone: how long CDI takes for a root disk, and in which way it clones. */
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import { dataVolume, type DataVolume } from '../../helpers/kubevirt/claims.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import { limitOf, type StorageContext } from './bring-up.ts'
import { FeatureReport, timed } from './feature-report.ts'
import { rootSource } from './machines.ts'
import { poolsOf } from './plan.ts'

const typeAnnotation = 'cdi.kubevirt.io/cloneType'
const fallbackAnnotation = 'cdi.kubevirt.io/cloneFallbackReason'

export async function runClone(context: StorageContext): Promise<void> {
  const { parameters, namespace } = context
  const report = new FeatureReport()
  const [pool] = poolsOf(parameters)
  const limit = limitOf(context, 'cloneTimeout')
  const name = randomName(`perf-clone-${pool?.name ?? 'default'}-`)
  const volume = dataVolume(
    {
      name,
      source: rootSource(parameters),
      storageClass: pool?.storageClass ?? null,
      size: parameters.rootDiskSize,
    },
    { namespace, bindAtOnce: true },
  )
  const created = await context.provision(() => context.create<DataVolume>(volume))
  await context.measure(async () => {
    const most = parameters.maxDvRestarts
    const { seconds } = await timed(context, () =>
      context.operation('CLONE', name, () =>
        context.waitFor<DataVolume, true>(created, {
          describe: 'be cloned',
          limit,
          until: ({ status }) => (status?.phase === 'Succeeded' ? true : undefined),
          failIf: ({ status }) =>
            (status?.restartCount ?? 0) > most
              ? `it was restarted ${status?.restartCount} times, more than ${most} (maxDvRestarts)`
              : undefined,
        }),
      ),
    )
    const annotations = await annotationsOf(context, created)
    await context.keepRawOutput('annotations.json', `${JSON.stringify(annotations, null, 2)}\n`, 'application/json')
    const type = annotations[typeAnnotation] ?? null
    const fallback = annotations[fallbackAnnotation] ?? null
    report.results['cloneType'] = type
    report.results['cloneFallbackReason'] = fallback
    const allowed = parameters.cloneTypes.join(' or ')
    report.state(
      'clone-type',
      `the clone type is ${type ?? 'not said'}, which is`,
      type === null ? 'none of them' : parameters.cloneTypes.includes(type) ? allowed : type,
      allowed,
    )
    report.state('clone-fallback', 'reason for another way of cloning:', fallback ?? 'none', 'none')
    const { cloneTimeLimit } = parameters
    report.time({
      id: 'clone-time',
      name: 'cloneSeconds',
      seconds,
      limitSeconds: cloneTimeLimit === undefined ? null : durationMilliseconds(cloneTimeLimit) / 1000,
    })
  })
  await report.conclude(context)
}

/** CDI says it on the claim, and older releases on the DataVolume. */
async function annotationsOf(
  { reader, namespace }: StorageContext,
  volume: DataVolume,
): Promise<Record<string, string>> {
  const { name = '' } = volume.metadata
  const [claim, current] = await Promise.all([
    reader.get<KubernetesObject>({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name }),
    reader.get<KubernetesObject>({ apiVersion: volume.apiVersion, kind: volume.kind, namespace, name }),
  ])
  const of = (reading: typeof claim) => ('known' in reading ? reading.known?.metadata.annotations : undefined) ?? {}
  return { ...of(current), ...of(claim) }
}
