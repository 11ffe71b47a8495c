import { formatCpuList, parseCpuList } from './cpu-list.ts'
import { quote } from './shell-quote.ts'
import { wholeNumbersOf } from './whole-number.ts'

const whole = wholeNumbersOf('cyclictest')

export interface CyclictestOptions {
  /** One thread runs on each of them, e.g. `2-3`. */
  cpuList: string
  /** Of SCHED_FIFO: 1 to 99. */
  rtPriority: number
  /** Whole seconds. */
  durationSeconds: number
  /** Between two wake-ups. */
  intervalMicroseconds: number
  /** Buckets of 1 us, from 0; with them it prints a histogram. Default: none. */
  histogramMicroseconds?: number
  /** Where it also writes its results. */
  jsonFile?: string
}

/**
 * The command line, quoted for a POSIX shell: memory locked, and quiet until the end.
 * @throws RangeError for what cyclictest would refuse or misread
 */
export function cyclictestCommand(options: CyclictestOptions): string {
  const { cpuList, rtPriority, durationSeconds, intervalMicroseconds, histogramMicroseconds, jsonFile } = options
  const cpus = parseCpuList(cpuList)
  if (cpus.length === 0) throw new RangeError('cyclictest needs at least one CPU to measure')
  const words = ['cyclictest', '-q', '-m', '-p', whole('rtPriority', rtPriority, 1, 99)]
  words.push('-a', formatCpuList(cpus), '-t', String(cpus.length))
  words.push('-i', whole('intervalMicroseconds', intervalMicroseconds, 1, 2 ** 31 - 1))
  words.push('-D', `${whole('durationSeconds', durationSeconds, 1, 2 ** 31 - 1)}s`)
  if (histogramMicroseconds !== undefined)
    words.push('-h', whole('histogramMicroseconds', histogramMicroseconds, 1, 1_000_000))
  if (jsonFile !== undefined) words.push(`--json=${jsonFile}`)
  return words.map(quote).join(' ')
}
