import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { compareRuns, UnlikeRunsError } from '../helpers/compare/compare-runs.ts'
import type { Comparison } from '../helpers/compare/comparison.ts'
import { defaultGatePolicy, type GatePolicy } from '../helpers/profile/gate-section.ts'
import { loadProfile } from '../helpers/profile/load-profile.ts'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import type { EarlierRun } from '../helpers/run/earlier-run.ts'
import { baselinesDirectoryOf, findRuns, RunNotFoundError, type RunPlaces } from '../helpers/run/find-runs.ts'
import { gateAnnotations, gateHtml, gateMarkdown, gateText } from '../reports/gate/gate-forms.ts'
import type { GateResult } from '../reports/gate/gate-result.ts'
import { brokenGate, judgeGate } from '../reports/gate/judge-gate.ts'
import { checkups } from '../suites/index.ts'
import { defineCommand } from './command.ts'
import { checkedFormat, formatOptions, showResult } from './document-format.ts'
import { namedRuns, reportsOption } from './named-runs.ts'
import { chooseProfile, projectOption } from './profile-choice.ts'
import { UsageError } from './usage-error.ts'

export const gate = defineCommand({
  name: 'gate',
  synopsis:
    'RUN [--profile PROFILE] [--project CHECKUP]... [--baseline RUN]... [--force] [--save-baseline NAME] [--annotations] [--format FORMAT] [--output FILE] [--reports DIR] [--json]',
  description: [
    'Judges a finished run by the policy of its profile (gate: mustPass, waivers, regressions, allowSkipped, allowFlaky) and ends with one exit code. Whatever is not shown to be well is not: a run.json that is missing, cut or edited, a planned case without a result, a required checkup that did not run.',
    'RUN is an id, "latest", or the path of a run.json or of its folder. The policy is the one that the run was started with; --profile takes that of the profile as it is now.',
  ],
  options: {
    ...formatOptions,
    ...reportsOption,
    ...projectOption,
    profile: {
      type: 'string',
      value: 'PROFILE',
      description:
        'Take the policy of this cluster profile, e.g. after a waiver was added. Default: as recorded in the run.',
    },
    baseline: {
      type: 'string',
      multiple: true,
      value: 'RUN',
      description: 'Run or saved baseline to compare with. Default: gate.baseline of the profile, else none.',
    },
    force: { type: 'boolean', description: 'Compare with a baseline of another cluster, profile or version, too.' },
    'save-baseline': {
      type: 'string',
      value: 'NAME',
      description: 'When the gate passes, add the run to the baseline of that name below REPORTS/baselines.',
    },
    annotations: { type: 'boolean', description: 'Also print annotations for GitHub Actions, on stderr.' },
  },
  maximumPositionals: 1,
  exitCodes: {
    0: 'passed',
    1: 'a check missed its limit',
    2: 'wrong usage or profile, e.g. a waiver past its date',
    3: 'the preflight of the run failed',
    4: 'a measurement may not be judged, or is missing',
    5: 'a regression against the baseline',
    6: 'the run is broken, incomplete, cancelled, or its document is not whole',
    7: 'another run held the cluster',
  },
  examples: [
    'npx kubevirt-acceptance gate latest',
    'npx kubevirt-acceptance gate latest --baseline before-upgrade --format markdown',
    'npx kubevirt-acceptance gate latest --save-baseline before-upgrade',
  ],
  run({ options, positionals, output }) {
    const format = checkedFormat(options.format, output)
    const places = { reportsDirectory: options.reports ?? 'reports' }
    const name = checkedBaselineName(options['save-baseline'])
    const [given] = positionals
    if (given === undefined)
      throw new UsageError('gate needs a run: its id, "latest", or its path', 'npx kubevirt-acceptance gate --help')
    const result = gateOf(given, places, options)
    showResult(
      {
        document: result,
        conclusion: `gate: ${result.verdict}, exit code ${result.exitCode}: ${result.reason}`,
        forms: {
          text: () => gateText(result, output.paint).join('\n'),
          markdown: () => gateMarkdown(result),
          html: () => gateHtml(result),
        },
      },
      { format, file: options.output, output },
    )
    if (options.annotations) output.note(...gateAnnotations(result))
    if (name !== undefined) output.note(saveBaseline(result, name, places))
    return Promise.resolve(result.exitCode)
  },
})

interface GateOptions {
  profile: string | undefined
  project: string[]
  baseline: string[]
  force: boolean
}

function gateOf(
  given: string,
  places: RunPlaces,
  { profile: asked, project, baseline, force }: GateOptions,
): GateResult {
  const now = asked === undefined ? undefined : loadProfile(chooseProfile(asked).path, checkups)
  const run = readRun(given, places)
  if (typeof run === 'string') return brokenGate(given, given, run)
  const recorded = recordedProfile(run)
  if (now !== undefined && now.name !== run.document.profile?.name)
    throw new UsageError(
      `--profile ${asked} is profile ${now.name}, but run ${run.document.id} was made with profile ${run.document.profile?.name}`,
    )
  const policy = now?.gate ?? recorded.gate ?? defaultGatePolicy
  const planned = now?.checkups ?? recorded.checkups ?? []
  for (const name of project)
    if (!planned.some((checkup) => checkup.name === name))
      throw new UsageError(
        `--project ${name}: the profile plans ${planned.map((each) => each.name).join(', ') || 'none'}`,
      )
  return judgeGate({
    run,
    policy,
    profile: now?.file ?? run.document.profile?.path ?? '',
    requiredCheckups: planned
      .filter((each) => (project.length === 0 ? each.required : project.includes(each.name)))
      .map((each) => each.name),
    knownChecks: checkups.flatMap(({ checks }) => checks.map(({ id }) => id)),
    comparison: comparisonWith(baselineNames(baseline, policy), run, { places, policy, force }),
    now: new Date(),
  })
}

/** @returns what is wrong where the run is known, and cannot be read: that is never a matter of usage */
function readRun(given: string, places: RunPlaces): EarlierRun | string {
  try {
    const [run, ...more] = findRuns(given, places)
    if (run === undefined || more.length > 0)
      throw new UsageError(`${given} has ${more.length + 1} runs; name one of them`)
    return run
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (error instanceof RunNotFoundError && !error.message.includes('has no run.json'))
      throw new UsageError(error.message)
    return (error as Error).message
  }
}

/** The profile as the run has recorded it; what is not there is not made up. */
function recordedProfile({ document }: EarlierRun): Partial<LoadedProfile> {
  const { effective } = document.profile ?? {}
  return typeof effective === 'object' && effective !== null ? effective : {}
}

const baselineNames = (asked: readonly string[], { baseline }: GatePolicy): readonly string[] =>
  asked.length > 0 ? asked : baseline === undefined ? [] : [baseline]

function comparisonWith(
  names: readonly string[],
  run: EarlierRun,
  { places, policy, force }: { places: RunPlaces; policy: GatePolicy; force: boolean },
): Comparison | null {
  if (names.length === 0) return null
  const before = names.flatMap((name) => namedRuns(name, places))
  if (!Array.isArray(run.document.plannedCases)) return null
  try {
    return compareRuns(before, [run], { rules: policy.regressions, force })
  } catch (error) {
    if (!(error instanceof UnlikeRunsError)) throw error
    throw new UsageError(`${error.message}\nTake another baseline; --force compares them all the same`)
  }
}

function checkedBaselineName(name: string | undefined): string | undefined {
  if (name === undefined || /^[a-z0-9][a-z0-9._-]{0,62}$/i.test(name)) return name
  throw new UsageError(`--save-baseline ${name}: a name of letters, digits, ".", "_" and "-", up to 63 of them`)
}

/** A baseline of a run that did not pass would let the next one be as bad. */
function saveBaseline({ run, exitCode }: GateResult, name: string, places: RunPlaces): string {
  if (exitCode !== 0) return `baseline ${name}: not saved, since the gate did not pass`
  const folder = join(baselinesDirectoryOf(places), name, basename(dirname(run.path)))
  if (existsSync(folder)) return `baseline ${name}: has this run already, ${folder}`
  mkdirSync(folder, { recursive: true })
  cpSync(run.path, join(folder, 'run.json'))
  return `baseline ${name}: saved as ${folder}`
}
