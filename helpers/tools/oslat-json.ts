import { JsonOutput } from './json-output.ts'
import { readOslatBuckets, type RawOslatCpu } from './oslat-buckets.ts'
import type { OslatCpu, OslatResult } from './oslat-result.ts'
import { readRtTestsFile } from './rt-tests-json.ts'

const defaultBuckets = 32

/**
 * Reads the file of `oslat --json=FILE`. It leaves out empty buckets and does not name the one with the overflows: that
 * is the last one where the maximum lies beyond it.
 * @throws ToolOutputError when it is not complete and consistent
 */
export function parseOslatJson(text: string): OslatResult {
  const json = new JsonOutput('oslat --json', text)
  const { version, commandLine, system, threads } = readRtTestsFile(json)
  const decimals = threads.some((key) => json.keys(['thread', key, 'histogram']).some((name) => name.includes('.')))
  const unit = decimals ? 1 : 1000
  const cpus = threads.map((key) => readThread(json, key, unit))
  const twice = cpus.findIndex(({ cpu }, index) => index > 0 && cpu <= (cpus[index - 1]?.cpu ?? 0))
  if (twice >= 0)
    throw json.error('inconsistent', 'the CPUs are not in ascending order', ['thread', String(twice), 'cpu'])
  const biased = /(?:^|\s)(?:-B|--bias)(?=\s|$)/.test(commandLine)
  const width = option(commandLine, '-W', '--bucket-width') ?? 1000
  const count =
    option(commandLine, '-b', '--bucket-size') ??
    (decimals && width < 1000 ? Math.floor((defaultBuckets * 1000) / width) : defaultBuckets)
  return {
    version,
    cpus: readOslatBuckets(
      {
        version,
        unit,
        width,
        bias: biased ? null : 0,
        lastName: biased ? null : count * width,
        averageDecimals: 6,
        cpus,
      },
      (problem, explanation, index) => json.error(problem, explanation, ['thread', String(index), 'max']),
    ),
    header: null,
    biasMicroseconds: null,
    system,
  }
}

function readThread(json: JsonOutput, key: string, unit: number): RawOslatCpu {
  const path = ['thread', key]
  const latency = (name: string) => json.count([...path, name]) * unit
  const counts = json
    .keys([...path, 'histogram'])
    .map((name) => {
      if (!(unit === 1 ? /^\d+\.\d{3}$/ : /^\d+$/).test(name))
        throw json.error('unreadable', `the bucket ${JSON.stringify(name)} is not in microseconds`, [
          ...path,
          'histogram',
          name,
        ])
      return { name: Number(name.replace('.', '')) * unit, count: json.count([...path, 'histogram', name]) }
    })
    .sort((one, other) => one.name - other.name)
  return {
    cpu: json.count([...path, 'cpu']),
    frequencyMhz: json.count([...path, 'freq']),
    minimum: latency('min'),
    maximum: latency('max'),
    averageMicroseconds: json.number([...path, 'avg']),
    durationSeconds: json.number([...path, 'duration']),
    counts,
  }
}

/** The number that follows an option; null when the option is not there. */
function option(commandLine: string, short: string, long: string): number | null {
  const match = new RegExp(String.raw`(?:^|\s)(?:${short}\s*|${long}[= ]\s*)(\d+)(?=\s|$)`).exec(commandLine)
  return match === null ? null : Number(match[1])
}

/** What the text and the JSON file of the same run do not agree on, in words; empty when they agree. */
export function oslatDisagreements(text: OslatResult, json: OslatResult): string[] {
  if (text.version !== json.version) return [`the text is of version ${text.version}, the JSON file of ${json.version}`]
  const [ofText, ofJson] = [text, json].map(({ cpus }) => cpus.map(({ cpu }) => cpu).join(','))
  if (ofText !== ofJson) return [`the text has CPUs ${ofText}, the JSON file ${ofJson}`]
  return text.cpus.flatMap((cpu, index) => {
    const other = json.cpus[index]
    if (other === undefined) return []
    const [one, another] = [printed(cpu), printed(other)]
    // The text has three decimals of it, the JSON file six.
    const averages = Math.abs(cpu.averageMicroseconds - other.averageMicroseconds) < 0.00051
    return [
      ...Object.keys(one)
        .filter((name) => one[name] !== another[name])
        .map((name) => `CPU ${cpu.cpu}: ${name} is ${one[name]} in the text, ${another[name]} in the JSON file`),
      ...(averages
        ? []
        : [
            `CPU ${cpu.cpu}: average is ${cpu.averageMicroseconds} us in the text, ${other.averageMicroseconds} us in the JSON file`,
          ]),
    ]
  })
}

/** As both write it. */
function printed(cpu: OslatCpu): Record<string, string> {
  return {
    frequency: `${cpu.frequencyMhz} Mhz`,
    minimum: `${cpu.minimumMicroseconds} us`,
    maximum: `${cpu.maximumMicroseconds} us`,
    duration: `${cpu.durationSeconds} s`,
    buckets: cpu.buckets.map(({ toMicroseconds, count }) => `${toMicroseconds}:${count}`).join(' '),
    overflows: String(cpu.overflow?.count ?? 0),
  }
}
