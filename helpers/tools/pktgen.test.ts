import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { parsePktgenDevice, pktgenRun, pktgenSetup, pktgenShow, pktgenStart, pktgenStop } from './pktgen.ts'
import { ToolOutputError } from './tool-output.ts'

const capture = (name: string) => readFileSync(new URL(`testdata/testpmd/${name}`, import.meta.url), 'utf8')

const options = {
  interfaceName: 'eth0',
  cpu: 0,
  packets: 5000,
  packetsPerSecond: 1000,
  frameBytes: 64,
  destinationMacAddress: '60:94:19:c9:ac:01',
  sourceAddress: '10.1.0.1',
  destinationAddress: '10.1.0.2',
} as const

test('sets up what the captures show', () => {
  expect(pktgenSetup(options)).toEqual([
    'modprobe pktgen',
    'echo reset > /proc/net/pktgen/pgctrl',
    "echo 'add_device eth0' > /proc/net/pktgen/kpktgend_0",
    "echo 'count 5000' > /proc/net/pktgen/eth0",
    "echo 'clone_skb 0' > /proc/net/pktgen/eth0",
    "echo 'pkt_size 60' > /proc/net/pktgen/eth0",
    "echo 'ratep 1000' > /proc/net/pktgen/eth0",
    "echo 'src_min 10.1.0.1' > /proc/net/pktgen/eth0",
    "echo 'src_max 10.1.0.1' > /proc/net/pktgen/eth0",
    "echo 'dst 10.1.0.2' > /proc/net/pktgen/eth0",
    "echo 'dst_mac 60:94:19:c9:ac:01' > /proc/net/pktgen/eth0",
    "echo 'udp_src_min 1000' > /proc/net/pktgen/eth0",
    "echo 'udp_src_max 1100' > /proc/net/pktgen/eth0",
    "echo 'flag UDPSRC_RND' > /proc/net/pktgen/eth0",
  ])
  expect(pktgenSetup({ ...options, packetsPerSecond: 'unlimited' })).toContain("echo 'delay 0' > /proc/net/pktgen/eth0")
  expect([pktgenRun, pktgenStart, pktgenStop, pktgenShow('eth0')]).toEqual([
    'echo start > /proc/net/pktgen/pgctrl',
    '(echo start > /proc/net/pktgen/pgctrl 2>/dev/null </dev/null &)',
    'echo stop > /proc/net/pktgen/pgctrl',
    'cat /proc/net/pktgen/eth0',
  ])
})

test.each([
  [{ interfaceName: 'eth0; reboot' }, 'invalid interface name for pktgen: "eth0; reboot"'],
  [{ interfaceName: 'averyveryverylongname' }, 'invalid interface name'],
  [{ packets: 10_000_000_000 }, 'packets 10000000000: expected a whole number from 1 to 9999999999'],
  [{ packets: 0 }, 'packets 0'],
  [{ packetsPerSecond: 0.5 }, 'packets per second 0.5: expected a whole number from 1 to 1000000000'],
  [{ frameBytes: 60 }, 'invalid frame size 60 bytes'],
  [{ destinationMacAddress: '01:00:5e:00:00:01' }, 'invalid MAC address for pktgen'],
  [{ sourceAddress: '10.1.0' }, 'invalid IPv4 address for pktgen: "10.1.0"'],
  [{ cpu: -1 }, 'CPU -1'],
])('refuses to set up %j', (change, message) => {
  expect(() => pktgenSetup({ ...options, ...change })).toThrow(message)
})

test.each([
  ['pktgen-result-rate1k.txt', [5000, 1_000_000, 4_998_625, 1000]],
  ['pktgen-result-unlimited.txt', [100_000, 0, 3_162_040, 31_625]],
])('reads the result in the capture %s, with either line end', (name, [packets, delay, elapsed, rate]) => {
  const read = parsePktgenDevice(capture(name))
  expect(read).toEqual({
    interfaceName: 'eth0',
    packets,
    packetBytes: 60,
    delayNanoseconds: delay,
    sentPackets: packets,
    errors: 0,
    state: 'finished',
    elapsedMicroseconds: elapsed,
    packetsPerSecond: rate,
  })
  expect(parsePktgenDevice(capture(name).replaceAll('\n', '\r\n'))).toEqual(read)
})

const done = capture('pktgen-result-rate1k.txt')
const withResult = (text: string) => done.replace(/Result:[^]*/, `Result: ${text}\n`)

test('tells what does not run from what runs and what has run', () => {
  expect(parsePktgenDevice(withResult('Idle')).state).toBe('idle')
  expect(parsePktgenDevice(withResult('OK: flags=0x8')).state).toBe('idle')
  expect(parsePktgenDevice(withResult('Starting').replace('pkts-sofar: 5000', 'pkts-sofar: 1200'))).toMatchObject({
    state: 'running',
    packets: 5000,
    sentPackets: 1200,
    packetsPerSecond: null,
  })
  expect(parsePktgenDevice(done.replaceAll('errors: 0', 'errors: 3')).errors).toBe(3)
})

test.each([
  ['cat: /proc/net/pktgen/eth0: No such file or directory', 'truncated', 'No such file or directory'],
  ['', 'truncated', 'it ends before the parameters of pktgen'],
  [withResult('No such parameter "pkt_sizes"'), 'refused', 'pktgen says No such parameter "pkt_sizes"'],
  [withResult('ERROR: node not possible'), 'refused', 'ERROR: node not possible'],
  [
    withResult('Flag -:X:- unknown\nAvailable flags, (prepend ! to un-set flag):\nIPSRC_RND'),
    'refused',
    'Flag -:X:- unknown',
  ],
  [done.replace(/ {2}1000pps.*\n/, ''), 'truncated', 'it ends before the rate of the result'],
  [done.replace(/Result[^]*/, ''), 'truncated', 'it ends before the result'],
  [
    done.replace('pkts-sofar: 5000', 'pkts-sofar: 4999'),
    'inconsistent',
    'the result counts 5000 packets, but pkts-sofar is 4999',
  ],
  [done.replace('pkts-sofar: 5000', 'pkts-sofar: 5e3'), 'unreadable', 'pkts-sofar is 5e3, expected a whole number'],
  [done.replace('c353312', 'c353313'), 'finished', ''],
  [done.replace('c353312', 'c353310'), 'inconsistent', 'it took 4998625 us, but 4998622 us by its parts'],
  [done.replace('1000pps', '1001pps'), 'inconsistent', '5000 packets in 4998625 us are no 1001 pps'],
  [done.replace('(480000bps)', '(480001bps)'), 'inconsistent', '1000 pps of 60 bytes are 480000 bps'],
  [
    done.replace('bps) errors: 0', 'bps) errors: 1'),
    'inconsistent',
    'the result counts 1 errors, but the current counters 0',
  ],
  [done.replace('max_pkt_size: 60', 'max_pkt_size: 61'), 'inconsistent', 'several sizes'],
])('judges case %#', (output, problem, message) => {
  if (problem === 'finished') expect(parsePktgenDevice(output).state).toBe(problem)
  else
    expect(() => parsePktgenDevice(output)).toThrow(
      expect.objectContaining({ name: 'ToolOutputError', problem, message: expect.stringContaining(message) }),
    )
})

/** The kernel reckons in nanoseconds, and prints whole microseconds and packets per second. */
const runs = fc.record({
  sent: fc.integer({ min: 0, max: 1e9 }),
  nanoseconds: fc.bigInt({ min: 1000n, max: 10n ** 15n }),
  idleShare: fc.bigInt({ min: 0n, max: 1000n }),
  bytes: fc.integer({ min: 42, max: 9014 }),
  errors: fc.nat(),
})

property.prop([runs])('reads whatever run the kernel prints', ({ sent, nanoseconds, idleShare, bytes, errors }) => {
  const idle = (nanoseconds * idleShare) / 1000n
  const rate = (BigInt(sent) * 10n ** 9n) / nanoseconds
  const bits = rate * 8n * BigInt(bytes)
  fc.pre(bits <= BigInt(Number.MAX_SAFE_INTEGER))
  const output = [
    `Params: count ${sent}  min_pkt_size: ${bytes}  max_pkt_size: ${bytes}`,
    '     frags: 0  delay: 7  clone_skb: 0  ifname: nic-east',
    '     flows: 0 flowlen: 0',
    '     Flags: UDPSRC_RND  ',
    'Current:',
    `     pkts-sofar: ${sent}  errors: ${errors}`,
    `     started: 77us  stopped: ${77n + nanoseconds / 1000n}us idle: ${idle / 1000n}us`,
    '     flows: 0',
    `Result: OK: ${nanoseconds / 1000n}(c${(nanoseconds - idle) / 1000n}+d${idle / 1000n}) usec, ${sent} (${bytes}byte,0frags)`,
    `  ${rate}pps ${bits / 1_000_000n}Mb/sec (${bits}bps) errors: ${errors}`,
  ].join('\n')
  expect(parsePktgenDevice(output)).toEqual({
    interfaceName: 'nic-east',
    packets: sent,
    packetBytes: bytes,
    delayNanoseconds: 7,
    sentPackets: sent,
    errors,
    state: 'finished',
    elapsedMicroseconds: Number(nanoseconds / 1000n),
    packetsPerSecond: Number(rate),
  })
})

property.prop([fc.integer({ min: 0, max: done.length - 12 })])(
  'never reads a finished run that was cut off',
  (length) => {
    expect(() => parsePktgenDevice(done.slice(0, length))).toThrow(ToolOutputError)
  },
)
