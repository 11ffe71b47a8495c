import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { modulePath } from '../plugin/paths.ts'
import { onSignals } from '../plugin/signals.ts'
import { exitCodeOfSignal, exitCodes } from './exit-codes.ts'
import { OperationalError } from './operational-error.ts'
import { findVitest } from './vitest-program.ts'

/** Characters at the end of a run's output that are looked at for the place of its results. */
const keptOutput = 1_000_000

interface VitestRunOptions {
  /** What follows `vitest run`. */
  args: readonly string[]
  environment: NodeJS.ProcessEnv
  /** Default: the working directory. */
  cwd?: string
  /** Its output is returned, and goes to stderr, so that stdout is free for a document. */
  keepOutput?: boolean
  /** Opens a channel to the process of the run, and is told what comes through. */
  onMessage?: (message: unknown) => void
  onSignal?: (signal: NodeJS.Signals) => void
}

/** Arguments for a run where no configuration uses our plugin. @param cwd of the run */
export function packagedConfiguration(cwd = '.'): string[] {
  // A folder that is no Node project does not become half of one for the sake of Vitest's caches.
  const cache = existsSync(join(cwd, 'node_modules')) ? [] : ['--cache=false', '--fsModuleCache=false']
  return ['--config', modulePath('commands/run-config'), ...cache]
}

/**
 * Runs Vitest and ends when it does; signals are passed on.
 * @throws OperationalError when it cannot be started
 */
export async function vitestRun(options: VitestRunOptions): Promise<{ exitCode: number; printed: string }> {
  const vitest = findVitest()
  if (vitest === undefined)
    throw new OperationalError('Vitest is not installed; install it beside this package: npm install --save-dev vitest')
  const { args, environment, cwd, keepOutput = false, onMessage, onSignal } = options
  // In a process group of its own: the terminal's Ctrl-C must reach the run once, through us, since the second counts as
  // "at once, without clean-up".
  const child = spawn(process.execPath, [vitest.path, 'run', ...args], {
    env: environment,
    cwd,
    stdio: [
      'ignore',
      keepOutput ? 'pipe' : 'inherit',
      'inherit',
      ...(onMessage === undefined ? [] : (['ipc'] as const)),
    ],
    detached: true,
  })
  using _signals = onSignals((signal) => {
    onSignal?.(signal)
    child.kill(signal)
  })
  let printed = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text)
    printed = `${printed}${text}`.slice(-keptOutput)
  })
  if (onMessage !== undefined) child.on('message', onMessage)
  const [code, signal] = (await once(child, 'close').catch((error: unknown) => {
    throw new OperationalError(`${process.execPath} cannot be started: ${(error as Error).message}`, { cause: error })
  })) as [number | null, NodeJS.Signals | null]
  return { exitCode: code ?? (signal === null ? exitCodes.broken : exitCodeOfSignal(signal)), printed }
}
