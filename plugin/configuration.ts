import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin, ViteUserConfig as UserConfig } from 'vitest/config'
import type { Reporter, Vitest } from 'vitest/node'
import type { ProvidedRun } from '../fixtures/provided.ts'
import { inShard, shardOf } from '../helpers/in-cluster/pod-environment.ts'
import { parallelismText } from '../helpers/run/case-exclusion.ts'
import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import { loadProfile } from '../helpers/profile/load-profile.ts'
import { formatProblem, ProfileError } from '../helpers/profile/profile-problem.ts'
import { selectProfilePath } from '../helpers/profile/select-profile.ts'
import { createRunId, runDirectory } from '../helpers/run/run-directory.ts'
import { durationMilliseconds } from '../helpers/units/duration.ts'
import { allureVitestSettings } from '../reports/allure/vitest-settings.ts'
import type { withBaseline as WithBaseline } from '../reports/compare/baseline-reporter.ts'
import type { createReporters as CreateReporters } from '../reports/create-reporters.ts'
import type { RunDescription } from '../reports/run-description.ts'
import { checkups } from '../suites/index.ts'
import { casesAtOnceByCheckup, undisturbedCases } from './cases-at-once.ts'
import { cancelGracefully } from './cancellation.ts'
import { codeRoot, modulePath, ownModules, packageRoot, sourceExtension } from './paths.ts'
import type { KubevirtAcceptanceOptions } from './plugin.ts'
import { runState } from './run-state.ts'

/** For Vitest: one project per checkup of the profile, and what the main process needs. Ends the process for a profile with mistakes. */
export function vitestConfiguration(options: KubevirtAcceptanceOptions): UserConfig {
  const profile = profileOrExit(options)
  process.once('exit', endBeforeAnyProject)
  const runsDirectory = resolve(options.runsDirectory ?? process.env.KUBEVIRT_ACCEPTANCE_RUNS ?? 'reports/runs')
  const allure = allureVitestSettings()
  const atOnce = casesAtOnceByCheckup(profile, checkups)
  const run: ProvidedRun = { id: createRunId(new Date()), runsDirectory, profile }
  return {
    test: {
      watch: false,
      globalSetup: [modulePath('plugin/global-setup')],
      server: { deps: { external: [ownModules] } },
      provide: { kubevirtAcceptanceRun: run },
      projects: profile.checkups.map(({ name, cases }, index) => ({
        // The users' own Vitest settings are about their own tests; a checkup runs the same everywhere.
        extends: false as const,
        plugins: [projectPlugin(run, options)],
        resolve: { alias: allure.alias },
        test: {
          name,
          dir: join(codeRoot, 'suites', name),
          include: [`**/*.checkup.${sourceExtension}`],
          // The default leaves node_modules out, where the suites of the installed package are.
          exclude: [],
          server: { deps: { inline: allure.inline, external: [ownModules] } },
          setupFiles: [modulePath('plugin/worker-setup')],
          // One file after the other, in the order of the checkups: measurements must not disturb each other.
          fileParallelism: false,
          sequence: { groupOrder: index + 1 },
          // Cases at the same time wait for their turn inside of their tests, where they know of each other.
          maxConcurrency: atOnce.get(name) === 1 ? 1 : Math.max(1, cases.length),
          // Fixture set-up and tear-down have budgets of their own; every test sets its own limit.
          hookTimeout: durationMilliseconds(profile.timeouts.tearDown) * 2,
        },
      })),
    },
  }
}

let configured = false

/** A filter that matches no project, or a configuration that Vitest refuses: with 1, as it ends, a limit would have been missed. */
function endBeforeAnyProject(code: number): void {
  if (code === 1 && !configured) process.exitCode = 2
}

/** Belongs to each project, since Vitest configures through the plugins of projects; acts once. */
function projectPlugin(run: ProvidedRun, options: KubevirtAcceptanceOptions): Plugin {
  return {
    name: 'kubevirt-acceptance:project',
    // oxlint-disable-next-line typescript/no-misused-promises -- Vitest awaits this hook; its type does not say so
    async configureVitest({ vitest }) {
      if (configured) return
      configured = true
      cancelGracefully(vitest)
      runState().cancel = () => void vitest.cancelCurrentRun('keyboard-input')
      listEveryCase(vitest)
      await installReporters(vitest, run, [options.baseline ?? []].flat())
    },
  }
}

/**
 * `vitest list` only parses test files unless told otherwise (`--no-static-parse`); which cases there are is known only
 * when the file of a checkup is executed.
 */
function listEveryCase(vitest: Vitest): void {
  const collect = vitest.collect.bind(vitest)
  vitest.collect = (filters, options) => {
    runState().listing = true
    return collect(filters, { ...options, staticParse: false })
  }
}

/** Our progress takes the place of Vitest's default output; what the user asked for by name is kept. */
async function installReporters(vitest: Vitest, run: ProvidedRun, baselines: readonly string[]): Promise<void> {
  // A path that the bundler of Vitest's configuration cannot see: the reporters load when they are needed.
  const { createReporters } = (await import(
    /* @vite-ignore */ pathToFileURL(modulePath('reports/create-reporters')).href
  )) as { createReporters: typeof CreateReporters }
  const reporters = vitest.config.reporters as unknown[]
  const asked = reporters.filter((reporter) => !(Array.isArray(reporter) && reporter[0] === 'default'))
  const own = createReporters(describeRun(run))
  reporters.splice(0, reporters.length, ...(await comparing(own, run, baselines)), ...asked)
}

async function comparing(own: Reporter[], run: ProvidedRun, baselines: readonly string[]): Promise<Reporter[]> {
  if (baselines.length === 0) return own
  const { withBaseline } = (await import(
    /* @vite-ignore */ pathToFileURL(modulePath('reports/compare/baseline-reporter')).href
  )) as { withBaseline: typeof WithBaseline }
  const policy = run.profile.gate
  return withBaseline(own, { baselines, policy, reportsDirectory: dirname(run.runsDirectory) })
}

function describeRun({ id, runsDirectory, profile }: ProvidedRun): RunDescription {
  const state = runState()
  const shard = shardOf(process.env)
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  return {
    directory: runDirectory(runsDirectory, id),
    startedAt: new Date().toISOString(),
    command: process.argv,
    version,
    ...(shard !== undefined && { shard: { index: shard.index + 1, count: shard.count } }),
    profile: { name: profile.name, path: profile.file, sha256: profile.sha256, effective: profile },
    plannedCases: Object.fromEntries(profile.checkups.map(({ name, cases }) => [name, cases])),
    cluster: () => state.cluster,
    setUpError: () => state.setUpError,
    secrets: () => [...state.secrets],
    finish: async () => (await state.finish?.()) ?? [],
    problems: () => [
      ...state.problems,
      ...state.embeddedErrors().map((error) => ({
        phase: 'embedded cluster',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })),
    ],
    configuration: effectiveConfiguration(profile),
  }
}

function effectiveConfiguration(profile: LoadedProfile): { name: string; value: string }[] {
  const { namespace, timeouts, guest, parallelism } = profile
  return [
    { name: 'namespace', value: `${namespace.name}${namespace.create ? ' (created when missing)' : ''}` },
    { name: 'timeouts', value: `setup ${timeouts.setup}, tear down ${timeouts.tearDown}` },
    {
      name: 'guest',
      value: `connect ${guest.connectTimeout}, login ${guest.loginTimeout}, command ${guest.commandTimeout}`,
    },
    { name: 'parallelism', value: parallelismText(parallelism) },
  ]
}

/** One shard of an Indexed Job does its part of the cases, and leaves the others to the other pods. */
function partOf(profile: LoadedProfile): LoadedProfile {
  const shard = shardOf(process.env)
  if (shard === undefined) return profile
  return {
    ...profile,
    checkups: profile.checkups.map((each) => {
      const mine = new Set(inShard(undisturbedCases(profile, checkups, each.name), shard).flat())
      return { ...each, cases: each.cases.filter(({ id }) => mine.has(id)) }
    }),
  }
}

function profileOrExit(options: KubevirtAcceptanceOptions): LoadedProfile {
  try {
    const { path } = selectProfilePath({ option: options.profile, env: process.env, cwd: process.cwd(), packageRoot })
    const profile = partOf(loadProfile(path, checkups))
    for (const warning of profile.warnings) process.stderr.write(`warning: ${formatProblem(warning)}\n`)
    return profile
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error
    process.stderr.write(`${error.message}\n`)
    // Vitest would end with 1, as for a failed check. Nothing has been created yet.
    return process.exit(2)
  }
}
