/** Runs the command line within the test's process: for what is about words and exit codes; a process costs half a second. */
import { main } from '../cli.ts'
import type { CommandResult } from './command-line.ts'

export async function inProcess(...args: string[]): Promise<CommandResult> {
  let stdout = ''
  let stderr = ''
  const exitCode = await main(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { exitCode, stdout, stderr, json: () => JSON.parse(stdout) as unknown }
}
