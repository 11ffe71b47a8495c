import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export interface VitestProgram {
  /** Absolute path of the script that `vitest` starts. */
  path: string
  version: string
}

/** The Vitest that this package runs with; undefined when it is not installed. */
export function findVitest(): VitestProgram | undefined {
  let manifest: string
  try {
    manifest = createRequire(import.meta.url).resolve('vitest/package.json')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
  const { version, bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string; bin: { vitest: string } }
  return { path: join(dirname(manifest), bin.vitest), version }
}
