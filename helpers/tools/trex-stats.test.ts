import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { ToolOutputError } from './tool-output.ts'
import { parseTrexGlobalStatistics, parseTrexLatency, parseTrexPortStatistics } from './trex-stats.ts'

/**
 * Colours as the console does: the digits of a number up to its point, or together with the character that follows, so
 * that a code may stand within a number, and behind a comma or the end of the line.
 */
const colour = (json: string) =>
  json
    .replaceAll(/( *: +)(-?[1-9][0-9]*[^.])/g, '$1\u001B[94m$2\u001B[0m')
    .replaceAll(/( *: +)(-?[1-9][0-9]*)(?=\.)/g, '$1\u001B[94m$2\u001B[0m')
    .replaceAll(/( *: +)("[^"]*")/g, '$1\u001B[31m$2\u001B[0m')

const pretty = (value: unknown) => colour(JSON.stringify(value, null, 4))

interface Call {
  method: string
  params?: Record<string, unknown>
  /** JSON text, so that numbers may be such that JavaScript has not. */
  result: string
  batch?: boolean
}

function exchange({ method, params = {}, result, batch = false }: Call, id: string): string {
  const request = { id, jsonrpc: '2.0', method, params: { api_h: 'hu7wm7qq', ...params } }
  const response = `{\n    "id": "${id}",\n    "jsonrpc": "2.0",\n    "result": ${result}\n}`
  return [
    `\n\n[verbose] Sending Request To Server:\n\n${pretty(batch ? [request] : request)}\n`,
    `\n\n[verbose] Server Response:\n\n${colour(batch ? `[\n${response}\n]` : response)}\n`,
  ].join('\n')
}

const head =
  "Using 'python3' as Python interpeter\n\n\n-=TRex Console v3.0=-\n\ntrex>\n\u001B[1mverbose set to on\u001B[22m\n"
const table =
  '\n\u001B[4mPort Statistics\u001B[24m\n\n   port    |         0 \n-----------+-----------\nopackets   |                 0 \n'
const foot = '\ntrex>Shutting down RPC client\n\n'
const session = (...calls: Call[]) =>
  (head + calls.map((call, index) => exchange(call, `id${index}`)).join('') + table + foot).replaceAll('\n', '\r\n')

const port0 = {
  ibytes: '68625',
  ierrors: '10',
  ipackets: '893',
  m_cpu_util: '11.0',
  m_total_rx_bps: '6630.8935546875',
  m_total_rx_pps: '9.337542533874512',
  m_total_tx_bps: '1820482048.0',
  m_total_tx_pps: '3346474.25',
  obytes: '32640000000',
  oerrors: '15',
  opackets: '480000000',
}
const json = (fields: Record<string, string>) =>
  `{\n${Object.entries(fields)
    .map(([key, value]) => `        "${key}": ${value}`)
    .join(',\n')}\n    }`
const portCall = (port: number, change: Record<string, string> = {}, batch = true): Call => ({
  method: 'get_port_stats',
  params: { port_id: port },
  result: json({ ...port0, ...change }),
  batch,
})

test.each([true, false])('reads the statistics of a port through colours and CR LF, in a batch: %s', (batch) => {
  const output = session(portCall(0, {}, batch))
  expect(output).toContain('"m_total_tx_bps": \u001B[94m1820482048\u001B[0m.0,')
  expect(output).toContain('"obytes": \u001B[94m32640000000,\u001B[0m')
  expect(parseTrexPortStatistics(output, 0)).toEqual({
    opackets: 480_000_000,
    ipackets: 893,
    obytes: 32_640_000_000,
    ibytes: 68_625,
    oerrors: 15,
    ierrors: 10,
    txPacketsPerSecond: 3_346_474.25,
    rxPacketsPerSecond: 9.337542533874512,
    txBitsPerSecond: 1_820_482_048,
    rxBitsPerSecond: 6630.8935546875,
    cpuPercent: 11,
  })
})

test('tells apart the answers about several ports, and takes the last one about each', () => {
  const output = session(
    { method: 'get_owner', result: '{}' },
    portCall(0, { opackets: '1' }),
    portCall(1, { opackets: '2' }),
    portCall(0, { opackets: '3' }),
  )
  expect(parseTrexPortStatistics(output, 0).opackets).toBe(3)
  expect(parseTrexPortStatistics(output, 1).opackets).toBe(2)
  expect(() => parseTrexPortStatistics(output, 2)).toThrow('none of the answers to get_port_stats is about port 2')
})

test('takes no older answer for one that was cut off', () => {
  const output = session(portCall(0), portCall(0))
  const cut = output.slice(0, output.lastIndexOf('[verbose] Server Response'))
  expect(() => parseTrexPortStatistics(cut, 0)).toThrow('before the answer of the server to get_port_stats')
})

test('knows brackets in texts from those of the answer', () => {
  const output = session(portCall(0, { note: String.raw`"} \" ] {["` }))
  expect(parseTrexPortStatistics(output, 0).opackets).toBe(480_000_000)
})

test('reads around whole lines of the kernel in the midst of an answer', () => {
  const output = session(portCall(0)).replace(
    /\r\n( +"obytes")/,
    '\r\n[  512.000123] ixgbevf 0000:06:00.0: "ibytes": 7\r\n$1',
  )
  expect(parseTrexPortStatistics(output, 0).ibytes).toBe(68_625)
})

test.each([
  ['18446744073709551615', 'opackets: expected a whole number from 0 to 9007199254740991', '18446744073709551615'],
  ['9007199254740993', 'opackets: expected a whole number from 0 to', '9007199254740993'],
  ['-1', 'opackets: expected a whole number from 0 to', '-1'],
  ['1.5', 'opackets: expected a whole number from 0 to', '1.5'],
  ['"N/A"', 'opackets: expected a whole number from 0 to', 'N/A'],
  ['null', 'opackets: expected a whole number from 0 to', 'null'],
])('never rounds nor guesses the counter %s', (value, message, quoted) => {
  expect(() => parseTrexPortStatistics(session(portCall(0, { opackets: value })), 0)).toThrow(
    expect.objectContaining({
      problem: 'unreadable',
      message: expect.stringContaining(message),
      line: expect.stringContaining(quoted),
    }),
  )
})

const complete = session(portCall(0))

test.each([
  ['', 'missing', 'it holds no request get_port_stats, it holds no line'],
  [head, 'missing', 'it holds no request get_port_stats, in line'],
  [
    complete.slice(0, complete.indexOf('Server Response')),
    'truncated',
    'before the answer of the server to get_port_stats',
  ],
  [
    complete.slice(0, complete.indexOf('"oerrors"')),
    'truncated',
    'in the midst of what follows [verbose] Server Response:',
  ],
  [complete.replace(/,(?=.*\r\n +"oerrors")/, ''), 'unreadable', 'no JSON follows [verbose] Server Response:'],
  [
    complete.replace(/"result"[^]*?\}/, '"error": {"code": -32000, "message": "bad", "specific_err": "no port 7"}'),
    'refused',
    'the server answers get_port_stats with error -32000, no port 7',
  ],
  [complete.replace(/ +"opackets".*\r\n/, '"x": 1\r\n'), 'unreadable', 'opackets: expected a whole number'],
  [complete.replaceAll('id0', 'id1').replace('id1', 'id0'), 'truncated', 'before the answer of the server'],
  [
    'Connecting to RPC server on localhost:4501          [FAILED]\n\n*** [RPC] - Failed to get server response\n',
    'refused',
    'Failed to get server response',
  ],
])('refuses case %#', (output, problem, message) => {
  expect(() => parseTrexPortStatistics(output, 0)).toThrow(
    expect.objectContaining({ name: 'ToolOutputError', problem, message: expect.stringContaining(message) }),
  )
})

test('reads the statistics of all ports', () => {
  const result = {
    m_active_flows: '1.0',
    m_cpu_util: '21.275409698486328',
    m_rx_bps: '4090272768.0',
    m_rx_cpu_util: '5.0',
    m_rx_drop_bps: '6.0',
    m_rx_pps: '7988813.0',
    m_total_alloc_error: '8',
    m_total_queue_drop: '17',
    m_total_queue_full: '18',
    m_total_rx_bytes: '27642288128',
    m_total_rx_pkts: '431910752',
    m_total_tx_bytes: '29364454280',
    m_total_tx_pkts: '431830210',
    m_tx_bps: '4345917952.0',
    m_tx_expected_pps: '23.0',
    m_tx_pps: '7988831.0',
    m_bw_per_core: '6.808984279632568',
  }
  expect(parseTrexGlobalStatistics(session({ method: 'get_global_stats', result: json(result) }))).toEqual({
    txPackets: 431_830_210,
    rxPackets: 431_910_752,
    txBytes: 29_364_454_280,
    rxBytes: 27_642_288_128,
    txPacketsPerSecond: 7_988_831,
    rxPacketsPerSecond: 7_988_813,
    txBitsPerSecond: 4_345_917_952,
    rxBitsPerSecond: 4_090_272_768,
    rxDropBitsPerSecond: 6,
    expectedTxPacketsPerSecond: 23,
    cpuPercent: 21.275409698486328,
    rxCpuPercent: 5,
    queueFull: 18,
    queueDrop: 17,
    allocationErrors: 8,
  })
  const without = session({ method: 'get_global_stats', result: json({ ...result, m_rx_drop_bps: 'null' }) })
  expect(() => parseTrexGlobalStatistics(without)).toThrow('m_rx_drop_bps: expected a number')
})

const groups = (
  latency: unknown,
  flow: unknown = { tp: { 0: 1000, 1: 0 }, rp: { 0: 0, 1: 998 }, tb: {}, rb: {} },
): Call => ({
  method: 'get_pgid_stats',
  params: { pgids: [5] },
  result: JSON.stringify(
    { flow_stats: { g: {}, 5: flow }, latency: { g: { old_flow: 0, bad_hdr: 0 }, 5: latency }, ver_id: { 5: 1 } },
    null,
    4,
  ),
})
const times = { average: 52.5, total_max: 211, total_min: 20, last_max: 90, jit: 3 }

test('reads the latency of a stream', () => {
  const call = groups({ lat: { ...times, histogram: { 100: 8, 20: 900, 0: 90 } }, er: { drp: 2, stl: 1 } })
  const ids = { method: 'get_active_pgids', result: '{"ids": {"flow_stats": [], "latency": [5]}}' }
  expect(parseTrexLatency(session(ids, call))).toEqual([
    {
      packetGroup: 5,
      txPackets: 1000,
      rxPackets: 998,
      times: {
        minMicroseconds: 20,
        averageMicroseconds: 52.5,
        maxMicroseconds: 211,
        lastMaxMicroseconds: 90,
        jitterMicroseconds: 3,
      },
      histogram: [
        { fromMicroseconds: 0, packets: 90 },
        { fromMicroseconds: 20, packets: 900 },
        { fromMicroseconds: 100, packets: 8 },
      ],
      errors: { dropped: 2, outOfOrder: 0, duplicates: 0, sequenceTooHigh: 0, sequenceTooLow: 1 },
    },
  ])
})

test('has no times when no packet came back, and no streams when none measures latency', () => {
  expect(parseTrexLatency(session(groups({ lat: { ...times, total_min: 1e300 } })))[0]).toMatchObject({
    times: null,
    histogram: [],
  })
  expect(parseTrexLatency(session(groups({})))[0]).toMatchObject({ times: null })
  const none = { method: 'get_pgid_stats', result: '{"flow_stats": null, "latency": {"g": {}}, "ver_id": null}' }
  expect(parseTrexLatency(session(none))).toEqual([])
})

test('refuses latency that is not understood', () => {
  expect(() => parseTrexLatency(session(groups({ lat: { ...times, average: 'N/A' } })))).toThrow(
    'lat.average: expected a number',
  )
  expect(() => parseTrexLatency(session(groups({ lat: times }, { tp: {} })))).toThrow(ToolOutputError)
  expect(() => parseTrexLatency(session({ method: 'get_active_pgids', result: '{}' }))).toThrow(
    'no request get_pgid_stats',
  )
})

const counter = fc.oneof(fc.nat(9), fc.maxSafeNat())
const rate = fc.double({ min: 0, max: 1e12, noNaN: true })
const model = fc.record({
  opackets: counter,
  ipackets: counter,
  obytes: counter,
  ibytes: counter,
  oerrors: counter,
  ierrors: counter,
  m_total_tx_pps: rate,
  m_total_rx_pps: rate,
  m_total_tx_bps: rate,
  m_total_rx_bps: rate,
  m_cpu_util: rate,
})
const text = (fields: object) =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, JSON.stringify(value)]))

property.prop([fc.array(fc.tuple(fc.nat(3), model), { minLength: 1, maxLength: 5 })])(
  'reads whatever the server counts',
  (counted) => {
    const output = session(...counted.map(([port, fields]) => portCall(port, text(fields))))
    for (const [port] of counted) {
      const fields = counted.findLast(([other]) => other === port)![1]
      const { opackets, ipackets, obytes, ibytes, oerrors, ierrors, ...rates } = parseTrexPortStatistics(output, port)
      expect({ opackets, ipackets, obytes, ibytes, oerrors, ierrors }).toEqual({
        opackets: fields.opackets,
        ipackets: fields.ipackets,
        obytes: fields.obytes,
        ibytes: fields.ibytes,
        oerrors: fields.oerrors,
        ierrors: fields.ierrors,
      })
      expect(rates.txPacketsPerSecond).toBe(fields.m_total_tx_pps)
    }
  },
)

property.prop([fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })])(
  'never reads output that was cut off',
  (share) => {
    const end = complete.indexOf('Port Statistics') - 30
    expect(() => parseTrexPortStatistics(complete.slice(0, Math.floor(share * end)), 0)).toThrow(ToolOutputError)
  },
)
