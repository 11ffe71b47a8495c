import { defineCommand } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { packageVersion } from './package-version.ts'
import { findVitest } from './vitest-program.ts'

export const version = defineCommand({
  name: 'version',
  synopsis: '[--json]',
  description: ['Prints the versions of the package, of Node.js and of Vitest.'],
  options: {},
  exitCodes: { 0: 'always' },
  examples: [],
  run({ output }) {
    const versions = {
      kubevirtAcceptance: packageVersion(),
      node: process.version,
      vitest: findVitest()?.version ?? null,
    }
    output.print(
      `kubevirt-acceptance ${versions.kubevirtAcceptance} (Node.js ${versions.node}, Vitest ${versions.vitest ?? 'not installed'})`,
    )
    output.document(versions)
    return Promise.resolve(exitCodes.ok)
  },
})
