import { execFileSync } from 'node:child_process'

const program = 'kubectl'

/** Whether kubectl is installed: tests with it are skipped where it is not. */
export function hasKubectl(): boolean {
  try {
    execFileSync(program, ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
