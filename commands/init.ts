import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { packageRoot } from '../plugin/paths.ts'
import { defineCommand } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { OperationalError } from './operational-error.ts'
import { alignedPairs } from './output.ts'
import { UsageError } from './usage-error.ts'
import { readVitestConfiguration } from './vitest-configuration.ts'

const profileName = 'my-cluster'
const profileFile = `cluster-profiles/${profileName}.yaml`
const configurationFile = 'vitest.config.ts'

export const init = defineCommand({
  name: 'init',
  synopsis: '[--directory DIR] [--force] [--json]',
  description: [
    `Writes what a repository needs to run the checkups: ${profileFile}, a commented cluster profile for a real cluster, and ${configurationFile} of three lines.`,
    'Existing files stay as they are, and nothing is written then, unless --force is given.',
  ],
  options: {
    directory: { type: 'string', value: 'DIR', description: 'Where to write. Default: the working directory.' },
    force: { type: 'boolean', description: 'Overwrite existing files.' },
  },
  exitCodes: { 0: 'both files are written', 2: 'a file exists already, or wrong usage', 6: 'a file cannot be written' },
  examples: ['npx kubevirt-acceptance init', 'npx kubevirt-acceptance init --directory acceptance'],
  run({ options, output }) {
    const directory = resolve(options.directory ?? '.')
    const files = [
      { path: join(directory, profileFile), content: profileText(exampleProfile()) },
      { path: join(directory, configurationFile), content: configurationText() },
    ]
    // Vitest takes only one of its possible configuration files, and another one would stand behind ours.
    const configuration = readVitestConfiguration(directory)?.file ?? configurationFile
    const present = [join(directory, profileFile), join(directory, configuration)].filter((path) => existsSync(path))
    if (present.length > 0 && !options.force)
      throw new UsageError(
        `${present.map(shown).join(' and ')} exist${present.length === 1 ? 's' : ''} already, and nothing was written; keep it, choose another --directory, or overwrite with --force`,
      )
    for (const { path, content } of files) write(path, content)
    const next = nextCommands(directory)
    for (const { path } of files) output.print(`wrote ${shown(path)}`)
    output.print(
      '',
      'Next:',
      ...alignedPairs(
        next.map(({ command, purpose }) => [command, `# ${purpose}`]),
        '  ',
      ),
    )
    output.document({ written: files.map(({ path }) => path), next: next.map(({ command }) => command) })
    return Promise.resolve(exitCodes.ok)
  },
})

/** The packaged example, under a name of its own, with a schema that is found from a user's repository. */
export function profileText(example: string): string {
  const start = example.search(/^apiVersion:/m)
  const renamed = example.slice(start).replace(/^name: .*$/m, `name: ${profileName}`)
  if (start === -1 || !renamed.includes(`\nname: ${profileName}\n`))
    throw new Error('the packaged example profile has no lines "apiVersion:" and "name:" at their usual place')
  return `# yaml-language-server: $schema=../node_modules/kubevirt-acceptance/cluster-profiles/profile.schema.json
#
# Which cluster is accepted, what may be used on it, and which checkups run with which cases and limits. Replace the
# names, networks and limits below with yours. Every key is explained in
# node_modules/kubevirt-acceptance/cluster-profiles/embedded.yaml.

${renamed}`
}

function configurationText(): string {
  return `import { defineConfig } from 'vitest/config'
import { kubevirtAcceptance } from 'kubevirt-acceptance'
export default defineConfig({ plugins: [kubevirtAcceptance({ profile: '${profileFile}' })] })
`
}

function exampleProfile(): string {
  return readFileSync(join(packageRoot, 'cluster-profiles/example-lab.yaml'), 'utf8')
}

function write(path: string, content: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  } catch (error) {
    throw new OperationalError(
      `${path} cannot be written: ${(error as Error).message}; choose another place with --directory`,
      { cause: error },
    )
  }
}

function nextCommands(directory: string): { command: string; purpose: string }[] {
  const place = relative(process.cwd(), directory)
  const enter = place === '' ? [] : [{ command: `cd ${place}`, purpose: 'where the files are' }]
  const install = existsSync(join(directory, 'node_modules/kubevirt-acceptance'))
    ? []
    : [
        {
          command: 'npm install --save-dev kubevirt-acceptance vitest',
          purpose: 'brings the plugin, and the schema for editors',
        },
      ]
  return [
    ...enter,
    ...install,
    { command: 'npx kubevirt-acceptance plan', purpose: `after editing ${profileFile}: what a run would do` },
    { command: 'npx kubevirt-acceptance plan --rbac', purpose: 'the Role that it needs, ready to apply' },
    { command: 'npx kubevirt-acceptance preflight', purpose: 'whether the cluster has all of it' },
    { command: 'npx vitest run --project=latency', purpose: 'the acceptance itself' },
  ]
}

const shown = (path: string): string => {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}
