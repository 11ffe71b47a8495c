/** `npx kubevirt-acceptance <command>`: finds the command, reads its options, and turns every error into words and an exit code. */
import './plugin/require-node.ts'
import { parseArguments } from './commands/arguments.ts'
import type { Command } from './commands/command.ts'
import { exitCodes } from './commands/exit-codes.ts'
import { explainFailure } from './commands/failure.ts'
import { commandHelp, commandHelpDocument, overview } from './commands/help-text.ts'
import { createOutput, type Output, type OutputStreams } from './commands/output.ts'
import { packageVersion } from './commands/package-version.ts'
import { UsageError } from './commands/usage-error.ts'
import { closestName } from './helpers/profile/closest-name.ts'

interface CommandEntry {
  name: string
  summary: string
  /** Each loads only what it needs: `version` must not wait for a cluster client. */
  load: () => Promise<Command>
}

const commands: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'write a commented cluster profile and a vitest.config.ts',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'plan',
    summary: 'show what a run would do: cases, objects, durations, permissions',
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  {
    name: 'preflight',
    summary: 'look whether the cluster has what the run needs',
    load: async () => (await import('./commands/preflight.ts')).preflight,
  },
  {
    name: 'run',
    summary: 'run the checkups of the profile with Vitest',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'report',
    summary: 'build the Allure report of a run',
    load: async () => (await import('./commands/report.ts')).report,
  },
  {
    name: 'merge',
    summary: 'make one run of several that did a part each',
    load: async () => (await import('./commands/merge.ts')).merge,
  },
  {
    name: 'compare',
    summary: 'compare a run with runs before it: what is better, worse or missing',
    load: async () => (await import('./commands/compare.ts')).compare,
  },
  {
    name: 'gate',
    summary: 'judge a run by the policy of its profile, for pipelines',
    load: async () => (await import('./commands/gate.ts')).gate,
  },
  {
    name: 'catalogue',
    summary: 'list every check: what it proves, its limit, what to do when it fails',
    load: async () => (await import('./commands/catalogue.ts')).catalogue,
  },
  {
    name: 'manifests',
    summary: 'print what runs a checkup inside of the cluster: rights, ConfigMap and Job',
    load: async () => (await import('./commands/manifests.ts')).manifests,
  },
  {
    name: 'images',
    summary: 'list the container images that a run needs',
    load: async () => (await import('./commands/images.ts')).images,
  },
  {
    name: 'sweep',
    summary: 'remove what earlier runs left on the cluster',
    load: async () => (await import('./commands/sweep.ts')).sweepCommand,
  },
  {
    name: 'embedded',
    summary: 'start the embedded cluster and keep it running, e.g. for kubectl',
    load: async () => (await import('./commands/embedded.ts')).embedded,
  },
  {
    name: 'guest-image',
    summary: 'build the image that the real guests of the embedded cluster boot',
    load: async () => (await import('./commands/guest-image.ts')).guestImage,
  },
  {
    name: 'schema',
    summary: 'print the JSON schema of cluster profiles',
    load: async () => (await import('./commands/schema.ts')).schema,
  },
  {
    name: 'version',
    summary: 'print the versions of the package, Node.js and Vitest',
    load: async () => (await import('./commands/version.ts')).version,
  },
]

/**
 * @param argv what follows the name of the program
 * @returns the exit code; never rejects
 */
export async function main(argv: string[], streams: OutputStreams = process): Promise<number> {
  endQuietlyWhenNobodyReads()
  const end = argv.indexOf('--')
  const json = (end === -1 ? argv : argv.slice(0, end)).includes('--json')
  const output = createOutput(json, streams)
  try {
    return await dispatch(argv, output)
  } catch (error) {
    const { exitCode, lines, document } = explainFailure(error)
    output.note(...lines)
    output.document(document)
    return exitCode
  }
}

async function dispatch(argv: readonly string[], output: Output): Promise<number> {
  const [first, ...rest] = argv
  if (first === undefined) {
    output.note(...overview(packageVersion(), commands))
    return exitCodes.usage
  }
  const wantsHelp = first === 'help' || first === '--help' || first === '-h' || first === '--json'
  const name = wantsHelp ? rest.find((each) => !each.startsWith('-')) : first === '--version' ? 'version' : first
  if (name === undefined) {
    output.print(...overview(packageVersion(), commands))
    output.document({
      version: packageVersion(),
      commands: commands.map(({ name: command, summary }) => ({ name: command, summary })),
    })
    return exitCodes.ok
  }
  const entry = commands.find((each) => each.name === name)
  if (entry === undefined) throw new UsageError(unknownCommand(name), 'npx kubevirt-acceptance --help')
  const command = await entry.load()
  if (wantsHelp) return printHelp(command, output)
  const parsed = parseArguments(command, rest)
  if (parsed.options['help'] === true) return printHelp(command, output)
  const { positionals, passedThrough } = parsed
  return command.run({ options: parsed.options as never, positionals, passedThrough, output })
}

function printHelp(command: Command, output: Output): number {
  output.print(...commandHelp(command))
  output.document(commandHelpDocument(command))
  return exitCodes.ok
}

function unknownCommand(name: string): string {
  const names = commands.map((each) => each.name)
  const closest = closestName(name, names)
  const what = name.startsWith('-') ? `there is no option ${name} before the command` : `there is no command "${name}"`
  return closest === undefined ? `${what}; there are ${names.join(', ')}` : `${what}; did you mean "${closest}"?`
}

let listening = false

/** `plan | head` closes the pipe early, which is no reason to crash. */
function endQuietlyWhenNobodyReads(): void {
  if (listening) return
  listening = true
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
}
