import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { closestName } from './closest-name.ts'
import { ProfileError } from './profile-problem.ts'

export interface SelectedProfile {
  /** Absolute. */
  path: string
  source: 'CLUSTER_PROFILE' | 'plugin option' | 'default'
}

/**
 * Chooses the profile: CLUSTER_PROFILE, then the plugin's option, then the packaged `embedded`. The environment goes
 * first because it belongs to whoever starts this run; the option is what the repository usually wants. A bare name such
 * as `embedded-qemu` is looked up in `cluster-profiles/` of the working directory, then in those of the package.
 * @throws ProfileError when there is no such file; it lists where was looked and what there is
 */
export function selectProfilePath({
  option,
  optionName = 'plugin option',
  env,
  cwd,
  packageRoot,
}: {
  option?: string | undefined
  /** What the error calls the origin of `option`. */
  optionName?: string
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  packageRoot: string
}): SelectedProfile {
  const fromEnvironment = env['CLUSTER_PROFILE']
  const [wanted, source] = fromEnvironment
    ? ([fromEnvironment, 'CLUSTER_PROFILE'] as const)
    : option
      ? ([option, 'plugin option'] as const)
      : (['embedded', 'default'] as const)

  const candidates = candidatePaths(wanted, source === 'default' ? [packageRoot] : [cwd, packageRoot])
  const found = candidates.find((candidate) => existsSync(candidate))
  if (found !== undefined) return { path: found, source }
  const names = profileNames(source === 'default' ? [packageRoot] : [cwd, packageRoot])
  const closest = closestName(path.basename(wanted).replace(/\.ya?ml$/, ''), names)
  const origin =
    source === 'default' ? 'the packaged default' : `from ${source === 'plugin option' ? optionName : source}`
  throw new ProfileError([
    {
      file: wanted,
      line: null,
      column: null,
      path: '',
      message: `there is no such cluster profile (${origin}); looked for ${candidates.join(', ')}; there are: ${names.join(', ') || 'none'}${closest === undefined ? '' : `; did you mean "${closest}"?`}`,
    },
  ])
}

function candidatePaths(wanted: string, roots: readonly string[]): string[] {
  const isName = /^[a-z0-9][a-z0-9._-]*$/i.test(wanted) && !/\.ya?ml$/.test(wanted)
  const candidates = roots.flatMap((root) =>
    isName
      ? [path.join(root, 'cluster-profiles', `${wanted}.yaml`), path.join(root, 'cluster-profiles', `${wanted}.yml`)]
      : [path.resolve(root, wanted)],
  )
  return [...new Set(candidates)]
}

function profileNames(roots: readonly string[]): string[] {
  const names = roots
    .map((root) => path.join(root, 'cluster-profiles'))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder))
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => name.replace(/\.ya?ml$/, ''))
  return [...new Set(names)].toSorted()
}
