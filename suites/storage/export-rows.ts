/** What other tools get of a run: raw records and derived figures, as rows of CSV and as JSON. */
import { csv, type Cell } from './csv.ts'
import type { DerivedResult } from './derived.ts'
import type { StorageRecord } from './records.ts'

const recordColumns = [
  'runId',
  'clusterProfile',
  'pool',
  'storageClass',
  'provisioner',
  'volumeMode',
  'accessMode',
  'vmSize',
  'vcpu',
  'memoryGi',
  'pvcGi',
  'concurrency',
  'vmIndex',
  'vmName',
  'node',
  'profile',
  'blockSize',
  'job',
  'direction',
  'iops',
  'bwBytes',
  'latAvgNs',
  'clatP50Ns',
  'clatP95Ns',
  'clatP99Ns',
  'clatP999Ns',
  'clatMaxNs',
  'samples',
  'shortIos',
  'dropIos',
  'usrCpu',
  'sysCpu',
  'runtimeMs',
  'fioVersion',
] as const satisfies readonly (keyof StorageRecord)[]

/** The raw records, without the bins: those are in the JSON. */
export const recordsCsv = (records: readonly StorageRecord[]): string => csv(recordColumns, records)

const derivedColumns = [
  'pool',
  'vmSize',
  'pvcSize',
  'concurrency',
  'profile',
  'blockSize',
  'job',
  'direction',
  'totalIops',
  'totalBwBytes',
  'latAvgNs',
  'latMaxNs',
  'clatP50Ns',
  'clatP95Ns',
  'clatP99Ns',
  'clatP999Ns',
  'approximate',
  'jainIndex',
  'minMaxRatio',
  'coefficientOfVariation',
  'cpuPer1kIops',
  'vms',
  'completeness',
] as const

/** One row per permutation, job and direction, over all VMs. */
export const derivedCsv = (results: readonly DerivedResult[]): string => csv(derivedColumns, results.map(derivedRow))

function derivedRow(of: DerivedResult): Record<(typeof derivedColumns)[number], Cell> {
  const percentiles = [of.p50, of.p95, of.p99, of.p999]
  return {
    ...of,
    clatP50Ns: of.p50?.nanoseconds ?? null,
    clatP95Ns: of.p95?.nanoseconds ?? null,
    clatP99Ns: of.p99?.nanoseconds ?? null,
    clatP999Ns: of.p999?.nanoseconds ?? null,
    approximate: percentiles.some((percentile) => percentile?.approximate === true),
    jainIndex: of.fairness?.jainIndex ?? null,
    minMaxRatio: of.fairness?.minMaxRatio ?? null,
    coefficientOfVariation: of.fairness?.coefficientOfVariation ?? null,
  }
}

/** Records with their bins, and what follows from them. Missing is null. */
export const storageJson = (records: readonly StorageRecord[], results: readonly DerivedResult[]): string =>
  `${JSON.stringify({ records, results }, null, 2)}\n`
