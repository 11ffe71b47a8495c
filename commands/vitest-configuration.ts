/** What the Vitest configuration of the working directory says about us, read as text: running it is Vitest's business. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface VitestConfiguration {
  /** File name, in the working directory. */
  file: string
  /**
   * absent: it does not use our plugin. default: it does, and leaves the profile open. unreadable: it chooses the profile
   * in a way that only running it would tell.
   */
  profile: { kind: 'absent' } | { kind: 'default' } | { kind: 'named'; name: string } | { kind: 'unreadable' }
}

/** Vitest's own search, in its order. */
const names = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map((extension) => `vitest.config.${extension}`)

/** undefined when there is none. */
export function readVitestConfiguration(cwd: string): VitestConfiguration | undefined {
  const file = names.find((name) => existsSync(join(cwd, name)))
  return file === undefined ? undefined : { file, profile: profileIn(readFileSync(join(cwd, file), 'utf8')) }
}

/** Finds `kubevirtAcceptance({ profile: '...' })`. */
export function profileIn(source: string): VitestConfiguration['profile'] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(?<!:)\/\/.*$/gm, '')
  const calls = [...code.matchAll(/\bkubevirtAcceptance\s*\(([^)]*)\)/g)].map(([, given = '']) => given.trim())
  const [only, ...others] = calls
  if (only === undefined) return code.includes('kubevirt-acceptance') ? { kind: 'unreadable' } : { kind: 'absent' }
  if (others.length > 0) return { kind: 'unreadable' }
  if (only === '') return { kind: 'default' }
  const named = /^\{[^{}]*\bprofile:\s*(['"])([^'"]+)\1[^{}]*\}$/.exec(only)?.[2]
  if (named !== undefined) return { kind: 'named', name: named }
  return /\bprofile\b|\.\.\.|^[^{]/.test(only) ? { kind: 'unreadable' } : { kind: 'default' }
}
