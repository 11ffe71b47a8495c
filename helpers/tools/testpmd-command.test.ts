import { expect, test } from 'vitest'
import { testpmdCommand, type TestpmdOptions } from './testpmd-command.ts'

const full: TestpmdOptions = {
  mainCpus: [2, 3],
  forwardingCpus: [4, 5, 6, 7],
  ports: [
    { pciAddress: '0000:06:00.0', peerMacAddress: '50:11:22:33:44:01' },
    { pciAddress: '0000:07:00.0', peerMacAddress: '50:11:22:33:44:02' },
  ],
  socketMemoryMebibytes: [1024],
  hugepageFolder: '/mnt/huge',
  queues: 4,
  descriptors: 2048,
}

test('builds the documented command line of a VM with 8 CPUs', () => {
  expect(testpmdCommand(full)).toBe(
    'dpdk-testpmd --lcores 0@2-3,1@4,2@5,3@6,4@7 -a 0000:06:00.0 -a 0000:07:00.0 --socket-mem 1024 ' +
      '--huge-dir /mnt/huge -- -i --nb-cores=4 --rxd=2048 --txd=2048 --rxq=4 --txq=4 --forward-mode=mac ' +
      '--eth-peer=0,50:11:22:33:44:01 --eth-peer=1,50:11:22:33:44:02',
  )
})

test('builds the command line of a small emulated guest, as it was captured', () => {
  expect(
    testpmdCommand({
      mainCpus: [0],
      forwardingCpus: [1],
      ports: [
        { pciAddress: '0000:06:00.0', peerMacAddress: '60:94:19:c9:ac:01' },
        { pciAddress: '0000:07:00.0', peerMacAddress: '60:94:19:c9:ac:02' },
      ],
      socketMemoryMebibytes: [128],
      hugepageFolder: '/mnt/huge',
      queues: 1,
      descriptors: 256,
      totalBuffers: 8192,
    }),
  ).toBe(
    'dpdk-testpmd --lcores 0@0,1@1 -a 0000:06:00.0 -a 0000:07:00.0 --socket-mem 128 --huge-dir /mnt/huge -- -i ' +
      '--nb-cores=1 --total-num-mbufs=8192 --rxd=256 --txd=256 --rxq=1 --txq=1 --forward-mode=mac ' +
      '--eth-peer=0,60:94:19:c9:ac:01 --eth-peer=1,60:94:19:c9:ac:02',
  )
})

test('quotes what the shell would read, and lists CPUs that are not neighbours', () => {
  const command = testpmdCommand({ ...full, mainCpus: [9, 2], socketMemoryMebibytes: [512, 0], hugepageFolder: '/a b' })
  expect(command).toContain(`--lcores '0@(2,9),1@4,2@5,3@6,4@7' `)
  expect(testpmdCommand({ ...full, mainCpus: [10, 9] })).toContain('--lcores 0@9-10,1@4,')
  expect(command).toContain(`--socket-mem 512,0 --huge-dir '/a b' -- `)
})

test.each<[Partial<TestpmdOptions>, string]>([
  [{ mainCpus: [4] }, 'CPU 4 is given to testpmd twice'],
  [{ forwardingCpus: [] }, 'at least one for forwarding'],
  [{ forwardingCpus: [1.5] }, 'CPU 1.5'],
  [{ ports: full.ports.slice(1) }, 'pairs of ports, but there are 1'],
  [{ ports: [...full.ports.slice(1), { ...full.ports[0]!, pciAddress: '06:00' }] }, 'invalid PCI address for testpmd'],
  [
    { ports: [...full.ports.slice(1), { ...full.ports[0]!, peerMacAddress: '01:00:5e:00:00:01' }] },
    'invalid MAC address for testpmd: "01:00:5e:00:00:01"',
  ],
  [{ queues: 0 }, 'queues 0: expected a whole number from 1'],
  [{ descriptors: 0.5 }, 'descriptors 0.5'],
  [{ totalBuffers: 10 }, 'totalBuffers 10: expected a whole number from 1024'],
  [{ socketMemoryMebibytes: [] }, 'at least one NUMA node'],
])('refuses %j', (change, message) => {
  expect(() => testpmdCommand({ ...full, ...change })).toThrow(message)
})
