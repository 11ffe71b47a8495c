import { OutputReader } from './tool-output.ts'

/** What hwlatdetect of rt-tests found: gaps that no software can have made. */
export interface HwlatdetectResult {
  durationSeconds: number
  /** `None`, or as it was given. */
  cpuList: string
  thresholdMicroseconds: number
  windowMicroseconds: number
  /** Of each window, the part in which it looks. */
  widthMicroseconds: number
  /** null: nothing exceeded the threshold. */
  maximumMicroseconds: number | null
  samplesAboveThreshold: number
  samples: HwlatSample[]
  /** System management interrupts during the run; null where it does not count them. */
  systemManagementInterrupts: number | null
}

interface HwlatSample {
  /** Seconds since the Unix epoch, as written. */
  timestamp: string
  /** Between two looks at the clock. */
  innerMicroseconds: number
  /** Between one loop and the next. */
  outerMicroseconds: number
}

/**
 * Reads the output of hwlatdetect. It ends with exit code 1 when the threshold was exceeded, which is a result.
 * @throws ToolOutputError when there is no measurement, or one that is not complete and consistent
 */
export function parseHwlatdetect(output: string): HwlatdetectResult {
  const reader = new OutputReader('hwlatdetect', output)
  if (
    reader.take(
      /(?:^|: )(?:DetectorNotAvailable|.*not found|.*No such file or directory|.*[Pp]ermission denied|.*not available).*$/,
    )
  )
    throw reader.error('refused', 'hwlatdetect did not start')
  const number = (pattern: RegExp, what: string) => reader.count(reader.expect(pattern, what)[1], what)
  const durationSeconds = number(/^hwlatdetect: +test duration (\d+) seconds$/, 'the test duration')
  reader.expect(/^\s*detector: \w+$/, 'the detector')
  reader.expect(/^\s*parameters:$/, 'the parameters')
  const [, cpuList = 'None'] = reader.take(/^\s*CPU list:\s+(\S+)$/) ?? []
  const thresholdMicroseconds = number(/^\s*Latency threshold: +(\d+)us$/, 'the latency threshold')
  const windowMicroseconds = number(/^\s*Sample window: +(\d+)us$/, 'the sample window')
  const widthMicroseconds = number(/^\s*Sample width: +(\d+)us$/, 'the sample width')
  const pause = number(/^\s*Non-sampling period: +(\d+)us$/, 'the non-sampling period')
  if (pause !== windowMicroseconds - widthMicroseconds)
    throw reader.error(
      'inconsistent',
      `the window ${windowMicroseconds} us less the width ${widthMicroseconds} us is not ${pause} us`,
    )
  reader.expect(/^\s*Output File: +\S+$/, 'the output file')
  reader.expect(/^Starting test$/, '"Starting test"')
  const watched = readSamples(reader)
  if (reader.take(/^interrupted$/)) throw reader.error('truncated', 'hwlatdetect was interrupted')
  reader.expect(/^test finished$/, '"test finished"')
  const [, maximum] = reader.expect(/^Max Latency: (?:(\d+)us|Below threshold)$/, 'the max latency')
  const maximumMicroseconds = maximum === undefined ? null : reader.count(maximum, 'the max latency')
  const recorded = number(/^Samples recorded: (\d+)$/, 'the samples recorded')
  const samplesAboveThreshold = number(/^Samples exceeding threshold: (\d+)$/, 'the samples exceeding the threshold')
  if (samplesAboveThreshold > recorded)
    throw reader.error('inconsistent', `${samplesAboveThreshold} of ${recorded} samples exceed the threshold`)
  const systemManagementInterrupts = readInterrupts(reader)
  reader.take(/^report saved to \S+ \(\d+ samples\)$/)
  const samples = [...watched, ...readSamples(reader)]
  if (reader.take(/^/)) throw reader.error('unreadable', 'hwlatdetect prints only samples after its results')
  if (samples.length !== recorded)
    throw reader.error('truncated', `there are ${samples.length} samples, but ${recorded} were recorded`)
  const largest = samples.reduce(
    (most, { innerMicroseconds, outerMicroseconds }) => Math.max(most, innerMicroseconds, outerMicroseconds),
    0,
  )
  if (largest !== (maximumMicroseconds ?? 0))
    throw reader.error(
      'inconsistent',
      `the max latency is ${maximumMicroseconds ?? 0} us, but the largest of the samples ${largest} us`,
    )
  return {
    durationSeconds,
    cpuList,
    thresholdMicroseconds,
    windowMicroseconds,
    widthMicroseconds,
    maximumMicroseconds,
    samplesAboveThreshold,
    samples,
    systemManagementInterrupts,
  }
}

function readSamples(reader: OutputReader): HwlatSample[] {
  const samples: HwlatSample[] = []
  for (;;) {
    const [, timestamp = '', inner, outer] = reader.take(/^ts: (\d+\.\d+), inner:(\d+), outer:(\d+)$/) ?? []
    if (inner === undefined) return samples
    samples.push({
      timestamp,
      innerMicroseconds: reader.count(inner, 'inner'),
      outerMicroseconds: reader.count(outer, 'outer'),
    })
  }
}

function readInterrupts(reader: OutputReader): number | null {
  let sum = 0
  for (;;) {
    const [, count] = reader.take(/^(\d+) SMIs occured on cpu \d+$/) ?? []
    if (count === undefined) break
    sum += reader.count(count, 'the SMIs')
  }
  const [, total] = reader.take(/^SMIs during run: (\d+)$/) ?? []
  if (total === undefined && sum === 0) return null
  if (reader.count(total, 'the SMIs during the run') !== sum)
    throw reader.error('inconsistent', `${sum} SMIs occurred on the CPUs`)
  return sum
}
