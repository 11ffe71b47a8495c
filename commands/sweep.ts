import { resolve } from 'node:path'
import { stdin, stderr } from 'node:process'
import { createInterface } from 'node:readline/promises'
import { wallClock } from '../helpers/clock/wall-clock.ts'
import { isApiError } from '../helpers/kubernetes/api-error.ts'
import { type ClusterClient, connectCluster } from '../helpers/kubernetes/cluster-client.ts'
import { freeLease, leaseHolder, LockedError } from '../helpers/kubernetes/lease.ts'
import { sweep, type SweepOptions, type SweepReport } from '../helpers/kubernetes/sweep.ts'
import { readJournal } from '../helpers/run/journal.ts'
import { isRunId } from '../helpers/run/run-directory.ts'
import { singleLine } from '../reports/plain-text.ts'
import { defineCommand } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { plural, type Output } from './output.ts'
import { profileOption } from './profile-choice.ts'
import { journalsOf, type SweepTarget, sweepTarget } from './sweep-target.ts'
import { UsageError } from './usage-error.ts'

export const sweepCommand = defineCommand({
  name: 'sweep',
  synopsis:
    '[--profile PROFILE | --kubeconfig FILE [--context NAME] --namespace NAME] [--run ID | --expired | --all [--yes]] [--json]',
  description: [
    'Removes what earlier runs left: objects with our labels, and objects that the journals of runs on this machine name. Nothing else is touched. Frees the lease when its run is the one that is swept, or when it has run out.',
    'Without --run and --all only what has expired is removed (timeouts.objectExpiry of the profile, counted from its creation). The cluster of an embedded profile is gone with its run: there is nothing to sweep.',
  ],
  options: {
    ...profileOption,
    kubeconfig: { type: 'string', value: 'FILE', description: 'Sweep this cluster, without a profile.' },
    context: { type: 'string', value: 'NAME', description: 'Context of the kubeconfig. Default: its current context.' },
    namespace: { type: 'string', value: 'NAME', description: 'Where to look. Default: the namespace of the profile.' },
    run: {
      type: 'string',
      value: 'ID',
      description: 'Also everything of this run, expired or not, and its lease. The run must not be going on any more.',
    },
    expired: { type: 'boolean', description: 'Only what has expired. This is the default.' },
    all: { type: 'boolean', description: 'Everything of all runs, expired or not. Asks first.' },
    yes: { type: 'boolean', description: 'With --all: do not ask. Needed when there is no terminal to ask on.' },
    runs: {
      type: 'string',
      value: 'DIR',
      description: 'Folder of the runs and their journals. Default: reports/runs.',
    },
  },
  exitCodes: {
    0: 'nothing of what was to go is left',
    1: 'something could not be removed',
    2: 'usage, profile or kubeconfig',
    6: 'the cluster could not be asked, or nothing could be looked up',
    7: '--all: a run is at work on the cluster',
  },
  examples: [
    'npx kubevirt-acceptance sweep --profile my-cluster',
    'npx kubevirt-acceptance sweep --run 20261120T101500Z-x7k2p',
    'npx kubevirt-acceptance sweep --kubeconfig lab.kubeconfig --namespace vm-acceptance --all --yes',
  ],
  async run({ options, output }) {
    const runId = checkedRun(options, output)
    const target = sweepTarget(options, output)
    if (target === 'embedded') {
      output.print('nothing to sweep: the embedded cluster of this profile is gone with the run that started it')
      output.print('(to sweep one that "embedded" keeps running: --kubeconfig FILE --namespace NAME)')
      output.document({ ...emptyReport(), embedded: true, exitCode: exitCodes.ok })
      return exitCodes.ok
    }
    const client = await connectCluster({
      ...target.kubeconfig,
      namespace: target.namespace,
      userAgent: 'kubevirt-acceptance (sweep)',
    })
    try {
      const runsDirectory = resolve(options.runs ?? process.env['KUBEVIRT_ACCEPTANCE_RUNS'] ?? 'reports/runs')
      const sweeper = new Sweeper(client, target, runsDirectory, output)
      if (options.all && !(await sweeper.mayRemoveAll(options.yes))) {
        output.note('nothing was removed')
        return exitCodes.ok
      }
      const report = await sweeper.sweep({ runId, all: options.all })
      const lease = await sweeper.freeLease(runId)
      return conclude(report, lease, sweeper.isBlind(report), output)
    } finally {
      client.close()
    }
  },
})

/** @throws UsageError for options that contradict each other, and for what cannot be a run */
function checkedRun(
  options: { run: string | undefined; expired: boolean; all: boolean; yes: boolean },
  output: Output,
): string | undefined {
  const hint = 'npx kubevirt-acceptance sweep --help'
  const chosen = [
    ...(options.run === undefined ? [] : ['--run']),
    ...(options.expired ? ['--expired'] : []),
    ...(options.all ? ['--all'] : []),
  ]
  if (chosen.length > 1) throw new UsageError(`${chosen.join(' and ')} contradict each other; keep one`, hint)
  if (options.yes && !options.all)
    throw new UsageError('--yes answers the question of --all; add --all, or leave it out', hint)
  if (options.run !== undefined && !isRunId(options.run))
    throw new UsageError(
      `--run "${options.run}" is not the id of a run, which looks like 20261120T101500Z-x7k2p; ids are the names of the folders in reports/runs, and the label kubevirt-acceptance/run-id of what runs create`,
      hint,
    )
  const canAsk = stdin.isTTY && stderr.isTTY && !output.json
  if (options.all && !options.yes && !canAsk)
    throw new UsageError(
      '--all removes the objects of all runs, also of one that is going on, and there is no terminal to ask on; add --yes if that is meant',
      hint,
    )
  return options.run
}

type LeaseState = 'freed' | 'not ours to free' | 'none' | 'unknown: leases may not be read or deleted'

class Sweeper {
  readonly #client: ClusterClient
  readonly #target: SweepTarget
  readonly #runsDirectory: string
  readonly #output: Output

  constructor(client: ClusterClient, target: SweepTarget, runsDirectory: string, output: Output) {
    this.#client = client
    this.#target = target
    this.#runsDirectory = runsDirectory
    this.#output = output
  }

  /** @throws LockedError when a run is at work */
  async mayRemoveAll(yes: boolean): Promise<boolean> {
    const { namespace } = this.#target
    const holder = await allowed(() => leaseHolder(this.#client, { namespace }))
    if (holder !== undefined && holder !== 'forbidden')
      throw new LockedError(
        `${holder.holderIdentity} is at work since ${holder.since}: lease ${namespace}/kubevirt-acceptance runs until ${new Date(holder.until).toISOString()}; nothing was removed. Wait for that run, or, if it is dead, sweep it by its id: --run`,
      )
    if (yes) return true
    // Nothing has expired at the beginning of time: everything that would go is kept, and listed.
    const { kept } = await sweep(this.#client, { ...this.#common(undefined), expiredOnly: true, now: 0 })
    if (kept.length === 0) return true
    this.#output.note(...kept.map(({ object, reason }) => `  ${singleLine(object)}: ${singleLine(reason)}`))
    using question = createInterface({ input: stdin, output: stderr })
    const answer = await question.question(
      `Remove ${plural(kept.length, 'object')} from ${this.#client.server}? [y/N] `,
    )
    return /^y(es)?$/i.test(answer.trim())
  }

  async sweep({ runId, all }: { runId: string | undefined; all: boolean }): Promise<SweepReport> {
    const report = emptyReport()
    if (runId !== undefined)
      merge(report, await sweep(this.#client, { ...this.#common(runId), runId, expiredOnly: false }))
    merge(report, await sweep(this.#client, { ...this.#common(undefined), expiredOnly: !all }))
    return report
  }

  async freeLease(runId: string | undefined): Promise<LeaseState> {
    const { namespace } = this.#target
    const freed = await allowed(() => freeLease(this.#client, { namespace, ...(runId !== undefined && { runId }) }))
    if (freed === 'forbidden') return 'unknown: leases may not be read or deleted'
    if (freed) return 'freed'
    const holder = await allowed(() => leaseHolder(this.#client, { namespace }))
    return holder === undefined ? 'none' : 'not ours to free'
  }

  /** Whether neither lists nor journals could tell what there is. */
  isBlind({ forbidden, unreadable }: SweepReport): boolean {
    const vmis = `virtualmachineinstances in namespace ${this.#target.namespace}`
    if (!forbidden.some(({ where }) => where === vmis)) return false
    if (unreadable.length > 0) return true
    const { server } = this.#client
    return !journalsOf(this.#runsDirectory, undefined).some((path) =>
      readJournal(path).some(({ cluster }) => cluster === server),
    )
  }

  #common(runId: string | undefined): Omit<SweepOptions, 'expiredOnly'> {
    const { namespace, budgetMilliseconds } = this.#target
    return {
      namespaces: [namespace],
      // Whoever asks for it wants all of it gone, whichever run it is from.
      rights: 'cluster',
      budgetMilliseconds,
      clock: wallClock,
      journalPaths: journalsOf(this.#runsDirectory, runId),
      onOperation: ({ status, object, detail }) => {
        const what = { RUN: 'removing', DONE: 'removed', FAIL: 'left' }[status]
        if (status !== 'RUN')
          this.#output.print(
            `${what.padEnd(9)} ${singleLine(object)}${detail === undefined ? '' : `: ${singleLine(detail)}`}`,
          )
      },
    }
  }
}

async function allowed<T>(ask: () => Promise<T>): Promise<T | 'forbidden'> {
  try {
    return await ask()
  } catch (error) {
    if (isApiError(error, 403)) return 'forbidden'
    throw error
  }
}

const emptyReport = (): SweepReport => ({ removed: [], left: [], kept: [], forbidden: [], unreadable: [] })

function merge(into: SweepReport, from: SweepReport): void {
  into.removed.push(...from.removed)
  for (const name of ['left', 'kept'] as const)
    for (const entry of from[name])
      if (!into[name].some(({ object }) => object === entry.object)) into[name].push(entry)
  for (const problem of from.unreadable) if (!into.unreadable.includes(problem)) into.unreadable.push(problem)
  for (const entry of from.forbidden)
    if (!into.forbidden.some(({ where }) => where === entry.where)) into.forbidden.push(entry)
}

function conclude(report: SweepReport, lease: LeaseState, isBlind: boolean, output: Output): number {
  const { removed, left, kept, forbidden, unreadable } = report
  const exitCode = left.length > 0 ? exitCodes.checkFailed : isBlind ? exitCodes.broken : exitCodes.ok
  for (const { object, reason } of kept) output.print(`kept      ${singleLine(object)}: ${singleLine(reason)}`)
  for (const problem of unreadable) output.print(`unreadable ${singleLine(problem)}`)
  for (const { where, missingPermission } of forbidden)
    output.print(`forbidden ${singleLine(where)}: missing permission ${singleLine(missingPermission)}`)
  output.print(
    `removed ${removed.length}, left ${left.length}, kept ${kept.length}, forbidden ${forbidden.length}; lease: ${lease}`,
  )
  if (isBlind)
    output.note(
      'Nothing could be looked up: VirtualMachineInstances may not be listed, and no journal here tells of this cluster. Grant the permissions named above, or say with --runs where the runs are.',
    )
  if (left.length > 0)
    output.note('Something is left. Look for finalizers that nobody removes (kubectl get -o yaml), then sweep again.')
  output.document({ ...report, lease, embedded: false, exitCode })
  return exitCode
}
