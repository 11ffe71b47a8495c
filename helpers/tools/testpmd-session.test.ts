import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseForwardConfiguration, parsePortSummary, parseTestpmdQuit, parseTestpmdStart } from './testpmd-session.ts'
import { ToolOutputError } from './tool-output.ts'

const folder = new URL('testdata/testpmd/', import.meta.url)
const capture = (name: string) => readFileSync(new URL(name, folder), 'utf8')

test.each(['start-interactive-mac.raw', 'start-interactive-mac.txt'])('reads the start in the capture %s', (name) => {
  const { ports, warnings } = parseTestpmdStart(capture(name))
  expect(ports).toEqual([
    { port: 0, macAddress: '50:00:00:00:00:01' },
    { port: 1, macAddress: '50:00:00:00:00:02' },
  ])
  expect(warnings).toEqual([expect.stringContaining('NUMA should be configured manually')])
})

test('reads the start with several queues', () => {
  expect(parseTestpmdStart(capture('mq-null-start.txt')).ports[1]).toEqual({ port: 1, macAddress: 'd2:53:e2:84:2f:45' })
})

test.each([
  ['err-no-ports.txt', 'No probed ethernet devices; Creation of mbuf pool for socket 0 failed: Cannot allocate memory'],
  ['err-no-hugepages.txt', 'Not enough memory available on socket 0! Requested: 1024MB, available: 192MB; Cannot init'],
])('says why testpmd ended in the capture %s', (name, message) => {
  expect(() => parseTestpmdStart(capture(name))).toThrow(`testpmd output: testpmd ended; ${message}`)
})

test.each([
  [
    'EAL: core 5 unavailable\nEAL: invalid parameter for --lcores\n\nUsage: x\nEAL: FATAL: Invalid',
    'core 5 unavailable',
  ],
  ['sh: dpdk-testpmd: not found\n', 'sh: dpdk-testpmd: not found'],
  ['testpmd: No probed ethernet devices\nInteractive-mode selected\ntestpmd> ', 'testpmd has no port; No probed'],
  ['EAL: Detected CPU lcores: 2\n', 'it ends before the prompt of testpmd'],
  ['', 'it ends before the prompt of testpmd, it holds no line'],
])('refuses the start %j', (output, message) => {
  expect(() => parseTestpmdStart(output)).toThrow(message)
})

test.each(['cmd-start.raw', 'cmd-start.txt', 'show-config-fwd.txt'])(
  'reads how it forwards in the capture %s',
  (name) => {
    expect(parseForwardConfiguration(capture(name))).toEqual({
      mode: 'mac',
      ports: 2,
      cores: [
        {
          lcore: 1,
          links: [
            { rxPort: 0, rxQueue: 0, txPort: 1, txQueue: 0, peerMacAddress: '60:94:19:c9:ac:02' },
            { rxPort: 1, rxQueue: 0, txPort: 0, txQueue: 0, peerMacAddress: '60:94:19:c9:ac:01' },
          ],
        },
      ],
    })
  },
)

test('reads how it forwards when it tries again', () => {
  expect(parseForwardConfiguration(capture('start-retry.txt'))).toMatchObject({ mode: 'mac', ports: 2 })
})

test('reads how it forwards with several cores', () => {
  const { cores } = parseForwardConfiguration(capture('mq-null-cmd-start.txt'))
  expect(cores.map(({ lcore, links }) => [lcore, ...links.map(({ rxQueue }) => rxQueue)])).toEqual([
    [1, 0, 0],
    [2, 1, 1],
    [3, 2, 2],
    [4, 3, 3],
  ])
})

const configuration = capture('show-config-fwd.txt')

test.each([
  ['start\nNot all ports were started\ntestpmd> ', 'refused', 'Not all ports were started'],
  ['start\nPacket forwarding already started\ntestpmd> ', 'refused', 'Packet forwarding already started'],
  ['Bad arguments\n', 'refused', 'Bad arguments'],
  [configuration.replace(' on 2 streams', ' on 1 stream'), 'unreadable', 'expected all streams of all cores'],
  [configuration.replace('streams=2', 'streams=1'), 'inconsistent', '1 cores with 2 streams are listed, but 1 with 1'],
  [configuration.replace(/ {2}RX P=1[^]*/, ''), 'truncated', 'it ends before a stream'],
  [configuration.replace('testpmd> ', 'Panic!'), 'truncated', 'the prompt of testpmd'],
])('refuses the configuration of case %#', (output, problem, message) => {
  expect(() => parseForwardConfiguration(output)).toThrow(
    expect.objectContaining({ problem, message: expect.stringContaining(message) }),
  )
})

test('reads which port is which', () => {
  const output = capture('show-port-summary-all.txt')
  expect(parsePortSummary(output)).toEqual([
    {
      port: 0,
      macAddress: '50:00:00:00:00:01',
      name: '0000:06:00.0',
      driver: 'net_virtio',
      up: true,
      linkSpeed: 'Unknown',
    },
    {
      port: 1,
      macAddress: '50:00:00:00:00:02',
      name: '0000:07:00.0',
      driver: 'net_virtio',
      up: true,
      linkSpeed: 'Unknown',
    },
  ])
  expect(parsePortSummary(output.replace('up       Unknown', 'down     200 Gbps'))[0]).toMatchObject({
    up: false,
    linkSpeed: '200 Gbps',
  })
  expect(() => parsePortSummary(output.replace(/1 {4}50.*\n/, ''))).toThrow('before a port is complete')
})

test.each(['quit.raw', 'quit.txt'])('reads the farewell in the capture %s', (name) => {
  expect(parseTestpmdQuit(capture(name))).toEqual([0, 1])
  expect(() => parseTestpmdQuit(capture(name).replace('Bye...', ''))).toThrow(ToolOutputError)
})

test('no reader takes the output of another command for its own', () => {
  const readers = { parseTestpmdStart, parseForwardConfiguration, parsePortSummary, parseTestpmdQuit }
  const readable = Object.fromEntries(
    Object.entries(readers).map(([reader, parse]) => [
      reader,
      readdirSync(folder).filter((name) => {
        try {
          parse(capture(name))
          return true
        } catch (error) {
          if (error instanceof ToolOutputError) return false
          throw error
        }
      }),
    ]),
  )
  expect(readable).toEqual({
    parseTestpmdStart: ['mq-null-start.txt', 'start-interactive-mac.raw', 'start-interactive-mac.txt'],
    parseForwardConfiguration: [
      'cmd-start.raw',
      'cmd-start.txt',
      'mq-null-cmd-start.txt',
      'show-config-fwd.txt',
      'start-retry.txt',
    ],
    parsePortSummary: ['show-port-summary-all.txt'],
    parseTestpmdQuit: ['quit.raw', 'quit.txt'],
  })
})
