import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { pingPackets } from './ping-packets.ts'
import { parsePing, PingParseError, type PingOutput } from './ping.ts'

const folder = new URL('testdata/ping/', import.meta.url)
/** The captures end with the exit code of ping, which ping did not write. */
const capture = (name: string) => readFileSync(new URL(name, folder), 'utf8').replace(/^rc=\d+\n/m, '')

function refusal(output: string): PingParseError {
  try {
    parsePing(output)
  } catch (error) {
    if (error instanceof PingParseError) return error
    throw error
  }
  throw new Error('it was read')
}

const counts = ({ statistics: { transmitted, received, duplicates, errors, lossPercent } }: PingOutput) => ({
  transmitted,
  received,
  duplicates,
  errors,
  lossPercent,
})

test.each([
  ['busybox-ok-w5.txt', { transmitted: 5, received: 5, duplicates: 0, errors: 0, lossPercent: 0 }],
  ['busybox-delay25ms-w5.txt', { transmitted: 5, received: 5, duplicates: 0, errors: 0, lossPercent: 0 }],
  ['busybox-delay1500ms-w5.txt', { transmitted: 5, received: 4, duplicates: 0, errors: 0, lossPercent: 20 }],
  ['busybox-loss-partial-w5.txt', { transmitted: 5, received: 2, duplicates: 0, errors: 0, lossPercent: 60 }],
  ['busybox-loss100-w5.txt', { transmitted: 5, received: 0, duplicates: 0, errors: 0, lossPercent: 100 }],
  ['busybox-host-unreachable-w5.txt', { transmitted: 5, received: 0, duplicates: 0, errors: 0, lossPercent: 100 }],
  ['iputils-ok-w5.txt', { transmitted: 5, received: 5, duplicates: 0, errors: 0, lossPercent: 0 }],
  ['iputils-ok-i0.2-D-n.txt', { transmitted: 25, received: 25, duplicates: 0, errors: 0, lossPercent: 0 }],
  ['iputils-ok-c5-q.txt', { transmitted: 5, received: 5, duplicates: 0, errors: 0, lossPercent: 0 }],
  ['iputils-ok-i0.01-c500-q.txt', { transmitted: 500, received: 500, duplicates: 0, errors: 0, lossPercent: 0 }],
  ['iputils-flood-c200.txt', { transmitted: 200, received: 200, duplicates: 0, errors: 0, lossPercent: 0 }],
  ['iputils-delay1500ms-w5.txt', { transmitted: 5, received: 4, duplicates: 0, errors: 0, lossPercent: 20 }],
  ['iputils-peer-paused-1.5s-i0.2.txt', { transmitted: 25, received: 25, duplicates: 0, errors: 0, lossPercent: 0 }],
  ['iputils-duplicates-w5.txt', { transmitted: 5, received: 5, duplicates: 3, errors: 0, lossPercent: 0 }],
  ['iputils-loss-partial-w5.txt', { transmitted: 5, received: 1, duplicates: 0, errors: 0, lossPercent: 80 }],
  [
    'iputils-loss-partial-i0.2-w5.txt',
    { transmitted: 24, received: 17, duplicates: 0, errors: 0, lossPercent: 700 / 24 },
  ],
  ['iputils-mtu-M-do-s2000.txt', { transmitted: 2, received: 0, duplicates: 0, errors: 2, lossPercent: 100 }],
])('reads the capture %s, with either line end', (name, expected) => {
  const output = capture(name)
  const read = parsePing(output)
  expect(counts(read)).toEqual(expected)
  expect(read.family).toBe(name.startsWith('busybox') ? 'busybox' : 'iputils')
  expect(parsePing(output.replaceAll('\n', '\r\n'))).toEqual(read)
})

test.each(['busybox-unresolved-host.txt', 'iputils-unresolved-host.txt'])(
  'tells an unresolved name from a lost packet in %s',
  (name) => {
    const { problem, message, lineNumber } = refusal(capture(name))
    expect({ problem, lineNumber }).toEqual({ problem: 'unresolved', lineNumber: 1 })
    expect(message).toContain('nosuchhost')
  },
)

test('every capture is in the tables above', () => {
  expect(readdirSync(folder)).toHaveLength(19)
})

test('reads times as whole nanoseconds and says how far they were rounded', () => {
  const { replies, statistics } = parsePing(capture('iputils-ok-w5.txt'))
  expect(
    replies.map(({ sequence, timeNanoseconds, resolutionNanoseconds }) => [
      sequence,
      timeNanoseconds,
      resolutionNanoseconds,
    ]),
  ).toEqual([
    [1, 1_090_000, 10_000],
    [2, 1_200_000, 10_000],
    [3, 18_300_000, 100_000],
    [4, 805_000, 1000],
    [5, 1_730_000, 10_000],
  ])
  expect(statistics.roundTrip).toEqual({
    minNanoseconds: 805_000,
    averageNanoseconds: 4_613_000,
    maxNanoseconds: 18_257_000,
    mdevNanoseconds: 6_828_000,
  })
  expect(statistics.totalMilliseconds).toBe(4050)
})

test('keeps the time of arrival that -D prints, the pipe, and the errors', () => {
  expect(parsePing(capture('iputils-ok-i0.2-D-n.txt')).replies[0]?.arrivedMicroseconds).toBe(1_795_162_949_715_959)
  expect(parsePing(capture('iputils-peer-paused-1.5s-i0.2.txt')).statistics.pipe).toBe(7)
  expect(parsePing(capture('iputils-mtu-M-do-s2000.txt')).errors).toEqual(
    [2, 3].map((lineNumber) => ({
      lineNumber,
      line: '/usr/bin/ping: local error: message too long, mtu=1500',
      from: null,
      sequence: null,
      message: 'local error: message too long, mtu=1500',
    })),
  )
})

test('quiet output has its statistics and no packets', () => {
  const read = parsePing(capture('iputils-flood-c200.txt'))
  expect(read).toMatchObject({ quiet: true, replies: [] })
  expect(() => pingPackets(read)).toThrow('ping did not list its replies; run it without -q and -f')
})

test('reads unreachable hosts of iputils, with a pipe and without a round trip', () => {
  const read = parsePing(
    [
      'PING 10.0.0.9 (10.0.0.9) from 10.0.0.1 eth0: 56(84) bytes of data.',
      'From 10.0.0.1 icmp_seq=1 Destination Host Unreachable',
      'no answer yet for icmp_seq=2',
      'From 10.0.0.1 icmp_seq=2 Destination Host Unreachable',
      '',
      '--- 10.0.0.9 ping statistics ---',
      '3 packets transmitted, 0 received, +2 errors, 100% packet loss, time 2003ms',
      'pipe 3',
    ].join('\n'),
  )
  expect(read.errors.map(({ from, sequence, message }) => ({ from, sequence, message }))).toEqual([
    { from: '10.0.0.1', sequence: 1, message: 'Destination Host Unreachable' },
    { from: '10.0.0.1', sequence: 2, message: 'Destination Host Unreachable' },
  ])
  expect(read.notices).toEqual(['no answer yet for icmp_seq=2'])
  expect(read.statistics).toMatchObject({ pipe: 3, roundTrip: null, lossPercent: 100, errors: 2 })
})

test.each([
  ['PING fd00::2 (fd00::2): 56 data bytes', 'seq', 'busybox', 'fd00::2'],
  ['PING fd00::2 (fd00::2) from fd00::1: 56 data bytes', 'seq', 'busybox', 'fd00::2'],
  ['PING fd00::2(fd00::2) 56 data bytes', 'icmp_seq', 'iputils', 'fd00::2'],
  ['PING fd00::2 (fd00::2) 56 data bytes', 'icmp_seq', 'iputils', 'fd00::2'],
  ['PING fd00::2(fd00::2) from fd00::1 eth0: 56 data bytes', 'icmp_seq', 'iputils', 'fd00::2'],
  ['PING fd00::2(fd00::2) from fd00::1 : 56 data bytes', 'icmp_seq', 'iputils', 'fd00::2'],
  ['PING peer(peer.lan (fd00::2)) 56 data bytes', 'icmp_seq', 'iputils', 'fd00::2'],
])('tells the family and the address of %j', (header, sequence, family, address) => {
  const busybox = family === 'busybox'
  const host = header.startsWith('PING peer') ? 'peer' : 'fd00::2'
  const text = [
    header,
    `64 bytes from ${host === 'peer' ? 'peer.lan (fd00::2)' : host}: ${sequence}=${busybox ? 0 : 1} ttl=64 time=0.314 ms`,
    `--- ${host} ping statistics ---`,
    busybox
      ? '1 packets transmitted, 1 packets received, 0% packet loss'
      : '1 packets transmitted, 1 received, 0% packet loss, time 0ms',
    busybox ? 'round-trip min/avg/max = 0.314/0.314/0.314 ms' : 'rtt min/avg/max/mdev = 0.314/0.314/0.314/0.000 ms',
  ].join('\n')
  expect(parsePing(text)).toMatchObject({ family, address, replies: [{ timeNanoseconds: 314_000 }] })
})

const header = 'PING 10.0.0.2 (10.0.0.2): 56 data bytes\n'
const reply = (sequence: number, time = '1.000', flags = '') =>
  `64 bytes from 10.0.0.2: seq=${sequence} ttl=64 time=${time} ms${flags}\n`
const end = '--- 10.0.0.2 ping statistics ---\n'
const two = `${end}2 packets transmitted, 2 packets received, 0% packet loss\nround-trip min/avg/max = 1.000/1.000/1.000 ms\n`

test.each<[string, string, PingParseError['problem'], string]>([
  [
    'no route',
    `${header}ping: sendto: Network is unreachable\n`,
    'unreachable',
    'in line 2: "ping: sendto: Network is unreachable"',
  ],
  ['no route at the start', 'ping: connect: Network is unreachable\n', 'unreachable', 'in line 1'],
  ['no route, old iputils', 'connect: Network is unreachable\n', 'unreachable', 'in line 1'],
  ['no ping', 'sh: ping: not found\n', 'refused', 'in line 1: "sh: ping: not found"'],
  ['a bad option', "ping: invalid number '-5'\n", 'refused', 'in line 1: "ping: invalid number \'-5\'"'],
  ['nothing', '', 'truncated', 'it is empty'],
  ['no statistics', header + reply(0), 'truncated', 'in line 2'],
  [
    'half a reply at the end',
    `${header}64 bytes from 10.0.0.2: seq=0 tt`,
    'truncated',
    'in line 2: "64 bytes from 10.0.0.2: seq=0 tt"',
  ],
  ['half a count', `${header}${reply(0)}${end}1 packets transmitted, 1 pack`, 'truncated', 'in line 4'],
  [
    'no round trip',
    `${header}${reply(0)}${end}1 packets transmitted, 1 packets received, 0% packet loss\n`,
    'truncated',
    'before the round-trip times',
  ],
  [
    'a kernel message inside a line',
    `${header}64 bytes from 10.0.0.2: seq=0 [   12.345678] eth0: link up\n ttl=64 time=1 ms\n${two}`,
    'unreadable',
    'in line 2: "64 bytes from 10.0.0.2: seq=0 [   12.345678] eth0: link up"',
  ],
  ['letters in a number', header + reply(0, '1.0x0') + reply(1) + two, 'unreadable', 'in line 2'],
  ['an empty number', header + reply(0, '') + reply(1) + two, 'unreadable', 'in line 2'],
  ['a missing reply', header + reply(0) + two, 'inconsistent', '2 packets received, but 1 replies are listed'],
  [
    'a reply too many',
    header + reply(0) + reply(1) + reply(2) + two,
    'inconsistent',
    '2 packets received, but 3 replies are listed',
  ],
  [
    'the same reply twice',
    header + reply(0) + reply(0) + two,
    'inconsistent',
    'two replies to sequence 0, of which none is marked (DUP!)',
  ],
  [
    'a sequence never sent',
    header + reply(0) + reply(7) + two,
    'inconsistent',
    'a reply to sequence 7, but 2 packets were transmitted from sequence 0',
  ],
  [
    'another average',
    header + reply(0) + reply(1, '2.000') + two,
    'inconsistent',
    'the largest round-trip time is 1 ms, but 2 ms by the listed replies',
  ],
  [
    'another loss',
    header + reply(0) + reply(1) + two.replace('0%', '7%'),
    'inconsistent',
    '7% packet loss, but 2 of 2 packets received is 0%',
  ],
  [
    'more received than sent',
    header + reply(0) + reply(1) + two.replace('2 packets t', '1 packets t'),
    'inconsistent',
    '2 packets received of 1 transmitted',
  ],
  [
    'an average above the maximum',
    header + reply(0) + reply(1) + two.replace('1.000/1.000/1.000', '1.000/3.000/1.000'),
    'inconsistent',
    'not between the smallest and the largest',
  ],
  [
    'statistics of another host',
    header + reply(0) + reply(1) + two.replace('10.0.0.2 ping', '10.0.0.3 ping'),
    'inconsistent',
    'not the statistics of 10.0.0.2',
  ],
  [
    'a reply from another host',
    header + reply(0) + reply(1).replace('10.0.0.2', '10.0.0.3') + two,
    'unreadable',
    'in line 3',
  ],
  [
    'a reply of another family',
    header + reply(0) + reply(1).replace('seq', 'icmp_seq') + two,
    'unreadable',
    'in line 3',
  ],
  ['a second ping', header + reply(0) + reply(1) + two + header, 'unreadable', 'in line 7'],
  ['a shell prompt', `localhost:~# ping 10.0.0.2\n${header}`, 'unreadable', 'in line 1: "localhost:~# ping 10.0.0.2"'],
])('refuses %s', (_what, output, problem, quoted) => {
  const error = refusal(output)
  expect(error.problem).toBe(problem)
  expect(error.message).toContain(quoted)
})

const listed = (...times: string[]) =>
  times.map((time, index) => `64 bytes from 10.0.0.2: icmp_seq=${index + 1} ttl=64 time=${time} ms\n`).join('')
const iputils = (replies: string, statistics: string, count = 2) =>
  `PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.\n${replies}${end}${count} packets transmitted, ${count} received, 0% packet loss, time 1ms\nrtt min/avg/max/mdev = ${statistics} ms\n`

test.each([
  ['smallest', '1.900/3.000/4.000/1.000', 'the smallest round-trip time is 1.9 ms, but 2 ms by the listed replies'],
  ['average', '2.000/3.100/4.000/1.000', 'the average round-trip time is 3.1 ms, but 3 ms by the listed replies'],
  ['largest', '2.000/3.000/4.100/1.000', 'the largest round-trip time is 4.1 ms, but 4 ms by the listed replies'],
  ['mdev', '2.000/3.000/4.000/1.200', 'the mdev of the round-trip time is 1.2 ms, but 1 ms by the listed replies'],
  ['mdev', '2.000/3.000/4.000/0.900', 'the mdev of the round-trip time is 0.9 ms, but 1 ms by the listed replies'],
])('refuses another %s than that of the listed replies', (_which, statistics, message) => {
  expect(parsePing(iputils(listed('2.00', '4.00'), '2.000/3.000/4.000/1.000')).statistics.received).toBe(2)
  expect(refusal(iputils(listed('2.00', '4.00'), statistics)).message).toContain(message)
})

test('rounding explains a difference: of printed times, and of the average in the mdev of old versions', () => {
  expect(parsePing(iputils(listed('2.00', '4.00'), '2.004/3.002/3.996/0.996')).replies).toHaveLength(2)
  expect(parsePing(iputils(listed('9.00', '9.00', '9.00'), '9.000/9.000/9.001/0.109', 3)).replies).toHaveLength(3)
})

test('refuses a number of corrupted replies that are not listed', () => {
  const text = iputils(listed('2.00', '4.00'), '2.000/3.000/4.000/1.000').replace(
    'received,',
    'received, +1 corrupted,',
  )
  expect(refusal(text).message).toContain('1 corrupted, but 0 are listed as (BAD CHECKSUM!)')
})

test('a reply with a time stamp that cannot be read is no kernel message', () => {
  const text = capture('iputils-ok-i0.2-D-n.txt').replace('icmp_seq=2 ttl=64', 'icmp_seq=2 tt1=64')
  expect(refusal(text)).toMatchObject({ problem: 'unreadable', lineNumber: 3 })
  expect(refusal(text.replace(/^.*tt1.*$/m, '[1795162949.916343] From 10.0.0.1 nonsense')).problem).toBe('unreadable')
})

test('whole lines of the kernel may come anywhere', () => {
  const kernel = '[   12.345678] random: crng init done\n'
  const read = parsePing(kernel + header + kernel + reply(0) + kernel + reply(1) + kernel + two + kernel)
  expect(read.kernelMessages).toHaveLength(5)
  expect(read.replies).toHaveLength(2)
})

test('a corrupted reply is not received', () => {
  const read = parsePing(
    [
      'PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.',
      '64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=1.00 ms',
      '64 bytes from 10.0.0.2: icmp_seq=2 ttl=64 time=5.00 ms (BAD CHECKSUM!)',
      '--- 10.0.0.2 ping statistics ---',
      '2 packets transmitted, 1 received, +1 corrupted, 50% packet loss, time 1001ms',
      'rtt min/avg/max/mdev = 1.000/1.000/1.000/0.000 ms',
    ].join('\n'),
  )
  expect(pingPackets(read)).toMatchObject({ transmitted: 2, received: 1, lost: [1], lossPercent: 50 })
})

test('packets too small for a time stamp have no time, not 0', () => {
  const read = parsePing(
    [
      'PING 10.0.0.2 (10.0.0.2) 8(36) bytes of data.',
      '16 bytes from 10.0.0.2: icmp_seq=1 ttl=64',
      '--- 10.0.0.2 ping statistics ---',
      '1 packets transmitted, 1 received, 0% packet loss, time 0ms',
    ].join('\n'),
  )
  expect(read.replies[0]?.timeNanoseconds).toBeNull()
  expect(read.statistics.roundTrip).toBeNull()
  expect(pingPackets(read)).toMatchObject({ received: 1, lost: [], roundTripNanoseconds: [] })
})

test('sequence numbers go on where the 16 bits of the packet start again, also out of order', () => {
  const printed = [65_534, 0, 65_535, 1]
  const read = parsePing(
    `${header}${Array.from({ length: 65_534 }, (_, sequence) => reply(sequence)).join('')}${printed.map((sequence) => reply(sequence)).join('')}${two.replaceAll('2 packets', '65538 packets')}`,
  )
  expect(read.replies.slice(-4).map(({ sequence }) => sequence)).toEqual([65_534, 65_536, 65_535, 65_537])
  expect(pingPackets(read).reordered).toBe(1)
})

test('leaves out the packets that warm up', () => {
  const read = parsePing(
    `${header}${reply(0, '9.000')}${reply(2)}${reply(1)}${reply(1, '2.000', ' (DUP!)')}${reply(4)}${end}6 packets transmitted, 4 packets received, 1 duplicates, 33% packet loss\nround-trip min/avg/max = 1.000/2.800/9.000 ms\n`,
  )
  expect(pingPackets(read, 1)).toEqual({
    transmitted: 5,
    received: 3,
    lost: [2, 4],
    lossPercent: 40,
    duplicates: 1,
    reordered: 1,
    roundTripNanoseconds: [1_000_000, 1_000_000, 1_000_000],
  })
  expect(pingPackets(read).roundTripNanoseconds).toEqual([9_000_000, 1_000_000, 1_000_000, 1_000_000])
  expect(pingPackets(read, 100)).toMatchObject({ transmitted: 0, lossPercent: null, lost: [] })
})

test('the largest and the smallest round trip are exact although iputils lists them rounded', () => {
  expect(pingPackets(parsePing(capture('iputils-ok-w5.txt'))).roundTripNanoseconds).toEqual([
    1_090_000, 1_200_000, 18_257_000, 805_000, 1_730_000,
  ])
  // Here the largest is a duplicate, and the two 2.04 ms are neither.
  expect(pingPackets(parsePing(capture('iputils-duplicates-w5.txt'))).roundTripNanoseconds).toEqual([
    2_040_000, 943_000, 16_200_000, 2_720_000, 1_070_000,
  ])
  // Three 1501 ms look alike: the smallest cannot be told; the largest can.
  expect(pingPackets(parsePing(capture('iputils-delay1500ms-w5.txt'))).roundTripNanoseconds).toEqual([
    1_501_804_000, 1_501_000_000, 1_501_000_000, 1_501_000_000,
  ])
})

/** A packet of the model: round-trip times in microseconds of the replies that come, the first and its duplicates. */
type Packet = number[]
const model = fc.array(fc.array(fc.integer({ min: 1, max: 3_000_000 }), { maxLength: 3 }), {
  minLength: 1,
  maxLength: 60,
})

const decimals = (micros: number, digits: number) => (micros / 1000).toFixed(digits)

/** As iputils prints single times: four digits or so, rounded. */
function iputilsTime(micros: number): string {
  if (micros >= 100_000 - 50) return String(Math.floor((micros + 500) / 1000))
  if (micros >= 10_000 - 5) return decimals(Math.floor((micros + 50) / 100) * 100, 1)
  return micros >= 1000 ? decimals(Math.floor((micros + 5) / 10) * 10, 2) : decimals(micros, 3)
}

function write(family: 'busybox' | 'iputils', packets: Packet[], oldMdev = false): string {
  const busybox = family === 'busybox'
  const lines = packets.flatMap((times, index) =>
    times.map((micros, copy) =>
      busybox
        ? `64 bytes from 10.0.0.2: seq=${index} ttl=64 time=${decimals(micros, 3)} ms${copy > 0 ? ' (DUP!)' : ''}`
        : `64 bytes from 10.0.0.2: icmp_seq=${index + 1} ttl=64 time=${iputilsTime(micros)} ms${copy > 0 ? ' (DUP!)' : ''}`,
    ),
  )
  const all = packets.flat()
  const received = packets.filter((times) => times.length > 0).length
  const loss = ((packets.length - received) * 100) / packets.length
  const duplicates = all.length - received
  const mean = Math.floor(all.reduce((sum, micros) => sum + micros, 0) / all.length)
  const exact = all.reduce((sum, micros) => sum + micros, 0) / all.length
  const squares = all.reduce((sum, micros) => sum + micros ** 2, 0) / all.length
  const variance = oldMdev
    ? Math.floor(squares) - mean ** 2
    : all.reduce((sum, micros) => sum + (micros - exact) ** 2, 0) / all.length
  const trip = [Math.min(...all), mean, Math.max(...all)].map((micros) => decimals(micros, 3)).join('/')
  const mdev = decimals(Math.floor(Math.sqrt(Math.max(0, variance))), 3)
  return [
    busybox ? 'PING 10.0.0.2 (10.0.0.2): 56 data bytes' : 'PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.',
    ...lines,
    '',
    '--- 10.0.0.2 ping statistics ---',
    busybox
      ? `${packets.length} packets transmitted, ${received} packets received, ${duplicates > 0 ? `${duplicates} duplicates, ` : ''}${Math.floor(loss)}% packet loss`
      : `${packets.length} packets transmitted, ${received} received${duplicates > 0 ? `, +${duplicates} duplicates` : ''}, ${Number(Math.fround(loss).toPrecision(6))}% packet loss, time 4009ms`,
    ...(received === 0
      ? []
      : [busybox ? `round-trip min/avg/max = ${trip} ms` : `rtt min/avg/max/mdev = ${trip}/${mdev} ms`]),
    '',
  ].join('\n')
}

property.prop([fc.constantFrom('busybox' as const, 'iputils' as const), model, fc.boolean()])(
  'what a model of ping writes is read back: loss, duplicates and every time',
  (family, packets, oldMdev) => {
    const read = parsePing(write(family, packets, oldMdev))
    const result = pingPackets(read)
    expect(result.lost).toEqual(packets.flatMap((times, index) => (times.length === 0 ? [index] : [])))
    expect(result.duplicates).toBe(packets.reduce((sum, times) => sum + Math.max(0, times.length - 1), 0))
    expect(result.reordered).toBe(0)
    const exact = packets.flatMap(([first]) => (first === undefined ? [] : [first * 1000]))
    const tolerances = read.replies.filter(({ kind }) => kind === 'first').map((one) => one.resolutionNanoseconds)
    expect(result.roundTripNanoseconds).toHaveLength(exact.length)
    for (const [index, time] of result.roundTripNanoseconds.entries())
      expect(Math.abs(time - exact[index]!)).toBeLessThanOrEqual(family === 'busybox' ? 0 : tolerances[index]! / 2)
  },
)

property.prop([
  fc.constantFrom('busybox' as const, 'iputils' as const),
  model,
  fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
])('output that ends early is refused', (family, packets, share) => {
  const text = write(family, packets).trimEnd()
  expect(refusal(text.slice(0, Math.floor(text.length * share))).name).toBe('PingParseError')
})

property.prop([
  fc.constantFrom('busybox' as const, 'iputils' as const),
  model,
  fc.nat(),
  fc.string({ minLength: 1, maxLength: 30 }),
])('a foreign line is quoted in the refusal', (family, packets, place, noise) => {
  fc.pre(/[^\s.EC\b]/.test(noise) && !/[\r\n]/.test(noise))
  const lines = write(family, packets).split('\n')
  lines.splice(place % (lines.length - 1), 0, `# ${noise}`)
  const error = refusal(lines.join('\n'))
  expect(error.message).toContain(JSON.stringify(`# ${noise}`))
})

property.prop([fc.constantFrom('busybox' as const, 'iputils' as const), model, fc.nat()])(
  'a reply that went missing is noticed',
  (family, packets, which) => {
    const lines = write(family, packets).split('\n')
    const replies = lines.flatMap((line, index) => (line.includes('bytes from') ? [index] : []))
    fc.pre(replies.length > 1)
    lines.splice(replies[which % replies.length]!, 1)
    expect(refusal(lines.join('\n')).problem).toBe('inconsistent')
  },
)
