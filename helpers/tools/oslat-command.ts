import { formatCpuList, parseCpuList } from './cpu-list.ts'
import { quote } from './shell-quote.ts'
import { wholeNumbersOf } from './whole-number.ts'

const whole = wholeNumbersOf('oslat')

export interface OslatOptions {
  /** CPUs to measure, e.g. `2-3`. */
  cpuList: string
  /** Of SCHED_FIFO: 1 to 99. */
  rtPriority: number
  /** Whole seconds. */
  durationSeconds: number
  workload: 'no' | 'memmove'
  /** What memmove moves, e.g. `4K`. */
  workloadMemory: string
  /** Of 1 us each, 5 to 1024. Default: that of oslat, 32. Above the last one only the maximum is known. */
  buckets?: number
  /** Where it also writes its results. */
  jsonFile?: string
  /** Without the lines in front of the summary, that of `Total runtime` among them. */
  quiet?: boolean
  /** Subtracts what the fastest loop of the pre-heat took from what is put into buckets. */
  bias?: boolean
  /** Without buckets that are empty on all CPUs. */
  zeroOmit?: boolean
  /** The CPU of the main thread, which sleeps while the others measure. Default: that of oslat, 0. */
  mainThreadCpu?: number
}

/** oslat keeps its runtime as a C int. */
const longestSeconds = 2 ** 31 - 1

/**
 * The command line of the documented checkup, quoted for a POSIX shell. The duration is in seconds, since oslat reads
 * the first number and its unit and nothing behind: `1m5s` is one minute for it.
 * @throws RangeError for what oslat would refuse or misread
 */
export function oslatCommand(options: OslatOptions): string {
  const { cpuList, rtPriority, durationSeconds, workload, workloadMemory, buckets, jsonFile, mainThreadCpu } = options
  const cpus = formatCpuList(parseCpuList(cpuList))
  if (cpus === '') throw new RangeError('oslat needs at least one CPU to measure')
  if (!/^[1-9]\d*[kKmMgG]?$/.test(workloadMemory))
    throw new RangeError(`invalid oslat workloadMemory ${JSON.stringify(workloadMemory)}: expected e.g. 4K or 1M`)
  const words = ['taskset', '-c', cpus, 'oslat', '--cpu-list', cpus]
  words.push('--rtprio', whole('rtPriority', rtPriority, 1, 99))
  words.push('--duration', `${whole('durationSeconds', durationSeconds, 1, longestSeconds)}s`)
  words.push('--workload', workload, '--workload-mem', workloadMemory)
  if (buckets !== undefined) words.push('--bucket-size', whole('buckets', buckets, 5, 1024))
  if (mainThreadCpu !== undefined) words.push('--cpu-main-thread', whole('mainThreadCpu', mainThreadCpu, 0, 8191))
  if (options.bias === true) words.push('--bias')
  if (options.zeroOmit === true) words.push('--zero-omit')
  if (options.quiet === true) words.push('--quiet')
  if (jsonFile !== undefined) words.push(`--json=${jsonFile}`)
  return words.map(quote).join(' ')
}
