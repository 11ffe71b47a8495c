/**
 * Preloaded into the processes of a run (`NODE_OPTIONS=--import=...`): on SIGUSR2 they write how much the heap holds after a
 * garbage collection, in bytes, into the folder HEAP_SAMPLES, a file for each process: `worker-4711`.
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const folder = process.env['HEAP_SAMPLES']
const program = process.argv[1] ?? ''
const role = program.endsWith('vitest.mjs') ? 'main' : program.includes('workers') ? 'worker' : undefined
if (folder !== undefined && role !== undefined) {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const file = join(folder, `${role}-${process.pid}`)
  appendFileSync(file, '')
  process.on('SIGUSR2', () => {
    collectGarbage()
    appendFileSync(file, `${process.memoryUsage().heapUsed}\n`)
  })
}
