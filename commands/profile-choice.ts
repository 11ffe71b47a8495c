import type { LoadedProfile } from '../helpers/profile/loaded-profile.ts'
import { loadProfile } from '../helpers/profile/load-profile.ts'
import { formatProblem } from '../helpers/profile/profile-problem.ts'
import { selectProfilePath } from '../helpers/profile/select-profile.ts'
import { closestName } from '../helpers/profile/closest-name.ts'
import { packageRoot } from '../plugin/paths.ts'
import { checkups } from '../suites/index.ts'
import type { Output } from './output.ts'
import { UsageError } from './usage-error.ts'
import { readVitestConfiguration } from './vitest-configuration.ts'

export const profileOption = {
  profile: {
    type: 'string',
    value: 'PROFILE',
    description:
      'Cluster profile: a path, or a name such as my-cluster for cluster-profiles/my-cluster.yaml. Default: CLUSTER_PROFILE, then what vitest.config.ts says, then the packaged "embedded".',
  },
} as const

export const projectOption = {
  project: {
    type: 'string',
    multiple: true,
    value: 'CHECKUP',
    description: 'Only this checkup, e.g. latency. Default: all of the profile.',
  },
} as const

export interface ChosenProfile {
  /** Absolute. */
  path: string
  /** What chose it. */
  origin: string
}

/**
 * The profile that a run from here would use.
 * @throws ProfileError when there is no such file; UsageError when only running vitest.config.ts would tell
 */
export function chooseProfile(option: string | undefined): ChosenProfile {
  const common = { cwd: process.cwd(), packageRoot }
  if (option !== undefined)
    return { ...selectProfilePath({ ...common, option, optionName: '--profile', env: {} }), origin: '--profile' }
  if (process.env['CLUSTER_PROFILE'])
    return { ...selectProfilePath({ ...common, env: process.env }), origin: 'CLUSTER_PROFILE' }
  const configuration = readVitestConfiguration(process.cwd())
  const configured = configuration?.profile
  if (configuration !== undefined && configured?.kind === 'unreadable')
    throw new UsageError(
      `${configuration.file} chooses the cluster profile in a way that cannot be read without running it; name the profile with --profile or CLUSTER_PROFILE`,
    )
  if (configuration !== undefined && configured?.kind === 'named') {
    const { name } = configured
    return {
      ...selectProfilePath({ ...common, option: name, optionName: configuration.file, env: {} }),
      origin: configuration.file,
    }
  }
  return { ...selectProfilePath({ ...common, env: {} }), origin: 'the packaged default' }
}

/** Chooses and reads the profile, and says on stderr which one it is and what is odd about it. @throws as its parts */
export function openProfile(option: string | undefined, output: Output): LoadedProfile {
  const { path, origin } = chooseProfile(option)
  const profile = loadProfile(path, checkups)
  output.note(`profile: ${profile.name}, ${profile.file} (${origin})`)
  for (const warning of profile.warnings) output.note(`warning: ${formatProblem(warning)}`)
  return profile
}

/** @returns the names of the selected checkups. @throws UsageError for one that the profile does not plan */
export function selectCheckups(profile: LoadedProfile, asked: readonly string[]): string[] {
  const known = profile.checkups.map(({ name }) => name)
  for (const name of asked) {
    if (known.includes(name)) continue
    const closest = closestName(name, known)
    throw new UsageError(
      `--project ${name}: the profile ${profile.file} plans no checkup "${name}"; it plans ${known.join(', ') || 'none'}${closest === undefined ? '' : `; did you mean "${closest}"?`}`,
    )
  }
  return asked.length === 0 ? known : known.filter((name) => asked.includes(name))
}
