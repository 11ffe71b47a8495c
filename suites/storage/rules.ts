/** What one parameter of a storage case alone cannot tell. All that is wrong is told at once. */
import type { ParameterProblem, RuleContext } from '../../helpers/run/checkup-contract.ts'
import { FioJobFileError } from '../../helpers/tools/fio/job-file-reader.ts'
import { durationMilliseconds, formatDuration, parseWholeSeconds } from '../../helpers/units/duration.ts'
import { formatBytes, parseQuantity } from '../../helpers/units/quantity.ts'
import { problemReport, type ProblemReport } from '../rules.ts'
import { planGroups, podSizePrefix, type Permutation } from './matrix.ts'
import { unknownProfiles, type StorageParameters } from './parameters.ts'
import { permutationJobFile, plannedGroups, poolsOf, storageMatrix } from './plan.ts'
import { documentedProfiles, isDocumentedProfile, ratedProfile } from './profiles.ts'
import { spaceProblems } from './space.ts'
import { caseTimeout, neededCaseSeconds, neededSeconds, permutationTime } from './timing.ts'

type Report = ProblemReport<StorageParameters>

export function storageRules(of: StorageParameters, context: RuleContext): ParameterProblem[] {
  const report = problemReport<StorageParameters>()
  pools(of, context, report)
  rootDisk(of, context, report)
  names(of, report)
  podBaseline(of, context, report)
  if (of.procedure === 'fio') {
    selection(of, context, report)
    if (unknownProfiles(of).length === 0) jobs(of, report)
    capacity(of, context, report)
  }
  timeout(of, context, report)
  return report.problems
}

function pools(of: StorageParameters, { world }: RuleContext, { error }: Report): void {
  const all = poolsOf(of)
  for (const [index, { name }] of all.entries())
    if (all.findIndex((other) => other.name === name) < index)
      error('pools', `there are two pools "${name}"; rename one`)
  const classes = world.storageClasses ?? null
  if (classes === null) return
  const known = classes.map(({ name }) => name).join(', ') || 'none'
  for (const { name, storageClass, volumeMode } of all) {
    const found =
      storageClass === null
        ? classes.find(({ isDefault }) => isDefault)
        : classes.find((each) => each.name === storageClass)
    if (found === undefined)
      error(
        'pools',
        storageClass === null
          ? `pool ${name} takes the default class, but the cluster has none; name one of ${known}`
          : `pool ${name} has the StorageClass "${storageClass}", which the cluster does not have; it has ${known}`,
      )
    else if (found.volumeModes.length > 0 && !found.volumeModes.includes(volumeMode))
      error(
        'pools',
        `pool ${name}: StorageClass "${found.name}" has no ${volumeMode} volumes, but ${found.volumeModes.join(', ')}`,
      )
  }
}

function rootDisk(of: StorageParameters, { world }: RuleContext, { error }: Report): void {
  if (of.rootDiskImage !== undefined && of.rootDiskUrl !== undefined)
    error('rootDiskUrl', 'rootDiskImage and rootDiskUrl exclude each other; give one of them')
  if (of.rootDiskImage !== undefined && ['clone', 'snapshot'].includes(of.procedure))
    error(
      'rootDiskImage',
      `procedure ${of.procedure} needs root disks that are volumes; use a DataSource or rootDiskUrl`,
    )
  const classes = world.storageClasses ?? null
  const { rootStorageClass: root } = of
  if (root !== undefined && classes !== null && !classes.some(({ name }) => name === root))
    error(
      'rootStorageClass',
      `the cluster has no StorageClass "${root}"; it has ${classes.map(({ name }) => name).join(', ') || 'none'}`,
    )
}

function names(of: StorageParameters, { error, warn }: Report): void {
  const unknown = unknownProfiles(of)
  if (unknown.length > 0)
    error(
      'fioProfiles',
      `there is no profile ${unknown.join(', ')}; there are ${[...documentedProfiles, ratedProfile, ...Object.keys(of.fioJobFiles)].join(', ')}`,
    )
  for (const name of Object.keys(of.fioJobFiles)) {
    if (isDocumentedProfile(name)) error('fioJobFiles', `"${name}" is a documented profile; choose another name`)
    else if (!of.fioProfiles.includes(name))
      warn('fioJobFiles', `"${name}" is not among fioProfiles, so it is not measured`)
  }
  const labels = of.vmSizes.map((text) => text.split(':')[0])
  if (new Set(labels).size < labels.length) error('vmSizes', 'two sizes have the same name; rename one')
}

/** Pods beside VMs: where that means nothing, and where it cannot be done. */
function podBaseline(of: StorageParameters, { world, isGiven }: RuleContext, { error, warn }: Report): void {
  if (!of.podBaseline) {
    if (of.minPodIopsPercent !== undefined)
      error('minPodIopsPercent', 'there are no pods to compare with; set podBaseline: true, or leave it out')
    if (isGiven('podImage')) warn('podImage', 'no pod is made without podBaseline: true')
    return
  }
  if (of.procedure !== 'fio') {
    error('podBaseline', `procedure ${of.procedure} measures nothing that pods could, too; only procedure fio has it`)
    return
  }
  if (of.mode === 'scale' || of.mode === 'qd')
    error(
      'podBaseline',
      `mode ${of.mode} limits the rate of VMs, so that pods would do the same; modes quick, overview, rank and full have it`,
    )
  if (world.runsContainers === false)
    error(
      'podBaseline',
      'the embedded cluster with real guests (guests: qemu) has no container images, so that it cannot run pods with fio; leave it out, or take guests: scripted',
    )
  const size = of.vmSizes.find((text) => text.startsWith(podSizePrefix))
  if (size !== undefined)
    error('vmSizes', `"${size}" would be taken for pods, whose sizes begin with ${podSizePrefix}; rename it`)
  const classes = world.storageClasses ?? null
  for (const { name, storageClass } of poolsOf(of)) {
    const found = classes?.find((each) => (storageClass === null ? each.isDefault : each.name === storageClass))
    if (found !== undefined && found.volumeModes.length > 0 && !found.volumeModes.includes('Filesystem'))
      error(
        'podBaseline',
        `pool ${name}: StorageClass "${found.name}" has no Filesystem volumes, but ${found.volumeModes.join(', ')}, and plain pods may not make a file system on a raw disk`,
      )
  }
}

function selection(of: StorageParameters, { isGiven }: RuleContext, { error }: Report): void {
  const { groups, unmatched } = plannedGroups(of)
  const keys = planGroups(of.mode, storageMatrix(of)).flatMap(({ permutations }) => permutations.map(({ key }) => key))
  for (const text of unmatched)
    error(
      of.filters.includes(text) ? 'filters' : 'excludes',
      `${JSON.stringify(text)} matches none of the ${keys.length} permutations of mode ${of.mode}, such as ${keys[0] ?? 'none'}`,
    )
  if (groups.length === 0 && unmatched.length === 0)
    error(isGiven('filters') ? 'filters' : 'excludes', 'nothing is left to measure')
}

/** Jobs that fio would refuse, that do not fit onto their disk, and that cannot end in time. Each kind once. */
function jobs(of: StorageParameters, { error }: Report): void {
  const limit = parseWholeSeconds(of.fioCompletionTimeout)
  const told = new Set<string>()
  const tell: Report['error'] = (parameter, message) => {
    if (!told.has(message)) error(parameter, message)
    told.add(message)
  }
  for (const permutation of distinctJobs(of)) {
    const { profile, blockSize, pvcSize } = permutation
    const what = `${profile}/${blockSize}`
    try {
      const file = permutationJobFile(of, permutation)
      for (const problem of spaceProblems(file, parseQuantity(pvcSize)))
        tell(of.fioFileSize === undefined ? 'pvcSizes' : 'fioFileSize', `${what} on ${pvcSize}: ${problem}`)
      const needed = neededSeconds(permutationTime(of, permutation))
      if (needed > limit)
        tell(
          'fioCompletionTimeout',
          `${of.fioCompletionTimeout} is too short for ${what}: its sections, laying out its files and a margin of 3m need ${formatDuration(BigInt(needed) * 1_000_000_000n)}`,
        )
    } catch (problem) {
      if (!(problem instanceof RangeError) && !(problem instanceof FioJobFileError)) throw problem
      tell(of.fioJobFiles[profile] === undefined ? 'rateIops' : 'fioJobFiles', `${what}: ${problem.message}`)
    }
  }
}

function distinctJobs(of: StorageParameters): Permutation[] {
  const all = plannedGroups(of).groups.flatMap(({ permutations }) => permutations)
  return [...new Map(all.map((each) => [`${each.profile} ${each.blockSize} ${each.pvcSize}`, each])).values()]
}

function capacity(of: StorageParameters, { world }: RuleContext, { error }: Report): void {
  const classes = world.storageClasses ?? null
  if (classes === null) return
  for (const pool of poolsOf(of)) {
    const found = classes.find(({ name, isDefault }) =>
      pool.storageClass === null ? isDefault : name === pool.storageClass,
    )
    if (found === undefined) continue
    const hasRootDisks =
      of.rootDiskImage === undefined &&
      (of.rootStorageClass === undefined ? found.isDefault : of.rootStorageClass === found.name)
    const rootBytes = hasRootDisks ? parseQuantity(of.rootDiskSize) : 0n
    const most = plannedGroups(of)
      .groups.filter((group) => group.pool === pool.name)
      .map(({ concurrency, pvcSize }) => ({
        concurrency,
        pvcSize,
        bytes: (parseQuantity(pvcSize) + rootBytes) * BigInt(concurrency),
      }))
      .toSorted((one, other) => Number(other.bytes - one.bytes))[0]
    if (most !== undefined && most.bytes > BigInt(found.capacityBytes))
      error(
        'pvcSizes',
        `${most.concurrency} VMs with ${most.pvcSize}${hasRootDisks ? ` and root disks of ${of.rootDiskSize}` : ''} take ${formatBytes(most.bytes)}, but StorageClass "${found.name}" has ${formatBytes(BigInt(found.capacityBytes))}; take smaller volumes, or fewer VMs`,
      )
  }
}

function timeout(of: StorageParameters, { isGiven }: RuleContext, { error }: Report): void {
  if (!isGiven('timeout') || of.timeout === undefined || of.procedure !== 'fio') return
  // Of the largest of the cases that this one stands for.
  const { groups } = plannedGroups(of)
  const needed = Math.max(
    0,
    ...groups.map((group) =>
      neededCaseSeconds({
        ...of,
        pools: of.pools.filter((_, index) => poolsOf(of)[index]?.name === group.pool),
        vmSizes: of.vmSizes.filter((text) => text.startsWith(`${group.vmSize}:`)),
        pvcSizes: [group.pvcSize],
        concurrencyLevels: [group.concurrency],
      }),
    ),
  )
  if (durationMilliseconds(of.timeout) < needed * 1000)
    error(
      'timeout',
      `${of.timeout} is too short: booting, all permutations and their margins need ${formatDuration(BigInt(Math.ceil(needed)) * 1_000_000_000n)} for one group; leave it out for ${caseTimeout({ ...of, timeout: undefined })} over all`,
    )
}
