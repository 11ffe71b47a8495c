import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { KubeconfigOptions } from '../helpers/kubernetes/kubeconfig.ts'
import { listRuns, runDirectory } from '../helpers/run/run-directory.ts'
import { durationMilliseconds } from '../helpers/units/duration.ts'
import type { Output } from './output.ts'
import { openProfile } from './profile-choice.ts'
import { UsageError } from './usage-error.ts'

export interface SweepTarget {
  kubeconfig: KubeconfigOptions
  namespace: string
  /** For all deletions together. */
  budgetMilliseconds: number
}

interface TargetOptions {
  profile: string | undefined
  kubeconfig: string | undefined
  context: string | undefined
  namespace: string | undefined
}

const budgetWithoutProfile = '2m'

/**
 * Where to sweep: as the options say, and the profile for what they leave out. With --kubeconfig and --namespace no
 * profile is read.
 * @returns 'embedded' when that would be a cluster that is gone with its run
 */
export function sweepTarget(options: TargetOptions, output: Output): SweepTarget | 'embedded' {
  const { kubeconfig, context, namespace } = options
  if (kubeconfig !== undefined && options.profile === undefined) {
    if (namespace === undefined)
      throw new UsageError(
        '--kubeconfig names a cluster, but not where to look in it; add --namespace, or --profile for the namespace of a profile',
        'npx kubevirt-acceptance sweep --help',
      )
    return {
      kubeconfig: { kubeconfigPath: kubeconfig, ...(context !== undefined && { context }) },
      namespace,
      budgetMilliseconds: durationMilliseconds(budgetWithoutProfile),
    }
  }
  const profile = openProfile(options.profile, output)
  if (profile.cluster.kind === 'embedded' && kubeconfig === undefined) {
    if (context !== undefined)
      throw new UsageError(
        `--context is about a kubeconfig, but profile ${profile.file} has an embedded cluster; add --kubeconfig`,
      )
    return 'embedded'
  }
  const own: { path?: string; context?: string } = profile.cluster.kind === 'kubeconfig' ? profile.cluster : {}
  const path = kubeconfig ?? own.path
  // A context of the profile is one of the profile's kubeconfig, not of another.
  const chosen = context ?? (kubeconfig === undefined ? own.context : undefined)
  return {
    kubeconfig: {
      ...(path !== undefined && { kubeconfigPath: path }),
      ...(chosen !== undefined && { context: chosen }),
    },
    namespace: namespace ?? profile.namespace.name,
    budgetMilliseconds: durationMilliseconds(profile.timeouts.tearDown),
  }
}

/** Journals of the runs below `runsDirectory`, or of one of them. */
export function journalsOf(runsDirectory: string, runId: string | undefined): string[] {
  return listRuns(runsDirectory)
    .filter((id) => runId === undefined || id === runId)
    .map((id) => runDirectory(runsDirectory, id))
    .filter(({ root, journal }) => readdirSync(root).some((name) => join(root, name) === journal))
    .map(({ journal }) => journal)
}
