import { test } from 'vitest'
import { parsePing } from '../helpers/tools/ping.ts'
import { printFigure } from './figures.ts'

const packets = 100_000

/** As BusyBox prints it, with a round-trip time that is different for every packet. */
function pingText(): string {
  const time = (sequence: number) => 300 + (sequence % 97)
  const times = Array.from({ length: packets }, (_, sequence) => time(sequence))
  const milliseconds = (microseconds: number) => (microseconds / 1000).toFixed(3)
  const mean = Math.floor(times.reduce((sum, each) => sum + each, 0) / packets)
  return [
    'PING 192.168.100.2 (192.168.100.2): 56 data bytes',
    ...times.map(
      (each, sequence) => `64 bytes from 192.168.100.2: seq=${sequence} ttl=64 time=${milliseconds(each)} ms`,
    ),
    '',
    '--- 192.168.100.2 ping statistics ---',
    `${packets} packets transmitted, ${packets} packets received, 0% packet loss`,
    `round-trip min/avg/max = ${milliseconds(300)}/${milliseconds(mean)}/${milliseconds(396)} ms`,
    '',
  ].join('\n')
}

test('ping parser', { timeout: 60_000 }, async ({ bench }) => {
  const text = pingText()
  const { latency } = await bench(`parse ${packets} replies`, () => {
    parsePing(text)
  }).run({ time: 2000 })
  printFigure('ping parser', text.length / 1e6 / (latency.p50 / 1000), 'MB/s')
})
