/** Runs the real command line as a child process, in a folder of its own and with an environment that knows no cluster. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repository } from './acceptance-run.ts'

const program = join(repository, 'bin/kubevirt-acceptance.js')

export interface CommandResult {
  exitCode: number | null
  stdout: string
  stderr: string
  /** stdout, read as JSON. */
  json: () => unknown
}

/** A command that has not ended yet. */
export interface StartedCommand {
  child: ChildProcess
  /** What it has printed so far, on both streams. */
  output: () => string
  /** Resolves when `text` has been printed; rejects when the command ends without. */
  printed: (text: string | RegExp) => Promise<void>
  ended: Promise<CommandResult>
}

export interface CommandFolder extends Disposable {
  path: string
  start: (...args: string[]) => StartedCommand
  run: (...args: string[]) => Promise<CommandResult>
  /** A copy whose commands have more in their environment. */
  with: (environment: Record<string, string>) => Pick<CommandFolder, 'start' | 'run'>
}

/** A new folder to run commands in; what is still running when it is disposed is killed, and the folder removed. */
export function commandFolder(): CommandFolder {
  const root = mkdtempSync(join(tmpdir(), 'kubevirt-acceptance-cli-'))
  const path = join(root, 'work')
  mkdirSync(path)
  const running = new Set<ChildProcess>()
  const start = (environment: Record<string, string>, args: readonly string[]): StartedCommand => {
    const started = startCommand(path, environment, args)
    running.add(started.child)
    started.child.once('close', () => running.delete(started.child))
    return started
  }
  const within = (environment: Record<string, string>): Pick<CommandFolder, 'start' | 'run'> => ({
    start: (...args) => start(environment, args),
    run: (...args) => start(environment, args).ended,
  })
  return {
    path,
    ...within({}),
    with: within,
    [Symbol.dispose]: () => {
      for (const child of running) child.kill('SIGKILL')
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function startCommand(cwd: string, environment: Record<string, string>, args: readonly string[]): StartedCommand {
  const kept = ['PATH', 'LANG', 'TMPDIR', 'LD_LIBRARY_PATH'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...Object.fromEntries(kept), HOME: join(cwd, '../home'), NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const output = () => stdout + stderr
  const ended = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr, json: () => JSON.parse(stdout) as unknown }))
  })
  const has = (text: string | RegExp) => (typeof text === 'string' ? output().includes(text) : text.test(output()))
  return {
    child,
    output,
    ended,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (has(text)) resolve()
        }
        child.stdout.on('data', look)
        child.stderr.on('data', look)
        child.once('close', () => reject(new Error(`ended without printing ${String(text)}:\n${output()}`)))
        look()
      }),
  }
}
