import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadProfile } from '../helpers/profile/load-profile.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { modulePath } from '../plugin/paths.ts'
import { checkups } from '../suites/index.ts'
import { defineCommand } from './command.ts'
import { exitCodeOfSignal, exitCodes } from './exit-codes.ts'
import { OperationalError } from './operational-error.ts'
import type { Output } from './output.ts'
import { chooseProfile, profileOption, projectOption, selectCheckups } from './profile-choice.ts'
import { onSignals } from '../plugin/signals.ts'
import { findVitest } from './vitest-program.ts'
import { readVitestConfiguration } from './vitest-configuration.ts'

export const run = defineCommand({
  name: 'run',
  synopsis: '[--profile PROFILE] [--project CHECKUP]... [--json] [-- VITEST-ARGUMENT...]',
  description: [
    'Runs the checkups of the profile with Vitest, as "npx vitest run" does where a vitest.config.ts uses the plugin; without one, the packaged configuration takes its place.',
    'Ctrl-C and SIGTERM cancel the run, which then cleans up; a second one ends it at once. What follows "--" goes to Vitest, e.g. -t for the title of a case.',
  ],
  options: { ...profileOption, ...projectOption },
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
  ],
  async run({ options, passedThrough, output }) {
    const vitest = findVitest()
    if (vitest === undefined)
      throw new OperationalError(
        'Vitest is not installed; install it beside this package: npm install --save-dev vitest',
      )
    const ownConfiguration = usesOwnConfiguration(passedThrough, output)
    const profile = checkedProfile(options.profile, options.project, ownConfiguration)
    const environment = { ...process.env, ...(profile !== undefined && { CLUSTER_PROFILE: profile }) }
    const child = [
      vitest.path,
      'run',
      ...(ownConfiguration ? [] : packagedConfiguration()),
      ...options.project.map((name) => `--project=${name}`),
      ...passedThrough,
    ]
    const { exitCode, printed } = await runChild(child, environment, output)
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

function packagedConfiguration(): string[] {
  // A folder that is no Node project does not become half of one for the sake of Vitest's caches.
  const cache = existsSync('node_modules') ? [] : ['--cache=false', '--fsModuleCache=false']
  return ['--config', modulePath('commands/run-config'), ...cache]
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

/** Ends when the child does; signals are passed on. */
async function runChild(
  script: readonly string[],
  environment: NodeJS.ProcessEnv,
  output: Output,
): Promise<{ exitCode: number; printed: string }> {
  // In a process group of its own: the terminal's Ctrl-C must reach the run once, through us, since the second counts as
  // "at once, without clean-up".
  const child = spawn(process.execPath, script, {
    env: environment,
    stdio: ['ignore', output.json ? 'pipe' : 'inherit', 'inherit'],
    detached: true,
  })
  using _signals = onSignals((signal) => child.kill(signal))
  let printed = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text)
    printed = `${printed}${text}`.slice(-keptOutput)
  })
  const [code, signal] = (await once(child, 'close').catch((error: unknown) => {
    throw new OperationalError(`${process.execPath} cannot be started: ${(error as Error).message}`, { cause: error })
  })) as [number | null, NodeJS.Signals | null]
  return { exitCode: code ?? (signal === null ? exitCodes.broken : exitCodeOfSignal(signal)), printed }
}

/** Characters at the end of a run's output that are looked at for the place of its results. */
const keptOutput = 1_000_000

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
