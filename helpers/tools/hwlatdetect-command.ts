import { formatCpuList, parseCpuList } from './cpu-list.ts'
import { wholeNumbersOf } from './whole-number.ts'

const whole = wholeNumbersOf('hwlatdetect')

export interface HwlatdetectOptions {
  /** Whole seconds. */
  durationSeconds: number
  /** Gaps up to this long are not recorded; it ends with 1 when there was a longer one. */
  thresholdMicroseconds: number
  /** CPUs that the kernel thread moves across. Default: all. */
  cpuList?: string
}

/**
 * The command line. It needs root and a kernel with the hwlat tracer.
 * @throws RangeError for what hwlatdetect would refuse or misread
 */
export function hwlatdetectCommand({ durationSeconds, thresholdMicroseconds, cpuList }: HwlatdetectOptions): string {
  const duration = whole('durationSeconds', durationSeconds, 1)
  const threshold = whole('thresholdMicroseconds', thresholdMicroseconds, 1)
  const cpus = cpuList === undefined ? '' : ` --cpu-list=${formatCpuList(parseCpuList(cpuList))}`
  return `hwlatdetect --duration=${duration}s --threshold=${threshold}us${cpus}`
}
