/** What a Vitest configuration loads: little, since its bundler, or its loader, would take all of it anew for each run. */
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'vitest/config'
import { keepCompiledCode } from './compile-cache.ts'
import type { vitestConfiguration as VitestConfiguration } from './configuration.ts'
import { modulePath } from './paths.ts'

export interface KubevirtAcceptanceOptions {
  /**
   * Cluster profile: a path, or the name of a profile that the package brings (`embedded`, `embedded-qemu`). The
   * environment variable CLUSTER_PROFILE goes before it. Default: `embedded`.
   */
  profile?: string
  /** Where runs are written, relative to the working directory. Default: `reports/runs`. */
  runsDirectory?: string
  /**
   * Runs or saved baselines to compare the run with when it is over: ids, paths, names of baselines. A run that passes, but
   * is worse, ends with exit code 5. Default: `gate.baseline` of the profile is left to the gate.
   */
  baseline?: string | readonly string[]
}

/**
 * The Vitest plugin: one project per checkup of the profile (`npx vitest run --project=latency`), the reporters, and
 * graceful cancellation. A profile with mistakes ends the process with exit code 2 after all of them are printed.
 */
export function kubevirtAcceptance(options: KubevirtAcceptanceOptions = {}): Plugin {
  return {
    name: 'kubevirt-acceptance',
    config: async () => {
      keepCompiledCode()
      // A path that bundlers cannot see: Node loads it, and the global set-up finds it loaded.
      const { vitestConfiguration } = (await import(
        /* @vite-ignore */ pathToFileURL(modulePath('plugin/configuration')).href
      )) as { vitestConfiguration: typeof VitestConfiguration }
      return vitestConfiguration(options)
    },
  }
}
