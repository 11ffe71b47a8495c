import module from 'node:module'
import { dirname } from 'node:path'

/**
 * Has Node keep what it compiled for the next run, in its own folder of temporary files, here and in the workers: most of
 * the time until the first result goes into loading modules.
 */
export function keepCompiledCode(): void {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return
  // An old Node.js, which is refused with a message later on, has none. Nothing to say if there is no place to write to.
  const { directory } = (module as Partial<typeof module>).enableCompileCache?.() ?? {}
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE = dirname(directory)
}
