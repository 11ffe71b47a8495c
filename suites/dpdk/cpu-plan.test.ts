import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { testpmdCommand } from '../../helpers/tools/testpmd-command.ts'
import { cpuPlan, trexMinimumCpus, type CpuPlan } from './cpu-plan.ts'

const lcores = ({ testpmd }: CpuPlan) => {
  const command = testpmdCommand({
    mainCpus: testpmd.main,
    forwardingCpus: testpmd.forwarding,
    ports: [
      { pciAddress: '0000:06:00.0', peerMacAddress: '50:00:00:00:00:01' },
      { pciAddress: '0000:07:00.0', peerMacAddress: '50:00:00:00:00:02' },
    ],
    socketMemoryMebibytes: [1024],
    hugepageFolder: '/mnt/huge',
    queues: testpmd.forwarding.length,
    descriptors: 2048,
  })
  return /--lcores (\S+)/.exec(command)?.[1]
}

test('the documented plan for 8 virtual CPUs', () => {
  expect(cpuPlan({ sockets: 1, cores: 4, threads: 2 })).toEqual({
    operatingSystem: [0, 1],
    isolatedCores: '2-7',
    testpmd: { main: [2, 3], forwarding: [4, 5, 6, 7] },
    trex: { master: 2, latency: 3, workers: [4, 5, 6, 7] },
  })
  expect(lcores(cpuPlan({ sockets: 1, cores: 4, threads: 2 }))).toBe('0@2-3,1@4,2@5,3@6,4@7')
})

test.each([
  [2, '1', '0@0,1@1', null],
  [3, '1-2', '0@1,1@2', null],
  [4, '1-3', '0@1,1@2,2@3', { master: 1, latency: 2, workers: [3] }],
  [5, '1-4', '0@1,1@2,2@3,3@4', { master: 1, latency: 2, workers: [3, 4] }],
  [6, '2-5', '0@2-3,1@4,2@5', { master: 2, latency: 3, workers: [4, 5] }],
  [10, '2-9', '0@2-3,1@4,2@5,3@6,4@7,5@8,6@9', { master: 2, latency: 3, workers: [4, 5, 6, 7, 8, 9] }],
])('%d virtual CPUs', (cores, isolatedCores, documented, trex) => {
  const plan = cpuPlan({ sockets: 1, cores, threads: 1 })
  expect(plan).toMatchObject({ isolatedCores, trex })
  expect(lcores(plan)).toBe(documented)
})

test('one virtual CPU is too few, and the error says so', () => {
  expect(() => cpuPlan({ sockets: 1, cores: 1, threads: 1 })).toThrow(
    '1 virtual CPU (1 sockets x 1 cores x 1 threads) cannot run testpmd: it needs at least 2, one of which does nothing but forward; set cpuCores',
  )
})

property.prop([fc.integer({ min: 2, max: 64 })])(
  'no CPU forwards and does something else, and none is idle',
  (cores) => {
    const { operatingSystem, testpmd, trex } = cpuPlan({ sockets: 1, cores, threads: 1 })
    const all = Array.from({ length: cores }, (_, cpu) => cpu)
    expect(
      [...new Set([...operatingSystem, ...testpmd.main, ...testpmd.forwarding])].toSorted((a, b) => a - b),
    ).toEqual(all)
    expect(testpmd.forwarding.length).toBeGreaterThan(0)
    for (const cpu of testpmd.forwarding) expect([...operatingSystem, ...testpmd.main]).not.toContain(cpu)
    if (cores < trexMinimumCpus) expect(trex).toBeNull()
    else expect([...operatingSystem, trex?.master, trex?.latency, ...(trex?.workers ?? [])]).toEqual(all)
  },
)
