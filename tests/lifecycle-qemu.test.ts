/** The lifecycle checkup with real guests: what pauses, moves, reboots, powers off and gets lost is QEMU and a Linux kernel. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { findRequirements, qemuProgram } from '../fixtures/embedded-cluster/guests/qemu/requirements.ts'
import type { RunDocument } from '../helpers/run/run-document.ts'
import { acceptanceRun, repository, temporaryFolder } from './acceptance-run.ts'
import { processesWith } from './processes.ts'

const missing = await findRequirements().then(
  () => undefined,
  (error: unknown) => (error as Error).message.replaceAll(/\s+/g, ' '),
)

const caseOf = (document: RunDocument | undefined, kind: string) =>
  document?.cases.find(({ id }) => id.startsWith(`lifecycle/${kind}`))

const verdictsOf = (document: RunDocument | undefined, kind: string, id: string) =>
  Object.fromEntries(
    caseOf(document, kind)
      ?.checks.filter((check) => check.id === `lifecycle.${id}`)
      .map(({ subject, verdict, actual }) => [subject, `${verdict}: ${actual}`]) ?? [],
  )

const measured = (document: RunDocument | undefined, kind: string, wanted: string) =>
  caseOf(document, kind)?.measurements.find(({ name }) => name === wanted)

describe.skipIf(missing !== undefined)(`real guests${missing === undefined ? '' : ` (${missing})`}`, () => {
  test(
    'the packaged profile: what survives a pause, a move, a reboot and the power button',
    { timeout: 900_000 },
    async () => {
      const folder = await temporaryFolder()
      try {
        const run = await acceptanceRun(folder.path, { profile: 'embedded-qemu', arguments: ['--project=lifecycle'] })
        const { document } = run
        expect(run.exitCode, run.output).toBe(0)
        expect(processesWith(folder.path)).toEqual([])
        expect(document).toMatchObject({
          verdict: 'passed',
          cluster: { embedded: true, guests: { guestDriver: 'qemu' } },
          leftovers: [],
        })
        expect(new Set(document?.cases.map(({ verdict }) => verdict))).toEqual(new Set(['passed']))

        // The heartbeat of a paused guest stands still; its kernel is the same until it is told to reboot.
        expect(verdictsOf(document, 'lifecycle', 'paused-guest-stands-still')).toEqual({
          '': 'passed: no beat while paused',
        })
        // Of the 25 beats that the pause of 5 s has time for.
        expect(measured(document, 'lifecycle', 'guestHeartbeats')?.value).toBeLessThan(15)
        expect(verdictsOf(document, 'lifecycle', 'boot-id')).toEqual({
          pause: 'passed: the same',
          softreboot: 'passed: changed',
          restart: 'passed: changed',
        })

        // A guest takes its memory along, and beats on; it stands still, but not for as long as a boot.
        expect(verdictsOf(document, 'migration', 'boot-id')).toEqual({
          'migration 1': 'passed: the same',
          'migration 2': 'passed: the same',
        })
        expect(verdictsOf(document, 'migration', 'marker')).toEqual({
          'memory, migration 1': 'passed: kept',
          'memory, migration 2': 'passed: kept',
        })
        expect(measured(document, 'migration', 'interruptionMilliseconds')?.samples).toHaveLength(2)
        expect(measured(document, 'migration', 'interruptionMilliseconds')?.value).toBeGreaterThan(0)

        expect(verdictsOf(document, 'run-strategies', 'after-shutdown')).toEqual({
          Always: 'passed: recreated',
          Manual: 'passed: stays down',
        })
        expect(verdictsOf(document, 'stateless', 'marker')).toEqual({ 'containerDisk, restart 1': 'passed: gone' })
        expect(verdictsOf(document, 'stateful-upload', 'marker')).toEqual({
          'uploaded disk, stop and start': 'passed: kept',
        })
        expect(verdictsOf(document, 'snapshot-restore', 'marker')).toEqual({ 'restored disk': 'passed: kept' })
        expect(Object.values(verdictsOf(document, 'sriov', 'sriov-ping'))).toEqual(['passed: answered'])
      } finally {
        await folder.remove()
      }
    },
  )

  test('a guest that is lost while it is paused is found', { timeout: 240_000 }, async () => {
    const folder = await temporaryFolder()
    try {
      const profile = parse(await readFile(join(repository, 'cluster-profiles', 'embedded-qemu.yaml'), 'utf8'))
      profile.checkups.lifecycle.cases = [{ kind: 'lifecycle', pauseDuration: '20s' }]
      const loseGuests = async () => {
        // Paused a second or two after somebody was logged in.
        await sleep(8000)
        for (const { pid, command } of processesWith(folder.path))
          if (command.includes(qemuProgram)) process.kill(pid, 'SIGKILL')
      }
      let lost: Promise<void> | undefined
      const run = await acceptanceRun(folder.path, {
        profile,
        arguments: ['--project=lifecycle'],
        onOutput: (output) => {
          if (/LOGIN +\| DONE/.test(output)) lost ??= loseGuests()
        },
      })
      await lost
      expect(run.exitCode, run.output).toBe(1)
      expect(run.document).toMatchObject({ verdict: 'failed', leftovers: [] })
      expect(verdictsOf(run.document, 'lifecycle', 'answer-code')).toMatchObject({
        'vmi unpause, while Paused': expect.stringMatching(/^failed: (404|409)$/),
      })
      expect(processesWith(folder.path)).toEqual([])
    } finally {
      await folder.remove()
    }
  })
})
