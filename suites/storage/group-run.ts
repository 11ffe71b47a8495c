/** All permutations of one group of VMs: those of an interrupted run are taken over, the others are measured. */
import { parseWholeSeconds } from '../../helpers/units/duration.ts'
import {
  accessKeys,
  bringUp,
  readPoolFacts,
  removeFleet,
  type FleetMember,
  type PoolFacts,
  type StorageContext,
} from './bring-up.ts'
import { resumedStore, ResultStore } from './checkpoint.ts'
import { systemInformationCommand } from './guest-service.ts'
import type { Permutation, StorageGroup } from './matrix.ts'
import { isComplete, loadOf, subjectOf, type PermutationResult } from './permutation-result.ts'
import { permutationJobFile, poolNamed, vmSizeNamed } from './plan.ts'
import { barrierSeconds, runPermutation } from './run-permutation.ts'
import { storageVmName } from './vm-names.ts'

export interface GroupFindings {
  /** In the order of the plan. */
  results: PermutationResult[]
  takenOver: number
  /** Permutations without a result, with the reason. */
  notMeasured: { subject: string; reason: string }[]
  /** null: everything was taken over. */
  facts: PoolFacts | null
}

const systemInformationMilliseconds = 60_000
const pauseMilliseconds = 5000
/** Sets the parameter `resume` of all cases, for who goes on after an interruption. */
const resumeVariable = 'KUBEVIRT_ACCEPTANCE_RESUME'

export interface GroupOptions {
  /** Of its VMs. Default: those of the group. */
  names?: readonly string[]
  removeWithoutRoom?: boolean
}

export async function runGroup(
  context: StorageContext,
  group: StorageGroup,
  { names = groupNames(group), removeWithoutRoom = false }: GroupOptions = {},
): Promise<GroupFindings> {
  const { parameters } = context
  const taken = takeOver(context, group.permutations)
  const pending = group.permutations.filter(({ key }) => !taken.has(key))
  if (taken.size > 0)
    context.progress('RESUME', group.pool, `${taken.size} of ${group.permutations.length} permutations are taken over`)
  const [first] = pending
  if (first === undefined) {
    const results = [...taken.values()]
    return { results, takenOver: taken.size, notMeasured: [], facts: null }
  }

  const pool = poolNamed(parameters, group.pool)
  const vmSize = vmSizeNamed(parameters, group.vmSize)
  const { members, facts, startAt } = await context.provision(async () => {
    const barrier = barrierSeconds(parameters.bootBarrier, group.concurrency)
    const start = barrier === 0 ? null : Math.ceil((await context.clock.now()) / 1000) + barrier
    const fleet = await bringUp(context, accessKeys(context), {
      names,
      pool,
      vmSize,
      pvcSize: group.pvcSize,
      removeWithoutRoom,
      job: {
        file: permutationJobFile(parameters, first),
        startAt: start,
        timeoutSeconds: parseWholeSeconds(parameters.fioCompletionTimeout) + longestBarrier(context, group),
      },
    })
    const [one] = fleet
    if (one === undefined) throw new Error(`group ${group.pool} has no VM`)
    return { members: fleet, facts: await readPoolFacts(context, one.objects.dataClaim), startAt: start }
  })
  const measured = await context.measure(async () => {
    await Promise.all(members.map((member) => keepSystemInformation(context, member)))
    const results = await measurePermutations(context, pending, async (permutation, before) =>
      runPermutation(
        context,
        { members, pool, facts, vmSize },
        {
          permutation,
          first: permutation === first ? { startAt } : null,
          before: before === null ? null : permutationJobFile(parameters, before),
        },
      ),
    )
    for (const result of results.done) if (isComplete(result)) taken.set(result.key, result)
    return results
  })
  await context.provision(() => removeFleet(context, members))
  const all = new Map([...taken, ...measured.done.map((result) => [result.key, result] as const)])
  return {
    results: group.permutations.flatMap(({ key }) => all.get(key) ?? []),
    takenOver: group.permutations.length - pending.length,
    notMeasured: measured.notMeasured,
    facts,
  }
}

/** What the resumed run has of these permutations. Who resumes this run finds everything in it. */
export function takeOver(
  { parameters, runsDirectory, runId }: StorageContext,
  permutations: readonly Permutation[],
): Map<string, PermutationResult> {
  const own = new ResultStore(runsDirectory, runId)
  const earlier = resumedStore(runsDirectory, parameters.resume ?? process.env[resumeVariable])
  const done = earlier?.done() ?? new Set()
  const taken = new Map<string, PermutationResult>()
  for (const { key } of permutations)
    if (earlier !== null && done.has(key)) {
      const result = earlier.load(key)
      taken.set(key, result)
      own.save(result)
    }
  return taken
}

const groupNames = (group: StorageGroup): string[] =>
  Array.from({ length: group.concurrency }, (_, index) => storageVmName(group, index + 1))

const longestBarrier = ({ parameters }: StorageContext, { concurrency }: StorageGroup): number =>
  Math.max(barrierSeconds(parameters.bootBarrier, concurrency), barrierSeconds(parameters.startBarrier, concurrency))

export interface Measured {
  done: PermutationResult[]
  notMeasured: GroupFindings['notMeasured']
}

/** One after the other. VMs or pods of which none begins or ends any more are not asked again: each would take all of its time. */
export async function measurePermutations(
  context: StorageContext,
  pending: readonly Permutation[],
  measure: (permutation: Permutation, before: Permutation | null) => Promise<PermutationResult>,
): Promise<Measured> {
  const store = new ResultStore(context.runsDirectory, context.runId)
  const done: PermutationResult[] = []
  let before: Permutation | null = null
  for (const [index, permutation] of pending.entries()) {
    const previous = before
    const result = await context.operation(
      'FIO',
      subjectOf(permutation),
      () => measure(permutation, previous),
      (of) => summary(of),
    )
    done.push(result)
    if (isComplete(result)) store.save(result)
    if (result.vms.every(({ end }) => end === 'never-started' || end === 'unfinished'))
      return {
        done,
        notMeasured: pending.slice(index + 1).map((of) => ({
          subject: loadOf(of),
          reason: `no ${permutation.inPods === true ? 'pod' : 'VM'} had ended ${loadOf(permutation)}`,
        })),
      }
    before = permutation
    if (index < pending.length - 1) await context.clock.sleep(pauseMilliseconds, context.signal)
  }
  return { done, notMeasured: [] }
}

function summary({ vms, jobs, inPods: arePods }: PermutationResult): string {
  const valid = vms.filter(({ problems }) => problems.length === 0).length
  const rates = jobs
    .filter(({ direction }) => direction !== 'sync')
    .map(
      ({ job, direction, totalIops }) => `${job} ${direction} ${totalIops === null ? '?' : Math.round(totalIops)} IOPS`,
    )
  return [`${valid} of ${vms.length} ${arePods === true ? 'pods' : 'VMs'}`, ...rates.slice(0, 4)].join(', ')
}

async function keepSystemInformation(context: StorageContext, { session }: FleetMember): Promise<void> {
  const { stdout } = await session.run(systemInformationCommand, systemInformationMilliseconds)
  await context.keepRawOutput(`${session.name}-sysinfo.txt`, stdout)
}
