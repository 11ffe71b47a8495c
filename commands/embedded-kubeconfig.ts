import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { OperationalError } from './operational-error.ts'
import { UsageError } from './usage-error.ts'

const mark = '# Of kubevirt-acceptance embedded, process '

/**
 * Writes the kubeconfig of the embedded cluster, for its owner only. A file of the same name is replaced only when it was
 * left by an embedded cluster that is gone.
 * @returns removes it, if it is still the same
 * @throws UsageError when somebody else's file is in the way; OperationalError when it cannot be written
 */
export function writeEmbeddedKubeconfig(path: string, kubeconfig: string): () => void {
  const content = `${mark}${process.pid}: removed when that ends.\n${kubeconfig}`
  try {
    removeAbandoned(path)
    mkdirSync(dirname(path), { recursive: true })
    // Never through a link or into a file that has just come into being.
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new OperationalError(
      `${path} cannot be written: ${(error as Error).message}; name another file with --kubeconfig`,
      { cause: error },
    )
  }
  return () => {
    if (contentOf(path) === content) rmSync(path, { force: true })
  }
}

function removeAbandoned(path: string): void {
  const present = contentOf(path)
  if (present === undefined) return
  const owner = present.startsWith(mark) ? Number.parseInt(present.slice(mark.length), 10) : undefined
  if (owner === undefined)
    throw new UsageError(
      `${path} exists and is not of an embedded cluster; it was not touched. Name another file with --kubeconfig`,
    )
  if (isRunning(owner))
    throw new UsageError(
      `${path} belongs to the embedded cluster of process ${owner}, which is running; end that one, or name another file with --kubeconfig`,
    )
  rmSync(path, { force: true })
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
