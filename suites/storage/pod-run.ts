/** The permutations of a group in plain pods: what its VMs are compared with. */
import { isApiError } from '../../helpers/kubernetes/api-error.ts'
import type { KubernetesObject } from '../../helpers/kubernetes/kubernetes-object.ts'
import { WaitFailedError, WaitTimeoutError } from '../../helpers/kubernetes/wait.ts'
import type { PersistentVolumeClaim } from '../../helpers/kubevirt/claims.ts'
import { assembleResult, fleetContext, outcomeOf, type Collection, type FleetFacts } from './assemble-result.ts'
import { hasOtherFiles } from './benchmark-script.ts'
import { limitOf, readPoolFacts, untilAbsent, type StorageContext } from './bring-up.ts'
import { readInto } from './fio-collection.ts'
import { measurePermutations, takeOver, type GroupFindings } from './group-run.ts'
import { inPods, type Permutation, type StorageGroup } from './matrix.ts'
import { defaultPodImage } from './parameters.ts'
import { subjectOf, type PermutationResult, type VmOutcome } from './permutation-result.ts'
import { permutationJobFile, poolNamed, vmSizeNamed } from './plan.ts'
import { benchmarkPod, fioContainer, podClaim, podConfigMap, podPool, type PlainPod } from './pod-manifests.ts'
import { endOf, hasEnded, isInTrouble, stateOf, unscheduled } from './pod-state.ts'
import { barrierSeconds } from './run-permutation.ts'
import { storagePodName } from './vm-names.ts'

export type PodFindings = Pick<GroupFindings, 'results' | 'takenOver' | 'notMeasured'>

/** @param ofVms what the VMs of the group have measured: their pods are put where they ran */
export async function runPods(
  context: StorageContext,
  group: StorageGroup,
  ofVms: readonly PermutationResult[],
): Promise<PodFindings> {
  const { parameters, namespace, runId } = context
  const permutations = group.permutations.map(inPods)
  const taken = takeOver(context, permutations)
  const pending = permutations.filter(({ key }) => !taken.has(key))
  const [first] = pending
  const resultsOf = (measured: ReadonlyMap<string, PermutationResult>) =>
    permutations.flatMap(({ key }) => measured.get(key) ?? [])
  if (first === undefined) return { results: resultsOf(taken), takenOver: taken.size, notMeasured: [] }

  const vmSize = vmSizeNamed(parameters, group.vmSize)
  const pool = poolNamed(parameters, group.pool)
  const of = { namespace, runId, pool, vmSize, pvcSize: group.pvcSize }
  const { claims, fleet } = await context.provision(async () => {
    const made = await Promise.all(
      Array.from({ length: group.concurrency }, async (_, index) => {
        const claim = podClaim({ ...of, name: storagePodName(group, null, index + 1) })
        await untilAbsent(context, claim)
        return context.create(claim)
      }),
    )
    const [claim] = made
    if (claim === undefined) throw new Error(`group ${group.pool} has no pod`)
    const facts = await readPoolFacts(context, claim)
    const fixed: PodFleet = {
      pool: podPool(pool),
      facts,
      vmSize,
      claims: made,
      nodes: ofVms[0]?.vms.map(({ node }) => node) ?? [],
      usersAreChosen: await hasUserRange(context),
    }
    return { claims: made, fleet: fixed }
  })
  const measured = await context.measure(() =>
    measurePermutations(context, pending, (permutation, before) =>
      runInPods(context, fleet, { group, permutation, isFirst: permutation === first, before }),
    ),
  )
  await context.provision(() => context.release(claims))
  return {
    results: resultsOf(new Map([...taken, ...measured.done.map((result) => [result.key, result] as const)])),
    takenOver: taken.size,
    notMeasured: measured.notMeasured,
  }
}

interface PodFleet extends FleetFacts {
  claims: readonly PersistentVolumeClaim[]
  /** Where the VMs ran, in their order. */
  nodes: readonly string[]
  usersAreChosen: boolean
}

const userRangeAnnotation = 'openshift.io/sa.scc.uid-range'

/** On OpenShift namespaces have user ids of their own, and pods that ask for others are refused. */
async function hasUserRange({ reader, namespace }: StorageContext): Promise<boolean> {
  const found = await reader.get<KubernetesObject>({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  return 'known' in found && found.known?.metadata.annotations?.[userRangeAnnotation] !== undefined
}

interface PodRun {
  group: StorageGroup
  permutation: Permutation
  isFirst: boolean
  before: Permutation | null
}

async function runInPods(context: StorageContext, fleet: PodFleet, run: PodRun): Promise<PermutationResult> {
  const { parameters, clock, namespace, runId } = context
  const { group, permutation, isFirst, before } = run
  const file = permutationJobFile(parameters, permutation)
  const startedAt = await clock.now()
  // Before the first pods run, volumes are made and the image is pulled.
  const barrier = barrierSeconds(isFirst ? parameters.bootBarrier : parameters.startBarrier, group.concurrency)
  const of = { namespace, runId, pool: fleet.pool, vmSize: fleet.vmSize, pvcSize: group.pvcSize }
  const configMap = podConfigMap(
    { ...of, name: storagePodName(group, permutation, 0) },
    {
      file,
      startAt: barrier === 0 ? null : Math.ceil(startedAt / 1000) + barrier,
      clearData: before !== null && hasOtherFiles(permutationJobFile(parameters, before), file),
    },
  )
  await untilAbsent(context, configMap)
  const created = await context.create(configMap)
  const pods = await Promise.all(
    fleet.claims.map(async ({ metadata }, index) => {
      const pod = benchmarkPod({
        ...of,
        name: storagePodName(group, permutation, index + 1),
        image: parameters.podImage ?? defaultPodImage,
        claim: metadata.name ?? '',
        configMap: configMap.metadata.name ?? '',
        preferredNode: fleet.nodes[index] ?? null,
        usersAreChosen: fleet.usersAreChosen,
      })
      await untilAbsent(context, pod)
      return context.create(pod)
    }),
  )
  const common = fleetContext(context, fleet, permutation)
  const collected = await Promise.all(
    pods.map(async (pod, index): Promise<Collection> => {
      const ended = await untilEnded(context, pod, { permutation, barrier })
      return collect(context, ended, {
        read: (outcome: VmOutcome, output) =>
          readInto(outcome, output, file, {
            ...common,
            vmIndex: index + 1,
            vmName: outcome.vm,
            node: outcome.node || null,
          }),
        folder: `${permutation.profile}-${permutation.blockSize}`,
      })
    }),
  )
  await context.release([...pods, created])
  return assembleResult({
    permutation,
    file,
    runId,
    startedAt,
    durationMilliseconds: (await clock.now()) - startedAt,
    collected,
    hasBarrier: barrier > 0,
    clockOffsetSeconds: null,
  })
}

interface EndedPod {
  pod: PlainPod
  end: VmOutcome['end']
  exitStatus: number | null
  lastState: string
}

/** Watches a pod until it has ended. What keeps it from its start, and what it ended with, is in the words of its status. */
async function untilEnded(
  context: StorageContext,
  created: PlainPod,
  { permutation, barrier }: { permutation: Permutation; barrier: number },
): Promise<EndedPod> {
  const limit = limitOf(context, 'fioCompletionTimeout')
  let seen = created
  let told = ''
  const tell = (pod: PlainPod) => {
    seen = pod
    const state = stateOf(pod)
    if (state === told || pod.status?.phase !== 'Pending' || !isInTrouble(pod)) return
    told = state
    context.progress('FIO', subjectOf(permutation), `pod ${pod.metadata.name}: ${state}`)
  }
  const wait = (describe: string, of: typeof limit, isMeant: (pod: PlainPod) => boolean) =>
    context.waitFor<PlainPod, PlainPod>(seen, {
      describe,
      limit: of,
      until: (pod) => {
        tell(pod)
        return isMeant(pod) ? pod : undefined
      },
    })
  let end: VmOutcome['end'] = 'never-started'
  try {
    await wait('start', limitOf(context, 'vmReadyTimeout'), ({ status }) => (status?.phase ?? 'Pending') !== 'Pending')
    end = 'unfinished'
    await wait('end', { ...limit, milliseconds: limit.milliseconds + barrier * 1000 }, hasEnded)
  } catch (error) {
    if (!(error instanceof WaitTimeoutError || error instanceof WaitFailedError)) throw error
    // Conditions, such as why it has no node, are in the message.
    const more = unscheduled(seen) === undefined ? `; ${stateOf(seen)}` : ''
    return { pod: seen, end, exitStatus: null, lastState: `${error.message}${more}` }
  }
  return { pod: seen, ...endOf(seen), lastState: stateOf(seen) }
}

async function collect(
  context: StorageContext,
  { pod, end, exitStatus, lastState }: EndedPod,
  { read, folder }: { read: (of: VmOutcome, output: string) => Collection['records']; folder: string },
): Promise<Collection> {
  const outcome = outcomeOf({ vm: pod.metadata.name ?? '', node: pod.spec.nodeName ?? '', end, exitStatus, lastState })
  if (end !== 'finished')
    await context.keepRawOutput(
      `${folder}/${outcome.vm}-pod.json`,
      `${JSON.stringify(pod, null, 2)}\n`,
      'application/json',
    )
  if (end !== 'finished' && end !== 'failed') return { outcome, records: [] }
  let output: string
  try {
    output = await context.podLog(pod, fioContainer)
  } catch (error) {
    if (!isApiError(error)) throw error
    outcome.problems.push(`its log could not be read: ${error.message}`)
    return { outcome, records: [] }
  }
  if (output.trim() === '') {
    outcome.problems.push('it has printed nothing')
    return { outcome, records: [] }
  }
  outcome.rawOutput = await context.keepRawOutput(`${folder}/${outcome.vm}-fio.json`, output, 'application/json')
  return { outcome, records: read(outcome, output) }
}
