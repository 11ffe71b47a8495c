/** The tests of this repository itself (`npm test`); the acceptance run against a cluster is vitest.config.ts. */
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{helpers,fixtures,guest-image,plugin,commands,reports,suites,tests}/**/*.test.ts'],
    watch: false,
    // Most of a test's time is waiting: for guests, processes and pages.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
