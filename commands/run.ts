import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadProfile } from '../helpers/profile/load-profile.ts'
import { podEnvironment } from '../helpers/in-cluster/pod-environment.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { checkups } from '../suites/index.ts'
import { defineCommand } from './command.ts'
import { runOfConfigMap } from './config-map-run.ts'
import { exitCodes } from './exit-codes.ts'
import { runAsJob } from './in-cluster-run.ts'
import { jobOptions, type ManifestOptions } from './manifests.ts'
import type { Output } from './output.ts'
import { chooseProfile, openProfile, profileOption, projectOption, selectCheckups } from './profile-choice.ts'
import { UsageError } from './usage-error.ts'
import { packagedConfiguration, vitestRun } from './vitest-run.ts'
import { readVitestConfiguration } from './vitest-configuration.ts'

export const run = defineCommand({
  name: 'run',
  synopsis:
    '[CHECKUP] [--profile PROFILE] [--project CHECKUP]... [--in-cluster [JOB-OPTION]...] [--json] [-- VITEST-ARGUMENT...]',
  description: [
    'Runs the checkups of the profile with Vitest, as "npx vitest run" does where a vitest.config.ts uses the plugin; without one, the packaged configuration takes its place.',
    'CHECKUP is short for --project CHECKUP. With CONFIGMAP_NAMESPACE and CONFIGMAP_NAME set, as in the Job of a checkup, the documented ConfigMap takes the place of the profile, and the results are written into it.',
    'Ctrl-C and SIGTERM cancel the run, which then cleans up; a second one ends it at once. What follows "--" goes to Vitest, e.g. -t for the title of a case.',
  ],
  options: {
    ...profileOption,
    ...projectOption,
    'in-cluster': {
      type: 'boolean',
      description:
        'Run CHECKUP as a Job of the cluster: apply what "manifests" prints, follow the log, fetch the results, and remove it all again. The options below are about this Job.',
    },
    ...jobOptions,
  },
  maximumPositionals: 1,
  passesThrough: true,
  exitCodes: {
    0: 'passed',
    1: 'a limit was missed',
    2: 'usage or profile',
    3: 'preflight failed, nothing was created',
    4: 'a measurement may not be judged',
    6: 'set-up or infrastructure broke, or nothing was judged',
    7: 'another run holds the cluster',
    129: 'cancelled by SIGHUP',
    130: 'cancelled by SIGINT (Ctrl-C)',
    143: 'cancelled by SIGTERM',
  },
  examples: [
    'npx kubevirt-acceptance run --profile my-cluster',
    "npx kubevirt-acceptance run --project latency -- -t 'worker1'",
    'npx kubevirt-acceptance run storage --in-cluster --shards 4 --image registry.lab.example/kubevirt-acceptance:0.1.0',
  ],
  async run({ options, positionals, passedThrough, output }) {
    const [checkup] = positionals
    const pod = podEnvironment(process.env)
    if (pod !== undefined) return runOfConfigMap({ environment: pod, checkup, passedThrough, output })
    const project = [...options.project, ...positionals]
    if (options['in-cluster']) return asJob(options, { project, passedThrough, output })
    const jobOption = Object.keys(jobOptions).find((each) => options[each as keyof typeof jobOptions])
    if (jobOption !== undefined)
      throw new UsageError(`--${jobOption} is about the Job of --in-cluster; add --in-cluster`, hint)
    const ownConfiguration = usesOwnConfiguration(passedThrough, output)
    const profile = checkedProfile(options.profile, project, ownConfiguration)
    const environment = { ...process.env, ...(profile !== undefined && { CLUSTER_PROFILE: profile }) }
    const { exitCode, printed } = await vitestRun({
      args: [
        ...(ownConfiguration ? [] : packagedConfiguration()),
        ...project.map((name) => `--project=${name}`),
        ...passedThrough,
      ],
      environment,
      keepOutput: output.json,
    })
    if (!output.json) return exitCode
    const document = runDocumentOf(printed)
    if (document !== undefined) {
      output.document(summaryOf(document.run, document.directory, exitCode))
      return exitCode
    }
    // Without a run document nothing is known of the cluster; Vitest's own 1 is no missed limit, but it could not start.
    const failed = exitCode <= exitCodes.checkFailed ? exitCodes.broken : exitCode
    const message = `the run ended with exit code ${exitCode} and without a run.json; its output is on stderr`
    output.document({ error: { kind: 'RunError', message }, exitCode: failed })
    return failed
  },
})

const hint = 'npx kubevirt-acceptance run --help'

function asJob(
  options: ManifestOptions & { profile?: string | undefined },
  { project, passedThrough, output }: { project: string[]; passedThrough: readonly string[]; output: Output },
): Promise<number> {
  const [checkup, other] = project
  if (other !== undefined) throw new UsageError('a Job runs one checkup; run the others one after the other', hint)
  if (passedThrough.length > 0)
    throw new UsageError(`a Job takes no Vitest arguments, and was given ${passedThrough.join(' ')}`, hint)
  const runsDirectory = resolve(process.env['KUBEVIRT_ACCEPTANCE_RUNS'] ?? 'reports/runs')
  return runAsJob(openProfile(options.profile, output), checkup, { ...options, output, runsDirectory })
}

/** Whether Vitest finds a configuration with our plugin by itself. */
function usesOwnConfiguration(passedThrough: readonly string[], output: Output): boolean {
  if (passedThrough.some((argument) => /^(--config|-c)(=|$)/.test(argument))) return true
  const configuration = readVitestConfiguration(process.cwd())
  if (configuration === undefined) return false
  if (configuration.profile.kind !== 'absent') return true
  output.note(
    `${configuration.file} does not use kubevirtAcceptance(): the packaged configuration takes its place. To use yours nevertheless: -- --config ${configuration.file}`,
  )
  return false
}

/**
 * Mistakes in the profile and in the names of checkups are told here, in the words of all commands; Vitest would speak
 * of projects that do not match.
 * @returns the value for CLUSTER_PROFILE; undefined: as the environment and the configuration have it
 */
function checkedProfile(
  option: string | undefined,
  projects: readonly string[],
  ownConfiguration: boolean,
): string | undefined {
  const isReadable =
    option !== undefined ||
    Boolean(process.env['CLUSTER_PROFILE']) ||
    !ownConfiguration ||
    readVitestConfiguration(process.cwd())?.profile.kind !== 'unreadable'
  if (!isReadable) return undefined
  const { path } = chooseProfile(option)
  selectCheckups(loadProfile(path, checkups), projects)
  return option === undefined ? undefined : path
}

function runDocumentOf(printed: string): { run: RunDocument; directory: string } | undefined {
  const directory = [...printed.matchAll(/^results: (.+) \(run\.json, /gm)].at(-1)?.[1]
  if (directory === undefined) return undefined
  return { directory, run: JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as RunDocument }
}

function summaryOf(document: RunDocument, directory: string, exitCode: number): unknown {
  const { id, verdict, reason, startedAt, completedAt, profile, cluster, cases, errors, notSelected } = document
  return {
    runId: id,
    directory,
    verdict,
    reason,
    exitCode,
    startedAt,
    completedAt,
    profile: { name: profile.name, path: profile.path, sha256: profile.sha256 },
    cluster: { server: cluster.server, embedded: cluster.embedded },
    cases: cases.map((record) => ({ id: record.id, verdict: record.verdict, reason: record.reason })),
    errors,
    notSelected,
    leftovers: document.leftovers,
  }
}
