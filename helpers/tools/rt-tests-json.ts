/** What the JSON files of all programs of rt-tests have in common. */
import type { JsonOutput } from './json-output.ts'
import type { RtTestSystem } from './oslat-result.ts'

export interface RtTestsFile {
  /** E.g. `2.40`. */
  version: string
  commandLine: string
  system: RtTestSystem
  /** Keys of the threads, `0` and up. */
  threads: string[]
}

/** @throws ToolOutputError for another format, a run that failed, and threads that are not numbered through */
export function readRtTestsFile(json: JsonOutput): RtTestsFile {
  const format = json.count(['file_version'])
  if (format !== 1) throw json.error('unreadable', `the format of the file is ${format}, expected 1`, ['file_version'])
  const status = json.count(['return_code'])
  if (status !== 0) throw json.error('refused', `the tool ended with return code ${status}`, ['return_code'])
  const realtime = json.count(['sysinfo', 'realtime'])
  const threads = json.keys(['thread'])
  const count = json.count(['num_threads'])
  if (threads.length === 0) throw json.error('missing', 'there is no thread', ['thread'])
  if (threads.length !== count || threads.some((key, index) => key !== String(index)))
    throw json.error('inconsistent', `num_threads is ${count}, but the threads are ${threads.join(', ')}`, [
      'num_threads',
    ])
  return {
    version: json.text([keyOf(json, 'rt_test_version')]),
    commandLine: json.text([keyOf(json, 'cmdline')]),
    system: {
      kernelRelease: json.text(['sysinfo', 'release']),
      kernelVersion: json.text(['sysinfo', 'version']),
      hostName: json.text(['sysinfo', 'nodename']),
      machine: json.text(['sysinfo', 'machine']),
      realtime: realtime === 1,
    },
    threads,
  }
}

/** rt-tests up to now write a colon into these keys. */
const keyOf = (json: JsonOutput, name: string): string => (json.value([name]) === undefined ? `${name}:` : name)
