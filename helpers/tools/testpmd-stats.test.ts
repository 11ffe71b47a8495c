import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import {
  parseForwardStatistics,
  parsePortStatistics,
  type ForwardPort,
  type ForwardStatistics,
  type ForwardStream,
} from './testpmd-stats.ts'
import { refusal } from './testing/refusal.ts'
import { ToolOutputError } from './tool-output.ts'

const folder = new URL('testdata/testpmd/', import.meta.url)
const capture = (name: string) => readFileSync(new URL(name, folder), 'utf8')
const forwardRefusal = (output: string) => refusal(() => parseForwardStatistics(output))

/** RX and TX of port 0, then of port 1: packets/dropped. */
const short = ({ ports }: ForwardStatistics) =>
  ports.map(({ rx, tx }) => `${rx.packets}/${rx.dropped} ${tx.packets}/${tx.dropped}`)

test.each([
  ['show-fwd-stats-all-rate5k', ['25001/0 1/0', '1/0 25001/0']],
  ['show-fwd-stats-all-stopped', ['100000/0 0/0', '0/0 99685/315']],
  ['show-fwd-stats-all-unlimited', ['100000/0 0/0', '0/0 99685/315']],
  ['ut-show-fwd-stats-txonly-burst1-3s', ['231654/0 0/0', '0/0 1698/229956']],
  ['ut-show-fwd-stats-txonly-loss1pct', ['203514/0 0/0', '0/0 0/203514']],
  ['mq-null-show-fwd-stats-all', ['27477312/0 0/0', '0/0 27477248/0']],
  ['mq-null-show-fwd-stats-all-after-clear', ['304352/0 0/0', '0/0 309056/0']],
  ['cmd-stop', ['100000/0 0/0', '0/0 99685/315']],
  ['gen-stop-flowgen-3s', ['164112/0 193404/2723172', '167136/0 187624/2728952']],
  ['gen-stop-txonly-burst32-3s', ['0/0 245024/7442848']],
  ['gen-stop-txonly-loss1pct', ['0/0 205580/4185603']],
])('reads the forward statistics of the capture %s, with either line end', (name, expected) => {
  const output = capture(`${name}.txt`)
  const read = parseForwardStatistics(output)
  expect(short(read)).toEqual(expected)
  expect(read).toMatchObject({ txErrors: 0, accumulated: { rxNoBuffers: 0 } })
  expect(parseForwardStatistics(output.replaceAll('\n', '\r\n'))).toEqual(read)
  const raw = `${name}.raw`
  if (readdirSync(folder).includes(raw)) expect(parseForwardStatistics(capture(raw))).toEqual(read)
})

test('reads the queues of each port, where there are several', () => {
  const { streams } = parseForwardStatistics(capture('mq-null-show-fwd-stats-all-after-clear.txt'))
  expect(streams).toHaveLength(4)
  expect(streams[1]).toEqual({
    rxPort: 0,
    rxQueue: 1,
    txPort: 1,
    txQueue: 1,
    rxPackets: 66336,
    txPackets: 66304,
    txDropped: 0,
  })
})

test.each([
  ['gen-show-port-stats-flowgen-3s', [164112, 193404, 170016, 187624]],
  ['gen-show-port-stats-txonly-burst32-3s', [0, 245024, 0, 0]],
  ['gen-show-port-stats-txonly-loss1pct', [1324, 205580, 0, 0]],
  ['mq-null-show-port-stats-all', [28168224, 0, 0, 27776480]],
  ['show-port-stats-all-rate1k', [5004, 1, 1, 5004]],
  ['show-port-stats-all-rate5k', [25001, 1, 1, 25001]],
  ['show-port-stats-all-unlimited', [100000, 0, 0, 99685]],
])('reads the port statistics of the capture %s, with either line end', (name, expected) => {
  const output = capture(`${name}.txt`)
  const read = parsePortStatistics(output)
  expect(read.flatMap(({ rxPackets, txPackets }) => [rxPackets, txPackets])).toEqual(expected)
  expect(parsePortStatistics(output.replaceAll('\n', '\r\n'))).toEqual(read)
})

test('reads every counter of a port', () => {
  const output = capture('show-port-stats-all-rate5k.txt')
    .replace('RX-missed: 0 ', 'RX-missed: 11')
    .replace('RX-errors: 0', 'RX-errors: 12')
    .replace('RX-nombuf:  0 ', 'RX-nombuf:  13')
    .replace('TX-errors: 0 ', 'TX-errors: 14')
  expect(parsePortStatistics(output)[0]).toEqual({
    port: 0,
    rxPackets: 25001,
    rxMissed: 11,
    rxBytes: 1500070,
    rxErrors: 12,
    rxNoBuffers: 13,
    txPackets: 1,
    txErrors: 14,
    txBytes: 70,
    rxPacketsPerSecond: 2833,
    txPacketsPerSecond: 0,
    rxBitsPerSecond: 1359768,
    txBitsPerSecond: 0,
  })
  const old = output.replaceAll(/ +[RT]x-bps: +\d+/g, '')
  expect(parsePortStatistics(old)[0]).toMatchObject({ rxPacketsPerSecond: 2833, rxBitsPerSecond: null })
})

test('refuses counters beyond what a number holds, and says so instead of rounding', () => {
  const output = capture('show-port-stats-all-rate5k.txt')
  const wrapped = output.replace('RX-missed: 0 ', 'RX-missed: 18446744073709551615 ')
  const { message, problem, lineNumber } = refusal(() => parsePortStatistics(wrapped))
  expect({ problem, lineNumber }).toEqual({ problem: 'unreadable', lineNumber: 4 })
  expect(message).toContain('RX-missed is 18446744073709551615, expected a whole number from 0 to 9007199254740991')
})

test.each(['err-no-ports.txt', 'err-no-hugepages.txt', 'show-config-fwd.txt', 'quit.txt', 'show-port-summary-all.txt'])(
  'finds no counters in the capture %s',
  (name) => {
    expect(forwardRefusal(capture(name)).problem).toBe('unreadable')
    expect(refusal(() => parsePortStatistics(capture(name))).problem).toBe('unreadable')
  },
)

const rate5k = capture('show-fwd-stats-all-rate5k.txt')

test('reads the lines about errors and buffers, which come only when there are any', () => {
  const withErrors = rate5k
    .replace(/(RX-total: 25001)\n/, '$1\n  RX-error: 7\n  RX-nombufs: 3             \n')
    .replace(/(\+{40,}\n)/, '  RX-nombufs: 3             \n$1')
    .replace(/(TX-total: 1)\n/, '$1\n  RX-bursts : 900 [10% of 0 pkts + 90% of 32 pkts]\n')
  const { ports, accumulated } = parseForwardStatistics(withErrors)
  expect(ports.map(({ rxErrors, rxNoBuffers }) => [rxErrors, rxNoBuffers])).toEqual([
    [7, 3],
    [0, 0],
  ])
  expect(accumulated.rxNoBuffers).toBe(3)
})

test('tells packets that a NIC failed to send from those that testpmd dropped', () => {
  const failed = rate5k.replace(
    /(TX-packets: 25002 +)TX-dropped: 0 +TX-total: 25002/,
    '$1TX-dropped: 5             TX-total: 25007',
  )
  expect(parseForwardStatistics(failed).txErrors).toBe(5)
})

test('reads columns that are filled to the brim', () => {
  const full = rate5k.replaceAll(
    /RX-packets: 2500\d +RX-dropped: 0 +RX-total: 2500\d/g,
    'RX-packets: 90000000000001 RX-dropped: 10000000000001RX-total: 100000000000002',
  )
  const total = full
    .replaceAll(/RX-packets: 1 +RX-d/g, 'RX-packets: 0              RX-d')
    .replace(/RX-total: 1\n/, 'RX-total: 0\n')
  expect(parseForwardStatistics(total).ports[0]!.rx).toEqual({
    packets: 90000000000001,
    dropped: 10000000000001,
    total: 100000000000002,
  })
})

test('leaves out whole lines of the kernel and colours, and nothing else', () => {
  const noisy = rate5k
    .replace(
      /\n {2}TX-packets: 1 /,
      '\n[   51.123456] virtio_net virtio3: Some message: 7\n\u001B[31m  TX-packets:\u001B[0m 1 ',
    )
    .replace('25001', '\u001B[94m25001\u001B[0m')
  expect(parseForwardStatistics(noisy)).toEqual(parseForwardStatistics(rate5k))
  const torn = rate5k.replace('TX-packets: 1 ', 'TX-packets: [   51.123456] virtio_net: 1 ')
  expect(forwardRefusal(torn)).toMatchObject({ problem: 'unreadable', lineNumber: 5 })
})

test.each([
  ['', 'truncated', 'it ends before the statistics of a port, it holds no line'],
  ['testpmd> ', 'truncated', 'it ends before the statistics of a port'],
  ['show fwd stats all\nBad arguments\ntestpmd> ', 'refused', 'it says: Bad arguments, in line 2'],
  ['Packet forwarding not started\ntestpmd> ', 'refused', 'Packet forwarding not started'],
  [rate5k.replace('25001', 'many'), 'unreadable', 'RX-packets is many, expected a whole number'],
  [rate5k.replace('25001', '-1'), 'unreadable', 'RX-packets is -1'],
  [rate5k.replace('25001', '25e3'), 'unreadable', 'RX-packets is 25e3'],
  [rate5k.replace('RX-total: 25001', 'RX-total: 25002'), 'inconsistent', 'RX-total is 25002, but'],
  [
    rate5k.replaceAll(/25002/g, '25003'),
    'inconsistent',
    'the accumulated RX-packets are 25003, but 25002 by the ports',
  ],
  [rate5k.replace('port 1 ', 'port 0 '), 'inconsistent', 'port 0 comes twice, in line 8'],
  [
    rate5k.replace(/ {2}-+ Forward statistics for port 1[^]*?-{76}\n/, ''),
    'inconsistent',
    'the accumulated RX-packets',
  ],
  [
    rate5k.replace(/ {2}TX-packets: 1 .*\n/, ''),
    'unreadable',
    'expected TX-packets, TX-dropped and TX-total, in line 5',
  ],
  [rate5k.replace(/ {2}\++ Acc[^]*/, 'testpmd> '), 'truncated', 'the accumulated statistics'],
  [rate5k.replace('testpmd> ', 'bash: testpmd: gone\nx'), 'unreadable', 'expected the prompt of testpmd'],
  [`${rate5k}\nSegmentation fault`, 'truncated', 'Segmentation fault'],
  [rate5k.replace(/ {2}\+{70,}\n/, ''), 'truncated', 'it ends before the end of the accumulated statistics'],
  [
    capture('show-fwd-stats-all-stopped.txt').replace(
      /(?<before>\+\+\n[^]*)99685 +TX-dropped: 315 +TX-total: 100000/,
      '$<before>99685          TX-dropped: 314           TX-total: 99999',
    ),
    'inconsistent',
    'the accumulated TX-dropped are 1 less than those of the ports',
  ],
  [
    rate5k.replace(/(RX-total: 25001)\n/, '$1\n  RX-error: 7\n  RX-nombufs: 3             \n'),
    'inconsistent',
    'the accumulated RX-nombufs are 0, but 3 by the ports',
  ],
  [
    capture('mq-null-show-fwd-stats-all.txt').replace(/TX-dropped: 0 /, 'TX-dropped: 9 '),
    'inconsistent',
    'the queues of port 1 dropped 9, but the port 0',
  ],
])('refuses case %#', (output, problem, message) => {
  const error = forwardRefusal(output)
  expect(error.problem).toBe(problem)
  expect(error.message).toContain(message)
})

const counter = fc.oneof(fc.nat(5), fc.nat(), fc.integer({ min: 0, max: 2 ** 40 }))
const packets = fc.tuple(counter, counter).map(([sent, dropped]) => ({ packets: sent, dropped, total: sent + dropped }))
const portModel = fc.record({ port: fc.nat(31), rx: packets, tx: packets, rxErrors: counter, rxNoBuffers: counter })
const model = fc.record({
  streams: fc.array(
    fc.record({
      rxPort: fc.nat(9),
      rxQueue: fc.nat(9),
      txPort: fc.constant(99),
      txQueue: fc.nat(9),
      rxPackets: counter,
      txPackets: counter,
      txDropped: counter,
    }),
    { maxLength: 3 },
  ),
  ports: fc.uniqueArray(portModel, { minLength: 1, maxLength: 3, selector: ({ port }) => port }),
  txErrors: counter,
})

const column = (value: number, width: number) => String(value).padEnd(width)

function printPort({ port, rx, tx, rxErrors, rxNoBuffers }: ForwardPort): string {
  const border = '-'.repeat(22)
  return [
    '',
    `  ${border} Forward statistics for port ${column(port, 2)} ${border}`,
    `  RX-packets: ${column(rx.packets, 14)} RX-dropped: ${column(rx.dropped, 14)}RX-total: ${rx.total}`,
    ...(rxErrors + rxNoBuffers > 0 ? [`  RX-error: ${rxErrors}`, `  RX-nombufs: ${column(rxNoBuffers, 14)}`] : []),
    `  TX-packets: ${column(tx.packets, 14)} TX-dropped: ${column(tx.dropped, 14)}TX-total: ${tx.total}`,
    `  ${'-'.repeat(76)}`,
    '',
  ].join('\n')
}

const printStream = (stream: ForwardStream) =>
  [
    '',
    `  ------- Forward Stats for RX Port=${String(stream.rxPort).padStart(2)}/Queue=${String(stream.rxQueue).padStart(2)} -> ` +
      `TX Port=${String(stream.txPort).padStart(2)}/Queue=${String(stream.txQueue).padStart(2)} -------`,
    `  RX-packets: ${column(stream.rxPackets, 14)} TX-packets: ${column(stream.txPackets, 14)} TX-dropped: ${column(stream.txDropped, 14)}`,
    '',
  ].join('\n')

/** Prints as testpmd does, by its documented format. */
function print({ streams, ports, accumulated }: ForwardStatistics): string {
  const { rx, tx, rxNoBuffers } = accumulated
  return [
    ...streams.map(printStream),
    ...ports.map(printPort),
    `\n  ${'+'.repeat(15)} Accumulated forward statistics for all ports${'+'.repeat(15)}\n`,
    `  RX-packets: ${column(rx.packets, 14)} RX-dropped: ${column(rx.dropped, 14)}RX-total: ${rx.total}\n`,
    `  TX-packets: ${column(tx.packets, 14)} TX-dropped: ${column(tx.dropped, 14)}TX-total: ${tx.total}\n`,
    rxNoBuffers > 0 ? `  RX-nombufs: ${column(rxNoBuffers, 14)}\n` : '',
    `  ${'+'.repeat(76)}\n`,
  ].join('')
}

const printed = model.map(({ streams, ports, txErrors }): ForwardStatistics => {
  const sum = (of: (port: ForwardPort) => number) => ports.reduce((total, port) => total + of(port), 0)
  const all = (sent: number, dropped: number) => ({ packets: sent, dropped, total: sent + dropped })
  return {
    streams,
    ports,
    accumulated: {
      rx: all(
        sum(({ rx }) => rx.packets),
        sum(({ rx }) => rx.dropped),
      ),
      tx: all(
        sum(({ tx }) => tx.packets),
        sum(({ tx }) => tx.dropped) + txErrors,
      ),
      rxNoBuffers: sum((port) => port.rxNoBuffers),
    },
    txErrors,
  }
})

property.prop([printed, fc.boolean()])('reads whatever testpmd prints', (statistics, carriageReturns) => {
  const output = print(statistics)
  expect(parseForwardStatistics(carriageReturns ? output.replaceAll('\n', '\r\n') : output)).toEqual(statistics)
})

property.prop([printed, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })])(
  'never reads output that was cut off',
  (statistics, share) => {
    const output = print(statistics).trimEnd()
    const cut = output.slice(0, Math.floor(share * (output.length - 36)))
    expect(() => parseForwardStatistics(cut)).toThrow(ToolOutputError)
  },
)
