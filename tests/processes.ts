/** Finds the processes of a run by what it handed down to each of them: Linux tells the environment of every process. */
import { readdirSync, readFileSync } from 'node:fs'

export interface RunningProcess {
  pid: number
  parent: number
  command: string
}

/** Every process whose environment has `text`, e.g. the folder of a test. The own process is left out. */
export function processesWith(text: string): RunningProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const found = readProcess(Number(name))
      return found !== undefined && found.environment.includes(text) ? [found] : []
    })
    .map(({ pid, parent, command }) => ({ pid, parent, command }))
}

/** undefined: it ended while we looked. */
function readProcess(pid: number): (RunningProcess & { environment: string }) | undefined {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    // The name before it may contain anything, and ends with the last parenthesis.
    const [, parent = ''] = / \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '')) ?? []
    return { pid, parent: Number(parent), command, environment }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined
    throw error
  }
}
