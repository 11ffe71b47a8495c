/** DataVolumes of a case and the claims that they become. */
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { randomName } from '../../helpers/kubernetes/random-name.ts'
import type { TimeLimit } from '../../fixtures/checkup-context.ts'
import { WaitTimeoutError } from '../../helpers/kubernetes/wait.ts'
import { conditionOf, describeState } from '../../helpers/kubernetes/conditions.ts'
import {
  type DataVolume,
  dataVolume,
  type DataVolumeParts,
  type DataVolumeSource,
  dataVolumeTemplate,
} from '../../helpers/kubevirt/claims.ts'
import { durationMilliseconds } from '../../helpers/units/duration.ts'
import { parseQuantity } from '../../helpers/units/quantity.ts'
import { type Bench, caseLabel, caseLabelValue, type Context } from './machine.ts'

export type Claim = KubernetesObject & {
  spec?: { accessModes?: string[]; volumeMode?: string; storageClassName?: string; volumeName?: string }
  status?: { phase?: string; capacity?: { storage?: string } }
}

export interface VolumeWish {
  prefix: string
  source: DataVolumeSource
  /** Default: bound at once, whatever its class does. */
  waitsForConsumer?: boolean
  storageClass?: string
  size?: string
}

function partsOf({ parameters }: Context, { prefix, source, storageClass, size }: VolumeWish): DataVolumeParts {
  return {
    name: randomName(`lifecycle-${prefix}-`),
    source,
    storageClass: storageClass ?? parameters.storageClass ?? null,
    size: size ?? parameters.volumeSize,
    ...(parameters.volumeMode !== undefined && { volumeMode: parameters.volumeMode }),
    ...(parameters.accessMode !== undefined && { accessMode: parameters.accessMode }),
  }
}

/** For a VM that brings its volume along. */
export function volumeTemplate(context: Context, wish: VolumeWish) {
  const { metadata = {}, ...template } = dataVolumeTemplate(partsOf(context, wish))
  const labels = { [caseLabel]: caseLabelValue(context) }
  return { ...template, metadata: { ...metadata, labels } }
}

export function createVolume({ context }: Bench, wish: VolumeWish): Promise<DataVolume> {
  const parts = partsOf(context, wish)
  return context.create(
    dataVolume(parts, {
      namespace: context.namespace,
      labels: { [caseLabel]: caseLabelValue(context) },
      bindAtOnce: wish.waitsForConsumer !== true,
    }),
  )
}

/** A worker pod that fails over and over leaves the phase as it is. */
const mostRestarts = 3

const dataVolumeLimit = ({ parameters, sources }: Context): TimeLimit => ({
  milliseconds: durationMilliseconds(parameters.dataVolumeTimeout),
  setBy: `dataVolumeTimeout (${sources['dataVolumeTimeout'] ?? 'default'})`,
})

export interface Filled {
  phases: string[]
  restarts: number
  claim: Claim
}

/** Waits until the volume is filled, judges how that went, and returns its claim. */
export async function untilFilled(bench: Bench, volume: DataVolume): Promise<Filled> {
  const { context, report } = bench
  const { clock } = context
  const began = await clock.now()
  const phases: string[] = []
  const name = volume.metadata.name ?? ''
  let restarts = 0
  let trouble = ''
  const outcome = await context
    .waitFor<DataVolume, string>(volume, {
      describe: 'be filled',
      until: (object) => {
        const { status } = object
        const phase = status?.phase ?? ''
        restarts = Math.max(restarts, status?.restartCount ?? 0)
        trouble = troubleOf(object)
        if (phase !== '' && phases.at(-1) !== phase) {
          phases.push(phase)
          context.progress('FILL', `DataVolume ${name}`, `${phase} ${status?.progress ?? ''}`.trim())
        }
        return phase === 'Succeeded' || phase === 'Failed' ? phase : undefined
      },
      failIf: (object) =>
        restarts > mostRestarts
          ? `its worker pod has been started again ${restarts} times (${describeState(object)})`
          : undefined,
      limit: dataVolumeLimit(context),
    })
    .catch(async (error: unknown) => {
      // Older releases of CDI remove a DataVolume that is done.
      const claim = await readClaim(context, name)
      if (claim?.metadata.annotations?.['cdi.kubevirt.io/storage.pod.phase'] === 'Succeeded') return 'Succeeded'
      // A worker that fails again and again is a finding; that nothing happens, or a refusal, breaks the case.
      const phase = phases.at(-1) ?? 'without a phase'
      if (restarts > mostRestarts) return `${phase}, restarted ${restarts} times (${trouble})`
      if (error instanceof WaitTimeoutError && trouble !== '') return `${phase} when time was up (${trouble})`
      throw error
    })
  report.time('dataVolume', (await clock.now()) - began)
  report.state({ id: 'data-volume', subject: '', metric: 'the DataVolume is', actual: outcome, limit: 'Succeeded' })
  report.state({
    id: 'data-volume-restarts',
    metric: 'restarts of the worker pod:',
    actual: String(restarts),
    limit: '0',
  })
  const claim = (await readClaim(context, name)) ?? {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
  }
  report.list({
    title: `Phases of DataVolume ${name.replace(/-[^-]+$/, '')}`,
    columns: ['phase'],
    rows: phases.map((phase) => [phase]),
  })
  return { phases, restarts, claim }
}

/** Why the worker pod does not run; '' when it does, or is done. */
function troubleOf(volume: DataVolume): string {
  const { status, reason = '', message = '' } = conditionOf(volume, 'Running') ?? {}
  return status === 'False' && ['Error', 'ImagePullFailed'].includes(reason) ? `${reason}: ${message}` : ''
}

export async function readClaim({ reader, namespace }: Context, name: string): Promise<Claim | undefined> {
  const found = await reader.get<Claim>({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name })
  return 'known' in found ? (found.known ?? undefined) : undefined
}

/** Class, modes and size of the claim against what was asked for. */
export function judgeClaim({ context, report }: Bench, claim: Claim, storageClass?: string): void {
  const { parameters } = context
  const { spec = {}, status = {} } = claim
  report.results['storageClass'] = spec.storageClassName ?? null
  const state = (subject: string, actual: string, limit: string | undefined) => {
    if (limit !== undefined) report.state({ id: 'claim', subject, metric: `${subject} of the claim`, actual, limit })
  }
  state('phase', status.phase ?? 'none', 'Bound')
  state('storage class', spec.storageClassName ?? 'none', storageClass ?? parameters.storageClass)
  state('volume mode', spec.volumeMode ?? 'none', parameters.volumeMode)
  state('access mode', (spec.accessModes ?? []).join(', '), parameters.accessMode)
  const wanted = parseQuantity(parameters.volumeSize)
  const given = status.capacity?.storage === undefined ? 0n : parseQuantity(status.capacity.storage)
  state('capacity', given >= wanted ? 'as asked' : `${status.capacity?.storage ?? 'none'}, less than asked`, 'as asked')
}
