import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** `ts` when the sources run, `js` when the built package does: the files that Vitest loads by path have it too. */
export const sourceExtension = import.meta.filename.endsWith('.ts') ? 'ts' : 'js'

/** Folder of the sources or of dist/: suites/, fixtures/, reports/ are below it. */
export const codeRoot = dirname(import.meta.dirname)

/** Folder of the package: package.json and cluster-profiles/ are in it. */
export const packageRoot = existsSync(join(codeRoot, 'package.json')) ? codeRoot : dirname(codeRoot)

export const modulePath = (path: string): string => join(codeRoot, `${path}.${sourceExtension}`)

/**
 * Modules of this package other than the files of checkups, for `server.deps.external` of Vitest: Node loads them itself and keeps
 * what it compiled, which takes a fifth less of the CPU time of a run than Vite's transformation of each.
 */
export const ownModules = new RegExp(
  `^${codeRoot.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}/(?!node_modules/).*(?<!\\.checkup)\\.${sourceExtension}$`,
)
