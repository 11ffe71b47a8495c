/** Runs the product as a user does: `npx vitest run` in a child process, with a profile of its own. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { findVitest } from '../commands/vitest-program.ts'
import type { CheckResult } from '../helpers/run/case-record.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { listRuns, runDirectory, type RunDirectory } from '../helpers/run/run-directory.ts'

export const repository = dirname(import.meta.dirname)

export interface AcceptanceRun {
  exitCode: number | null
  /** Standard output and standard error, as they came. */
  output: string
  /** undefined: the run ended before there was one. */
  document: RunDocument | undefined
  directory: RunDirectory | undefined
}

export interface AcceptanceRunOptions {
  /** Content of the cluster profile, or the path of one. */
  profile: Record<string, unknown> | string
  /** Command of Vitest. Default: `run`. */
  command?: 'run' | 'list'
  /** Further arguments of Vitest. Default: `--project=latency`. */
  arguments?: string[]
  environment?: Record<string, string>
  /** Start Vitest itself, and have Node read its configuration: npx and the bundler take a second of CPU time for each of many runs. */
  direct?: boolean
  /** Run on a pseudo-terminal of its own, on which `type` types. */
  terminal?: boolean
  /** Called with all output so far whenever there is more; may signal the process. */
  onOutput?: (output: string, process: RunUnderWay) => void
}

interface RunUnderWay {
  pid: number
  /** To the whole process group. */
  kill: (signal: NodeJS.Signals) => void
  type: (keys: string) => void
  /** As `| head` does. */
  stopReading: () => void
}

/** A folder for one test, removed by `remove`. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'kubevirt-acceptance-test-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

export async function acceptanceRun(folder: string, options: AcceptanceRunOptions): Promise<AcceptanceRun> {
  const profilePath = typeof options.profile === 'string' ? options.profile : join(folder, 'profile.yaml')
  if (typeof options.profile !== 'string') await writeFile(profilePath, stringify(options.profile))
  const runs = join(folder, 'runs')
  const vitest = options.direct === true ? [process.execPath, findVitest()?.path ?? ''] : ['npx', 'vitest']
  const loader = options.direct === true ? ['--configLoader', 'native'] : []
  const command = [...vitest, options.command ?? 'run', ...loader, ...(options.arguments ?? ['--project=latency'])]
  const [program = '', ...parameters] = options.terminal
    ? ['script', '--quiet', '--return', '--command', command.join(' '), '/dev/null']
    : command
  const child = spawn(program, parameters, {
    cwd: repository,
    // A group of its own, so that a signal to it reaches what a terminal's Ctrl-C reaches.
    detached: true,
    env: {
      ...process.env,
      CLUSTER_PROFILE: profilePath,
      KUBEVIRT_ACCEPTANCE_RUNS: runs,
      NO_COLOR: '1',
      // Tests interrupt operations when they begin.
      KUBEVIRT_ACCEPTANCE_VERBOSE: '1',
      VITEST: '',
      ...options.environment,
    },
    stdio: [options.terminal ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (data: Buffer) => {
    output += data.toString()
    const { pid } = child
    if (pid !== undefined)
      options.onOutput?.(output, {
        pid,
        kill: (signal) => process.kill(-pid, signal),
        type: (keys) => child.stdin?.write(keys),
        stopReading: () => {
          child.stdout?.destroy()
          child.stderr?.destroy()
        },
      })
  }
  child.stdout?.on('data', collect)
  child.stderr?.on('data', collect)
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const [id] = listRuns(runs)
  const directory = id === undefined ? undefined : runDirectory(runs, id)
  return { exitCode, output, directory, document: directory && (await readDocument(directory)) }
}

async function readDocument({ runJson }: RunDirectory): Promise<RunDocument | undefined> {
  try {
    return JSON.parse(await readFile(runJson, 'utf8')) as RunDocument
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The statuses in the Allure results of a run, of its cases and of the run as a whole. */
export async function allureStatuses({ allureResults }: RunDirectory): Promise<string[]> {
  const names = (await readdir(allureResults)).filter((name) => name.endsWith('-result.json'))
  const results = await Promise.all(names.map((name) => readFile(join(allureResults, name), 'utf8')))
  return results.map((text) => (JSON.parse(text) as { status: string }).status)
}

/** A profile of two nodes and one network, with one short latency case, changed as a test needs it. */
export function embeddedProfile(
  changes: {
    embedded?: Record<string, unknown>
    link?: Record<string, unknown>
    case?: Record<string, unknown>
    profile?: Record<string, unknown>
  } = {},
): Record<string, unknown> {
  return {
    apiVersion: 'kubevirt-acceptance/v1',
    name: 'test',
    cluster: { embedded: { networks: [{ name: 'blue', link: changes.link ?? {} }], ...changes.embedded } },
    checkups: {
      latency: {
        cases: [
          {
            networkAttachmentDefinitionName: 'blue',
            sampleCount: 20,
            sampleIntervalMilliseconds: 100,
            maxDesiredLatencyMilliseconds: 10,
            bothDirections: false,
            ...changes.case,
          },
        ],
      },
    },
    ...changes.profile,
  }
}

/** The judged check of that id in the only case of a run. */
export function checkOf(document: RunDocument | undefined, id: string): CheckResult | undefined {
  return document?.cases[0]?.checks.find((check) => check.id === id)
}
