/** The tests of this repository itself (`npm test`); the acceptance run against a cluster is vitest.config.ts. */
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** They start virtual machines under QEMU, which takes minutes; CI runs them beside all others. */
const realGuests = [
  'fixtures/embedded-cluster/guests/qemu/qemu-{cluster,dpdk,driver,migration,realtime,storage}.test.ts',
  'tests/{qemu,*-qemu}.test.ts',
]

const cpus = Math.max(2, availableParallelism())

const limits = {
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // Of one file. Each may be a whole run in processes of its own, and time limits in it are real.
  maxConcurrency: cpus,
}

export default defineConfig({
  test: {
    watch: false,
    // Most of a test's time is waiting: for guests, processes and pages.
    maxWorkers: cpus + 1,
    projects: [
      {
        test: {
          ...limits,
          name: 'scripted',
          include: ['{helpers,fixtures,guest-image,plugin,commands,reports,suites,tests}/**/*.test.ts'],
          exclude: realGuests,
        },
      },
      { test: { ...limits, name: 'real-guests', include: realGuests, benchmark: { include: [] } } },
    ],
  },
})
