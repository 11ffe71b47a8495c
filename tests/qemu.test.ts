/** Real guests under QEMU: what they measure is real, and they go when the run does, however it ends. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { findRequirements, qemuProgram } from '../fixtures/embedded-cluster/guests/qemu/requirements.ts'
import { acceptanceRun, checkOf, embeddedProfile, repository, temporaryFolder } from './acceptance-run.ts'
import { processesWith } from './processes.ts'

const missing = await findRequirements().then(
  () => undefined,
  (error: unknown) => (error as Error).message.replaceAll(/\s+/g, ' '),
)

const guestsOf = (folder: string) => processesWith(folder).filter(({ command }) => command.includes(qemuProgram))

const real = (link: Record<string, unknown>, parameters: Record<string, unknown>) =>
  embeddedProfile({
    embedded: {
      guests: 'qemu',
      time: 'wall',
      networks: [{ name: 'blue', link: { latency: '0s', jitter: '0s', firstPacketDelay: '0s', ...link } }],
    },
    case: { maxDesiredLatencyMilliseconds: 2000, ...parameters },
  })

describe.skipIf(missing !== undefined)(`real guests${missing === undefined ? '' : ` (${missing})`}`, () => {
  test('the packaged profile measures real pings', { timeout: 240_000 }, async () => {
    const folder = await temporaryFolder()
    try {
      let guests = 0
      const run = await acceptanceRun(folder.path, {
        profile: 'embedded-qemu',
        onOutput: (output) => {
          if (output.includes('PING')) guests = Math.max(guests, guestsOf(folder.path).length)
        },
      })
      expect(run.exitCode, run.output).toBe(0)
      expect(guests).toBeGreaterThanOrEqual(2)
      expect(processesWith(folder.path)).toEqual([])
      expect(run.document).toMatchObject({
        verdict: 'passed',
        cluster: { embedded: true, guests: { guestDriver: 'qemu' } },
        cases: [
          { id: 'latency/busybox', verdict: 'passed' },
          { id: 'latency/iputils', verdict: 'passed' },
        ],
        leftovers: [],
      })
      const rawOf = async (index: number) => {
        const path = run.document?.cases[index]?.rawOutputs.find(({ name }) => name.startsWith('ping '))?.path
        return readFile(join(run.directory!.root, path!), 'utf8')
      }
      expect(await rawOf(0)).toMatch(/64 bytes from .*: seq=\d+ ttl=64 time=/)
      expect(await rawOf(1)).toMatch(/64 bytes from .*: icmp_seq=\d+ ttl=64 time=/)
    } finally {
      await folder.remove()
    }
  })

  test('a switch that drops a tenth of the frames turns the packet loss red', { timeout: 240_000 }, async () => {
    const folder = await temporaryFolder()
    try {
      const run = await acceptanceRun(folder.path, {
        // Nine of ten get through, each way: none of 100 lost would be one run in a thousand million.
        profile: real({ lossPercent: 10 }, { sampleCount: 100, sampleIntervalMilliseconds: 20 }),
      })
      expect(run.exitCode, run.output).toBe(1)
      expect(run.document?.verdict).toBe('failed')
      expect(checkOf(run.document, 'latency.packet-loss')).toMatchObject({ verdict: 'failed' })
      expect(checkOf(run.document, 'latency.packet-loss')?.message).toMatch(/packetLossPercent \S*\d+(\.\d+)?% > 0%/)
      expect(processesWith(folder.path)).toEqual([])
    } finally {
      await folder.remove()
    }
  })

  test('a switch that drops frames between real testpmd and generator is found', { timeout: 240_000 }, async () => {
    const folder = await temporaryFolder()
    try {
      const profile = parse(await readFile(join(repository, 'cluster-profiles', 'embedded-qemu.yaml'), 'utf8'))
      const { embedded } = profile.cluster
      embedded.networks.find(({ name }: { name: string }) => name === 'dpdk').link.lossPercent = 10
      // So slow that a busy machine keeps the rate.
      const slow = { trafficGenPacketsPerSecond: '500', testDuration: '4s', directions: ['east-to-west'] }
      Object.assign(profile.checkups.dpdk.defaults, slow)
      const run = await acceptanceRun(folder.path, { profile, arguments: ['--project=dpdk'] })
      expect(run.exitCode, run.output).toBe(1)
      expect(run.document?.verdict).toBe('failed')
      expect(checkOf(run.document, 'dpdk.all-received')).toMatchObject({ verdict: 'failed', limit: 2000 })
      expect(checkOf(run.document, 'dpdk.all-received')?.message).toMatch(/ 1,[678]\d\d packets != 2,000 packets/)
      expect(processesWith(folder.path)).toEqual([])
    } finally {
      await folder.remove()
    }
  })

  test(
    'real oslat runs on a realtime kernel, and a CPU that is not isolated is found',
    { timeout: 240_000 },
    async () => {
      const folder = await temporaryFolder()
      try {
        const profile = parse(await readFile(join(repository, 'cluster-profiles', 'embedded-qemu.yaml'), 'utf8'))
        // The boot loader of the image leaves the first two CPUs to the operating system.
        Object.assign(profile.checkups.realtime.defaults, {
          measuredCpus: '1-3',
          procedures: ['oslat'],
          oslatDuration: '3s',
        })
        const run = await acceptanceRun(folder.path, { profile, arguments: ['--project=realtime'] })
        expect(run.exitCode, run.output).toBe(1)
        const [record] = run.document?.cases ?? []
        const red = record?.checks.filter(({ verdict }) => verdict !== 'passed' && verdict !== 'skipped')
        expect(red?.map(({ id }) => id)).toEqual([
          'realtime.isolated-cpus',
          'realtime.tickless-cpus',
          'realtime.rcu-offloaded-cpus',
        ])
        expect(checkOf(run.document, 'realtime.isolated-cpus')?.message).toContain('has 2-3 != has 1-3')
        expect(checkOf(run.document, 'realtime.kernel')).toMatchObject({ verdict: 'passed', actual: 'PREEMPT_RT' })
        const maxima = record?.checks.filter(({ id }) => id === 'realtime.max-latency') ?? []
        expect(maxima.map(({ subject, verdict }) => `${subject} ${verdict}`)).toEqual([
          'CPU 1 passed',
          'CPU 2 passed',
          'CPU 3 passed',
        ])
        expect(processesWith(folder.path)).toEqual([])
      } finally {
        await folder.remove()
      }
    },
  )

  test('no guest outlives a main process that was killed', { timeout: 240_000 }, async () => {
    const folder = await temporaryFolder()
    try {
      let main: number | undefined
      await acceptanceRun(folder.path, {
        profile: real({}, {}),
        onOutput: () => {
          const [guest] = guestsOf(folder.path)
          if (main !== undefined || guest === undefined) return
          main = guest.parent
          process.kill(main, 'SIGKILL')
        },
      })
      expect(main).toBeDefined()
      await expect.poll(() => processesWith(folder.path), { timeout: 20_000 }).toEqual([])
    } finally {
      await folder.remove()
    }
  })
})
