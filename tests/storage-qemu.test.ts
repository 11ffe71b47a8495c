/** The storage checkup with real guests: what real fio measures is the limit of the storage class. */
import { describe, expect, test } from 'vitest'
import { findRequirements } from '../fixtures/embedded-cluster/guests/qemu/requirements.ts'
import { acceptanceRun, temporaryFolder } from './acceptance-run.ts'
import { processesWith } from './processes.ts'

const missing = await findRequirements().then(
  () => undefined,
  (error: unknown) => (error as Error).message.replaceAll(/\s+/g, ' '),
)
/** Of the class in the profile. */
const volumeIops = 60

describe.skipIf(missing !== undefined)(`real guests${missing === undefined ? '' : ` (${missing})`}`, () => {
  test('the packaged profile measures what the class allows, within 15 %', { timeout: 400_000 }, async () => {
    const folder = await temporaryFolder()
    try {
      const { document, output, exitCode } = await acceptanceRun(folder.path, {
        profile: 'embedded-qemu',
        arguments: ['--project=storage'],
      })
      expect(exitCode, output).toBe(0)
      expect(processesWith(folder.path)).toEqual([])
      const [record] = document?.cases ?? []
      expect(record).toMatchObject({
        verdict: 'passed',
        results: { fioVersion: 'fio-3.33', permutationsMeasured: '2' },
      })
      const iops = (subject: string) =>
        record?.measurements.find((each) => each.name === 'totalIops' && each.subject === subject)?.value ?? 0
      const measured = [
        iops('random-rw/4k rand-read read'),
        iops('random-rw/4k rand-write write'),
        // Both directions share the limit.
        iops('mixed-70-30/4k mixed-70-30 read') + iops('mixed-70-30/4k mixed-70-30 write'),
      ]
      for (const each of measured) {
        expect(each).toBeGreaterThan(volumeIops * 0.85)
        expect(each).toBeLessThan(volumeIops * 1.15)
      }
    } finally {
      await folder.remove()
    }
  })
})
