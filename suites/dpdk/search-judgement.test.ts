import { expect, test } from 'vitest'
import { dpdkContract } from './contract.ts'
import { documentedFailure } from './documented-status.ts'
import type { DpdkFindings, SearchFindings } from './findings.ts'
import { judgeDpdk } from './judgement.ts'
import { dpdkRecording } from './recording.ts'

const parse = (given: object) =>
  dpdkContract.parameters.parse({
    networkAttachmentDefinitionNamespace: 'ns',
    networkAttachmentDefinitionName: 'sriov',
    ...given,
  })
const judged = (found: DpdkFindings, given: object, sources: Record<string, string> = {}) =>
  judgeDpdk(found, parse(given), sources)
    .filter(({ verdict }) => verdict === 'failed' || verdict === 'invalid')
    .map(({ verdict, message }) => `${verdict} ${message.split('. ')[0]}`)
const problems = (found: DpdkFindings, given: object) => dpdkRecording(found, parse(given)).validity.problems

const search = (packetsPerSecond: number, other: Partial<SearchFindings['found']> = {}): SearchFindings => ({
  direction: 'east-to-west',
  frame: 64,
  lineRate: 14_880_952,
  maxLossPercent: 0,
  kind: 'ndr',
  found: { packetsPerSecond, converged: true, boundedBy: 'loss', trials: [], ...other },
})
const ndr = { mode: 'ndr', ndrFrameSizes: 64, directions: 'east-to-west' }
const searched = (...searches: SearchFindings[]): DpdkFindings => ({
  trafficGeneratorNode: 'worker1',
  vmUnderTestNode: 'worker2',
  traffic: [],
  searches,
})

test('a search is reported in packets, bits and per cent of line rate, and judged where a minimum is set', () => {
  const found = searched(search(7_440_476))
  const { measurements, validity } = dpdkRecording(found, parse(ndr))
  expect(validity.valid).toBe(true)
  expect(measurements.map(({ name, subject, value, unit }) => [name, subject, value, unit])).toEqual([
    ['ndrPacketsPerSecond', 'east-to-west, 64 bytes', 7_440_476, 'pps'],
    ['ndrBitsPerSecond', 'east-to-west, 64 bytes', 4_999_999_872, 'bit/s'],
    ['ndrLineRatePercent', 'east-to-west, 64 bytes', 50, '%'],
    ['ndrTrials', 'east-to-west, 64 bytes', 0, 'count'],
  ])
  expect(judged(found, ndr)).toEqual([])
  expect(judged(found, { ...ndr, ndrMinLineRatePercent: 50 })).toEqual([])
  expect(judged(found, { ...ndr, ndrMinLineRatePercent: 60 }, { ndrMinLineRatePercent: 'lab.yaml:9:5' })).toEqual([
    'failed dpdk.ndr (east-to-west, 64 bytes): ndrLineRatePercent 50% < 60% (lab.yaml:9:5)',
  ])
  expect(documentedFailure(found, parse(ndr))).toBeNull()
})

test('the partial-drop rate is reported besides', () => {
  const found = searched(search(7_000_000), { ...search(7_500_000), kind: 'pdr', maxLossPercent: 0.5 })
  expect(dpdkRecording(found, parse({ ...ndr, ndrPdrLossPercent: 0.5 })).results).toMatchObject({
    ndrPacketsPerSecond: '7000000',
    pdrPacketsPerSecond: '7500000',
    pdrLineRatePercent: '50.4',
  })
})

test('no rate without loss fails; a generator that is too slow, an open search or none are invalid', () => {
  const minimum = { ...ndr, ndrMinLineRatePercent: 60 }
  expect(judged(searched(search(0)), ndr)).toEqual([
    'failed dpdk.ndr-found (east-to-west, 64 bytes): ndrPacketsPerSecond 0 pps < 1 pps (default: fixed: a path that always loses packets is not usable)',
  ])
  expect(judged(searched(search(7_440_476, { boundedBy: 'generator' })), minimum)).toEqual([
    'invalid dpdk.ndr (east-to-west, 64 bytes): ndrLineRatePercent may be higher: the traffic generator sends no faster',
  ])
  expect(problems(searched(search(7_440_476, { converged: false })), ndr)).toEqual([
    'east-to-west, 64 bytes, NDR: the search was not settled after 0 trials; raise ndrMaxTrials or ndrPrecisionPercent',
  ])
  expect(problems(searched(), ndr)).toEqual(['east-to-west, 64 bytes, NDR: not searched'])
  expect(judged(searched(), minimum).map((line) => line.split(' (')[0])).toEqual([
    'invalid dpdk.ndr-found',
    'invalid dpdk.ndr',
  ])
})
