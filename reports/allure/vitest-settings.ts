/** What a Vitest project must be configured with for allure-vitest to see the tests of Vitest 5. Loads nothing. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface AllureVitestSettings {
  /** For `resolve.alias` of each project. */
  alias: Record<string, string>
  /** For `test.server.deps.inline` of each project, without which the alias does not reach allure-vitest. */
  inline: string[]
}

export function allureVitestSettings(): AllureVitestSettings {
  // The shim is TypeScript in this repository and JavaScript in the published package.
  const source = fileURLToPath(new URL('./vitest-runner-shim.ts', import.meta.url))
  const shim = existsSync(source) ? source : fileURLToPath(new URL('./vitest-runner-shim.js', import.meta.url))
  return { alias: { '@vitest/runner': shim, 'vitest/runners': shim }, inline: ['allure-vitest'] }
}
