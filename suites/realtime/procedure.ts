/** How the tools are run in the guest. They run detached: a console that drops in the twelfth hour costs nothing. */
import type { Clock } from '../../helpers/clock/clock.ts'
import { startDetached } from '../../helpers/guest/detached-command.ts'
import type { Guest } from '../../helpers/guest/guest.ts'
import { formatCpuList, parseCpuList } from '../../helpers/tools/cpu-list.ts'
import { cyclictestCommand } from '../../helpers/tools/cyclictest-command.ts'
import { type CyclictestResult, parseCyclictestJson, parseCyclictestText } from '../../helpers/tools/cyclictest.ts'
import { hwlatdetectCommand } from '../../helpers/tools/hwlatdetect-command.ts'
import { type HwlatdetectResult, parseHwlatdetect } from '../../helpers/tools/hwlatdetect.ts'
import { oslatCommand } from '../../helpers/tools/oslat-command.ts'
import { oslatDisagreements, parseOslatJson } from '../../helpers/tools/oslat-json.ts'
import type { OslatResult } from '../../helpers/tools/oslat-result.ts'
import { parseOslatText } from '../../helpers/tools/oslat.ts'
import { formatDuration, parseWholeSeconds } from '../../helpers/units/duration.ts'
import type { ToolRun } from './findings.ts'
import { measuredCpus, oslatDuration, type RealtimeParameters } from './parameters.ts'
import { cyclictestDisagreements } from './cyclictest-disagreements.ts'

export interface Bench {
  guest: Guest
  clock: Clock
  signal: AbortSignal
  keepRawOutput: (name: string, content: string, mediaType?: string) => Promise<string>
  /** One line of progress about the tool that runs. */
  progress: (message: string) => void
}

/** What the documented checkup waits for beyond the asked time. */
const graceMilliseconds = 5 * 60_000
/** At most this many lines of progress, and none more often than twice a minute. */
const progressLines = 20
const progressMilliseconds = 30_000

/** @throws ToolRunError, ToolOutputError, DetachedCommandError, GuestError */
export async function runOslat(of: RealtimeParameters, bench: Bench): Promise<ToolRun<OslatResult>> {
  const seconds = parseWholeSeconds(oslatDuration(of))
  const json = 'oslat.json'
  const run = await runTool(
    {
      tool: 'oslat',
      command: oslatCommand({
        cpuList: measuredCpus(of),
        rtPriority: of.oslatRtPriority,
        durationSeconds: seconds,
        workload: of.oslatWorkload,
        workloadMemory: of.oslatWorkloadMemory,
        buckets: of.oslatBuckets,
        jsonFile: json,
      }),
      seconds,
      json,
    },
    bench,
  )
  const result = parseOslatText(run.stdout)
  agree('oslat', oslatDisagreements(result, parseOslatJson(run.json)))
  allMeasured('oslat', result.cpus, of)
  return { ...run.facts, result }
}

/** @throws as runOslat */
export async function runCyclictest(of: RealtimeParameters, bench: Bench): Promise<ToolRun<CyclictestResult>> {
  const seconds = parseWholeSeconds(of.cyclictestDuration)
  const json = 'cyclictest.json'
  const run = await runTool(
    {
      tool: 'cyclictest',
      command: cyclictestCommand({
        cpuList: measuredCpus(of),
        rtPriority: of.cyclictestRtPriority,
        durationSeconds: seconds,
        intervalMicroseconds: of.cyclictestIntervalMicroSeconds,
        histogramMicroseconds: of.oslatBuckets,
        jsonFile: json,
      }),
      seconds,
      json,
    },
    bench,
  )
  // The text says neither on which CPU a thread ran nor, with a histogram, how often it woke up.
  const result = parseCyclictestJson(run.json)
  agree('cyclictest', cyclictestDisagreements(parseCyclictestText(run.stdout), result))
  allMeasured('cyclictest', result.cpus, of)
  return { ...run.facts, result }
}

/** @throws as runOslat */
export async function runHwlatdetect(of: RealtimeParameters, bench: Bench): Promise<ToolRun<HwlatdetectResult>> {
  const seconds = parseWholeSeconds(of.hwlatDuration)
  const run = await runTool(
    {
      tool: 'hwlatdetect',
      command: hwlatdetectCommand({ durationSeconds: seconds, thresholdMicroseconds: of.hwlatThresholdMicroSeconds }),
      seconds,
      // It says so with its exit code, too, when something was above the threshold.
      exitCodes: [0, 1],
    },
    bench,
  )
  return { ...run.facts, result: parseHwlatdetect(run.stdout) }
}

/** A tool ended, but not as one does that has measured. */
export class ToolRunError extends Error {
  override readonly name = 'ToolRunError'
  readonly tool: string
  readonly exitCode: number | null

  constructor(tool: string, exitCode: number | null, message: string) {
    super(message)
    this.tool = tool
    this.exitCode = exitCode
  }
}

interface Tool {
  tool: string
  command: string
  seconds: number
  /** Where it writes its JSON report, relative to where it runs. */
  json?: string
  /** Those with which it ends after measuring. Default: 0. */
  exitCodes?: readonly number[]
}

interface Outputs {
  stdout: string
  /** '' for a tool without a JSON report. */
  json: string
  facts: Omit<ToolRun<unknown>, 'result'>
}

async function runTool(
  { tool, command, seconds, json, exitCodes = [0] }: Tool,
  { guest, clock, signal, keepRawOutput, progress }: Bench,
): Promise<Outputs> {
  const startedAt = await clock.now()
  await using running = await startDetached(guest, command, { clock, signal, onProgress: progress })
  const ended = new AbortController()
  const telling = tellProgress(seconds, { clock, progress, signal: AbortSignal.any([signal, ended.signal]) })
  try {
    const milliseconds = seconds * 1000
    const { stdout, stderr, exitCode } = await running.wait({
      expectedMilliseconds: milliseconds,
      timeoutMilliseconds: milliseconds + graceMilliseconds,
      signal,
    })
    const elapsedSeconds = ((await clock.now()) - startedAt) / 1000
    const rawOutput = await keepRawOutput(`${tool}.txt`, `$ ${command}\n${stdout}${stderr}`)
    if (!exitCodes.includes(exitCode)) throw new ToolRunError(tool, exitCode, failure(tool, exitCode, stdout + stderr))
    const facts = { askedSeconds: seconds, elapsedSeconds, rawOutput }
    if (json === undefined) return { stdout, json: '', facts }
    const report = await running.readFile(json)
    await keepRawOutput(json, report, 'application/json')
    return { stdout, json: report, facts }
  } finally {
    ended.abort()
    await telling
  }
}

function failure(tool: string, exitCode: number, output: string): string {
  const said = output.trim().split('\n').at(-1) ?? ''
  const missing = exitCode === 127 ? '. Use an image with rt-tests (realtime-tests)' : ''
  return `${tool} ended with exit code ${exitCode}, so it measured nothing that counts: ${JSON.stringify(said.slice(0, 300))}${missing}`
}

interface Telling {
  clock: Clock
  progress: (message: string) => void
  signal: AbortSignal
}

/** Ends with the signal, and never fails. */
async function tellProgress(seconds: number, { clock, progress, signal }: Telling): Promise<void> {
  const interval = Math.max(progressMilliseconds, (seconds * 1000) / progressLines)
  const time = (milliseconds: number) => formatDuration(BigInt(Math.round(milliseconds / 1000)) * 1_000_000_000n)
  for (let elapsed = interval; elapsed < seconds * 1000; elapsed += interval) {
    try {
      await clock.sleep(interval, signal)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    progress(`${time(elapsed)} of ${time(seconds * 1000)}`)
  }
}

/** Both reports come from the same counters. Where they differ, something else got into one of them. */
function agree(tool: string, found: readonly string[]): void {
  const [first] = found
  if (first === undefined) return
  throw new ToolRunError(
    tool,
    null,
    `the text and the JSON report of ${tool} contradict each other, so neither can be trusted: ${first}${found.length > 1 ? ` (and ${found.length - 1} more)` : ''}. Compare both among the raw outputs`,
  )
}

function allMeasured(tool: string, cpus: readonly { cpu: number | null }[], of: RealtimeParameters): void {
  const asked = parseCpuList(measuredCpus(of))
  const measured = cpus.flatMap(({ cpu }) => cpu ?? [])
  if (formatCpuList(measured) === formatCpuList(asked) && measured.length === asked.length) return
  throw new ToolRunError(
    tool,
    null,
    `${tool} measured CPU ${measured.length === 0 ? 'none' : formatCpuList(measured)}, but was asked for ${formatCpuList(asked)} (measuredCpus)`,
  )
}
