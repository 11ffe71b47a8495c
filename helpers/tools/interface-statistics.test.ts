import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import {
  interfaceStatisticsCommand,
  ipLinkCommand,
  parseInterfaceStatistics,
  parseIpLink,
} from './interface-statistics.ts'

const sysfs = (counters: Record<string, number | string>, name = 'eth1') =>
  Object.entries(counters)
    .map(([counter, value]) => `/sys/class/net/${name}/statistics/${counter}:${value}\n`)
    .join('')

const counters = {
  collisions: 0,
  multicast: 3,
  rx_bytes: 300_320,
  rx_dropped: 1,
  rx_errors: 2,
  rx_missed_errors: 4,
  rx_packets: 5004,
  tx_bytes: 70,
  tx_dropped: 5,
  tx_errors: 6,
  tx_packets: 1,
}
const expected = {
  rxPackets: 5004,
  rxBytes: 300_320,
  rxErrors: 2,
  rxDropped: 1,
  rxMissed: 4,
  txPackets: 1,
  txBytes: 70,
  txErrors: 6,
  txDropped: 5,
}

test('asks for the counters of one interface', () => {
  expect(interfaceStatisticsCommand('eth1')).toBe('grep -H . /sys/class/net/eth1/statistics/*')
  expect(ipLinkCommand('eth1')).toBe('ip -s -s link show dev eth1')
  expect(() => interfaceStatisticsCommand('../x')).toThrow('invalid interface name "../x"')
})

test('reads the files of an interface', () => {
  expect(parseInterfaceStatistics(sysfs(counters), 'eth1')).toEqual(expected)
  expect(parseInterfaceStatistics(sysfs(counters).replaceAll('\n', '\r\n'), 'eth1')).toEqual(expected)
})

test.each([
  ['', 'truncated', 'it ends without rx_packets'],
  ['grep: /sys/class/net/eth1/statistics/*: No such file or directory\n', 'truncated', 'No such file or directory'],
  [sysfs(counters, 'eth2'), 'inconsistent', 'this is a counter of eth2'],
  [sysfs({ ...counters, tx_packets: -1 }), 'unreadable', 'tx_packets is -1'],
  [sysfs({ ...counters, tx_packets: '18446744073709551615' }), 'unreadable', 'tx_packets is 18446744073709551615'],
  [sysfs(counters) + sysfs({ rx_bytes: 1 }), 'inconsistent', 'rx_bytes comes twice'],
  [sysfs(counters).replace(/.*tx_errors.*\n/, ''), 'truncated', 'it ends without tx_errors'],
])('refuses files, case %#', (output, problem, message) => {
  expect(() => parseInterfaceStatistics(output, 'eth1')).toThrow(
    expect.objectContaining({ problem, message: expect.stringContaining(message) }),
  )
})

const link = `3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc pfifo_fast state UP mode DEFAULT group default qlen 1000
    link/ether 50:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    RX:  bytes packets errors dropped  missed   mcast           
        300320    5004      2       1       4       3 
    RX errors:  length    crc   frame    fifo overrun
                     0      0       0       0       9 
    TX:  bytes packets errors dropped carrier collsns           
            70       1      6       5       0       0 
    TX errors: aborted   fifo  window heartbt transns
                     0      0       0       0       0 
    altname enp7s0
`
const older = `3: eth1@if7: <BROADCAST,UP> mtu 1500 qdisc mq state UP mode DEFAULT group default qlen 1000
    link/ether 50:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    RX: bytes  packets  errors  dropped overrun mcast   
    300320     5004     2       1       9       3       
    RX errors: length   crc     frame   fifo    missed
               0        0       0       0       4       
    TX: bytes  packets  errors  dropped carrier collsns 
    70         1        6       5       0       0       
    TX errors: aborted  fifo   window heartbeat transns
               0        0       0       0       0       
`

test.each([link, older])('reads what ip shows, case %#', (output) => {
  expect(parseIpLink(output, 'eth1')).toEqual(expected)
  expect(parseIpLink(output.replaceAll('\n', '\r\n'), 'eth1')).toEqual(expected)
})

test.each([
  ['Device "eth1" does not exist.\n', 'truncated', 'Device \\"eth1\\" does not exist.'],
  [link.replace('eth1', 'eth0'), 'inconsistent', 'these are the counters of eth0'],
  [link.replace(' 5004 ', ' '), 'inconsistent', '6 counters have 5 values'],
  [link.replace(' 5004 ', ' N/A '), 'unreadable', 'RX packets is N/A'],
  [link.slice(0, link.indexOf('    TX:')), 'truncated', 'it ends without tx_packets'],
  [link.replace('    altname', 'error'), 'truncated', 'before counters'],
])('refuses what ip shows, case %#', (output, problem, message) => {
  expect(() => parseIpLink(output, 'eth1')).toThrow(
    expect.objectContaining({ problem, message: expect.stringContaining(message) }),
  )
})

property.prop([fc.record(Object.fromEntries(Object.keys(counters).map((name) => [name, fc.maxSafeNat()])))])(
  'keeps every counter exact',
  (values) => {
    const read = parseInterfaceStatistics(sysfs(values), 'eth1')
    expect(Object.values(read)).toEqual(
      [
        'rx_packets',
        'rx_bytes',
        'rx_errors',
        'rx_dropped',
        'rx_missed_errors',
        'tx_packets',
        'tx_bytes',
        'tx_errors',
        'tx_dropped',
      ].map((name) => values[name]),
    )
  },
)
